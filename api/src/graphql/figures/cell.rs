//! What makes a group: the conditions on its rows, as filters of their list.

use async_graphql::{Name, Value};
use chrono::NaiveDate;
use uuid::Uuid;

use super::key::{Kept, KeyUse, Keys, Range};
use crate::calendar::Calendar;
use crate::graphql::cell::graph;
use crate::graphql::figures::figure::Unit;
use crate::graphql::value::{print_time, render};
use crate::store::cells;
use crate::store::descriptor::{Descriptor, Field, Key, Shape};
use crate::store::row::Cell;

/// What the groups of some figures have in common.
pub struct Frame {
    /// Whose rows they are.
    pub of: &'static Descriptor,
    /// What the list was filtered by.
    pub filter: Option<Value>,
    /// Days where they begin.
    pub calendar: Calendar,
    /// The base currency.
    pub base: String,
}

impl Frame {
    /// The id of the rows of a group; none if what makes them is too long to be told.
    pub fn id(&self, keys: Option<&Keys>, cells: &[Cell], around: &[Value]) -> Option<String> {
        let keys = keys.into_iter().flat_map(|keys| &keys.uses).zip(cells).map(|(used, cell)| self.key(used, cell));
        let filters: Vec<_> = self.filter.iter().cloned().chain(around.iter().cloned()).chain(keys).collect();
        cells::close(self.of, &filters)
    }

    /// The condition on rows that hang on this one by a column.
    pub fn below(&self, column: &str, parent: Uuid) -> Option<Value> {
        let link = self.of.links.iter().find(|link| matches!(link.key, Key::One(own) if own == column))?;
        Some(at(&link.name, is_row(graph().of(link.to), parent)))
    }

    /// The condition on a date of the rows.
    pub fn days(&self, field: &Field, from: NaiveDate, to: Option<NaiveDate>) -> Value {
        let bound = |name: &str, day: Option<NaiveDate>| {
            let value = match field.shape {
                Shape::Date => Value::from(day?.to_string()),
                _ => Value::from(print_time(self.calendar.first(day?.into())?)),
            };
            Some((Name::new(name), value))
        };
        at(&field.name, Value::Object([bound("gte", Some(from)), bound("lt", to)].into_iter().flatten().collect()))
    }

    fn key(&self, used: &KeyUse, cell: &Cell) -> Value {
        let found = match (&used.is, cell) {
            (Kept::Ranges(ranges, unit), _) => {
                let within = |range: &Range| along(&used.way, self.range(used.field, range, *unit));
                let place = cell.int().and_then(|place| usize::try_from(place).ok());
                return match place.and_then(|place| ranges.get(place)) {
                    Some(one) => within(one),
                    None => at("not", at("or", Value::List(ranges.iter().map(within).collect()))),
                };
            }
            (Kept::Row(to), Cell::Id(id)) => Some(at(used.name, is_row(to, *id))),
            (Kept::Bucket(bucket), Cell::Day(day)) => used.field.map(|field| self.days(field, *day, bucket.next(*day))),
            (Kept::Value(shape, of), cell) if *cell != Cell::Null => {
                Some(at(used.name, at("eq", render(*shape, cell, of))))
            }
            _ => None,
        };
        match found {
            Some(found) => along(&used.way, found),
            None => or_nothing(&used.way, at(used.name, at("isNull", Value::from(true)))),
        }
    }

    fn range(&self, field: Option<&Field>, (from, to): &Range, unit: Unit) -> Value {
        let Some(field) = field else { return Value::Null };
        let number = |bound: f64| match field.shape {
            // What lies between two whole numbers begins with the next one.
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a bound of 32 bit numbers; beyond them it is the last"
            )]
            Shape::Int => Value::from(bound.ceil() as i32),
            _ => Value::from(unit.print(bound)),
        };
        let bounds = [("gte", from), ("lt", to)];
        let bounds = bounds.into_iter().filter_map(|(name, bound)| Some((Name::new(name), number((*bound)?))));
        let currency =
            matches!(field.shape, Shape::Money).then(|| (Name::new("currency"), Value::from(self.base.as_str())));
        let there = (from.is_none() && to.is_none()).then(|| (Name::new("isNull"), Value::from(false)));
        at(&field.name, Value::Object(bounds.chain(currency).chain(there).collect()))
    }
}

/// `{ name: value }`
fn at(name: &str, value: Value) -> Value {
    Value::Object([(Name::new(name), value)].into_iter().collect())
}

fn is_row(of: &Descriptor, id: Uuid) -> Value {
    at("id", at("eq", Value::from(of.global_id(id))))
}

/// The condition on what lies at the end of a way.
fn along(way: &[&str], condition: Value) -> Value {
    way.iter().rev().fold(condition, |inner, link| at(link, inner))
}

/// The same where the way may end before.
fn or_nothing(way: &[&str], condition: Value) -> Value {
    way.iter().rev().fold(condition, |inner, link| {
        let nothing = at(link, at("isNull", Value::from(true)));
        at("or", Value::List(vec![nothing, at(link, inner)]))
    })
}

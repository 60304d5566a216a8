//! What rows are grouped by, and how a client names it.

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Value};
use chrono_tz::Tz;
use sea_orm::Value as Bound;

use super::figure::Unit;
use super::window::Window;
use crate::access::policy::Partition;
use crate::access::{Action, Grant};
use crate::error::{Error, Result};
use crate::graphql::filter::shout;
use crate::graphql::value::{decimal_text, items, text_of};
use crate::store::Reader;
use crate::store::bucket::{self, Bucket};
use crate::store::descriptor::{Descriptor, Field, Key as LinkKey, Link, Shape};
use crate::store::figures::GroupKey;
use crate::store::figures::key::Way;
use crate::store::filter::forbidden_field;
use crate::store::lookup::Lookup;
use crate::store::row::Stored;
use crate::store::select::BASE;
use crate::store::sql::Sql;

/// So many references may lie between a row and what it is grouped by.
const LONGEST_WAY: usize = 3;
/// So many ranges may be told apart.
const MOST_RANGES: usize = 50;

/// What rows can be grouped by.
#[derive(Clone, Copy)]
pub enum Groupable {
    /// A value.
    Field(&'static Field),
    /// What they point at.
    Link(&'static Link),
}

impl Groupable {
    /// What it is.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Field(field) => field.doc,
            Self::Link(link) => link.doc,
        }
    }
}

/// Everything that rows of an entity can be grouped by, with its name.
pub fn groupables(of: &'static Descriptor) -> impl Iterator<Item = (&'static str, Groupable)> {
    let fields = of.fields.iter().filter(|field| groups(field) && field.name != "version");
    let links = of.links.iter().filter(|link| matches!(link.key, LinkKey::One(_)));
    fields
        .map(|field| (field.name.as_str(), Groupable::Field(field)))
        .chain(links.map(|link| (link.name.as_str(), Groupable::Link(link))))
}

fn groups(field: &Field) -> bool {
    !matches!(field.shape, Shape::Id | Shape::Money | Shape::TextList | Shape::Long) || has_ranges(field)
}

/// Is it told apart by ranges?
pub fn has_ranges(field: &Field) -> bool {
    match field.shape {
        Shape::Int => field.name != "version",
        Shape::Decimal(_) => true,
        Shape::Money => field.is_in_base(),
        _ => false,
    }
}

/// The keys of a grouping.
pub struct Keys {
    /// The client's keys, in its order.
    pub uses: Vec<KeyUse>,
    /// Their places in the statement.
    pub keys: Vec<GroupKey>,
    /// Which key is the month of the partition, if the groups are its cells.
    pub month: Option<usize>,
}

/// One key of the client's.
pub struct KeyUse {
    /// The references on the way to it.
    pub way: Vec<&'static str>,
    /// Its name at the end of the way.
    pub name: &'static str,
    /// The field, if it is one.
    pub field: Option<&'static Field>,
    /// What its values are.
    pub is: Kept,
}

/// What the values of a key are.
pub enum Kept {
    /// Values of a field.
    Value(Shape, &'static Descriptor),
    /// The first days of buckets.
    Bucket(Bucket),
    /// Places among these ranges.
    Ranges(Vec<Range>, Unit),
    /// Rows of this entity.
    Row(&'static Descriptor),
}

/// A range of numbers, from the first up to the second, which lies outside of it.
pub type Range = (Option<f64>, Option<f64>);

impl Keys {
    /// Reads `by`.
    ///
    /// # Errors
    /// BAD_USER_INPUT, FORBIDDEN_FIELD.
    pub fn read(reader: &Reader, of: &'static Descriptor, by: &Value, zone: Tz) -> Result<Self> {
        let items = items(by);
        if items.is_empty() || items.len() > 4 {
            return Err(Error::bad_input("by: group by one to four fields."));
        }
        let mut read = Self { uses: Vec::new(), keys: Vec::new(), month: None };
        for (number, item) in items.iter().enumerate() {
            let Value::Object(item) = item else { return Err(Error::bad_input("by: expected { field: … }.")) };
            let (used, key) = key(reader, Way::new(of, number), Vec::new(), item, zone)?;
            read.uses.push(used);
            read.keys.push(key);
        }
        Ok(read)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.uses.len()
    }

    /// A calendar can be filled in, or set beside another one, only along its own days.
    ///
    /// # Errors
    /// BAD_USER_INPUT.
    pub fn check(&self, window: &Window) -> Result<()> {
        if window.fill && self.bucket(window).is_none_or(|(at, _)| at + 1 != self.len()) {
            return Err(Error::bad_input(format!(
                "window: `fill` fills the last key of `by`, which has to be {{ field: {}, bucket: … }}.",
                shout(&window.field.name)
            )));
        }
        Ok(())
    }

    /// The key that is made of the days of a window: its place and the length of its buckets.
    pub fn bucket(&self, window: &Window) -> Option<(usize, Bucket)> {
        self.uses.iter().enumerate().find_map(|(at, used)| match used.is {
            Kept::Bucket(bucket) if used.way.is_empty() && used.name == window.field.name => Some((at, bucket)),
            _ => None,
        })
    }
}

fn key(
    reader: &Reader,
    mut way: Way,
    mut path: Vec<&'static str>,
    item: &IndexMap<Name, Value>,
    zone: Tz,
) -> Result<(KeyUse, GroupKey)> {
    let given = |name: &str| item.get(name).filter(|value| **value != Value::Null);
    let of = way.of;
    let mut links = of.links.iter().filter(|link| matches!(link.key, LinkKey::One(_)) && given(&link.name).is_some());
    let wrong = || Error::bad_input("by: expected either a `field` or one reference with what to group by behind it.");
    match (given("field").and_then(text_of), links.next(), links.next()) {
        (None, Some(link), None) => {
            if path.len() == LONGEST_WAY {
                return Err(Error::bad_input(format!("by: at most {LONGEST_WAY} references lie on the way.")));
            }
            let Some(Value::Object(inner)) = given(&link.name) else { return Err(wrong()) };
            if given("bucket").is_some() || given("ranges").is_some() {
                return Err(wrong());
            }
            way.step(reader, link)?;
            path.push(&link.name);
            key(reader, way, path, inner, zone)
        }
        (Some(wanted), None, _) => {
            let (name, by) = find(of, wanted, "by")?;
            let (bucket, ranges) = (given("bucket").and_then(text_of), given("ranges"));
            match by {
                Groupable::Link(link) => {
                    if bucket.is_some() || ranges.is_some() {
                        return Err(Error::bad_input(format!("by: {name} has neither buckets nor ranges.")));
                    }
                    way.step(reader, link)?;
                    let is = Kept::Row(way.of);
                    Ok((KeyUse { way: path, name, field: None, is }, way.row(reader)))
                }
                Groupable::Field(field) => {
                    let (is, key) = field_key(reader, way, field, bucket, ranges, zone)?;
                    Ok((KeyUse { way: path, name, field: Some(field), is }, key))
                }
            }
        }
        _ => Err(wrong()),
    }
}

fn find(of: &'static Descriptor, wanted: &str, at: &str) -> Result<(&'static str, Groupable)> {
    let found = groupables(of).find(|(name, _)| shout(name) == wanted);
    found.ok_or_else(|| Error::bad_input(format!("{at}: {} cannot be grouped by that.", of.name)))
}

fn field_key(
    reader: &Reader,
    way: Way,
    field: &'static Field,
    bucket: Option<&str>,
    ranges: Option<&Value>,
    zone: Tz,
) -> Result<(Kept, GroupKey)> {
    let (of, name) = (way.of, &field.name);
    if reader.viewer().reads(of.kind, name) == Grant::Sums {
        return Err(forbidden_field(of, name));
    }
    let (value, order) = way.field(reader, field)?;
    let is_date = matches!(field.shape, Shape::DateTime | Shape::Date);
    if !is_date && bucket.is_some() {
        return Err(Error::bad_input(format!("by: {name} is no date, so it has no bucket.")));
    }
    if let Some(given) = ranges {
        if !has_ranges(field) {
            return Err(Error::bad_input(format!("by: {name} is no number in one unit, so it has no ranges.")));
        }
        let unit = Unit::of(field, reader.base_currency());
        let ranges = read_ranges(given, unit)?;
        let value = place_among(&ranges, value);
        return Ok((Kept::Ranges(ranges, unit), way.value(value, Stored::Int, Vec::new())));
    }
    if matches!(field.shape, Shape::Money) {
        return Err(Error::bad_input(format!("by: {name} is grouped in `ranges`: say which.")));
    }
    if !is_date {
        return Ok((Kept::Value(field.shape, of), way.value(value, Stored::of(field.shape), order)));
    }
    let bucket = parse_bucket(bucket.unwrap_or("DAY"))?;
    let is_time = matches!(field.shape, Shape::DateTime);
    let value = bucket::start_of(reader.dialect(), bucket, value, is_time, zone, reader.calendar().fiscal());
    Ok((Kept::Bucket(bucket), way.value(value, Stored::Day, Vec::new())))
}

fn read_ranges(given: &Value, unit: Unit) -> Result<Vec<Range>> {
    let wrong = || {
        Error::bad_input(format!(
            "by: `ranges` are one to {MOST_RANGES}, each `from` up to `to` (which lies outside of it), in their order and \
             without overlap; the first may have no `from`, the last no `to`."
        ))
    };
    let mut ranges = Vec::new();
    for range in items(given) {
        let Value::Object(range) = range else { return Err(wrong()) };
        let bound = |name: &str| {
            let value = range.get(name).filter(|value| **value != Value::Null);
            value
                .map(|value| decimal_text(value).map_or_else(|| Err(wrong()), |_| unit.parse(value, "by.ranges")))
                .transpose()
        };
        ranges.push((bound("from")?, bound("to")?));
    }
    let last = ranges.len().saturating_sub(1);
    let right = ranges.iter().enumerate().all(|(at, (from, to))| {
        (from.is_some() || at == 0) && (to.is_some() || at == last) && from.zip(*to).is_none_or(|(from, to)| from < to)
    });
    let apart = ranges.iter().zip(ranges.iter().skip(1)).all(|((_, to), (from, _))| to <= from);
    if ranges.is_empty() || ranges.len() > MOST_RANGES || !right || !apart {
        return Err(wrong());
    }
    Ok(ranges)
}

/// Among which of the ranges the value is; empty outside of all.
fn place_among(ranges: &[Range], value: Sql) -> Sql {
    let mut sql = Sql::text("CASE");
    for (at, (from, to)) in ranges.iter().enumerate() {
        sql.push(" WHEN ");
        let mut bounds = Vec::new();
        for (operator, bound) in [(" >= ", from), (" < ", to)] {
            if let Some(bound) = bound {
                let mut test = value.clone();
                test.push(operator).bind(Bound::Double(Some(*bound)));
                bounds.push(test);
            }
        }
        if bounds.is_empty() {
            let mut test = value.clone();
            test.push(" IS NOT NULL");
            bounds.push(test);
        }
        sql.append(Sql::all(bounds)).push(&format!(" THEN {at}"));
    }
    sql.push(" END");
    sql
}

/// The value of a field, or the id of what a row points at, as far as the viewer may tell rows apart by it.
///
/// # Errors
/// BAD_USER_INPUT, FORBIDDEN_FIELD.
pub fn group_value(reader: &Reader, of: &'static Descriptor, wanted: &str, at: &str) -> Result<(Sql, Stored)> {
    let mut way = Way::new(of, 0);
    match find(of, wanted, at)?.1 {
        Groupable::Field(field) => {
            if reader.viewer().reads(of.kind, &field.name) == Grant::Sums {
                return Err(forbidden_field(of, &field.name));
            }
            Ok((way.field(reader, field)?.0, Stored::of(field.shape)))
        }
        Groupable::Link(link) => {
            way.step(reader, link)?;
            let target = reader.graph().of(link.to);
            let base = way.row(reader).base;
            let visible = |alias: &str| Sql::all(reader.visible(target, Action::Read, alias));
            let mut there = Sql::text(format!("EXISTS (SELECT 1 FROM {} seen WHERE seen.id = ", target.table));
            there.append(base.clone()).push(" AND ").append(visible("seen")).push(")");
            let mut join = Sql::text(format!("LEFT JOIN {} {{j}} ON {{j}}.id = ", target.table));
            join.append(base.clone()).push(" AND ").append(visible("{j}"));
            let one = base.only_where(there);
            Ok((Sql::looked_up(Lookup { of: BASE.to_owned(), one, join, value: "{j}.id" }), Stored::Id))
        }
    }
}

/// Which of the keys is the month, if they are the two of the partition.
pub fn month_of(keys: &[Value], partition: &Partition) -> Option<usize> {
    let is = |key: &Value, field: &str, bucket: Option<&str>| match key {
        Value::Object(key) => {
            key.get("field").and_then(text_of) == Some(shout(field).as_str())
                && key.get("bucket").and_then(text_of) == bucket
        }
        _ => false,
    };
    let month = keys.iter().position(|key| is(key, partition.moment, Some("MONTH")))?;
    let other = keys.iter().any(|key| is(key, partition.reference, None));
    (keys.len() == 2 && other).then_some(month)
}

fn parse_bucket(name: &str) -> Result<Bucket> {
    let known = Bucket::ALL.into_iter().find(|bucket| bucket.as_str() == name);
    known.ok_or_else(|| {
        let names: Vec<_> = Bucket::ALL.iter().map(|bucket| bucket.as_str()).collect();
        Error::bad_input(format!("by: bucket is one of {}.", names.join(", ")))
    })
}

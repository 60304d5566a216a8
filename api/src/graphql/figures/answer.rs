//! The answer: each figure of each group, or why it is not told.

use async_graphql::{Name, Value};
use chrono::{Datelike, NaiveDate};
use uuid::Uuid;

use super::FiguresPlan;
use super::ask::{Asked, Figured, KeyOut, Wanted};
use super::cell::Frame;
use super::fold::Folded;
use super::key::{Kept, Keys};
use super::schema::Made;
use super::window::Window;
use crate::access::policy::{self, Partition, SMALLEST_GROUP};
use crate::error::Code;
use crate::graphql::filter::shout;
use crate::graphql::value::{money_out, render};
use crate::money;
use crate::store::Reader;
use crate::store::descriptor::{Descriptor, Out, Shape};
use crate::store::figures::Measured;
use crate::store::row::Cell;
use crate::store::select::Of;

/// What figures are answered by.
struct Teller<'a> {
    of: &'static Descriptor,
    keys: Option<&'a Keys>,
    base: &'a str,
    /// The figures are those of the partition in which fields are answered that are closed but for their sums.
    partition: bool,
    frame: &'a Frame,
    /// What of its rows is true besides, in these days and in those compared with.
    around: [Vec<Value>; 2],
}

impl FiguresPlan {
    /// The figures over no rows.
    pub fn nothing(&self) -> Out {
        let teller = self.teller(None, Uuid::nil());
        teller.group(&self.asked, self.then.as_ref(), &Folded::default(), false)
    }

    /// The answer for one parent.
    pub(super) fn answer(&self, reader: &Reader, rows: Of<'_>, parent: Uuid, groups: &[Folded]) -> Out {
        let column = if let Of::Parents(column, _) = rows { Some(column) } else { None };
        let teller = self.teller(column, parent);
        let Some(keys) = &self.keys else {
            let whole = groups.first().cloned().unwrap_or_default();
            return teller.group(&self.asked, self.then.as_ref(), &whole, false);
        };
        let today = reader.calendar().day(reader.now());
        // The group is a cell of the partition, and no row joins it by what happens today.
        let settled = |group: &Folded| match keys.month.and_then(|at| group.keys.get(at)) {
            Some(Cell::Day(first)) => (first.year(), first.month()) < (today.year(), today.month()),
            _ => false,
        };
        let groups = groups.iter().map(|group| teller.group(&self.asked, self.then.as_ref(), group, settled(group)));
        Out::List(groups.collect())
    }
}

impl FiguresPlan {
    fn teller(&self, column: Option<&str>, parent: Uuid) -> Teller<'_> {
        let below = column.and_then(|column| self.frame.below(column, parent));
        let days = |span: Option<(NaiveDate, NaiveDate)>| {
            let window = self.window.as_ref().zip(span);
            let days = window.map(|(window, (from, to))| self.frame.days(window.field, from, Some(to)));
            below.iter().cloned().chain(days).collect()
        };
        let [now, then] = self.window.as_ref().map_or([None, None], Window::spans);
        Teller {
            of: self.of,
            keys: self.keys.as_ref(),
            base: &self.frame.base,
            partition: self.keys.as_ref().is_some_and(|keys| keys.month.is_some()),
            frame: &self.frame,
            around: [days(now), days(then)],
        }
    }
}

impl Teller<'_> {
    fn group(&self, asked: &Asked, then: Option<&Asked>, group: &Folded, settled: bool) -> Out {
        let relation = |at: usize| group.relations.get(at).copied().flatten();
        let outs = asked.wanted.iter().map(|wanted| match wanted {
            Wanted::Key(key) => self.key(key, &group.keys),
            Wanted::Cell(compared) => {
                let around = if *compared { &self.around[1] } else { &self.around[0] };
                let known = group.keys.len() == self.keys.map_or(0, Keys::len);
                let id = known.then(|| self.frame.id(self.keys, &group.keys, around)).flatten();
                id.map_or(Out::Null, |id| Out::Value(Value::from(id)))
            }
            Wanted::Rows => Out::Value(Value::from(group.count)),
            Wanted::Count(slot) => {
                let found = group.measured((slot.question, slot.measure)).and_then(|found| found.values().next());
                Out::Value(Value::from(found.map_or(0, |found| found.count)))
            }
            Wanted::Distinct(slot) => {
                let found = group.measured((slot.question, slot.measure)).and_then(|found| found.values().next());
                Out::Value(Value::from(found.map_or(0, |found| found.distinct)))
            }
            Wanted::Made(made, fields) => Out::Object(
                fields
                    .iter()
                    .map(|field| match field {
                        Ok(field) => self.made(*made, field, group, settled),
                        Err((code, message)) => Out::Refused(*code, message.clone()),
                    })
                    .collect(),
            ),
            Wanted::Ratio([(of, unit), (to, to_unit)]) => {
                let divided = relation(*of).zip(relation(*to)).filter(|(_, to)| *to != 0.0);
                float(divided.map(|(of, to)| unit.whole(of) / to_unit.whole(to)))
            }
            Wanted::Share(at) => float(relation(*at)),
            Wanted::Running(at, unit) => match relation(*at) {
                Some(sum) => Out::Value(Value::from(unit.print(sum))),
                None => Out::Null,
            },
            Wanted::Change { now, then } => {
                let then = then.and_then(|at| group.then.as_ref()?.relations.get(at).copied().flatten());
                let both = relation(*now).zip(then).filter(|(_, then)| *then != 0.0);
                float(both.map(|(now, then)| (now - then) / then))
            }
            Wanted::Compared => match then {
                None => Out::Null,
                Some(then) => {
                    let nothing = Folded::default();
                    self.group(then, None, group.then.as_deref().unwrap_or(&nothing), false)
                }
            },
            Wanted::Refused(code, message) => Out::Refused(*code, message.clone()),
        });
        Out::Object(outs.collect())
    }

    fn made(&self, made: Made, field: &Figured, group: &Folded, settled: bool) -> Out {
        if let (Some(message), false) = (&field.sums_only, self.partition) {
            return Out::Refused(Code::ForbiddenField, message.clone());
        }
        let sums_only = field.sums_only.is_some();
        let nothing = Default::default();
        let found = group.measured((field.slot.question, field.slot.measure)).unwrap_or(&nothing);
        let rows = found.values().map(|found| found.count).max().unwrap_or_default();
        if sums_only && (!settled || rows < SMALLEST_GROUP) {
            return Out::Null;
        }
        if matches!(field.shape, Shape::Money) {
            // The threshold holds for each currency apart, as each is answered apart.
            let least = if sums_only { SMALLEST_GROUP } else { 1 };
            let amounts = found.iter().filter(|(_, found)| found.count >= least).filter_map(|(currency, found)| {
                let currency = if field.in_base { self.base } else { currency };
                amount(made, field, found).map(|minor| money_out(minor, currency))
            });
            return Out::List(amounts.collect());
        }
        let nothing = Measured::default();
        let found = found.values().next().unwrap_or(&nothing);
        match (made, field.shape) {
            (Made::Sum, Shape::Decimal(scale)) => Out::Value(Value::from(money::print_decimal(found.sum, scale))),
            (Made::Sum, _) => Out::Value(Value::from(as_float(found.sum))),
            (Made::Avg, _) if found.count == 0 => Out::Null,
            (Made::Avg, shape) => {
                Out::Value(Value::from(whole(shape, as_float(found.sum) / as_float(found.count.into()))))
            }
            (Made::Min, shape) => Out::Value(render(shape, &found.min, self.of)),
            (Made::Max, shape) => Out::Value(render(shape, &found.max, self.of)),
            (Made::Quantile { .. }, shape) => float(point(field, found).map(|value| whole(shape, value))),
        }
    }

    fn key(&self, out: &KeyOut, cells: &[Cell]) -> Out {
        let kept = |at: usize| Some((cells.get(at)?, &self.keys?.uses.get(at)?.is));
        match out {
            KeyOut::Null => Out::Null,
            KeyOut::Object(parts) => Out::Object(parts.iter().map(|part| self.key(part, cells)).collect()),
            KeyOut::Cell(at) => match kept(*at) {
                None | Some((Cell::Null, _)) => Out::Null,
                Some((Cell::Id(id), Kept::Row(_))) => Out::Node(*id),
                Some((cell, Kept::Value(Shape::Choice(_), _))) => {
                    Out::Value(Value::Enum(Name::new(cell.text().unwrap_or_default())))
                }
                Some((cell, Kept::Value(shape, of))) => Out::Value(render(*shape, cell, of)),
                Some((cell, _)) => Out::Value(render(Shape::Date, cell, self.of)),
            },
            KeyOut::Range(at) => match kept(*at) {
                Some((Cell::Int(place), Kept::Ranges(ranges, unit))) => {
                    let range = usize::try_from(*place).ok().and_then(|place| ranges.get(place));
                    let bound = |bound: Option<f64>| {
                        bound.map_or(Out::Null, |bound| Out::Value(Value::from(unit.print(bound))))
                    };
                    range.map_or(Out::Null, |(from, to)| Out::Object(vec![bound(*from), bound(*to)]))
                }
                _ => Out::Null,
            },
        }
    }
}

/// Minor units of a figure; none if no row has the amount.
fn amount(made: Made, field: &Figured, found: &Measured) -> Option<i128> {
    match made {
        Made::Sum => Some(found.sum),
        Made::Avg => money::divide_half_even(found.sum, found.count.into()),
        Made::Min => found.min.int().map(i128::from),
        Made::Max => found.max.int().map(i128::from),
        #[expect(clippy::cast_possible_truncation, reason = "minor units of an amount that is there; exact up to 2^53")]
        Made::Quantile { .. } => point(field, found).map(|minor| minor.round_ties_even() as i128),
    }
}

fn point(field: &Figured, found: &Measured) -> Option<f64> {
    found.points.get(field.point).copied().flatten()
}

fn float(number: Option<f64>) -> Out {
    number.filter(|number| number.is_finite()).map_or(Out::Null, |number| Out::Value(Value::from(number)))
}

#[expect(clippy::cast_precision_loss, reason = "a GraphQL Float; exact up to 2^53")]
fn as_float(number: i128) -> f64 {
    number as f64
}

/// A number of whole ones.
fn whole(shape: Shape, number: f64) -> f64 {
    match shape {
        Shape::Decimal(scale) => super::figure::Unit(scale).whole(number),
        _ => number,
    }
}

/// What to tell whoever may only sum a field, and asks for more.
pub fn sums_only(of: &Descriptor, field: &str) -> String {
    let how = policy::partition(of.kind).map(|Partition { state: (name, value), moment, reference }| {
        format!(
            ": {}(filter: {{ {name}: {{ eq: {value} }} }}) {{ groupBy(by: [{{ field: {}, bucket: MONTH }}, {{ field: {} }}]) }}",
            of.plural,
            shout(moment),
            shout(reference)
        )
    });
    format!("Your role may only sum {}.{field}, by past months{}.", of.name, how.unwrap_or_default())
}

//! `aggregate` and `groupBy`: what of them a client wants, the one statement it takes, and the figures.
//!
//! Amounts are summed for each currency apart and never mixed: their currency is a hidden key of the statement, and
//! the statement's groups are folded into the client's.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Value};
use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use uuid::Uuid;

use super::filter::shout;
use super::load::{Answers, name_rows};
use super::pick::{Picked, pick};
use super::plan::{OutPlan, Planner};
use super::register::words;
use super::value::{items, money_out, money_type, render, text_of};
use crate::access::policy::{Partition, SMALLEST_GROUP};
use crate::access::{Action, Grant, policy};
use crate::error::{Code, Error, Result};
use crate::money;
use crate::spelling::spell;
use crate::store::Reader;
use crate::store::bucket::{self, Bucket};
use crate::store::descriptor::{
    Choice, Descriptor, Field, Key, Link, Out, OutField, OutObject, OutType, Shape, Text, choice,
};
use crate::store::filter::{Filter, Look, forbidden_field};
use crate::store::row::{Cell, Stored};
use crate::store::select::{BASE, Of};
use crate::store::totals::{Figures, Group, GroupKey, Sum, Totals};

/// At most so many groups are answered.
const MOST_GROUPS: usize = 1_000;
/// At most so many rows a grouping statement may give (groups times currencies times parents).
const MOST_GROUP_ROWS: u64 = 50_000;

/// The functions of an aggregate, in the order of its fields after `count`.
const FUNCTIONS: [&str; 4] = ["sum", "avg", "min", "max"];

/// `DealAggregate`
pub fn aggregate_object(of: &Descriptor) -> Arc<OutObject> {
    let doc = format!("Figures over all {} of a list, not just one page.", words(of.plural));
    object(of, "Aggregate", &doc, Vec::new())
}

/// `DealGroup`
pub fn group_object(of: &'static Descriptor) -> Arc<OutObject> {
    let key = OutField {
        name: "key".into(),
        doc: "What the group has in common; only the fields grouped by are filled.".into(),
        ty: OutType::Object(key_object(of), true),
    };
    object(of, "Group", &format!("Some {} of a list, with something in common.", words(of.plural)), vec![key])
}

fn object(of: &Descriptor, suffix: &str, doc: &str, first: Vec<OutField>) -> Arc<OutObject> {
    let mut fields = first;
    fields.push(OutField { name: "count".into(), doc: "How many rows.".into(), ty: OutType::Scalar("Int!") });
    for function in FUNCTIONS {
        let inner = function_object(of, function);
        if !inner.fields.is_empty() {
            fields.push(OutField { name: function.into(), doc: inner.doc.clone(), ty: OutType::Object(inner, true) });
        }
    }
    Arc::new(OutObject { name: format!("{}{suffix}", of.name), doc: doc.into(), fields })
}

fn function_object(of: &Descriptor, function: &str) -> Arc<OutObject> {
    let (suffix, doc) = match function {
        "sum" => (
            "Sum",
            "Sums. Amounts are kept apart by currency, so the list is empty if there are none; numbers then add up \
            to 0. Numbers are exact up to 2^53.",
        ),
        "avg" => (
            "Avg",
            "Averages over the rows that have a value; null if none has one. Amounts are kept apart by \
        currency.",
        ),
        "min" => ("Min", "The smallest values; null if there are none. Amounts are kept apart by currency."),
        _ => ("Max", "The largest values; null if there are none. Amounts are kept apart by currency."),
    };
    let fields = of.fields.iter().filter_map(|field| {
        let ty = figure_type(function, field.shape)?;
        Some(OutField { name: field.name.clone(), doc: field.doc.to_owned(), ty })
    });
    Arc::new(OutObject { name: format!("{}{suffix}", of.name), doc: doc.into(), fields: fields.collect() })
}

/// The type of a figure; none where the function makes no sense.
fn figure_type(function: &str, shape: Shape) -> Option<OutType> {
    let adds_up = matches!(function, "sum" | "avg");
    match shape {
        // A list of one amount a currency; nullable, for those who may not read the field.
        Shape::Money => Some(OutType::List(Box::new(money_type(true)), false)),
        Shape::Int | Shape::Long if adds_up => Some(OutType::Scalar("Float")),
        Shape::Int => Some(OutType::Scalar("Int")),
        Shape::Long => Some(OutType::Scalar("Long")),
        Shape::DateTime if !adds_up => Some(OutType::Scalar("DateTime")),
        Shape::Date if !adds_up => Some(OutType::Scalar("Date")),
        _ => None,
    }
}

/// What rows can be grouped by.
enum Groupable {
    Field(&'static Field),
    Link(&'static Link),
}

fn groupables(of: &'static Descriptor) -> impl Iterator<Item = (String, Groupable)> {
    let groups = |shape| !matches!(shape, Shape::Id | Shape::Money | Shape::Decimal(_) | Shape::TextList | Shape::Long);
    let fields = of.fields.iter().filter(move |field| groups(field.shape) && field.name != "version");
    let links = of.links.iter().filter(|link| matches!(link.key, Key::One(_)));
    fields
        .map(|field| (field.name.clone(), Groupable::Field(field)))
        .chain(links.map(|link| (link.name.clone(), Groupable::Link(link))))
}

/// The names in `DealGroupField`.
pub fn group_names(of: &'static Descriptor) -> Vec<(String, &'static str)> {
    groupables(of)
        .map(|(name, by)| {
            let doc = match by {
                Groupable::Field(field) => field.doc,
                Groupable::Link(link) => link.doc,
            };
            (shout(&name), doc)
        })
        .collect()
}

fn key_object(of: &'static Descriptor) -> Arc<OutObject> {
    let fields = groupables(of).map(|(name, by)| {
        let (doc, ty) = match by {
            Groupable::Link(link) => (link.doc.to_owned(), OutType::Node(link.to)),
            Groupable::Field(field) => match field.shape {
                Shape::Choice(choice) => (field.doc.to_owned(), OutType::Choice(choice, false)),
                Shape::Boolean => (field.doc.to_owned(), OutType::Scalar("Boolean")),
                Shape::Int => (field.doc.to_owned(), OutType::Scalar("Int")),
                Shape::DateTime | Shape::Date => {
                    (format!("First day of the bucket. {}", field.doc), OutType::Scalar("Date"))
                }
                _ => (field.doc.to_owned(), OutType::Scalar("String")),
            },
        };
        OutField { name, doc, ty }
    });
    let doc = format!("What {} of a group have in common; missing values form a group of their own.", words(of.plural));
    Arc::new(OutObject { name: format!("{}GroupKey", of.name), doc, fields: fields.collect() })
}

/// The enum of bucket lengths.
pub fn bucket_choice() -> Choice {
    choice::<Bucket>()
}

/// A wanted figure: which field, and which sum of the statement holds it.
struct Figure {
    shape: Shape,
    sum: usize,
    currency: Option<usize>,
    sums_only: bool,
}

/// A planned `aggregate`.
pub struct TotalsPlan {
    totals: Totals<'static>,
    object: Arc<OutObject>,
    figures: BTreeMap<String, Result<Figure, (Code, String)>>,
    out: OutPlan,
    base: Arc<str>,
    /// The groups are the cells of the partition in which fields are answered that are closed but for their sums.
    partition: bool,
}

/// A planned `groupBy`.
pub struct GroupPlan {
    totals: TotalsPlan,
    keys: Vec<KeyUse>,
    /// Which key is the month of the partition, if the groups are its cells.
    month: Option<usize>,
}

/// One key of the client's.
struct KeyUse {
    /// Its place in the key object.
    place: usize,
    shape: Option<Shape>,
    to: Option<&'static Descriptor>,
}

impl TotalsPlan {
    /// Plans `aggregate`.
    ///
    /// # Errors
    /// FORBIDDEN.
    pub fn new(planner: &Planner<'_>, of: &'static Descriptor, picked: &Picked<'_>) -> Result<Self> {
        let object = aggregate_object(of);
        let out = planner.out(&OutType::Object(Arc::clone(&object), true), &picked.below)?;
        Self::with(planner, of, picked, object, out, Vec::new(), false)
    }

    fn with(
        planner: &Planner<'_>,
        of: &'static Descriptor,
        picked: &Picked<'_>,
        object: Arc<OutObject>,
        out: OutPlan,
        keys: Vec<GroupKey>,
        partition: bool,
    ) -> Result<Self> {
        let mut totals = Totals { of, keys, sums: Vec::new() };
        let mut figures = BTreeMap::new();
        for function in pick(planner.env, &picked.below, &[&object.name])? {
            let type_name = function_object(of, function.name).name.clone();
            if !FUNCTIONS.contains(&function.name) {
                continue;
            }
            for wanted in pick(planner.env, &function.below, &[&type_name])? {
                let Some(field) = of.field(wanted.name) else { continue };
                let figure =
                    figures.entry(wanted.name.to_owned()).or_insert_with(|| figure(planner.reader, &mut totals, field));
                if let Some(sum) = figure.as_ref().ok().and_then(|figure| totals.sums.get_mut(figure.sum)) {
                    match function.name {
                        "min" | "max" => sum.range = true,
                        _ => sum.sum = true,
                    }
                }
            }
        }
        Ok(Self { totals, object, figures, out, base: planner.reader.base_currency().into(), partition })
    }

    /// What of the answer is wanted.
    pub fn out(&self) -> &OutPlan {
        &self.out
    }

    /// The figures over no rows.
    pub fn nothing(&self) -> Out {
        self.answer(&Folded::new(self.totals.sums.len()), Vec::new(), false)
    }

    /// Runs it.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD in the filter; database errors.
    pub async fn load(
        &self,
        reader: &Reader,
        _: &Descriptor,
        rows: Of<'_>,
        filter: Option<&Filter>,
        weight: u64,
    ) -> Result<Answers> {
        let mut folded: BTreeMap<Uuid, Folded> = BTreeMap::new();
        for group in reader.totals(&self.totals, rows, filter, None, weight).await? {
            folded.entry(group.parent).or_insert_with(|| Folded::new(self.totals.sums.len())).add(self, &group);
        }
        let by_row =
            folded.into_iter().map(|(parent, folded)| (parent, self.answer(&folded, Vec::new(), false))).collect();
        Ok(Answers { by_row, named: Vec::new() })
    }

    /// The answer object: what comes first, the count, each function's figures. `settled`: the group is a cell of the
    /// partition, and no row joins it by what happens today.
    fn answer(&self, folded: &Folded, first: Vec<Out>, settled: bool) -> Out {
        let mut outs = first;
        outs.push(Out::Value(Value::from(folded.count)));
        for field in self.object.fields.iter().skip(outs.len()) {
            let OutType::Object(object, _) = &field.ty else { continue };
            let figures = object.fields.iter().map(|one| self.figure(&field.name, &one.name, folded, settled));
            outs.push(Out::Object(figures.collect()));
        }
        Out::Object(outs)
    }

    fn figure(&self, function: &str, field: &str, folded: &Folded, settled: bool) -> Out {
        let figure = match self.figures.get(field) {
            None => return Out::Null,
            Some(Err((code, message))) => return Out::Refused(*code, message.clone()),
            Some(Ok(figure)) => figure,
        };
        let Some(by_currency) = folded.sums.get(figure.sum) else { return Out::Null };
        if figure.sums_only && (matches!(function, "min" | "max") || !self.partition) {
            return Out::Refused(Code::ForbiddenField, sums_only(self.totals.of, field));
        }
        let rows = by_currency.values().map(|figures| figures.count).max().unwrap_or_default();
        if figure.sums_only && (!settled || rows < SMALLEST_GROUP) {
            return Out::Null;
        }
        if figure.currency.is_some() {
            // The threshold holds for each currency apart, as each is answered apart.
            let least = if figure.sums_only { SMALLEST_GROUP } else { 1 };
            let amounts = by_currency.iter().filter(|(_, figures)| figures.count >= least);
            return Out::List(amounts.filter_map(|(currency, figures)| amount(function, figures, currency)).collect());
        }
        let nothing = Figures { count: 0, min: Cell::Null, max: Cell::Null, sum: 0 };
        let figures = by_currency.values().next().unwrap_or(&nothing);
        match function {
            "sum" => Out::Value(Value::from(as_float(figures.sum))),
            "avg" if figures.count == 0 => Out::Null,
            "avg" => Out::Value(Value::from(as_float(figures.sum) / as_float(figures.count.into()))),
            "min" => Out::Value(render(figure.shape, &figures.min, self.totals.of)),
            _ => Out::Value(render(figure.shape, &figures.max, self.totals.of)),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a GraphQL Float; exact up to 2^53")]
fn as_float(number: i128) -> f64 {
    number as f64
}

fn amount(function: &str, figures: &Figures, currency: &str) -> Option<Out> {
    let minor = match function {
        "sum" => Some(figures.sum),
        "avg" => money::divide_half_even(figures.sum, figures.count.into()),
        "min" => figures.min.int().map(i128::from),
        _ => figures.max.int().map(i128::from),
    };
    minor.map(|minor| money_out(minor, currency))
}

fn figure(reader: &Reader, totals: &mut Totals<'static>, field: &'static Field) -> Result<Figure, (Code, String)> {
    let sql = match reader.summable(totals.of, field, BASE) {
        Ok(sql) => sql,
        Err(error) => return Err((error.code(), error.to_string())),
    };
    let currency = sql.currency.map(|currency| {
        totals.keys.push(GroupKey { value: currency, stored: Stored::Text, order: None, join: None });
        totals.keys.len() - 1
    });
    totals.sums.push(Sum { value: sql.value, stored: Stored::of(field.shape), range: false, sum: false });
    Ok(Figure { shape: field.shape, sum: totals.sums.len() - 1, currency, sums_only: sql.sums_only })
}

/// The figures of one client group, by currency where there is one.
struct Folded {
    count: i64,
    sums: Vec<BTreeMap<String, Figures>>,
}

impl Folded {
    fn new(sums: usize) -> Self {
        Self { count: 0, sums: vec![BTreeMap::new(); sums] }
    }

    fn add(&mut self, plan: &TotalsPlan, group: &Group) {
        self.count += group.count;
        for figure in plan.figures.values().flatten() {
            let currency = match figure.currency.map(|at| group.keys.get(at).and_then(Cell::text)) {
                Some(Some(currency)) => currency.to_owned(),
                // Without a currency no row of the group has the amount.
                Some(None) => continue,
                None => plan.base.to_string(),
            };
            if let (Some(sums), Some(figures)) = (self.sums.get_mut(figure.sum), group.sums.get(figure.sum)) {
                sums.entry(currency).and_modify(|known| merge(known, figures)).or_insert_with(|| figures.clone());
            }
        }
    }
}

fn merge(known: &mut Figures, more: &Figures) {
    known.count += more.count;
    known.sum += more.sum;
    if less(&more.min, &known.min) {
        known.min = more.min.clone();
    }
    if more.max != Cell::Null && (less(&known.max, &more.max) || known.max == Cell::Null) {
        known.max = more.max.clone();
    }
}

/// Is `a` less than `b`? Nothing is less than an empty cell but any value.
fn less(a: &Cell, b: &Cell) -> bool {
    match (a, b) {
        (Cell::Null, _) => false,
        (_, Cell::Null) => true,
        (Cell::Int(a), Cell::Int(b)) => a < b,
        (Cell::Time(a), Cell::Time(b)) => a < b,
        (Cell::Day(a), Cell::Day(b)) => a < b,
        _ => false,
    }
}

impl GroupPlan {
    /// Plans `groupBy(by: [{ field, bucket }], timeZone)`.
    ///
    /// # Errors
    /// BAD_USER_INPUT, FORBIDDEN_FIELD.
    pub fn new(
        planner: &Planner<'_>,
        of: &'static Descriptor,
        picked: &Picked<'_>,
        partition: Option<Partition>,
    ) -> Result<Self> {
        let zone = match picked.args.get("timeZone") {
            None | Some(Value::Null) => planner.reader.calendar().zone(),
            Some(name) => parse_zone(name)?,
        };
        let object = group_object(of);
        let key_object = key_object(of);
        let (mut keys, mut uses) = (Vec::new(), Vec::new());
        let by = picked.args.get("by").ok_or_else(|| Error::bad_input("by: expected at least one field."))?;
        let items = items(by);
        if items.is_empty() || items.len() > 4 {
            return Err(Error::bad_input("by: group by one to four fields."));
        }
        for item in items {
            let Value::Object(item) = item else { return Err(Error::bad_input("by: expected { field: … }.")) };
            let (key, used) = key_use(planner.reader, of, &key_object, item, zone, keys.len())?;
            keys.push(key);
            uses.push(used);
        }
        let out =
            planner.out(&OutType::List(Box::new(OutType::Object(Arc::clone(&object), true)), true), &picked.below)?;
        let no_zone = picked.args.get("timeZone").is_none_or(|zone| *zone == Value::Null);
        let month = partition.filter(|_| no_zone).and_then(|partition| month_of(items, &partition));
        let totals = TotalsPlan::with(planner, of, picked, object, out, keys, month.is_some())?;
        Ok(Self { totals, keys: uses, month })
    }

    /// What of the answer is wanted.
    pub fn out(&self) -> &OutPlan {
        self.totals.out()
    }

    /// Runs it.
    ///
    /// # Errors
    /// BAD_USER_INPUT: too many groups; FORBIDDEN_FIELD in the filter; database errors.
    pub async fn load(
        &self,
        reader: &Reader,
        _: &Descriptor,
        rows: Of<'_>,
        filter: Option<&Filter>,
        weight: u64,
    ) -> Result<Answers> {
        let found = reader.totals(&self.totals.totals, rows, filter, Some(MOST_GROUP_ROWS), weight).await?;
        let mut parents: BTreeMap<Uuid, IndexMap<String, (Vec<Cell>, Folded)>> = BTreeMap::new();
        for group in &found {
            let cells: Vec<_> = group.keys.iter().take(self.keys.len()).cloned().collect();
            let groups = parents.entry(group.parent).or_default();
            let known = groups
                .entry(format!("{cells:?}"))
                .or_insert_with(|| (cells, Folded::new(self.totals.totals.sums.len())));
            known.1.add(&self.totals, group);
        }
        if parents.values().any(|groups| groups.len() > MOST_GROUPS) {
            return Err(Error::bad_input(format!(
                "by: more than {MOST_GROUPS} groups. Narrow the filter or use a longer bucket."
            )));
        }
        let by_row = parents.into_iter().map(|(parent, groups)| {
            let groups = groups.into_values().map(|(cells, folded)| {
                let settled = self.is_past(&cells, reader.calendar().day(reader.now()));
                self.totals.answer(&folded, vec![self.key(&cells)], settled)
            });
            (parent, Out::List(groups.collect()))
        });
        name_rows(reader, self.out(), by_row.collect()).await
    }

    /// Is the month of this cell of the partition over?
    fn is_past(&self, cells: &[Cell], today: NaiveDate) -> bool {
        match self.month.and_then(|at| cells.get(at)) {
            Some(Cell::Day(first)) => (first.year(), first.month()) < (today.year(), today.month()),
            _ => false,
        }
    }

    fn key(&self, cells: &[Cell]) -> Out {
        let fields = key_object(self.totals.totals.of).fields.len();
        let mut outs = vec![Out::Null; fields];
        for (used, cell) in self.keys.iter().zip(cells) {
            let value = match (cell, used.shape) {
                (Cell::Null, _) => Out::Null,
                (Cell::Id(id), _) if used.to.is_some() => Out::Node(*id),
                (cell, Some(Shape::Choice(_))) => Out::Value(Value::Enum(Name::new(cell.text().unwrap_or_default()))),
                (cell, shape) => Out::Value(render(shape.unwrap_or(Shape::Boolean), cell, self.totals.totals.of)),
            };
            if let Some(out) = outs.get_mut(used.place) {
                *out = value;
            }
        }
        Out::Object(outs)
    }
}

/// Which of the keys is the month, if they are the two of the partition.
fn month_of(keys: &[Value], partition: &Partition) -> Option<usize> {
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

/// What to tell whoever may only sum a field, and asks for more.
fn sums_only(of: &Descriptor, field: &str) -> String {
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

fn key_use(
    reader: &Reader,
    of: &'static Descriptor,
    keys: &OutObject,
    item: &IndexMap<Name, Value>,
    zone: Tz,
    number: usize,
) -> Result<(GroupKey, KeyUse)> {
    let wanted = item.get("field").and_then(text_of).unwrap_or_default();
    let bucket = item.get("bucket").filter(|value| **value != Value::Null).and_then(text_of);
    let found = groupables(of).find(|(name, _)| shout(name) == wanted);
    let (name, by) = found.ok_or_else(|| Error::bad_input(format!("by: {} cannot be grouped by that.", of.name)))?;
    let place = keys.fields.iter().position(|field| field.name == name).unwrap_or_default();
    match by {
        Groupable::Link(link) => {
            let key = reader.reference_key(of, link, number)?;
            Ok((key, KeyUse { place, shape: None, to: Some(reader.graph().of(link.to)) }))
        }
        Groupable::Field(field) => {
            let counts_only = reader.viewer().reach(of.kind, Action::Read).is_none();
            if counts_only && matches!(field.shape, Shape::Text(_)) {
                return Err(forbidden_field(of, &field.name));
            }
            if reader.viewer().reads(of.kind, &field.name) == Grant::Sums {
                return Err(forbidden_field(of, &field.name));
            }
            let sql = reader.readable(of, field, BASE)?;
            let is_date = matches!(field.shape, Shape::DateTime | Shape::Date);
            if !is_date && bucket.is_some() {
                return Err(Error::bad_input(format!("by: {name} is no date, so it has no bucket.")));
            }
            if !is_date {
                let order = match field.sorted {
                    Some(_) => Some(reader.readable_as(of, field, BASE, Look::Along)?.value),
                    None => None,
                };
                let key = GroupKey { value: sql.value, stored: Stored::of(field.shape), order, join: None };
                return Ok((key, KeyUse { place, shape: Some(field.shape), to: None }));
            }
            let bucket = parse_bucket(bucket.unwrap_or("DAY"))?;
            let is_time = matches!(field.shape, Shape::DateTime);
            let value = bucket::start_of(reader.dialect(), bucket, sql.value, is_time, zone);
            let key = GroupKey { value, stored: Stored::Day, order: None, join: None };
            Ok((key, KeyUse { place, shape: Some(Shape::Date), to: None }))
        }
    }
}

fn parse_zone(name: &Value) -> Result<Tz> {
    let name = if let Value::String(name) = name { spell(Text::TimeZone, name).ok() } else { None };
    let known = name.and_then(|name| name.parse().ok());
    known.ok_or_else(|| Error::bad_input("timeZone: expected an IANA time zone like Europe/Berlin."))
}

fn parse_bucket(name: &str) -> Result<Bucket> {
    match name {
        "DAY" => Ok(Bucket::Day),
        "WEEK" => Ok(Bucket::Week),
        "MONTH" => Ok(Bucket::Month),
        "QUARTER" => Ok(Bucket::Quarter),
        "YEAR" => Ok(Bucket::Year),
        _ => Err(Error::bad_input("by: bucket is one of DAY, WEEK, MONTH, QUARTER, YEAR.")),
    }
}

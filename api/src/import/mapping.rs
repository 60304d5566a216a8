//! The mapping as people write it (TOML), read against the declarations of the graph: all its mistakes at once.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::cell::{Cell, Problem, Reading, Source};
use super::file::Row;
use super::target::{OBJECTS, Object, Target};
use crate::access::Kind;
use crate::money;
use crate::store::descriptor::{Graph, Shape};

/// What the columns of a file mean.
#[derive(Debug)]
pub struct Mapping {
    /// The system the file comes from: with the external id it is the natural key of a row.
    pub source: String,
    /// What stands between cells; found out unless given.
    pub delimiter: Option<u8>,
    /// Bytes that are not UTF-8 are Latin-1.
    pub latin1: bool,
    /// The objects of a row, in the order in which they are made.
    pub objects: Vec<ObjectMap>,
}

/// What a row says of one object.
#[derive(Debug)]
pub struct ObjectMap {
    /// Which.
    pub object: &'static Object,
    /// It is made only of rows with this text in this column.
    pub when: Option<When>,
    /// Of the rows that say the same in a column, only the earliest makes it.
    pub first_per: Option<FirstPer>,
    /// Its fields.
    pub fields: Vec<FieldMap>,
}

/// A condition on a row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The column.
    pub column: String,
    /// Its text.
    pub equals: String,
}

impl ObjectMap {
    /// Is it made of this row?
    ///
    /// # Errors
    /// A cell that cannot be read.
    pub fn is_in(&self, row: &Row) -> Result<bool, Problem> {
        let Some(when) = &self.when else { return Ok(true) };
        Ok(row.text(&when.column)?.trim() == when.equals)
    }
}

/// Which of several rows counts.
#[derive(Debug)]
pub struct FirstPer {
    /// Rows with the same text here belong together.
    pub column: String,
    /// When a row was; the earliest counts.
    pub date: Cell,
}

/// Where a field comes from and goes to.
#[derive(Debug)]
pub struct FieldMap {
    /// Its name in the graph.
    pub name: String,
    /// Where it goes.
    pub target: Target,
    /// Where it comes from.
    pub cell: Cell,
    /// By what the row at the other end of a reference is known.
    pub by: &'static str,
    /// The system whose ids a reference uses.
    pub of_source: String,
    /// Where the currency of an amount comes from.
    pub currency: Option<Source>,
}

/// A field in the mapping: a column alone, or more about it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Spec {
    column: Option<String>,
    value: Option<String>,
    template: Option<String>,
    format: Option<String>,
    time_zone: Option<String>,
    line_order: bool,
    null: Option<Vec<String>>,
    map: BTreeMap<String, String>,
    otherwise: Option<String>,
    by: Option<String>,
    source: Option<String>,
    currency: Option<String>,
    currency_column: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstPerSpec {
    column: String,
    date: String,
    format: Option<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    Utf8,
    Latin1,
}

/// What holds for all fields unless they say otherwise.
struct Settings {
    source: String,
    reading: Reading,
    null: Vec<String>,
    currency: Option<String>,
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// Every mistake in it, with the key where it stands.
    pub fn parse(text: &str, graph: &'static Graph) -> Result<Self, Vec<String>> {
        let mut table: Table = match text.parse() {
            Ok(table) => table,
            Err(error) => return Err(vec![error.to_string().trim().to_owned()]),
        };
        let mut mistakes = Vec::new();
        let mut objects = Vec::new();
        for object in &OBJECTS {
            objects.extend(table.remove(object.name).map(|value| (object, value)));
        }
        let source: Option<String> = take(&mut table, "source", &mut mistakes);
        let zone: Option<String> = take(&mut table, "time_zone", &mut mistakes);
        let format: Option<String> = take(&mut table, "dates", &mut mistakes);
        let null: Option<Vec<String>> = take(&mut table, "null", &mut mistakes);
        let currency: Option<String> = take(&mut table, "currency", &mut mistakes);
        let decimal: Option<String> = take(&mut table, "decimal", &mut mistakes);
        let delimiter: Option<String> = take(&mut table, "delimiter", &mut mistakes);
        let encoding: Option<Encoding> = take(&mut table, "encoding", &mut mistakes);
        for (key, _) in &table {
            let known: Vec<_> = OBJECTS.iter().map(|object| object.name).collect();
            mistakes.push(format!(
                "{key}: unknown; settings are source, time_zone, dates, null, currency, decimal, delimiter, encoding, \
                 and objects are {}",
                known.join(", ")
            ));
        }
        if source.as_ref().is_none_or(|source| source.trim().is_empty()) {
            mistakes.push("source: name the system the file comes from; it is half of the key of every row".to_owned());
        }
        if objects.is_empty() {
            mistakes.push("no object: say in a table such as [contact] or [lead] what a row is about".to_owned());
        }
        let reading = Reading {
            format: format.unwrap_or_else(|| "%Y-%m-%d".to_owned()),
            zone: zone.map_or(Tz::UTC, |zone| time_zone(&zone, "time_zone", &mut mistakes)),
            decimal_comma: one_of(decimal, "decimal", &[(".", false), (",", true)], &mut mistakes).unwrap_or_default(),
            line_order: false,
        };
        check_format(&reading.format, "dates", &mut mistakes);
        check_currency(currency.as_deref(), "currency", &mut mistakes);
        let delimiter =
            one_of(delimiter, "delimiter", &[(",", b','), (";", b';'), ("\t", b'\t'), ("|", b'|')], &mut mistakes);
        let settings = Settings {
            source: source.unwrap_or_default().trim().to_owned(),
            reading,
            null: null.unwrap_or_default(),
            currency,
        };
        let names: BTreeSet<_> = objects.iter().map(|(object, _)| object.name).collect();
        let objects = objects
            .into_iter()
            .filter_map(|(object, value)| object_map(graph, object, value, &settings, &names, &mut mistakes))
            .collect();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self { source: settings.source, delimiter, latin1: encoding == Some(Encoding::Latin1), objects })
    }

    /// Every column that the mapping asks a file for.
    pub fn columns(&self) -> BTreeSet<&str> {
        let mut columns = BTreeSet::new();
        for object in &self.objects {
            columns.extend(object.when.iter().map(|when| when.column.as_str()));
            if let Some(first) = &object.first_per {
                columns.insert(first.column.as_str());
                columns.extend(first.date.source.columns());
            }
            for field in &object.fields {
                columns.extend(field.cell.source.columns());
                columns.extend(field.currency.iter().flat_map(Source::columns));
            }
        }
        columns.remove(super::file::LINE);
        columns
    }
}

fn object_map(
    graph: &'static Graph,
    object: &'static Object,
    value: Value,
    settings: &Settings,
    others: &BTreeSet<&str>,
    mistakes: &mut Vec<String>,
) -> Option<ObjectMap> {
    let place = object.name;
    let Value::Table(mut table) = value else {
        mistakes.push(format!("{place}: expected a table of fields, as in [{place}]"));
        return None;
    };
    let when: Option<When> = take_at(&mut table, "when", place, mistakes);
    let first: Option<FirstPerSpec> = take_at(&mut table, "first_per", place, mistakes);
    let mut fields = Vec::new();
    for (name, value) in table {
        fields.extend(field_map(graph, object, &name, value, settings, mistakes));
    }
    let known = |name: &str| fields.iter().any(|field| field.name == name);
    let by: Vec<_> = std::iter::once("externalId").chain(object.known_by.iter().copied()).collect();
    if !by.iter().any(|name| known(name)) {
        mistakes
            .push(format!("{place}: give {}: a row must be known again when the file comes again", by.join(" or ")));
    }
    let needed: &[(&str, &[&str])] = match object.kind {
        Kind::Lead => &[("contact", &["contact"]), ("source", &[]), ("status", &[])],
        Kind::Touchpoint => &[("occurredAt", &[]), ("kind", &[]), ("channel", &[])],
        Kind::Company | Kind::Deal => &[("name", &[])],
        Kind::Campaign => &[("name", &[]), ("code", &[]), ("objective", &[]), ("channel", &[]), ("horizon", &[])],
        _ => &[],
    };
    for (name, instead) in needed {
        if !known(name) && !instead.iter().any(|object| others.contains(object)) {
            mistakes.push(format!("{place}.{name}: a {place} needs it"));
        }
    }
    let first_per = first.map(|first| {
        let mut reading = settings.reading.clone();
        if let Some(format) = first.format {
            check_format(&format, &format!("{place}.first_per.format"), mistakes);
            reading.format = format;
        }
        let date = Cell {
            source: Source::Column(first.date),
            null: settings.null.clone(),
            map: BTreeMap::new(),
            otherwise: None,
            shape: Shape::DateTime,
            choices: Vec::new(),
            reading,
        };
        FirstPer { column: first.column, date }
    });
    Some(ObjectMap { object, when, first_per, fields })
}

fn field_map(
    graph: &'static Graph,
    object: &'static Object,
    name: &str,
    value: Value,
    settings: &Settings,
    mistakes: &mut Vec<String>,
) -> Option<FieldMap> {
    let place = format!("{}.{name}", object.name);
    let spec = match value {
        Value::String(column) => Spec { column: Some(column), ..Spec::default() },
        Value::Table(_) => match Spec::deserialize(value) {
            Ok(spec) => spec,
            Err(error) => {
                mistakes.push(format!("{place}: {}", error.message()));
                return None;
            }
        },
        _ => {
            mistakes.push(format!("{place}: expected a column, or a table such as {{ value = \"…\" }}"));
            return None;
        }
    };
    let Some((target, shape)) = object.target(graph, name) else {
        let known = object.field_names(graph).join(", ");
        mistakes.push(format!("{place}: a {} has no such field to import; it has {known}", object.name));
        return None;
    };
    let before = mistakes.len();
    let source = source(&spec, &place, mistakes);
    let mut reading = Reading { line_order: spec.line_order, ..settings.reading.clone() };
    if let Some(format) = spec.format {
        check_format(&format, &format!("{place}.format"), mistakes);
        reading.format = format;
    }
    if let Some(zone) = spec.time_zone {
        reading.zone = time_zone(&zone, &format!("{place}.time_zone"), mistakes);
    }
    let choices = match shape {
        Shape::Choice(choice) => (choice.values)(),
        _ => Vec::new(),
    };
    let constant = if let Some(Source::Value(text)) = &source { Some(text) } else { None };
    let targets = spec.map.iter().map(|(from, to)| (format!("{place}.map.{from}"), to));
    let fixed = constant.map(|text| (format!("{place}.value"), text)).into_iter();
    let others = spec.otherwise.iter().map(|text| (format!("{place}.otherwise"), text));
    for (place, text) in targets.chain(fixed).chain(others) {
        if !choices.is_empty() && !text.is_empty() && !choices.contains(text) {
            mistakes.push(format!("{place}: {text:?} is not one of {}", choices.join(", ")));
        }
    }
    let by = look_up(target, spec.by.as_deref(), &place, mistakes);
    let currency = match target {
        Target::Money(..) => currency(&spec.currency, &spec.currency_column, settings, &place, mistakes),
        _ => None,
    };
    if mistakes.len() > before {
        return None;
    }
    Some(FieldMap {
        name: name.to_owned(),
        target,
        cell: Cell {
            source: source?,
            null: spec.null.unwrap_or_else(|| settings.null.clone()),
            map: spec.map,
            otherwise: spec.otherwise,
            shape,
            choices,
            reading,
        },
        by,
        of_source: spec.source.unwrap_or_else(|| settings.source.clone()),
        currency,
    })
}

/// Exactly one of column, value and template.
fn source(spec: &Spec, place: &str, mistakes: &mut Vec<String>) -> Option<Source> {
    let sources = match (&spec.column, &spec.value, &spec.template) {
        (Some(column), None, None) => Ok(Source::Column(column.clone())),
        (None, Some(value), None) => Ok(Source::Value(value.clone())),
        (None, None, Some(template)) => Source::template(template),
        _ => Err("give one of column, value and template".to_owned()),
    };
    sources.map_err(|reason| mistakes.push(format!("{place}: {reason}"))).ok()
}

fn look_up(target: Target, by: Option<&str>, place: &str, mistakes: &mut Vec<String>) -> &'static str {
    let Target::Reference(_, kind) = target else {
        if by.is_some() {
            mistakes.push(format!("{place}.by: only references are looked up"));
        }
        return "";
    };
    let known = Object::looked_up_by(kind);
    let chosen = match by {
        None => known.first(),
        Some(by) => known.iter().find(|known| **known == by),
    };
    chosen.copied().unwrap_or_else(|| {
        mistakes.push(format!("{place}.by: expected one of {}", known.join(", ")));
        ""
    })
}

fn currency(
    fixed: &Option<String>,
    column: &Option<String>,
    settings: &Settings,
    place: &str,
    mistakes: &mut Vec<String>,
) -> Option<Source> {
    match (fixed, column) {
        (None, Some(column)) => Some(Source::Column(column.clone())),
        (Some(_), Some(_)) => {
            mistakes.push(format!("{place}: give currency or currency_column, not both"));
            None
        }
        (fixed, None) => {
            let Some(code) = fixed.as_ref().or(settings.currency.as_ref()) else {
                mistakes.push(format!("{place}.currency: say which, here or at the top"));
                return None;
            };
            check_currency(fixed.as_deref(), &format!("{place}.currency"), mistakes);
            Some(Source::Value(code.clone()))
        }
    }
}

fn take<T: DeserializeOwned>(table: &mut Table, key: &str, mistakes: &mut Vec<String>) -> Option<T> {
    let value = table.remove(key)?;
    T::deserialize(value).map_err(|error| mistakes.push(format!("{key}: {}", error.message()))).ok()
}

fn take_at<T: DeserializeOwned>(table: &mut Table, key: &str, at: &str, mistakes: &mut Vec<String>) -> Option<T> {
    let value = table.remove(key)?;
    T::deserialize(value).map_err(|error| mistakes.push(format!("{at}.{key}: {}", error.message()))).ok()
}

fn one_of<T: Copy>(given: Option<String>, place: &str, known: &[(&str, T)], mistakes: &mut Vec<String>) -> Option<T> {
    let given = given?;
    let found = known.iter().find(|(text, _)| *text == given).map(|(_, value)| *value);
    if found.is_none() {
        let known: Vec<_> = known.iter().map(|(text, _)| format!("{text:?}")).collect();
        mistakes.push(format!("{place}: expected one of {}", known.join(", ")));
    }
    found
}

fn time_zone(name: &str, place: &str, mistakes: &mut Vec<String>) -> Tz {
    name.parse().unwrap_or_else(|_| {
        mistakes.push(format!("{place}: {name:?} is no IANA time zone, such as Europe/Berlin"));
        Tz::UTC
    })
}

fn check_format(format: &str, place: &str, mistakes: &mut Vec<String>) {
    use chrono::format::{Item, StrftimeItems};
    if format != super::cell::RFC3339 && StrftimeItems::new(format).any(|item| item == Item::Error) {
        mistakes.push(format!("{place}: {format:?} is no date format; write %Y-%m-%d, %d.%m.%Y %H:%M, rfc3339"));
    }
}

fn check_currency(code: Option<&str>, place: &str, mistakes: &mut Vec<String>) {
    if let Some(code) = code.filter(|code| money::minor_digits(code).is_none()) {
        mistakes.push(format!("{place}: {code:?} is no ISO 4217 currency code, such as EUR"));
    }
}

//! What a mapping says of objects and their fields.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use serde::Deserialize;
use toml::{Table, Value};

use super::cell::{Cell, Reading, Source, When};
use super::dates;
use super::mapping::{FieldMap, FirstPer, ObjectMap, Settings, take_at};
use super::target::{Object, Target};
use crate::access::Kind;
use crate::money;
use crate::similar::{hint, quoted};
use crate::store::descriptor::{Graph, Shape};

/// A field in the mapping: a column alone, or more about it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Spec {
    column: Option<String>,
    when: Option<When>,
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

/// Reads what the mapping says of an object.
pub fn object_map(
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
            when: None,
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
        Value::Table(table) if has_unknown(&table, &place, mistakes) => return None,
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
        let known = object.field_names(graph);
        let hint = hint(name, known.iter().map(String::as_str), quoted);
        mistakes.push(format!(
            "{place}: a {} has no such field to import; it has {}.{hint}",
            object.name,
            known.join(", ")
        ));
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
            let hint = hint(text, choices.iter().map(String::as_str), quoted);
            mistakes.push(format!("{place}: {text:?} is not one of {}.{hint}", choices.join(", ")));
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
            when: spec.when,
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

/// What a field may say of itself.
const FIELD: [&str; 14] = [
    "column",
    "when",
    "value",
    "template",
    "format",
    "time_zone",
    "line_order",
    "null",
    "map",
    "otherwise",
    "by",
    "source",
    "currency",
    "currency_column",
];

/// Notes every key that a field does not have.
fn has_unknown(table: &Table, place: &str, mistakes: &mut Vec<String>) -> bool {
    let before = mistakes.len();
    for key in table.keys().filter(|key| !FIELD.contains(&key.as_str())) {
        let hint = hint(key, FIELD.into_iter(), quoted);
        mistakes.push(format!("{place}.{key}: unknown; a field has {}.{hint}", FIELD.join(", ")));
    }
    mistakes.len() > before
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
        let hint = hint(by.unwrap_or_default(), known.iter().copied(), quoted);
        mistakes.push(format!("{place}.by: expected one of {}.{hint}", known.join(", ")));
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

/// A time zone.
pub fn time_zone(name: &str, place: &str, mistakes: &mut Vec<String>) -> Tz {
    name.parse().unwrap_or_else(|_| {
        let hint = hint(name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()), quoted);
        mistakes.push(format!("{place}: {name:?} is no IANA time zone, such as Europe/Berlin.{hint}"));
        Tz::UTC
    })
}

/// Notes what is wrong with a date format.
pub fn check_format(format: &str, place: &str, mistakes: &mut Vec<String>) {
    if let Err(reason) = dates::check(format) {
        mistakes.push(format!("{place}: {reason}"));
    }
}

/// Notes what is wrong with a currency.
pub fn check_currency(code: Option<&str>, place: &str, mistakes: &mut Vec<String>) {
    if let Some(code) = code.filter(|code| money::minor_digits(code).is_none()) {
        mistakes.push(format!("{place}: {code:?} is no ISO 4217 currency code, such as EUR"));
    }
}

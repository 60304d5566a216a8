//! The mapping as people write it (TOML), read against the declarations of the graph: all its mistakes at once.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use encoding_rs::Encoding;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::cell::{Cell, Problem, Reading, Source, When};
use super::file::{Row, Writing};
use super::spec::{check_currency, check_format, object_map, time_zone};
use super::target::{CHANGED, OBJECTS, Object, Target};
use crate::similar::{hint, quoted};
use crate::spelling::text;
use crate::store::descriptor::Graph;

/// What a mapping may say besides its objects.
const SETTINGS: [&str; 8] = ["source", "time_zone", "dates", "null", "currency", "decimal", "delimiter", "encoding"];
/// Encodings that people have files in, by the names that they know them by; any other label of the standard is known, too.
const ENCODINGS: [&str; 22] = [
    "utf-8",
    "utf-16",
    "utf-16le",
    "utf-16be",
    "latin1",
    "latin2",
    "ascii",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-15",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1257",
    "macintosh",
    "koi8-r",
    "shift_jis",
    "gbk",
    "gb18030",
    "big5",
];

/// What the columns of a file mean.
#[derive(Debug)]
pub struct Mapping {
    /// The system the file comes from: with the external id it is the natural key of a row.
    pub source: String,
    /// How the files are written.
    pub writing: Writing,
    /// The objects of a row, in the order in which they are made.
    pub objects: Vec<ObjectMap>,
}

/// What a row says of one object.
#[derive(Debug)]
pub struct ObjectMap {
    /// Which.
    pub object: &'static Object,
    /// It is made only of rows that fulfil this.
    pub when: Option<When>,
    /// Of the rows that say the same in a column, only the earliest makes it.
    pub first_per: Option<FirstPer>,
    /// Its fields.
    pub fields: Vec<FieldMap>,
}

impl ObjectMap {
    /// Is it made of this row?
    ///
    /// # Errors
    /// A cell that cannot be read.
    pub fn is_in(&self, row: &Row) -> Result<bool, Problem> {
        self.when.as_ref().map_or(Ok(true), |when| when.holds(row))
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

/// What holds for all fields unless they say otherwise.
pub(super) struct Settings {
    pub source: String,
    pub reading: Reading,
    pub null: Vec<String>,
    pub currency: Option<String>,
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
        printable("", &table, &mut mistakes);
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
        let encoding: Option<String> = take(&mut table, "encoding", &mut mistakes);
        for (key, _) in &table {
            let known: Vec<_> = OBJECTS.iter().map(|object| object.name).collect();
            let hint = hint(key, SETTINGS.into_iter().chain(known.iter().copied()), quoted);
            mistakes.push(format!(
                "{key}: unknown; settings are {}, and objects are {}.{hint}",
                SETTINGS.join(", "),
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
        let encoding = encoding.and_then(|label| encoding_of(&label, &mut mistakes));
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
        Ok(Self { source: settings.source, writing: Writing { delimiter, encoding }, objects })
    }

    /// Does it say when leads or deals last changed?
    pub fn tells_changes(&self) -> bool {
        self.objects.iter().flat_map(|object| &object.fields).any(|field| field.name == CHANGED)
    }

    /// Every column that the mapping asks a file for.
    pub fn columns(&self) -> BTreeSet<&str> {
        let mut columns = BTreeSet::new();
        for object in &self.objects {
            let conditions = object.fields.iter().map(|field| &field.cell.when).chain([&object.when]);
            columns.extend(conditions.flatten().map(|when| when.column.as_str()));
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

pub(super) fn take<T: DeserializeOwned>(table: &mut Table, key: &str, mistakes: &mut Vec<String>) -> Option<T> {
    let value = table.remove(key)?;
    T::deserialize(value).map_err(|error| mistakes.push(format!("{key}: {}", error.message()))).ok()
}

pub(super) fn take_at<T: DeserializeOwned>(
    table: &mut Table,
    key: &str,
    at: &str,
    mistakes: &mut Vec<String>,
) -> Option<T> {
    let value = table.remove(key)?;
    T::deserialize(value).map_err(|error| mistakes.push(format!("{at}.{key}: {}", error.message()))).ok()
}

pub(super) fn one_of<T: Copy>(
    given: Option<String>,
    place: &str,
    known: &[(&str, T)],
    mistakes: &mut Vec<String>,
) -> Option<T> {
    let given = given?;
    let found = known.iter().find(|(text, _)| *text == given).map(|(_, value)| *value);
    if found.is_none() {
        let known: Vec<_> = known.iter().map(|(text, _)| format!("{text:?}")).collect();
        mistakes.push(format!("{place}: expected one of {}", known.join(", ")));
    }
    found
}

/// As in browsers: the labels of the WHATWG encoding standard, by which latin1 and ascii are windows-1252.
fn encoding_of(label: &str, mistakes: &mut Vec<String>) -> Option<&'static Encoding> {
    let found = Encoding::for_label_no_replacement(label.as_bytes());
    if found.is_none() {
        let hint = hint(label, ENCODINGS.into_iter(), quoted);
        mistakes.push(format!(
            "encoding: {label:?} is no label of the WHATWG encoding standard, such as utf-8, windows-1252 or utf-16.{hint}"
        ));
    }
    found
}

/// No text of the mapping may hold control characters: it would reach the database.
fn printable(place: &str, table: &Table, mistakes: &mut Vec<String>) {
    for (key, value) in table {
        let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
        let texts: Vec<&str> = match value {
            Value::String(text) => vec![text],
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            Value::Table(inner) => {
                printable(&place, inner, mistakes);
                Vec::new()
            }
            _ => Vec::new(),
        };
        if let Some(control) = texts.into_iter().find_map(text::control) {
            mistakes.push(format!("{place}: the text holds a control character, U+{:04X}", u32::from(control)));
        }
    }
}

//! From the text of a cell to the value of a column.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use sea_orm::Value;
use serde::{Deserialize, Deserializer};

use super::dates::RFC3339;
use super::file::Row;
use super::number;
use crate::calendar::{self, parse_moment};
use crate::money;
use crate::spelling::spell;
use crate::store::descriptor::{Shape, Text};

/// Where a text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A column.
    Column(String),
    /// The mapping itself.
    Value(String),
    /// Text with columns in it.
    Template(Vec<Piece>),
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// What stands in a column.
    Column(String),
}

/// A condition on a row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The column.
    pub column: String,
    /// Its text, or the texts it may be.
    #[serde(deserialize_with = "one_or_more")]
    pub equals: Vec<String>,
}

fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a list of texts")]
    enum Texts {
        One(String),
        More(Vec<String>),
    }
    Texts::deserialize(from).map(|texts| match texts {
        Texts::One(text) => vec![text],
        Texts::More(texts) => texts,
    })
}

impl When {
    /// Does the row fulfil it?
    ///
    /// # Errors
    /// A cell that cannot be read.
    pub fn holds(&self, row: &Row) -> Result<bool, Problem> {
        let text = row.text(&self.column)?.trim();
        Ok(self.equals.iter().any(|wanted| wanted == text))
    }
}

/// How dates and numbers are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The date format.
    pub format: String,
    /// The zone of times without one.
    pub zone: Tz,
    /// A comma stands before the decimals.
    pub decimal_comma: bool,
    /// Every line is a microsecond later than the one before it, so that rows of one day keep their order.
    pub line_order: bool,
}

/// A field as it is read.
#[derive(Debug)]
pub struct Cell {
    /// Where its text comes from.
    pub source: Source,
    /// Only rows that fulfil this say anything.
    pub when: Option<When>,
    /// Texts that stand for nothing.
    pub null: Vec<String>,
    /// Texts that stand for others.
    pub map: BTreeMap<String, String>,
    /// What every text stands for that is not among them.
    pub otherwise: Option<String>,
    /// What the value is.
    pub shape: Shape,
    /// The closed list it is from, if it is from one.
    pub choices: Vec<String>,
    /// How it is written.
    pub reading: Reading,
}

/// What is wrong in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The column; empty for the whole row.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// Why it cannot be, in people's words.
    pub reason: String,
}

/// A problem with a row and not with one of its columns.
pub fn whole(reason: impl Into<String>) -> Problem {
    Problem { column: String::new(), value: String::new(), reason: reason.into() }
}

impl Source {
    /// Reads a template: `{column}` stands for a cell, `{{` for a brace.
    ///
    /// # Errors
    /// A brace without its partner.
    pub fn template(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        let mut plain = String::new();
        while let Some((before, after)) = rest.split_once('{') {
            plain.push_str(before);
            if let Some(after) = after.strip_prefix('{') {
                plain.push('{');
                rest = after;
                continue;
            }
            let (column, after) = after.split_once('}').ok_or("the template has a { without its }")?;
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Column(column.to_owned()));
            rest = after;
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Ok(Self::Template(pieces))
    }

    /// The columns it reads.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Column(column) => vec![column],
            Self::Value(_) => Vec::new(),
            Self::Template(pieces) => pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Column(column) => Some(column.as_str()),
                    Piece::Text(_) => None,
                })
                .collect(),
        }
    }

    /// The text in a row, without blanks around it. A template of which a column is empty is empty.
    ///
    /// # Errors
    /// A cell that cannot be read.
    pub fn text<'r>(&'r self, row: &'r Row) -> Result<Cow<'r, str>, Problem> {
        match self {
            Self::Column(column) => Ok(Cow::Borrowed(row.text(column)?.trim())),
            Self::Value(value) => Ok(Cow::Borrowed(value.trim())),
            Self::Template(pieces) => {
                let mut whole = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => whole.push_str(text),
                        Piece::Column(column) => match row.text(column)?.trim() {
                            "" => return Ok(Cow::Borrowed("")),
                            text => whole.push_str(text),
                        },
                    }
                }
                Ok(Cow::Owned(whole))
            }
        }
    }

    /// A problem with what stands there.
    pub fn problem(&self, row: &Row, reason: impl Into<String>) -> Problem {
        let column = self.columns().join(", ");
        let value = self.text(row).map(Cow::into_owned).unwrap_or_default();
        Problem { column, value, reason: reason.into() }
    }
}

impl Cell {
    /// The text in a row after nulls and maps; none for an empty one.
    ///
    /// # Errors
    /// A cell that cannot be read, or one that the map does not know.
    pub fn text<'r>(&'r self, row: &'r Row) -> Result<Option<Cow<'r, str>>, Problem> {
        if let Some(when) = &self.when
            && !when.holds(row)?
        {
            return Ok(None);
        }
        let text = self.source.text(row)?;
        let some = |text: Cow<'r, str>| (!text.is_empty()).then_some(text);
        if let Some(mapped) = self.map.get(text.as_ref()) {
            return Ok(some(Cow::Borrowed(mapped)));
        }
        if text.is_empty() || self.null.iter().any(|null| *null == text) {
            return Ok(None);
        }
        if let Some(otherwise) = &self.otherwise {
            return Ok(some(Cow::Borrowed(otherwise)));
        }
        if !self.choices.is_empty() && !self.choices.iter().any(|choice| *choice == text) {
            let known: Vec<_> = self.map.keys().chain(&self.choices).map(String::as_str).collect();
            return Err(self.source.problem(row, format!("expected one of {}", known.join(", "))));
        }
        Ok(some(text))
    }

    /// The value in a row; none for an empty cell.
    ///
    /// # Errors
    /// It is not what the field holds.
    pub fn value(&self, row: &Row) -> Result<Option<Value>, Problem> {
        let Some(text) = self.text(row)? else { return Ok(None) };
        self.parse(&text, row.line).map(Some).map_err(|reason| self.source.problem(row, reason))
    }

    fn parse(&self, text: &str, line: u64) -> Result<Value, String> {
        match self.shape {
            Shape::Text(kind) => words(kind, text).map(|text| Value::String(Some(text))),
            Shape::Choice(_) => Ok(Value::String(Some(text.to_owned()))),
            Shape::Int => {
                let number = self.number(text, 0)?.try_into();
                number.map(|number| Value::Int(Some(number))).map_err(|_| "expected at most 2147483647".to_owned())
            }
            Shape::Long => self.number(text, 0).map(|number| Value::BigInt(Some(number))),
            Shape::Decimal(scale) => self.number(text, scale).map(|number| Value::BigInt(Some(number))),
            Shape::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Ok(Value::Bool(Some(true))),
                "false" | "no" | "0" => Ok(Value::Bool(Some(false))),
                _ => Err("expected true or false".to_owned()),
            },
            Shape::Date => self.reading.day(text).map(|day| Value::ChronoDate(Some(day))),
            Shape::DateTime => self.reading.moment(text, line).map(|at| Value::ChronoDateTimeUtc(Some(at))),
            Shape::Id | Shape::AnyId | Shape::TextList | Shape::Money => Ok(Value::String(Some(text.to_owned()))),
        }
    }
}

impl Cell {
    fn number(&self, text: &str, decimals: u32) -> Result<i64, String> {
        money::parse_decimal(&self.reading.number(text)?, decimals).map_err(|error| error.to_string())
    }
}

/// A text of a kind, as the graph keeps it.
fn words(kind: Text, text: &str) -> Result<String, String> {
    spell(kind, text).map_err(|expected| format!("expected {expected}"))
}

/// A text by which a row is known, as the graph keeps it.
pub fn known_by(field: &str, text: &str) -> String {
    match field {
        "email" => spell(Text::Email, text).unwrap_or_else(|_| text.to_owned()),
        "domain" => spell(Text::Domain, text).unwrap_or_else(|_| text.to_owned()),
        "code" => crate::campaign::rules::normalise_code(text).unwrap_or_else(|_| text.to_owned()),
        _ => text.to_owned(),
    }
}

impl Reading {
    /// A number as it is kept.
    ///
    /// # Errors
    /// What is expected.
    pub fn number(&self, text: &str) -> Result<String, String> {
        number::plain(text, self.decimal_comma)
    }

    /// A day.
    ///
    /// # Errors
    /// What is expected.
    pub fn day(&self, text: &str) -> Result<NaiveDate, String> {
        match self.local(text) {
            Some(local) => Ok(local.date()),
            None => self.absolute(text).map(|at| at.with_timezone(&self.zone).date_naive()),
        }
    }

    /// A moment, in whole microseconds.
    ///
    /// # Errors
    /// What is expected.
    pub fn moment(&self, text: &str, line: u64) -> Result<DateTime<Utc>, String> {
        let at = match self.local(text) {
            Some(local) => self.in_zone(local)?,
            None => self.absolute(text)?,
        };
        let after = if self.line_order { i64::try_from(line).unwrap_or_default() } else { 0 };
        let at = calendar::moment(at).ok_or_else(|| format!("expected {}", self.example()))?;
        Ok(at + Duration::microseconds(after))
    }

    fn local(&self, text: &str) -> Option<NaiveDateTime> {
        if self.format == RFC3339 {
            return None;
        }
        let day = || NaiveDate::parse_from_str(text, &self.format).ok().map(|day| day.and_time(NaiveTime::MIN));
        NaiveDateTime::parse_from_str(text, &self.format).ok().or_else(day).filter(|local| is_plausible(local.date()))
    }

    fn absolute(&self, text: &str) -> Result<DateTime<Utc>, String> {
        let at = match self.format.as_str() {
            RFC3339 => parse_moment(text),
            format => DateTime::parse_from_str(text, format).ok().map(|at| at.with_timezone(&Utc)),
        };
        at.filter(|at| is_plausible(at.date_naive())).ok_or_else(|| format!("expected {}", self.example()))
    }

    /// When a clock of the zone shows this. Of an hour that comes twice the first; an hour that is left out is over.
    fn in_zone(&self, local: NaiveDateTime) -> Result<DateTime<Utc>, String> {
        (0..=4)
            .filter_map(|half_hours| {
                let later = local + Duration::minutes(30 * half_hours);
                self.zone.from_local_datetime(&later).earliest()
            })
            .next()
            .map(|at| at.with_timezone(&Utc))
            .ok_or_else(|| format!("there is no such time in {}", self.zone))
    }

    fn example(&self) -> String {
        let sample =
            NaiveDate::from_ymd_opt(2018, 12, 31).and_then(|day| day.and_hms_opt(17, 30, 0)).unwrap_or_default();
        match self.format.as_str() {
            RFC3339 => "a time like 2018-12-31T17:30:00Z".to_owned(),
            format => format!("a date like {}", sample.and_utc().format(format)),
        }
    }
}

/// Two digits of a year that stand for the first century are a mistake.
fn is_plausible(day: NaiveDate) -> bool {
    use chrono::Datelike;
    (1900..=2200).contains(&day.year())
}

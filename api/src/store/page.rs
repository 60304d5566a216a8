//! Keyset pages: the order of a list, its cursors, and the condition "after this row".
//!
//! Empty values come last in every order, ties are broken by id, and a cursor belongs to the order that made it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::descriptor::{Currency, Field, Shape, Text};
use super::keys::RULES;
use super::row::{Cell, Stored};
use super::sql::Sql;
use crate::calendar;
use crate::error::{Error, Result};

/// One key of an order.
#[derive(Clone, Copy)]
pub struct Key {
    /// The field.
    pub field: &'static Field,
    /// Not the amount itself but its currency.
    pub by_currency: bool,
    /// Largest first.
    pub descending: bool,
}

impl Key {
    /// The keys of a field. Amounts of different currencies cannot be compared: they are ordered by their currency first.
    pub fn of(field: &'static Field, descending: bool) -> impl Iterator<Item = Self> {
        let key = Self { field, by_currency: false, descending };
        let differs = matches!(field.currency(), Some(Currency::Column(_)));
        let currency = differs.then_some(Self { by_currency: true, ..key });
        currency.into_iter().chain([key])
    }

    /// What its values are.
    pub fn shape(&self) -> Shape {
        if self.by_currency { Shape::Text(Text::Currency) } else { self.field.shape }
    }

    /// How they are stored: texts by their places in the order.
    pub fn stored(&self) -> Stored {
        if self.field.sorted.is_some() { Stored::Bytes } else { Stored::of(self.shape()) }
    }
}

/// One key of an order in a statement.
pub(crate) struct KeySql {
    /// The value.
    pub value: Sql,
    /// Largest first.
    pub descending: bool,
    /// Empty values exist.
    pub nullable: bool,
}

/// A place in a list: the values of the keys, then the id.
#[derive(Clone, Debug)]
pub struct Cursor {
    /// The values of the keys; none for empty.
    pub values: Vec<Option<Value>>,
    /// The row.
    pub id: Uuid,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// So many rows at most.
    pub limit: u64,
    /// Counted from the end.
    pub backward: bool,
    /// Behind this row.
    pub after: Option<Cursor>,
    /// Before this row.
    pub before: Option<Cursor>,
}

/// `ORDER BY` for the keys and the id; reversed for a page counted from the end.
pub(crate) fn order_by(keys: &[KeySql], id: &str, backward: bool) -> Sql {
    let mut all = Vec::new();
    for key in keys {
        let mut sql = key.value.clone();
        sql.push(if key.descending == backward { " ASC" } else { " DESC" });
        if key.nullable {
            sql.push(if backward { " NULLS FIRST" } else { " NULLS LAST" });
        }
        all.push(sql);
    }
    all.push(Sql::text(format!("{id}{}", if ties_descend(keys) == backward { " ASC" } else { " DESC" })));
    Sql::listed(all)
}

/// Ties follow the direction of the last key, so that one index serves both.
fn ties_descend(keys: &[KeySql]) -> bool {
    keys.last().is_some_and(|key| key.descending)
}

/// The rows strictly on the far side of `cursor`: later ones, or earlier ones if `backward`.
pub(crate) fn beyond(keys: &[KeySql], id: &str, cursor: &Cursor, backward: bool) -> Sql {
    if let ([key], [Some(value)], false) =
        (keys, cursor.values.as_slice(), backward && keys.iter().any(|key| key.nullable))
    {
        return row_comparison(key, id, value, cursor.id, backward);
    }
    let mut ways = Vec::new();
    let mut same = Vec::new();
    for (key, value) in keys.iter().zip(&cursor.values) {
        if let Some(later) = key_beyond(key, value.as_ref(), backward) {
            ways.push(Sql::all(same.iter().cloned().chain([later]).collect()));
        }
        same.push(key_equal(key, value.as_ref()));
    }
    let mut tie = Sql::text(format!("{id}{}", if ties_descend(keys) == backward { " > " } else { " < " }));
    tie.bind(cursor.id);
    same.push(tie);
    ways.push(Sql::all(same));
    Sql::any(ways)
}

/// One key: a row comparison, which both databases turn into an index range.
fn row_comparison(key: &KeySql, id: &str, value: &Value, last: Uuid, backward: bool) -> Sql {
    let mut pair = Sql::text("(");
    pair.append(key.value.clone()).push(&format!(", {id})"));
    pair.push(if key.descending == backward { " > (" } else { " < (" });
    pair.bind(value.clone()).push(", ").bind(last).push(")");
    if !key.nullable {
        return pair;
    }
    let mut empty = key.value.clone();
    empty.push(" IS NULL");
    Sql::any(vec![pair, empty])
}

fn key_beyond(key: &KeySql, value: Option<&Value>, backward: bool) -> Option<Sql> {
    let mut sql = key.value.clone();
    match (value, backward) {
        (None, false) => return None,
        (None, true) => {
            sql.push(" IS NOT NULL");
        }
        (Some(value), _) => {
            sql.push(if key.descending == backward { " > " } else { " < " }).bind(value.clone());
            if key.nullable && !backward {
                let mut empty = key.value.clone();
                empty.push(" IS NULL");
                return Some(Sql::any(vec![sql, empty]));
            }
        }
    }
    Some(sql)
}

fn key_equal(key: &KeySql, value: Option<&Value>) -> Sql {
    let mut sql = key.value.clone();
    match value {
        Some(value) => sql.push(" = ").bind(value.clone()),
        None => sql.push(" IS NULL"),
    };
    sql
}

/// The text of a cursor: the order's name, the values, the id, and a checksum against accidents and tampering.
pub(crate) fn encode(order: &str, values: &[Json], id: Uuid) -> String {
    let body = Json::from(vec![Json::from(order), Json::from(values.to_vec()), Json::from(id.simple().to_string())]);
    let body = body.to_string();
    let mut bytes = checksum(body.as_bytes()).to_vec();
    bytes.extend(body.bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a cursor of this order.
///
/// # Errors
/// BAD_USER_INPUT: it is none of ours, was changed, or belongs to another order.
pub(crate) fn decode(text: &str, order: &str, keys: &[Key]) -> Result<Cursor> {
    read(text, order, keys).ok_or_else(|| {
        Error::bad_input("The cursor does not belong to this list and order. Start again without a cursor.")
    })
}

fn read(text: &str, order: &str, keys: &[Key]) -> Option<Cursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (sum, body) = bytes.split_at_checked(CHECKSUM)?;
    if sum != checksum(body) {
        return None;
    }
    let (made_for, values, id): (String, Vec<Json>, String) = serde_json::from_slice(body).ok()?;
    if made_for != order || values.len() != keys.len() {
        return None;
    }
    let values = values.iter().zip(keys).map(|(value, key)| from_json(value, key)).collect::<Option<_>>()?;
    Some(Cursor { values, id: Uuid::try_parse(&id).ok()? })
}

const CHECKSUM: usize = 6;

/// Places in an order of texts are those of the rules by which keys are worked out.
fn checksum(body: &[u8]) -> [u8; CHECKSUM] {
    let digest = Sha256::new().chain_update(b"tributary cursor 2").chain_update(RULES).chain_update(body).finalize();
    let mut sum = [0; CHECKSUM];
    sum.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    sum
}

/// A key's value as it stands in a cursor.
pub(crate) fn to_json(cell: &Cell) -> Json {
    match cell {
        Cell::Null => Json::Null,
        Cell::Id(id) => Json::from(id.simple().to_string()),
        Cell::Text(text) => Json::from(text.as_str()),
        Cell::Int(number) => Json::from(*number),
        Cell::Bool(yes) => Json::from(*yes),
        Cell::Time(time) => Json::from(time.timestamp_micros()),
        Cell::Day(day) => Json::from(day.to_string()),
        Cell::Json(json) => json.clone(),
        Cell::Bytes(bytes) => Json::from(URL_SAFE_NO_PAD.encode(bytes)),
    }
}

fn from_json(json: &Json, key: &Key) -> Option<Option<Value>> {
    if json.is_null() {
        return Some(None);
    }
    let value = match key.shape() {
        Shape::Text(_) if key.stored() == Stored::Bytes => {
            Value::Bytes(Some(URL_SAFE_NO_PAD.decode(json.as_str()?).ok()?))
        }
        Shape::Id | Shape::AnyId => Value::Uuid(Some(Uuid::try_parse(json.as_str()?).ok()?)),
        // PostgreSQL knows no text with NUL, so no cursor of ours has one.
        Shape::Text(_) | Shape::Choice(_) => {
            Value::String(Some(json.as_str().filter(|text| !text.contains('\0'))?.to_owned()))
        }
        Shape::Int | Shape::Long | Shape::Decimal(_) | Shape::Money => Value::BigInt(Some(json.as_i64()?)),
        Shape::Boolean => Value::Bool(Some(json.as_bool()?)),
        Shape::DateTime => Value::ChronoDateTimeUtc(Some(
            DateTime::<Utc>::from_timestamp_micros(json.as_i64()?).and_then(calendar::moment)?,
        )),
        Shape::Date => Value::ChronoDate(Some(calendar::parse_day(json.as_str()?)?)),
        Shape::TextList => return None,
    };
    Some(Some(value))
}

//! Narrow rows: only the asked cells, decoded by position.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::DbErr;
use serde_json::Value as Json;
use uuid::Uuid;

use super::descriptor::Shape;
use super::found::Line;

/// One decoded value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Empty.
    Null,
    /// An id.
    Id(Uuid),
    /// Text or a choice.
    Text(String),
    /// A whole number: also minor units and scaled decimals.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// A moment.
    Time(DateTime<Utc>),
    /// A day.
    Day(NaiveDate),
    /// Structured data.
    Json(Json),
    /// A place in an order.
    Bytes(Vec<u8>),
}

impl Cell {
    /// The id, if it is one.
    pub fn id(&self) -> Option<Uuid> {
        if let Self::Id(id) = self { Some(*id) } else { None }
    }

    /// The number, if it is one.
    pub fn int(&self) -> Option<i64> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Is it a yes?
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }
}

/// How a cell is stored, which says how to decode it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// `uuid`
    Id,
    /// `text`
    Text,
    /// 32 bits
    Int,
    /// 64 bits
    Long,
    /// `boolean`
    Bool,
    /// `timestamptz`
    Time,
    /// `date`
    Day,
    /// `json`
    Json,
    /// `bytea`, `blob`
    Bytes,
}

impl Stored {
    /// How the value of a field is stored.
    pub fn of(shape: Shape) -> Self {
        match shape {
            Shape::Id | Shape::AnyId => Self::Id,
            Shape::Text(_) | Shape::Choice(_) => Self::Text,
            Shape::Int => Self::Int,
            Shape::Long | Shape::Decimal(_) | Shape::Money => Self::Long,
            Shape::Boolean => Self::Bool,
            Shape::DateTime => Self::Time,
            Shape::Date => Self::Day,
            Shape::TextList => Self::Json,
        }
    }
}

/// Decodes the cell at a position.
pub(super) fn decode(row: Line<'_>, at: usize, stored: Stored) -> Result<Cell, DbErr> {
    fn some<T>(value: Option<T>, cell: impl FnOnce(T) -> Cell) -> Cell {
        value.map_or(Cell::Null, cell)
    }
    Ok(match stored {
        Stored::Id => some(row.get(at)?, Cell::Id),
        Stored::Text => some(row.get(at)?, Cell::Text),
        Stored::Int => some(row.get::<Option<i32>>(at)?, |number| Cell::Int(number.into())),
        Stored::Long => some(row.get(at)?, Cell::Int),
        Stored::Bool => some(row.get(at)?, Cell::Bool),
        Stored::Time => some(row.get(at)?, Cell::Time),
        Stored::Day => some(row.get(at)?, Cell::Day),
        Stored::Json => some(row.get(at)?, Cell::Json),
        Stored::Bytes => some(row.get(at)?, Cell::Bytes),
    })
}

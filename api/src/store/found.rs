//! The rows that a read answered, by position: who decodes them does not know over which driver they came.

use std::any::type_name;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use rusqlite::types::ValueRef;
use sea_orm::sea_query::ArrayType;
use sea_orm::{ActiveEnum, DbErr, EntityTrait, Iterable, ModelTrait, QueryResult, TryGetable, Value};
use serde_json::Value as Json;
use uuid::Uuid;

use super::packed::Packed;

/// The rows that a statement answered.
pub(super) enum Found {
    /// As sqlx hands them out, one by one.
    Each(Vec<QueryResult>),
    /// As an SQLite file was read, all at once.
    Packed(Packed),
}

impl Found {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Each(rows) => rows.len(),
            Self::Packed(rows) => rows.len(),
        }
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Line<'_>> {
        (0..self.len()).filter_map(|at| self.line(at))
    }

    /// The first.
    pub fn first(&self) -> Option<Line<'_>> {
        self.line(0)
    }

    fn line(&self, at: usize) -> Option<Line<'_>> {
        match self {
            Self::Each(rows) => rows.get(at).map(Line::Each),
            Self::Packed(rows) => (at < rows.len()).then_some(Line::Packed(rows, at)),
        }
    }
}

/// One of the rows.
#[derive(Clone, Copy)]
pub(super) enum Line<'a> {
    /// See [`Found::Each`].
    Each(&'a QueryResult),
    /// See [`Found::Packed`].
    Packed(&'a Packed, usize),
}

impl<'a> Line<'a> {
    /// The value at a position.
    ///
    /// # Errors
    /// It is of another type, or empty where it must not be.
    pub fn get<T: Kept>(self, at: usize) -> Result<T, DbErr> {
        match self {
            Self::Each(row) => row.try_get_by_index(at),
            Self::Packed(rows, row) => {
                let value = rows.value(row, at).and_then(T::of);
                value.ok_or_else(|| DbErr::Type(format!("column {at} is no {}", type_name::<T>())))
            }
        }
    }

    /// The choice at a position.
    ///
    /// # Errors
    /// It is none of the choices, or empty.
    pub fn choice<C: ActiveEnum<Value = String>>(self, at: usize) -> Result<C, DbErr> {
        C::try_from_value(&self.get(at)?)
    }

    /// The row of a statement that selects the columns of a table in their order.
    ///
    /// # Errors
    /// It is no row of that table.
    pub fn model<E: EntityTrait<Model: Default>>(self) -> Result<E::Model, DbErr> {
        let mut model = E::Model::default();
        for (at, column) in E::Column::iter().enumerate() {
            model.try_set(column, self.value(at, &E::Model::get_value_type(column))?)?;
        }
        Ok(model)
    }

    fn value(self, at: usize, of: &ArrayType) -> Result<Value, DbErr> {
        Ok(match of {
            ArrayType::Bool => Value::Bool(self.get(at)?),
            ArrayType::Int => Value::Int(self.get(at)?),
            ArrayType::BigInt => Value::BigInt(self.get(at)?),
            ArrayType::String => Value::String(self.get(at)?),
            ArrayType::Bytes => Value::Bytes(self.get(at)?),
            ArrayType::Uuid => Value::Uuid(self.get(at)?),
            ArrayType::Json => Value::Json(self.get::<Option<Json>>(at)?.map(Box::new)),
            ArrayType::ChronoDate => Value::ChronoDate(self.get(at)?),
            ArrayType::ChronoDateTimeUtc => Value::ChronoDateTimeUtc(self.get(at)?),
            other => return Err(DbErr::Type(format!("no table has a column of {other:?}"))),
        })
    }

    /// Its cells, one after the other.
    pub fn cells(self) -> Cells<'a> {
        Cells { line: self, at: 0 }
    }
}

/// The cells of a row, one after the other.
pub struct Cells<'a> {
    line: Line<'a>,
    at: usize,
}

impl Cells<'_> {
    /// The next one.
    ///
    /// # Errors
    /// It is of another type, or empty where it must not be.
    pub fn take<T: Kept>(&mut self) -> Result<T, DbErr> {
        self.at += 1;
        self.line.get(self.at - 1)
    }

    /// The next one, which is a choice.
    ///
    /// # Errors
    /// It is none of the choices, or empty.
    pub fn choice<C: ActiveEnum<Value = String>>(&mut self) -> Result<C, DbErr> {
        C::try_from_value(&self.take()?)
    }

    /// The next one, which is a choice or empty.
    ///
    /// # Errors
    /// It is none of the choices.
    pub fn choice_or_none<C: ActiveEnum<Value = String>>(&mut self) -> Result<Option<C>, DbErr> {
        self.take::<Option<String>>()?.map(|text| C::try_from_value(&text)).transpose()
    }
}

/// What is made of the cells of a row, in the order in which they are selected.
pub trait Listed: Sized {
    /// Makes it.
    ///
    /// # Errors
    /// A cell holds something else.
    fn of(cells: &mut Cells<'_>) -> Result<Self, DbErr>;
}

/// What a cell can be read as. In an SQLite file it is kept as sqlx writes it.
pub trait Kept: TryGetable {
    /// The value; none if it is something else.
    fn of(value: ValueRef<'_>) -> Option<Self>;
}

impl<T: Kept> Kept for Option<T> {
    fn of(value: ValueRef<'_>) -> Option<Self> {
        if value == ValueRef::Null { Some(None) } else { T::of(value).map(Some) }
    }
}

macro_rules! kept {
    ($($kind:ty: $as_kept:pat => $value:expr;)+) => {$(
        impl Kept for $kind {
            fn of(value: ValueRef<'_>) -> Option<Self> {
                if let $as_kept = value { $value } else { None }
            }
        }
    )+};
}

kept! {
    bool: ValueRef::Integer(number) => Some(number != 0);
    i32: ValueRef::Integer(number) => number.try_into().ok();
    i64: ValueRef::Integer(number) => Some(number);
    f64: ValueRef::Real(number) => Some(number);
    String: ValueRef::Text(text) => String::from_utf8(text.to_vec()).ok();
    Vec<u8>: ValueRef::Blob(bytes) => Some(bytes.to_vec());
    Uuid: ValueRef::Blob(bytes) => Uuid::from_slice(bytes).ok();
    Json: ValueRef::Text(text) => serde_json::from_slice(text).ok();
    NaiveDate: ValueRef::Text(text) => std::str::from_utf8(text).ok()?.parse().ok();
    DateTime<Utc>: ValueRef::Text(text) => moment(std::str::from_utf8(text).ok()?);
}

/// A moment as it is written, or as SQLite itself would write it.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(moment) => Some(moment.to_utc()),
        Err(_) => NaiveDateTime::parse_from_str(text, "%F %T%.f").ok().map(|moment| moment.and_utc()),
    }
}

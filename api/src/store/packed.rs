//! The rows of an SQLite file as they were read, all values of a statement in two pieces of memory: a row more costs no
//! piece of its own.

use std::ops::Range;

use rusqlite::Row;
use rusqlite::types::ValueRef;

/// The rows that a statement answered.
#[derive(Debug)]
pub(super) struct Packed {
    /// Columns of a row.
    width: usize,
    values: Vec<Value>,
    /// Texts and bytes, one behind the other.
    bytes: Vec<u8>,
}

#[derive(Debug)]
enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(Range<usize>),
    Blob(Range<usize>),
}

impl Packed {
    /// No rows yet, of so many columns.
    pub fn new(width: usize) -> Self {
        Self { width, values: Vec::new(), bytes: Vec::new() }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or_default()
    }

    /// Adds a row.
    ///
    /// # Errors
    /// It has fewer columns.
    pub fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        for at in 0..self.width {
            let value = match row.get_ref(at)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Integer(number),
                ValueRef::Real(number) => Value::Real(number),
                ValueRef::Text(text) => Value::Text(self.kept(text)),
                ValueRef::Blob(bytes) => Value::Blob(self.kept(bytes)),
            };
            self.values.push(value);
        }
        Ok(())
    }

    fn kept(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    /// The value of a row at a column; none if there is no such place.
    pub fn value(&self, row: usize, column: usize) -> Option<ValueRef<'_>> {
        let value = self.values.get(row * self.width + column).filter(|_| column < self.width)?;
        Some(match value {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(place) => ValueRef::Text(self.bytes.get(place.clone())?),
            Value::Blob(place) => ValueRef::Blob(self.bytes.get(place.clone())?),
        })
    }
}

//! Reads what a question's statement answers.

use sea_orm::DbErr;
use uuid::Uuid;

use super::{Group, Measure, Measured, Question};
use crate::store::found::Line;
use crate::store::row::{Cell, Stored, decode};
use crate::store::sql::exact;

impl Question<'_> {
    /// One row of the answer: the parent, the keys (each after what it is ordered by), the currencies, the count, the
    /// measures, the relations.
    pub(super) fn decode(&self, row: Line<'_>, has_parent: bool) -> Result<Group, DbErr> {
        let mut cells = Cells { row, at: usize::from(has_parent) };
        let parent = if has_parent { row.get(0)? } else { Uuid::nil() };
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            cells.at += key.order.len();
            keys.push(cells.next(key.stored)?);
        }
        let currencies = self.currencies.iter().map(|_| cells.next(Stored::Text)).collect::<Result<_, _>>()?;
        let count = cells.number()?;
        let measures = self.measures.iter().map(|measure| measure.decode(&mut cells)).collect::<Result<_, _>>()?;
        let relations = self.relations.iter().map(|_| cells.float()).collect::<Result<_, _>>()?;
        Ok(Group { parent, keys, currencies, count, measures, relations })
    }
}

impl Measure {
    fn decode(&self, cells: &mut Cells<'_>) -> Result<Measured, DbErr> {
        let count = cells.number()?;
        let distinct = if self.distinct { cells.number()? } else { 0 };
        let (min, max) =
            if self.range { (cells.next(self.stored)?, cells.next(self.stored)?) } else { (Cell::Null, Cell::Null) };
        let sum = if self.sum { exact(cells.next(Stored::Text)?.text()) } else { 0 };
        let points = self.points.iter().map(|_| cells.float()).collect::<Result<_, _>>()?;
        Ok(Measured { count, distinct, min, max, sum, points })
    }
}

/// The cells of a row, one after the other.
struct Cells<'a> {
    row: Line<'a>,
    at: usize,
}

impl Cells<'_> {
    fn next(&mut self, stored: Stored) -> Result<Cell, DbErr> {
        self.at += 1;
        decode(self.row, self.at - 1, stored)
    }

    fn number(&mut self) -> Result<i64, DbErr> {
        Ok(self.next(Stored::Long)?.int().unwrap_or_default())
    }

    fn float(&mut self) -> Result<Option<f64>, DbErr> {
        self.at += 1;
        self.row.get(self.at - 1)
    }
}

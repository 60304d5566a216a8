//! Figures over the rows of a list, as a whole or in groups: counts, sums, ranges, percentiles, and what relates groups.
//!
//! A [`Question`] is one statement. Its rows are groups by the client's keys and, where amounts are to be kept apart, by
//! their currencies. What cannot be put together from parts of a group (how many different values, a percentile, a ratio) is
//! asked in a question without such further keys.

mod answer;
pub(crate) mod key;
mod statement;

use std::collections::HashMap;

use uuid::Uuid;

use super::Reader;
use super::database::classify;
use super::descriptor::Descriptor;
use super::filter::{Comparison, Filter};
use super::row::{Cell, Stored};
use super::select::{BASE, Of};
use super::sql::Sql;
use crate::access::Kind;
use crate::error::{Error, Result};
pub(crate) use key::GroupKey;

/// What is asked of the rows of a list: one statement.
#[derive(Clone)]
pub(crate) struct Question<'a> {
    /// The entity.
    pub of: &'a Descriptor,
    /// What rows are grouped by.
    pub keys: Vec<GroupKey>,
    /// The currencies by which the groups are divided further.
    pub currencies: Vec<Sql>,
    /// What is measured in each group.
    pub measures: Vec<Measure>,
    /// Numbers of each group that are set in relation.
    pub numbers: Vec<Number>,
    /// What is answered of them.
    pub relations: Vec<Relation>,
    /// Which groups are answered, in which order.
    pub ranking: Option<Ranking>,
}

/// What is measured of one value.
#[derive(Clone)]
pub(crate) struct Measure {
    /// The value.
    pub value: Sql,
    /// How the least and the greatest are stored.
    pub stored: Stored,
    /// How many different values there are is wanted.
    pub distinct: bool,
    /// The least and the greatest value are wanted.
    pub range: bool,
    /// The sum is wanted.
    pub sum: bool,
    /// The percentiles that are wanted, from 0 to 1.
    pub points: Vec<f64>,
}

impl Measure {
    /// How many rows have a value.
    pub fn count(value: Sql, stored: Stored) -> Self {
        Self { value, stored, distinct: false, range: false, sum: false, points: Vec::new() }
    }

    /// Measures what another one of the same value measures as well.
    pub fn also(&mut self, other: Self) {
        self.distinct |= other.distinct;
        self.range |= other.range;
        self.sum |= other.sum;
        for point in other.points {
            if !self.points.contains(&point) {
                self.points.push(point);
            }
        }
    }
}

/// A number of each group.
#[derive(Clone, PartialEq)]
pub(crate) struct Number {
    /// What is made of the values.
    pub function: Function,
    /// The value.
    pub value: Sql,
    /// Divided by this one, and times this power of ten.
    pub over: Option<(Box<Number>, i32)>,
}

impl Number {
    /// A number that is not divided.
    pub fn of(function: Function, value: Sql) -> Self {
        Self { function, value, over: None }
    }

    /// Can it be put together from the same of parts of the values?
    fn adds_up(&self) -> bool {
        let of_parts = matches!(self.function, Function::Count | Function::Sum | Function::Min | Function::Max);
        of_parts && self.over.as_ref().is_none_or(|(by, _)| by.adds_up())
    }
}

/// What is made of many values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Function {
    /// How many there are.
    Count,
    /// How many different ones.
    CountDistinct,
    /// Their sum; 0 of none.
    Sum,
    /// Their mean.
    Avg,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The value below which this part of them lies, between neighbours in proportion.
    Percentile(f64),
}

/// What is answered of the numbers of a group, each given by its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Relation {
    /// The number itself.
    Number(usize),
    /// Its part of the sum over all groups.
    Share(usize),
    /// Its sum over all groups up to this one.
    Running(usize),
}

impl Relation {
    /// The place of its number.
    fn number(self) -> usize {
        match self {
            Self::Number(at) | Self::Share(at) | Self::Running(at) => at,
        }
    }
}

/// Which groups are answered, in which order.
#[derive(Clone, Default)]
pub(crate) struct Ranking {
    /// The order; ties are broken by the keys.
    pub order: Vec<(By, bool)>,
    /// What numbers must pass.
    pub having: Vec<(usize, Comparison, f64)>,
    /// At most so many.
    pub first: Option<u64>,
}

/// What groups are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A key, by its place.
    Key(usize),
    /// A number, by its place.
    Number(usize),
}

/// The figures of one group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// The parent whose rows they are (nil without one).
    pub parent: Uuid,
    /// The values of the keys.
    pub keys: Vec<Cell>,
    /// The currencies.
    pub currencies: Vec<Cell>,
    /// Rows in the group.
    pub count: i64,
    /// What each [`Measure`] found.
    pub measures: Vec<Measured>,
    /// The answers of the [`Relation`]s.
    pub relations: Vec<Option<f64>>,
}

/// What a [`Measure`] found.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// Rows with a value.
    pub count: i64,
    /// Different values; 0 if it was not wanted.
    pub distinct: i64,
    /// The least value; empty if it was not wanted.
    pub min: Cell,
    /// The greatest value; empty if it was not wanted.
    pub max: Cell,
    /// The sum; 0 of nothing, and if it was not wanted.
    pub sum: i128,
    /// The percentiles.
    pub points: Vec<Option<f64>>,
}

impl Default for Measured {
    /// What is found in no rows.
    fn default() -> Self {
        Self { count: 0, distinct: 0, min: Cell::Null, max: Cell::Null, sum: 0, points: Vec::new() }
    }
}

impl<'a> Question<'a> {
    /// How many rows there are, and nothing else.
    pub fn new(of: &'a Descriptor) -> Self {
        Self {
            of,
            keys: Vec::new(),
            currencies: Vec::new(),
            measures: Vec::new(),
            numbers: Vec::new(),
            relations: Vec::new(),
            ranking: None,
        }
    }

    /// Can its groups be put together from parts?
    fn adds_up(&self) -> bool {
        self.numbers.iter().all(Number::adds_up)
            && self.measures.iter().all(|one| !one.distinct && one.points.is_empty())
    }

    /// What its relations are of no rows, where that does not depend on other groups: counts and sums are 0.
    pub fn of_nothing(&self) -> Vec<Option<f64>> {
        let number = |relation: &Relation| match relation {
            Relation::Number(at) => self.numbers.get(*at),
            Relation::Share(_) | Relation::Running(_) => None,
        };
        let counts = |number: &&Number| {
            number.over.is_none()
                && matches!(number.function, Function::Count | Function::CountDistinct | Function::Sum)
        };
        self.relations.iter().map(|relation| number(relation).filter(counts).map(|_| 0.0)).collect()
    }

    /// Are only some of its groups answered?
    pub fn is_cut(&self) -> bool {
        self.ranking.as_ref().is_some_and(|ranking| ranking.first.is_some() || !ranking.having.is_empty())
    }

    /// Must groups be looked at beside each other?
    fn compares_groups(&self) -> bool {
        self.ranking.is_some() || self.relations.iter().any(|one| !matches!(one, Relation::Number(_)))
    }
}

impl Reader {
    /// Counts the rows of a list, for each parent if it has parents.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD in the filter; database errors.
    pub async fn count(
        &self,
        of: &Descriptor,
        rows: Of<'_>,
        filter: Option<&Filter>,
        weight: u64,
    ) -> Result<HashMap<Uuid, i64>> {
        let groups = self.figures(&Question::new(of), rows, filter, None, weight).await?;
        Ok(groups.into_iter().map(|group| (group.parent, group.count)).collect())
    }

    /// Answers a question: one statement. Groups come in the order of their ranking, else of their keys.
    ///
    /// # Errors
    /// BAD_USER_INPUT: there are more than `most` groups; FORBIDDEN_FIELD; database errors.
    pub(crate) async fn figures(
        &self,
        question: &Question<'_>,
        rows: Of<'_>,
        filter: Option<&Filter>,
        most: Option<u64>,
        weight: u64,
    ) -> Result<Vec<Group>> {
        let sql = self.figures_sql(question, rows, filter, most.map(|most| most + 1))?;
        let found = self.read(sql.statement(self.backend()), weight).await?;
        if let Some(most) = most.filter(|most| found.len() as u64 > *most) {
            return Err(too_many_groups(most));
        }
        let has_parent = matches!(rows, Of::Parents(..));
        found.iter().map(|row| question.decode(row, has_parent).map_err(classify)).collect()
    }

    /// The sum of an amount over the rows that point at each parent with `column`: one statement for all parents.
    /// A parent without rows is missing.
    ///
    /// # Errors
    /// FORBIDDEN; FORBIDDEN_FIELD; database errors.
    pub async fn sums(
        &self,
        kind: Kind,
        field: &str,
        column: &'static str,
        parents: &[Uuid],
        filter: &Filter,
    ) -> Result<HashMap<Uuid, i128>> {
        let of = self.graph().of(kind);
        let field = of.field(field).ok_or_else(|| Error::internal(format!("no field {}.{field}", of.name)))?;
        let value = self.readable(of, field, BASE)?.value;
        let sum = Measure { sum: true, ..Measure::count(value, Stored::of(field.shape)) };
        let question = Question { measures: vec![sum], ..Question::new(of) };
        let groups = self.figures(&question, Of::Parents(column, parents), Some(filter), None, 0).await?;
        let sum = |group: Group| (group.parent, group.measures.first().map_or(0, |found| found.sum));
        Ok(groups.into_iter().map(sum).collect())
    }
}

/// Groups are refused rather than cut: what would be left of them would be wrong.
pub(crate) fn too_many_groups(most: u64) -> Error {
    Error::bad_input(format!(
        "by: more than {most} groups, those of every row and every currency counted. Narrow the filter, use a longer \
         bucket, ask for the `first` of them, or for fewer rows at once."
    ))
}

//! Counts and sums of a list, as a whole or in groups.

use std::collections::HashMap;

use uuid::Uuid;

use super::Reader;
use super::database::classify;
use super::descriptor::{Descriptor, Key as LinkKey, Link};
use super::filter::{Filter, forbidden_field};
use super::reach::FieldGrant;
use super::row::{Cell, Stored, decode};
use super::select::{BASE, Of};
use super::sql::{Dialect, Sql, exact};
use crate::access::{Action, Kind};
use crate::error::{Error, Result};

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
        let totals = Totals { of, keys: Vec::new(), sums: Vec::new() };
        let groups = self.totals(&totals, rows, filter, None, weight).await?;
        Ok(groups.into_iter().map(|group| (group.parent, group.count)).collect())
    }

    /// Counts and sums the rows of a list in groups: one statement.
    ///
    /// # Errors
    /// BAD_USER_INPUT: there are more than `most` groups; FORBIDDEN_FIELD; database errors.
    pub(crate) async fn totals(
        &self,
        totals: &Totals<'_>,
        rows: Of<'_>,
        filter: Option<&Filter>,
        most: Option<u64>,
        weight: u64,
    ) -> Result<Vec<Group>> {
        let sql = self.totals_sql(totals, rows, filter, most.map(|most| most + 1))?;
        let found = self.read(sql.statement(self.backend()), weight).await?;
        if let Some(most) = most.filter(|most| found.len() as u64 > *most) {
            return Err(too_many_groups(most));
        }
        let has_parent = matches!(rows, Of::Parents(..));
        let mut groups = Vec::with_capacity(found.len());
        for row in &found {
            groups.push(totals.decode(row, has_parent).map_err(classify)?);
        }
        Ok(groups)
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
        let sum = Sum { value, stored: Stored::of(field.shape), range: false, sum: true };
        let totals = Totals { of, keys: Vec::new(), sums: vec![sum] };
        let groups = self.totals(&totals, Of::Parents(column, parents), Some(filter), None, 0).await?;
        let sum = |group: Group| (group.parent, group.sums.first().map_or(0, |figures| figures.sum));
        Ok(groups.into_iter().map(sum).collect())
    }

    fn totals_sql(
        &self,
        totals: &Totals<'_>,
        rows: Of<'_>,
        filter: Option<&Filter>,
        limit: Option<u64>,
    ) -> Result<Sql> {
        let of = totals.of;
        if !self.may_count(of) {
            return Err(Error::forbidden(format!("{}.count", of.name)));
        }
        let mut conditions = self.visible(of, Action::Count, BASE);
        let mut keys = Vec::new();
        match rows {
            Of::Parents(column, parents) => {
                conditions.extend(self.reference(of, column, BASE)?);
                let column = format!("{BASE}.{column}");
                conditions.insert(0, self.dialect().is_any(column.as_str(), parents));
                keys.push(Sql::text(column));
            }
            Of::Ids(ids) => conditions.insert(0, self.dialect().is_any(format!("{BASE}.id").as_str(), ids)),
            Of::All => {}
        }
        if let Some(filter) = filter {
            conditions.push(self.condition(of, filter, Action::Count, BASE)?);
        }
        let mut joins = Vec::new();
        for key in &totals.keys {
            keys.extend(key.order.clone());
            joins.extend(key.join.as_ref().map(|join| (keys.len(), join)));
            keys.push(key.value.clone());
        }
        let mut figures = vec![Aggregate::over(Function::Count, Sql::text("*"))];
        figures.extend(totals.sums.iter().flat_map(|sum| sum.aggregates(self.dialect())));
        let mut from = Sql::text(format!("{} {BASE} WHERE ", of.table));
        from.append(Sql::all(conditions));
        if !joins.is_empty() {
            from = self.grouped(&mut keys, &mut figures, from);
            for (place, Join { table, alias, visible }) in joins {
                let Some(pointed) = keys.get_mut(place) else { continue };
                let mut same = std::mem::replace(pointed, Sql::text(format!("{alias}.id")));
                same.push(&format!(" = {alias}.id"));
                from.push(&format!(" LEFT JOIN {table} {alias} ON "));
                from.append(Sql::all(std::iter::once(same).chain(visible.iter().cloned()).collect()));
            }
        }
        let grouped = keys.len();
        let cells = keys.into_iter().chain(figures.iter().map(|figure| figure.cell(self.dialect())));
        let mut sql = Sql::text("SELECT ");
        sql.append(Sql::listed(cells.collect())).push(" FROM ").append(from);
        if grouped > 0 {
            sql.push(" GROUP BY ")
                .append(places(grouped, ""))
                .push(" ORDER BY ")
                .append(places(grouped, " NULLS LAST"));
        }
        if let Some(limit) = limit {
            sql.known_limit(limit);
        }
        Ok(sql)
    }

    /// Rows that point at others are grouped by what they point at before they are joined with it, as there are fewer
    /// groups than rows. Answers the groups as a table; keys and figures become those of this table.
    fn grouped(&self, keys: &mut [Sql], figures: &mut [Aggregate], from: Sql) -> Sql {
        let (mut cells, grouped) = (Vec::new(), keys.len());
        let mut named = |mut cell: Sql| {
            let name = format!("c{}", cells.len());
            cell.push(" AS ").push(&name);
            cells.push(cell);
            Sql::text(format!("grouped.{name}"))
        };
        for key in keys {
            *key = named(std::mem::take(key));
        }
        for figure in figures {
            *figure = figure.of_groups(figure.parts().map(&mut named).collect());
        }
        let mut table = Sql::text("(SELECT ");
        table.append(Sql::listed(cells)).push(" FROM ").append(from);
        table.push(" GROUP BY ").append(places(grouped, "")).push(") AS grouped");
        table
    }

    /// The key of a group by a reference.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD: the reference itself is closed.
    pub(crate) fn reference_key(&self, of: &Descriptor, link: &Link, number: usize) -> Result<GroupKey> {
        let LinkKey::One(column) = link.key else { return Err(Error::bad_input("Group by single references only.")) };
        let alias = format!("g{number}");
        let target = self.graph().of(link.to);
        if self.would_pin_a_person(of, target) {
            return Err(forbidden_field(of, &link.name));
        }
        let mut value = Sql::text(format!("{BASE}.{column}"));
        match self.field_grant(of, &link.name, BASE) {
            FieldGrant::Open => {}
            FieldGrant::Where(condition) => {
                value = value.only_where(condition);
            }
            FieldGrant::Closed | FieldGrant::SumsOnly => return Err(forbidden_field(of, &link.name)),
        }
        let visible = self.visible(target, Action::Read, &alias);
        let join = Some(Join { table: target.table, alias, visible });
        Ok(GroupKey { value, stored: Stored::Id, order: None, join })
    }
}

/// Groups are refused rather than cut: what would be left of them would be wrong.
pub(crate) fn too_many_groups(most: u64) -> Error {
    Error::bad_input(format!(
        "by: more than {most} groups, those of every row and every currency counted. Narrow the filter, use a longer \
         bucket, or ask for fewer rows at once."
    ))
}

/// `1, 2, …`, each with what comes after it.
fn places(count: usize, after: &str) -> Sql {
    Sql::listed((1..=count).map(|place| Sql::text(format!("{place}{after}"))).collect())
}

/// What to count and sum, in which groups.
pub(crate) struct Totals<'a> {
    /// The entity.
    pub of: &'a Descriptor,
    /// What rows are grouped by.
    pub keys: Vec<GroupKey>,
    /// What is summed in each group.
    pub sums: Vec<Sum>,
}

/// One key of a group.
pub(crate) struct GroupKey {
    /// The value.
    pub value: Sql,
    /// How it is stored.
    pub stored: Stored,
    /// The bytes in whose order its groups come, if it is a text that is sorted by such.
    pub order: Option<Sql>,
    /// The value is the id of a row; the group has it only where the viewer may see that row.
    pub join: Option<Join>,
}

/// The table of the rows that groups point at.
pub(crate) struct Join {
    table: &'static str,
    alias: String,
    visible: Vec<Sql>,
}

/// A column that is summed.
pub(crate) struct Sum {
    /// The value.
    pub value: Sql,
    /// How the least and greatest are stored.
    pub stored: Stored,
    /// The least and the greatest value are wanted.
    pub range: bool,
    /// The sum is wanted.
    pub sum: bool,
}

impl Sum {
    fn aggregates(&self, dialect: Dialect) -> Vec<Aggregate> {
        let over = |function| Aggregate::over(function, self.value.clone());
        let mut figures = vec![over(Function::Count)];
        if self.range {
            figures.extend([over(Function::Min), over(Function::Max)]);
        }
        if self.sum {
            figures.push(Aggregate { function: Function::Sum, values: dialect.parts(self.value.clone()) });
        }
        figures
    }
}

/// An aggregate function and what it is over: one value, or the parts of a sum.
struct Aggregate {
    function: Function,
    values: Vec<Sql>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Count,
    /// The sum of counts.
    Total,
    Min,
    Max,
    Sum,
}

impl Aggregate {
    fn over(function: Function, value: Sql) -> Self {
        Self { function, values: vec![value] }
    }

    /// The same figure from the figures of groups.
    fn of_groups(&self, figures: Vec<Sql>) -> Self {
        let function = if self.function == Function::Count { Function::Total } else { self.function };
        Self { function, values: figures }
    }

    /// What a group has to say of the figure.
    fn parts(&self) -> impl Iterator<Item = Sql> {
        let name = match self.function {
            Function::Count => "COUNT(",
            Function::Min => "MIN(",
            Function::Max => "MAX(",
            Function::Sum | Function::Total => "SUM(",
        };
        self.values.iter().map(move |value| {
            let mut sql = Sql::text(name);
            sql.append(value.clone()).push(")");
            sql
        })
    }

    /// The figure as it is read.
    fn cell(&self, dialect: Dialect) -> Sql {
        match self.function {
            Function::Sum => dialect.exact_sum(&self.values),
            Function::Total => dialect.sum(Sql::listed(self.values.clone())),
            _ => Sql::listed(self.parts().collect()),
        }
    }
}

/// The figures of one group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// The parent whose rows they are (nil without one).
    pub parent: Uuid,
    /// The values of the keys.
    pub keys: Vec<Cell>,
    /// Rows in the group.
    pub count: i64,
    /// The figures of each [`Sum`].
    pub sums: Vec<Figures>,
}

/// What a [`Sum`] found.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// Rows with a value.
    pub count: i64,
    /// The least value; empty if it was not wanted.
    pub min: Cell,
    /// The greatest value; empty if it was not wanted.
    pub max: Cell,
    /// The sum; 0 of nothing, and if it was not wanted.
    pub sum: i128,
}

impl Totals<'_> {
    fn decode(&self, row: &sea_orm::QueryResult, has_parent: bool) -> Result<Group, sea_orm::DbErr> {
        let mut at = usize::from(has_parent);
        let parent = if has_parent { row.try_get_by_index(0)? } else { Uuid::nil() };
        let mut next = |stored| {
            at += 1;
            decode(row, at - 1, stored)
        };
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            if key.order.is_some() {
                next(Stored::Bytes)?;
            }
            keys.push(next(key.stored)?);
        }
        let count = next(Stored::Long)?.int().unwrap_or_default();
        let mut sums = Vec::with_capacity(self.sums.len());
        for sum in &self.sums {
            let count = next(Stored::Long)?.int().unwrap_or_default();
            let (min, max) = if sum.range { (next(sum.stored)?, next(sum.stored)?) } else { (Cell::Null, Cell::Null) };
            let total = if sum.sum { exact(next(Stored::Text)?.text()) } else { 0 };
            sums.push(Figures { count, min, max, sum: total });
        }
        Ok(Group { parent, keys, count, sums })
    }
}

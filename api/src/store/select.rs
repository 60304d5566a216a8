//! The statements of a plan: one level of rows, its counts, its sums.
//!
//! A level is one statement whatever the number of rows: to-one references are joined into it with their visibility in
//! the join condition, and the children of many parents are cut to a page for each parent inside the database.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::Reader;
use super::database::classify;
use super::descriptor::{Descriptor, Field, Key as LinkKey, Link};
use super::filter::{Filter, forbidden_field};
use super::page::{self, Key, KeySql, Page};
use super::reach::FieldGrant;
use super::row::{Cell, Stored, decode};
use super::sql::{Dialect, Sql};
use crate::access::{Action, Kind};
use crate::error::{Error, Result};

/// A decoded row.
pub type Row = Vec<Cell>;

/// The cells and joins of one level, under construction.
pub struct Select {
    /// The entity of the level.
    pub of: &'static Descriptor,
    cells: Vec<(Sql, Stored)>,
    joins: Vec<Sql>,
    joined: HashMap<(String, String), String>,
}

/// The alias of a level's own table.
pub const BASE: &str = "t0";

/// Which rows a level loads.
#[derive(Clone, Copy)]
pub enum Of<'a> {
    /// All the viewer may see.
    All,
    /// These.
    Ids(&'a [Uuid]),
    /// The children that point at these parents with this column.
    Parents(&'static str, &'a [Uuid]),
}

/// The part of a list that a level wants.
pub struct ListSql {
    /// Filter of the client.
    pub filter: Option<Filter>,
    /// Order of the client, without the id.
    pub order: Vec<Key>,
    /// The page.
    pub page: Page,
}

/// How a cell may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// To this viewer always.
    Open,
    /// Never to this viewer.
    Closed,
    /// Where this boolean cell is true.
    Where(usize),
}

impl Select {
    /// A level without cells.
    pub fn new(of: &'static Descriptor) -> Self {
        Self { of, cells: Vec::new(), joins: Vec::new(), joined: HashMap::new() }
    }

    /// The place of a cell; the same expression is selected once.
    pub(crate) fn cell(&mut self, sql: Sql, stored: Stored) -> usize {
        if let Some(at) = self.cells.iter().position(|(known, as_stored)| *as_stored == stored && *known == sql) {
            return at;
        }
        self.cells.push((sql, stored));
        self.cells.len() - 1
    }

    /// The place of a column of a table of the level.
    pub fn column(&mut self, alias: &str, column: &str, stored: Stored) -> usize {
        self.cell(Sql::text(format!("{alias}.{column}")), stored)
    }

    /// The places of a field's value and currency, and whether they may be shown.
    pub(crate) fn field(
        &mut self,
        reader: &Reader,
        of: &Descriptor,
        field: &Field,
        alias: &str,
    ) -> (usize, Option<usize>, Guard) {
        let guard = self.guard(reader.field_grant(of, &field.name, alias));
        if guard == Guard::Closed {
            return (0, None, guard);
        }
        // The raw value is selected beside its guard: an empty value and a hidden one answer differently.
        let raw = reader.raw(field, alias);
        let value = self.cell(raw.value, Stored::of(field.shape));
        (value, raw.currency.map(|currency| self.cell(currency, Stored::Text)), guard)
    }

    /// The place of the condition of a grant.
    pub(crate) fn guard(&mut self, grant: FieldGrant) -> Guard {
        match grant {
            FieldGrant::Open => Guard::Open,
            FieldGrant::Closed | FieldGrant::SumsOnly => Guard::Closed,
            FieldGrant::Where(condition) => Guard::Where(self.condition(condition)),
        }
    }

    /// The place of a condition.
    pub(crate) fn condition(&mut self, condition: Sql) -> usize {
        let mut sql = Sql::text("((");
        sql.append(condition).push(") IS TRUE)");
        self.cell(sql, Stored::Bool)
    }

    /// Joins the row a to-one link leads to, if the viewer may see it; answers its alias.
    pub(crate) fn join(&mut self, reader: &Reader, alias: &str, link: &Link, column: &str) -> String {
        let key = (alias.to_owned(), link.name.clone());
        if let Some(known) = self.joined.get(&key) {
            return known.clone();
        }
        let other = format!("t{}", self.joined.len() + 1);
        let target = reader.graph().of(link.to);
        let mut on = vec![Sql::text(format!("{other}.id = {alias}.{column}"))];
        on.extend(reader.visible(target, Action::Read, &other));
        let mut join = Sql::text(format!(" LEFT JOIN {} {other} ON ", target.table));
        join.append(Sql::all(on));
        self.joins.push(join);
        self.joined.insert(key, other.clone());
        other
    }

    fn cells_sql(&self, first: Option<&str>) -> Sql {
        let mut cells: Vec<_> = first.map(Sql::text).into_iter().collect();
        cells.extend(self.cells.iter().map(|(sql, _)| sql.clone()));
        Sql::listed(cells)
    }

    fn decode(&self, row: &sea_orm::QueryResult, from: usize) -> Result<Row> {
        let cells = self.cells.iter().enumerate().map(|(at, (_, stored))| decode(row, at + from, *stored));
        cells.collect::<Result<_, _>>().map_err(classify)
    }
}

/// Loaded rows by the parent they belong to (nil for rows without one), each group in order.
pub type Groups = HashMap<Uuid, Vec<Row>>;

impl Reader {
    /// Loads a level: one statement. Rows come in the order of the list, `limit + 1` of them where there are more.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD in filter or order; database errors.
    pub async fn load(&self, select: &Select, rows: Of<'_>, list: Option<&ListSql>) -> Result<Groups> {
        let (sql, has_parent) = self.level_sql(select, rows, list)?;
        let mut groups = Groups::new();
        let found = self.session().query_all_raw(sql.planned_once(self.backend())).await.map_err(classify)?;
        self.tally.add_rows(found.len().saturating_mul(select.joins.len()));
        for row in found {
            let (parent, from) = match (has_parent, rows) {
                (true, _) => (row.try_get_by_index(0).map_err(classify)?, 1),
                (false, _) => (Uuid::nil(), 0),
            };
            groups.entry(parent).or_default().push(select.decode(&row, from)?);
        }
        Ok(groups)
    }

    /// The text of the statement of a level.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD in filter or order.
    pub fn level_text(&self, select: &Select, rows: Of<'_>, list: Option<&ListSql>) -> Result<String> {
        let (sql, _) = self.level_sql(select, rows, list)?;
        Ok(sql.planned_once(self.backend()).sql)
    }

    fn level_sql(&self, select: &Select, rows: Of<'_>, list: Option<&ListSql>) -> Result<(Sql, bool)> {
        let of = select.of;
        match rows {
            Of::Parents(column, parents) => Ok((self.children_sql(select, column, parents, list)?, true)),
            Of::All | Of::Ids(_) => {
                let mut conditions = self.visible(of, Action::Read, BASE);
                if let Of::Ids(ids) = rows {
                    conditions.insert(0, self.dialect().is_any(format!("{BASE}.id").as_str(), ids));
                }
                let mut sql = Sql::text("SELECT ");
                sql.append(select.cells_sql(None)).push(&format!(" FROM {} {BASE}", of.table));
                select.joins.iter().for_each(|join| {
                    sql.append(join.clone());
                });
                let tail = self.list_tail(of, list, BASE, &mut conditions)?;
                sql.push(" WHERE ").append(Sql::all(conditions)).append(tail.order).append(tail.limit);
                Ok((sql, false))
            }
        }
    }

    /// A page of children for each parent: LATERAL on PostgreSQL, a correlated `IN (… LIMIT n)` on SQLite.
    fn children_sql(&self, select: &Select, column: &str, parents: &[Uuid], list: Option<&ListSql>) -> Result<Sql> {
        let of = select.of;
        let inner_alias = if self.dialect() == Dialect::Postgres { BASE } else { "s0" };
        let mut conditions = vec![Sql::text(format!("{inner_alias}.{column} = parent.id"))];
        conditions.extend(self.visible(of, Action::Read, inner_alias));
        conditions.extend(self.reference(of, column, inner_alias)?);
        let inner = self.list_tail(of, list, inner_alias, &mut conditions)?;
        let mut sql = Sql::text("SELECT ");
        match self.dialect() {
            Dialect::Postgres => {
                sql.push("parent.id, page.* FROM ").append(self.dialect().id_table(parents));
                sql.push(" CROSS JOIN LATERAL (SELECT ").append(select.cells_sql(None));
                sql.push(&format!(" FROM {} {BASE}", of.table));
                for join in &select.joins {
                    sql.append(join.clone());
                }
                // PostgreSQL hands the rows of each inner page on in their order.
                sql.push(" WHERE ")
                    .append(Sql::all(conditions))
                    .append(inner.order)
                    .append(inner.limit)
                    .push(") AS page");
            }
            Dialect::Sqlite => {
                sql.append(select.cells_sql(Some("parent.id"))).push(" FROM ");
                sql.append(self.dialect().id_table(parents));
                sql.push(&format!(
                    " CROSS JOIN {} {BASE} ON {BASE}.id IN (SELECT s0.id FROM {} s0 WHERE ",
                    of.table, of.table
                ));
                sql.append(Sql::all(conditions)).append(inner.order).append(inner.limit).push(")");
                for join in &select.joins {
                    sql.append(join.clone());
                }
                sql.append(self.list_tail(of, list, BASE, &mut Vec::new())?.order);
            }
        }
        Ok(sql)
    }

    /// Adds the list's conditions; answers its `ORDER BY` and `LIMIT`.
    fn list_tail(
        &self,
        of: &Descriptor,
        list: Option<&ListSql>,
        alias: &str,
        conditions: &mut Vec<Sql>,
    ) -> Result<Tail> {
        let Some(list) = list else { return Ok(Tail::default()) };
        if let Some(filter) = &list.filter {
            conditions.push(self.condition(of, filter, Action::Read, alias)?);
        }
        let keys = self.keys(of, &list.order, alias)?;
        let id = format!("{alias}.id");
        if let Some(after) = &list.page.after {
            conditions.push(page::beyond(&keys, &id, after, false));
        }
        if let Some(before) = &list.page.before {
            conditions.push(page::beyond(&keys, &id, before, true));
        }
        let mut order = Sql::text(" ORDER BY ");
        order.append(page::order_by(&keys, &id, list.page.backward));
        let limit = limit_sql(list.page.limit + 1);
        Ok(Tail { order, limit })
    }

    fn keys(&self, of: &Descriptor, order: &[Key], alias: &str) -> Result<Vec<KeySql>> {
        let key = |key: &Key| {
            let sql = self.readable(of, key.field, alias)?;
            let nullable = key.field.nullable || sql.value.as_text().starts_with("CASE");
            Ok(KeySql { value: sql.value, descending: key.descending, nullable })
        };
        order.iter().map(key).collect()
    }

    /// The cells of a list's keys, for its cursors.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD: the order asks about a field the viewer may not read.
    pub fn key_cells(&self, select: &mut Select, order: &[Key]) -> Result<Vec<usize>> {
        let cell = |key: &Key| {
            let sql = self.readable(select.of, key.field, BASE)?;
            Ok(select.cell(sql.value, Stored::of(key.field.shape)))
        };
        order.iter().map(cell).collect()
    }

    /// Counts the rows of a list, for each parent if it has parents.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD in the filter; database errors.
    pub async fn count(&self, of: &Descriptor, rows: Of<'_>, filter: Option<&Filter>) -> Result<HashMap<Uuid, i64>> {
        let totals = Totals { of, keys: Vec::new(), sums: Vec::new() };
        let groups = self.totals(&totals, rows, filter, None).await?;
        Ok(groups.into_iter().map(|group| (group.parent, group.count)).collect())
    }

    /// Counts and sums the rows of a list in groups: one statement.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD; database errors.
    pub(crate) async fn totals(
        &self,
        totals: &Totals<'_>,
        rows: Of<'_>,
        filter: Option<&Filter>,
        limit: Option<u64>,
    ) -> Result<Vec<Group>> {
        let sql = self.totals_sql(totals, rows, filter, limit)?;
        let found = self.session().query_all_raw(sql.statement(self.backend())).await.map_err(classify)?;
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
    ) -> Result<HashMap<Uuid, i64>> {
        let of = self.graph().of(kind);
        let field = of.field(field).ok_or_else(|| Error::internal(format!("no field {}.{field}", of.name)))?;
        let value = self.readable(of, field, BASE)?.value;
        let sum = Sum { value, stored: Stored::of(field.shape), range: false, sum: true };
        let totals = Totals { of, keys: Vec::new(), sums: vec![sum] };
        let groups = self.totals(&totals, Of::Parents(column, parents), Some(filter), None).await?;
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
        let own = keys.len();
        keys.extend(totals.keys.iter().map(|key| key.value.clone()));
        let mut figures = vec![Aggregate::over("COUNT", Sql::text("*"))];
        figures.extend(totals.sums.iter().flat_map(Sum::aggregates));
        let mut from = Sql::text(format!("{} {BASE} WHERE ", of.table));
        from.append(Sql::all(conditions));
        if totals.keys.iter().any(|key| key.join.is_some()) {
            from = self.grouped(&mut keys, &mut figures, from);
            for (number, key) in totals.keys.iter().enumerate() {
                let Some(Join { table, alias, visible }) = &key.join else { continue };
                let Some(pointed) = keys.get_mut(own + number) else { continue };
                let mut same = std::mem::replace(pointed, Sql::text(format!("{alias}.id")));
                same.push(&format!(" = {alias}.id"));
                from.push(&format!(" LEFT JOIN {table} {alias} ON "));
                from.append(Sql::all(std::iter::once(same).chain(visible.iter().cloned()).collect()));
            }
        }
        let grouped = keys.len();
        let cells = keys.into_iter().chain(figures.iter().map(|figure| figure.sql(self.dialect())));
        let mut sql = Sql::text("SELECT ");
        sql.append(Sql::listed(cells.collect())).push(" FROM ").append(from);
        if grouped > 0 {
            sql.push(" GROUP BY ")
                .append(places(grouped, ""))
                .push(" ORDER BY ")
                .append(places(grouped, " NULLS LAST"));
        }
        if let Some(limit) = limit {
            sql.append(limit_sql(limit));
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
            *figure = figure.of_groups(named(figure.sql(self.dialect())));
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
                let mut shown = Sql::text("CASE WHEN ");
                shown.append(condition).push(" THEN ").append(value).push(" END");
                value = shown;
            }
            FieldGrant::Closed | FieldGrant::SumsOnly => return Err(forbidden_field(of, &link.name)),
        }
        let visible = self.visible(target, Action::Read, &alias);
        Ok(GroupKey { value, stored: Stored::Id, join: Some(Join { table: target.table, alias, visible }) })
    }
}

/// The number stands in the text: a planner that does not know it takes it for a part of the table.
fn limit_sql(limit: u64) -> Sql {
    Sql::text(format!(" LIMIT {limit}"))
}

/// `1, 2, …`, each with what comes after it.
fn places(count: usize, after: &str) -> Sql {
    Sql::listed((1..=count).map(|place| Sql::text(format!("{place}{after}"))).collect())
}

#[derive(Default)]
struct Tail {
    order: Sql,
    limit: Sql,
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
    fn aggregates(&self) -> Vec<Aggregate> {
        let mut functions = vec!["COUNT"];
        if self.range {
            functions.extend(["MIN", "MAX"]);
        }
        if self.sum {
            functions.push("SUM");
        }
        functions.into_iter().map(|function| Aggregate::over(function, self.value.clone())).collect()
    }
}

/// An aggregate function and what it is over.
struct Aggregate {
    function: &'static str,
    value: Sql,
}

impl Aggregate {
    fn over(function: &'static str, value: Sql) -> Self {
        Self { function, value }
    }

    /// The same figure from the figures of groups.
    fn of_groups(&self, figure: Sql) -> Self {
        let function = if self.function == "COUNT" { "SUM" } else { self.function };
        Self { function, value: figure }
    }

    fn sql(&self, dialect: Dialect) -> Sql {
        if self.function == "SUM" {
            return dialect.sum(self.value.clone());
        }
        let mut sql = Sql::text(format!("{}(", self.function));
        sql.append(self.value.clone()).push(")");
        sql
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
    pub sum: i64,
}

impl Totals<'_> {
    fn decode(&self, row: &sea_orm::QueryResult, has_parent: bool) -> Result<Group, sea_orm::DbErr> {
        let mut at = usize::from(has_parent);
        let parent = if has_parent { row.try_get_by_index(0)? } else { Uuid::nil() };
        let mut next = |stored| {
            at += 1;
            decode(row, at - 1, stored)
        };
        let keys = self.keys.iter().map(|key| next(key.stored)).collect::<Result<_, _>>()?;
        let count = next(Stored::Long)?.int().unwrap_or_default();
        let mut sums = Vec::with_capacity(self.sums.len());
        for sum in &self.sums {
            let count = next(Stored::Long)?.int().unwrap_or_default();
            let (min, max) = if sum.range { (next(sum.stored)?, next(sum.stored)?) } else { (Cell::Null, Cell::Null) };
            let total = if sum.sum { next(Stored::Long)?.int().unwrap_or_default() } else { 0 };
            sums.push(Figures { count, min, max, sum: total });
        }
        Ok(Group { parent, keys, count, sums })
    }
}

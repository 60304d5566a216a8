//! The statements of a plan: one level of rows.
//!
//! A level is one statement whatever the number of rows: to-one references are joined into it with their visibility in
//! the join condition, and the children of many parents are cut to a page for each parent inside the database.

use std::collections::HashMap;

use sea_orm::Statement;
use uuid::Uuid;

use super::Reader;
use super::database::classify;
use super::descriptor::{Descriptor, Field, Link};
use super::filter::{Filter, Look};
use super::found::Line;
use super::page::{self, Key, KeySql, Page};
use super::reach::FieldGrant;
use super::row::{Cell, Stored, decode};
use super::sql::{Dialect, Sql};
use super::weight::Weight;
use crate::access::Action;
use crate::error::Result;

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
    /// What finding it may take.
    pub weight: Weight,
}

impl ListSql {
    /// How many rows are fetched: one more than the page, which shows that there are more.
    fn wanted(&self) -> u64 {
        self.page.limit + 1
    }
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
        let guard = self.guard(reader.value_grant(of, field, alias));
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

    fn decode(&self, row: Line<'_>, from: usize) -> Result<Row> {
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
        let weight = list.map_or(0, |list| list.weight.of(rows));
        let found = self.read(self.level_statement(sql, rows), weight).await?;
        self.tally.add_rows(found.len().saturating_mul(select.joins.len()));
        for row in found.iter() {
            let (parent, from) = match (has_parent, rows) {
                (true, _) => (row.get(0).map_err(classify)?, 1),
                (false, _) => (Uuid::nil(), 0),
            };
            groups.entry(parent).or_default().push(select.decode(row, from)?);
        }
        Ok(groups)
    }

    /// The text of the statement of a level.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD in filter or order.
    pub fn level_text(&self, select: &Select, rows: Of<'_>, list: Option<&ListSql>) -> Result<String> {
        let (sql, _) = self.level_sql(select, rows, list)?;
        Ok(self.level_statement(sql, rows).sql)
    }

    /// Rows that are named, or hang on named ones, are found by those names: one plan does for all. Which plan is best for
    /// the page of a whole table depends on the values it is narrowed by.
    fn level_statement(&self, sql: Sql, rows: Of<'_>) -> Statement {
        match rows {
            Of::All => sql.statement(self.backend()),
            Of::Ids(_) | Of::Parents(..) => sql.planned_once(self.backend()),
        }
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
                let order = self.narrow(of, list, BASE, &mut conditions)?;
                sql.push(" WHERE ").append(Sql::all(conditions)).append(order);
                if let Some(list) = list {
                    sql.limit(list.wanted());
                }
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
        let mut page = self.narrow(of, list, inner_alias, &mut conditions)?;
        if let Some(list) = list {
            page.known_limit(list.wanted());
        }
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
                sql.push(" WHERE ").append(Sql::all(conditions)).append(page).push(") AS page");
            }
            Dialect::Sqlite => {
                sql.append(select.cells_sql(Some("parent.id"))).push(" FROM ");
                sql.append(self.dialect().id_table(parents));
                sql.push(&format!(
                    " CROSS JOIN {} {BASE} ON {BASE}.id IN (SELECT s0.id FROM {} s0 WHERE ",
                    of.table, of.table
                ));
                sql.append(Sql::all(conditions)).append(page).push(")");
                for join in &select.joins {
                    sql.append(join.clone());
                }
                sql.append(self.narrow(of, list, BASE, &mut Vec::new())?);
            }
        }
        Ok(sql)
    }

    /// Adds the list's conditions; answers its `ORDER BY`.
    fn narrow(&self, of: &Descriptor, list: Option<&ListSql>, alias: &str, conditions: &mut Vec<Sql>) -> Result<Sql> {
        let Some(list) = list else { return Ok(Sql::default()) };
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
        Ok(order)
    }

    fn keys(&self, of: &Descriptor, order: &[Key], alias: &str) -> Result<Vec<KeySql>> {
        order.iter().map(|key| self.key(of, key, alias)).collect()
    }

    fn key(&self, of: &Descriptor, key: &Key, alias: &str) -> Result<KeySql> {
        let sql = self.readable_as(of, key.field, alias, Look::Along)?;
        let nullable = sql.nullable(key.field);
        let value = sql.currency.filter(|_| key.by_currency).unwrap_or(sql.value);
        Ok(KeySql { value, descending: key.descending, nullable })
    }

    /// The cells of a list's keys, for its cursors.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD: the order asks about a field the viewer may not read.
    pub fn key_cells(&self, select: &mut Select, order: &[Key]) -> Result<Vec<usize>> {
        let cell = |key: &Key| Ok(select.cell(self.key(select.of, key, BASE)?.value, key.stored()));
        order.iter().map(cell).collect()
    }
}

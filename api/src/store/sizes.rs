//! About how many rows each table has: what a statement may have to look at is judged by it before it runs.
//!
//! The figures are the database's own estimates, asked for by one statement and now and then only, by a task of the
//! running service ([`Store::watch_sizes`]). Until then every table counts as empty.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::Store;
use super::database::{Database, classify};
use super::descriptor::{Descriptor, Graph};
use super::sql::{Dialect, Sql};
use crate::access::Kind;
use crate::error::Result;

/// How often the figures are asked for. Tables do not grow much faster than what is asked of them is judged.
const EVERY: Duration = Duration::from_secs(60);
/// Rows of a page of PostgreSQL that it has not looked into yet.
const ROWS_A_PAGE: u32 = 40;

/// Rows of the tables at some moment.
#[derive(Clone, Debug, Default)]
pub struct Sizes(Arc<HashMap<Kind, u64>>);

impl Sizes {
    /// So many rows as these.
    pub fn of(rows: impl IntoIterator<Item = (Kind, u64)>) -> Self {
        Self(Arc::new(rows.into_iter().collect()))
    }

    /// The rows of one table; at least one.
    pub fn rows(&self, of: &Descriptor) -> u64 {
        self.0.get(&of.kind).copied().unwrap_or_default().max(1)
    }
}

/// The sizes of late.
#[derive(Debug, Default)]
pub(super) struct Known(RwLock<Sizes>);

impl Known {
    pub fn now(&self) -> Sizes {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, sizes: Sizes) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = sizes;
    }
}

impl Store {
    /// About how many rows each table has.
    pub fn sizes(&self) -> Sizes {
        self.sizes.now()
    }

    /// Asks the database for the sizes.
    ///
    /// # Errors
    /// Database errors.
    pub async fn measure(&self) -> Result<()> {
        self.sizes.set(ask(&self.database, self.graph).await?);
        Ok(())
    }

    /// Keeps the sizes true, for as long as it is polled.
    pub async fn watch_sizes(self) {
        loop {
            if let Err(error) = self.measure().await {
                tracing::debug!(%error, "the sizes of the tables cannot be asked for at the moment");
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}

async fn ask(database: &Database, graph: &Graph) -> Result<Sizes> {
    let sql = match database.dialect() {
        Dialect::Postgres => estimates(graph),
        Dialect::Sqlite => last_rows(graph),
    };
    let rows = database.reading().read(sql.statement(database.backend())).await.map_err(classify)?;
    let mut sizes = HashMap::new();
    for row in rows.iter() {
        let table: String = row.get(0).map_err(classify)?;
        let count = row.get::<Option<i64>>(1).map_err(classify)?.unwrap_or_default();
        if let Some(of) = graph.all().find(|of| of.table == table) {
            sizes.insert(of.kind, u64::try_from(count).unwrap_or_default());
        }
    }
    Ok(Sizes(Arc::new(sizes)))
}

/// The density of the last count and the pages of now, as the planner reckons.
fn estimates(graph: &Graph) -> Sql {
    let mut sql = Sql::text("SELECT t.relname::text, (CASE WHEN t.relpages > 0 AND t.reltuples >= 0 ");
    sql.push(&format!("THEN t.reltuples / t.relpages ELSE {ROWS_A_PAGE} END * pg_relation_size(t.oid) "));
    sql.push("/ current_setting('block_size')::int)::bigint FROM pg_class t ");
    sql.push("WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace AND ");
    let tables = graph.all().map(|of| of.table.to_owned()).collect();
    sql.append(Dialect::Postgres.is_any_text("t.relname::text", tables));
    sql
}

/// Rows are numbered as they come: the last number is found without counting.
fn last_rows(graph: &Graph) -> Sql {
    let table = |of: &Descriptor| format!("SELECT '{0}', (SELECT MAX(rowid) FROM {0})", of.table);
    Sql::text(graph.all().map(table).collect::<Vec<_>>().join(" UNION ALL "))
}

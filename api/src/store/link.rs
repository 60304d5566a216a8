//! One connection of either database, and the end of what runs on it.
//!
//! A statement that nobody waits for any more (the time is up, the client is gone, the service leaves) ends at once, and so
//! does its connection: the next one is a fresh one. SQLite looks at a flag while it works. PostgreSQL looks whether its
//! client is still there ([`prepare`]); where it cannot, its own time limit ends the statement.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use prometheus_client::metrics::counter::Counter;
use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::{self, AssertSqlSafe, Executor, PgConnection, PgPool, Postgres, Sqlite, SqlitePool};
use sea_orm::{DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement, Values};
use sea_query_sqlx::SqlxValues;

use super::fault::failed;

/// SQLite looks at the flag after so many of its steps: a part of a millisecond.
pub(super) const STEPS: i32 = 1_000;
/// How often PostgreSQL looks for the client of a running statement.
const LOOK: Duration = Duration::from_millis(250);

/// Where connections come from.
#[derive(Clone)]
pub(super) struct Source {
    pool: Pool,
    given_up: Counter,
}

#[derive(Clone)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A connection. It goes back where it came from when it is dropped, unless something still runs on it.
pub(super) struct Link {
    raw: Raw,
    /// What runs on it has been given up.
    stopped: Arc<AtomicBool>,
    given_up: Counter,
}

enum Raw {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Source {
    /// Those of this pool that are opened as it opens its own, at most so many, when they are needed and not before.
    pub fn beside(pool: &SqlitePool, most: u32, given_up: Counter) -> Self {
        let options = pool.options().clone().max_connections(most).min_connections(0);
        let pool = options.connect_lazy_with((*pool.connect_options()).clone());
        Self { pool: Pool::Sqlite(pool), given_up }
    }

    /// The connections of a pool; what is given up on them is counted.
    pub fn of(pool: &DatabaseConnection, given_up: Counter) -> Self {
        let pool = match pool.get_database_backend() {
            DbBackend::Postgres => Pool::Postgres(pool.get_postgres_connection_pool().clone()),
            _ => Pool::Sqlite(pool.get_sqlite_connection_pool().clone()),
        };
        Self { pool, given_up }
    }

    /// Most connections there may be.
    pub fn most(&self) -> u32 {
        match &self.pool {
            Pool::Sqlite(pool) => pool.options().get_max_connections(),
            Pool::Postgres(pool) => pool.options().get_max_connections(),
        }
    }

    /// Whether no connection is taken back any more.
    pub fn is_closed(&self) -> bool {
        match &self.pool {
            Pool::Sqlite(pool) => pool.is_closed(),
            Pool::Postgres(pool) => pool.is_closed(),
        }
    }

    /// Closes all that come back, and waits for them.
    pub async fn close(&self) {
        match &self.pool {
            Pool::Sqlite(pool) => pool.close().await,
            Pool::Postgres(pool) => pool.close().await,
        }
    }

    /// A connection of its own.
    pub async fn link(&self) -> Result<Link, DbErr> {
        let stopped = Arc::new(AtomicBool::new(false));
        let raw = match &self.pool {
            Pool::Postgres(pool) => Raw::Postgres(pool.acquire().await.map_err(failed)?),
            Pool::Sqlite(pool) => {
                let mut connection = pool.acquire().await.map_err(failed)?;
                let flag = Arc::clone(&stopped);
                let mut handle = connection.lock_handle().await.map_err(failed)?;
                handle.set_progress_handler(STEPS, move || !flag.load(Ordering::Relaxed));
                drop(handle);
                Raw::Sqlite(connection)
            }
        };
        Ok(Link { raw, stopped, given_up: self.given_up.clone() })
    }
}

impl Link {
    /// Runs a statement that answers no rows.
    pub async fn execute(&mut self, statement: Statement) -> sqlx::Result<ExecResult> {
        let (sql, values) = parts(statement);
        let running = Running::of(&self.stopped);
        let outcome = match &mut self.raw {
            Raw::Sqlite(raw) => sqlx::query_with(sql, values).execute(&mut **raw).await.map(ExecResult::from),
            Raw::Postgres(raw) => sqlx::query_with(sql, values).execute(&mut **raw).await.map(ExecResult::from),
        };
        running.ended();
        outcome
    }

    /// Runs a statement that answers one row at most.
    pub async fn one(&mut self, statement: Statement) -> sqlx::Result<Option<QueryResult>> {
        let (sql, values) = parts(statement);
        let running = Running::of(&self.stopped);
        let outcome = match &mut self.raw {
            Raw::Sqlite(raw) => {
                sqlx::query_with(sql, values).fetch_optional(&mut **raw).await.map(|row| row.map(QueryResult::from))
            }
            Raw::Postgres(raw) => {
                sqlx::query_with(sql, values).fetch_optional(&mut **raw).await.map(|row| row.map(QueryResult::from))
            }
        };
        running.ended();
        outcome
    }

    /// Runs a statement that answers rows.
    pub async fn all(&mut self, statement: Statement) -> sqlx::Result<Vec<QueryResult>> {
        let (sql, values) = parts(statement);
        let running = Running::of(&self.stopped);
        let outcome = match &mut self.raw {
            Raw::Sqlite(raw) => {
                let rows = sqlx::query_with(sql, values).fetch_all(&mut **raw).await;
                rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
            }
            Raw::Postgres(raw) => {
                let rows = sqlx::query_with(sql, values).fetch_all(&mut **raw).await;
                rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
            }
        };
        running.ended();
        outcome
    }

    /// Runs statements that are not prepared, one after the other as long as they succeed.
    pub async fn run(&mut self, sql: &str) -> sqlx::Result<ExecResult> {
        let sql = AssertSqlSafe(sql.to_owned());
        let running = Running::of(&self.stopped);
        let outcome = match &mut self.raw {
            Raw::Sqlite(raw) => raw.execute(sql).await.map(ExecResult::from),
            Raw::Postgres(raw) => raw.execute(sql).await.map(ExecResult::from),
        };
        running.ended();
        outcome
    }

    /// Closes the connection, which ends whatever was begun on it.
    pub fn throw_away(mut self) {
        self.close();
    }

    fn close(&mut self) {
        match &mut self.raw {
            Raw::Sqlite(raw) => raw.close_on_drop(),
            Raw::Postgres(raw) => raw.close_on_drop(),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if self.stopped.load(Ordering::Relaxed) {
            self.given_up.inc();
            self.close();
        }
    }
}

/// A statement that runs: given up if this is dropped before it has ended.
pub(super) struct Running(Option<Arc<AtomicBool>>);

impl Running {
    /// It runs from now on.
    pub fn of(stopped: &Arc<AtomicBool>) -> Self {
        Self(Some(Arc::clone(stopped)))
    }

    /// It has ended.
    pub fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stopped) = &self.0 {
            stopped.store(true, Ordering::Relaxed);
        }
    }
}

fn parts(statement: Statement) -> (AssertSqlSafe<String>, SqlxValues) {
    (AssertSqlSafe(statement.sql), SqlxValues(statement.values.unwrap_or(Values(Vec::new()))))
}

/// Prepares a new connection of PostgreSQL: statements end by themselves after `limit`, and soon after their client is gone
/// (not every platform can look for it). Compiling them costs more than it saves on all but reports over millions of rows.
pub(super) fn prepare(connection: &mut PgConnection, limit: Duration) -> BoxFuture<'_, sqlx::Result<()>> {
    Box::pin(async move {
        let limit = limit.as_millis();
        let set = format!("SET statement_timeout = {limit}; SET jit = off");
        connection.execute(AssertSqlSafe(set)).await?;
        let look = format!("SET client_connection_check_interval = {}", LOOK.as_millis());
        if let Err(error) = connection.execute(AssertSqlSafe(look)).await {
            tracing::debug!(%error, "the database does not look for its clients");
        }
        Ok(())
    })
}

//! The connections: one pool of PostgreSQL, or SQLite's one writer and its readers.
//!
//! Every statement goes through [`Session`], which counts it and puts a time limit round it.

use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use sea_orm::sqlx::postgres::{PgListener, PgPoolOptions};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database as Connector, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    ExecResult, QueryResult, Statement, TransactionTrait,
};
use sea_orm::{SqliteTransactionMode, TransactionOptions};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;
use tracing::Instrument;

use super::ready::Ready;
use super::sql::Dialect;
use super::tally::Tally;
use crate::error::{Code, Error, Result};
use crate::observability::metrics::seconds;

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite:…` or `postgres:…`.
    pub url: String,
    /// Connections of the PostgreSQL pool; readers of SQLite.
    pub pool: u32,
    /// Limit of every statement and of waiting for a connection.
    pub limit: Duration,
    /// SQLite: wait for the disk at every commit (`FULL`), or not (`NORMAL`).
    pub sqlite_full_sync: bool,
}

/// Is shown every statement before it runs.
pub type Watcher = Box<dyn Fn(&Statement) + Send + Sync>;

/// The database of this process. Only [`crate::store`] can run statements on it.
pub struct Database {
    read: DatabaseConnection,
    write: DatabaseConnection,
    limit: Duration,
    statements: AtomicU64,
    calls: Calls,
    watcher: OnceLock<Watcher>,
    /// None on SQLite.
    ready: Option<Ready>,
    turn: Mutex<()>,
}

/// The durations of the calls of the database, by what they do.
pub type Calls = Family<Call, Histogram, fn() -> Histogram>;

/// What a call does: `begin` (with the wait for a connection), `statement`, `turn` (the wait for the counter of events) or
/// `commit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Call {
    call: &'static str,
}

const BEGIN: Call = Call { call: "begin" };
const STATEMENT: Call = Call { call: "statement" };
const COMMIT: Call = Call { call: "commit" };
const TURN: Call = Call { call: "turn" };
const LISTEN: Call = Call { call: "listen" };

/// The connections of one pool.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// `read` or `write`.
    pub name: &'static str,
    /// Connections that nobody uses.
    pub idle: u32,
    /// Connections in use.
    pub busy: u32,
    /// Most connections there may be.
    pub limit: u32,
}

impl Database {
    /// Opens the connections.
    ///
    /// # Errors
    /// The database cannot be reached, or the URL is none we know.
    pub async fn connect(settings: &Settings) -> Result<Self> {
        let writers = if settings.url.starts_with("sqlite:") { 1 } else { settings.pool };
        let write = open(settings, writers).await?;
        // An in-memory SQLite database lives in its one connection.
        let shared = settings.url.starts_with("postgres") || settings.url.contains(":memory:");
        let read = if shared { write.clone() } else { open(settings, settings.pool).await? };
        let postgres = read.get_database_backend() == DbBackend::Postgres;
        let ready = postgres.then(|| Ready::of(read.get_postgres_connection_pool().clone()));
        Ok(Self {
            read,
            write,
            limit: settings.limit,
            statements: AtomicU64::new(0),
            calls: Family::new_with_constructor(seconds),
            watcher: OnceLock::new(),
            ready,
            turn: Mutex::default(),
        })
    }

    /// Brings the tables up to date; several replicas may do it at once.
    ///
    /// # Errors
    /// The database cannot be reached or a step fails.
    pub async fn migrate(&self) -> Result<()> {
        migration::migrate(&self.write).await.map_err(classify)
    }

    /// Answers if the database answers.
    ///
    /// # Errors
    /// It does not, in time.
    pub async fn ping(&self) -> Result<()> {
        self.reading()
            .query_one_raw(super::sql::Sql::text("SELECT 1").statement(self.backend()))
            .await
            .map_err(classify)?;
        Ok(())
    }

    /// How many statements have run since the start (transaction control is not counted).
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// How long the calls took.
    pub fn calls(&self) -> Calls {
        self.calls.clone()
    }

    /// The connections as they are now; on PostgreSQL one pool reads and writes.
    pub fn pools(&self) -> Vec<Pool> {
        match self.backend() {
            DbBackend::Postgres => {
                let mut all = pool("write", self.write.get_postgres_connection_pool());
                let ready = self.ready.as_ref().map_or(0, Ready::count).min(all.busy);
                (all.idle, all.busy) = (all.idle + ready, all.busy - ready);
                vec![all]
            }
            _ => vec![
                pool("read", self.read.get_sqlite_connection_pool()),
                pool("write", self.write.get_sqlite_connection_pool()),
            ],
        }
    }

    /// Shows every statement from now on to the watcher, the first one that is given. For tests and tools that look at
    /// how statements are run.
    pub fn watch(&self, watcher: Watcher) {
        let _ = self.watcher.set(watcher);
    }

    /// The database's dialect.
    pub fn dialect(&self) -> Dialect {
        Dialect::of(self.backend())
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.ready.iter().for_each(Ready::clear);
        // A failing close leaves nothing to do: the process is on its way out.
        let _ = self.read.close_by_ref().await;
        let _ = self.write.close_by_ref().await;
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.read.get_database_backend()
    }

    pub(super) fn reading(&self) -> Session<'_, DatabaseConnection> {
        Session { database: self, connection: &self.read, ready: self.ready.as_ref(), tally: None }
    }

    pub(super) fn within<'a>(&'a self, transaction: &'a DatabaseTransaction) -> Session<'a, DatabaseTransaction> {
        Session { database: self, connection: transaction, ready: None, tally: None }
    }

    /// Begins a write transaction; SQLite takes its one write lock at once.
    pub(super) async fn begin(&self) -> Result<DatabaseTransaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.timed(BEGIN, self.write.begin_with_options(options)).await.map_err(classify)
    }

    /// Waits until nobody else of this process numbers events and commits. Only one at a time can have the counter; who
    /// waits for it here stands in no queue of the database, whose every waiter costs it work. Whoever has the counter
    /// waits for no row any more: the database could not see that two wait for each other.
    pub(super) async fn turn(&self) -> Result<MutexGuard<'_, ()>> {
        self.timed(TURN, async { Ok(self.turn.lock().await) }).await.map_err(classify)
    }

    /// Commits within the time limit.
    pub(super) async fn commit(&self, transaction: DatabaseTransaction) -> Result<()> {
        self.timed(COMMIT, transaction.commit()).await.map_err(classify)
    }

    /// A connection of its own that hears what PostgreSQL announces on a channel; none on SQLite.
    pub(super) async fn listen(&self, channel: &str) -> Result<Option<PgListener>> {
        if self.dialect() != Dialect::Postgres {
            return Ok(None);
        }
        let options = (*self.read.get_postgres_connection_pool().connect_options()).clone();
        let opened = self.timed(LISTEN, async {
            let one = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
            let mut listener =
                PgListener::connect_with(&one.connect_with(options).await.map_err(lost)?).await.map_err(lost)?;
            listener.listen(channel).await.map_err(lost)?;
            Ok(listener)
        });
        opened.await.map(Some).map_err(classify)
    }

    async fn timed<T>(&self, kind: Call, call: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let span = tracing::debug_span!("database", otel.kind = "client", db.operation.name = kind.call);
        let began = Instant::now();
        let outcome = tokio::time::timeout(self.limit, call).instrument(span).await;
        self.calls.get_or_create(&kind).observe(began.elapsed().as_secs_f64());
        outcome.unwrap_or_else(|_| Err(DbErr::Custom(TIMED_OUT.to_owned())))
    }
}

fn lost(error: sea_orm::sqlx::Error) -> DbErr {
    DbErr::Conn(sea_orm::RuntimeErr::SqlxError(std::sync::Arc::new(error)))
}

fn pool<D: sea_orm::sqlx::Database>(name: &'static str, pool: &sea_orm::sqlx::Pool<D>) -> Pool {
    let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
    Pool { name, idle, busy: pool.size().saturating_sub(idle), limit: pool.options().get_max_connections() }
}

const TIMED_OUT: &str = "the database did not answer in time";

#[expect(clippy::disallowed_methods, reason = "the one place that opens connections")]
async fn open(settings: &Settings, connections: u32) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(settings.url.clone());
    let full = settings.sqlite_full_sync;
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(settings.limit.min(Duration::from_secs(5)))
        .sqlx_logging(false)
        .test_before_acquire_if_idle_for(Duration::from_secs(30))
        .map_sqlx_sqlite_opts(move |sqlite| {
            use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(if full { SqliteSynchronous::Full } else { SqliteSynchronous::Normal })
                .busy_timeout(Duration::from_secs(5))
                .foreign_keys(true)
        })
        .map_sqlx_postgres_opts(|postgres| postgres.application_name("tributary"));
    Connector::connect(options).await.map_err(classify)
}

/// One connection or transaction, counted and timed.
pub(super) struct Session<'a, C> {
    database: &'a Database,
    connection: &'a C,
    ready: Option<&'a Ready>,
    tally: Option<&'a Tally>,
}

impl<'a, C> Session<'a, C> {
    /// Counts in the tally of a request as well.
    pub(super) fn counted_in(self, tally: &'a Tally) -> Self {
        Self { tally: Some(tally), ..self }
    }
}

impl<C: ConnectionTrait> Session<'_, C> {
    fn show(&self, statement: &Statement) {
        if let Some(watcher) = self.database.watcher.get() {
            watcher(statement);
        }
    }

    async fn run<T>(&self, call: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        self.database.statements.fetch_add(1, Ordering::Relaxed);
        if let Some(tally) = self.tally {
            tally.add_statement();
        }
        self.database.timed(STATEMENT, call).await
    }
}

#[async_trait::async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Session<'_, C> {
    fn get_database_backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.show(&statement);
        self.run(self.connection.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(self.connection.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.show(&statement);
        self.run(self.connection.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.show(&statement);
        let rows = match self.ready {
            Some(ready) => self.run(ready.all(statement)).await?,
            None => self.run(self.connection.query_all_raw(statement)).await?,
        };
        if let Some(tally) = self.tally {
            tally.add_rows(rows.len());
        }
        Ok(rows)
    }
}

/// A database error by whose fault it is: out of reach, out of time, or ours.
pub(super) fn classify(error: DbErr) -> Error {
    match &error {
        DbErr::Custom(text) if text == TIMED_OUT => {
            tracing::warn!("a statement ran into the time limit");
            Error::refused(Code::Timeout, "The database did not answer in time. Try again, or ask for less.")
        }
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => unavailable(&error),
        DbErr::Exec(cause) | DbErr::Query(cause) if is_standoff(cause) => {
            Error::conflict("Others were changing the same rows at the same moment. Try again.")
        }
        DbErr::Exec(cause) | DbErr::Query(cause) if is_overflow(cause) => {
            Error::bad_input("The sum is too large to be told. Narrow the filter.")
        }
        DbErr::Exec(cause) | DbErr::Query(cause) if is_connection_loss(cause) => unavailable(&error),
        _ => Error::internal(error),
    }
}

fn unavailable(cause: &DbErr) -> Error {
    tracing::warn!(error = %cause, "the database cannot be reached");
    Error::refused(Code::Unavailable, "The database cannot be reached at the moment. Try again shortly.")
}

/// A sum that leaves 64 bits: 22003 on PostgreSQL, a text on SQLite.
fn is_overflow(cause: &sea_orm::RuntimeErr) -> bool {
    match cause {
        sea_orm::RuntimeErr::SqlxError(error) => match error.as_ref() {
            sea_orm::sqlx::Error::Database(database) => {
                database.code().as_deref() == Some("22003") || database.message().contains("integer overflow")
            }
            _ => false,
        },
        sea_orm::RuntimeErr::Internal(_) => false,
    }
}

fn is_connection_loss(cause: &sea_orm::RuntimeErr) -> bool {
    use sea_orm::sqlx::Error as Sqlx;
    match cause {
        sea_orm::RuntimeErr::SqlxError(error) => match error.as_ref() {
            Sqlx::Io(_) | Sqlx::PoolTimedOut | Sqlx::PoolClosed | Sqlx::WorkerCrashed | Sqlx::Protocol(_) => true,
            // 57P01..03: the server is shutting down or starting; 53300: too many connections.
            Sqlx::Database(database) => {
                matches!(database.code().as_deref(), Some("57P01" | "57P02" | "57P03" | "53300" | "08006" | "08003"))
            }
            _ => false,
        },
        sea_orm::RuntimeErr::Internal(_) => false,
    }
}

/// Transactions that wait for each other in a circle: the database gave this one up for the others.
fn is_standoff(cause: &sea_orm::RuntimeErr) -> bool {
    use sea_orm::sqlx::Error as Sqlx;
    let sea_orm::RuntimeErr::SqlxError(error) = cause else { return false };
    // 40001: could not serialise; 40P01: deadlock.
    matches!(error.as_ref(), Sqlx::Database(database) if matches!(database.code().as_deref(), Some("40001" | "40P01")))
}

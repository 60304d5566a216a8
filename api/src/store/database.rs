//! The connections: one pool of PostgreSQL, or SQLite's one writer and its readers.
//!
//! Over which driver a statement is read is decided here and nowhere else: [`Found`] is the same of both.
//!
//! Every statement goes through [`Session`], which counts it and puts a time limit round it.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use sea_orm::sqlx::SqliteConnection;
use sea_orm::sqlx::postgres::{PgListener, PgPoolOptions};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database as Connector, DatabaseConnection, DbBackend, DbErr, ExecResult,
    QueryResult, Statement,
};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;
use tracing::Instrument;

pub(super) use super::fault::classify;
use super::fault::{Fault, failed, given_up, of_commit};
use super::found::Found;
use super::link::{self, Source};
use super::opening;
use super::readers::Readers;
use super::ready::Ready;
use super::sql::{Dialect, Sql};
use super::sqlite::Door;
use super::tally::Tally;
use super::transaction::Transaction;
use crate::error::Result;
use crate::observability::durations::seconds;

/// A write waits so long for the write of another process at most.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whoever is told at once that a file is busy tries again after this time.
const AGAIN: Duration = Duration::from_millis(20);

/// Connections that do not end in time are left to the end of the process.
const FAREWELL: Duration = Duration::from_secs(1);

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
    /// Those that write. On PostgreSQL, and of a database in memory, they are all there are.
    write: DatabaseConnection,
    settings: Settings,
    limit: Duration,
    statements: AtomicU64,
    troubles: AtomicU64,
    calls: Calls,
    watcher: OnceLock<Watcher>,
    /// Those of `write` that stand ready; of an SQLite file, those of transactions that only look.
    ready: Ready,
    /// What reads an SQLite file outside of transactions.
    readers: Option<Readers>,
    /// Where writers are others than readers: the one of an SQLite file.
    writer: Option<Source>,
    given_up: Counter,
    _anchor: Option<SqliteConnection>,
    turn: Arc<Mutex<()>>,
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
        let opened = async {
            let database = Self::opened(settings).await?;
            let version = database.sqlite_version().await?;
            Ok((database, version))
        };
        match opened.await {
            Ok((database, Some(version))) => opening::check_sqlite(&version).map(|()| database),
            Ok((database, None)) => Ok(database),
            Err(error) => Err(opening::explained(&settings.url, error).await),
        }
    }

    async fn sqlite_version(&self) -> Result<Option<String>, DbErr> {
        if self.dialect() != Dialect::Sqlite {
            return Ok(None);
        }
        let found = self.reading().read(Sql::text("SELECT sqlite_version()").statement(self.backend())).await?;
        found.first().map(|row| row.get(0)).transpose()
    }

    async fn opened(settings: &Settings) -> Result<Self, DbErr> {
        let writers = if settings.url.starts_with("sqlite:") { 1 } else { settings.pool };
        let write = open(settings, writers).await?;
        let in_memory = settings.url.contains(":memory:") || settings.url.contains("mode=memory");
        let anchor = if in_memory { Some(anchor(&write).await?) } else { None };
        let given_up = Counter::default();
        let is_file = write.get_database_backend() == DbBackend::Sqlite && !in_memory;
        let (mut ready, mut readers, mut writer) = (Source::of(&write, given_up.clone()), None, None);
        if is_file {
            let pool = write.get_sqlite_connection_pool();
            let door = Door::of(pool, &settings.url, patience(settings));
            readers = Some(Readers::new(door, settings.pool, wait(settings), given_up.clone()));
            writer = Some(std::mem::replace(&mut ready, Source::beside(pool, settings.pool, given_up.clone())));
        }
        Ok(Self {
            write,
            settings: settings.clone(),
            limit: settings.limit,
            statements: AtomicU64::new(0),
            troubles: AtomicU64::new(0),
            calls: Family::new_with_constructor(seconds),
            watcher: OnceLock::new(),
            ready: Ready::of(ready),
            readers,
            writer,
            given_up,
            _anchor: anchor,
            turn: Arc::default(),
        })
    }

    /// Brings the tables up to date; several replicas may do it at once.
    ///
    /// # Errors
    /// The database cannot be reached or a step fails.
    pub async fn migrate(&self) -> Result<()> {
        match migration::migrate(&self.write).await {
            Ok(()) => Ok(()),
            Err(error) => Err(opening::explained(&self.settings.url, error).await),
        }
    }

    /// Answers if the database answers.
    pub(super) async fn ping(&self) -> Result<()> {
        self.reading().read(Sql::text("SELECT 1").statement(self.backend())).await.map_err(classify).map(|_| ())
    }

    /// How many statements have run since the start (transaction control is not counted).
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// How often the database itself failed, or the way to it.
    pub(super) fn troubles(&self) -> u64 {
        self.troubles.load(Ordering::Relaxed)
    }

    /// How many statements can read at once.
    pub(super) fn readers(&self) -> u32 {
        self.readers.as_ref().map_or(self.ready.most(), Readers::most)
    }

    /// How long a call may take.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// How long the calls took.
    pub fn calls(&self) -> Calls {
        self.calls.clone()
    }

    /// The statements that were ended because nobody waited for them any more.
    pub fn given_up(&self) -> Counter {
        self.given_up.clone()
    }

    /// The connections as they are now; on PostgreSQL one pool reads and writes.
    pub fn pools(&self) -> Vec<Pool> {
        let mut write = match self.backend() {
            DbBackend::Postgres => pool("write", self.write.get_postgres_connection_pool()),
            _ => pool("write", self.write.get_sqlite_connection_pool()),
        };
        if let Some(readers) = &self.readers {
            let read = Pool { name: "read", idle: readers.idle(), busy: readers.busy(), limit: readers.most() };
            return vec![read, write];
        }
        let ready = self.ready.count().min(write.busy);
        (write.idle, write.busy) = (write.idle + ready, write.busy - ready);
        match self.backend() {
            DbBackend::Postgres => vec![write],
            _ => vec![Pool { name: "read", ..write }, write],
        }
    }

    /// Runs a statement on the connection that writes next. For tests that let writing fail.
    ///
    /// # Errors
    /// Database errors.
    pub async fn meddle(&self, sql: &str) -> Result<()> {
        self.write.execute_unprepared(sql).await.map_err(classify).map(|_| ())
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
        // A failing close leaves nothing to do: the process is on its way out.
        let close = async {
            if let Some(readers) = &self.readers {
                readers.close().await;
            }
            self.ready.close().await;
            let _ = self.write.close_by_ref().await;
        };
        let _ = tokio::time::timeout(FAREWELL, close).await;
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }

    pub(super) fn reading(&self) -> Session<'_, Ready> {
        Session { database: self, connection: &self.ready, tally: None }
    }

    pub(super) fn within<'a>(&'a self, transaction: &'a Transaction) -> Session<'a, Transaction> {
        Session { database: self, connection: transaction, tally: None }
    }

    /// Begins a write transaction; SQLite takes its one write lock at once.
    pub(super) async fn begin(&self) -> Result<Transaction> {
        let begun = async {
            let link = match &self.writer {
                Some(writer) => writer.link().await?,
                None => self.ready.link().await?,
            };
            Transaction::begin(link, self.backend(), self.limit).await
        };
        self.timed(BEGIN, begun).await.map_err(classify)
    }

    /// Begins a transaction that only looks, beside everybody else.
    pub(super) async fn look(&self) -> Result<Transaction> {
        let begun = async { Transaction::look(self.ready.link().await?, self.backend(), self.limit).await };
        self.timed(BEGIN, begun).await.map_err(classify)
    }

    /// Waits until nobody else of this process numbers events and commits. Only one at a time can have the counter; who
    /// waits for it here stands in no queue of the database, whose every waiter costs it work. Whoever has the counter
    /// waits for no row any more: the database could not see that two wait for each other.
    pub(super) async fn turn(&self) -> Result<OwnedMutexGuard<()>> {
        self.timed(TURN, async { Ok(Arc::clone(&self.turn).lock_owned().await) }).await.map_err(classify)
    }

    /// Commits within the time limit.
    pub(super) async fn commit(&self, transaction: Transaction) -> Result<()> {
        self.timed(COMMIT, transaction.commit()).await.map_err(of_commit)
    }

    /// A connection of its own that hears what PostgreSQL announces on a channel; none on SQLite.
    pub(super) async fn listen(&self, channel: &str) -> Result<Option<PgListener>> {
        if self.dialect() != Dialect::Postgres {
            return Ok(None);
        }
        let options = (*self.write.get_postgres_connection_pool().connect_options()).clone();
        let opened = self.timed(LISTEN, async {
            let one = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
            let mut listener =
                PgListener::connect_with(&one.connect_with(options).await.map_err(failed)?).await.map_err(failed)?;
            listener.listen(channel).await.map_err(failed)?;
            Ok(listener)
        });
        opened.await.map(Some).map_err(classify)
    }

    async fn timed<T>(&self, kind: Call, call: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let span = tracing::debug_span!("database", otel.kind = "client", db.operation.name = kind.call);
        let began = Instant::now();
        let outcome = tokio::time::timeout(self.limit, call).instrument(span).await;
        self.calls.get_or_create(&kind).observe(began.elapsed().as_secs_f64());
        let outcome = outcome.unwrap_or_else(|_| Err(given_up()));
        if outcome.as_ref().is_err_and(|error| Fault::of(error).is_trouble()) {
            self.troubles.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }
}

fn pool<D: sea_orm::sqlx::Database>(name: &'static str, pool: &sea_orm::sqlx::Pool<D>) -> Pool {
    let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
    Pool { name, idle, busy: pool.size().saturating_sub(idle), limit: pool.options().get_max_connections() }
}

/// An in-memory database lives as long as one of its connections does: this one, which does nothing else.
async fn anchor(memory: &DatabaseConnection) -> Result<SqliteConnection, DbErr> {
    Ok(memory.get_sqlite_connection_pool().acquire().await.map_err(failed)?.detach())
}

/// How long is waited for a connection.
fn wait(settings: &Settings) -> Duration {
    PATIENCE.min(settings.limit)
}

/// How long a connection waits for a lock of others: shorter than a statement may take, so that it is told what it was that
/// took so long.
fn patience(settings: &Settings) -> Duration {
    PATIENCE.min(settings.limit * 3 / 4)
}

/// SQLite waits for others who write, but not when they turn a new file into one with a write-ahead log, and not when the
/// last one folds that log up: who opens the file at that moment is told that it is busy, and asks again.
async fn open(settings: &Settings, connections: u32) -> Result<DatabaseConnection, DbErr> {
    let until = Instant::now() + wait(settings);
    loop {
        match connect(settings, connections).await {
            Err(error) if Fault::of(&error) == Fault::Busy && Instant::now() < until => tokio::time::sleep(AGAIN).await,
            outcome => return outcome,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that opens connections")]
async fn connect(settings: &Settings, connections: u32) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(settings.url.clone());
    let (full, limit, patience) = (settings.sqlite_full_sync, settings.limit, patience(settings));
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(wait(settings))
        .sqlx_logging(false)
        .test_before_acquire_if_idle_for(Duration::from_secs(30))
        .map_sqlx_sqlite_opts(move |sqlite| {
            use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(if full { SqliteSynchronous::Full } else { SqliteSynchronous::Normal })
                .busy_timeout(patience)
                .foreign_keys(true)
                // A mapped file turns an I/O error into the end of the process.
                .pragma("mmap_size", "0")
        })
        .map_sqlx_postgres_opts(|postgres| postgres.application_name("tributary"))
        .map_sqlx_postgres_pool_opts(move |pool| {
            pool.after_connect(move |connection, _| link::prepare(connection, limit))
        });
    Connector::connect(options).await
}

/// One connection or transaction, counted and timed.
pub(super) struct Session<'a, C> {
    database: &'a Database,
    connection: &'a C,
    tally: Option<&'a Tally>,
}

impl<'a, C> Session<'a, C> {
    /// Counts in the tally of a request as well.
    pub(super) fn counted_in(self, tally: &'a Tally) -> Self {
        Self { tally: Some(tally), ..self }
    }
}

impl Session<'_, Ready> {
    /// Reads all rows of a statement. What that takes is a piece of memory of its own for as long as it lasts: else everybody
    /// who may read one day, such as a subscriber who only waits, would hold the room for it.
    pub(super) fn read(&self, statement: Statement) -> BoxFuture<'_, Result<Found, DbErr>> {
        let read = async move {
            self.show(&statement);
            let found = match &self.database.readers {
                Some(readers) => self.run(readers.read(statement)).await?,
                None => self.run(self.connection.read(statement)).await?,
            };
            if let Some(tally) = self.tally {
                tally.add_rows(found.len());
            }
            Ok(found)
        };
        read.boxed()
    }
}

impl<C> Session<'_, C> {
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
        let began = Instant::now();
        let outcome = self.database.timed(STATEMENT, call).await;
        if let Some(tally) = self.tally {
            tally.add_time(began.elapsed());
        }
        outcome
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
        let rows = self.run(self.connection.query_all_raw(statement)).await?;
        if let Some(tally) = self.tally {
            tally.add_rows(rows.len());
        }
        Ok(rows)
    }
}

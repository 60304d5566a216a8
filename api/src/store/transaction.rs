//! A write transaction that proves what it says.
//!
//! SQLite ends a transaction by itself when the disk is full or fails, and what is written then stands alone or is lost;
//! PostgreSQL answers the COMMIT of a failed transaction without an error. Neither may pass for a commit. So there are
//! three rules:
//!
//! - The statements that begin and end a transaction are proofs. `BEGIN IMMEDIATE` fails on a connection that is within a
//!   transaction, and SQLite's `COMMIT` on one that is not. On PostgreSQL a savepoint just before the commit fails
//!   without a living transaction.
//! - After a statement that failed nothing runs any more. If it was refused by a rule of the data, the transaction can
//!   still be undone; otherwise it is broken for good.
//! - A connection is used again only after a proved end; any other is closed, and the next one is a fresh one.

use std::time::Duration;

use sea_orm::sqlx;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::Mutex;

use super::fault::{failed, given_up, is_refusal};
use super::link::Link;

/// A transaction on a connection of its own. Dropped without [`Transaction::commit`], it leaves nothing.
pub(super) struct Transaction {
    backend: DbBackend,
    held: Mutex<Held>,
    /// How long the way back may take before the connection is closed instead.
    limit: Duration,
}

struct Held {
    /// None once it was given back.
    link: Option<Link>,
    state: State,
}

enum State {
    /// It takes statements.
    Open,
    /// A rule of the data refused a statement: it can only be undone.
    Refused(DbErr),
    /// A statement failed or was given up: what became of the transaction is not known.
    Broken(DbErr),
}

impl Transaction {
    /// Begins; SQLite takes its one write lock at once.
    pub async fn begin(link: Link, backend: DbBackend, limit: Duration) -> Result<Self, DbErr> {
        let begin = match backend {
            DbBackend::Postgres => "BEGIN",
            _ => "BEGIN IMMEDIATE",
        };
        Self::begun(link, backend, limit, begin).await
    }

    /// Begins to look: it takes no lock and writes nothing.
    pub async fn look(link: Link, backend: DbBackend, limit: Duration) -> Result<Self, DbErr> {
        let begin = match backend {
            DbBackend::Postgres => "BEGIN READ ONLY",
            _ => "BEGIN",
        };
        Self::begun(link, backend, limit, begin).await
    }

    async fn begun(link: Link, backend: DbBackend, limit: Duration, begin: &str) -> Result<Self, DbErr> {
        let mut begun = Self { backend, held: Mutex::new(Held { link: Some(link), state: State::Open }), limit };
        begun.held.get_mut().run(begin).await.map_err(|error| begun.broken(error))?;
        Ok(begun)
    }

    /// Commits: afterwards it is certain that everything was written, or an error says that it is not.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        let commit = match self.backend {
            DbBackend::Postgres => "SAVEPOINT alive; COMMIT",
            _ => "COMMIT",
        };
        self.held.get_mut().run(commit).await.map_err(|error| self.broken(error))?;
        // Back into the pool.
        drop(self.held.get_mut().link.take());
        Ok(())
    }

    fn broken(&mut self, error: DbErr) -> DbErr {
        self.held.get_mut().state = State::Broken(error.clone());
        error
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let mut held = self.held.lock().await;
        let outcome = held.link()?.execute(statement).await;
        held.judged(outcome)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.held.lock().await.run(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut held = self.held.lock().await;
        let outcome = held.link()?.one(statement).await;
        held.judged(outcome)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut held = self.held.lock().await;
        let outcome = held.link()?.all(statement).await;
        held.judged(outcome)
    }
}

impl Held {
    /// The connection for the next statement. Until that is judged the transaction counts as broken: so it stays if
    /// nobody waits for the outcome any more.
    fn link(&mut self) -> Result<&mut Link, DbErr> {
        if let State::Refused(error) | State::Broken(error) = &self.state {
            return Err(error.clone());
        }
        self.state = State::Broken(given_up());
        self.link.as_mut().ok_or_else(given_up)
    }

    fn judged<T>(&mut self, outcome: sqlx::Result<T>) -> Result<T, DbErr> {
        let outcome = outcome.map_err(failed);
        self.state = match &outcome {
            Ok(_) => State::Open,
            Err(error) if is_refusal(error) => State::Refused(error.clone()),
            Err(error) => State::Broken(error.clone()),
        };
        outcome
    }

    async fn run(&mut self, sql: &str) -> Result<ExecResult, DbErr> {
        let outcome = self.link()?.run(sql).await;
        self.judged(outcome)
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let held = self.held.get_mut();
        let Some(link) = held.link.take() else { return };
        match held.state {
            State::Open | State::Refused(_) => drop(tokio::spawn(roll_back(link, self.limit))),
            State::Broken(_) => throw_away(link),
        }
    }
}

/// Gives the connection back once it is proved that nothing of the transaction is left.
async fn roll_back(mut link: Link, limit: Duration) {
    if !matches!(tokio::time::timeout(limit, link.run("ROLLBACK")).await, Ok(Ok(_))) {
        throw_away(link);
    }
}

/// Closes the connection, which ends whatever was begun on it.
fn throw_away(link: Link) {
    tracing::debug!("a connection whose transaction did not end well is closed");
    link.throw_away();
}

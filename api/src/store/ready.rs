//! PostgreSQL connections that stand ready for the next read.
//!
//! The pool tests every connection that comes back, with a round trip in a task of its own. A read that ended well needs
//! no such test, and for small queries it would be a good part of the work. So some connections do not go back between
//! reads; what failed, was given up, idled or has been out for long does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::{self, AssertSqlSafe, PgPool, Postgres};
use sea_orm::{DbErr, QueryResult, RuntimeErr, Statement, Values};
use sea_query_sqlx::SqlxValues;

/// A connection that idled for longer is tested before it is used.
const IDLE: Duration = Duration::from_secs(30);
/// A connection that was out for longer goes back, so that the pool can replace it when its time has come.
const OUT: Duration = Duration::from_secs(600);

/// The connections that stand ready.
pub(super) struct Ready {
    pool: PgPool,
    most: usize,
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    connection: PoolConnection<Postgres>,
    out_since: Instant,
    idle_since: Instant,
}

impl Ready {
    /// Keeps at most half of the pool's connections, so that transactions always find some.
    pub fn of(pool: PgPool) -> Self {
        let most = usize::try_from(pool.options().get_max_connections() / 2).unwrap_or_default();
        Self { pool, most, kept: Mutex::default() }
    }

    /// Runs a read.
    pub async fn all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut kept = self.take().await?;
        let values = SqlxValues(statement.values.unwrap_or(Values(Vec::new())));
        let query = sqlx::query_with(AssertSqlSafe(statement.sql), values);
        let rows = query.fetch_all(&mut *kept.connection).await;
        let rows = rows.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))?;
        self.keep(kept);
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    /// Gives every connection back to the pool.
    pub fn clear(&self) {
        self.kept().clear();
    }

    /// How many stand ready now.
    pub fn count(&self) -> u32 {
        u32::try_from(self.kept().len()).unwrap_or(u32::MAX)
    }

    async fn take(&self) -> Result<Kept, DbErr> {
        let kept = self.kept().pop().filter(|kept| kept.idle_since.elapsed() < IDLE);
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let opened = self.pool.acquire().await;
        let connection = opened.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))?;
        Ok(Kept { connection, out_since: Instant::now(), idle_since: Instant::now() })
    }

    fn keep(&self, kept: Kept) {
        let mut all = self.kept();
        if all.len() < self.most && kept.out_since.elapsed() < OUT && !self.pool.is_closed() {
            all.push(Kept { idle_since: Instant::now(), ..kept });
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

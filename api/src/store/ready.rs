//! Connections that stand ready for the next read.
//!
//! The pool tests every connection that comes back, with a round trip in a task of its own. A read that ended well needs
//! no such test, and for small queries it would be a good part of the work. So some connections do not go back between
//! reads; what failed, idled or has been out for long does, and what was given up is closed ([`super::link`]).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::{DbErr, Statement};

use super::fault::failed;
use super::found::Found;
use super::link::{Link, Source};

/// A connection that idled for longer is tested before it is used.
const IDLE: Duration = Duration::from_secs(30);
/// A connection that was out for longer goes back, so that the pool can replace it when its time has come.
const OUT: Duration = Duration::from_secs(600);

/// The connections that stand ready.
pub(super) struct Ready {
    source: Source,
    most: usize,
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    link: Link,
    out_since: Instant,
    idle_since: Instant,
}

impl Ready {
    /// Keeps at most half of the connections.
    pub fn of(source: Source) -> Self {
        let most = usize::try_from(source.most() / 2).unwrap_or_default();
        Self { source, most, kept: Mutex::default() }
    }

    /// Most connections there may be.
    pub fn most(&self) -> u32 {
        self.source.most()
    }

    /// Gives every connection back to the pool, and closes that.
    pub async fn close(&self) {
        self.kept().clear();
        self.source.close().await;
    }

    /// How many stand ready now.
    pub fn count(&self) -> u32 {
        u32::try_from(self.kept().len()).unwrap_or(u32::MAX)
    }

    /// A connection for a transaction: one that stands ready, or else one of the pool. Readers and those that stand ready may
    /// together have all of the pool.
    pub async fn link(&self) -> Result<Link, DbErr> {
        Ok(self.take().await?.link)
    }

    /// Reads all rows of a statement.
    pub async fn read(&self, statement: Statement) -> Result<Found, DbErr> {
        let mut kept = self.take().await?;
        let rows = kept.link.all(statement).await.map_err(failed)?;
        self.keep(kept);
        Ok(Found::Each(rows))
    }

    async fn take(&self) -> Result<Kept, DbErr> {
        let kept = self.kept().pop().filter(|kept| kept.idle_since.elapsed() < IDLE);
        match kept {
            Some(kept) => Ok(kept),
            None => {
                let link = self.source.link().await?;
                Ok(Kept { link, out_since: Instant::now(), idle_since: Instant::now() })
            }
        }
    }

    fn keep(&self, kept: Kept) {
        let mut all = self.kept();
        if all.len() < self.most && kept.out_since.elapsed() < OUT && !self.source.is_closed() {
            all.push(Kept { idle_since: Instant::now(), ..kept });
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

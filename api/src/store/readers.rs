//! The connections that read an SQLite file.
//!
//! sqlx would send every row by itself across a thread, which costs more than reading it. Here a statement goes to a thread
//! that may wait for the disk, and comes back with all of its rows. A statement that nobody waits for any more is stopped by
//! a flag that SQLite looks at while it works; until it has ended it keeps its place.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;
use rusqlite::Connection;
use sea_orm::sqlx::Error as Sqlx;
use sea_orm::{DbErr, Statement};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::fault::failed;
use super::found::Found;
use super::link::Running;
use super::packed::Packed;
use super::sqlite::{self, Door, as_sqlx};

/// An older connection is closed: a file that was put in the place of another one is read in the end.
const OLD: Duration = Duration::from_secs(1_800);

/// The connections.
pub(super) struct Readers {
    shared: Arc<Shared>,
    /// One for each connection there may be.
    places: Arc<Semaphore>,
    most: u32,
    /// How long a statement waits for a connection.
    wait: Duration,
}

struct Shared {
    door: Door,
    /// Those that nothing runs on. The one that was used last is used next: it knows most of what is asked.
    idle: Mutex<Vec<Idle>>,
    closed: AtomicBool,
    given_up: Counter,
}

struct Idle {
    connection: Connection,
    opened: Instant,
}

impl Readers {
    /// At most so many, opened when they are needed; what is given up on them is counted.
    pub fn new(door: Door, most: u32, wait: Duration, given_up: Counter) -> Self {
        let shared = Shared { door, idle: Mutex::default(), closed: AtomicBool::new(false), given_up };
        let places = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS)));
        Self { shared: Arc::new(shared), places, most, wait }
    }

    /// Most connections there may be.
    pub fn most(&self) -> u32 {
        self.most
    }

    /// How many are in use.
    pub fn busy(&self) -> u32 {
        self.most.saturating_sub(u32::try_from(self.places.available_permits()).unwrap_or(u32::MAX))
    }

    /// How many stand ready.
    pub fn idle(&self) -> u32 {
        u32::try_from(self.shared.idle().len()).unwrap_or(u32::MAX)
    }

    /// Reads all rows of a statement.
    pub async fn read(&self, statement: Statement) -> Result<Found, DbErr> {
        let place = self.place().await.map_err(failed)?;
        let (shared, stopped) = (Arc::clone(&self.shared), Arc::new(AtomicBool::new(false)));
        let running = Running::of(&stopped);
        let read = tokio::task::spawn_blocking(move || {
            let outcome = shared.read(&statement, &stopped);
            drop(place);
            outcome
        });
        let outcome = read.await;
        running.ended();
        // It was not run because the process ends.
        let outcome = outcome.map_err(|_| failed(Sqlx::WorkerCrashed))?;
        outcome.map(Found::Packed).map_err(|error| failed(as_sqlx(error)))
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, Sqlx> {
        match tokio::time::timeout(self.wait, Arc::clone(&self.places).acquire_owned()).await {
            Ok(place) => place.map_err(|_| Sqlx::PoolClosed),
            Err(_) => Err(Sqlx::PoolTimedOut),
        }
    }

    /// Takes no statement any more, and closes the connections once nothing runs on them.
    pub async fn close(&self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        // All places: then nothing runs.
        let _all = self.places.acquire_many(self.most).await;
        self.places.close();
        let idle = std::mem::take(&mut *self.shared.idle());
        let _ = tokio::task::spawn_blocking(move || drop(idle)).await;
    }
}

impl Shared {
    fn read(&self, statement: &Statement, stopped: &Arc<AtomicBool>) -> rusqlite::Result<Packed> {
        let known = self.idle().pop();
        let reader = match known {
            Some(idle) => idle,
            None => Idle { connection: self.door.open()?, opened: Instant::now() },
        };
        let outcome = sqlite::read(&reader.connection, statement, stopped);
        if sqlite::is_sound(&outcome) {
            self.keep(reader);
        }
        if stopped.load(Ordering::Relaxed) {
            self.given_up.inc();
        }
        outcome
    }

    /// Keeps a connection for the next statement, and closes the one that was used least if it is old.
    fn keep(&self, reader: Idle) {
        let mut idle = self.idle();
        if !self.closed.load(Ordering::Relaxed) {
            idle.push(reader);
        }
        let old = idle.first().is_some_and(|least| least.opened.elapsed() > OLD).then(|| idle.remove(0));
        drop(idle);
        drop(old);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

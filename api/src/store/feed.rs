//! The feed: one tail of the event log in each process, and any number of followers behind it.
//!
//! The tail wakes up after every commit of this process, at every announcement of PostgreSQL (that is how a change on
//! one replica reaches the others) and, should both fail, every few seconds. It reads what is new once, whatever the
//! number of followers. A follower keeps nothing but its place: it takes the entries behind it from those that were
//! read last or, when it lies further back, from the log in pages. So resuming and catching up are the same thing
//! as following, nothing is queued for anybody, and since the log has no gaps nobody misses or repeats an entry.
//! Entries come in batches, and whoever is up to date gets the same ones: what is made of a batch can be shared.
//!
//! The tail runs while there are followers. Entries say which row changed, to nobody but the machinery that then reads
//! the event and the row with the eyes of a viewer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::DbErr;
use sea_orm::sqlx::postgres::PgListener;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use uuid::Uuid;

use super::database::{Database, classify};
use super::found::Line;
use super::sql::Sql;
use crate::access::Kind;
use crate::error::{Error, Result};

/// Where a trigger announces new events; the payload is the last number.
const CHANNEL: &str = "tributary_event";
/// How long the tail trusts that every wake-up reaches it.
const POLL: Duration = Duration::from_secs(5);
/// Pause before a lost listener is opened again.
const RETRY: Duration = Duration::from_secs(1);
/// How long after they were read entries may be told to all who see them alike from one reading.
const SAME_MOMENT: Duration = Duration::from_secs(3);
/// So many entries are kept, for followers that are nearly up to date.
const RECENT: usize = 2_000;
/// So many entries are read at a time.
const PAGE: usize = 200;
/// So many entries are handed on together. Few, because their rights are those of the moment in which they are read.
pub const BATCH: usize = 20;

/// An entry of the log: which row changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub seq: i64,
    /// The event.
    pub id: Uuid,
    /// What kind of row changed; none if the graph does not declare it any more.
    pub kind: Option<Kind>,
    /// The row.
    pub subject: Uuid,
}

/// Entries that follow each other in the log, at least one.
#[derive(Debug)]
pub struct Batch {
    /// The entries, in their order.
    pub entries: Vec<Entry>,
    /// When the tail read them, for all its followers; none if one follower read them for itself.
    read_at: Option<Instant>,
}

impl Batch {
    fn first(&self) -> i64 {
        self.entries.first().map_or(i64::MAX, |entry| entry.seq)
    }

    fn last(&self) -> i64 {
        self.entries.last().map_or(i64::MIN, |entry| entry.seq)
    }

    /// The numbers of the first and of the last entry.
    pub fn span(&self) -> (i64, i64) {
        (self.first(), self.last())
    }
}

/// The growing end of the event log, as this process sees it.
pub struct Feed {
    database: Arc<Database>,
    /// The number of the last entry that the tail has read.
    head: watch::Sender<i64>,
    /// The greatest number that the tail has heard of.
    heard: AtomicI64,
    wake: Notify,
    /// The last entries, without a gap up to the head.
    recent: Mutex<VecDeque<Arc<Batch>>>,
    running: Mutex<bool>,
}

/// A place in the log that moves on with it.
pub struct Follower {
    feed: Arc<Feed>,
    head: watch::Receiver<i64>,
    since: Instant,
    at: i64,
    /// What was read behind the place and not handed on yet.
    ahead: VecDeque<Arc<Batch>>,
}

impl Follower {
    /// The next entries in the order of the log: waits until there are some. Cancelling loses nothing.
    ///
    /// # Errors
    /// Database errors.
    pub async fn next(&mut self) -> Result<Arc<Batch>> {
        loop {
            if let Some(batch) = self.ahead.pop_front() {
                self.at = batch.last();
                return Ok(batch);
            }
            if *self.head.borrow_and_update() > self.at {
                self.ahead = self.feed.after(self.at).await?;
                if !self.ahead.is_empty() {
                    continue;
                }
            }
            self.head.changed().await.map_err(|_| Error::internal("the feed is gone"))?;
        }
    }

    /// Were these entries read for all who followed at that moment, this one among them, and not long ago? Then whoever
    /// sees them alike may be told alike: it is the same moment.
    pub fn shares(&self, batch: &Batch) -> bool {
        batch.read_at.is_some_and(|read_at| self.since <= read_at && read_at.elapsed() < SAME_MOMENT)
    }
}

impl Feed {
    pub(super) fn of(database: Arc<Database>) -> Arc<Self> {
        Arc::new(Self {
            database,
            head: watch::Sender::new(0),
            heard: AtomicI64::new(0),
            wake: Notify::new(),
            recent: Mutex::default(),
            running: Mutex::default(),
        })
    }

    /// Follows the log from now on, or from behind the entry with the number `after`.
    ///
    /// # Errors
    /// BAD_USER_INPUT: there is no such entry yet. Database errors.
    pub async fn follow(self: &Arc<Self>, after: Option<i64>) -> Result<Follower> {
        let end = self.end().await?;
        let at = after.unwrap_or(end);
        if at > end {
            return Err(Error::bad_input("The cursor lies behind the end of this log. Start again without a cursor."));
        }
        let (feed, head) = (Arc::clone(self), self.head.subscribe());
        let follower = Follower { feed, head, since: Instant::now(), at, ahead: VecDeque::new() };
        self.start();
        Ok(follower)
    }

    /// How many follow in this process.
    pub fn followers(&self) -> usize {
        self.head.receiver_count()
    }

    /// The log of this process has grown up to this number.
    pub(super) fn grown(&self, seq: i64) {
        if self.heard.fetch_max(seq, Ordering::SeqCst) < seq {
            self.wake.notify_one();
        }
    }

    fn start(self: &Arc<Self>) {
        let mut running = lock(&self.running);
        if !*running {
            *running = true;
            tokio::spawn(Arc::clone(self).tail());
        }
    }

    /// Stops unless a follower has come meanwhile.
    fn stop(&self) -> bool {
        let mut running = lock(&self.running);
        *running = self.head.receiver_count() > 0;
        !*running
    }

    /// Reads on until nobody follows any more.
    async fn tail(self: Arc<Self>) {
        // What was read before the last pause may have a gap behind it.
        lock(&self.recent).clear();
        let (mut listener, mut begun, mut look) = (None, false, true);
        loop {
            // Before reading, so that nothing falls between the two.
            if listener.is_none() {
                listener = self.database.listen(CHANNEL).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "the announcements of new events cannot be heard; looking for them instead");
                    None
                });
            }
            if look || self.heard.load(Ordering::SeqCst) > *self.head.borrow() {
                look = match self.read(&mut begun).await {
                    Ok(()) => false,
                    Err(error) => {
                        tracing::warn!(%error, "new events cannot be read; trying again");
                        true
                    }
                };
            }
            tokio::select! {
                () = self.head.closed() => if self.stop() { return },
                () = self.wake.notified() => {}
                heard = hear(&mut listener) => match heard {
                    Heard::Number(seq) => _ = self.heard.fetch_max(seq, Ordering::SeqCst),
                    Heard::Nothing => look = true,
                },
                () = tokio::time::sleep(POLL) => look = true,
            }
        }
    }

    /// Reads what is new; at first only where the log ends.
    async fn read(&self, begun: &mut bool) -> Result<()> {
        if !*begun {
            let end = self.end().await?;
            self.head.send_replace(end);
            *begun = true;
        }
        loop {
            let head = *self.head.borrow();
            let entries = self.page(head).await?;
            let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(()) };
            let full = entries.len() == PAGE;
            self.remember(batches(&entries, Some(Instant::now())));
            self.head.send_replace(last);
            if !full {
                return Ok(());
            }
        }
    }

    fn remember(&self, batches: impl Iterator<Item = Arc<Batch>>) {
        let mut recent = lock(&self.recent);
        recent.extend(batches);
        let mut surplus = recent.iter().map(|batch| batch.entries.len()).sum::<usize>().saturating_sub(RECENT);
        while surplus > 0 {
            let Some(oldest) = recent.pop_front() else { return };
            surplus = surplus.saturating_sub(oldest.entries.len());
        }
    }

    /// The entries behind a place, at most about a page of them.
    async fn after(&self, seq: i64) -> Result<VecDeque<Arc<Batch>>> {
        let recent = self.recent_after(seq);
        if recent.is_empty() { Ok(batches(&self.page(seq).await?, None).collect()) } else { Ok(recent) }
    }

    /// The same, if those that were read last reach back so far; otherwise nothing.
    fn recent_after(&self, seq: i64) -> VecDeque<Arc<Batch>> {
        let recent = lock(&self.recent);
        if recent.front().is_none_or(|first| first.first() > seq + 1) {
            return VecDeque::new();
        }
        let start = recent.partition_point(|batch| batch.last() <= seq);
        recent.iter().skip(start).take(PAGE / BATCH).map(|batch| behind(batch, seq)).collect()
    }

    async fn page(&self, after: i64) -> Result<Vec<Entry>> {
        let mut sql = Sql::text("SELECT seq, id, subject_type, subject_id FROM event WHERE seq > ");
        sql.bind(after).push(&format!(" ORDER BY seq LIMIT {PAGE}"));
        let found = self.database.reading().read(sql.statement(self.database.backend())).await;
        found.map_err(classify)?.iter().map(|row| self.entry(row)).collect::<Result<_, _>>().map_err(classify)
    }

    fn entry(&self, row: Line<'_>) -> Result<Entry, DbErr> {
        let kind: String = row.get(2)?;
        Ok(Entry { seq: row.get(0)?, id: row.get(1)?, kind: Kind::spelt(&kind), subject: row.get(3)? })
    }

    /// The number of the last entry of the log.
    async fn end(&self) -> Result<i64> {
        let sql = Sql::text("SELECT value FROM event_sequence WHERE id = 1");
        let found = self.database.reading().read(sql.statement(self.database.backend())).await.map_err(classify)?;
        let row = found.first().ok_or_else(|| Error::internal("the event counter is missing"))?;
        row.get(0).map_err(classify)
    }
}

/// These entries in batches.
fn batches(entries: &[Entry], read_at: Option<Instant>) -> impl Iterator<Item = Arc<Batch>> {
    entries.chunks(BATCH).map(move |entries| Arc::new(Batch { entries: entries.to_vec(), read_at }))
}

/// What of a batch lies behind a place. A part is its reader's own.
fn behind(batch: &Arc<Batch>, seq: i64) -> Arc<Batch> {
    if batch.first() > seq {
        return Arc::clone(batch);
    }
    let entries = batch.entries.iter().filter(|entry| entry.seq > seq).copied().collect();
    Arc::new(Batch { entries, read_at: None })
}

/// What came over the listener.
enum Heard {
    /// The log has grown up to this number.
    Number(i64),
    /// The connection was lost for a while: whatever was announced then, was missed.
    Nothing,
}

/// Waits for the next announcement; for ever without a listener.
async fn hear(listener: &mut Option<PgListener>) -> Heard {
    let Some(open) = listener else { return std::future::pending().await };
    match open.try_recv().await {
        Ok(Some(notice)) => notice.payload().parse().map_or(Heard::Nothing, Heard::Number),
        // The library has opened it again by now.
        Ok(None) => Heard::Nothing,
        Err(error) => {
            tracing::warn!(%error, "the connection that hears of new events was lost");
            *listener = None;
            tokio::time::sleep(RETRY).await;
            Heard::Nothing
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

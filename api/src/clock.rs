//! Time and ids come from outside, so that tests and demo data are deterministic.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Duration, SubsecRound, TimeDelta, Utc};
use uuid::{Builder, ContextV7, Timestamp, Uuid};

/// How far the clock of another system may run ahead of ours.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// When something happened, as told by another clock: a moment that is only just to come is now. None if it lies in the
/// future.
pub fn happened(told: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (told <= now + AHEAD).then(|| told.min(now))
}

/// What time it is, and the next id.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Now, in whole microseconds (what both databases keep).
    fn now(&self) -> DateTime<Utc>;
    /// A new UUIDv7; later ids are greater.
    fn id(&self) -> Uuid;
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock {
    context: Mutex<ContextV7>,
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }

    fn id(&self) -> Uuid {
        let now = self.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        let context = self.context.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*context, seconds, now.timestamp_subsec_nanos()))
    }
}

/// A clock that stands still until it is moved; its ids count up.
#[derive(Debug)]
pub struct FixedClock {
    micros: AtomicU64,
    ids: AtomicU64,
}

impl FixedClock {
    /// Stands at `start`.
    pub fn at(start: DateTime<Utc>) -> Self {
        let micros = u64::try_from(start.timestamp_micros()).unwrap_or_default();
        Self { micros: AtomicU64::new(micros), ids: AtomicU64::new(0) }
    }

    /// Moves on (or back).
    pub fn advance(&self, by: Duration) {
        let micros = by.num_microseconds().unwrap_or_default();
        self.micros.fetch_add(micros.cast_unsigned(), Ordering::SeqCst);
    }

    /// Goes to a moment.
    pub fn set(&self, to: DateTime<Utc>) {
        self.micros.store(u64::try_from(to.timestamp_micros()).unwrap_or_default(), Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        let micros = i64::try_from(self.micros.load(Ordering::SeqCst)).unwrap_or_default();
        DateTime::from_timestamp_micros(micros).unwrap_or_default()
    }

    fn id(&self) -> Uuid {
        let millis = u64::try_from(self.now().timestamp_millis()).unwrap_or_default();
        let mut random = [0; 10];
        random[2..].copy_from_slice(&self.ids.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

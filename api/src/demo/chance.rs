//! Chance that repeats: a seeded generator and the few shapes of randomness that the demo data need.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::{Builder, Uuid};

/// A seeded source of decisions. The same seed decides the same, on every machine and in every release.
#[derive(Debug)]
pub struct Chance(fastrand::Rng);

impl Chance {
    /// The decisions about one thing: `subject` is its number, so that more of one thing never changes another.
    pub fn about(seed: u64, subject: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed ^ subject.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, percent: f64) -> bool {
        self.0.f64() * 100.0 < percent
    }

    /// A whole number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.i64(low..=high.max(low))
    }

    /// A whole number from 0 up to `most`, small ones much likelier.
    pub fn small(&mut self, most: i64) -> i64 {
        (self.0.f64().powi(2) * most as f64) as i64
    }

    /// One of a list, all equally likely.
    pub fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        self.0.choice(from).copied().unwrap_or_default()
    }

    /// One of a list, as likely as its weight says.
    pub fn weighted<T: Copy + Default>(&mut self, from: &[(T, f64)]) -> T {
        let mut left = self.0.f64() * from.iter().map(|(_, weight)| weight).sum::<f64>();
        for (one, weight) in from {
            left -= weight;
            if left < 0.0 {
                return *one;
            }
        }
        from.last().map(|(one, _)| *one).unwrap_or_default()
    }

    /// A factor around 1: half of them below, few far away; `spread` is the standard deviation of its logarithm.
    pub fn factor(&mut self, spread: f64) -> f64 {
        // The sum of twelve uniform numbers less six is as good as normally distributed.
        let normal = (0..12).map(|_| self.0.f64()).sum::<f64>() - 6.0;
        (spread * normal).exp()
    }

    /// A span of time with this median in days, in whole seconds.
    pub fn days(&mut self, median: f64, spread: f64) -> TimeDelta {
        let seconds = median * self.factor(spread) * 86_400.0;
        TimeDelta::seconds(seconds as i64)
    }

    /// A moment from `from` to `to`, in whole seconds.
    pub fn moment(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) -> DateTime<Utc> {
        from + TimeDelta::seconds(self.between(0, (to - from).num_seconds().max(0)))
    }

    /// A UUIDv7 of this moment.
    pub fn id(&mut self, at: DateTime<Utc>) -> Uuid {
        let mut random = [0; 10];
        self.0.fill(&mut random);
        Builder::from_unix_timestamp_millis(u64::try_from(at.timestamp_millis()).unwrap_or_default(), &random)
            .into_uuid()
    }

    /// The key of an anonymous visitor.
    pub fn visitor(&mut self) -> String {
        format!("v-{:016x}", self.0.u64(..))
    }
}

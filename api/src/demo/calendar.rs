//! When things happen: two years up to today, on working days, more in spring and autumn than in summer.

use chrono::{DateTime, Datelike, DurationRound, NaiveDate, TimeDelta, Utc};

use super::chance::Chance;

/// How far back the data reach.
const DAYS: i64 = 730;

const DAY: i64 = 86_400;
const OPENS: i64 = 7 * 3_600;
const CLOSES: i64 = 17 * 3_600;

/// How many people ask in a month, compared with the mean: January first.
const SEASON: [f64; 12] = [1.0, 1.1, 1.3, 1.1, 1.05, 0.95, 0.7, 0.6, 1.15, 1.25, 1.2, 0.6];

/// The time that the demo data cover.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    /// The first moment.
    pub start: DateTime<Utc>,
    /// Midnight at the beginning of today: nothing has happened after it.
    pub today: DateTime<Utc>,
}

impl Calendar {
    /// The two years before the day of `now`.
    pub fn until(now: DateTime<Utc>) -> Self {
        let today = now.duration_trunc(TimeDelta::days(1)).unwrap_or(now);
        Self { start: today - TimeDelta::days(DAYS), today }
    }

    /// The moment so many days before today, at this hour.
    pub fn ago(&self, days: i64, hour: i64) -> DateTime<Utc> {
        self.today - TimeDelta::days(days) + TimeDelta::hours(hour)
    }

    /// The date so many days before today.
    pub fn day_ago(&self, days: i64) -> NaiveDate {
        self.ago(days, 0).date_naive()
    }

    /// `None` for what has not happened yet.
    pub fn happened(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (at <= self.today).then_some(at)
    }

    /// The working hour some days later, unless that has not come yet.
    pub fn later(&self, chance: &mut Chance, from: DateTime<Utc>, median_days: f64) -> Option<DateTime<Utc>> {
        self.happened(at_work(from + chance.days(median_days, 0.6)))
    }

    /// When somebody new turns up: by season, and more often from year to year.
    pub fn arrival(&self, chance: &mut Chance) -> DateTime<Utc> {
        let mut at = self.start;
        // A bounded number of tries: each is taken with a chance of about one in two.
        for _ in 0..64 {
            at = chance.moment(self.start, self.today);
            let month = usize::try_from(at.month0()).unwrap_or_default();
            let season = SEASON.get(month).copied().unwrap_or(1.0);
            let age = (self.today - at).num_days() as f64 / DAYS as f64;
            if chance.percent(100.0 * season * (1.0 - 0.3 * age) / 1.3) {
                break;
            }
        }
        at_work(at)
    }
}

/// The same moment if it is a working hour, else one on the next working day (never an earlier one).
pub fn at_work(at: DateTime<Utc>) -> DateTime<Utc> {
    let (mut day, mut second) = (at.timestamp().div_euclid(DAY), at.timestamp().rem_euclid(DAY));
    if !(OPENS..CLOSES).contains(&second) {
        day += i64::from(second >= CLOSES);
        second = OPENS + second.rem_euclid(CLOSES - OPENS);
    }
    // 1 January 1970 was a Thursday; 0 is Monday.
    let weekday = (day + 3).rem_euclid(7);
    day += (7 - weekday) * i64::from(weekday > 4);
    DateTime::from_timestamp(day * DAY + second, 0).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Timelike, Weekday};

    #[test]
    fn work_is_done_in_working_hours_and_never_earlier() {
        let mut chance = Chance::about(1, 2);
        for _ in 0..2_000 {
            let at = DateTime::from_timestamp(chance.between(0, 4_000_000_000), 0).unwrap();
            let work = at_work(at);
            assert!(work >= at && work - at < TimeDelta::days(4), "{at} {work}");
            assert!(!matches!(work.weekday(), Weekday::Sat | Weekday::Sun), "{work}");
            assert!((7..17).contains(&work.hour()), "{work}");
            assert_eq!(at_work(work), work);
        }
    }
}

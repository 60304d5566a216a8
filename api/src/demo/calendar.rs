//! When things happen: two years up to today, with busy and quiet months, days and hours.

use chrono::{DateTime, Datelike, DurationRound, NaiveDate, TimeDelta, Timelike, Utc};

use super::chance::Chance;
use super::work::{after, at_work};

/// How far back the data reach.
const DAYS: i64 = 730;

/// How many people ask in a month, compared with the mean: January first.
const SEASON: [f64; 12] = [1.0, 1.1, 1.3, 1.1, 1.05, 0.95, 0.7, 0.6, 1.15, 1.25, 1.2, 0.6];
/// How many look at us on a day of the week, compared with the busiest: Monday first. Forms are filled in on Sundays, too.
const WEEK: [f64; 7] = [0.9, 1.0, 0.98, 0.94, 0.72, 0.15, 0.19];
/// How many look at us in an hour of the day, compared with the busiest.
const HOURS: [f64; 24] = [
    0.03, 0.02, 0.01, 0.01, 0.02, 0.06, 0.2, 0.5, 0.85, 1.0, 0.95, 0.75, 0.7, 0.85, 0.9, 0.75, 0.55, 0.35, 0.3, 0.32,
    0.28, 0.2, 0.12, 0.06,
];
/// What takes at least so many days waits for the end of the holidays.
const PATIENT: f64 = 5.0;

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

    /// How many days before today a day of the year was last (`back` is 0), or was `back` years before that. Negative
    /// for the next one, when `back` is -1.
    pub fn days_since(&self, month: u32, day: u32, back: i32) -> i64 {
        let today = self.today.date_naive();
        let of = |year| NaiveDate::from_ymd_opt(year, month, day).unwrap_or(today);
        let last = if of(today.year()) < today { today.year() } else { today.year() - 1 };
        (today - of(last - back)).num_days()
    }

    /// `None` for what has not happened yet.
    pub fn happened(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (at <= self.today).then_some(at)
    }

    /// The working hour some days later, unless that has not come yet.
    pub fn later(&self, chance: &mut Chance, from: DateTime<Utc>, median_days: f64) -> Option<DateTime<Utc>> {
        let at = after(from, chance.days(median_days, 0.6));
        self.happened(if median_days >= PATIENT { rested(chance, at) } else { at })
    }

    /// When somebody new turns up: by season and day of the week, and more often from year to year.
    pub fn arrival(&self, chance: &mut Chance) -> DateTime<Utc> {
        let mut at = self.start;
        // A bounded number of tries: each is taken with a chance of about one in five.
        for _ in 0..64 {
            at = chance.moment(self.start, self.today);
            let age = (self.today - at).num_days() as f64 / DAYS as f64;
            if chance.percent(100.0 * season(at) * (1.0 - 0.3 * age) * attention(at)) {
                break;
            }
        }
        at
    }

    /// When somebody looks at us again after some days, unless that has not come yet.
    pub fn visit(&self, chance: &mut Chance, since: DateTime<Utc>, median_days: f64) -> Option<DateTime<Utc>> {
        let mut at = since;
        for _ in 0..6 {
            at = since + chance.days(median_days, 0.6);
            if chance.percent(100.0 * season(at)) {
                break;
            }
        }
        // At an hour of the same week when people do.
        let at = self.glance(chance, at, at + TimeDelta::days(7));
        self.happened(at)
    }

    /// A moment between two at which people look at us.
    pub fn glance(&self, chance: &mut Chance, from: DateTime<Utc>, to: DateTime<Utc>) -> DateTime<Utc> {
        let mut at = chance.moment(from, to);
        for _ in 0..16 {
            if chance.percent(100.0 * attention(at)) {
                break;
            }
            at = chance.moment(from, to);
        }
        at
    }
}

/// How many people ask in that month, compared with the busiest. Hardly anybody does between the years.
fn season(at: DateTime<Utc>) -> f64 {
    if at.month() == 12 && at.day() > 22 {
        return 0.15;
    }
    let month = usize::try_from(at.month0()).unwrap_or_default();
    SEASON.get(month).copied().unwrap_or(1.0) / 1.3
}

/// How many people look at us at that moment, compared with the busiest hour of the week.
fn attention(at: DateTime<Utc>) -> f64 {
    let of = |shares: &[f64], place: u32| shares.get(usize::try_from(place).unwrap_or_default()).copied();
    let day = of(&WEEK, at.weekday().num_days_from_monday()).unwrap_or(1.0);
    day * of(&HOURS, at.hour()).unwrap_or(1.0)
}

/// Between the years nobody decides anything, and in August many are away: it happens when they are back.
fn rested(chance: &mut Chance, at: DateTime<Utc>) -> DateTime<Utc> {
    let back = match (at.month(), at.day()) {
        (12, 24..) => NaiveDate::from_ymd_opt(at.year() + 1, 1, 2),
        (1, 1) => NaiveDate::from_ymd_opt(at.year(), 1, 2),
        (8, _) if chance.percent(45.0) => NaiveDate::from_ymd_opt(at.year(), 9, 1),
        _ => None,
    };
    match back.and_then(|day| day.and_hms_opt(8, 0, 0)) {
        Some(back) => after(at_work(back.and_utc()), TimeDelta::hours(chance.between(1, 24 * 14))),
        None => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_year_are_found_around_today() {
        let now = DateTime::parse_from_rfc3339("2026-03-01T15:00:00Z").expect("a moment").to_utc();
        let calendar = Calendar::until(now);
        assert_eq!(calendar.day_ago(calendar.days_since(10, 14, 0)).to_string(), "2025-10-14");
        assert_eq!(calendar.day_ago(calendar.days_since(10, 14, 1)).to_string(), "2024-10-14");
        assert_eq!(calendar.day_ago(calendar.days_since(10, 14, -1)).to_string(), "2026-10-14");
        assert_eq!(calendar.day_ago(calendar.days_since(3, 1, 0)).to_string(), "2025-03-01");
    }
}

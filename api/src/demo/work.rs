//! Working time: ten hours a day, Monday to Friday, in UTC.

use chrono::{DateTime, TimeDelta, Utc};

const DAY: i64 = 86_400;
const OPENS: i64 = 7 * 3_600;
const SHIFT: i64 = 10 * 3_600;
/// Whoever comes in outside of working hours is seen to in the first hours of the next working day.
const MORNING: i64 = 2 * 3_600;
/// 1 January 1970 was a Thursday: the week it belongs to began three days before it.
const INTO_WEEK: i64 = 3;

/// Seconds of work from the beginning of time until then.
fn worked(at: DateTime<Utc>) -> i64 {
    let (day, second) = (at.timestamp().div_euclid(DAY) + INTO_WEEK, at.timestamp().rem_euclid(DAY));
    let (week, weekday) = (day.div_euclid(7), day.rem_euclid(7));
    let of_week = if weekday > 4 { 5 * SHIFT } else { weekday * SHIFT + (second - OPENS).clamp(0, SHIFT) };
    week * 5 * SHIFT + of_week
}

/// The moment after so many seconds of work.
fn moment(worked: i64) -> DateTime<Utc> {
    let (shift, second) = (worked.div_euclid(SHIFT), worked.rem_euclid(SHIFT));
    let day = shift.div_euclid(5) * 7 + shift.rem_euclid(5) - INTO_WEEK;
    DateTime::from_timestamp(day * DAY + OPENS + second, 0).unwrap_or_default()
}

/// The same moment if it is a working hour, else one in the next morning (never an earlier one).
pub fn at_work(at: DateTime<Utc>) -> DateTime<Utc> {
    let next = moment(worked(at));
    if next == at { at } else { next + TimeDelta::seconds(at.timestamp().rem_euclid(MORNING)) }
}

/// The working hour when work of this span is done. Weekends and nights are part of the span, so seven days are five
/// days of work: what is due on a weekend does not pile up on Mondays.
pub fn after(from: DateTime<Utc>, span: TimeDelta) -> DateTime<Utc> {
    moment(worked(from) + span.num_seconds().max(0) * 5 * SHIFT / (7 * DAY))
}

/// So many seconds of work before the end of that day.
pub fn before_end_of(day: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
    moment(worked(day + TimeDelta::days(1)) - 1 - seconds)
}

/// Seconds in so many days of work.
pub fn days_of_work(days: i64) -> i64 {
    days * SHIFT
}

#[cfg(test)]
mod tests {
    use super::super::chance::Chance;
    use super::*;
    use chrono::{Datelike, Timelike, Weekday};

    #[test]
    fn work_is_done_in_working_hours_and_never_earlier() {
        let mut chance = Chance::about(1, 2);
        let mut mondays = 0;
        for _ in 0..2_000 {
            let at = DateTime::from_timestamp(chance.between(0, 4_000_000_000), 0).expect("a moment");
            let done = after(at_work(at), TimeDelta::seconds(chance.between(0, 9_000_000)));
            for work in [at_work(at), done] {
                assert!(work >= at, "{at} {work}");
                assert!(!matches!(work.weekday(), Weekday::Sat | Weekday::Sun), "{work}");
                assert!((7..17).contains(&work.hour()), "{work}");
                assert_eq!(at_work(work), work);
            }
            assert!(at_work(at) - at < TimeDelta::days(3), "{at}");
            mondays += i32::from(done.weekday() == Weekday::Mon);
        }
        assert!((300..500).contains(&mondays), "a fifth of the work is done on a Monday: {mondays}");
    }

    #[test]
    fn a_week_is_five_days_of_work() {
        let friday = DateTime::parse_from_rfc3339("2026-01-30T16:30:00Z").expect("a moment").to_utc();
        assert_eq!(after(friday, TimeDelta::days(7)), friday + TimeDelta::days(7));
        assert_eq!(before_end_of(friday, 0).to_rfc3339(), "2026-01-30T16:59:59+00:00");
        assert_eq!(before_end_of(friday, days_of_work(5)), before_end_of(friday - TimeDelta::days(7), 0));
    }
}

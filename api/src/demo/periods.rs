//! Months and quarters: what is nearly signed is signed before they end.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::calendar::Calendar;
use super::chance::Chance;
use super::work::{before_end_of, days_of_work};

impl Calendar {
    /// When a sale is signed that could be at this moment: many wait for the end of the quarter, some for that of the
    /// month; none if that has not come yet.
    pub fn signing(&self, chance: &mut Chance, ripe: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let day = ripe.date_naive();
        let (quarter, month) = (end_of_quarter(day), end_of_month(day));
        let wait = |end: NaiveDate| (end - day).num_days();
        let (end, last_days) = match (wait(quarter), wait(month)) {
            (0..=31, _) if chance.percent(52.0) => (quarter, 7),
            (32..=60, _) if chance.percent(22.0) => (quarter, 7),
            (_, 0..=18) if chance.percent(40.0) => (month, 4),
            _ => return self.happened(ripe),
        };
        let before_end = chance.small(days_of_work(last_days));
        self.happened(before_end_of(midnight(end), before_end).max(ripe))
    }
}

/// The day a seller hopes to close by, when it could be this one: mostly the end of a quarter or month.
pub fn hoped_for(chance: &mut Chance, day: NaiveDate) -> NaiveDate {
    match chance.weighted(&[(0, 45.0), (1, 30.0), (2, 25.0)]) {
        0 => end_of_quarter(day),
        1 => end_of_month(day),
        _ => super::work::at_work(midnight(day)).date_naive(),
    }
}

/// The day before which a quarter is closed. In December that is before the holidays.
fn end_of_quarter(day: NaiveDate) -> NaiveDate {
    let last = day.month0() / 3 * 3 + 3;
    end_of_month(day.with_day(1).and_then(|first| first.with_month(last)).unwrap_or(day)).max(day)
}

fn end_of_month(day: NaiveDate) -> NaiveDate {
    if day.month() == 12 {
        return day.with_day(22).unwrap_or(day).max(day);
    }
    let next = day.with_day(1).and_then(|first| first.checked_add_months(Months::new(1)));
    next.map_or(day, |next| next - TimeDelta::days(1))
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_end_on_their_last_day_and_before_christmas() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        for (of, quarter, month) in [
            ("2024-02-29", "2024-03-31", "2024-02-29"),
            ("2026-04-01", "2026-06-30", "2026-04-30"),
            ("2026-10-31", "2026-12-22", "2026-10-31"),
            ("2026-12-30", "2026-12-30", "2026-12-30"),
        ] {
            assert_eq!((end_of_quarter(day(of)), end_of_month(day(of))), (day(quarter), day(month)), "{of}");
        }
    }
}

//! The calendar: which days and moments there are, and what clocks show where the company is.
//!
//! Days are those of the years 1 to 9999: what both databases, their date functions and every client can hold. Time zones
//! follow the tz database that is compiled in, on both databases; it knows the rules until 2099, and a zone keeps its
//! last offset from there on.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// What a day or a moment outside of the calendar is told.
pub const YEARS: &str = "years reach from 1 to 9999";

/// The day, if the calendar has it.
pub fn day(day: NaiveDate) -> Option<NaiveDate> {
    (1..=9999).contains(&day.year()).then_some(day)
}

/// The moment in whole microseconds, if the calendar has it. A leap second is the second after it, as databases and most
/// clocks have it.
pub fn moment(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let whole = DateTime::from_timestamp_micros(at.timestamp_micros())?;
    day(whole.date_naive()).map(|_| whole)
}

/// RFC 3339 with `T` between day and time.
pub fn parse_moment(text: &str) -> Option<DateTime<Utc>> {
    let parted = matches!(text.as_bytes().get(10), Some(b'T' | b't'));
    let time = parted.then(|| DateTime::parse_from_rfc3339(text).ok()).flatten()?;
    moment(time.with_timezone(&Utc))
}

/// Four digits, two, two; the library would take `2026-3-1` and blanks as well.
pub fn parse_day(text: &str) -> Option<NaiveDate> {
    let parsed = text.parse::<NaiveDate>().ok().and_then(day)?;
    (parsed.to_string() == text).then_some(parsed)
}

/// Offsets from UTC in seconds, each with the moment from which it holds, from the beginning of the calendar.
pub type Offsets = Arc<[(DateTime<Utc>, i32)]>;

/// Days and clocks of a time zone.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: Tz,
    offsets: Offsets,
    fiscal: u32,
}

impl Calendar {
    /// The calendar of a zone; the fiscal year begins with the year.
    pub fn of(zone: Tz) -> Self {
        Self { zone, offsets: offsets(zone), fiscal: 1 }
    }

    /// The same with a fiscal year that begins with this month, from 1 to 12.
    #[must_use]
    pub fn with_fiscal_year(self, month: u32) -> Self {
        Self { fiscal: month, ..self }
    }

    /// The same in another zone.
    #[must_use]
    pub fn in_zone(&self, zone: Tz) -> Self {
        Self { fiscal: self.fiscal, ..Self::of(zone) }
    }

    /// The month that the fiscal year begins with, from 1 to 12.
    pub fn fiscal(&self) -> u32 {
        self.fiscal
    }

    /// The zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// What clocks show at this moment.
    pub fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        let known = self.offsets.partition_point(|(from, _)| *from <= at);
        let offset = known.checked_sub(1).and_then(|place| self.offsets.get(place)).map_or(0, |(_, offset)| *offset);
        at.naive_utc() + Duration::seconds(offset.into())
    }

    /// The day it is at this moment.
    pub fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        self.local(at).date()
    }

    /// The first moment at which clocks show this or later: of an hour that comes twice the first, of one that is left out
    /// the moment after it. None outside of the calendar.
    pub fn first(&self, shown: NaiveDateTime) -> Option<DateTime<Utc>> {
        let ends = self.offsets.iter().skip(1).map(|(from, _)| Some(*from)).chain([None]);
        let mut found = self.offsets.iter().zip(ends).filter_map(|((from, offset), end)| {
            let at = shown.checked_sub_signed(Duration::seconds((*offset).into()))?.and_utc().max(*from);
            end.is_none_or(|end| at < end).then_some(at)
        });
        found.next().and_then(moment)
    }
}

impl Default for Calendar {
    fn default() -> Self {
        Self::of(Tz::UTC)
    }
}

/// The offsets of a zone over the whole calendar, looked for once.
pub fn offsets(zone: Tz) -> Offsets {
    static KNOWN: LazyLock<Mutex<HashMap<Tz, Offsets>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(known.entry(zone).or_insert_with(|| find_offsets(zone)))
}

/// Looks at every third day between the first rule of any zone and the last: no zone changes twice within six. On the
/// first and on the last day of the calendar clocks show no other day, which would lie outside of it.
fn find_offsets(zone: Tz) -> Offsets {
    let start_of = |year, month, day| {
        NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default().and_time(chrono::NaiveTime::MIN).and_utc()
    };
    let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
    let (mut at, end) = (start_of(1840, 1, 1), start_of(2101, 1, 1));
    let first = offset(at);
    let mut found = vec![(start_of(1, 1, 1), first.max(0)), (start_of(1, 1, 2), first)];
    while at < end {
        let next = at + Duration::days(3);
        if offset(next) != offset(at) {
            let change = first_second_after(at, next, |moment| offset(moment) == offset(next));
            found.push((change, offset(next)));
        }
        at = next;
    }
    found.push((start_of(9999, 12, 31), offset(end).min(0)));
    found.dedup_by_key(|(_, offset)| *offset);
    found.into()
}

fn first_second_after(
    mut before: DateTime<Utc>,
    mut after: DateTime<Utc>,
    changed: impl Fn(DateTime<Utc>) -> bool,
) -> DateTime<Utc> {
    while after - before > Duration::seconds(1) {
        let middle = before + (after - before) / 2;
        let middle = DateTime::from_timestamp(middle.timestamp(), 0).unwrap_or(after);
        if changed(middle) { after = middle } else { before = middle }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        parse_moment(text).expect("a moment")
    }

    #[test]
    fn the_calendar_has_the_years_1_to_9999() {
        for text in ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "0000-12-31T23:00:00-02:00"] {
            assert!(parse_moment(text).is_some(), "{text}");
        }
        for text in
            ["0000-12-31T23:59:59Z", "9999-12-31T23:59:60Z", "9999-12-31T23:00:00-02:00", "0001-01-01T00:00:00+00:01"]
        {
            assert!(parse_moment(text).is_none(), "{text}");
        }
        for text in ["0000-12-31", "10000-01-01", "+10000-01-01", "-0001-01-01", "-1-01-01"] {
            assert!(parse_day(text).is_none(), "{text}");
        }
        assert_eq!(at("2024-05-05T10:10:60.25Z"), at("2024-05-05T10:11:00.25Z"));
        assert_eq!(at("2016-12-31T23:59:60Z"), at("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn a_zone_shows_what_its_rules_say_at_every_change() {
        for zone in chrono_tz::TZ_VARIANTS {
            let calendar = Calendar::of(zone);
            for (change, _) in calendar.offsets.iter().filter(|(from, _)| (1800..2100).contains(&from.year())) {
                for seconds in [-1, 0, 1] {
                    let at = *change + Duration::seconds(seconds);
                    assert_eq!(
                        calendar.local(at),
                        zone.from_utc_datetime(&at.naive_utc()).naive_local(),
                        "{zone} {at}"
                    );
                }
            }
        }
    }

    #[test]
    fn clocks_that_jump_or_go_back_show_a_time_first_at_one_moment() {
        let first = |zone: Tz, shown: &str| {
            let shown = shown.parse::<NaiveDateTime>().expect("a time");
            Calendar::of(zone).first(shown).map(|at| at.to_rfc3339())
        };
        let berlin = Tz::Europe__Berlin;
        assert_eq!(first(berlin, "2025-03-30T02:30:00").as_deref(), Some("2025-03-30T01:00:00+00:00"));
        assert_eq!(first(berlin, "2025-10-26T02:30:00").as_deref(), Some("2025-10-26T00:30:00+00:00"));
        // A day that Samoa left out begins when the day after it does.
        assert_eq!(first(Tz::Pacific__Apia, "2011-12-30T00:00:00").as_deref(), Some("2011-12-30T10:00:00+00:00"));
        assert_eq!(first(berlin, "0001-01-01T00:00:00").as_deref(), Some("0001-01-01T00:00:00+00:00"));
        assert_eq!(first(berlin, "9999-12-31T23:59:59").as_deref(), Some("9999-12-31T23:59:59+00:00"));
    }
}

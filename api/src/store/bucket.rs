//! Days, ISO weeks, months, quarters and years in a time zone, in SQL.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{LazyLock, Mutex, PoisonError};

use chrono::{DateTime, Duration, NaiveDate, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use super::sql::{Dialect, Sql};

/// The length of a date bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
#[graphql(name = "DateBucket")]
pub enum Bucket {
    /// A calendar day.
    Day,
    /// An ISO week, from Monday.
    Week,
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
    /// A calendar year.
    Year,
}

/// The first day of the bucket a value falls in. `is_time`: a moment, seen in the zone; else a day.
pub(crate) fn start_of(dialect: Dialect, bucket: Bucket, value: Sql, is_time: bool, zone: Tz) -> Sql {
    match dialect {
        Dialect::Postgres => postgres(bucket, value, is_time, zone),
        Dialect::Sqlite => sqlite(bucket, value, is_time, zone),
    }
}

fn postgres(bucket: Bucket, value: Sql, is_time: bool, zone: Tz) -> Sql {
    let unit = match bucket {
        Bucket::Day => "day",
        Bucket::Week => "week",
        Bucket::Month => "month",
        Bucket::Quarter => "quarter",
        Bucket::Year => "year",
    };
    let mut sql = Sql::text(format!("CAST(date_trunc('{unit}', CAST("));
    sql.append(value);
    // The zone's name is one of the compiled-in list, so it needs no binding.
    sql.push(&if is_time { format!(" AT TIME ZONE '{}'", zone.name()) } else { String::new() });
    sql.push(" AS timestamp)) AS date)");
    sql
}

fn sqlite(bucket: Bucket, value: Sql, is_time: bool, zone: Tz) -> Sql {
    let day = if is_time { local_day(&value, zone) } else { value };
    let around = |before: &str, after: &str| {
        let mut sql = Sql::text(before);
        sql.append(day.clone()).push(after);
        sql
    };
    match bucket {
        Bucket::Day => day,
        Bucket::Week => around("date(", ", 'weekday 0', '-6 days')"),
        Bucket::Month => around("substr(", ", 1, 7) || '-01'"),
        Bucket::Year => around("substr(", ", 1, 4) || '-01-01'"),
        Bucket::Quarter => {
            let mut sql = around("substr(", ", 1, 5) || printf('%02d-01', (CAST(substr(");
            sql.append(day.clone()).push(", 6, 2) AS integer) - 1) / 3 * 3 + 1)");
            sql
        }
    }
}

/// SQLite knows no time zones: the zone's offsets become a balanced `CASE` over the moments they change.
fn local_day(value: &Sql, zone: Tz) -> Sql {
    let offsets = offsets(zone);
    if let [(_, 0)] = offsets.as_slice() {
        let mut sql = Sql::text("substr(");
        sql.append(value.clone()).push(", 1, 10)");
        return sql;
    }
    let mut sql = Sql::text("date(unixepoch(");
    sql.append(value.clone()).push(") + ").append(case(value, &offsets)).push(", 'unixepoch')");
    sql
}

fn case(value: &Sql, offsets: &[(DateTime<Utc>, i32)]) -> Sql {
    match offsets {
        [] => Sql::text("0"),
        [(_, offset)] => Sql::text(format!("({offset})")),
        _ => {
            let (early, late) = offsets.split_at(offsets.len() / 2);
            let mut text = String::from(" < '");
            // Writing to a string cannot fail.
            let _ =
                write!(text, "{}' THEN ", late.first().map_or(DateTime::UNIX_EPOCH, |(from, _)| *from).to_rfc3339());
            let mut sql = Sql::text("CASE WHEN ");
            sql.append(value.clone()).push(&text).append(case(value, early));
            sql.push(" ELSE ").append(case(value, late)).push(" END");
            sql
        }
    }
}

/// Offsets from UTC in seconds, each with the moment it begins.
type Offsets = Vec<(DateTime<Utc>, i32)>;

/// The zone's offsets from 1990 to 2060.
fn offsets(zone: Tz) -> Offsets {
    static KNOWN: LazyLock<Mutex<HashMap<Tz, Offsets>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(zone).or_insert_with(|| find_offsets(zone)).clone()
}

fn find_offsets(zone: Tz) -> Offsets {
    let year =
        |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default().and_time(chrono::NaiveTime::MIN).and_utc();
    let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
    let (mut at, end) = (year(1990), year(2060));
    let mut offsets = vec![(at, offset(at))];
    while at < end {
        let next = at + Duration::days(1);
        if offset(next) != offset(at) {
            let change = first_second_after(at, next, |moment| offset(moment) == offset(next));
            offsets.push((change, offset(next)));
        }
        at = next;
    }
    offsets
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

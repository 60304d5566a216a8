//! Days, ISO weeks, months, quarters and years in a time zone, in SQL.

use std::fmt::Write;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use chrono_tz::Tz;
use sea_orm::Value;
use sea_orm::sea_query::ArrayType;

use super::sql::{Dialect, Sql};
use crate::calendar::{self, offsets};

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

impl Bucket {
    /// The first day of the bucket that has this day.
    pub fn start(self, day: NaiveDate) -> NaiveDate {
        let month = |month| NaiveDate::from_ymd_opt(day.year(), month, 1);
        let start = match self {
            Self::Day => Some(day),
            Self::Week => day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into())),
            Self::Month => month(day.month()),
            Self::Quarter => month(day.month0() / 3 * 3 + 1),
            Self::Year => month(1),
        };
        start.unwrap_or(day)
    }

    /// The first day of the bucket after the one that begins with this day; none if the calendar ends with it.
    pub fn next(self, start: NaiveDate) -> Option<NaiveDate> {
        let next = match self {
            Self::Day => start.checked_add_days(Days::new(1)),
            Self::Week => start.checked_add_days(Days::new(7)),
            Self::Month => start.checked_add_months(Months::new(1)),
            Self::Quarter => start.checked_add_months(Months::new(3)),
            Self::Year => start.checked_add_months(Months::new(12)),
        };
        next.and_then(calendar::day)
    }
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
    sql.append(if is_time { local_time(value, zone) } else { value }).push(" AS timestamp)) AS date)");
    sql
}

/// The zone's offset is looked up among those of our own tz database, as PostgreSQL's may be of another year.
fn local_time(value: Sql, zone: Tz) -> Sql {
    let offsets = offsets(zone);
    let mut sql = Sql::text("(");
    sql.append(value.clone()).push(" AT TIME ZONE 'UTC')");
    if let [(_, 0)] = *offsets {
        return sql;
    }
    let from = offsets.iter().map(|(from, _)| Value::ChronoDateTimeUtc(Some(*from))).collect();
    let seconds = offsets.iter().map(|(_, offset)| Value::Int(Some(*offset))).collect();
    sql.push(" + (CAST(").bind(Value::Array(ArrayType::Int, Some(Box::new(seconds))));
    sql.push(" AS integer[]))[width_bucket(").append(value).push(", CAST(");
    sql.bind(Value::Array(ArrayType::ChronoDateTimeUtc, Some(Box::new(from))));
    sql.push(" AS timestamptz[]))] * INTERVAL '1 second'");
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
        Bucket::Week => {
            // Never past the week's end, where the calendar may end before.
            let mut sql = around("date(", ", '-' || ((strftime('%w', ");
            sql.append(day.clone()).push(") + 6) % 7) || ' days')");
            sql
        }
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
    if let [(_, 0)] = *offsets {
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

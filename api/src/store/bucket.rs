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
    /// A quarter of the company's fiscal year.
    FiscalQuarter,
    /// The company's fiscal year.
    FiscalYear,
}

impl Bucket {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year, Self::FiscalQuarter, Self::FiscalYear];

    /// Its name in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Week => "WEEK",
            Self::Month => "MONTH",
            Self::Quarter => "QUARTER",
            Self::Year => "YEAR",
            Self::FiscalQuarter => "FISCAL_QUARTER",
            Self::FiscalYear => "FISCAL_YEAR",
        }
    }

    /// As many months long, counted from this month of the year on; none if it is not made of months.
    fn months(self, fiscal: u32) -> Option<(u32, u32)> {
        match self {
            Self::Day | Self::Week => None,
            Self::Month => Some((1, 1)),
            Self::Quarter => Some((3, 1)),
            Self::Year => Some((12, 1)),
            Self::FiscalQuarter => Some((3, fiscal)),
            Self::FiscalYear => Some((12, fiscal)),
        }
    }

    /// The first day of the bucket that has this day. `fiscal`: the month that the fiscal year begins with. The calendar's
    /// first bucket begins with the calendar.
    pub fn start(self, day: NaiveDate, fiscal: u32) -> NaiveDate {
        let start = match self.months(fiscal) {
            Some((length, from)) => {
                let into = (day.month() + 12 - from) % length;
                day.with_day(1).and_then(|first| first.checked_sub_months(Months::new(into)))
            }
            None if self == Self::Week => day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into())),
            None => Some(day),
        };
        start.unwrap_or(day)
    }

    /// The first day of the bucket after the one that begins with this day; none if the calendar ends with it.
    pub fn next(self, start: NaiveDate) -> Option<NaiveDate> {
        let next = match self.months(1) {
            Some((length, _)) => start.checked_add_months(Months::new(length)),
            None => start.checked_add_days(Days::new(if self == Self::Week { 7 } else { 1 })),
        };
        next.and_then(calendar::day)
    }
}

/// The first day of the bucket a value falls in. `is_time`: a moment, seen in the zone; else a day. `fiscal`: the month that
/// the fiscal year begins with.
pub(crate) fn start_of(dialect: Dialect, bucket: Bucket, value: Sql, is_time: bool, zone: Tz, fiscal: u32) -> Sql {
    match dialect {
        Dialect::Postgres => postgres(bucket, value, is_time, zone, fiscal),
        Dialect::Sqlite => sqlite(bucket, value, is_time, zone, fiscal),
    }
}

fn postgres(bucket: Bucket, value: Sql, is_time: bool, zone: Tz, fiscal: u32) -> Sql {
    let unit = match bucket {
        Bucket::Day => "day",
        Bucket::Week => "week",
        Bucket::Month => "month",
        Bucket::Quarter | Bucket::FiscalQuarter => "quarter",
        Bucket::Year | Bucket::FiscalYear => "year",
    };
    let value = if is_time { local_time(value, zone) } else { value };
    // Fiscal buckets are those of the calendar, by so many months later.
    let later = match bucket {
        Bucket::FiscalQuarter | Bucket::FiscalYear => (fiscal + 11) % 12,
        _ => 0,
    };
    let (before, after) = match later {
        0 => (String::new(), String::new()),
        months => (format!(" - INTERVAL '{months} months'"), format!(" + INTERVAL '{months} months'")),
    };
    let mut sql = Sql::text(format!("CAST(date_trunc('{unit}', CAST("));
    sql.append(value).push(&format!(" AS timestamp){before}){after} AS date)"));
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

fn sqlite(bucket: Bucket, value: Sql, is_time: bool, zone: Tz, fiscal: u32) -> Sql {
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
        Bucket::Quarter | Bucket::FiscalQuarter => months(&day, 3, if bucket == Bucket::Quarter { 1 } else { fiscal }),
        Bucket::FiscalYear => months(&day, 12, fiscal),
    }
}

/// The first day of the bucket of so many months that are counted from a month of the year on; empty of an empty day. What
/// stands without a `FROM` is worked out once, however often it is named around it.
fn months(day: &Sql, length: u32, from: u32) -> Sql {
    let mut sql = Sql::text(format!(
        "(SELECT printf('%04d-%02d-01', start / 12, start % 12 + 1) FROM (SELECT since - (since + {}) % {length} AS start FROM \
         (SELECT CAST(substr(one.day, 1, 4) AS integer) * 12 + CAST(substr(one.day, 6, 2) AS integer) - 1 AS since FROM (SELECT ",
        13 - from
    ));
    sql.append(day.clone()).push(" AS day) AS one WHERE one.day IS NOT NULL)))");
    sql
}

/// SQLite knows no time zones: the zone's offsets become a balanced `CASE` over the moments they change.
fn local_day(value: &Sql, zone: Tz) -> Sql {
    let offsets = offsets(zone);
    if let [(_, 0)] = *offsets {
        let mut sql = Sql::text("substr(");
        sql.append(value.clone()).push(", 1, 10)");
        return sql;
    }
    // What is more than a column is worked out once: the moments are looked for in a tree of comparisons.
    let is_column = value.as_text().bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    let named = Sql::text("one.at");
    let at = if is_column { value } else { &named };
    let mut day = Sql::text("date(unixepoch(");
    day.append(at.clone()).push(") + ").append(case(at, &offsets)).push(", 'unixepoch')");
    if is_column {
        return day;
    }
    let mut sql = Sql::text("(SELECT ");
    sql.append(day).push(" FROM (SELECT ").append(value.clone()).push(" AS at) AS one)");
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

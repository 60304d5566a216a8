//! The days that figures are about, the days they are compared with, and the calendar of either.

use async_graphql::Value;
use chrono::{Datelike, Days, Months, NaiveDate};
use chrono_tz::Tz;
use sea_orm::Value as Bound;

use super::key::Keys;
use crate::access::Grant;
use crate::calendar::{self, Calendar, parse_day};
use crate::error::{Error, Result};
use crate::graphql::filter::shout;
use crate::graphql::value::{string_of, text_of};
use crate::store::Reader;
use crate::store::bucket::Bucket;
use crate::store::descriptor::{Descriptor, Field, Shape};
use crate::store::filter::{Comparison, Filter, Test, forbidden_field};
use crate::store::row::Cell;

/// With which days a window is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
#[graphql(name = "WindowComparison")]
pub enum Comparing {
    /// The days before it: as many months if it begins and ends with a month, else as many days.
    PreviousPeriod,
    /// The same days a year before.
    SamePeriodLastYear,
}

/// A period of the calendar, seen from today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
#[graphql(name = "WindowPeriod")]
pub enum Period {
    /// This week, from Monday.
    ThisWeek,
    /// The week before this one.
    LastWeek,
    /// This month.
    ThisMonth,
    /// The month before this one.
    LastMonth,
    /// This quarter.
    ThisQuarter,
    /// The quarter before this one.
    LastQuarter,
    /// This year.
    ThisYear,
    /// The year before this one.
    LastYear,
    /// This quarter of the fiscal year.
    ThisFiscalQuarter,
    /// The quarter of the fiscal year before this one.
    LastFiscalQuarter,
    /// This fiscal year.
    ThisFiscalYear,
    /// The fiscal year before this one.
    LastFiscalYear,
}

/// Days from the first up to the one after the last.
pub type Span = (NaiveDate, NaiveDate);

/// The days that figures are about, by one date of the rows.
pub struct Window {
    /// The date.
    pub field: &'static Field,
    /// Buckets without rows are answered as well.
    pub fill: bool,
    /// Its last days come first.
    pub backwards: bool,
    span: Span,
    compared: Option<Span>,
    calendar: Calendar,
}

impl Window {
    /// Reads `window: { field, from, to, period, fill, compare }`.
    ///
    /// # Errors
    /// BAD_USER_INPUT, FORBIDDEN_FIELD.
    pub fn read(reader: &Reader, of: &'static Descriptor, value: Option<&Value>, zone: Tz) -> Result<Option<Self>> {
        let Some(value) = value.filter(|value| **value != Value::Null) else { return Ok(None) };
        let Value::Object(input) = value else { return Err(Error::bad_input("window: expected an object.")) };
        let given = |name: &str| input.get(name).filter(|value| **value != Value::Null);
        let wanted = given("field").and_then(text_of).unwrap_or_default();
        let is_date = |field: &&Field| matches!(field.shape, Shape::DateTime | Shape::Date);
        let field = of.fields.iter().filter(is_date).find(|field| shout(&field.name) == wanted);
        let field = field.ok_or_else(|| Error::bad_input("window.field: expected a date of the rows."))?;
        if matches!(reader.viewer().reads(of.kind, &field.name), Grant::Sums | Grant::No) {
            return Err(forbidden_field(of, &field.name));
        }
        let calendar = reader.calendar().in_zone(zone);
        let day = |name: &str| {
            let day = |value: &Value| {
                let day = string_of(value).and_then(parse_day);
                day.ok_or_else(|| Error::bad_input(format!("window.{name}: expected a day like 2026-03-01.")))
            };
            given(name).map(day).transpose()
        };
        let span = match (day("from")?, day("to")?, given("period").and_then(text_of)) {
            (Some(from), Some(to), None) if from < to => Some((from, to)),
            (None, None, Some(period)) => {
                Period::read(period).and_then(|period| period.span(calendar.day(reader.now()), calendar.fiscal()))
            }
            _ => None,
        };
        let span = span.ok_or_else(|| {
            Error::bad_input("window: expected `from` and, after it, `to` (the day after the last), or a `period`.")
        })?;
        let compared = match given("compare").and_then(text_of) {
            None => None,
            Some("PREVIOUS_PERIOD") => Some(before(span)),
            Some(_) => Some(a_year_before(span)),
        };
        let compared = match compared {
            Some(None) => return Err(Error::bad_input("window: the calendar begins after the days to compare with.")),
            compared => compared.flatten(),
        };
        let fill = given("fill") == Some(&Value::Boolean(true));
        Ok(Some(Self { field, fill, backwards: false, span, compared, calendar }))
    }

    /// Is it compared with other days?
    pub fn compares(&self) -> bool {
        self.compared.is_some()
    }

    /// Its days, and those it is compared with: from the first up to the one after the last.
    pub fn spans(&self) -> [Option<Span>; 2] {
        [Some(self.span), self.compared]
    }

    /// The condition on its rows.
    pub fn now(&self) -> Filter {
        self.within(self.span)
    }

    /// The condition on the rows it is compared with.
    pub fn then(&self) -> Option<Filter> {
        self.compared.map(|span| self.within(span))
    }

    fn within(&self, (from, to): Span) -> Filter {
        let start = |day: NaiveDate| match self.field.shape {
            Shape::Date => Some(Bound::ChronoDate(Some(day))),
            _ => self.calendar.first(day.into()).map(|time| Bound::ChronoDateTimeUtc(Some(time))),
        };
        let bounds = [(Comparison::Gte, start(from)), (Comparison::Lt, start(to))];
        let bounds = bounds
            .into_iter()
            .filter_map(|(comparison, bound)| Some(Filter::Test(self.field, Test::Compare(comparison, bound?, None))));
        Filter::And(bounds.collect())
    }

    /// The first days of its buckets; no more than one more than `most`.
    pub fn buckets(&self, bucket: Bucket, most: usize) -> Vec<NaiveDate> {
        self.starts(self.span, bucket).take(most + 1).collect()
    }

    fn starts(&self, (from, to): Span, bucket: Bucket) -> impl Iterator<Item = NaiveDate> + use<> {
        let fiscal = self.calendar.fiscal();
        let first = Some(bucket.start(from, fiscal));
        std::iter::successors(first, move |start| bucket.next(*start)).take_while(move |start| *start < to)
    }

    /// The key of the days that are compared with, as that of the group beside which it stands: the n-th bucket of the one
    /// span stands beside the n-th of the other.
    pub fn counterpart(&self, keys: Option<&Keys>, cell: &Cell, place: usize) -> Option<Cell> {
        let Some((_, bucket)) = keys.and_then(|keys| keys.bucket(self)).filter(|(at, _)| *at == place) else {
            return Some(cell.clone());
        };
        let Cell::Day(day) = cell else { return Some(cell.clone()) };
        let number = self.starts(self.compared?, bucket).position(|start| start == *day)?;
        self.starts(self.span, bucket).nth(number).map(Cell::Day)
    }
}

impl Period {
    fn read(name: &str) -> Option<Self> {
        use async_graphql::resolver_utils::EnumType;
        Self::items().iter().find(|item| item.name == name).map(|item| item.value)
    }

    fn span(self, today: NaiveDate, fiscal: u32) -> Option<Span> {
        let (bucket, last) = match self {
            Self::ThisWeek => (Bucket::Week, false),
            Self::LastWeek => (Bucket::Week, true),
            Self::ThisMonth => (Bucket::Month, false),
            Self::LastMonth => (Bucket::Month, true),
            Self::ThisQuarter => (Bucket::Quarter, false),
            Self::LastQuarter => (Bucket::Quarter, true),
            Self::ThisYear => (Bucket::Year, false),
            Self::LastYear => (Bucket::Year, true),
            Self::ThisFiscalQuarter => (Bucket::FiscalQuarter, false),
            Self::LastFiscalQuarter => (Bucket::FiscalQuarter, true),
            Self::ThisFiscalYear => (Bucket::FiscalYear, false),
            Self::LastFiscalYear => (Bucket::FiscalYear, true),
        };
        let start = bucket.start(today, fiscal);
        if last { Some((bucket.start(start.pred_opt()?, fiscal), start)) } else { Some((start, bucket.next(start)?)) }
    }
}

/// As many days or whole months before.
fn before((from, to): Span) -> Option<Span> {
    if from.day() == 1 && to.day() == 1 {
        let months = (to.year() - from.year()) * 12 + to.month().cast_signed() - from.month().cast_signed();
        let start = from.checked_sub_months(Months::new(u32::try_from(months).ok()?))?;
        return Some((calendar::day(start)?, from));
    }
    let days = u64::try_from((to - from).num_days()).ok()?;
    Some((calendar::day(from.checked_sub_days(Days::new(days))?)?, from))
}

fn a_year_before((from, to): Span) -> Option<Span> {
    let back = |day: NaiveDate| day.checked_sub_months(Months::new(12)).and_then(calendar::day);
    Some((back(from)?, back(to)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, to: &str) -> Span {
        (from.parse().expect("a day"), to.parse().expect("a day"))
    }

    #[test]
    fn whole_months_are_compared_with_whole_months() {
        assert_eq!(before(span("2026-01-01", "2026-04-01")), Some(span("2025-10-01", "2026-01-01")));
        assert_eq!(before(span("2026-03-01", "2026-04-01")), Some(span("2026-02-01", "2026-03-01")));
        assert_eq!(before(span("2026-03-02", "2026-03-09")), Some(span("2026-02-23", "2026-03-02")));
        assert_eq!(a_year_before(span("2024-02-29", "2024-03-01")), Some(span("2023-02-28", "2023-03-01")));
        assert_eq!(before(span("0001-01-01", "0001-02-01")), None);
    }

    #[test]
    fn periods_follow_the_fiscal_year() {
        let today = "2026-02-15".parse().expect("a day");
        assert_eq!(Period::ThisFiscalYear.span(today, 4), Some(span("2025-04-01", "2026-04-01")));
        assert_eq!(Period::LastFiscalQuarter.span(today, 4), Some(span("2025-10-01", "2026-01-01")));
        assert_eq!(Period::ThisFiscalQuarter.span(today, 2), Some(span("2026-02-01", "2026-05-01")));
        assert_eq!(Period::LastQuarter.span(today, 4), Some(span("2025-10-01", "2026-01-01")));
    }
}

//! Money: amounts of the size a customer pays, and what other currencies are worth.

use chrono::{Datelike, Months, NaiveDate};
use entity::exchange_rate;
use uuid::Uuid;

use super::calendar::Calendar;
use super::chance::Chance;
use super::chronicle::{Act, Chronicle};
use crate::money::{convert, minor_digits};

/// What one unit of a currency was worth from a day on.
#[derive(Clone, Copy, Debug)]
struct Rate {
    currency: &'static str,
    from: NaiveDate,
    rate_e8: i64,
}

/// The base currency and what others are worth in it.
#[derive(Debug)]
pub struct Money {
    base: String,
    rates: Vec<Rate>,
}

/// An amount in the base currency, with the day whose rate was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InBase {
    /// Minor units.
    pub minor: i64,
    /// The day of the rate.
    pub rate_date: NaiveDate,
}

/// Currencies besides the euro, with their worth two years ago in hundred-millionths of a euro.
const FOREIGN: [(&str, i64); 2] = [("USD", 92_150_000), ("GBP", 116_400_000)];

/// How many months of rates there are; they begin before the first deal.
const MONTHS: u32 = 26;

impl Money {
    /// Writes a rate for the first of every month, if the base currency is the euro; else there are only deals in
    /// the base currency.
    pub fn found(book: &mut Chronicle, calendar: &Calendar, base: &str, admin: Uuid) -> Self {
        let mut rates = Vec::new();
        let this_month = calendar.today.date_naive().with_day(1).unwrap_or_default();
        if base == "EUR" {
            for (currency, begin) in FOREIGN {
                let mut rate_e8 = begin;
                for age in (0..MONTHS).rev() {
                    rate_e8 += rate_e8 / 10_000 * book.chance.between(-130, 130);
                    let from = this_month.checked_sub_months(Months::new(age)).unwrap_or(this_month);
                    rates.push(Rate { currency, from, rate_e8 });
                }
            }
        }
        for rate in &rates {
            let row = exchange_rate::Model {
                currency: rate.currency.to_owned(),
                date: rate.from,
                rate_e8: rate.rate_e8,
                ..exchange_rate::Model::default()
            };
            let at = rate.from.and_time(chrono::NaiveTime::MIN).and_utc();
            book.add(Act::new(at, Some(admin), "createExchangeRate"), row);
        }
        Self { base: base.to_owned(), rates }
    }

    /// The base currency.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The currency a customer pays in.
    pub fn currency(&self, chance: &mut Chance, country: &str) -> String {
        let foreign = match country {
            "US" => "USD",
            "GB" => "GBP",
            _ => return self.base.clone(),
        };
        let known = self.rates.iter().any(|rate| rate.currency == foreign);
        if known && chance.percent(80.0) { foreign.to_owned() } else { self.base.clone() }
    }

    /// Minor units of a whole amount of this currency.
    pub fn minor(&self, whole: i64, currency: &str) -> i64 {
        whole * 10_i64.pow(minor_digits(currency).unwrap_or(2))
    }

    /// Whole units in an amount of this currency.
    pub fn whole(&self, minor: i64, currency: &str) -> i64 {
        minor / 10_i64.pow(minor_digits(currency).unwrap_or(2))
    }

    /// What an amount is worth in the base currency on a day: by the newest rate that is not younger.
    pub fn in_base(&self, minor: i64, currency: &str, day: NaiveDate) -> Option<InBase> {
        if currency == self.base {
            return Some(InBase { minor, rate_date: day });
        }
        let of_currency = self.rates.iter().filter(|rate| rate.currency == currency && rate.from <= day);
        let rate = of_currency.max_by_key(|rate| rate.from)?;
        let minor = convert(minor, minor_digits(currency)?, minor_digits(&self.base)?, rate.rate_e8)?;
        Some(InBase { minor, rate_date: rate.from })
    }
}

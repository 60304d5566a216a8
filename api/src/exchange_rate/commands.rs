//! Turning amounts into the base currency.

use chrono::NaiveDate;
use entity::exchange_rate;
use sea_orm::ColumnTrait;

use crate::error::{Error, Result};
use crate::money::{LARGEST, convert, minor_digits};
use crate::store::{Tx, Warrant};

/// An amount in minor units of the base currency at the rate of a day, and the day whose rate it was: the newest at or
/// before it. An amount in the base currency stays as it is.
///
/// # Errors
/// `Invalid` at `amount`: there is no rate for that day; it is never taken as 1.
pub async fn to_base(
    tx: &Tx,
    warrant: &Warrant,
    minor: i64,
    currency: &str,
    day: NaiveDate,
) -> Result<(i64, NaiveDate)> {
    match find_base(tx, warrant, minor, currency, day).await? {
        Some(found) => Ok(found),
        None => Err(Error::invalid(
            "NO_RATE",
            "amount",
            format!(
                "There is no exchange rate from {currency} to {} at or before {day}. Ask an administrator to add one.",
                tx.reader().base_currency()
            ),
        )),
    }
}

/// As [`to_base`]; nothing where there is no rate.
///
/// # Errors
/// `Invalid` at `amount`: the result is too large.
pub async fn find_base(
    tx: &Tx,
    warrant: &Warrant,
    minor: i64,
    currency: &str,
    day: NaiveDate,
) -> Result<Option<(i64, NaiveDate)>> {
    use exchange_rate::Column;
    let base = tx.reader().base_currency();
    if currency == base {
        return Ok(Some((minor, day)));
    }
    let rates = tx.all::<exchange_rate::Entity>(warrant).matching(Column::Currency, currency);
    let newest = rates.filter(Column::Date.lte(day)).order_by_desc(Column::Date).limit(1).one().await?;
    let Some(rate) = newest else { return Ok(None) };
    at_rate(minor, base, &rate).map(Some)
}

/// An amount in the rate's currency in minor units of the base currency, and the day of the rate.
///
/// # Errors
/// `Invalid` at `amount`: the result is too large.
pub fn at_rate(minor: i64, base: &str, rate: &exchange_rate::Model) -> Result<(i64, NaiveDate)> {
    let digits = minor_digits(&rate.currency).zip(minor_digits(base));
    let converted = digits.and_then(|(from, to)| convert(minor, from, to, rate.rate_e8));
    match converted.filter(|converted| converted.unsigned_abs() <= LARGEST) {
        Some(converted) => Ok((converted, rate.date)),
        None => Err(Error::invalid("TOO_LARGE", "amount", "The amount is too large in the base currency.")),
    }
}

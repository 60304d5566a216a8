//! Exchange rates to the base currency. A missing rate is an error, never 1.

pub mod commands;

use entity::exchange_rate;

use crate::access::Kind;
use crate::error::{Error, Result};
use crate::store::descriptor::{Declare, Descriptor, Given, Text};
use crate::store::writes::writes;
use crate::store::{Resource, Tx, Warrant};

impl Resource for exchange_rate::Entity {
    const KIND: Kind = Kind::ExchangeRate;

    async fn prepare(
        tx: &Tx,
        _: &Warrant,
        row: &mut exchange_rate::Model,
        _: Option<&exchange_rate::Model>,
        _: &Given,
    ) -> Result<()> {
        if row.currency == tx.reader().base_currency() {
            return Err(Error::invalid(
                "INVALID",
                "currency",
                format!("{} is the base currency: it needs no rate.", row.currency),
            ));
        }
        if row.rate_e8 <= 0 {
            return Err(Error::invalid("INVALID", "rateToBase", "A rate is above zero."));
        }
        Ok(())
    }
}

/// The declaration.
pub fn describe() -> Descriptor {
    use exchange_rate::Column;
    Declare::<exchange_rate::Entity>::new(
        Kind::ExchangeRate,
        "ExchangeRate",
        "exchangeRates",
        "rate",
        "What a currency is worth in the base currency from a day on. Deals that are won already keep the rate of \
         their closing.",
    )
    .text(Column::Currency, Text::Currency, "The currency; at most one rate per day.")
    .required()
    .field(Column::Date, "The first day it applies.")
    .required()
    .decimal("rateToBase", Column::RateE8, 8, "What one unit of the currency is worth in the base currency.")
    .editable()
    .required()
    .order("date", true)
    .writes(writes::<exchange_rate::Entity>())
    .done()
}

//! Exchange rates to the base currency. A missing rate is an error, never 1.

use entity::exchange_rate;

use crate::access::Kind;
use crate::store::Resource;
use crate::store::descriptor::{Declare, Descriptor, Text};

impl Resource for exchange_rate::Entity {
    const KIND: Kind = Kind::ExchangeRate;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use exchange_rate::Column;
    Declare::<exchange_rate::Entity>::new(
        Kind::ExchangeRate,
        "ExchangeRate",
        "exchangeRates",
        "rate",
        "What a currency is worth in the base currency from a day on.",
    )
    .text(Column::Currency, Text::Currency, "The currency.")
    .field(Column::Date, "The first day it counts.")
    .decimal("rateToBase", Column::RateE8, 8, "What one unit of the currency is worth in the base currency.")
    .order("date", true)
    .done()
}

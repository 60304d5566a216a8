//! Products: what is sold, at one price in one currency each.

use entity::{line_item, product};

use crate::access::{Action, Kind, When};
use crate::checks::Checks;
use crate::error::{Error, Result};
use crate::store::descriptor::{Currency, Declare, Descriptor, Given, Text};
use crate::store::writes::writes;
use crate::store::{Resource, Tx, Warrant};

impl Resource for product::Entity {
    const KIND: Kind = Kind::Product;

    async fn prepare(
        _: &Tx,
        _: &Warrant,
        row: &mut product::Model,
        before: Option<&product::Model>,
        given: &Given,
    ) -> Result<()> {
        let mut checks = Checks::new();
        checks.name("sku", &mut row.sku);
        checks.name("name", &mut row.name);
        checks.label("family", &mut row.family);
        checks.expect(row.unit_price_minor >= 0, "INVALID", "unitPrice", "unitPrice may not be negative.");
        let cost = row.unit_cost_minor.is_none_or(|cost| cost >= 0);
        checks.expect(cost, "INVALID", "unitCost", "unitCost may not be negative.");
        row.is_active |= before.is_none() && !given.has("is_active");
        keep_currency(row, before, given, &mut checks);
        checks.done()
    }

    async fn may_delete(tx: &Tx, warrant: &Warrant, row: &product::Model) -> Result<()> {
        let lines = tx.all::<line_item::Entity>(warrant).matching(line_item::Column::ProductId, row.id);
        if lines.limit(1).count().await? > 0 { Err(Error::conflict(IN_USE)) } else { Ok(()) }
    }
}

/// Why a product stays.
const IN_USE: &str =
    "There are deals with this product; it stays in their lines. Set it inactive (updateProduct) instead.";

/// The price that a product is made with decides its currency for good: what it costs is in it, and whatever is sold of it.
fn keep_currency(row: &mut product::Model, before: Option<&product::Model>, given: &Given, checks: &mut Checks) {
    let kept = before.map(|before| before.currency.as_str()).or_else(|| given.currency("unitPrice"));
    row.currency = kept.unwrap_or_default().to_owned();
    for field in ["unitPrice", "unitCost"] {
        let fits = given.currency(field).is_none_or(|currency| currency == row.currency);
        let message =
            format!("The product is priced in {}: give {field} in it, or make another product.", row.currency);
        checks.expect(fits, "CURRENCY", field, &message);
    }
}

/// The declaration.
pub fn describe() -> Descriptor {
    use product::Column;
    let own = Currency::Column("currency");
    Declare::<product::Entity>::new(Kind::Product, "Product", "products", "product", "An article that is sold.")
        .text(Column::Sku, Text::Tag, "Its number in the price list, unique among live products.")
        .editable()
        .required()
        .field(Column::Name, "The name.")
        .editable()
        .required()
        .field(Column::Family, "The group of products it belongs to.")
        .editable()
        .money("unitPrice", Column::UnitPriceMinor, own, "The list price of one unit. Its currency never changes.")
        .editable()
        .required()
        .money("unitCost", Column::UnitCostMinor, own, "What one unit costs us, in the currency of the price.")
        .editable()
        .field(Column::IsActive, "Whether it can be sold; true unless given otherwise.")
        .editable()
        .many("lineItems", Kind::LineItem, line_item::Column::ProductId, "The lines of deals in which it is sold.")
        .writes(writes::<product::Entity>())
        .demands(Action::Delete, When::Not(&When::Any(Kind::LineItem, "product_id", When::ALWAYS)), IN_USE)
        .done()
}

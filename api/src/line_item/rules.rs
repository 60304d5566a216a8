//! What a line comes to, decided without a database.

use entity::{deal, line_item::Model, product};

use crate::checks::Checks;
use crate::error::{Error, Result};
use crate::money::{LARGEST, divide_half_even};
use crate::places::LAST;

/// What decimals of quantities and of percents are scaled by.
const ONE: i128 = 1_000;
const WHOLE: i128 = 10_000;

/// Why lines stay as they are.
pub const DECIDED: &str = "The lines of a closed deal stay as they were decided. Reopen the deal first (reopenDeal).";

/// Fills in what the product knows and was not said of a new line, which comes after the `last` one. `is_said` tells which
/// columns were given.
///
/// # Errors
/// `Invalid` at `unitPrice` or `description`: it was not said, and there is no product that knows it.
pub fn complete(
    line: &mut Model,
    product: Option<&product::Model>,
    last: Option<i32>,
    is_said: impl Fn(&str) -> bool,
) -> Result<()> {
    let mut checks = Checks::new();
    match product {
        Some(product) => {
            if !is_said("description") {
                line.description.clone_from(&product.name);
            }
            if !is_said("unit_price_minor") {
                line.unit_price_minor = product.unit_price_minor;
            }
            if !is_said("unit_cost_minor") {
                line.unit_cost_minor = product.unit_cost_minor;
            }
            line.list_price_minor = product.unit_price_minor;
        }
        None => {
            let message = "Without a product, say what is sold.";
            checks.expect(is_said("description"), "REQUIRED", "description", message);
            let message = "Without a product, say the price.";
            checks.expect(is_said("unit_price_minor"), "REQUIRED", "unitPrice", message);
        }
    }
    if !is_said("position") {
        line.position = last.unwrap_or_default().saturating_add(1);
    }
    checks.done()
}

/// Is the product one that can be sold in this deal?
pub fn check_product(product: &product::Model, deal: &deal::Model, checks: &mut Checks) {
    checks.expect(product.is_active, "INVALID", "productId", "This product is not sold any more: it is not active.");
    if product.currency != deal.currency {
        let message = format!("The product is priced in {}, and the deal is in {}.", product.currency, deal.currency);
        checks.refuse("CURRENCY", "productId", message);
    }
}

/// All amounts of a line are in the currency of its deal: each field comes with the currency that was given in it.
pub fn check_currency(deal: &deal::Model, given: [(&str, Option<&str>); 2], checks: &mut Checks) {
    for (field, currency) in given {
        let fits = currency.is_none_or(|currency| currency == deal.currency);
        checks.expect(fits, "CURRENCY", field, &format!("The deal is in {}: give {field} in it.", deal.currency));
    }
}

/// The fields of a line; works out what it comes to.
pub fn settle(line: &mut Model, checks: &mut Checks) {
    checks.name("description", &mut line.description);
    checks.expect(line.quantity_e3 > 0, "INVALID", "quantity", "A quantity is above zero.");
    checks.expect(line.unit_price_minor >= 0, "INVALID", "unitPrice", "unitPrice may not be negative.");
    let cost = line.unit_cost_minor.is_none_or(|cost| cost >= 0);
    checks.expect(cost, "INVALID", "unitCost", "unitCost may not be negative.");
    let discount = (0..=10_000).contains(&line.discount_pct_e2);
    checks.expect(discount, "INVALID", "discountPct", "A discount is 0 to 100 percent.");
    checks.expect((1..=LAST).contains(&line.position), "INVALID", "position", "Positions are 1 to 10,000.");
    if line.product_id.is_none() {
        line.list_price_minor = line.unit_price_minor;
    }
    match total(line.quantity_e3, line.unit_price_minor, line.discount_pct_e2) {
        Some(total) => line.total_minor = total,
        None => checks.refuse("TOO_LARGE", "quantity", "The line is too large: at most 10^15 minor units are allowed."),
    }
}

/// Quantity times price less discount in minor units, rounded half-even once; none if that is too large to be an amount.
pub fn total(quantity_e3: i64, unit_price_minor: i64, discount_pct_e2: i64) -> Option<i64> {
    let full = i128::from(quantity_e3).checked_mul(i128::from(unit_price_minor))?;
    let reduced = full.checked_mul(WHOLE - i128::from(discount_pct_e2))?;
    amount(divide_half_even(reduced, ONE * WHOLE)?)
}

/// The sum of the lines of a deal, which is its amount.
///
/// # Errors
/// `Invalid` with `TOO_LARGE`.
pub fn sum(lines: &[Model]) -> Result<i64> {
    let sum = amount(lines.iter().map(|line| i128::from(line.total_minor)).sum());
    sum.ok_or_else(|| {
        let message = "The lines of the deal add up to too much: at most 10^15 minor units are allowed.";
        Error::invalid("TOO_LARGE", "quantity", message)
    })
}

fn amount(minor: i128) -> Option<i64> {
    i64::try_from(minor).ok().filter(|minor| minor.unsigned_abs() <= LARGEST)
}

//! The price list, and what deals are made of: as many seats as fit, an extra, and the work that makes up the rest.

use chrono::{DateTime, Utc};
use entity::{deal, line_item, product};
use uuid::Uuid;

use super::chance::Chance;
use super::chronicle::{Act, Chronicle};
use super::money::Money;
use super::{SEED, World};

/// Number, name, family, price and cost of one unit in whole units of the base currency.
type Article = (&'static str, &'static str, &'static str, i64, i64);

const SUBSCRIPTIONS: &str = "Subscriptions";
const EXTRAS: &str = "Extras";
const SERVICES: &str = "Services";

const LIST: [Article; 10] = [
    ("SUB-ESS", "Essentials seat, one year", SUBSCRIPTIONS, 360, 110),
    ("SUB-PRO", "Professional seat, one year", SUBSCRIPTIONS, 540, 150),
    ("SUB-ENT", "Enterprise seat, one year", SUBSCRIPTIONS, 780, 205),
    ("EXT-SBX", "Sandbox, one year", EXTRAS, 600, 140),
    ("EXT-ATT", "Attribution reports, one year", EXTRAS, 1_800, 320),
    ("EXT-API", "Extended interface limits, one year", EXTRAS, 2_400, 510),
    ("EXT-SUP", "Priority support, one year", EXTRAS, 3_600, 1_900),
    ("SRV-ONB", "Onboarding", SERVICES, 1_200, 540),
    ("SRV-MIG", "Migration of data", SERVICES, 2_500, 1_150),
    ("SRV-TRN", "Training for users", SERVICES, 950, 430),
];

/// Writes the price list.
pub fn found(book: &mut Chronicle, money: &Money, at: DateTime<Utc>, by: Uuid) -> Vec<product::Model> {
    let act = Act::new(at, Some(by), "createProduct");
    let row = |(sku, name, family, price, cost): Article| product::Model {
        sku: sku.to_owned(),
        name: name.to_owned(),
        family: Some(family.to_owned()),
        unit_price_minor: money.minor(price, money.base()),
        unit_cost_minor: Some(money.minor(cost, money.base())),
        currency: money.base().to_owned(),
        is_active: true,
        ..product::Model::default()
    };
    let mut list = Vec::new();
    book.aside(Chance::about(SEED, u64::MAX), |book| list = LIST.map(|article| book.make(act, row(article))).into());
    list.iter().for_each(|product| book.keep(product.clone()));
    list
}

/// Writes the lines of a new deal in the currency of the price list; they add up to its amount.
pub fn itemise(book: &mut Chronicle, world: &World, deal: &deal::Model, act: Act) {
    if deal.currency != world.money.base() {
        return;
    }
    let act = Act { verb: "createLineItem", ..act };
    let lines = lines(world, deal);
    book.aside(Chance::about(SEED, deal.id.as_u64_pair().1), |book| {
        lines.into_iter().for_each(|line| _ = book.add(act, line));
    });
}

fn lines(world: &World, deal: &deal::Model) -> Vec<line_item::Model> {
    let amount = deal.amount_minor.unwrap_or_default();
    let whole = world.money.whole(amount, &deal.currency);
    let (mut lines, mut left) = (Vec::new(), amount);
    let seat = if whole < 9_000 {
        0
    } else if whole < 60_000 {
        1
    } else {
        2
    };
    // The digits of the amount decide, so that what is sold differs and repeats.
    let choice = usize::try_from(whole / 50).unwrap_or_default();
    let mut take = |place: usize, quantity: i64, price: Option<i64>| {
        let Some(product) = world.products.get(place).filter(|_| quantity > 0) else { return };
        let unit = price.unwrap_or(product.unit_price_minor);
        let line = line_item::Model {
            deal_id: deal.id,
            product_id: Some(product.id),
            description: product.name.clone(),
            quantity_e3: quantity * 1_000,
            unit_price_minor: unit,
            list_price_minor: product.unit_price_minor,
            unit_cost_minor: product.unit_cost_minor,
            total_minor: quantity * unit,
            currency: deal.currency.clone(),
            ..line_item::Model::default()
        };
        left -= line.total_minor;
        lines.push(line);
    };
    let price = |place: usize| world.products.get(place).map_or(i64::MAX, |product| product.unit_price_minor);
    let seats = amount * 4 / 5 / price(seat);
    take(seat, seats, None);
    let rest = amount - seats * price(seat);
    let extra = 3 + choice % 4;
    let has_extra = rest > price(extra) && choice % 3 > 0;
    take(extra, i64::from(has_extra), None);
    let rest = if has_extra { rest - price(extra) } else { rest };
    // Work is sold at a price that was agreed on.
    take(7 + choice % 3, i64::from(rest > 0), Some(rest));
    debug_assert_eq!(left, 0, "lines add up to the amount");
    for (line, position) in lines.iter_mut().zip(1..) {
        line.position = position;
    }
    lines
}

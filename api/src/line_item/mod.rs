//! Line items: what a deal is made of. Its amount follows from them.

mod figures;
pub mod rules;

use entity::{deal, line_item, product};
use sea_orm::ColumnTrait;

use crate::access::{Action, Kind};
use crate::checks::Checks;
use crate::deal::OPEN;
use crate::error::{Error, Result};
use crate::places::make_room;
use crate::store::descriptor::{Currency, Declare, Descriptor, Given, Ownership, Shape};
use crate::store::writes::writes;
use crate::store::{Resource, Tx, Warrant};

impl Resource for line_item::Entity {
    const KIND: Kind = Kind::LineItem;

    async fn prepare(
        tx: &Tx,
        warrant: &Warrant,
        row: &mut line_item::Model,
        before: Option<&line_item::Model>,
        given: &Given,
    ) -> Result<()> {
        let deal = tx.all::<deal::Entity>(warrant).with_id(row.deal_id).one().await?;
        let deal = deal.ok_or_else(|| Error::not_found("The Deal that it is part of"))?;
        let others = others(tx, warrant, row).await?;
        let mut checks = Checks::new();
        let currencies = ["unitPrice", "unitCost"].map(|field| (field, given.currency(field)));
        rules::check_currency(&deal, currencies, &mut checks);
        row.currency.clone_from(&deal.currency);
        if before.is_none() {
            let product = sold(tx, warrant, row).await?;
            if let Some(product) = &product {
                rules::check_product(product, &deal, &mut checks);
            }
            let last = others.last().map(|last| last.position);
            checks.note(rules::complete(row, product.as_ref(), last, |column| given.has(column)))?;
        }
        let mut fields = Checks::new();
        rules::settle(row, &mut fields);
        checks.add_elsewhere(fields);
        checks.done()?;
        let kept = before.map(|before| before.position);
        // The last first: no two lines of a deal stand at one place, not even meanwhile.
        for (other, position) in make_room(row.position, kept, &others, |other| other.position)?.into_iter().rev() {
            let mut other = tx.affected::<line_item::Entity>(warrant, other.clone());
            other.position = position;
            tx.save(other).await?;
        }
        Ok(())
    }

    /// The deal, which is held, gets the sum of its lines; without any it keeps what it has.
    async fn effects(tx: &Tx, warrant: &Warrant, _: Option<&line_item::Model>, row: &line_item::Model) -> Result<()> {
        let lines = tx.all::<line_item::Entity>(warrant).matching(line_item::Column::DealId, row.deal_id).all().await?;
        if lines.is_empty() {
            return Ok(());
        }
        let mut deal = tx.affect::<deal::Entity>(warrant, row.deal_id).await?;
        deal.amount_minor = Some(rules::sum(&lines)?);
        tx.save(deal).await.map(|_| ())
    }
}

/// The other lines of the deal, in their order.
async fn others(tx: &Tx, warrant: &Warrant, row: &line_item::Model) -> Result<Vec<line_item::Model>> {
    let lines = tx.all::<line_item::Entity>(warrant).matching(line_item::Column::DealId, row.deal_id);
    lines.filter(line_item::Column::Id.ne(row.id)).order_by(line_item::Column::Position).all().await
}

/// The product of a line.
async fn sold(tx: &Tx, warrant: &Warrant, row: &line_item::Model) -> Result<Option<product::Model>> {
    match row.product_id {
        Some(id) => tx.all::<product::Entity>(warrant).with_id(id).one().await,
        None => Ok(None),
    }
}

/// The declaration.
pub fn describe() -> Descriptor {
    use line_item::Column;
    let own = Currency::Column("currency");
    Declare::<line_item::Entity>::new(
        Kind::LineItem,
        "LineItem",
        "lineItems",
        "lineitem",
        "A line of a deal: how many of what, at which price. The amount of a deal that has lines is their sum.",
    )
    .ownership(Ownership::Parents(&[("deal_id", Kind::Deal)]))
    .one(Column::DealId, Kind::Deal, "The deal.")
    .required()
    .part_of(Kind::Deal)
    .whole_demands(Action::Create, &OPEN, rules::DECIDED)
    .whole_demands(Action::Update, &OPEN, rules::DECIDED)
    .whole_demands(Action::Delete, &OPEN, rules::DECIDED)
    .one(Column::ProductId, Kind::Product, "The product; empty for what is not in the price list.")
    .on_create()
    .field(Column::Description, "What is sold, in words; the name of the product unless given.")
    .editable()
    .decimal("quantity", Column::QuantityE3, 3, "How many units; above zero.")
    .editable()
    .required()
    .money("unitPrice", Column::UnitPriceMinor, own, "The price of one unit, in the currency of the deal; that of the product unless given.")
    .editable()
    .money("listPrice", Column::ListPriceMinor, own, "The price of the product when the line was made; without a product that of the line.")
    .money("unitCost", Column::UnitCostMinor, own, "What one unit costs us; that of the product unless given.")
    .editable()
    .decimal("discountPct", Column::DiscountPctE2, 2, "What is taken off the price, in percent from 0 to 100.")
    .editable()
    .money("total", Column::TotalMinor, own, "Net: quantity times price less discount, rounded half-even once to the minor unit.")
    .expression(
        "totalInBase",
        figures::total_in_base,
        Shape::Money,
        "The total in the base currency: of a won deal its share of what the deal was fixed at, else at today's rate; empty \
         without a rate. Rounded half-even for each line.",
    )
    .field(
        Column::Position,
        "Its place in the deal, from 1 to 10,000; unless given, after the last. Where a line stands there already, that one \
         and those right behind it move up.",
    )
    .editable()
    .writes(writes::<line_item::Entity>())
    .affects(&[Kind::Deal])
    .natural(&["deal", "position"])
    .done()
}

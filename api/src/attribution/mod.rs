//! Attribution: which touch made which revenue.

pub mod commands;
pub mod facts;
pub mod graphql;
pub mod journey;
pub mod rules;

use entity::attribution_credit;

use crate::access::Kind;
use crate::store::Resource;
use crate::store::descriptor::{Currency, Declare, Descriptor, Ownership};

impl Resource for attribution_credit::Entity {
    const KIND: Kind = Kind::AttributionCredit;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use attribution_credit::Column;
    Declare::<attribution_credit::Entity>::new(
        Kind::AttributionCredit,
        "AttributionCredit",
        "attributionCredits",
        "credit",
        "A touch's share in the revenue of a won deal, by one model. A deal's shares add up exactly.",
    )
    .ownership(Ownership::Parents(&[("deal_id", Kind::Deal)]))
    .one(Column::DealId, Kind::Deal, "The won deal.")
    .one(
        Column::TouchpointId,
        Kind::Touchpoint,
        "The touch; empty when the deal has none and its revenue is unattributed.",
    )
    .one(Column::CampaignId, Kind::Campaign, "The touch's campaign.")
    .choice::<_, entity::enums::Channel>(Column::Channel, "The touch's channel.")
    .choice::<_, attribution_credit::AttributionModel>(Column::Model, "The model that gave it.")
    .field(Column::WeightBp, "The share in basis points; those of a deal add up to 10,000 for each model.")
    .money("amount", Column::AmountMinor, Currency::Base, "The share in the base currency.")
    .field(Column::ClosedAt, "When the deal was won.")
    .order("closedAt", true)
    .done()
}

//! Touchpoints: dated interactions, the facts that attribution stands on. They are never changed.

pub mod commands;
pub mod graphql;
pub mod rules;

use entity::{attribution_credit, touchpoint};

use crate::access::{Action, Kind};
use crate::store::Resource;
use crate::store::descriptor::{Declare, Descriptor, Ownership, Text};

impl Resource for touchpoint::Entity {
    const KIND: Kind = Kind::Touchpoint;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use touchpoint::Column;
    Declare::<touchpoint::Entity>::new(
        Kind::Touchpoint,
        "Touchpoint",
        "touchpoints",
        "touch",
        "One dated interaction of a person with a campaign or a channel.",
    )
    .ownership(Ownership::Parents(&[("contact_id", Kind::Contact)]))
    .field(Column::OccurredAt, "When it happened.")
    .choice::<_, touchpoint::TouchpointKind>(Column::Kind, "What happened.")
    .choice::<_, entity::enums::Channel>(Column::Channel, "Where it happened.")
    .field(Column::Creditable, "Whether it counts in attribution: everything but impressions and e-mail opens does.")
    .one(Column::ContactId, Kind::Contact, "Whose it is; empty while the visitor is unknown.")
    .field(Column::VisitorKey, "The visitor's key on the website.")
    .one(Column::CampaignId, Kind::Campaign, "The campaign that caused it.")
    .field(Column::UtmSource, "The link's `utm_source`.")
    .field(Column::UtmMedium, "The link's `utm_medium`.")
    .field(Column::UtmCampaign, "The link's `utm_campaign`.")
    .field(Column::UtmTerm, "The link's `utm_term`.")
    .field(Column::UtmContent, "The link's `utm_content`.")
    .text(Column::Url, Text::Url, "The page.")
    .text(Column::Referrer, Text::Url, "The page before.")
    .many("credits", Kind::AttributionCredit, attribution_credit::Column::TouchpointId, "Its shares in won deals.")
    .verb("recordTouchpoint", Action::Create)
    .verb("recordTouchpoints", Action::Create)
    .order("occurredAt", true)
    .done()
}

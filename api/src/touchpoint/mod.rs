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
    .field(
        Column::CountsFrom,
        "Deals that were closed by then give it no credit. Set where the touch was reported with a lead by somebody who \
         may not record touches (sales): what was credited for closed deals stays as it is. Empty: it counts for every \
         deal.",
    )
    .one(Column::ContactId, Kind::Contact, "Whose it is; empty while the visitor is unknown.")
    .text(Column::VisitorKey, Text::Tag, "The visitor's key on the website.")
    .one(Column::CampaignId, Kind::Campaign, "The campaign that caused it.")
    .text(Column::UtmSource, Text::Tag, "The link's `utm_source`.")
    .text(Column::UtmMedium, Text::Tag, "The link's `utm_medium`.")
    .text(Column::UtmCampaign, Text::Tag, "The link's `utm_campaign`.")
    .text(Column::UtmTerm, Text::Tag, "The link's `utm_term`.")
    .text(Column::UtmContent, Text::Tag, "The link's `utm_content`.")
    .text(Column::Url, Text::Url, "The page.")
    .text(Column::Referrer, Text::Url, "The page before.")
    .many("credits", Kind::AttributionCredit, attribution_credit::Column::TouchpointId, "Its shares in won deals.")
    .affects(&[Kind::AttributionCredit])
    .verb("recordTouchpoint", Action::Create)
    .verb("recordTouchpoints", Action::Create)
    .order("occurredAt", true)
    .done()
}

//! Campaign members: the audience of a campaign and who of it responded.

use entity::campaign_member;

use crate::access::Kind;
use crate::store::Resource;
use crate::store::descriptor::{Declare, Descriptor, Ownership};

impl Resource for campaign_member::Entity {
    const KIND: Kind = Kind::CampaignMember;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use campaign_member::Column;
    Declare::<campaign_member::Entity>::new(
        Kind::CampaignMember,
        "CampaignMember",
        "campaignMembers",
        "member",
        "A contact in a campaign's audience.",
    )
    .ownership(Ownership::Parents(&[("campaign_id", Kind::Campaign)]))
    .one(Column::CampaignId, Kind::Campaign, "The campaign.")
    .one(Column::ContactId, Kind::Contact, "The person.")
    .choice::<_, campaign_member::MemberStatus>(Column::Status, "How far the person went.")
    .field(Column::FirstRespondedAt, "When the person first responded; set once.")
    .choice::<_, entity::enums::LeadSource>(Column::Source, "How the person got into the audience.")
    .done()
}

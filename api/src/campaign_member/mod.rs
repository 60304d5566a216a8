//! Campaign members: the audience of a campaign and who of it responded.

pub mod commands;
pub mod graphql;
pub mod rules;

use entity::campaign_member::{self, MemberStatus};

use crate::access::{Action, Kind, When};
use crate::error::{Error, Result};
use crate::store::descriptor::{Declare, Descriptor, Given, Ownership};
use crate::store::writes::writes;
use crate::store::{Resource, Tx, Warrant};

impl Resource for campaign_member::Entity {
    const KIND: Kind = Kind::CampaignMember;

    async fn prepare(
        tx: &Tx,
        _: &Warrant,
        row: &mut campaign_member::Model,
        before: Option<&campaign_member::Model>,
        _: &Given,
    ) -> Result<()> {
        let from = before.map_or(MemberStatus::Targeted, |before| before.status);
        if !rules::may_become(from, row.status) {
            return Err(Error::invalid(
                "NOT_ALLOWED",
                "status",
                format!("A member who is {} cannot become {} by hand.", from.as_str(), row.status.as_str()),
            ));
        }
        if row.status == MemberStatus::Responded {
            row.first_responded_at = row.first_responded_at.or(Some(tx.now()));
        }
        Ok(())
    }

    async fn may_delete(_: &Tx, _: &Warrant, row: &campaign_member::Model) -> Result<()> {
        if row.first_responded_at.is_some() || row.status == MemberStatus::Converted {
            return Err(Error::conflict(RESPONDED));
        }
        Ok(())
    }
}

/// A campaign that is not over.
const RUNNING: When = When::In("status", &["DRAFT", "SCHEDULED", "ACTIVE", "PAUSED"]);
/// What is told of a member who may not be deleted.
const RESPONDED: &str = "The person has responded to the campaign; that stays in its history.";

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
    .part_of(Kind::Campaign)
    .whole_demands(Action::Create, &RUNNING, "Only a campaign that is still to run or running takes members.")
    .one(Column::ContactId, Kind::Contact, "The person.")
    .choice::<_, MemberStatus>(Column::Status, "How far the person went; goes forward only.")
    .editable()
    .field(Column::FirstRespondedAt, "When the person first responded; set once.")
    .choice::<_, entity::enums::LeadSource>(Column::Source, "How the person got into the audience.")
    .writes(writes::<campaign_member::Entity>().made_by_verbs())
    .verb("addCampaignMembers", Action::Create)
    .demands(
        Action::Delete,
        When::All(&[When::Empty("first_responded_at"), When::Not(&When::In("status", &["CONVERTED"]))]),
        RESPONDED,
    )
    .done()
}

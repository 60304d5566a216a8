//! Adding members to a campaign.

use async_graphql::{InputObject, SimpleObject};
use entity::campaign_member::MemberStatus;
use entity::enums::LeadSource;
use entity::{campaign, campaign_member, contact};
use serde::{Deserialize, Serialize};

use crate::error::Mistake;
use crate::graphql::mutation::{Payload, verbs};
use crate::graphql::node::{Node, RowRef};
use crate::graphql::scalar::Id;

verbs! {
    /// What fills a campaign's audience.
    CampaignMemberVerbs {
        /// Adds up to 1,000 contacts to the audience of a campaign that is not over; each gets its own answer, and
        /// somebody who is a member already is answered as they are.
        add_campaign_members(AddCampaignMembersInput) -> AddCampaignMembersPayload = super::commands::add;
    }
}

/// The input of addCampaignMembers.
#[derive(Clone, InputObject)]
pub struct AddCampaignMembersInput {
    /// The campaign.
    pub campaign_id: Id<campaign::Entity>,
    /// The contacts: 1 to 1,000.
    pub contact_ids: Vec<Id<contact::Entity>>,
    /// How far the campaign has come with them; not CONVERTED.
    #[graphql(default)]
    pub status: MemberStatus,
    /// How they got into the audience.
    #[graphql(default)]
    pub source: LeadSource,
    /// True: all of them or none.
    #[graphql(default)]
    pub atomic: bool,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The outcome of addCampaignMembers.
#[derive(Debug, SimpleObject, Serialize, Deserialize)]
pub struct AddCampaignMembersPayload {
    /// One for each contact, in the order of the input; empty if nothing was done.
    pub results: Vec<CampaignMemberResult>,
    /// What has to be corrected first; empty when the contacts were looked at one by one.
    pub user_errors: Vec<Mistake>,
}

/// What came of one contact.
#[derive(Debug, SimpleObject, Serialize, Deserialize)]
pub struct CampaignMemberResult {
    /// The place in `contactIds`, from 0.
    pub index: i32,
    /// The membership; null if the contact was refused.
    pub member: Node<campaign_member::Entity>,
    /// The contact was in the audience before.
    pub already_member: bool,
    /// Why the contact was refused.
    pub user_errors: Vec<Mistake>,
}

impl Payload for AddCampaignMembersPayload {
    fn refused(mistakes: Vec<Mistake>) -> Self {
        Self { results: Vec::new(), user_errors: mistakes }
    }

    fn rows(&mut self) -> Vec<&mut RowRef> {
        self.results.iter_mut().map(|result| result.member.row()).collect()
    }
}

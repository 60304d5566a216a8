//! Converting leads into deals: inputs, payloads, verbs.

use async_graphql::{InputObject, SimpleObject};
use entity::deal_contact::DealRole;
use entity::{company, deal, lead, pipeline, stage, user};
use serde::{Deserialize, Serialize};

use super::conversion;
use crate::error::Mistake;
use crate::graphql::mutation::{Changed, Payload, verbs};
use crate::graphql::node::{Node, RowRef};
use crate::graphql::scalar::{Day, Id, MoneyInput};

verbs! {
    /// Lead to deal and back.
    ConversionVerbs {
        /// Turns a lead that sales accepted (SAL) or qualified (SQL) into a new deal, or makes it part of an open one.
        /// All or nothing: the deal gets the lead, its campaign, company and contact; planned activities show on both;
        /// the campaign's member becomes CONVERTED. Nothing about the person is copied. A lead that was converted into
        /// the same target already is answered again with `alreadyConverted`; another target is CONFLICT. It takes the
        /// right to create (or update) the deal as well.
        convert_lead(ConvertLeadInput) -> ConvertLeadPayload = conversion::convert,
            many convert_leads(ConvertLeadsInput) -> ConvertLeadsPayload;

        /// Undoes a conversion within 30 days, while the deal is open and no other lead has joined it since: a deal
        /// that the conversion made is deleted, another one is unlinked; the lead is SQL again.
        unconvert_lead(UnconvertLeadInput) -> Changed<lead::Entity> = conversion::unconvert,
            many unconvert_leads(UnconvertLeadsInput) -> UnconvertLeadsPayload;
    }
}

/// What convertLead takes. Without `deal` and `existingDealId` it makes a deal with the usual values.
#[derive(Clone, InputObject)]
pub struct ConvertLeadInput {
    /// The lead; required.
    pub id: Option<Id<lead::Entity>>,
    /// The lead, by its former name.
    #[graphql(deprecation = "Use `id`, as for every verb.")]
    pub lead_id: Option<Id<lead::Entity>>,
    /// The `version` of the lead the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// Makes a new deal like this. Not together with `existingDealId`.
    pub deal: Option<ConvertLeadDealInput>,
    /// Makes the lead part of this deal, which is open.
    pub existing_deal_id: Option<Id<deal::Entity>>,
    /// The company, for a lead, contact or deal that has none; unless given, the lead's, else the contact's.
    pub company_id: Option<Id<company::Entity>>,
    /// The contact's part in the deal; DECISION_MAKER unless given.
    pub contact_role: Option<DealRole>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The deal that a conversion makes.
#[derive(Clone, Default, InputObject)]
pub struct ConvertLeadDealInput {
    /// What is sold, to whom; the company's name unless given.
    pub name: Option<String>,
    /// The pipeline; the default one unless given.
    pub pipeline_id: Option<Id<pipeline::Entity>>,
    /// The stage, an open one; the pipeline's first unless given.
    pub stage_id: Option<Id<stage::Entity>>,
    /// What the customer is to pay; the lead's estimated value unless given.
    pub amount: Option<MoneyInput>,
    /// When it is expected to close.
    pub expected_close_on: Option<Day>,
    /// Who is responsible; the lead's owner unless given, else the caller.
    pub owner_id: Option<Id<user::Entity>>,
}

/// What unconvertLead takes.
#[derive(Clone, InputObject)]
pub struct UnconvertLeadInput {
    /// The lead; required.
    pub id: Option<Id<lead::Entity>>,
    /// The lead, by its former name.
    #[graphql(deprecation = "Use `id`, as for every verb.")]
    pub lead_id: Option<Id<lead::Entity>>,
    /// The `version` of the lead the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// Why it is undone; kept in the event log.
    pub reason: String,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The outcome of converting a lead.
#[derive(Debug, Serialize, Deserialize, SimpleObject)]
pub struct ConvertLeadPayload {
    /// The lead as it is now; null if nothing was changed.
    pub lead: Node<lead::Entity>,
    /// The deal it is part of; null if nothing was changed.
    pub deal: Node<deal::Entity>,
    /// It had been converted into this target before; nothing was changed now.
    pub already_converted: bool,
    /// What has to be corrected first; empty when it was done.
    pub user_errors: Vec<Mistake>,
}

impl Payload for ConvertLeadPayload {
    fn refused(mistakes: Vec<Mistake>) -> Self {
        Self { lead: Node::none(), deal: Node::none(), already_converted: false, user_errors: mistakes }
    }

    fn rows(&mut self) -> Vec<&mut RowRef> {
        vec![self.lead.row(), self.deal.row()]
    }
}

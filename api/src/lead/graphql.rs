//! The verbs of a lead as mutations.

use async_graphql::{Enum, InputObject};
use entity::enums::HandoffReason;
use entity::{lead, team, user};

use super::capture::input::{CaptureLeadInput, CaptureLeadPayload};
use super::commands;
use crate::graphql::mutation::{Changed, verbs};
use crate::graphql::scalar::{Id, Words};

verbs! {
    /// The verbs of a lead's life.
    LeadVerbs {
        /// Records that somebody got in touch. The person is matched by e-mail address, then telephone number, the
        /// company by domain, then name, then the domain of the address; what is not known is created, what is known is
        /// never overwritten, only filled where it is empty and the caller may change it. The interaction is recorded,
        /// the person responds to the campaign, and either the person's open lead is enriched or a new one opened: NEW,
        /// or SAL without a hand-off if a seller captures an OUTBOUND one. A person whose lead the caller may not see
        /// is a user error TAKEN that names the team to ask and nothing else. An interaction reported by sales counts
        /// for deals that close later, never for those that have closed (`Touchpoint.countsFrom`).
        capture_lead(CaptureLeadInput) -> CaptureLeadPayload = super::capture::capture,
            many capture_leads(CaptureLeadsInput) -> CaptureLeadsPayload;

        /// Keeps an inquiry warm until it is ready: NEW -> NURTURING.
        nurture_lead(NurtureLeadInput) -> Changed<lead::Entity> = commands::nurture,
            many nurture_leads(NurtureLeadsInput) -> NurtureLeadsPayload;

        /// Declares a lead marketing-qualified: NEW or NURTURING -> MQL. A score of 60 or more is enough; below it a
        /// reason is required. `mqlAt` is set the first time.
        qualify_lead(QualifyLeadInput) -> Changed<lead::Entity> = commands::qualify,
            many qualify_leads(QualifyLeadsInput) -> QualifyLeadsPayload;

        /// Hands an MQL to somebody in sales or to the pool of a team: a Handoff is PENDING, due within 24 hours, and
        /// the lead belongs to the target. CONFLICT while another hand-off of it is pending.
        hand_off_lead(HandOffLeadInput) -> Changed<lead::Entity> = commands::hand_off,
            many hand_off_leads(HandOffLeadsInput) -> HandOffLeadsPayload;

        /// Takes a lead that was handed to the caller or the caller's team: MQL -> SAL, the hand-off is ACCEPTED. A
        /// lead from the pool becomes the caller's own; person and company without an owner go along.
        accept_lead(AcceptLeadInput) -> Changed<lead::Entity> = commands::accept,
            many accept_leads(AcceptLeadsInput) -> AcceptLeadsPayload;

        /// Sends back a lead that was handed to the caller or the caller's team: MQL -> NURTURING or DISQUALIFIED, the
        /// hand-off is REJECTED with the reason, `recycledCount` goes up, and the lead belongs to whoever handed it
        /// over. The answer's `lead` is null if the caller does not see it any more.
        reject_lead(RejectLeadInput) -> Changed<lead::Entity> = commands::reject,
            many reject_leads(RejectLeadsInput) -> RejectLeadsPayload;

        /// Takes a pending hand-off back: MQL -> NURTURING, the hand-off is RECALLED, and the lead belongs to whoever
        /// handed it over.
        recall_handoff(RecallHandoffInput) -> Changed<lead::Entity> = commands::recall,
            many recall_handoffs(RecallHandoffsInput) -> RecallHandoffsPayload;

        /// Declares an accepted lead sales-qualified: SAL -> SQL. At least one of need, budget, authority and timing
        /// has to be known, now or from before; what is found out stands in the lead and in a note on it. `sqlAt` is
        /// set the first time.
        qualify_for_sales(QualifyForSalesInput) -> Changed<lead::Entity> = commands::qualify_for_sales,
            many qualify_leads_for_sales(QualifyLeadsForSalesInput) -> QualifyLeadsForSalesPayload;

        /// Ends an open lead without a deal: -> DISQUALIFIED, for good; a new interest opens a new lead. CONFLICT while
        /// a hand-off is pending (answer or recall it first).
        disqualify_lead(DisqualifyLeadInput) -> Changed<lead::Entity> = commands::disqualify,
            many disqualify_leads(DisqualifyLeadsInput) -> DisqualifyLeadsPayload;

        /// Gives an accepted lead back to marketing for nurturing: SAL or SQL -> NURTURING, `recycledCount` goes up,
        /// and the lead belongs to whoever handed it over (one of sales' own stays where it is). The answer's `lead` is
        /// null if the caller does not see it any more.
        recycle_lead(RecycleLeadInput) -> Changed<lead::Entity> = commands::recycle,
            many recycle_leads(RecycleLeadsInput) -> RecycleLeadsPayload;
    }
}

/// Where a rejected lead goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum RejectedTo {
    /// Back to marketing, to be kept warm.
    #[default]
    Nurturing,
    /// It ends.
    Disqualified,
}

/// The input of nurtureLead.
#[derive(Clone, InputObject)]
pub struct NurtureLeadInput {
    /// The lead.
    pub id: Id<lead::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The input of qualifyLead.
#[derive(Clone, InputObject)]
pub struct QualifyLeadInput {
    /// The lead.
    pub id: Id<lead::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// Why it qualifies; required if its score is below 60. Kept in the event log.
    pub reason: Option<Words>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The input of handOffLead: a person, a team, or a person with the team they are in.
#[derive(Clone, InputObject)]
pub struct HandOffLeadInput {
    /// The lead.
    pub id: Id<lead::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// Who is to take it: an active user who may accept leads.
    pub owner_id: Option<Id<user::Entity>>,
    /// The team whose pool it goes to, if it is for nobody in particular.
    pub team_id: Option<Id<team::Entity>>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The input of acceptLead.
#[derive(Clone, InputObject)]
pub struct AcceptLeadInput {
    /// The lead.
    pub id: Id<lead::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// How good the lead is, 1 (poor) to 5 (excellent).
    pub rating: Option<i32>,
    /// What marketing should know about it.
    pub comment: Option<Words>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The input of rejectLead.
#[derive(Clone, InputObject)]
pub struct RejectLeadInput {
    /// The lead.
    pub id: Id<lead::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// Why it comes back.
    pub reason: HandoffReason,
    /// What marketing should know about it; required with OTHER.
    pub comment: Option<Words>,
    /// How good the lead is, 1 (poor) to 5 (excellent).
    pub rating: Option<i32>,
    /// Where it goes.
    #[graphql(default)]
    pub to: RejectedTo,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The input of recallHandoff.
#[derive(Clone, InputObject)]
pub struct RecallHandoffInput {
    /// The lead whose pending hand-off is taken back; required.
    pub id: Option<Id<lead::Entity>>,
    /// The lead, by its former name.
    #[graphql(deprecation = "Use `id`, as for every verb.")]
    pub lead_id: Option<Id<lead::Entity>>,
    /// The `version` of the lead the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// Why; kept in the event log.
    pub reason: Option<Words>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The input of qualifyForSales: at least one of need, budget, authority and timing, unless the lead has one already.
#[derive(Clone, InputObject)]
pub struct QualifyForSalesInput {
    /// The lead.
    pub id: Id<lead::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// What the person needs.
    pub need: Option<Words>,
    /// What the person can spend.
    pub budget: Option<Words>,
    /// Who decides about it.
    pub authority: Option<Words>,
    /// By when the person wants it.
    pub timing: Option<Words>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The input of disqualifyLead.
#[derive(Clone, InputObject)]
pub struct DisqualifyLeadInput {
    /// The lead.
    pub id: Id<lead::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// Why it ends.
    pub reason: HandoffReason,
    /// In words; required with OTHER. Kept in the event log.
    pub comment: Option<Words>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The input of recycleLead.
#[derive(Clone, InputObject)]
pub struct RecycleLeadInput {
    /// The lead.
    pub id: Id<lead::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// Why it goes back. Kept in the event log.
    pub reason: HandoffReason,
    /// In words; required with OTHER. Kept in the event log.
    pub comment: Option<Words>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

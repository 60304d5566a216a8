//! Leads: one qualification episode of a contact each, from the first inquiry to a deal or the end.

pub mod capture;
pub mod commands;
pub mod conversion;
pub mod conversion_graphql;
pub mod graphql;
pub mod matching;
pub mod rules;

use entity::{activity, handoff, lead, transition};

use crate::access::{Action, Grant, Kind, When};
use crate::error::{Error, Result};
use crate::handoff::commands as handoffs;
use crate::spelling::text;
use crate::store::descriptor::{Currency, Declare, Descriptor, Given};
use crate::store::writes::writes;
use crate::store::{Resource, Tx, Warrant};

impl Resource for lead::Entity {
    const KIND: Kind = Kind::Lead;

    async fn prepare(
        tx: &Tx,
        _: &Warrant,
        row: &mut lead::Model,
        before: Option<&lead::Model>,
        _: &Given,
    ) -> Result<()> {
        rules::check_fields(row)?;
        for told in [&mut row.interest, &mut row.need, &mut row.budget, &mut row.authority, &mut row.timing] {
            *told = told.take().filter(|told| text::said(told).is_some());
        }
        let may_amend = tx.reader().viewer().writes(Kind::Lead, "source") == Grant::Yes;
        before.map_or(Ok(()), |before| rules::check_update(before, row, may_amend))
    }

    async fn may_delete(tx: &Tx, warrant: &Warrant, row: &lead::Model) -> Result<()> {
        if row.deal_id.is_some() {
            return Err(Error::conflict(
                "The lead became a deal and is part of its history: unconvertLead comes first.",
            ));
        }
        handoffs::none_pending(tx, warrant, row.id).await
    }

    async fn effects(tx: &Tx, warrant: &Warrant, before: Option<&lead::Model>, row: &lead::Model) -> Result<()> {
        if before.is_some_and(|before| (before.owner_id, before.team_id) != (row.owner_id, row.team_id)) {
            handoffs::follow(tx, warrant, row.id, row.owner_id, row.team_id).await?;
        }
        if row.deleted_at.is_some() {
            crate::contact::commands::project_lifecycle(tx, warrant, row.contact_id).await?;
        }
        Ok(())
    }
}

/// The declaration.
pub fn describe() -> Descriptor {
    use lead::Column;
    let estimated = Currency::Column("estimated_value_currency");
    let declared =
        Declare::<lead::Entity>::new(Kind::Lead, "Lead", "leads", "lead", "One qualification episode of a contact.")
            .choice::<_, lead::LeadStatus>(Column::Status, "Where it stands; changed by its verbs.")
            .one(Column::ContactId, Kind::Contact, "The person.")
            .one(Column::CompanyId, Kind::Company, "The company the interest is for.")
            .editable()
            .choice::<_, entity::enums::LeadSource>(Column::Source, "Where it came from.")
            .editable()
            .one(Column::SourceCampaignId, Kind::Campaign, "The campaign it came from.")
            .editable()
            .field(Column::Interest, "What the person wants.")
            .editable()
            .field(Column::Need, "What the person needs, as found out when sales qualified it.")
            .editable()
            .field(Column::Budget, "What the person can spend.")
            .editable()
            .field(Column::Authority, "Who decides about it.")
            .editable()
            .field(Column::Timing, "By when the person wants it.")
            .editable()
            .money("estimatedValue", Column::EstimatedValueMinor, estimated, "What a deal might be worth.")
            .editable()
            .choice::<_, lead::BuyingHorizon>(Column::BuyingHorizon, "When the person wants to buy.")
            .editable()
            .field(Column::Score, "0 to 100: how promising it is; written by rules.")
            .choice::<_, lead::FitGrade>(Column::FitGrade, "How well the person fits; written by rules.")
            .choice::<_, entity::enums::HandoffReason>(Column::DisqualifyReason, "Why it ended without a deal.")
            .field(Column::RecycledCount, "How often it went back to marketing.")
            .field(
                Column::HandedOffAt,
                "When marketing handed it to sales; empty before that, and again once it is \
            back.",
            )
            .field(Column::MqlAt, "When it first became marketing-qualified.")
            .field(Column::SalAt, "When sales first accepted it.")
            .field(Column::SqlAt, "When it first became sales-qualified.")
            .field(Column::ConvertedAt, "When it became a deal.")
            .field(Column::ClosedAt, "When it ended without a deal.")
            .one(Column::DealId, Kind::Deal, "The deal it became.")
            .many("handoffs", Kind::Handoff, handoff::Column::LeadId, "Its hand-offs from marketing to sales.")
            .many("activities", Kind::Activity, activity::Column::LeadId, "What was done and planned for it.")
            .and(crate::activity::dates)
            .many("transitions", Kind::Transition, transition::Column::LeadId, "Its changes of state.")
            .writes(writes::<lead::Entity>().made_by_verbs())
            .derived(crate::activity::next::of_lead())
            .life(Column::Status, &rules::LIFE)
            .affects(&[Kind::Transition, Kind::Handoff, Kind::Activity, Kind::CampaignMember, Kind::Touchpoint])
            .affects(&[
                Kind::Contact,
                Kind::Company,
                Kind::Deal,
                Kind::DealContact,
                Kind::LineItem,
                Kind::AttributionCredit,
            ]);
    demands(declared).done()
}

/// A lead that has not ended.
pub const OPEN: When = When::Not(&When::In("status", &["CONVERTED", "DISQUALIFIED"]));

/// What verbs and plain mutations demand besides its state.
fn demands(declared: Declare<lead::Entity>) -> Declare<lead::Entity> {
    /// Sales has not answered a hand-off of it.
    const PENDING: When = When::Any(Kind::Handoff, "lead_id", &When::In("status", &["PENDING"]));
    const THERE: When = When::All(&[When::Empty("merged_into_id"), When::Empty("erased_at")]);
    let answers = [Action::Accept, Action::Reject, Action::Recall];
    let declared = answers.into_iter().fold(declared, |declared, action| {
        declared.demands(action, PENDING, "No hand-off of this lead is pending: there is none, or it was answered.")
    });
    let waits =
        "The lead is waiting for sales to answer a hand-off: acceptLead, rejectLead or recallHandoff comes first.";
    let cut_off = [Action::HandOff, Action::Disqualify, Action::Delete];
    let declared =
        cut_off.into_iter().fold(declared, |declared, action| declared.demands(action, When::Not(&PENDING), waits));
    declared
        .demands(
            Action::Convert,
            When::At("contact_id", Kind::Contact, &THERE),
            "The lead's contact was deleted, merged or erased.",
        )
        .demands(
            Action::Unconvert,
            When::At("deal_id", Kind::Deal, &crate::deal::OPEN),
            "The deal is closed. Reopen it first (reopenDeal), then undo the conversion.",
        )
        .demands(Action::Unconvert, When::Within("converted_at", conversion::UNDO_DAYS), conversion::TOO_LATE)
        .demands(
            Action::Update,
            When::Not(&When::All(&[When::Not(&OPEN), When::Not(&When::Sets(Kind::Lead, "source"))])),
            "The lead has ended and no longer changes. A new interest of the person is a new lead: captureLead.",
        )
        .demands(
            Action::Assign,
            OPEN,
            "The lead has ended and no longer changes. A new interest of the person is a new lead: captureLead.",
        )
        .demands(
            Action::Delete,
            When::Empty("deal_id"),
            "The lead became a deal and is part of its history: unconvertLead comes first.",
        )
}

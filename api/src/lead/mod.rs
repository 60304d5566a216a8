//! Leads: one qualification episode of a contact each, from the first inquiry to a deal or the end.

pub mod capture;
pub mod commands;
pub mod conversion;
pub mod conversion_graphql;
pub mod graphql;
pub mod matching;
pub mod rules;

use entity::{activity, handoff, lead, transition};

use crate::access::{Action, Kind};
use crate::error::{Error, Result};
use crate::handoff::commands as handoffs;
use crate::store::descriptor::{Currency, Declare, Descriptor, Given};
use crate::store::writes::writes;
use crate::store::{Resource, Tx, Warrant};

impl Resource for lead::Entity {
    const KIND: Kind = Kind::Lead;

    async fn prepare(_: &Tx, row: &mut lead::Model, before: Option<&lead::Model>, _: &Given) -> Result<()> {
        rules::check_fields(row)?;
        for text in [&mut row.interest, &mut row.need, &mut row.budget, &mut row.authority, &mut row.timing] {
            *text = text.take().filter(|text| !text.trim().is_empty());
        }
        before.map_or(Ok(()), |before| rules::check_update(before, row))
    }

    async fn may_delete(tx: &Tx, row: &lead::Model) -> Result<()> {
        if row.deal_id.is_some() {
            return Err(Error::conflict(
                "The lead became a deal and is part of its history: unconvertLead comes first.",
            ));
        }
        let warrant = tx.may::<Self>(Action::Delete)?;
        handoffs::none_pending(tx, &warrant, row.id).await
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
        .field(Column::HandedOffAt, "When marketing handed it to sales; empty while it has not (or again).")
        .field(Column::MqlAt, "When it first became marketing-qualified.")
        .field(Column::SalAt, "When sales first accepted it.")
        .field(Column::SqlAt, "When it first became sales-qualified.")
        .field(Column::ConvertedAt, "When it became a deal.")
        .field(Column::ClosedAt, "When it ended without a deal.")
        .one(Column::DealId, Kind::Deal, "The deal it became.")
        .many("handoffs", Kind::Handoff, handoff::Column::LeadId, "Its ways from marketing to sales.")
        .many("activities", Kind::Activity, activity::Column::LeadId, "What was done and planned for it.")
        .many("transitions", Kind::Transition, transition::Column::LeadId, "Its changes of state.")
        .writes(writes::<lead::Entity>().made_by_verbs())
        .derived(crate::activity::next::of_lead())
        .verb("captureLead", Action::Create)
        .verb("captureLeads", Action::Create)
        .verb("nurtureLead", Action::Nurture)
        .verb("qualifyLead", Action::Qualify)
        .verb("handOffLead", Action::HandOff)
        .verb("acceptLead", Action::Accept)
        .verb("rejectLead", Action::Reject)
        .verb("recallHandoff", Action::Recall)
        .verb("qualifyForSales", Action::QualifyForSales)
        .verb("convertLead", Action::Convert)
        .verb("convertLeads", Action::Convert)
        .verb("unconvertLead", Action::Unconvert)
        .verb("disqualifyLead", Action::Disqualify)
        .verb("recycleLead", Action::Recycle)
        .done()
}

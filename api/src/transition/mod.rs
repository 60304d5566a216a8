//! Transitions: every change of state of a lead, deal or campaign. They are never changed.

use entity::transition;

use chrono::{DateTime, Utc};
use sea_orm::ColumnTrait;
use uuid::Uuid;

use crate::access::Kind;
use crate::error::Result;
use crate::store::descriptor::{Currency, Declare, Descriptor, Ownership, Text};
use crate::store::{Resource, Tx, Warrant};

impl Resource for transition::Entity {
    const KIND: Kind = Kind::Transition;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use transition::Column;
    Declare::<transition::Entity>::new(
        Kind::Transition,
        "Transition",
        "transitions",
        "transition",
        "A change of state of one lead, deal or campaign.",
    )
    .ownership(Ownership::Parents(&[("lead_id", Kind::Lead), ("deal_id", Kind::Deal), ("campaign_id", Kind::Campaign)]))
    .one(Column::LeadId, Kind::Lead, "The lead that changed.")
    .one(Column::DealId, Kind::Deal, "The deal that changed.")
    .one(Column::CampaignId, Kind::Campaign, "The campaign that changed.")
    .text(Column::FromState, Text::Tag, "The state before; empty at the start.")
    .text(Column::ToState, Text::Tag, "The state after.")
    .one(Column::FromStageId, Kind::Stage, "The deal's stage before.")
    .one(Column::ToStageId, Kind::Stage, "The deal's stage after.")
    .field(Column::At, "When it changed.")
    .one(Column::ById, Kind::User, "Who changed it; empty for the system.")
    .money("amountBase", Column::AmountBaseMinor, Currency::Base, "The deal's amount then, in the base currency.")
    .field(Column::Probability, "The deal's chance then, in percent.")
    .field(Column::SecondsInPrevious, "How long it was in the state before, in seconds.")
    .order("at", true)
    .done()
}

/// Whose state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A lead.
    Lead(Uuid),
    /// A deal.
    Deal(Uuid),
    /// A campaign.
    Campaign(Uuid),
}

/// A change of state as it is recorded.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// The state before; none at the start.
    pub from: Option<String>,
    /// The state after.
    pub to: String,
    /// A deal's stage before.
    pub from_stage: Option<Uuid>,
    /// A deal's stage after.
    pub to_stage: Option<Uuid>,
    /// A deal's amount in minor units of the base currency.
    pub amount_base_minor: Option<i64>,
    /// A deal's chance in percent.
    pub probability: Option<i32>,
}

/// Records a change of state, with the time spent in the state before.
///
/// # Errors
/// Database errors.
pub async fn record(tx: &Tx, warrant: &Warrant, subject: Subject, step: Step) -> Result<()> {
    let last = last_change(tx, warrant, subject).await?;
    let mut row = transition::Model {
        from_state: step.from,
        to_state: step.to,
        from_stage_id: step.from_stage,
        to_stage_id: step.to_stage,
        at: tx.now(),
        by_id: Some(tx.reader().viewer().id).filter(|id| !id.is_nil()),
        amount_base_minor: step.amount_base_minor,
        probability: step.probability,
        seconds_in_previous: last.map(|last| (tx.now() - last).num_seconds()),
        ..transition::Model::default()
    };
    match subject {
        Subject::Lead(id) => row.lead_id = Some(id),
        Subject::Deal(id) => row.deal_id = Some(id),
        Subject::Campaign(id) => row.campaign_id = Some(id),
    }
    tx.add::<transition::Entity>(warrant, row).await?;
    Ok(())
}

async fn last_change(tx: &Tx, warrant: &Warrant, subject: Subject) -> Result<Option<DateTime<Utc>>> {
    use transition::Column;
    let of_subject = match subject {
        Subject::Lead(id) => Column::LeadId.eq(id),
        Subject::Deal(id) => Column::DealId.eq(id),
        Subject::Campaign(id) => Column::CampaignId.eq(id),
    };
    let rows = tx.all::<transition::Entity>(warrant).filter(of_subject);
    Ok(rows.order_by_desc(Column::At).order_by_desc(Column::Id).limit(1).one().await?.map(|last| last.at))
}

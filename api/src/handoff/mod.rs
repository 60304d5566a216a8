//! Hand-offs: a lead on its way from marketing to sales, and sales' answer.

pub mod commands;
pub mod graphql;
pub mod rules;

use entity::handoff;

use crate::access::{Action, Kind, When};
use crate::store::Resource;
use crate::store::descriptor::{Declare, Descriptor, Ownership};

impl Resource for handoff::Entity {
    const KIND: Kind = Kind::Handoff;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use handoff::Column;
    Declare::<handoff::Entity>::new(
        Kind::Handoff,
        "Handoff",
        "handoffs",
        "handoff",
        "A lead on its way from marketing to sales.",
    )
    .ownership(Ownership::Columns {
        own: &["to_owner_id", "from_user_id"],
        team: &["to_team_id", "from_team_id"],
        pool: Some(("to_owner_id", "to_team_id")),
    })
    .one(Column::LeadId, Kind::Lead, "The lead.")
    .choice::<_, handoff::HandoffStatus>(Column::Status, "Where it stands.")
    .one(Column::FromUserId, Kind::User, "Who handed it over.")
    .one(Column::FromTeamId, Kind::Team, "The team that handed it over.")
    .one(Column::ToOwnerId, Kind::User, "Who is to take it; empty for the team's pool.")
    .one(Column::ToTeamId, Kind::Team, "The team that is to take it.")
    .field(Column::HandedAt, "When it was handed over.")
    .field(Column::DueAt, "By when sales is to answer.")
    .field(Column::RespondedAt, "When sales answered.")
    .one(Column::RespondedById, Kind::User, "Who answered.")
    .choice::<_, entity::enums::HandoffReason>(Column::Reason, "Why it was rejected.")
    .field(Column::Rating, "1 to 5: how good the lead is, in sales' eyes.")
    .field(Column::Comment, "What sales says about the lead.")
    .field(Column::AcknowledgedAt, "When marketing took note of the answer.")
    .one(Column::AcknowledgedById, Kind::User, "Who took note.")
    .field(Column::ActionTaken, "What marketing changed because of it.")
    .life(Column::Status, &rules::LIFE)
    .demands(Action::Acknowledge, When::Empty("acknowledged_at"), "The answer was acknowledged before.")
    .done()
}

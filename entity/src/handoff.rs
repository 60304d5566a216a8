//! Hand-offs of leads from marketing to sales, with the answer that comes back.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::enums::HandoffReason;

choices! {
    /// What became of a hand-off.
    pub enum HandoffStatus {
        /// Sales has not answered yet.
        Pending,
        /// Sales took the lead.
        Accepted,
        /// Sales gave the lead back, with a reason.
        Rejected,
        /// Marketing took the lead back before sales answered.
        Recalled,
        /// Sales did not answer in time; the lead went back to the pool.
        Expired,
    }
}

/// One lead handed over once; at most one is pending per lead.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "handoff")]
pub struct Model {
    /// Primary key, UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// When the row was last changed.
    pub updated_at: DateTimeUtc,
    /// Who wrote the row: a user or an API key; none for the system itself.
    pub created_by: Option<Uuid>,
    /// Counts the changes of the row; a change must name the version it was based on.
    pub version: i32,
    /// When the row was deleted; a deleted row stays in the table.
    pub deleted_at: Option<DateTimeUtc>,
    /// The lead.
    pub lead_id: Uuid,
    /// Who handed it over; none when a rule did.
    pub from_user_id: Option<Uuid>,
    /// The team that handed it over; gets the lead back when sales rejects it.
    pub from_team_id: Option<Uuid>,
    /// The person who is asked to take it.
    pub to_owner_id: Option<Uuid>,
    /// The team that is asked to take it.
    pub to_team_id: Option<Uuid>,
    /// What became of the hand-off.
    pub status: HandoffStatus,
    /// When it was handed over.
    pub handed_at: DateTimeUtc,
    /// When sales must have answered.
    pub due_at: DateTimeUtc,
    /// When sales answered.
    pub responded_at: Option<DateTimeUtc>,
    /// Who answered.
    pub responded_by_id: Option<Uuid>,
    /// Why sales rejected the lead.
    pub reason: Option<HandoffReason>,
    /// How good sales found the lead, 1 to 5.
    pub rating: Option<i32>,
    /// What sales has to say about it.
    pub comment: Option<String>,
    /// When marketing took note of the answer.
    pub acknowledged_at: Option<DateTimeUtc>,
    /// Who took note.
    pub acknowledged_by_id: Option<Uuid>,
    /// What marketing changed because of the answer.
    pub action_taken: Option<String>,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

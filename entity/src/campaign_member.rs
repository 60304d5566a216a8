//! Which contacts a campaign addresses, and how they answered.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::enums::LeadSource;

choices! {
    /// How far a campaign has come with one contact.
    pub enum MemberStatus {
        /// Chosen, not addressed yet.
        Targeted,
        /// Addressed.
        Sent,
        /// Has answered.
        Responded,
        /// Became a deal.
        Converted,
        /// Does not want to hear from us.
        OptedOut,
        /// Left out on purpose, for instance for lack of consent.
        Excluded,
    }
}

/// One contact in one campaign; at most one live row for the pair.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "campaign_member")]
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
    /// The campaign.
    pub campaign_id: Uuid,
    /// The contact.
    pub contact_id: Uuid,
    /// How far the campaign has come with this contact.
    pub status: MemberStatus,
    /// When the contact first answered; set once.
    pub first_responded_at: Option<DateTimeUtc>,
    /// How the contact came into the campaign.
    pub source: LeadSource,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

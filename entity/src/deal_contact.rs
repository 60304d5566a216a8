//! Which people take part in a deal.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

choices! {
    /// What part a person plays in a buying decision.
    pub enum DealRole {
        /// Says yes or no.
        DecisionMaker,
        /// Holds the budget.
        EconomicBuyer,
        /// Wants us to win and says so inside.
        Champion,
        /// Is listened to by those who decide.
        Influencer,
        /// Judges whether it works technically.
        Technical,
        /// Will use what is bought.
        EndUser,
        /// Checks contracts and compliance.
        Legal,
        /// Wants us not to win.
        Blocker,
    }
}

/// One contact in one deal; at most one is the primary contact.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "deal_contact")]
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
    /// The deal.
    pub deal_id: Uuid,
    /// The contact.
    pub contact_id: Uuid,
    /// What part the person plays in the decision.
    pub role: DealRole,
    /// Whether this is the person to talk to first.
    pub is_primary: bool,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

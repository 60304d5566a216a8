//! Marketing campaigns. What a campaign has spent is no column: it is the sum of spend facts.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::enums::{Channel, Horizon, Objective};

choices! {
    /// Where a campaign stands.
    pub enum CampaignStatus {
        /// Being planned.
        Draft,
        /// Planned completely; starts on its first day.
        Scheduled,
        /// Running.
        Active,
        /// Stopped for the time being.
        Paused,
        /// Over.
        Completed,
        /// Put away; no longer listed by default.
        Archived,
        /// Given up before it was completed.
        Cancelled,
    }
}

/// A planned marketing effort.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "campaign")]
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
    /// The user who is responsible; none while the row waits in the pool of its team.
    pub owner_id: Option<Uuid>,
    /// The team the row belongs to.
    pub team_id: Option<Uuid>,
    /// The system the row was brought in from.
    pub source_system: Option<String>,
    /// The id of the row in that system; unique within it while the row lives.
    pub external_id: Option<String>,
    /// What the campaign is called.
    pub name: String,
    /// Short code, equal to `utm_campaign` in links; unique among live campaigns.
    pub code: String,
    /// What the campaign is for.
    pub objective: Objective,
    /// Where the campaign mainly runs.
    pub channel: Channel,
    /// How soon it is meant to pay off.
    pub horizon: Horizon,
    /// Where the campaign stands; changes by verbs only.
    pub status: CampaignStatus,
    /// First day of the campaign.
    pub starts_on: Option<Date>,
    /// Last day of the campaign, inclusive.
    pub ends_on: Option<Date>,
    /// The campaign this one is part of.
    pub parent_id: Option<Uuid>,
    /// What may be spent, in minor units of its currency.
    pub budget_minor: Option<i64>,
    /// ISO 4217 code of that amount; set together with it.
    pub budget_currency: Option<String>,
    /// How many leads are expected.
    pub expected_leads: Option<i32>,
    /// Revenue that is expected, in minor units of its currency.
    pub expected_revenue_minor: Option<i64>,
    /// ISO 4217 code of that amount; set together with it.
    pub expected_revenue_currency: Option<String>,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Changes of state of leads, deals and campaigns. Append-only; funnels and durations are computed
//! from it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One change of state of exactly one lead, deal or campaign.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "transition")]
pub struct Model {
    /// Primary key, UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// The lead that changed.
    pub lead_id: Option<Uuid>,
    /// The deal that changed.
    pub deal_id: Option<Uuid>,
    /// The campaign that changed.
    pub campaign_id: Option<Uuid>,
    /// The state before, in the spelling of its enum; none at creation.
    pub from_state: Option<String>,
    /// The state after, in the spelling of its enum.
    pub to_state: String,
    /// The stage before, for deals.
    pub from_stage_id: Option<Uuid>,
    /// The stage after, for deals.
    pub to_stage_id: Option<Uuid>,
    /// When it changed.
    pub at: DateTimeUtc,
    /// Who changed it: a user or an API key; none for the system itself.
    pub by_id: Option<Uuid>,
    /// What the deal was worth then, in minor units of the base currency.
    pub amount_base_minor: Option<i64>,
    /// Chance of winning then, in percent.
    pub probability: Option<i32>,
    /// How long the state before had lasted, in seconds.
    pub seconds_in_previous: Option<i64>,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

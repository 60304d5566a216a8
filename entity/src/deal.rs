//! Deals: sales that are negotiated, won or lost.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::enums::{DealStatus, LossReason};

choices! {
    /// Whether a deal is new business or more of it.
    pub enum DealKind {
        /// The first deal with a customer.
        NewBusiness,
        /// More for an existing customer.
        Expansion,
        /// The same again for an existing customer.
        Renewal,
    }
}

/// One sale. All its amounts but `base_amount_minor` are in `currency`.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "deal")]
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
    /// What the deal is called.
    pub name: String,
    /// New business or more of it.
    pub kind: DealKind,
    /// The company that buys.
    pub company_id: Option<Uuid>,
    /// The pipeline the deal goes through.
    pub pipeline_id: Uuid,
    /// The stage the deal is in.
    pub stage_id: Uuid,
    /// Always the category of the stage; kept in step by the database.
    pub status: DealStatus,
    /// What the customer pays, in minor units of `currency`.
    pub amount_minor: Option<i64>,
    /// ISO 4217 code of the amounts of the deal.
    pub currency: String,
    /// What the deal costs us, in minor units of `currency`. Restricted.
    pub cost_minor: Option<i64>,
    /// Chance of winning in percent, where it differs from that of the stage.
    pub probability_override: Option<i32>,
    /// When the deal is expected to be decided.
    pub expected_close_on: Option<Date>,
    /// When the deal was won or lost; set if and only if it is not open.
    pub closed_at: Option<DateTimeUtc>,
    /// The amount in minor units of the base currency; fixed when the deal is closed.
    pub base_amount_minor: Option<i64>,
    /// The day of the exchange rate behind `base_amount_minor`.
    pub rate_date: Option<Date>,
    /// Why the deal was lost.
    pub loss_reason: Option<LossReason>,
    /// More about the loss.
    pub loss_comment: Option<String>,
    /// Who won it instead, or who competes for it.
    pub competitor: Option<String>,
    /// The lead the deal grew out of; a lead is the origin of at most one live deal.
    pub lead_id: Option<Uuid>,
    /// The campaign that brought that lead.
    pub source_campaign_id: Option<Uuid>,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Who gets the credit for won deals. Derived: can be rebuilt from touchpoints and deals at any
//! time.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::enums::Channel;

choices! {
    /// How the credit for a deal is shared out among the touches that led to it.
    pub enum AttributionModel {
        /// All to the first touch.
        FirstTouch,
        /// All to the last touch.
        LastTouch,
        /// The same to every touch.
        Linear,
        /// 40 % each to the first touch and the one that created the lead, the rest to those between.
        UShaped,
        /// More to later touches: half as much for every seven days further from the last one.
        TimeDecay,
    }
}

/// The share of one touchpoint in one deal under one model; the shares of a deal add up exactly.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "attribution_credit")]
pub struct Model {
    /// Primary key, UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The deal.
    pub deal_id: Uuid,
    /// The touch that earned the credit; none for revenue nothing can be credited with.
    pub touchpoint_id: Option<Uuid>,
    /// The campaign of that touch.
    pub campaign_id: Option<Uuid>,
    /// The channel of that touch.
    pub channel: Option<Channel>,
    /// The rule the credit was shared out by.
    pub model: AttributionModel,
    /// The share in basis points; those of a deal add up to 10,000 per model.
    pub weight_bp: i32,
    /// The share in minor units of the base currency; those of a deal add up to its amount.
    pub amount_minor: i64,
    /// When the deal was closed; a copy, for queries by period.
    pub closed_at: DateTimeUtc,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

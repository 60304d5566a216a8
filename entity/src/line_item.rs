//! What deals are made of.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One line of a deal: how many of what, at which price.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "line_item")]
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
    /// The deal it is a line of.
    pub deal_id: Uuid,
    /// The product, where it is one of the price list.
    pub product_id: Option<Uuid>,
    /// What is sold, in words.
    pub description: String,
    /// How many units, times 1,000.
    pub quantity_e3: i64,
    /// Price of one unit, in minor units.
    pub unit_price_minor: i64,
    /// What the price list said when the line was made, in minor units; without a product the price itself.
    pub list_price_minor: i64,
    /// What one unit costs us, in minor units.
    pub unit_cost_minor: Option<i64>,
    /// What is taken off the price, in percent, times 100.
    pub discount_pct_e2: i64,
    /// Quantity times price less discount, in minor units.
    pub total_minor: i64,
    /// ISO 4217 code of all amounts: that of the deal.
    pub currency: String,
    /// Place in the deal, rising; unique in it among live lines.
    pub position: i32,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

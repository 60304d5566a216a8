//! What is sold.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One article of the price list: one price in one currency.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "product")]
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
    /// The system the row was brought in from.
    pub source_system: Option<String>,
    /// The id of the row in that system; unique within it while the row lives.
    pub external_id: Option<String>,
    /// Number of the article; unique among live products.
    pub sku: String,
    /// What the product is called.
    pub name: String,
    /// The group of products it belongs to, in free words.
    pub family: Option<String>,
    /// Price of one unit, in minor units.
    pub unit_price_minor: i64,
    /// What one unit costs us, in minor units.
    pub unit_cost_minor: Option<i64>,
    /// ISO 4217 code of both amounts; it never changes.
    pub currency: String,
    /// Whether it can be sold.
    pub is_active: bool,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Pipelines: the ways a sale can go.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A named sequence of stages; exactly one is the default.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "pipeline")]
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
    /// What the pipeline is called.
    pub name: String,
    /// Whether new deals start here unless told otherwise.
    pub is_default: bool,
    /// Whether new deals may start here.
    pub is_active: bool,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

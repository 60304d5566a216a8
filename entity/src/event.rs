//! The log of everything that changed. Audit, change feed, webhooks and timelines read it.
//! Append-only.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One committed change of one object.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "event")]
pub struct Model {
    /// Place in the log, strictly rising without gaps in order of commit; assigned by the
    /// application.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// Identifies the event outside; unique.
    #[sea_orm(unique)]
    pub id: Uuid,
    /// When it happened.
    pub at: DateTimeUtc,
    /// Who did it: a user or an API key; none for the system itself.
    pub actor_id: Option<Uuid>,
    /// The verb, such as `acceptLead`.
    pub action: String,
    /// The type of the object that changed, as in the graph.
    pub subject_type: String,
    /// The object that changed.
    pub subject_id: Uuid,
    /// What changed: field by field, before and after.
    pub changes: Json,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

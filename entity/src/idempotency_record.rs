//! Answers to mutations that carried an idempotency key, so that a repeated call does nothing
//! twice.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One call of one principal.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "idempotency_record")]
pub struct Model {
    /// Who called: a user or an API key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub principal_id: Uuid,
    /// The key the caller chose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Hash of the request; the same key with another request is refused.
    pub request_hash: String,
    /// What was answered; none while the first call is still running.
    pub response: Option<Json>,
    /// When the first call came in.
    pub created_at: DateTimeUtc,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Refresh tokens. Each is used once and replaced; using one twice ends its whole family.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One refresh token; only its hash is stored.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "refresh_token")]
pub struct Model {
    /// Primary key, UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whom it signs in.
    pub user_id: Uuid,
    /// All tokens that come from one sign-in share it.
    pub family_id: Uuid,
    /// Hash of the token; unique. Never serialised.
    #[sea_orm(unique)]
    #[serde(skip_serializing, default)]
    pub token_hash: String,
    /// When it was issued.
    pub created_at: DateTimeUtc,
    /// When it stops working.
    pub expires_at: DateTimeUtc,
    /// When it was exchanged for its successor.
    pub used_at: Option<DateTimeUtc>,
    /// When the access token that was issued with it was first used: the answer with both had arrived by then.
    pub confirmed_at: Option<DateTimeUtc>,
    /// When it was withdrawn.
    pub revoked_at: Option<DateTimeUtc>,
    /// The token it was exchanged for.
    pub successor_id: Option<Uuid>,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

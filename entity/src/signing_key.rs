//! Key pairs that sign access tokens, so that replicas share them and they can be replaced.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One key pair.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "signing_key")]
pub struct Model {
    /// Key id, as in the header of a token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kid: String,
    /// Private key in PEM form. Never serialised.
    #[serde(skip_serializing, default)]
    pub private_pem: String,
    /// When the key was made.
    pub created_at: DateTimeUtc,
    /// When the key stopped signing; it still verifies older tokens.
    pub retired_at: Option<DateTimeUtc>,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

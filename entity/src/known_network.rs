//! Networks that people have signed in from, a few of the newest for each of them.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One network of one user.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "known_network")]
pub struct Model {
    /// Who signed in.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// Hash of the network's address.
    #[sea_orm(primary_key, auto_increment = false)]
    pub network: String,
    /// When they last signed in from there.
    pub last_seen_at: DateTimeUtc,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

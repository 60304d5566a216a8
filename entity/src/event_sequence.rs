//! The counter behind `event.seq`. A row that is locked by the writer keeps numbers in order of
//! commit.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// The only row of the table, with id 1.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "event_sequence")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// The last sequence number that was given out.
    pub value: i64,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

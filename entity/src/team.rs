//! Teams; they form a tree, and rights over a team reach down it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

choices! {
    /// Which side of the business a team works for.
    pub enum TeamFunction {
        /// Turns leads into customers.
        Sales,
        /// Makes the company known and finds leads.
        Marketing,
        /// Serves both, such as operations or management.
        Shared,
    }
}

/// A group of users who share work.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "team")]
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
    /// What the team is called.
    pub name: String,
    /// Which side of the house the team works for.
    pub function: TeamFunction,
    /// The team above; none at the top of the tree.
    pub parent_id: Option<Uuid>,
    /// The user who leads the team.
    pub lead_id: Option<Uuid>,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! What was refused: failed sign-ins, and attempts at what a role may not do. Append-only; kept for a time, and bounded for
//! each source, so that strangers cannot fill it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

choices! {
    /// What was refused.
    pub enum SecurityAction {
        /// A password was wrong, or there is no active user of this address, or there had been too many failures.
        SignInFailed,
        /// Somebody who is signed in tried what their role may not do.
        AccessRefused,
    }
}

/// One attempt that was refused, or the last one of many.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "security_event")]
pub struct Model {
    /// Primary key, UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When it happened.
    pub at: DateTimeUtc,
    /// What was refused.
    pub action: SecurityAction,
    /// Who tried it; none for somebody who was not signed in.
    pub actor_id: Option<Uuid>,
    /// The e-mail address that was tried to sign in with, if it was one: people type their passwords there.
    pub address: Option<String>,
    /// The network address it came from.
    pub network: Option<String>,
    /// The field of the graph that was asked for.
    pub operation: String,
    /// The object it was about, as clients see its id.
    pub subject_id: Option<String>,
    /// The right that was missing.
    pub missing_right: Option<String>,
    /// How many more like it, from the same source, are not kept one by one.
    pub dropped: i32,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

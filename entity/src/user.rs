//! People who sign in: sales, marketing and those who run the system.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

choices! {
    // In rising order of rights, so that the default, a role left out by mistake, is the weakest.
    /// What a user, or an integration acting with a key, is allowed to do.
    pub enum Role {
        /// Reads figures everywhere and sees no personal data.
        Analyst,
        /// A machine with an API key; its scopes narrow it further.
        Integration,
        /// Runs campaigns, content and segments, and nurtures leads.
        Marketer,
        /// Leads marketing: budgets, launches, scoring and hand-off rules.
        MarketingManager,
        /// Sells: works on own deals, and on own and pooled leads.
        SalesRep,
        /// Leads a tree of sales teams: approvals, pipelines, forecast.
        SalesManager,
        /// Runs the system: users, keys and privacy requests. Not automatically an approver.
        Admin,
    }

    /// Whether a user may sign in.
    pub enum UserStatus {
        /// May sign in and work.
        Active,
        /// Locked out at once, open subscriptions included; past work stays visible.
        Suspended,
    }
}

/// A person with an account.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "app_user")]
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
    /// Full name, as shown to colleagues.
    pub name: String,
    /// Sign-in address, normalised; unique among live users.
    pub email: String,
    /// Argon2 hash in PHC form; none for an account that cannot sign in with a password. Never
    /// serialised.
    #[serde(skip_serializing, default)]
    pub password_hash: Option<String>,
    /// What the person may do.
    pub role: Role,
    /// The team the person works in.
    pub team_id: Option<Uuid>,
    /// Whether the person may sign in.
    pub status: UserStatus,
    /// IANA time zone, such as `Europe/London`.
    pub time_zone: String,
    /// BCP 47 language tag, such as `en-GB`.
    pub locale: String,
    /// How many open leads automatic assignment may give the person; none for no limit.
    pub max_open_leads: Option<i32>,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

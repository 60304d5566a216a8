//! Making users, letting them in and out, and their passwords.

use async_graphql::InputObject;
use entity::user::Role;
use entity::{team, user};

use crate::graphql::mutation::{Changed, verbs};
use crate::graphql::scalar::{EmailAddress, Id, LanguageTag, TimeZone};

verbs! {
    /// The verbs of a user's life.
    UserVerbs {
        /// Creates a user, who may sign in as soon as a password is set.
        create_user(CreateUserInput) -> Changed<user::Entity> = super::commands::create,
            many create_users(CreateUsersInput) -> CreateUsersPayload;
        /// Locks a user out at once: every session ends. Nobody suspends themselves, and one active ADMIN stays.
        suspend_user(SuspendUserInput) -> Changed<user::Entity> = super::commands::suspend,
            many suspend_users(SuspendUsersInput) -> SuspendUsersPayload;
        /// Lets a suspended user sign in again.
        reactivate_user(ReactivateUserInput) -> Changed<user::Entity> = super::commands::reactivate,
            many reactivate_users(ReactivateUsersInput) -> ReactivateUsersPayload;
    }
}

/// The input of createUser.
#[derive(Clone, InputObject)]
pub struct CreateUserInput {
    /// The name, as colleagues see it.
    pub name: String,
    /// The address the user signs in with; unique.
    pub email: EmailAddress,
    /// What the user may do.
    pub role: Role,
    /// The team the user works in.
    pub team_id: Option<Id<team::Entity>>,
    /// At least 15 characters; without one the user cannot sign in until one is set. It is kept as a hash only.
    #[graphql(secret)]
    pub password: Option<String>,
    /// The user's time zone; UTC unless given.
    pub time_zone: Option<TimeZone>,
    /// The user's language; English unless given.
    pub locale: Option<LanguageTag>,
    /// How many open leads the user may have before assignment stops; empty for no limit.
    pub max_open_leads: Option<i32>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The input of suspendUser.
#[derive(Clone, InputObject)]
pub struct SuspendUserInput {
    /// The user.
    pub id: Id<user::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// Why; kept in the event log.
    pub reason: Option<String>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The input of reactivateUser.
#[derive(Clone, InputObject)]
pub struct ReactivateUserInput {
    /// The user.
    pub id: Id<user::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The input of setPassword.
#[derive(Clone, InputObject)]
pub struct SetPasswordInput {
    /// The user.
    pub id: Id<user::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// The current password; required when you change your own.
    #[graphql(secret)]
    pub old_password: Option<String>,
    /// At least 15 characters. It is kept as a hash only.
    #[graphql(secret)]
    pub password: String,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

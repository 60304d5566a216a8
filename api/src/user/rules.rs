//! What keeps the house from locking itself out.

use entity::user::{Model, UserStatus};
use uuid::Uuid;

use crate::access::{Action, policy};
use crate::error::{Error, Result};
use crate::lifecycle::{Lifecycle, Verb};

/// The life of a user.
pub const LIFE: Lifecycle<UserStatus> = Lifecycle { what: "user", verbs: VERBS };

#[rustfmt::skip]
const VERBS: &[Verb<UserStatus>] = {
    use UserStatus::*;
    &[
        Verb::new("createUser",     Action::Create,      &[],          &[Active]),
        Verb::new("suspendUser",    Action::Suspend,     &[Active],    &[Suspended]),
        Verb::new("reactivateUser", Action::Reactivate,  &[Suspended], &[Active]),
        Verb::new("setPassword",    Action::SetPassword, &[],          &[]),
    ]
};

/// Does this user run the system, and may they sign in to do it?
pub fn runs_the_system(user: &Model) -> bool {
    user.role == policy::KEEPER && user.status == UserStatus::Active && user.deleted_at.is_none()
}

/// Nobody shuts themselves out by mistake.
///
/// # Errors
/// CONFLICT: it is the caller.
pub fn not_oneself(caller: Uuid, user: Uuid, what: &str) -> Result<()> {
    if caller == user {
        Err(Error::conflict(format!("You cannot {what} yourself: ask another ADMIN.")))
    } else {
        Ok(())
    }
}

/// Somebody must still run the system after the change.
///
/// # Errors
/// CONFLICT: nobody would.
pub fn leaves_an_admin(others: usize, before: &Model, runs_after: bool) -> Result<()> {
    if runs_the_system(before) && !runs_after && others == 0 {
        return Err(Error::conflict("This is the last active ADMIN: appoint another one first."));
    }
    Ok(())
}

//! Who can be given something: one rule for every input in which a user is named, however the row is written.

use entity::user::{self, UserStatus};
use uuid::Uuid;

use super::Tx;
use crate::access::{Action, Kind, policy};
use crate::error::{Error, Result};

/// The user, if they can sign in.
///
/// # Errors
/// `Invalid` at the field: there is no such user, or they are suspended.
pub async fn active(tx: &Tx, user: Uuid, field: &str) -> Result<user::Model> {
    let user = tx.live::<user::Entity>().with_id(user).one().await?;
    let user = user.ok_or_else(|| Error::invalid("NOT_FOUND", field, "There is no such User."))?;
    if user.status == UserStatus::Active { Ok(user) } else { Err(refused(field)) }
}

/// The user, if they can work on rows of a kind: they can sign in, and their role may change such rows.
///
/// # Errors
/// `Invalid` at the field: there is no such user, or they cannot.
pub async fn taker(tx: &Tx, of: Kind, user: Uuid, field: &str) -> Result<user::Model> {
    let user = active(tx, user, field).await?;
    if works_on(of, &user) { Ok(user) } else { Err(refused(field)) }
}

/// Those who have one thing get the next as well, if they can still work on it.
///
/// # Errors
/// Database errors.
pub async fn heir(tx: &Tx, of: Kind, user: Option<Uuid>) -> Result<Option<user::Model>> {
    let Some(user) = user else { return Ok(None) };
    let user = tx.live::<user::Entity>().with_id(user).one().await?;
    Ok(user.filter(|user| user.status == UserStatus::Active && works_on(of, user)))
}

fn works_on(of: Kind, user: &user::Model) -> bool {
    !policy::reach(of, Action::Update, user.role).is_none()
}

fn refused(field: &str) -> Error {
    Error::invalid("NOT_ALLOWED", field, "This user cannot be given this.")
}

//! Accounts as the command line manages them, above all the first administrator, whom nobody else can create.

use async_graphql::{InputType, Value};
use entity::user::{self, Column, Role, UserStatus};

use super::sessions;
use crate::access::password;
use crate::error::{Error, Result};
use crate::graphql::scalar::EmailAddress;
use crate::store::system::System;
use crate::store::{Change, Tx};

/// A user to be.
pub struct NewAccount {
    /// The address to sign in with.
    pub email: String,
    /// The full name.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// The password.
    pub password: String,
}

/// Creates a user who can sign in.
///
/// # Errors
/// `Invalid`: no e-mail address, no name, a weak password, an address in use.
pub async fn add(system: &System, new: NewAccount) -> Result<user::Model> {
    let EmailAddress(email) = EmailAddress::parse(Some(Value::from(new.email)))
        .map_err(|_| Error::invalid("INVALID", "email", "This is not an e-mail address such as ada@example.org."))?;
    let name = new.name.trim().to_owned();
    if name.is_empty() {
        return Err(Error::invalid("REQUIRED", "name", "The user needs a name."));
    }
    let password_hash = Some(hashed(new.password, &[&name, &email]).await?);
    let tx = system.begin("createUser").await?;
    let (time_zone, locale) = ("UTC".to_owned(), "en".to_owned());
    let row = user::Model { name, email, password_hash, role: new.role, time_zone, locale, ..user::Model::default() };
    let row = tx.add::<user::Entity>(&system.warrant(), row).await?;
    tx.commit().await?;
    tracing::info!(user = %row.id, role = row.role.as_str(), "user added from the command line");
    Ok(row)
}

/// Every user, by address.
///
/// # Errors
/// Database errors.
pub async fn all(system: &System) -> Result<Vec<user::Model>> {
    let tx = system.begin("listUsers").await?;
    tx.all::<user::Entity>(&system.warrant()).order_by(Column::Email).all().await
}

/// Locks a user out and ends the sessions; answers how many.
///
/// # Errors
/// NOT_FOUND.
pub async fn suspend(system: &System, email: &str) -> Result<usize> {
    let tx = system.begin("suspendUser").await?;
    let mut user = claim(&tx, system, email).await?;
    user.status = UserStatus::Suspended;
    conclude(tx, system, user).await
}

/// Lets a suspended user sign in again.
///
/// # Errors
/// NOT_FOUND.
pub async fn reinstate(system: &System, email: &str) -> Result<()> {
    let tx = system.begin("reinstateUser").await?;
    let mut user = claim(&tx, system, email).await?;
    user.status = UserStatus::Active;
    tx.save(user).await?;
    tx.commit().await
}

/// Sets a user's password and ends the sessions; answers how many.
///
/// # Errors
/// NOT_FOUND; `Invalid`: a weak password.
pub async fn set_password(system: &System, email: &str, password: String) -> Result<usize> {
    let hash = hashed(password, &[email]).await?;
    let tx = system.begin("changePassword").await?;
    let mut user = claim(&tx, system, email).await?;
    user.password_hash = Some(hash);
    conclude(tx, system, user).await
}

async fn conclude(tx: Tx, system: &System, user: Change<user::Entity>) -> Result<usize> {
    let user = tx.save(user).await?;
    let ended = sessions::end_all(&tx, system, user.id).await?;
    tx.commit().await?;
    tracing::info!(user = %user.id, sessions = ended, "sessions ended from the command line");
    Ok(ended)
}

async fn claim(tx: &Tx, system: &System, email: &str) -> Result<Change<user::Entity>> {
    let email = sessions::normalise(email);
    let found = tx.all::<user::Entity>(&system.warrant()).matching(Column::Email, email.as_str()).one().await?;
    let id = found.ok_or_else(|| Error::not_found(format!("A user with the address {email}")))?.id;
    tx.affect(&system.warrant(), id).await
}

async fn hashed(new: String, about: &[&str]) -> Result<String> {
    password::check_new(&new, about).map_err(|mistake| Error::Invalid(vec![mistake]))?;
    password::hash(new).await
}

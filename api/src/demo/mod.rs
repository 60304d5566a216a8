//! The demo company: made-up people and business, to look around in.

use crate::access::Role;
use crate::error::Result;
use crate::store::system::System;

/// A user of the demo company with whom one can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoUser {
    /// The address to sign in with.
    pub email: String,
    /// The password; demo data are no secret.
    pub password: String,
    /// What the user may do.
    pub role: Role,
    /// The full name.
    pub name: String,
}

/// The users one can sign in with.
pub fn users() -> Vec<DemoUser> {
    Vec::new()
}

/// Fills the database.
///
/// # Errors
/// Database errors.
pub async fn seed(_: &System, _: u32, _: &dyn Fn(&str)) -> Result<Vec<DemoUser>> {
    Ok(Vec::new())
}

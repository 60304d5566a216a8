//! Writes that other slices cause on contacts.

use uuid::Uuid;

use crate::error::Result;
use crate::store::{Tx, Warrant};

/// Brings the contact's lifecycle in step with its leads and deals.
///
/// # Errors
/// Database errors.
pub async fn project_lifecycle(tx: &Tx, warrant: &Warrant, contact: Uuid) -> Result<()> {
    let _ = (tx, warrant, contact);
    Ok(())
}

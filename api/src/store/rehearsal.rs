//! A database to try something out in, beside a running service.

use std::sync::Arc;

use tempfile::TempDir;

use super::Store;
use super::feed::Feed;
use super::sql::Dialect;
use super::system::System;
use crate::error::{Error, Result};

/// A copy of the database, which is gone with it.
pub struct Rehearsal {
    store: Store,
    _folder: TempDir,
}

impl System {
    /// A copy of a SQLite database: whoever tries something out for long would keep everybody else from writing. None
    /// on PostgreSQL, where others write beside it.
    ///
    /// # Errors
    /// Database errors; there is no room for a copy.
    pub async fn rehearse(&self) -> Result<Option<Rehearsal>> {
        if self.store().database().dialect() == Dialect::Postgres {
            return Ok(None);
        }
        let folder = TempDir::with_prefix("tributary-").map_err(Error::internal)?;
        let database = Arc::new(self.store().database().copy_to(&folder.path().join("copy.db")).await?);
        let feed = Feed::of(Arc::clone(&database));
        let store = Store { database, feed, proof: Arc::default(), ..self.store().clone() };
        Ok(Some(Rehearsal { store, _folder: folder }))
    }
}

impl Rehearsal {
    /// The door to the copy.
    pub fn system(&self) -> System {
        self.store.system()
    }

    /// Ends it.
    pub async fn end(self) {
        self.store.database().close().await;
    }
}

//! What a request finds around it, as far as the machinery asks.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::views::Views;
use crate::access::Viewer;
use crate::error::{Denied, Result};
use crate::request::Caller;
use crate::store::Store;

/// What is around every request of this process. Cheap to clone.
#[derive(Clone)]
pub struct Host(Arc<Around>);

struct Around {
    store: Store,
    views: Views,
    witness: Arc<dyn Witness>,
    patience: Duration,
}

/// Who is told of what was refused.
pub trait Witness: Send + Sync {
    /// A right was missing: the first of so many times in one operation.
    fn access_refused<'a>(&'a self, from: Caller, operation: &'a str, denied: Denied, times: u32) -> BoxFuture<'a, ()>;
}

/// Who follows, for longer than a request: looked at anew whenever it matters.
pub trait Asker: Send + Sync {
    /// Who it is now; none for a stranger.
    fn viewer(&self) -> BoxFuture<'_, Result<Option<Viewer>>>;
}

/// An [`Asker`] as requests carry it.
pub type Asking = Arc<dyn Asker>;

impl Host {
    /// A host over this store, whose statements take `patience` at most.
    pub fn new(store: Store, witness: Arc<dyn Witness>, patience: Duration) -> Self {
        Self(Arc::new(Around { store, views: Views::default(), witness, patience }))
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// What was read of late, for followers.
    pub fn views(&self) -> &Views {
        &self.0.views
    }

    /// Who is told of what was refused.
    pub fn witness(&self) -> &dyn Witness {
        self.0.witness.as_ref()
    }

    /// How long a statement may take.
    pub fn patience(&self) -> Duration {
        self.0.patience
    }
}

//! Who waits for whom: so that nobody is slowed by the reading of somebody else, a principal has a part of the connections
//! at once, and what is dear runs in a lane with few of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::weight::A_POINT;
use crate::error::{Code, Error, Result};

/// A statement of more points than this is dear: it may take longer than a few reads of a row together.
const DEAR: u64 = 20;

/// The places of all who read.
pub(super) struct Lanes {
    /// Statements of one principal at once.
    own: usize,
    /// Dear ones among them.
    own_dear: usize,
    /// Dear statements of everybody.
    dear: Arc<Semaphore>,
    principals: Mutex<HashMap<Uuid, Arc<Own>>>,
    patience: Duration,
}

/// The places of one principal.
struct Own {
    all: Arc<Semaphore>,
    dear: Arc<Semaphore>,
}

/// A place that was taken; whoever drops it makes room.
pub(super) struct Place {
    _permits: Vec<OwnedSemaphorePermit>,
}

impl Lanes {
    /// For so many connections.
    pub fn of(connections: u32, patience: Duration) -> Self {
        let connections = usize::try_from(connections).unwrap_or(usize::MAX);
        let dear = (connections / 3).max(1);
        Self {
            own: (connections / 2).max(1),
            own_dear: dear.div_ceil(2),
            dear: Arc::new(Semaphore::new(dear)),
            principals: Mutex::default(),
            patience,
        }
    }

    /// Waits for a place for a statement of this weight.
    ///
    /// # Errors
    /// RATE_LIMITED: what the principal asked for before takes too long.
    pub async fn enter(&self, principal: Uuid, weight: u64) -> Result<Place> {
        let own = self.own(principal);
        let entered = async {
            let mut permits = Vec::with_capacity(3);
            if weight > DEAR * A_POINT {
                permits.push(Arc::clone(&own.dear).acquire_owned().await?);
                permits.push(Arc::clone(&self.dear).acquire_owned().await?);
            }
            permits.push(Arc::clone(&own.all).acquire_owned().await?);
            Ok::<_, tokio::sync::AcquireError>(Place { _permits: permits })
        };
        match tokio::time::timeout(self.patience, entered).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(closed)) => Err(Error::internal(closed)),
            Err(_) => Err(Error::refused(
                Code::RateLimited,
                "Too much of what you asked for is still being worked on. Try again when that is answered, or ask for less.",
            )),
        }
    }

    fn own(&self, principal: Uuid) -> Arc<Own> {
        let mut principals = self.principals.lock().unwrap_or_else(PoisonError::into_inner);
        // Those who wait or read hold theirs.
        if principals.len() >= MOST_IDLE {
            principals.retain(|_, own| Arc::strong_count(own) > 1 || own.is_used(self));
        }
        let made = || {
            let places = |places| Arc::new(Semaphore::new(places));
            Arc::new(Own { all: places(self.own), dear: places(self.own_dear) })
        };
        Arc::clone(principals.entry(principal).or_insert_with(made))
    }
}

/// So many principals are remembered before those are forgotten who do not read.
const MOST_IDLE: usize = 1_000;

impl Own {
    fn is_used(&self, lanes: &Lanes) -> bool {
        self.all.available_permits() < lanes.own || self.dear.available_permits() < lanes.own_dear
    }
}

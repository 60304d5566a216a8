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
    /// Readings of everybody who follows changes.
    followed: Arc<Semaphore>,
    principals: Mutex<Principals>,
    patience: Duration,
}

/// Who reads or has read of late.
#[derive(Default)]
struct Principals {
    known: HashMap<Uuid, Arc<Own>>,
    /// So many are known before those are forgotten who do not read.
    most: usize,
}

/// The places of one principal.
struct Own {
    all: Arc<Semaphore>,
    dear: Arc<Semaphore>,
    /// One reading at a time for all that they follow: where it takes long, the others do not wait for it.
    followed: Arc<Semaphore>,
}

/// The turns of somebody who follows changes.
pub struct Turns {
    own: Arc<Own>,
    all: Arc<Semaphore>,
}

impl Turns {
    /// Waits for the next turn to read what is to be told.
    ///
    /// # Errors
    /// INTERNAL: there are no turns any more.
    pub async fn next(&self) -> Result<Place> {
        let own = Arc::clone(&self.own.followed).acquire_owned().await.map_err(Error::internal)?;
        let all = Arc::clone(&self.all).acquire_owned().await.map_err(Error::internal)?;
        Ok(Place { _permits: vec![own, all] })
    }
}

/// A place that was taken; whoever drops it makes room.
pub struct Place {
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
            followed: Arc::new(Semaphore::new((connections / 4).max(2))),
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
        // As a rule there is a place, and nobody has to wait for it against the clock.
        if weight <= DEAR * A_POINT
            && let Ok(permit) = Arc::clone(&own.all).try_acquire_owned()
        {
            return Ok(Place { _permits: vec![permit] });
        }
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

    /// The turns of a principal, for as long as they follow.
    pub fn turns(&self, principal: Uuid) -> Turns {
        Turns { own: self.own(principal), all: Arc::clone(&self.followed) }
    }

    fn own(&self, principal: Uuid) -> Arc<Own> {
        let mut principals = self.principals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = principals.known.get(&principal) {
            return Arc::clone(own);
        }
        if principals.known.len() >= principals.most {
            // Those who wait, read or follow hold theirs.
            principals.known.retain(|_, own| Arc::strong_count(own) > 1 || own.is_used(self));
            principals.most = principals.known.len().saturating_mul(2).max(MOST_IDLE);
        }
        let places = |places| Arc::new(Semaphore::new(places));
        let own = Arc::new(Own { all: places(self.own), dear: places(self.own_dear), followed: places(1) });
        principals.known.insert(principal, Arc::clone(&own));
        own
    }
}

/// So many principals are remembered at least.
const MOST_IDLE: usize = 1_000;

impl Own {
    fn is_used(&self, lanes: &Lanes) -> bool {
        self.all.available_permits() < lanes.own || self.dear.available_permits() < lanes.own_dear
    }
}

//! One reading for all who see a change alike.
//!
//! Many follow the same changes with the same document, and most of them see the same. So what is to be told of a batch of
//! changes is read once for each distinct view of it: the same document and variables, and the same rights on the rows
//! around ([`crate::store::around`]). Only followers who were up to date when the batch came share, and only for a moment:
//! their rights are those of that moment. Readings take turns ([`crate::store::lanes::Turns`]), so that they never take all
//! connections of the database, however many follow, and one at a time for each viewer, so that nobody waits for what
//! somebody else asked.

use std::future::Future;
use std::mem::size_of;
use std::sync::Arc;

use async_graphql::{Response, ServerError, Value};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::access::{Kind, Viewer};
use crate::error::{Error, Result};
use crate::store::around::Around;
use crate::store::feed::Batch;
use crate::weight;

/// Bytes of what is kept to be told.
const KEPT: u64 = 16 * 1024 * 1024;
/// About so many views of batches are kept.
const VIEWS: usize = 10_000;
/// Of so many batches it is known whose the rows around them are.
const BATCHES: usize = 100;
/// Of so many documents it is known whether viewers of a role share what they tell of a kind.
const JUDGED: usize = 10_000;

/// A document with its variables: what a follower wants to know of changes, as a hash.
pub type Question = [u8; 32];

/// What is told of one change.
#[derive(Clone, Debug)]
pub struct Told {
    /// The answer.
    pub data: Value,
    /// What is refused in it.
    pub errors: Vec<ServerError>,
}

impl Told {
    /// As it is sent.
    pub fn response(&self) -> Response {
        let mut response = Response::new(self.data.clone());
        response.errors = self.errors.clone();
        response
    }
}

/// Who asks what of which batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View {
    question: Question,
    batch: (i64, i64),
    role: &'static str,
    user: Uuid,
    teams: Arc<[Uuid]>,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<View, Arc<[Told]>> for Bytes {
    fn weight(&self, view: &View, told: &Arc<[Told]>) -> u64 {
        let below = |told: &Told| {
            weight::of_value(&told.data)
                + told.errors.iter().map(|error| weight::of_error(error) + size_of::<ServerError>()).sum::<usize>()
        };
        let told = weight::allocation(size_of_val(&**told)) + told.iter().map(below).sum::<usize>();
        (size_of::<View>() + weight::allocation(size_of_val(&*view.teams)) + told) as u64
    }
}

/// What was read of late, for followers.
pub struct Views {
    told: Cache<View, Arc<[Told]>, Bytes>,
    around: Cache<(i64, i64), Arc<Around>>,
    near: Cache<(Question, &'static str, Kind), bool>,
    /// Who reads whose the rows around a batch are; everybody waits for them, so they wait for nobody's views.
    around_turn: Semaphore,
}

impl Default for Views {
    fn default() -> Self {
        Self {
            told: Cache::with_weighter(VIEWS, KEPT, Bytes),
            around: Cache::new(BATCHES),
            near: Cache::new(JUDGED),
            around_turn: Semaphore::new(1),
        }
    }
}

impl View {
    /// What a question asks of a batch with these eyes.
    pub fn of(question: &Question, batch: &Batch, eyes: &Viewer) -> Self {
        Self {
            question: *question,
            batch: batch.span(),
            role: eyes.role.as_str(),
            user: eyes.id,
            teams: Arc::clone(&eyes.teams),
        }
    }
}

impl Views {
    /// Whose the rows around a batch are.
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn around(&self, batch: &Batch, read: impl Future<Output = Result<Around>>) -> Result<Arc<Around>> {
        let read = async {
            let _turn = self.around_turn.acquire().await.map_err(Error::internal)?;
            Ok(Arc::new(read.await?))
        };
        self.around.get_or_insert_async(&batch.span(), read).await
    }

    /// Do viewers of a role share what this question tells of a kind?
    ///
    /// # Errors
    /// Those of `judge`.
    pub fn is_near(
        &self,
        question: &Question,
        viewer: &Viewer,
        kind: Kind,
        judge: impl FnOnce() -> Result<bool>,
    ) -> Result<bool> {
        self.near.get_or_insert_with(&(*question, viewer.role.as_str(), kind), judge)
    }

    /// What is to be told of a view, if somebody has read it.
    pub fn known(&self, view: &View) -> Option<Arc<[Told]>> {
        self.told.get(view)
    }

    /// What is to be told of a view: read by whoever asks first.
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn told(&self, view: &View, read: impl Future<Output = Result<Vec<Told>>>) -> Result<Arc<[Told]>> {
        self.told.get_or_insert_async(view, async { Ok(read.await?.into()) }).await
    }
}

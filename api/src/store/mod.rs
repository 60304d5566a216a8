//! The database as one viewer may see it.
//!
//! Nothing outside this module holds a connection. Resolvers get a [`Reader`], commands get a [`Tx`]; both are bound to
//! a viewer, and every way to rows goes through the policy:
//!
//! - [`Reader`] and the planner above it read levels, counts and sums;
//! - [`Tx::find`] gives [`Rows`] narrowed to what the viewer may see;
//! - [`Tx::edit`] gives a [`Change`], the only thing that can be saved, after the policy allowed the action;
//! - the effects of an allowed action on other rows need its [`Warrant`].
//!
//! A command that goes round it does not compile: the connection is private,
//!
//! ```compile_fail
//! async fn sneak(reader: &tributary::store::Reader) {
//!     let _ = reader.session();
//! }
//! ```
//! ```
//! async fn ask(reader: &tributary::store::Reader) {
//!     let _ = reader.viewer();
//! }
//! ```
//! rows that the policy did not narrow cannot be made,
//!
//! ```compile_fail
//! use sea_orm::EntityTrait;
//! fn sneak(tx: &tributary::store::Tx) -> tributary::store::Rows<'_, entity::deal::Entity> {
//!     tributary::store::Rows { select: entity::deal::Entity::find(), tx }
//! }
//! ```
//! ```
//! fn ask(tx: &tributary::store::Tx) -> tributary::error::Result<tributary::store::Rows<'_, entity::deal::Entity>> {
//!     tx.find()
//! }
//! ```
//! a change cannot be made from a row that was only read,
//!
//! ```compile_fail
//! async fn sneak(tx: &tributary::store::Tx, deal: entity::deal::Model) {
//!     let _ = tx.save::<entity::deal::Entity>(deal).await;
//! }
//! ```
//! ```
//! async fn ask(tx: &tributary::store::Tx, deal: tributary::store::Change<entity::deal::Entity>) {
//!     let _ = tx.save::<entity::deal::Entity>(deal).await;
//! }
//! ```
//! and an effect needs the warrant of an allowed action, which only the store hands out.
//!
//! ```compile_fail
//! fn sneak() -> tributary::store::Warrant {
//!     tributary::store::Warrant { of: None, action: tributary::access::Action::Win }
//! }
//! ```
//! ```
//! fn ask(tx: &tributary::store::Tx) -> tributary::error::Result<tributary::store::Warrant> {
//!     tx.may::<entity::deal::Entity>(tributary::access::Action::Create)
//! }
//! ```

pub mod around;
pub mod bucket;
pub mod bulk;
pub mod cells;
pub mod database;
pub mod descriptor;
pub mod event;
pub mod expression;
mod fault;
pub mod feed;
pub mod figures;
pub mod filter;
pub mod found;
mod holder;
pub mod idempotency;
mod keeping;
pub mod keys;
pub mod lanes;
mod link;
pub mod lookup;
mod natural;
mod opening;
mod packed;
pub mod page;
mod part;
pub mod present;
mod proof;
pub mod reach;
mod readers;
#[cfg(test)]
mod readers_tests;
mod ready;
pub mod relation;
mod resolve;
mod retention;
pub mod row;
pub mod rows;
pub mod select;
pub mod setting;
pub mod sizes;
pub mod sql;
mod sqlite;
pub mod system;
pub mod taker;
pub mod tally;
mod transaction;
pub mod tree;
pub mod tx;
pub mod weight;
pub mod words;
pub mod writes;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, Statement};

use self::database::{Database, Session, classify};
use self::descriptor::{Descriptor, Graph};
use self::feed::Feed;
use self::found::Found;
use self::lanes::{Lanes, Place, Turns};
use self::proof::Proof;
use self::ready::Ready;
pub use self::resolve::Declared;
pub use self::rows::Rows;
use self::sizes::{Known, Sizes};
use self::sql::Dialect;
use self::tally::Tally;
pub use self::tx::{Change, Resource, Tx, Warrant};
use crate::access::{Action, Viewer};
use crate::calendar::Calendar;
use crate::clock::Clock;
use crate::error::{Code, Error, Result};

/// What every use of the database shares. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Shared>);

/// What stands in a [`Store`].
#[derive(Clone)]
pub struct Shared {
    database: Arc<Database>,
    graph: &'static Graph,
    clock: Arc<dyn Clock>,
    base_currency: Arc<str>,
    calendar: Calendar,
    feed: Arc<Feed>,
    proof: Arc<Proof>,
    sizes: Arc<Known>,
    lanes: Arc<Lanes>,
}

impl std::ops::Deref for Store {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Store {
    /// Puts the parts together.
    pub fn new(database: Arc<Database>, graph: &'static Graph, clock: Arc<dyn Clock>, base_currency: &str) -> Self {
        let feed = Feed::of(Arc::clone(&database));
        let (calendar, proof) = (Calendar::default(), Arc::default());
        let lanes = Arc::new(Lanes::of(database.readers(), database.limit()));
        let sizes = Arc::default();
        let base_currency = base_currency.into();
        Self(Arc::new(Shared { database, graph, clock, base_currency, calendar, feed, proof, sizes, lanes }))
    }

    /// The same of a company with this calendar.
    #[must_use]
    pub fn with_calendar(self, calendar: Calendar) -> Self {
        Self(Arc::new(Shared { calendar, ..Arc::unwrap_or_clone(self.0) }))
    }

    /// The database as this viewer may see it.
    pub fn reader(&self, viewer: Viewer) -> Reader {
        Reader { store: self.clone(), viewer: Arc::new(viewer), now: self.clock.now(), tally: Tally::default() }
    }

    /// The turns in which what this viewer follows is read.
    pub fn turns(&self, viewer: &Viewer) -> Turns {
        self.lanes.turns(viewer.id)
    }

    /// The declarations of all entities.
    pub fn graph(&self) -> &'static Graph {
        self.graph
    }

    /// Time and ids.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The currency that revenue is fixed in.
    pub fn base_currency(&self) -> &str {
        &self.base_currency
    }

    /// Days and clocks where the company is.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The growing end of the event log.
    pub fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    /// The connections.
    pub fn database(&self) -> &Database {
        &self.database
    }
}

/// The database as one viewer may see it. It only reads.
#[derive(Clone)]
pub struct Reader {
    store: Store,
    viewer: Arc<Viewer>,
    now: DateTime<Utc>,
    tally: Tally,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("viewer", &self.viewer).field("now", &self.now).finish_non_exhaustive()
    }
}

impl Reader {
    /// Counts what is read in this tally.
    #[must_use]
    pub fn counted_in(self, tally: Tally) -> Self {
        Self { tally, ..self }
    }

    /// Who is looking.
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// The declarations of all entities.
    pub fn graph(&self) -> &'static Graph {
        self.store.graph
    }

    /// The moment of the request.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The currency that revenue is fixed in.
    pub fn base_currency(&self) -> &str {
        &self.store.base_currency
    }

    /// Days and clocks where the company is: today, relative dates, and the days that rates and closings are of.
    pub fn calendar(&self) -> &Calendar {
        &self.store.calendar
    }

    /// The database's dialect.
    pub fn dialect(&self) -> Dialect {
        self.store.database.dialect()
    }

    /// May the viewer see any rows of this entity?
    pub fn may_read(&self, of: &Descriptor) -> bool {
        !self.viewer.reach(of.kind, Action::Read).is_none()
    }

    /// May the viewer count any rows of this entity?
    pub fn may_count(&self, of: &Descriptor) -> bool {
        !self.viewer.reach(of.kind, Action::Count).is_none()
    }

    /// The refusal of an action: which rows the right covers, if the viewer has it at all.
    pub fn forbidden(&self, of: &Descriptor, action: Action) -> Error {
        let right = words::right(of, action);
        Error::refused(Code::Forbidden, words::refusal(of, action, self.viewer.reach(of.kind, action)))
            .for_want_of(right, None)
    }

    fn backend(&self) -> DbBackend {
        self.store.database.backend()
    }

    /// About how many rows each table has.
    pub fn sizes(&self) -> Sizes {
        self.store.sizes()
    }

    /// Reads, when there is a place for a statement of this weight.
    async fn read(&self, statement: Statement, weight: u64) -> Result<Found> {
        let _place = self.place(weight).await?;
        self.session().read(statement).await.map_err(classify)
    }

    async fn place(&self, weight: u64) -> Result<Place> {
        self.store.lanes.enter(self.viewer.id, weight).await
    }

    fn session(&self) -> Session<'_, Ready> {
        self.store.database.reading().counted_in(&self.tally)
    }
}

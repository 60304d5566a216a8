//! Rows that are loaded in bulk, written the way transactions would have written them: with their versions, and one
//! event for every change of every row. Demo data and imports are loaded like this.

mod load;

use chrono::{DateTime, Utc};
use entity::{
    activity, attribution_credit, campaign, campaign_member, company, contact, deal, deal_contact, exchange_rate,
    handoff, lead, line_item, pipeline, product, stage, team, touchpoint, transition, user,
};
use sea_orm::ModelTrait;
use serde_json::Value as Json;
use uuid::Uuid;

pub use self::load::{load, log};
use crate::access::Kind;
use crate::store::Resource;

/// Who did what when.
#[derive(Clone, Copy, Debug)]
pub struct Act {
    /// When.
    pub at: DateTime<Utc>,
    /// A user; none for the system itself.
    pub by: Option<Uuid>,
    /// The mutation, as the log names it.
    pub verb: &'static str,
}

impl Act {
    /// Somebody does something.
    pub fn new(at: DateTime<Utc>, by: Option<Uuid>, verb: &'static str) -> Self {
        Self { at, by, verb }
    }
}

/// An event that has no number yet.
#[derive(Debug)]
pub struct Happening {
    /// Who did what when.
    pub act: Act,
    /// The kind of the row.
    pub kind: Kind,
    /// The row.
    pub subject: Uuid,
    /// What changed.
    pub changes: Json,
}

/// A row of a table with a history.
pub trait Record: ModelTrait<Entity: Resource<Model = Self>> + Clone {
    /// Its id.
    fn id(&self) -> Uuid;
    /// Fills in id, times, author and version of a new row.
    fn begin(&mut self, id: Uuid, act: &Act);
    /// Counts a change.
    fn renew(&mut self, act: &Act);
    /// Where rows of its kind are kept.
    fn shelf(batch: &mut Batch) -> &mut Shelf<Self>;
}

/// Rows of one table.
#[derive(Debug)]
pub struct Shelf<M> {
    /// New ones.
    pub made: Vec<M>,
    /// Those that were in the database and are to be there like this.
    pub changed: Vec<M>,
}

impl<M> Default for Shelf<M> {
    fn default() -> Self {
        Self { made: Vec::new(), changed: Vec::new() }
    }
}

impl<M> Shelf<M> {
    fn len(&self) -> usize {
        self.made.len() + self.changed.len()
    }

    fn iter(&self) -> impl Iterator<Item = &M> {
        self.made.iter().chain(&self.changed)
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut M> {
        self.made.iter_mut().chain(&mut self.changed)
    }
}

macro_rules! records {
    (rows { $($row:ident => $row_shelf:ident,)* } facts { $($fact:ident => $fact_shelf:ident,)* }) => {
        /// Rows that are loaded together, table by table, each in an order in which no row refers to a later one.
        #[derive(Debug, Default)]
        pub struct Batch {
            $(
                #[doc = concat!("Rows of `", stringify!($row), "`.")]
                pub $row_shelf: Shelf<$row::Model>,
            )*
            $(
                #[doc = concat!("Rows of `", stringify!($fact), "`.")]
                pub $fact_shelf: Shelf<$fact::Model>,
            )*
            /// Derived rows, which have no events.
            pub credits: Vec<attribution_credit::Model>,
            /// What happened to all of them.
            pub happenings: Vec<Happening>,
        }

        impl Batch {
            /// How many rows there are, events included.
            pub fn count(&self) -> usize {
                self.credits.len() + self.happenings.len()
                    $( + self.$row_shelf.len() )* $( + self.$fact_shelf.len() )*
            }
        }

        $(impl Record for $row::Model {
            fn id(&self) -> Uuid {
                self.id
            }

            fn begin(&mut self, id: Uuid, act: &Act) {
                self.id = id;
                self.created_at = act.at;
                self.updated_at = act.at;
                self.created_by = act.by;
                self.version = 1;
            }

            fn renew(&mut self, act: &Act) {
                self.updated_at = act.at;
                self.version += 1;
            }

            fn shelf(batch: &mut Batch) -> &mut Shelf<Self> {
                &mut batch.$row_shelf
            }
        })*

        $(impl Record for $fact::Model {
            fn id(&self) -> Uuid {
                self.id
            }

            fn begin(&mut self, id: Uuid, act: &Act) {
                self.id = id;
                self.created_at = act.at;
            }

            fn renew(&mut self, _: &Act) {}

            fn shelf(batch: &mut Batch) -> &mut Shelf<Self> {
                &mut batch.$fact_shelf
            }
        })*
    };
}

records! {
    rows {
        team => teams,
        user => users,
        exchange_rate => rates,
        pipeline => pipelines,
        stage => stages,
        campaign => campaigns,
        company => companies,
        contact => contacts,
        campaign_member => members,
        deal => deals,
        lead => leads,
        handoff => handoffs,
        deal_contact => deal_contacts,
        product => products,
        line_item => line_items,
        activity => activities,
    }
    facts {
        touchpoint => touchpoints,
        transition => transitions,
    }
}

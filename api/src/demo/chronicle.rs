//! What is to be loaded, written the way a transaction would have written it: rows with their versions, and one event
//! for every change of every row.

use chrono::{DateTime, Utc};
use entity::{
    activity, attribution_credit, campaign, campaign_member, company, contact, deal, deal_contact, exchange_rate,
    handoff, lead, pipeline, stage, team, touchpoint, transition, user,
};
use sea_orm::ModelTrait;
use serde_json::Value as Json;
use uuid::Uuid;

use super::chance::Chance;
use crate::store::Resource;
use crate::store::system::System;

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
    /// The type of the row.
    pub kind: &'static str,
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
    fn shelf(batch: &mut Batch) -> &mut Vec<Self>;
}

macro_rules! records {
    (rows { $($row:ident => $row_shelf:ident,)* } facts { $($fact:ident => $fact_shelf:ident,)* }) => {
        /// Rows that are loaded together, table by table, each in an order in which no row refers to a later one.
        #[derive(Debug, Default)]
        pub struct Batch {
            $(
                #[doc = concat!("Rows of `", stringify!($row), "`.")]
                pub $row_shelf: Vec<$row::Model>,
            )*
            $(
                #[doc = concat!("Rows of `", stringify!($fact), "`.")]
                pub $fact_shelf: Vec<$fact::Model>,
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

            fn shelf(batch: &mut Batch) -> &mut Vec<Self> {
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

            fn shelf(batch: &mut Batch) -> &mut Vec<Self> {
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
        activity => activities,
    }
    facts {
        touchpoint => touchpoints,
        transition => transitions,
    }
}

/// The pen: makes rows and changes them, and notes the events.
pub struct Chronicle<'a> {
    system: &'a System,
    /// What is decided by chance.
    pub chance: Chance,
    batch: Batch,
}

impl<'a> Chronicle<'a> {
    /// An empty chronicle.
    pub fn new(system: &'a System, chance: Chance) -> Self {
        Self { system, chance, batch: Batch::default() }
    }

    /// A new row.
    pub fn make<M: Record>(&mut self, act: Act, mut row: M) -> M {
        row.begin(self.chance.id(act.at), &act);
        self.note(act, None, &row);
        row
    }

    /// A change of a row.
    pub fn change<M: Record>(&mut self, act: Act, row: &mut M, how: impl FnOnce(&mut M)) {
        let before = row.clone();
        how(row);
        row.renew(&act);
        self.note(act, Some(&before), row);
    }

    /// Keeps a row as it is to be loaded. Rows are kept after those they refer to.
    pub fn keep<M: Record>(&mut self, row: M) {
        M::shelf(&mut self.batch).push(row);
    }

    /// A new row that never changes.
    pub fn add<M: Record>(&mut self, act: Act, row: M) -> Uuid {
        let row = self.make(act, row);
        let id = row.id();
        self.keep(row);
        id
    }

    /// Keeps derived rows.
    pub fn credit(&mut self, rows: impl IntoIterator<Item = attribution_credit::Model>) {
        self.batch.credits.extend(rows);
    }

    /// Takes out what was written so far, its events in order of time.
    pub fn take(&mut self) -> Batch {
        let mut batch = std::mem::take(&mut self.batch);
        // Stable: what happened at the same moment stays in the order in which it was written.
        batch.happenings.sort_by_key(|happening| happening.act.at);
        batch
    }

    fn note<M: Record>(&mut self, act: Act, before: Option<&M>, after: &M) {
        let (kind, changes) = self.system.changes::<M::Entity>(before, after);
        self.batch.happenings.push(Happening { act, kind, subject: after.id(), changes });
    }
}

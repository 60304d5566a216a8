//! The pen of the stories: makes rows, changes them, and notes what happened.

use entity::attribution_credit;
use uuid::Uuid;

use super::chance::Chance;
pub use crate::history::Act;
use crate::history::{Batch, Happening, Record};
use crate::store::system::System;

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

    /// Writes something that takes none of the chance of the rest.
    pub fn aside(&mut self, chance: Chance, what: impl FnOnce(&mut Self)) {
        let told = std::mem::replace(&mut self.chance, chance);
        what(self);
        self.chance = told;
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
        M::shelf(&mut self.batch).made.push(row);
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

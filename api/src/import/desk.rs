//! The desk of a batch: every row it is about, as it is in the database and as it is to be.

use std::collections::{HashMap, HashSet};
use std::ops::{Deref, DerefMut};

use chrono::{DateTime, Utc};
use entity::{exchange_rate, pipeline, stage, team, transition, user};
use uuid::Uuid;

use super::cell::Problem;
use super::draft::Reference;
use super::file::Row;
use super::table::{self, Keyed, Table, Tables};
use crate::access::Kind;
use crate::history::{Act, Record};
use crate::spelling::fold;
use crate::store::system::System;

/// What the log calls it.
pub const VERB: &str = "import";

/// The rows.
pub struct Desk<'a> {
    /// The door they go through.
    pub system: &'a System,
    /// The system that the file comes from.
    pub source: &'a str,
    /// The moment of the transaction.
    pub now: DateTime<Utc>,
    tables: Tables,
    /// Users that rows refer to.
    pub users: Vec<user::Model>,
    /// Teams that rows refer to.
    pub teams: Vec<team::Model>,
    /// Every pipeline.
    pub pipelines: Vec<pipeline::Model>,
    /// Every stage, in the order of its pipeline.
    pub stages: Vec<stage::Model>,
    /// Every exchange rate, the newest first.
    pub rates: Vec<exchange_rate::Model>,
    /// When leads and deals last changed their state before this batch, as far as it has to be known.
    pub last: HashMap<Uuid, DateTime<Utc>>,
    /// Deals that have lines.
    pub itemised: HashSet<Uuid>,
    steps: Vec<transition::Model>,
    settled: usize,
    notes: Vec<String>,
}

impl Deref for Desk<'_> {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.tables
    }
}

impl DerefMut for Desk<'_> {
    fn deref_mut(&mut self) -> &mut Tables {
        &mut self.tables
    }
}

impl<'a> Desk<'a> {
    /// An empty desk.
    pub fn new(system: &'a System, source: &'a str, now: DateTime<Utc>) -> Self {
        Self {
            system,
            source,
            now,
            tables: Tables::default(),
            users: Vec::new(),
            teams: Vec::new(),
            pipelines: Vec::new(),
            stages: Vec::new(),
            rates: Vec::new(),
            last: HashMap::new(),
            itemised: HashSet::new(),
            steps: Vec::new(),
            settled: 0,
            notes: Vec::new(),
        }
    }

    /// Who did it and when, as the log has it.
    pub fn act(&self) -> Act {
        Act::new(self.now, None, VERB)
    }

    /// A new row.
    pub fn begin<M: Record>(&self, mut row: M) -> M {
        row.begin(self.system.store().clock().id(), &self.act());
        row
    }

    /// Notes a change of state.
    pub fn step(&mut self, step: transition::Model) {
        let step = self.begin(step);
        self.steps.push(step);
    }

    /// The changes of state, in their order.
    pub fn take_steps(&mut self) -> Vec<transition::Model> {
        self.settled = 0;
        std::mem::take(&mut self.steps)
    }

    /// When a lead or a deal last changed its state, as far as this batch knows.
    pub fn last_step(&self, of: Uuid) -> Option<DateTime<Utc>> {
        let here = self.steps.iter().rev().find(|step| subject(step) == Some(of)).map(|step| step.at);
        here.or_else(|| self.last.get(&of).copied())
    }

    /// Says something of the row of the file that is being applied.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// What is to be said of the row of the file that was applied.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// What a row of the file did to the desk stays.
    pub fn settle(&mut self) {
        self.tables.settle();
        self.settled = self.steps.len();
    }

    /// What a row of the file did to the desk never was.
    pub fn undo(&mut self) {
        self.tables.undo();
        self.steps.truncate(self.settled);
        self.notes.clear();
    }

    /// All rows.
    pub fn into_tables(self) -> Tables {
        self.tables
    }

    /// The row that a reference leads to.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn look_up(&self, reference: &Reference, row: &Row) -> Result<Uuid, Problem> {
        let Reference { field, text, to, .. } = reference;
        let named = |name: &str| fold::same(name) == fold::same(text);
        let found: Vec<Uuid> = match to {
            Kind::Company => ids(&self.companies, field.by, &field.of_source, text),
            Kind::Campaign => ids(&self.campaigns, field.by, &field.of_source, text),
            Kind::Contact => ids(&self.contacts, field.by, &field.of_source, text),
            Kind::Lead => ids(&self.leads, field.by, &field.of_source, text),
            Kind::Deal => ids(&self.deals, field.by, &field.of_source, text),
            Kind::User => {
                let by_name = field.by == "name";
                let said = |user: &&user::Model| if by_name { named(&user.name) } else { user.email == *text };
                self.users.iter().filter(said).map(|user| user.id).collect()
            }
            Kind::Team => self.teams.iter().filter(|team| named(&team.name)).map(|team| team.id).collect(),
            Kind::Pipeline => self.pipelines.iter().filter(|one| named(&one.name)).map(|one| one.id).collect(),
            _ => Vec::new(),
        };
        let name = self.system.store().graph().of(*to).name;
        match found.as_slice() {
            [one] => Ok(*one),
            [] => {
                let from = if field.by == "externalId" { format!(" from {}", field.of_source) } else { String::new() };
                Err(field.cell.source.problem(row, format!("there is no {name} with this {}{from}", field.by)))
            }
            _ => Err(field.cell.source.problem(row, format!("more than one {name} has this {}", field.by))),
        }
    }
}

/// The lead or the deal that changed.
pub fn subject(step: &transition::Model) -> Option<Uuid> {
    step.lead_id.or(step.deal_id)
}

fn ids<M: Keyed>(among: &Table<M>, by: &str, source: &str, text: &str) -> Vec<Uuid> {
    among.all(&table::of(by, source, text)).map(|row| row.id()).collect()
}

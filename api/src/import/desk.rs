//! The desk of a batch: every row it is about, as it is in the database and as it is to be.

use chrono::{DateTime, Utc};
use entity::{
    campaign, campaign_member, company, contact, deal, deal_contact, exchange_rate, lead, pipeline, stage, team,
    touchpoint, transition, user,
};
use uuid::Uuid;

use super::cell::Problem;
use super::draft::Reference;
use super::file::Row;
use super::table::{Keyed, Table, external, key};
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
    /// Companies.
    pub companies: Table<company::Model>,
    /// Campaigns.
    pub campaigns: Table<campaign::Model>,
    /// Contacts.
    pub contacts: Table<contact::Model>,
    /// Leads.
    pub leads: Table<lead::Model>,
    /// Touches.
    pub touchpoints: Table<touchpoint::Model>,
    /// Deals.
    pub deals: Table<deal::Model>,
    /// Who takes part in them.
    pub parts: Table<deal_contact::Model>,
    /// Who is in the campaigns.
    pub members: Table<campaign_member::Model>,
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
    steps: Vec<transition::Model>,
    settled: usize,
}

impl<'a> Desk<'a> {
    /// An empty desk.
    pub fn new(system: &'a System, source: &'a str, now: DateTime<Utc>) -> Self {
        Self {
            system,
            source,
            now,
            companies: Table::default(),
            campaigns: Table::default(),
            contacts: Table::default(),
            leads: Table::default(),
            touchpoints: Table::default(),
            deals: Table::default(),
            parts: Table::default(),
            members: Table::default(),
            users: Vec::new(),
            teams: Vec::new(),
            pipelines: Vec::new(),
            stages: Vec::new(),
            rates: Vec::new(),
            steps: Vec::new(),
            settled: 0,
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

    /// When a lead or a deal last changed its state in this batch.
    pub fn last_step(&self, of: impl Fn(&transition::Model) -> bool) -> Option<DateTime<Utc>> {
        self.steps.iter().rev().find(|step| of(step)).map(|step| step.at)
    }

    /// What a row of the file did to the desk stays.
    pub fn settle(&mut self) {
        self.companies.settle();
        self.campaigns.settle();
        self.contacts.settle();
        self.leads.settle();
        self.touchpoints.settle();
        self.deals.settle();
        self.parts.settle();
        self.members.settle();
        self.settled = self.steps.len();
    }

    /// What a row of the file did to the desk never was.
    pub fn undo(&mut self) {
        self.companies.undo();
        self.campaigns.undo();
        self.contacts.undo();
        self.leads.undo();
        self.touchpoints.undo();
        self.deals.undo();
        self.parts.undo();
        self.members.undo();
        self.steps.truncate(self.settled);
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

fn ids<M: Keyed>(table: &Table<M>, by: &str, source: &str, text: &str) -> Vec<Uuid> {
    let key = if by == "externalId" { external(source, text) } else { key(by, text) };
    table.all(&key).map(|row| row.id()).collect()
}

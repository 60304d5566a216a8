//! Rows of one table in the memory of a batch: as they are in the database, and as they are to be.

use std::borrow::Cow;
use std::collections::HashMap;

use entity::{campaign, campaign_member, company, contact, deal, deal_contact, lead, touchpoint};
use indexmap::IndexMap;
use uuid::Uuid;

use crate::history::{Act, Batch, Happening, Record};
use crate::spelling::fold;
use crate::store::system::System;

/// A row that is known by something besides its id.
pub trait Keyed: Record + PartialEq {
    /// What it is known by.
    fn keys(&self) -> Vec<String>;
}

/// The id of a row in another system.
pub fn external(source: &str, id: &str) -> String {
    format!("externalId\u{1f}{source}\u{1f}{id}")
}

/// A field that a row is known by.
pub fn key(field: &str, text: &str) -> String {
    let text = if field == "name" { Cow::Owned(fold::same(text)) } else { Cow::Borrowed(text) };
    format!("{field}\u{1f}{text}")
}

fn external_of(source: &Option<String>, id: &Option<String>) -> Option<String> {
    Some(external(source.as_deref()?, id.as_deref()?))
}

impl Keyed for company::Model {
    fn keys(&self) -> Vec<String> {
        let domain = self.domain.as_deref().map(|domain| key("domain", domain));
        let name = Some(key("name", &self.name));
        external_of(&self.source_system, &self.external_id).into_iter().chain(domain).chain(name).collect()
    }
}

impl Keyed for campaign::Model {
    fn keys(&self) -> Vec<String> {
        let others = [key("code", &self.code), key("name", &self.name)];
        external_of(&self.source_system, &self.external_id).into_iter().chain(others).collect()
    }
}

impl Keyed for contact::Model {
    fn keys(&self) -> Vec<String> {
        let lives = self.merged_into_id.is_none() && self.erased_at.is_none();
        let email = self.email.as_deref().filter(|_| lives).map(|email| key("email", email));
        external_of(&self.source_system, &self.external_id).into_iter().chain(email).collect()
    }
}

impl Keyed for lead::Model {
    fn keys(&self) -> Vec<String> {
        let contact = key("contact", &self.contact_id.to_string());
        external_of(&self.source_system, &self.external_id).into_iter().chain([contact]).collect()
    }
}

impl Keyed for touchpoint::Model {
    fn keys(&self) -> Vec<String> {
        external_of(&self.source_system, &self.external_id).into_iter().collect()
    }
}

impl Keyed for deal::Model {
    fn keys(&self) -> Vec<String> {
        let lead = self.lead_id.map(|lead| key("lead", &lead.to_string()));
        let company = self.company_id.map(|company| key("company", &company.to_string()));
        external_of(&self.source_system, &self.external_id).into_iter().chain(lead).chain(company).collect()
    }
}

impl Keyed for campaign_member::Model {
    fn keys(&self) -> Vec<String> {
        vec![membership(self.campaign_id, self.contact_id)]
    }
}

/// What a member of a campaign is known by.
pub fn membership(campaign: Uuid, contact: Uuid) -> String {
    format!("member\u{1f}{campaign}\u{1f}{contact}")
}

impl Keyed for deal_contact::Model {
    fn keys(&self) -> Vec<String> {
        vec![key("deal", &self.deal_id.to_string()), key("contact", &self.contact_id.to_string())]
    }
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Made,
    /// It was different.
    Changed,
    /// It was like this.
    None,
}

struct Entry<M> {
    before: Option<M>,
    after: M,
}

/// The rows.
pub struct Table<M> {
    rows: IndexMap<Uuid, Entry<M>>,
    keys: HashMap<String, Vec<Uuid>>,
    /// How rows were before the row of the file that is being applied.
    undo: Vec<(Uuid, Option<M>)>,
}

impl<M> Default for Table<M> {
    fn default() -> Self {
        Self { rows: IndexMap::new(), keys: HashMap::new(), undo: Vec::new() }
    }
}

impl<M: Keyed> Table<M> {
    /// Takes in a row of the database.
    pub fn fetch(&mut self, row: M) {
        if !self.rows.contains_key(&row.id()) {
            self.index(&row);
            self.rows.insert(row.id(), Entry { before: Some(row.clone()), after: row });
        }
    }

    /// The row with this id.
    pub fn get(&self, id: Uuid) -> Option<&M> {
        self.rows.get(&id).map(|entry| &entry.after)
    }

    /// Was it in the database before?
    pub fn was_there(&self, id: Uuid) -> bool {
        self.rows.get(&id).is_some_and(|entry| entry.before.is_some())
    }

    /// Every row with a key.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a M> {
        let ids = self.keys.get(key).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(move |id| self.get(*id).filter(|row| row.keys().iter().any(|own| own == key)))
    }

    /// The row with a key, if there is one.
    pub fn find(&self, key: &str) -> Option<&M> {
        let id = self.all(key).map(Record::id).next()?;
        self.get(id)
    }

    /// The ids of all rows that were in the database.
    pub fn known(&self) -> Vec<Uuid> {
        self.rows.iter().filter(|(_, entry)| entry.before.is_some()).map(|(id, _)| *id).collect()
    }

    /// Every row.
    pub fn rows(&self) -> impl Iterator<Item = &M> {
        self.rows.values().map(|entry| &entry.after)
    }

    /// Every row that is new or different, with how it was.
    pub fn changes(&self) -> impl Iterator<Item = (Option<&M>, &M)> {
        let changed = self.rows.values().filter(|entry| entry.before.as_ref() != Some(&entry.after));
        changed.map(|entry| (entry.before.as_ref(), &entry.after))
    }

    /// Makes a row what it is to be.
    pub fn put(&mut self, row: M) -> Change {
        let id = row.id();
        self.index(&row);
        match self.rows.get_mut(&id) {
            None => {
                self.rows.insert(id, Entry { before: None, after: row });
                self.undo.push((id, None));
                Change::Made
            }
            Some(entry) if entry.after == row => Change::None,
            Some(entry) => {
                self.undo.push((id, Some(std::mem::replace(&mut entry.after, row))));
                Change::Changed
            }
        }
    }

    /// What was put since the last time stays.
    pub fn settle(&mut self) {
        self.undo.clear();
    }

    /// What was put since the last time never was.
    pub fn undo(&mut self) {
        while let Some((id, before)) = self.undo.pop() {
            match (before, self.rows.get_mut(&id)) {
                (Some(before), Some(entry)) => entry.after = before,
                // What is new stands at the end.
                _ => drop(self.rows.shift_remove(&id)),
            }
        }
    }

    /// Puts what is new or different down to be written, with its events.
    pub fn keep(self, system: &System, act: Act, batch: &mut Batch) {
        for Entry { before, mut after } in self.rows.into_values() {
            if before.as_ref() == Some(&after) {
                continue;
            }
            if before.is_some() {
                after.renew(&act);
            }
            let (kind, changes) = system.changes::<M::Entity>(before.as_ref(), &after);
            batch.happenings.push(Happening { act, kind, subject: after.id(), changes });
            let shelf = M::shelf(batch);
            if before.is_some() { shelf.changed.push(after) } else { shelf.made.push(after) }
        }
    }

    fn index(&mut self, row: &M) {
        for key in row.keys() {
            let ids = self.keys.entry(key).or_default();
            if !ids.contains(&row.id()) {
                ids.push(row.id());
            }
        }
    }
}

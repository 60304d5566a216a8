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
    /// The rows of its kind.
    fn among(tables: &Tables) -> &Table<Self>;
    /// The rows of its kind, to be changed.
    fn among_mut(tables: &mut Tables) -> &mut Table<Self>;
}

macro_rules! tables {
    ($($name:ident: $row:ident, $keys:expr;)*) => {
        /// The rows of a batch, those that others refer to before these.
        #[derive(Default)]
        pub struct Tables {
            $(
                #[doc = concat!("Rows of `", stringify!($row), "`.")]
                pub $name: Table<$row::Model>,
            )*
        }

        impl Tables {
            /// What a row of the file did stays.
            pub fn settle(&mut self) {
                $(self.$name.settle();)*
            }

            /// What a row of the file did never was.
            pub fn undo(&mut self) {
                $(self.$name.undo();)*
            }

            /// Puts what is new or different down to be written, with its events.
            pub fn keep(self, system: &System, act: Act, batch: &mut Batch) {
                $(self.$name.keep(system, act, batch);)*
            }

            /// Takes over what is new or different elsewhere.
            pub fn remember(&mut self, others: Tables) {
                $(self.$name.remember(others.$name);)*
            }
        }

        $(impl Keyed for $row::Model {
            fn keys(&self) -> Vec<String> {
                let keys: fn(&Self) -> Vec<String> = $keys;
                keys(self)
            }

            fn among(tables: &Tables) -> &Table<Self> {
                &tables.$name
            }

            fn among_mut(tables: &mut Tables) -> &mut Table<Self> {
                &mut tables.$name
            }
        })*
    };
}

tables! {
    companies: company, keys_of_company;
    campaigns: campaign, keys_of_campaign;
    contacts: contact, keys_of_contact;
    touchpoints: touchpoint, |touch| external_of(&touch.source_system, &touch.external_id).into_iter().collect();
    members: campaign_member, |member| vec![membership(member.campaign_id, member.contact_id), id_key("contact", member.contact_id)];
    leads: lead, keys_of_lead;
    deals: deal, keys_of_deal;
    parts: deal_contact, |part| vec![id_key("deal", part.deal_id), id_key("contact", part.contact_id)];
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

/// What a row is known by: its id in another system, or one of its fields.
pub fn of(by: &str, source: &str, text: &str) -> String {
    if by == "externalId" { external(source, text) } else { key(by, text) }
}

/// A row that others refer to.
pub fn id_key(field: &str, id: Uuid) -> String {
    key(field, &id.to_string())
}

fn external_of(source: &Option<String>, id: &Option<String>) -> Option<String> {
    Some(external(source.as_deref()?, id.as_deref()?))
}

fn keys_of_company(company: &company::Model) -> Vec<String> {
    let domain = company.domain.as_deref().map(|domain| key("domain", domain));
    let name = Some(key("name", &company.name));
    external_of(&company.source_system, &company.external_id).into_iter().chain(domain).chain(name).collect()
}

fn keys_of_campaign(campaign: &campaign::Model) -> Vec<String> {
    let others = [key("code", &campaign.code), key("name", &campaign.name)];
    let parent = campaign.parent_id.map(|parent| id_key("parent", parent));
    external_of(&campaign.source_system, &campaign.external_id).into_iter().chain(others).chain(parent).collect()
}

fn keys_of_contact(contact: &contact::Model) -> Vec<String> {
    let lives = contact.merged_into_id.is_none() && contact.erased_at.is_none();
    let email = contact.email.as_deref().filter(|_| lives).map(|email| key("email", email));
    external_of(&contact.source_system, &contact.external_id).into_iter().chain(email).collect()
}

fn keys_of_lead(lead: &lead::Model) -> Vec<String> {
    external_of(&lead.source_system, &lead.external_id)
        .into_iter()
        .chain([id_key("contact", lead.contact_id)])
        .collect()
}

fn keys_of_deal(deal: &deal::Model) -> Vec<String> {
    let lead = deal.lead_id.map(|lead| id_key("lead", lead));
    let company = deal.company_id.map(|company| id_key("company", company));
    external_of(&deal.source_system, &deal.external_id).into_iter().chain(lead).chain(company).collect()
}

/// What a member of a campaign is known by.
pub fn membership(campaign: Uuid, contact: Uuid) -> String {
    format!("member\u{1f}{campaign}\u{1f}{contact}")
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
    pub fn put(&mut self, row: M) {
        let id = row.id();
        self.index(&row);
        match self.rows.get_mut(&id) {
            None => {
                self.rows.insert(id, Entry { before: None, after: row });
                self.undo.push((id, None));
            }
            Some(entry) if entry.after == row => {}
            Some(entry) => self.undo.push((id, Some(std::mem::replace(&mut entry.after, row)))),
        }
    }

    /// What the row of the file that is being applied has made of a row so far.
    pub fn change(&self, id: Uuid) -> Change {
        match self.undo.iter().find(|(changed, _)| *changed == id) {
            Some((_, None)) => Change::Made,
            Some((_, before)) if before.as_ref() != self.get(id) => Change::Changed,
            _ => Change::None,
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

    /// Takes over what is new or different elsewhere.
    fn remember(&mut self, other: Self) {
        for Entry { before, after } in other.rows.into_values() {
            if before.as_ref() != Some(&after) {
                self.put(after);
            }
        }
        self.settle();
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

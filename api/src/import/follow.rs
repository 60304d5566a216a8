//! What follows from the rows of a batch: how far people and companies have come, how long a state had lasted, who
//! gets the credit.

use std::collections::{BTreeMap, BTreeSet};

use entity::company;
use entity::contact;
use entity::enums::DealStatus;
use entity::transition;
use uuid::Uuid;

use super::desk::{Desk, subject};
use super::known::last_steps;
use super::table::id_key;
use crate::attribution::commands::{rebuild, rebuild_for_contacts};
use crate::company::rules::Dealing;
use crate::error::Result;
use crate::store::{Tx, Warrant};

/// Brings people and companies in step with their leads and deals.
pub fn project(desk: &mut Desk<'_>) {
    let people: Vec<_> = desk.contacts.rows().filter_map(|contact| come_so_far(desk, contact)).collect();
    for contact in people {
        desk.contacts.put(contact);
    }
    let companies: Vec<_> = desk.companies.rows().filter_map(|company| bought_so_far(desk, company)).collect();
    for company in companies {
        desk.companies.put(company);
    }
    desk.settle();
}

fn come_so_far(desk: &Desk<'_>, contact: &contact::Model) -> Option<contact::Model> {
    let of_contact = id_key("contact", contact.id);
    let leads: Vec<_> = desk.leads.all(&of_contact).collect();
    let of_parts = desk.parts.all(&of_contact).map(|part| part.deal_id);
    let deals: BTreeSet<Uuid> = of_parts.chain(leads.iter().filter_map(|lead| lead.deal_id)).collect();
    let deals: Vec<_> = deals.iter().filter_map(|deal| desk.deals.get(*deal)).map(|deal| deal.status).collect();
    let leads: Vec<_> = leads.iter().map(|lead| lead.status).collect();
    let lifecycle = crate::contact::rules::lifecycle(&leads, &deals);
    (lifecycle != contact.lifecycle).then(|| contact::Model { lifecycle, ..contact.clone() })
}

fn bought_so_far(desk: &Desk<'_>, company: &company::Model) -> Option<company::Model> {
    let of_company = id_key("company", company.id);
    let dealing =
        |deal: &entity::deal::Model| Dealing { kind: deal.kind, status: deal.status, closed_at: deal.closed_at };
    let deals: Vec<_> = desk.deals.all(&of_company).map(dealing).collect();
    let lifecycle = crate::company::rules::lifecycle(&deals);
    (lifecycle != company.lifecycle).then(|| company::Model { lifecycle, ..company.clone() })
}

/// The changes of state with the time spent in the state before, none earlier than the one before it.
///
/// # Errors
/// Database errors.
pub async fn time_steps(tx: &Tx, warrant: &Warrant, desk: &mut Desk<'_>) -> Result<Vec<transition::Model>> {
    let mut steps = desk.take_steps();
    let mut last = last_steps(tx, warrant, began_before(desk, &steps)).await?;
    for step in &mut steps {
        let Some(subject) = subject(step) else { continue };
        if let Some(before) = last.get(&subject) {
            step.at = step.at.max(*before);
            step.seconds_in_previous = Some((step.at - *before).num_seconds());
        }
        last.insert(subject, step.at);
    }
    Ok(steps)
}

/// The leads and deals that were there before.
fn began_before(desk: &Desk<'_>, steps: &[transition::Model]) -> [Vec<Uuid>; 2] {
    let leads = steps.iter().filter_map(|step| step.lead_id).filter(|id| desk.leads.was_there(*id));
    let deals = steps.iter().filter_map(|step| step.deal_id).filter(|id| desk.deals.was_there(*id));
    [leads.collect::<BTreeSet<_>>(), deals.collect()].map(|ids| ids.into_iter().collect())
}

/// The deals and people whose credits have to be computed anew.
#[derive(Debug, Default)]
pub struct Credits {
    deals: Vec<Uuid>,
    people: Vec<Uuid>,
}

impl Credits {
    /// Those that the batch concerns.
    pub fn of(desk: &Desk<'_>) -> Self {
        let decided = desk.deals.changes().filter(|(before, deal)| {
            deal.status == DealStatus::Won || before.is_some_and(|before| before.status == DealStatus::Won)
        });
        let joined = desk.parts.changes().map(|(_, part)| part.deal_id);
        let deals: BTreeSet<_> = decided.map(|(_, deal)| deal.id).chain(joined).collect();
        // The deals of people who are new are new, too.
        let touched = desk.touchpoints.changes().filter_map(|(_, touch)| touch.contact_id);
        let people: BTreeMap<_, _> = touched.map(|contact| (contact, desk.contacts.was_there(contact))).collect();
        let people = people.into_iter().filter(|(_, was_there)| *was_there).map(|(contact, _)| contact);
        Self { deals: deals.into_iter().collect(), people: people.collect() }
    }

    /// Computes them, after everything was written.
    ///
    /// # Errors
    /// Database errors.
    pub async fn rebuild(self, tx: &Tx, warrant: &Warrant) -> Result<()> {
        rebuild(tx, warrant, &self.deals).await?;
        if self.people.is_empty() {
            return Ok(());
        }
        rebuild_for_contacts(tx, warrant, &self.people).await
    }
}

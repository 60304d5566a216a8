//! How far a person has come, and what a contact must say.

use entity::contact::{ContactLifecycle, Model};
use entity::enums::DealStatus;
use entity::lead::LeadStatus;

use crate::checks::{Checks, NAME};

/// How far a person has come: the furthest that a deal of his or an open lead shows.
pub fn lifecycle(leads: &[LeadStatus], deals: &[DealStatus]) -> ContactLifecycle {
    let has = |status| deals.contains(&status);
    let open = leads.iter().filter_map(|status| match status {
        LeadStatus::Sal | LeadStatus::Sql => Some(ContactLifecycle::Sal),
        LeadStatus::Mql => Some(ContactLifecycle::Mql),
        LeadStatus::New | LeadStatus::Nurturing => Some(ContactLifecycle::Lead),
        LeadStatus::Converted | LeadStatus::Disqualified => None,
    });
    match (has(DealStatus::Won), has(DealStatus::Open)) {
        (true, _) => ContactLifecycle::Customer,
        (false, true) => ContactLifecycle::Opportunity,
        // The stages stand in their order.
        (false, false) => open.max_by_key(|stage| *stage as u8).unwrap_or(ContactLifecycle::Subscriber),
    }
}

/// Trims the texts and asks for something to know the person by.
pub fn check(contact: &mut Model, checks: &mut Checks) {
    checks.optional("firstName", &mut contact.first_name, NAME);
    checks.optional("lastName", &mut contact.last_name, NAME);
    checks.optional("jobTitle", &mut contact.job_title, NAME);
    let known_by = [&contact.first_name, &contact.last_name, &contact.email, &contact.phone];
    checks.expect(
        known_by.iter().any(|text| text.is_some()),
        "REQUIRED",
        "email",
        "Give at least one of firstName, lastName, email and phone.",
    );
}

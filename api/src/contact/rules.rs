//! How far a person has come, and what a contact must say.

use entity::contact::{ContactLifecycle, Model};
use entity::enums::DealStatus;
use entity::lead::LeadStatus;

use crate::checks::Checks;

/// How far a person has come: the furthest that a deal of theirs or an open lead shows.
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

/// Trims the texts and asks for something to know the person by. A national telephone number is one of the country of
/// the company.
pub fn check(contact: &mut Model, country: Option<&str>, checks: &mut Checks) {
    checks.label("firstName", &mut contact.first_name);
    checks.label("lastName", &mut contact.last_name);
    checks.label("jobTitle", &mut contact.job_title);
    let known_by = [&contact.first_name, &contact.last_name, &contact.email, &contact.phone];
    checks.expect(
        known_by.iter().any(|text| text.is_some()),
        "REQUIRED",
        "email",
        "Give at least one of firstName, lastName, email and phone.",
    );
    checks.phone("phone", &mut contact.phone, country);
}

//! By what a captured person and company are known, and what a capture may add to a row that exists.

use entity::contact;
use entity::lead::{BuyingHorizon, Model};

/// Can a contact with the same telephone number be the person who gave this address? One with another address is
/// somebody else behind the same number (a switchboard, a family).
pub fn same_person(known: &contact::Model, email: Option<&str>) -> bool {
    known.email.is_none() || email.is_none() || known.email.as_deref() == email
}

/// What a capture says about a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// E-mail address, normalised.
    pub email: Option<String>,
    /// Telephone number, E.164.
    pub phone: Option<String>,
    /// What the person does.
    pub job_title: Option<String>,
    /// BCP 47 tag.
    pub preferred_language: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
}

impl Person {
    /// Fills what is empty in the contact; what is known stays.
    pub fn fill(self, contact: &mut contact::Model) {
        fill(&mut contact.first_name, self.first_name);
        fill(&mut contact.last_name, self.last_name);
        fill(&mut contact.email, self.email);
        fill(&mut contact.phone, self.phone);
        fill(&mut contact.job_title, self.job_title);
        fill(&mut contact.preferred_language, self.preferred_language);
        fill(&mut contact.time_zone, self.time_zone);
    }
}

/// What a capture says about the interest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// In the person's words.
    pub interest: Option<String>,
    /// Minor units and currency.
    pub estimated_value: Option<(i64, String)>,
    /// How soon.
    pub buying_horizon: Option<BuyingHorizon>,
}

impl Interest {
    /// Fills what is empty in the lead; what is known stays.
    pub fn fill(self, lead: &mut Model) {
        fill(&mut lead.interest, self.interest);
        fill(&mut lead.buying_horizon, self.buying_horizon);
        if let (None, Some((minor, currency))) = (lead.estimated_value_minor, self.estimated_value) {
            lead.estimated_value_minor = Some(minor);
            lead.estimated_value_currency = Some(currency);
        }
    }
}

/// Fills an empty place.
pub fn fill<T>(place: &mut Option<T>, value: Option<T>) {
    if place.is_none() {
        *place = value;
    }
}

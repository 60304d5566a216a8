//! Contacts: the people. One person is one row, and everything about a person hangs on it for ever.

pub mod commands;

use entity::{activity, campaign_member, contact, deal_contact, lead, touchpoint};

use crate::access::Kind;
use crate::store::Resource;
use crate::store::descriptor::{Declare, Descriptor, Text};

impl Resource for contact::Entity {
    const KIND: Kind = Kind::Contact;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use contact::Column;
    Declare::<contact::Entity>::new(Kind::Contact, "Contact", "contacts", "contact", "A person we know.")
        .field(Column::FirstName, "The given name.")
        .field(Column::LastName, "The family name.")
        .text(Column::Email, Text::Email, "The e-mail address, unique among live contacts.")
        .text(Column::Phone, Text::Phone, "The telephone number.")
        .field(Column::JobTitle, "What the person does.")
        .one(Column::CompanyId, Kind::Company, "Where the person works.")
        .choice::<_, entity::enums::Channel>(Column::PreferredChannel, "How the person likes to be reached.")
        .text(Column::PreferredLanguage, Text::Language, "The language the person prefers.")
        .text(Column::TimeZone, Text::TimeZone, "The person's time zone.")
        .choice::<_, contact::ContactLifecycle>(
            Column::Lifecycle,
            "How far the person has come; follows leads and deals.",
        )
        .many("leads", Kind::Lead, lead::Column::ContactId, "The person's qualification episodes.")
        .many(
            "touchpoints",
            Kind::Touchpoint,
            touchpoint::Column::ContactId,
            "The person's interactions, in their order.",
        )
        .many(
            "memberships",
            Kind::CampaignMember,
            campaign_member::Column::ContactId,
            "The campaigns the person is in.",
        )
        .many("deals", Kind::DealContact, deal_contact::Column::ContactId, "The person's parts in deals.")
        .many("activities", Kind::Activity, activity::Column::ContactId, "What was done and planned with the person.")
        .done()
}

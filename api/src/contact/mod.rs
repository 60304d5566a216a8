//! Contacts: the people. One person is one row, and everything about a person hangs on it for ever.

pub mod commands;
pub mod rules;

use entity::{activity, campaign_member, contact, deal_contact, lead, touchpoint};

use crate::access::{Action, Kind, When};
use crate::checks::Checks;
use crate::company;
use crate::error::{Error, Result};
use crate::store::descriptor::{Declare, Descriptor, Given, Shape, Text};
use crate::store::writes::{default_owner, writes};
use crate::store::{Resource, Tx, Warrant};

impl Resource for contact::Entity {
    const KIND: Kind = Kind::Contact;

    async fn prepare(
        tx: &Tx,
        _: &Warrant,
        row: &mut contact::Model,
        before: Option<&contact::Model>,
        given: &Given,
    ) -> Result<()> {
        if before.is_none() {
            default_owner(tx, given, &mut row.owner_id, &mut row.team_id);
        }
        if row.merged_into_id.is_some() {
            return Err(Error::conflict(MERGED));
        }
        if row.erased_at.is_some() {
            return Err(Error::conflict(ERASED));
        }
        let mut checks = Checks::new();
        let country = commands::country_of_number(tx, row).await?;
        rules::check(row, country.as_deref(), &mut checks);
        checks.done()?;
        // Whoever says where the person works, or that nobody knows, is right.
        let new_address = before.is_none_or(|before| before.email != row.email) && !given.has("company_id");
        if let (None, true, Some(email)) = (row.company_id, new_address, &row.email) {
            row.company_id = company::commands::of_address(tx, email).await?.map(|company| company.id);
        }
        Ok(())
    }

    async fn may_delete(tx: &Tx, warrant: &Warrant, row: &contact::Model) -> Result<()> {
        if commands::has_open_business(tx, warrant, row.id).await? {
            return Err(Error::conflict(BUSINESS));
        }
        Ok(())
    }
}

/// First and last name, as far as they are known.
const DISPLAY_NAME: &str = "NULLIF(TRIM(COALESCE({}.first_name, '') || ' ' || COALESCE({}.last_name, '')), '')";

/// A part in a deal that is not decided.
const OPEN_DEAL: When = When::At("deal_id", Kind::Deal, &crate::deal::OPEN);
/// What is told of a contact with open business.
const BUSINESS: &str = "The person has an open lead or deal: close it first.";
/// What is told of a contact that is another by now.
const MERGED: &str = "This contact was merged into another: change that one instead.";
/// What is told of a contact whose person is forgotten.
const ERASED: &str = "The person's data were erased on request; the contact stays as it is.";

/// The same of what is searched of them.
const DISPLAY_NAME_SEARCHED: &str = "NULLIF(TRIM(COALESCE({}.first_name_folded, {}.first_name, '') || ' ' || \
    COALESCE({}.last_name_folded, {}.last_name, '')), '')";

/// The declaration.
pub fn describe() -> Descriptor {
    use contact::Column;
    Declare::<contact::Entity>::new(Kind::Contact, "Contact", "contacts", "contact", "A person we know.")
        .computed("displayName", DISPLAY_NAME, Shape::Text(Text::Plain), true, "The whole name; empty without one.")
        .put_together(vec!["first_name", "last_name"], DISPLAY_NAME_SEARCHED, "display_name_sort")
        .field(Column::FirstName, "The given name.")
        .editable()
        .field(Column::LastName, "The family name.")
        .editable()
        .text(Column::Email, Text::Email, "The e-mail address, unique among live contacts.")
        .editable()
        .text(Column::Phone, Text::Phone, "The telephone number.")
        .editable()
        .field(Column::JobTitle, "What the person does.")
        .editable()
        .one(
            Column::CompanyId,
            Kind::Company,
            "Where the person works; left out, it is found by the domain of the e-mail address.",
        )
        .editable()
        .choice::<_, entity::enums::Channel>(Column::PreferredChannel, "How the person likes to be reached.")
        .editable()
        .text(Column::PreferredLanguage, Text::Language, "The language the person prefers.")
        .editable()
        .text(Column::TimeZone, Text::TimeZone, "The person's time zone.")
        .editable()
        .choice::<_, contact::ContactLifecycle>(
            Column::Lifecycle,
            "How far the person has come; follows from leads and deals.",
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
        .and(crate::activity::dates)
        .writes(writes::<contact::Entity>())
        .demands(Action::Delete, When::Not(&When::Any(Kind::Lead, "contact_id", &crate::lead::OPEN)), BUSINESS)
        .demands(Action::Delete, When::Not(&When::Any(Kind::DealContact, "contact_id", &OPEN_DEAL)), BUSINESS)
        .demands(Action::Update, When::Empty("merged_into_id"), MERGED)
        .demands(Action::Assign, When::Empty("merged_into_id"), MERGED)
        .demands(Action::Update, When::Empty("erased_at"), ERASED)
        .demands(Action::Assign, When::Empty("erased_at"), ERASED)
        .done()
}

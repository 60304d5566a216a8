//! Who and what a capture finds known already.
//!
//! It is looked for among all rows, seen or not: a person that the caller may not see is still one person. Then the
//! caller learns which team to ask, and nothing else.

use entity::lead::LeadStatus;
use entity::{company, contact, lead, team, touchpoint};
use sea_orm::ColumnTrait;
use uuid::Uuid;

use super::check::Organisation;
use crate::access::Kind;
use crate::error::{Error, Result};
use crate::lead::matching::{Person, same_person};
use crate::store::{Rows, Tx, Warrant};

/// What is known of an interaction.
pub enum Touch {
    /// Nothing.
    New,
    /// It was recorded for this person.
    Recorded,
    /// It was recorded, but nobody knew whose it was.
    Anonymous(Box<touchpoint::Model>),
}

/// The contact with this e-mail address, else the one with this telephone number.
///
/// # Errors
/// `Invalid` with `TAKEN`: the caller may not see the contact.
pub async fn person(tx: &Tx, warrant: &Warrant, told: &Person) -> Result<Option<contact::Model>> {
    let found = match by_email(tx, warrant, told).await? {
        Some(contact) => Some(contact),
        None => by_phone(tx, warrant, told).await?,
    };
    match found {
        Some(contact) if !tx.sees(Kind::Contact, contact.id).await? => {
            Err(taken(tx, warrant, told, contact.team_id).await?)
        }
        found => Ok(found),
    }
}

async fn by_email(tx: &Tx, warrant: &Warrant, told: &Person) -> Result<Option<contact::Model>> {
    let Some(email) = &told.email else { return Ok(None) };
    people(tx, warrant).matching(contact::Column::Email, email.as_str()).one().await
}

async fn by_phone(tx: &Tx, warrant: &Warrant, told: &Person) -> Result<Option<contact::Model>> {
    use contact::Column;
    let Some(phone) = &told.phone else { return Ok(None) };
    let rows = people(tx, warrant).matching(Column::Phone, phone.as_str());
    let known = rows.order_by(Column::CreatedAt).order_by(Column::Id).all().await?;
    Ok(known.into_iter().find(|contact| same_person(contact, told.email.as_deref())))
}

/// Contacts that are neither merged away nor erased.
fn people<'a>(tx: &'a Tx, warrant: &Warrant) -> Rows<'a, contact::Entity> {
    use contact::Column;
    tx.all::<contact::Entity>(warrant).filter(Column::MergedIntoId.is_null()).filter(Column::ErasedAt.is_null())
}

/// The person's open lead.
///
/// # Errors
/// `Invalid` with `TAKEN`: the caller may not see the lead.
pub async fn open_lead(
    tx: &Tx,
    warrant: &Warrant,
    told: &Person,
    person: Option<&contact::Model>,
) -> Result<Option<lead::Model>> {
    use lead::Column;
    let Some(person) = person else { return Ok(None) };
    let rows = tx.all::<lead::Entity>(warrant).matching(Column::ContactId, person.id);
    let open = Column::Status.is_not_in([LeadStatus::Converted, LeadStatus::Disqualified]);
    match rows.filter(open).one().await? {
        Some(lead) if !tx.sees(Kind::Lead, lead.id).await? => Err(taken(tx, warrant, told, lead.team_id).await?),
        found => Ok(found),
    }
}

/// The company with this domain, else with this name, else with the domain of the person's address. One with another
/// domain is not the same, whatever its name.
///
/// # Errors
/// Database errors.
pub async fn company(tx: &Tx, warrant: &Warrant, told: &Organisation) -> Result<Option<company::Model>> {
    use company::Column;
    let at = async |domain: &str| tx.all::<company::Entity>(warrant).matching(Column::Domain, domain).one().await;
    if let Some(domain) = &told.domain
        && let Some(company) = at(domain).await?
    {
        return Ok(Some(company));
    }
    if let Some(name) = &told.name {
        let rows = tx.all::<company::Entity>(warrant).any_of_texts(Column::Name, vec![name.clone()], &[]);
        let rows = if told.domain.is_some() { rows.filter(Column::Domain.is_null()) } else { rows };
        let company = rows.order_by(Column::CreatedAt).order_by(Column::Id).limit(1).one().await?;
        if company.is_some() {
            return Ok(company);
        }
    }
    match (&told.domain, &told.mail_domain) {
        (None, Some(domain)) => at(domain).await,
        _ => Ok(None),
    }
}

/// What is known of the interaction.
///
/// # Errors
/// `Invalid` with `TAKEN`: it was recorded for somebody else.
pub async fn touch(
    tx: &Tx,
    warrant: &Warrant,
    told: Option<&touchpoint::Model>,
    person: Option<&contact::Model>,
) -> Result<Touch> {
    use touchpoint::Column;
    let Some((Some(system), Some(id))) = told.map(|told| (&told.source_system, &told.external_id)) else {
        return Ok(Touch::New);
    };
    let rows = tx.all::<touchpoint::Entity>(warrant).matching(Column::SourceSystem, system.as_str());
    let Some(known) = rows.matching(Column::ExternalId, id.as_str()).one().await? else { return Ok(Touch::New) };
    match (known.contact_id, person.map(|person| person.id)) {
        (None, _) => Ok(Touch::Anonymous(Box::new(known))),
        (Some(whose), Some(person)) if whose == person => Ok(Touch::Recorded),
        _ => Err(Error::invalid("TAKEN", "touch.externalId", "This interaction was recorded for somebody else.")),
    }
}

/// The person exists and is not for the caller's eyes: which team to ask.
async fn taken(tx: &Tx, warrant: &Warrant, told: &Person, team: Option<Uuid>) -> Result<Error> {
    let team = match team {
        Some(team) => tx.all::<team::Entity>(warrant).with_id(team).one().await?,
        None => None,
    };
    let owner = team.map_or_else(|| "another team".to_owned(), |team| format!("the team {}", team.name));
    let field = if told.email.is_some() { "contact.email" } else { "contact.phone" };
    Ok(Error::invalid("TAKEN", field, format!("This person exists and is owned by {owner}. Ask there.")))
}

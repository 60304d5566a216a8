//! Capturing a lead: whoever gets in touch becomes one contact with one open lead, however often and by whichever way.
//!
//! [`input`] is what a capture is told, [`check`] finds it good, [`known`] finds who and what is known already, and
//! this file writes what is new.

pub mod check;
pub mod input;
pub mod known;

use chrono::{DateTime, Utc};
use entity::campaign_member::{self, MemberStatus};
use entity::company;
use entity::contact;
use entity::enums::LeadSource;
use entity::lead::{self, LeadStatus};
use entity::touchpoint;
use sea_orm::ColumnTrait;
use uuid::Uuid;

use self::check::Capture;
use self::input::{CaptureLeadInput, CaptureLeadPayload, CaptureOutcome};
use self::known::Touch;
use super::commands::entered;
use super::matching::{Interest, fill};
use super::rules;
use crate::access::{Action, Grant, Kind};
use crate::attribution::commands::rebuild_for_contacts;
use crate::campaign_member::rules as members;
use crate::error::{Error, Result};
use crate::graphql::mutation::Payload;
use crate::graphql::node::Node;
use crate::store::{Tx, Warrant};
use crate::touchpoint::commands as touches;

/// Matches or makes the person and the company, records the interaction, opens a lead or enriches the open one.
///
/// # Errors
/// FORBIDDEN; CONFLICT: somebody captured the same just now; `Invalid`: what a person can mend, or `TAKEN`: the person
/// is with a team whose rows the caller does not see.
pub async fn capture(tx: &Tx, input: CaptureLeadInput) -> Result<CaptureLeadPayload> {
    let warrant = tx.may::<lead::Entity>(Action::Create)?;
    let capture = check::check(tx, input).await?;
    let turns = capture.turns();
    tx.take_all_turns(&turns.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let person = known::person(tx, &warrant, &capture.person).await?;
    let open = known::open_lead(tx, &warrant, &capture.person, person.as_ref()).await?;
    let touch = known::touch(tx, &warrant, capture.touch.as_ref(), person.as_ref()).await?;

    let company = place_of_work(tx, &warrant, &capture, person.as_ref()).await?;
    let contact = write_person(tx, &warrant, &capture, person, company).await?;
    write_touches(tx, &warrant, capture.touch.as_ref(), touch, contact.id).await?;
    for campaign in capture.campaigns() {
        respond(tx, &warrant, campaign, contact.id, &capture).await?;
    }
    let (lead, outcome) = match open {
        Some(lead) => (enrich(tx, &warrant, lead, capture.interest, company).await?, CaptureOutcome::Enriched),
        None => (open_lead(tx, &warrant, capture, &contact, company).await?, CaptureOutcome::Created),
    };
    let told = if knows_addresses(tx) {
        CaptureLeadPayload {
            lead: Node::at(lead),
            contact: Node::at(contact.id),
            outcome: Some(outcome),
            user_errors: Vec::new(),
        }
    } else {
        CaptureLeadPayload { outcome: Some(CaptureOutcome::Received), ..CaptureLeadPayload::refused(Vec::new()) }
    };
    Ok(told)
}

/// May the caller know whose address is known already? Everybody else gets one and the same answer.
fn knows_addresses(tx: &Tx) -> bool {
    tx.reader().viewer().reads(Kind::Contact, "email") != Grant::No
}

/// The company the interest is for: as told, else the known person's, else by the domain of the e-mail address.
async fn place_of_work(
    tx: &Tx,
    warrant: &Warrant,
    capture: &Capture,
    person: Option<&contact::Model>,
) -> Result<Option<Uuid>> {
    let told = &capture.company;
    let kept = person.and_then(|person| person.company_id).filter(|_| !told.is_told());
    if kept.is_some() || !told.is_known_by_anything() {
        return Ok(kept);
    }
    if let Some(company) = known::company(tx, warrant, told).await? {
        return Ok(Some(company.id));
    }
    let domain = told.domain.clone().or_else(|| told.mail_domain.clone());
    let row = company::Model {
        owner_id: capture.customer_owner(),
        team_id: capture.team,
        name: told.name.clone().or_else(|| domain.clone()).unwrap_or_default(),
        domain,
        industry: told.industry.clone(),
        country: told.country.clone(),
        ..company::Model::default()
    };
    Ok(Some(raced(tx.add::<company::Entity>(warrant, row).await)?.id))
}

/// A new contact, or what was empty in the known one; the latter only where the caller may change it.
async fn write_person(
    tx: &Tx,
    warrant: &Warrant,
    capture: &Capture,
    known: Option<contact::Model>,
    company: Option<Uuid>,
) -> Result<contact::Model> {
    let told = capture.person.clone();
    let Some(known) = known else {
        let mut row = contact::Model {
            owner_id: capture.customer_owner(),
            team_id: capture.team,
            company_id: company,
            ..contact::Model::default()
        };
        told.fill(&mut row);
        return raced(tx.add::<contact::Entity>(warrant, row).await);
    };
    if !tx.reaches(Kind::Contact, known.id, Action::Update).await? {
        return Ok(known);
    }
    let mut contact = tx.affect::<contact::Entity>(warrant, known.id).await?;
    told.fill(&mut contact);
    fill(&mut contact.company_id, company);
    raced(tx.save(contact).await)
}

/// Earlier interactions of the visitor become the person's; the new one is recorded, if it is new.
async fn write_touches(
    tx: &Tx,
    warrant: &Warrant,
    told: Option<&touchpoint::Model>,
    known: Touch,
    contact: Uuid,
) -> Result<()> {
    use touchpoint::Column;
    let Some(told) = told else { return Ok(()) };
    let mut anonymous = match &told.visitor_key {
        None => Vec::new(),
        Some(key) => {
            let rows = tx.all::<touchpoint::Entity>(warrant).matching(Column::VisitorKey, key.as_str());
            rows.filter(Column::ContactId.is_null()).order_by(Column::Id).all().await?
        }
    };
    if let Touch::Anonymous(touch) = &known
        && anonymous.iter().all(|other| other.id != touch.id)
    {
        anonymous.push((**touch).clone());
    }
    let adopted = !anonymous.is_empty();
    touches::adopt(tx, warrant, anonymous, contact).await?;
    match known {
        Touch::New => {
            let row = touchpoint::Model { contact_id: Some(contact), ..told.clone() };
            raced(touches::record(tx, warrant, row).await).map(|_| ())
        }
        _ if adopted => rebuild_for_contacts(tx, warrant, &[contact]).await,
        _ => Ok(()),
    }
}

/// The person has responded to the campaign.
async fn respond(tx: &Tx, warrant: &Warrant, campaign: Uuid, contact: Uuid, capture: &Capture) -> Result<()> {
    use campaign_member::Column;
    let at: DateTime<Utc> = capture.touch.as_ref().map_or(tx.now(), |touch| touch.occurred_at);
    let rows = tx.all::<campaign_member::Entity>(warrant).matching(Column::CampaignId, campaign);
    let Some(known) = rows.matching(Column::ContactId, contact).one().await? else {
        let row = campaign_member::Model {
            campaign_id: campaign,
            contact_id: contact,
            status: MemberStatus::Responded,
            first_responded_at: Some(at),
            source: capture.source,
            ..campaign_member::Model::default()
        };
        return raced(tx.add::<campaign_member::Entity>(warrant, row).await).map(|_| ());
    };
    let mut member = tx.affect::<campaign_member::Entity>(warrant, known.id).await?;
    members::respond(&mut member, at);
    tx.save(member).await.map(|_| ())
}

/// Fills what is empty in the open lead, where the caller may change it. Where it came from is never filled: an
/// episode keeps its first source.
async fn enrich(
    tx: &Tx,
    warrant: &Warrant,
    known: lead::Model,
    interest: Interest,
    company: Option<Uuid>,
) -> Result<Uuid> {
    if !tx.reaches(Kind::Lead, known.id, Action::Update).await? {
        return Ok(known.id);
    }
    let mut lead = tx.affect::<lead::Entity>(warrant, known.id).await?;
    if !lead.status.is_open() {
        return Err(Error::raced("The lead was closed just now. Try again: it will open a new one."));
    }
    interest.fill(&mut lead);
    fill(&mut lead.company_id, company);
    tx.save(lead).await?;
    Ok(known.id)
}

async fn open_lead(
    tx: &Tx,
    warrant: &Warrant,
    capture: Capture,
    contact: &contact::Model,
    company: Option<Uuid>,
) -> Result<Uuid> {
    // What sellers found themselves needs nobody to hand it over.
    let sales_sourced = capture.source == LeadSource::Outbound && capture.by_sales;
    let mut row = lead::Model {
        owner_id: capture.owner,
        team_id: capture.team,
        contact_id: contact.id,
        company_id: company.or(contact.company_id),
        status: if sales_sourced { LeadStatus::Sal } else { LeadStatus::New },
        source: capture.source,
        source_campaign_id: capture.source_campaign,
        ..lead::Model::default()
    };
    capture.interest.fill(&mut row);
    rules::stamp(&mut row, tx.now());
    let lead = raced(tx.create::<lead::Entity>(row).await)?;
    entered(tx, warrant, &lead, None).await?;
    Ok(lead.id)
}

/// Captures take turns; what still turns out to be taken was made on another way at the same moment. The next try finds
/// it.
fn raced<T>(outcome: Result<T>) -> Result<T> {
    outcome.map_err(|error| match error {
        Error::Invalid(mistakes) if mistakes.iter().any(|mistake| mistake.code == "TAKEN") => {
            Error::raced("Somebody has just recorded the same person, company or interaction. Try again.")
        }
        error => error,
    })
}

//! From lead to deal and back: each in one transaction, the lead locked first, every guard before the first write.

use chrono::TimeDelta;
use entity::activity::{self, ActivityStatus};
use entity::campaign_member::{self, MemberStatus};
use entity::deal_contact::DealRole;
use entity::enums::DealStatus;
use entity::lead::LeadStatus;
use entity::{company, contact, deal, deal_contact, event, lead, transition};
use sea_orm::ColumnTrait;
use uuid::Uuid;

use super::commands::lead_named;
use super::conversion_graphql::{ConvertLeadDealInput, ConvertLeadInput, ConvertLeadPayload, UnconvertLeadInput};
use super::rules;
use crate::access::{Action, Kind};
use crate::campaign_member::rules::is_out;
use crate::deal::commands as deals;
use crate::error::{Error, Result};
use crate::graphql::mutation::Changed;
use crate::graphql::node::Node;
use crate::spelling::text;
use crate::store::taker::{heir, taker};
use crate::store::{Change, Tx, Warrant};
use crate::transition::{Step, Subject, record};

/// A conversion can be undone for so many days.
pub const UNDO_DAYS: i64 = 30;
/// What is told afterwards.
pub const TOO_LATE: &str = "A conversion can be undone for 30 days only, and those have passed.";

/// The verbs that convert, as the event log names them.
const VERBS: [&str; 2] = ["convertLead", "convertLeads"];

/// Turns a lead into a deal, or makes it part of one.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN: lead or deal; CONFLICT: another version, a wrong state, another target than before;
/// `Invalid`: what a person can mend.
pub async fn convert(tx: &Tx, input: ConvertLeadInput) -> Result<ConvertLeadPayload> {
    if input.deal.is_some() && input.existing_deal_id.is_some() {
        return Err(Error::invalid("INVALID", "existingDealId", "Give a new deal or an existing one, not both."));
    }
    let lead = tx.claim::<lead::Entity>(lead_named(input.id, input.lead_id)?.uuid(), Action::Convert).await?;
    let warrant = lead.warrant();
    let existing = input.existing_deal_id.map(|id| id.uuid());
    if let Some(deal) = lead.deal_id {
        return again(tx, &lead, deal, existing).await;
    }
    if lead.version != input.expected_version {
        return Err(Error::stale("Lead", lead.version));
    }
    rules::LIFE.check(Action::Convert, lead.status)?;
    let contact = contact_of(tx, &warrant, &lead).await?;
    let given = input.company_id.map(|id| id.uuid());
    if let Some(company) = given
        && !tx.sees(Kind::Company, company).await?
    {
        return Err(Error::invalid("NOT_FOUND", "companyId", "There is no such Company."));
    }
    let company = match given.or(lead.company_id).or(contact.company_id) {
        Some(company) => tx.all::<company::Entity>(&warrant).with_id(company).one().await?.map(|company| company.id),
        None => None,
    };
    let deal = match existing {
        Some(id) => Target::Existing(Box::new(existing_deal(tx, id).await?)),
        None => Target::New(Box::new(new_deal(tx, &lead, company, input.deal.unwrap_or_default()).await?)),
    };

    let (before, deal) = match deal {
        Target::Existing(mut deal) => {
            join(tx, &lead, company, &mut deal).await?;
            (Some(deal.before().clone()), tx.save(*deal).await?)
        }
        Target::New(deal) => {
            let deal = tx.create::<deal::Entity>(*deal).await?;
            deals::record_creation(tx, &warrant, &deal).await?;
            (None, deal)
        }
    };
    let lead = mark_converted(tx, lead, given, &deal).await?;
    fill_company(tx, &warrant, contact, given).await?;
    take_part(tx, &warrant, &lead, &deal, input.contact_role).await?;
    show_planned_activities(tx, &warrant, &lead, &deal).await?;
    set_member(tx, &warrant, &lead, MemberStatus::Converted).await?;
    // The deal is open: its credits are computed when they are read and stored when it is won.
    deals::follow(tx, &warrant, before.as_ref(), &deal).await?;
    Ok(answer(lead.id, deal.id, false))
}

/// Undoes a conversion.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN; CONFLICT: another version, too late, or the deal has gone on; `Invalid`: no reason.
pub async fn unconvert(tx: &Tx, input: UnconvertLeadInput) -> Result<Changed<lead::Entity>> {
    let lead = lead_named(input.id, input.lead_id)?;
    if text::said(&input.reason).is_none() {
        return Err(Error::invalid("REQUIRED", "reason", "Say why the conversion is undone; it is logged."));
    }
    let lead = tx.edit::<lead::Entity>(lead.uuid(), Action::Unconvert, input.expected_version).await?;
    let warrant = lead.warrant();
    rules::LIFE.check(Action::Unconvert, lead.status)?;
    let deal = lead.deal_id.ok_or_else(|| Error::internal("a lead is converted into no deal"))?;
    let Some(converted_at) = lead.converted_at.filter(|at| tx.now() - *at <= TimeDelta::days(UNDO_DAYS)) else {
        return Err(Error::conflict(TOO_LATE));
    };
    let deal = tx.affect::<deal::Entity>(&warrant, deal).await?;
    if deal.status != DealStatus::Open {
        return Err(Error::conflict("The deal is closed. Reopen it first (reopenDeal), then undo the conversion."));
    }
    must_be_last(tx, &warrant, &lead).await?;

    tx.because(&input.reason);
    let (lead_row, before) = (lead.before().clone(), deal.before().clone());
    let lead = mark_qualified(tx, lead).await?;
    let made = made_by_conversion(tx, &warrant, &before, &lead_row).await?;
    let deal = if made { delete(tx, deal).await? } else { unlink(tx, deal, &lead).await? };
    let activities = tx.all::<activity::Entity>(&warrant).matching(activity::Column::LeadId, lead.id);
    let activities = activities.filter(activity::Column::DealId.eq(deal.id));
    for row in activities.filter(activity::Column::CreatedAt.lte(converted_at)).all().await? {
        if linked_by_hand(tx, &warrant, row.id).await? {
            continue;
        }
        let mut row = tx.affected::<activity::Entity>(&warrant, row);
        row.deal_id = None;
        tx.save(row).await?;
    }
    set_member(tx, &warrant, &lead, MemberStatus::Responded).await?;
    deals::follow(tx, &warrant, Some(&before), &deal).await?;
    crate::contact::commands::project_lifecycle(tx, &warrant, lead.contact_id).await?;
    Ok(Changed::row(lead.id))
}

/// What a lead becomes.
enum Target {
    New(Box<deal::Model>),
    Existing(Box<Change<deal::Entity>>),
}

fn answer(lead: Uuid, deal: Uuid, already_converted: bool) -> ConvertLeadPayload {
    ConvertLeadPayload { lead: Node::at(lead), deal: Node::at(deal), already_converted, user_errors: Vec::new() }
}

/// A lead that is converted already: the same answer for the same target.
async fn again(tx: &Tx, lead: &Change<lead::Entity>, deal: Uuid, existing: Option<Uuid>) -> Result<ConvertLeadPayload> {
    let same = match existing {
        Some(existing) => existing == deal,
        None => match tx.all::<deal::Entity>(&lead.warrant()).with_id(deal).one().await? {
            Some(deal) => made_by_conversion(tx, &lead.warrant(), &deal, lead).await?,
            None => false,
        },
    };
    if same {
        return Ok(answer(lead.id, deal, true));
    }
    let deal = named(tx, deal).await?;
    Err(Error::conflict(format!("The lead is part of {deal} already. Undo that first (unconvertLead).")))
}

/// A deal as an error may name it.
async fn named(tx: &Tx, deal: Uuid) -> Result<String> {
    let seen = tx.sees(Kind::Deal, deal).await?;
    Ok(if seen { tx.descriptor::<deal::Entity>().global_id(deal) } else { "a deal you cannot see".to_owned() })
}

async fn contact_of(tx: &Tx, warrant: &Warrant, lead: &lead::Model) -> Result<contact::Model> {
    let contact = tx.all::<contact::Entity>(warrant).with_id(lead.contact_id).one().await?;
    let contact = contact.ok_or_else(|| Error::conflict("The lead's contact was deleted."))?;
    if contact.erased_at.is_some() {
        return Err(Error::conflict("The lead's contact was erased at the person's request."));
    }
    if contact.merged_into_id.is_some() {
        return Err(Error::conflict("The lead's contact was merged into another one. Convert that one's lead."));
    }
    Ok(contact)
}

async fn existing_deal(tx: &Tx, id: Uuid) -> Result<Change<deal::Entity>> {
    let deal = tx.claim::<deal::Entity>(id, Action::Update).await?;
    if deal.status == DealStatus::Open {
        return Ok(deal);
    }
    Err(Error::conflict("The deal is closed. Leads can only join an open deal."))
}

/// The deal to make, complete and checked.
async fn new_deal(
    tx: &Tx,
    lead: &lead::Model,
    company: Option<Uuid>,
    input: ConvertLeadDealInput,
) -> Result<deal::Model> {
    let warrant = tx.may::<deal::Entity>(Action::Create)?;
    must_be_first(tx, &warrant, lead).await?;
    let (pipeline, stage) = (input.pipeline_id.map(|id| id.uuid()), input.stage_id.map(|id| id.uuid()));
    let owner = input.owner_id.map(|id| id.uuid());
    for (kind, id, field) in [(Kind::Pipeline, pipeline, "pipelineId"), (Kind::Stage, stage, "stageId")] {
        if let Some(id) = id
            && !tx.sees(kind, id).await?
        {
            let name = tx.reader().graph().of(kind).name;
            return Err(within_deal(Error::invalid("NOT_FOUND", field, format!("There is no such {name}."))));
        }
    }
    let (amount, currency) = match input.amount {
        Some(amount) => (Some(amount.minor), Some(amount.currency)),
        None => (lead.estimated_value_minor, lead.estimated_value_currency.clone()),
    };
    let owner = match owner {
        Some(owner) => Some(taker(tx, Kind::Deal, owner, "ownerId").await.map_err(within_deal)?),
        None => heir(tx, Kind::Deal, lead.owner_id).await?,
    };
    let viewer = tx.reader().viewer();
    let caller = (Some(viewer.id).filter(|id| !id.is_nil()), viewer.team);
    let (owner, team) = owner.map_or(caller, |owner| (Some(owner.id), owner.team_id));
    let mut deal = deal::Model {
        name: match input.name {
            Some(name) => name,
            None => usual_name(tx, &warrant, company).await?,
        },
        company_id: company,
        pipeline_id: pipeline.unwrap_or_default(),
        stage_id: stage.unwrap_or_default(),
        amount_minor: amount,
        currency: currency.unwrap_or_else(|| tx.reader().base_currency().to_owned()),
        expected_close_on: input.expected_close_on.map(|day| day.0),
        owner_id: owner,
        team_id: team,
        lead_id: Some(lead.id),
        source_campaign_id: lead.source_campaign_id,
        ..deal::Model::default()
    };
    crate::deal::complete(tx, &warrant, &mut deal).await.map_err(within_deal)?;
    crate::deal::rules::check(&mut deal).map_err(within_deal)?;
    Ok(deal)
}

/// A deal that was made for the lead by hand is the one it belongs to.
async fn must_be_first(tx: &Tx, warrant: &Warrant, lead: &lead::Model) -> Result<()> {
    let made = tx.all::<deal::Entity>(warrant).matching(deal::Column::LeadId, lead.id).one().await?;
    match made {
        None => Ok(()),
        Some(deal) if tx.sees(Kind::Deal, deal.id).await? => Err(Error::conflict(format!(
            "{} grew out of this lead: give it as existingDealId.",
            tx.descriptor::<deal::Entity>().global_id(deal.id)
        ))),
        Some(_) => Err(Error::conflict("A deal you cannot see grew out of this lead: ask those who work on it.")),
    }
}

/// The company's name. Never the person's: nothing about a person is copied.
async fn usual_name(tx: &Tx, warrant: &Warrant, company: Option<Uuid>) -> Result<String> {
    let company = match company {
        Some(company) => tx.all::<company::Entity>(warrant).with_id(company).one().await?,
        None => None,
    };
    Ok(company.map_or_else(|| "New deal".to_owned(), |company| company.name))
}

/// Mistakes in the `deal` of the input say so.
fn within_deal(error: Error) -> Error {
    error.within("deal")
}

/// An existing deal takes from the lead what it does not have yet.
async fn join(
    tx: &Tx,
    lead: &Change<lead::Entity>,
    company: Option<Uuid>,
    deal: &mut Change<deal::Entity>,
) -> Result<()> {
    let is_origin = must_be_first(tx, &lead.warrant(), lead).await.is_ok();
    if is_origin && deal.lead_id.is_none() {
        deal.lead_id = Some(lead.id);
    }
    deal.source_campaign_id = deal.source_campaign_id.or(lead.source_campaign_id);
    deal.company_id = deal.company_id.or(company);
    Ok(())
}

async fn mark_converted(
    tx: &Tx,
    mut lead: Change<lead::Entity>,
    company: Option<Uuid>,
    deal: &deal::Model,
) -> Result<lead::Model> {
    let (warrant, from) = (lead.warrant(), lead.status);
    lead.status = rules::LIFE.next(Action::Convert, from)?;
    lead.deal_id = Some(deal.id);
    lead.converted_at = Some(tx.now());
    lead.company_id = lead.company_id.or(company);
    let lead = tx.save(lead).await?;
    record(tx, &warrant, Subject::Lead(lead.id), step(from, lead.status)).await?;
    Ok(lead)
}

fn step(from: LeadStatus, to: LeadStatus) -> Step {
    Step { from: Some(from.as_str().to_owned()), to: to.as_str().to_owned(), ..Step::default() }
}

/// A contact without a company works for the given one.
async fn fill_company(tx: &Tx, warrant: &Warrant, contact: contact::Model, company: Option<Uuid>) -> Result<()> {
    if contact.company_id.is_some() || company.is_none() {
        return Ok(());
    }
    let mut contact = tx.affect::<contact::Entity>(warrant, contact.id).await?;
    contact.company_id = contact.company_id.or(company);
    tx.save(contact).await.map(|_| ())
}

/// The person takes part in the deal; as the first to talk to if there is nobody yet.
async fn take_part(
    tx: &Tx,
    warrant: &Warrant,
    lead: &lead::Model,
    deal: &deal::Model,
    role: Option<DealRole>,
) -> Result<()> {
    let parts = tx.all::<deal_contact::Entity>(warrant).matching(deal_contact::Column::DealId, deal.id).all().await?;
    let has_primary = parts.iter().any(|part| part.is_primary);
    if let Some(part) = parts.into_iter().find(|part| part.contact_id == lead.contact_id) {
        let mut part = tx.affected::<deal_contact::Entity>(warrant, part);
        part.is_primary |= !has_primary;
        return tx.save(part).await.map(|_| ());
    }
    let part = deal_contact::Model {
        deal_id: deal.id,
        contact_id: lead.contact_id,
        role: role.unwrap_or_default(),
        is_primary: !has_primary,
        ..deal_contact::Model::default()
    };
    tx.add::<deal_contact::Entity>(warrant, part).await.map(|_| ())
}

/// What is planned for the lead is planned for the deal; history stays where it is.
async fn show_planned_activities(tx: &Tx, warrant: &Warrant, lead: &lead::Model, deal: &deal::Model) -> Result<()> {
    let planned = tx.all::<activity::Entity>(warrant).matching(activity::Column::LeadId, lead.id);
    let planned = planned.filter(activity::Column::Status.eq(ActivityStatus::Planned));
    for row in planned.filter(activity::Column::DealId.is_null()).order_by(activity::Column::Id).all().await? {
        let mut row = tx.affected::<activity::Entity>(warrant, row);
        row.deal_id = Some(deal.id);
        tx.save(row).await?;
    }
    Ok(())
}

/// The contact as a member of the campaign that brought the lead: converted, or not any more. Who opted out or is
/// excluded stays so.
async fn set_member(tx: &Tx, warrant: &Warrant, lead: &lead::Model, status: MemberStatus) -> Result<()> {
    use campaign_member::Column;
    let Some(campaign) = lead.source_campaign_id else { return Ok(()) };
    let members = tx.all::<campaign_member::Entity>(warrant).matching(Column::CampaignId, campaign);
    let member = members.filter(Column::ContactId.eq(lead.contact_id)).one().await?;
    let status = match member.as_ref() {
        Some(member) if status == MemberStatus::Responded && member.first_responded_at.is_none() => MemberStatus::Sent,
        _ => status,
    };
    let changes = |member: &campaign_member::Model| {
        !is_out(member.status) && [member.status, status].contains(&MemberStatus::Converted)
    };
    let Some(member) = member.filter(changes) else { return Ok(()) };
    let mut member = tx.affected::<campaign_member::Entity>(warrant, member);
    member.status = status;
    tx.save(member).await.map(|_| ())
}

/// Did a conversion of this lead make the deal? The log says so; a deal that is older was only joined.
async fn made_by_conversion(tx: &Tx, warrant: &Warrant, deal: &deal::Model, lead: &lead::Model) -> Result<bool> {
    if deal.lead_id != Some(lead.id) {
        return Ok(false);
    }
    first_verb(tx, warrant, deal.id).await
}

/// Does the history of a row begin with a conversion?
async fn first_verb(tx: &Tx, warrant: &Warrant, subject: Uuid) -> Result<bool> {
    let events = tx.all::<event::Entity>(warrant).matching(event::Column::SubjectId, subject);
    let first = events.order_by(event::Column::Seq).limit(1).one().await?;
    Ok(first.is_some_and(|first| VERBS.contains(&first.action.as_str())))
}

/// Was the activity for its deal from the beginning? Then the conversion did not link it.
async fn linked_by_hand(tx: &Tx, warrant: &Warrant, activity: Uuid) -> Result<bool> {
    let events = tx.all::<event::Entity>(warrant).matching(event::Column::SubjectId, activity);
    let first = events.order_by(event::Column::Seq).limit(1).one().await?;
    Ok(first.is_some_and(|first| first.changes.get("deal").is_some()))
}

/// Nothing may stand on the conversion: leads that joined the deal are taken out in the reverse order. And nothing may
/// stand in the place of the lead.
async fn must_be_last(tx: &Tx, warrant: &Warrant, lead: &lead::Model) -> Result<()> {
    use lead::Column;
    let together = tx.all::<lead::Entity>(warrant).filter(Column::DealId.eq(lead.deal_id)).all().await?;
    let together: Vec<_> = together.into_iter().map(|lead| lead.id).collect();
    let steps = tx.all::<transition::Entity>(warrant).any_of(transition::Column::LeadId, &together);
    let steps = steps.filter(transition::Column::ToState.eq(LeadStatus::Converted.as_str()));
    let last = steps.order_by_desc(transition::Column::At).order_by_desc(transition::Column::Id).limit(1).one().await?;
    if last.is_some_and(|last| last.lead_id != Some(lead.id)) {
        return Err(Error::conflict("Another lead has joined the deal since. Undo that conversion first."));
    }
    let others = || tx.all::<lead::Entity>(warrant).filter(Column::Id.ne(lead.id));
    let closed = [LeadStatus::Converted, LeadStatus::Disqualified];
    let open = others().filter(Column::ContactId.eq(lead.contact_id)).filter(Column::Status.is_not_in(closed));
    if open.count().await? > 0 {
        return Err(Error::conflict("The contact has another open lead now: at most one can be open at a time."));
    }
    Ok(())
}

async fn mark_qualified(tx: &Tx, mut lead: Change<lead::Entity>) -> Result<lead::Model> {
    let (warrant, from) = (lead.warrant(), lead.status);
    lead.status = rules::LIFE.next(Action::Unconvert, from)?;
    lead.deal_id = None;
    lead.converted_at = None;
    lead.sql_at = lead.sql_at.or(Some(tx.now()));
    let lead = tx.save(lead).await?;
    record(tx, &warrant, Subject::Lead(lead.id), step(from, lead.status)).await?;
    Ok(lead)
}

async fn delete(tx: &Tx, mut deal: Change<deal::Entity>) -> Result<deal::Model> {
    crate::deal::commands::remove_lines(tx, &deal.warrant(), deal.id).await?;
    deal.deleted_at = Some(tx.now());
    tx.save(deal).await
}

/// A deal that was only joined loses what the conversion gave it, as the log has it, and the person it brought.
async fn unlink(tx: &Tx, mut deal: Change<deal::Entity>, lead: &lead::Model) -> Result<deal::Model> {
    let warrant = deal.warrant();
    let events = tx.all::<event::Entity>(&warrant).matching(event::Column::SubjectId, deal.id);
    let events = events.filter(event::Column::Action.is_in(VERBS));
    let given = events.order_by_desc(event::Column::Seq).limit(1).one().await?.map(|event| event.changes);
    let was_given = |field: &str| given.as_ref().is_some_and(|given| given.get(field).is_some());
    if deal.lead_id == Some(lead.id) {
        deal.lead_id = None;
        deal.source_campaign_id = deal.source_campaign_id.filter(|_| !was_given("sourceCampaign"));
        deal.company_id = deal.company_id.filter(|_| !was_given("company"));
    }
    let parts = tx.all::<deal_contact::Entity>(&warrant).matching(deal_contact::Column::DealId, deal.id);
    let part = parts.filter(deal_contact::Column::ContactId.eq(lead.contact_id)).one().await?;
    if let Some(part) = part
        && first_verb(tx, &warrant, part.id).await?
    {
        let mut part = tx.affected::<deal_contact::Entity>(&warrant, part);
        part.deleted_at = Some(tx.now());
        tx.save(part).await?;
    }
    tx.save(deal).await
}

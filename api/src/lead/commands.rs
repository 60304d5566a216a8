//! The verbs of a lead's life, from the first nurturing to the end without a deal.

use entity::activity::{self, ActivityKind, ActivityStatus};
use entity::lead::{self, LeadStatus};
use entity::{company, contact};
use uuid::Uuid;

use super::graphql::{
    AcceptLeadInput, DisqualifyLeadInput, HandOffLeadInput, NurtureLeadInput, QualifyForSalesInput, QualifyLeadInput,
    RecallHandoffInput, RecycleLeadInput, RejectLeadInput, RejectedTo,
};
use super::rules::{self, Findings};
use crate::access::{Action, Kind};
use crate::contact::commands::project_lifecycle;
use crate::error::{Code, Error, Result};
use crate::graphql::mutation::Changed;
use crate::graphql::scalar::{Id, Words};
use crate::handoff;
use crate::handoff::rules::Feedback;
use crate::store::taker::heir;
use crate::store::{Change, Tx, Warrant};
use crate::transition::{self, Step, Subject};

type Lead = Change<lead::Entity>;
type Done = Result<Changed<lead::Entity>>;

/// NEW -> NURTURING.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN, CONFLICT.
pub async fn nurture(tx: &Tx, input: NurtureLeadInput) -> Done {
    let mut lead = edit(tx, input.id, Action::Nurture, input.expected_version).await?;
    rules::enter(&mut lead, Action::Nurture, LeadStatus::Nurturing, tx.now())?;
    save(tx, lead).await
}

/// NEW or NURTURING -> MQL, by the score or by a reason.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN, CONFLICT; `Invalid`: a low score and no reason.
pub async fn qualify(tx: &Tx, input: QualifyLeadInput) -> Done {
    let mut lead = edit(tx, input.id, Action::Qualify, input.expected_version).await?;
    let reason = input.reason.and_then(Words::said);
    rules::check_qualification(lead.score, reason.as_deref())?;
    because(tx, &[reason]);
    rules::enter(&mut lead, Action::Qualify, LeadStatus::Mql, tx.now())?;
    save(tx, lead).await
}

/// Opens a hand-off; the lead stays MQL and goes to the target.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN, CONFLICT: one is pending; `Invalid`: nobody to hand it to.
pub async fn hand_off(tx: &Tx, input: HandOffLeadInput) -> Done {
    let mut lead = edit(tx, input.id, Action::HandOff, input.expected_version).await?;
    let warrant = lead.warrant();
    handoff::commands::none_pending(tx, &warrant, lead.id).await?;
    let (owner, team) = (input.owner_id.map(|id| id.uuid()), input.team_id.map(|id| id.uuid()));
    let target = handoff::commands::target(tx, owner, team).await?;
    handoff::commands::open(tx, &warrant, lead.id, lead.team_id, target).await?;
    rules::enter(&mut lead, Action::HandOff, LeadStatus::Mql, tx.now())?;
    lead.owner_id = target.owner;
    lead.team_id = target.team;
    lead.handed_off_at = Some(tx.now());
    save(tx, lead).await
}

/// MQL -> SAL: sales takes what it was handed.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN: handed to others; CONFLICT: nothing is pending; `Invalid`: a rating off the scale.
pub async fn accept(tx: &Tx, input: AcceptLeadInput) -> Done {
    let mut lead = edit(tx, input.id, Action::Accept, input.expected_version).await?;
    let warrant = lead.warrant();
    let feedback = Feedback { reason: None, rating: input.rating, comment: input.comment.and_then(Words::said) };
    handoff::commands::answer(tx, &warrant, lead.id, feedback).await?;
    rules::enter(&mut lead, Action::Accept, LeadStatus::Sal, tx.now())?;
    rules::take(&mut lead, tx.reader().viewer().id);
    let (person, company) = (lead.contact_id, lead.company_id);
    let (owner, team) = (lead.owner_id, lead.team_id);
    let done = save(tx, lead).await?;
    adopt_customer(tx, &warrant, person, company, (owner, team)).await?;
    Ok(done)
}

/// MQL -> NURTURING or DISQUALIFIED: sales sends back what it was handed.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN: handed to others; CONFLICT: nothing is pending; `Invalid`: OTHER without a comment.
pub async fn reject(tx: &Tx, input: RejectLeadInput) -> Done {
    let mut lead = edit(tx, input.id, Action::Reject, input.expected_version).await?;
    let warrant = lead.warrant();
    let comment = input.comment.and_then(Words::said);
    rules::check_comment(input.reason, comment.as_deref())?;
    let feedback = Feedback { reason: Some(input.reason), rating: input.rating, comment };
    let handoff = handoff::commands::answer(tx, &warrant, lead.id, feedback).await?;
    let to = match input.to {
        RejectedTo::Nurturing => LeadStatus::Nurturing,
        RejectedTo::Disqualified => LeadStatus::Disqualified,
    };
    rules::enter(&mut lead, Action::Reject, to, tx.now())?;
    lead.recycled_count = lead.recycled_count.saturating_add(1);
    lead.disqualify_reason = (to == LeadStatus::Disqualified).then_some(input.reason);
    give_back(tx, &mut lead, &handoff).await?;
    save(tx, lead).await
}

/// MQL -> NURTURING: marketing takes back what sales has not answered.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN, CONFLICT: nothing is pending.
pub async fn recall(tx: &Tx, input: RecallHandoffInput) -> Done {
    let lead = lead_named(input.id, input.lead_id)?;
    let mut lead = edit(tx, lead, Action::Recall, input.expected_version).await?;
    because(tx, &[input.reason.and_then(Words::said)]);
    let warrant = lead.warrant();
    let handoff = handoff::commands::recall(tx, &warrant, lead.id).await?;
    rules::enter(&mut lead, Action::Recall, LeadStatus::Nurturing, tx.now())?;
    give_back(tx, &mut lead, &handoff).await?;
    save(tx, lead).await
}

/// SAL -> SQL: need, budget, authority or timing is known. What is found out is kept in the lead and as a note on it.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN, CONFLICT; `Invalid`: nothing is known.
pub async fn qualify_for_sales(tx: &Tx, input: QualifyForSalesInput) -> Done {
    let mut lead = edit(tx, input.id, Action::QualifyForSales, input.expected_version).await?;
    let found = Findings {
        need: input.need.and_then(Words::said),
        budget: input.budget.and_then(Words::said),
        authority: input.authority.and_then(Words::said),
        timing: input.timing.and_then(Words::said),
    };
    let note = found.note();
    found.keep(&mut lead)?;
    let warrant = lead.warrant();
    rules::enter(&mut lead, Action::QualifyForSales, LeadStatus::Sql, tx.now())?;
    let Some(note) = note else { return save(tx, lead).await };
    let row = activity::Model {
        owner_id: lead.owner_id,
        team_id: lead.team_id,
        kind: ActivityKind::Note,
        subject: "Sales qualification".to_owned(),
        body: Some(note),
        status: ActivityStatus::Done,
        ended_at: Some(tx.now()),
        contact_id: Some(lead.contact_id),
        lead_id: Some(lead.id),
        company_id: lead.company_id,
        ..activity::Model::default()
    };
    tx.add::<activity::Entity>(&warrant, row).await?;
    save(tx, lead).await
}

/// Any open state -> DISQUALIFIED.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN, CONFLICT: a hand-off is pending; `Invalid`: OTHER without a comment.
pub async fn disqualify(tx: &Tx, input: DisqualifyLeadInput) -> Done {
    let mut lead = edit(tx, input.id, Action::Disqualify, input.expected_version).await?;
    handoff::commands::none_pending(tx, &lead.warrant(), lead.id).await?;
    let comment = input.comment.and_then(Words::said);
    rules::check_comment(input.reason, comment.as_deref())?;
    because(tx, &[comment]);
    rules::enter(&mut lead, Action::Disqualify, LeadStatus::Disqualified, tx.now())?;
    lead.disqualify_reason = Some(input.reason);
    save(tx, lead).await
}

/// SAL or SQL -> NURTURING: not now. The lead goes back to whom it came from; one of sales' own stays where it is.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN, CONFLICT; `Invalid`: OTHER without a comment.
pub async fn recycle(tx: &Tx, input: RecycleLeadInput) -> Done {
    let mut lead = edit(tx, input.id, Action::Recycle, input.expected_version).await?;
    let comment = input.comment.and_then(Words::said);
    rules::check_comment(input.reason, comment.as_deref())?;
    because(tx, &[Some(input.reason.as_str().to_owned()), comment]);
    let handoff = handoff::commands::last_accepted(tx, &lead.warrant(), lead.id).await?;
    rules::enter(&mut lead, Action::Recycle, LeadStatus::Nurturing, tx.now())?;
    lead.recycled_count = lead.recycled_count.saturating_add(1);
    if let Some(handoff) = handoff {
        give_back(tx, &mut lead, &handoff).await?;
    }
    save(tx, lead).await
}

/// The lead a verb acts on, by either name of it.
///
/// # Errors
/// `Invalid`: none is named, or two.
pub(super) fn lead_named(id: Option<Id<lead::Entity>>, former: Option<Id<lead::Entity>>) -> Result<Id<lead::Entity>> {
    match (id, former) {
        (Some(id), None) | (None, Some(id)) => Ok(id),
        (Some(id), Some(former)) if id.uuid() == former.uuid() => Ok(id),
        (Some(_), Some(_)) => Err(Error::invalid(
            "INVALID",
            "leadId",
            "This is not the lead of `id`: leave one of \
        them out.",
        )),
        (None, None) => Err(Error::invalid("REQUIRED", "id", "Say which lead: give its id.")),
    }
}

async fn edit(tx: &Tx, id: Id<lead::Entity>, action: Action, version: i32) -> Result<Lead> {
    let lead = tx.edit::<lead::Entity>(id.uuid(), action, version).await?;
    rules::LIFE.check(action, lead.status)?;
    Ok(lead)
}

/// Saves the lead, and with a new state its transition and the contact's lifecycle.
async fn save(tx: &Tx, lead: Lead) -> Done {
    let (warrant, from) = (lead.warrant(), lead.before().status);
    let lead = tx.save(lead).await?;
    if lead.status != from {
        entered(tx, &warrant, &lead, Some(from)).await?;
    }
    Ok(Changed::row(lead.id))
}

/// What follows from a new state of a lead.
pub(super) async fn entered(tx: &Tx, warrant: &Warrant, lead: &lead::Model, from: Option<LeadStatus>) -> Result<()> {
    let step = Step {
        from: from.map(|from| from.as_str().to_owned()),
        to: lead.status.as_str().to_owned(),
        ..Step::default()
    };
    transition::record(tx, warrant, Subject::Lead(lead.id), step).await?;
    project_lifecycle(tx, warrant, lead.contact_id).await
}

/// Gives the lead to marketing again: to whom it came from, or to their team if they are not there any more.
async fn give_back(tx: &Tx, lead: &mut Lead, handoff: &entity::handoff::Model) -> Result<()> {
    let owner = heir(tx, Kind::Lead, handoff.from_user_id).await?.map(|user| user.id);
    rules::give_back(lead, owner, handoff.from_team_id);
    Ok(())
}

/// Notes in the event log why.
fn because(tx: &Tx, words: &[Option<String>]) {
    let words: Vec<_> = words.iter().flatten().map(String::as_str).collect();
    if !words.is_empty() {
        tx.because(&words.join(": "));
    }
}

/// A person and a company that nobody looks after go along with the lead, so that its owner can keep their data.
async fn adopt_customer(
    tx: &Tx,
    warrant: &Warrant,
    person: Uuid,
    company: Option<Uuid>,
    (owner, team): (Option<Uuid>, Option<Uuid>),
) -> Result<()> {
    let mut person: Change<contact::Entity> = tx.affect(warrant, person).await?;
    if person.owner_id.is_none() {
        (person.owner_id, person.team_id) = (owner, team);
    }
    tx.save(person).await?;
    let Some(company) = company else { return Ok(()) };
    let mut company: Change<company::Entity> = match tx.affect(warrant, company).await {
        Ok(company) => company,
        // A deleted company needs nobody.
        Err(error) if error.code() == Code::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if company.owner_id.is_none() {
        (company.owner_id, company.team_id) = (owner, team);
    }
    tx.save(company).await.map(|_| ())
}

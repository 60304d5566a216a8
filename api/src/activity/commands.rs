//! The verbs of an activity's life.

use chrono::{DateTime, Utc};
use entity::activity::{self, ActivityStatus};
use uuid::Uuid;

use super::graphql::{
    CancelActivityInput, CompleteActivityInput, CompleteActivityPayload, FollowUpInput, LogActivityInput,
    NoShowActivityInput, PlanActivityInput,
};
use super::rules;
use crate::access::{Action, Kind};
use crate::checks::{Checks, NAME};
use crate::error::{Error, Result};
use crate::graphql::mutation::Changed;
use crate::graphql::node::Node;
use crate::graphql::scalar::Moment;
use crate::spelling::text;
use crate::store::Tx;
use crate::store::taker::{heir, taker};

/// A changed activity.
type Outcome = Result<Changed<activity::Entity>>;

/// Logs what was done; with a due time, plans what is to be done.
///
/// # Errors
/// FORBIDDEN; `Invalid`: a link is missing or hidden, an outcome is missing.
pub async fn log(tx: &Tx, input: LogActivityInput) -> Outcome {
    let mut checks = Checks::new();
    let planned = input.due_at.is_some();
    if planned {
        let done = input.outcome.is_some() || input.started_at.is_some() || input.ended_at.is_some();
        checks.expect(!done, "NOT_ALLOWED", "dueAt", "What was done has no due time: leave dueAt out.");
    } else {
        rules::check_outcome(input.kind, input.outcome, &mut checks);
    }
    let (started_at, ended_at) = if planned { (None, None) } else { took_place(tx, input.started_at, input.ended_at) };
    let row = activity::Model {
        kind: input.kind,
        subject: input.subject,
        body: input.body,
        direction: input.direction,
        status: if planned { ActivityStatus::Planned } else { ActivityStatus::Done },
        priority: input.priority,
        due_at: input.due_at.map(|at| at.0),
        started_at,
        ended_at,
        outcome: input.outcome,
        owner_id: input.owner_id.map(|id| id.uuid()),
        contact_id: input.contact_id.map(|id| id.uuid()),
        lead_id: input.lead_id.map(|id| id.uuid()),
        deal_id: input.deal_id.map(|id| id.uuid()),
        company_id: input.company_id.map(|id| id.uuid()),
        campaign_id: input.campaign_id.map(|id| id.uuid()),
        source_system: input.source_system,
        external_id: input.external_id,
        ..activity::Model::default()
    };
    begin(tx, row, checks).await
}

/// Plans what is to be done.
///
/// # Errors
/// FORBIDDEN; `Invalid`: a link is missing or hidden.
pub async fn plan(tx: &Tx, input: PlanActivityInput) -> Outcome {
    let row = activity::Model {
        kind: input.kind,
        subject: input.subject,
        body: input.body,
        direction: input.direction,
        status: ActivityStatus::Planned,
        priority: input.priority,
        due_at: Some(input.due_at.0),
        owner_id: input.owner_id.map(|id| id.uuid()),
        contact_id: input.contact_id.map(|id| id.uuid()),
        lead_id: input.lead_id.map(|id| id.uuid()),
        deal_id: input.deal_id.map(|id| id.uuid()),
        company_id: input.company_id.map(|id| id.uuid()),
        campaign_id: input.campaign_id.map(|id| id.uuid()),
        source_system: input.source_system,
        external_id: input.external_id,
        ..activity::Model::default()
    };
    begin(tx, row, Checks::new()).await
}

/// Makes the row, for whom its owner is, or for the caller.
async fn begin(tx: &Tx, mut row: activity::Model, mut checks: Checks) -> Outcome {
    tx.may::<activity::Entity>(Action::Create)?;
    (row.owner_id, row.team_id) = responsible(tx, row.owner_id, "ownerId", &mut checks).await?;
    rules::check(&mut row, &mut checks);
    rules::check_past(&mut row, tx.now(), &mut checks);
    checks.optional("sourceSystem", &mut row.source_system, NAME);
    checks.optional("externalId", &mut row.external_id, NAME);
    check_links(tx, &row, &mut checks).await?;
    checks.done()?;
    Ok(Changed::row(tx.create::<activity::Entity>(row).await?.id))
}

/// Completes a planned activity and plans what follows.
///
/// # Errors
/// CONFLICT: not planned; `Invalid`: an outcome is missing, the follow-up is incomplete.
pub async fn complete(tx: &Tx, input: CompleteActivityInput) -> Result<CompleteActivityPayload> {
    let mut activity = tx.edit::<activity::Entity>(input.id.uuid(), Action::Complete, input.expected_version).await?;
    let warrant = activity.warrant();
    activity.status = rules::LIFE.next(Action::Complete, activity.status)?;
    activity.outcome = input.outcome;
    if input.body.is_some() {
        activity.body = input.body;
    }
    let (started_at, ended_at) = took_place(tx, input.started_at, input.ended_at);
    activity.started_at = started_at.or(activity.started_at);
    activity.ended_at = ended_at;
    let mut checks = Checks::new();
    rules::check_outcome(activity.kind, activity.outcome, &mut checks);
    rules::check(&mut activity, &mut checks);
    rules::check_past(&mut activity, tx.now(), &mut checks);
    let next = match input.follow_up {
        Some(next) => Some(follow_up(tx, &activity, next, &mut checks).await?),
        None => None,
    };
    checks.done()?;
    let activity = tx.save(activity).await?;
    let next = match next {
        Some(next) => Some(tx.add::<activity::Entity>(&warrant, next).await?.id),
        None => None,
    };
    Ok(CompleteActivityPayload {
        activity: Node::at(activity.id),
        follow_up: Node::maybe(next),
        user_errors: Vec::new(),
    })
}

/// Calls a planned activity off.
///
/// # Errors
/// CONFLICT: not planned.
pub async fn cancel(tx: &Tx, input: CancelActivityInput) -> Outcome {
    let mut activity = tx.edit::<activity::Entity>(input.id.uuid(), Action::Cancel, input.expected_version).await?;
    activity.status = rules::LIFE.next(Action::Cancel, activity.status)?;
    if let Some(reason) = input.reason.as_deref().and_then(text::said) {
        tx.because(reason);
    }
    Ok(Changed::row(tx.save(activity).await?.id))
}

/// Notes that the other side did not turn up.
///
/// # Errors
/// CONFLICT: not planned, or nothing that anybody could miss.
pub async fn no_show(tx: &Tx, input: NoShowActivityInput) -> Outcome {
    let mut activity = tx.edit::<activity::Entity>(input.id.uuid(), Action::NoShow, input.expected_version).await?;
    if !rules::has_company(activity.kind) {
        return Err(Error::conflict(format!(
            "Nobody can miss a {}: complete or cancel it instead.",
            activity.kind.as_str()
        )));
    }
    activity.status = rules::LIFE.next(Action::NoShow, activity.status)?;
    Ok(Changed::row(tx.save(activity).await?.id))
}

async fn follow_up(tx: &Tx, of: &activity::Model, next: FollowUpInput, checks: &mut Checks) -> Result<activity::Model> {
    let owner = match next.owner_id {
        Some(id) => responsible(tx, Some(id.uuid()), "followUp.ownerId", checks).await?,
        None if heir(tx, Kind::Activity, of.owner_id).await?.is_some() => (None, None),
        None => caller(tx),
    };
    let next = activity::Model {
        kind: next.kind,
        subject: next.subject,
        body: next.body,
        direction: next.direction,
        priority: next.priority,
        due_at: Some(next.due_at.0),
        owner_id: owner.0,
        team_id: owner.1,
        ..activity::Model::default()
    };
    let mut next = rules::follow_up(of, next);
    checks.name("followUp.subject", &mut next.subject);
    checks.optional("followUp.body", &mut next.body, crate::checks::TEXT);
    Ok(next)
}

/// Who is responsible, with the team: the given user, else the caller.
async fn responsible(
    tx: &Tx,
    owner: Option<Uuid>,
    field: &str,
    checks: &mut Checks,
) -> Result<(Option<Uuid>, Option<Uuid>)> {
    let Some(owner) = owner else { return Ok(caller(tx)) };
    let user = checks.note(taker(tx, Kind::Activity, owner, field).await)?;
    Ok((Some(owner), user.and_then(|user| user.team_id)))
}

fn caller(tx: &Tx) -> (Option<Uuid>, Option<Uuid>) {
    let viewer = tx.reader().viewer();
    (Some(viewer.id).filter(|id| !id.is_nil()), viewer.team)
}

/// At least one link, and each to a row that the caller sees.
async fn check_links(tx: &Tx, row: &activity::Model, checks: &mut Checks) -> Result<()> {
    let links = [
        ("contactId", Kind::Contact, row.contact_id),
        ("leadId", Kind::Lead, row.lead_id),
        ("dealId", Kind::Deal, row.deal_id),
        ("companyId", Kind::Company, row.company_id),
        ("campaignId", Kind::Campaign, row.campaign_id),
    ];
    let linked = links.iter().any(|(_, _, id)| id.is_some());
    checks.expect(
        linked,
        "REQUIRED",
        "contactId",
        "Say what it is for: give contactId, leadId, dealId, companyId or campaignId.",
    );
    for (field, kind, id) in links {
        let Some(id) = id else { continue };
        let seen = tx.sees(kind, id).await?;
        checks.expect(seen, "NOT_FOUND", field, &format!("There is no such {}.", tx.reader().graph().of(kind).name));
    }
    Ok(())
}

fn took_place(
    tx: &Tx,
    started_at: Option<Moment>,
    ended_at: Option<Moment>,
) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    rules::took_place(started_at.map(|at| at.0), ended_at.map(|at| at.0), tx.now())
}

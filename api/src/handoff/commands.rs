//! Opening, answering and acknowledging hand-offs.

use entity::handoff::{self, Column, HandoffStatus};
use entity::team::{self, TeamFunction};
use entity::user::{self, UserStatus};
use sea_orm::ColumnTrait;
use uuid::Uuid;

use super::graphql::AcknowledgeHandoffInput;
use super::rules::{self, Feedback};
use crate::access::{Action, Kind, policy};
use crate::error::{Error, Result};
use crate::graphql::mutation::Changed;
use crate::graphql::scalar::Words;
use crate::store::{Resource, Tx, Warrant};

/// Who is to take a lead: a person, or the pool of a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The person; none for the pool.
    pub owner: Option<Uuid>,
    /// The team.
    pub team: Option<Uuid>,
}

/// Finds out whether a lead can be handed to this person or team.
///
/// # Errors
/// `Invalid`: nobody is named, or one who does not take leads.
pub async fn target(tx: &Tx, owner: Option<Uuid>, team: Option<Uuid>) -> Result<Target> {
    match (owner, team) {
        (None, None) => Err(Error::invalid("REQUIRED", "ownerId", "Name a person or a team in sales to hand it to.")),
        (None, Some(team)) => {
            let team = seen::<team::Entity>(tx, team, "teamId").await?;
            if team.function == TeamFunction::Marketing {
                return Err(Error::invalid("NOT_ALLOWED", "teamId", format!("{} does not take leads.", team.name)));
            }
            Ok(Target { owner: None, team: Some(team.id) })
        }
        (Some(owner), team) => {
            let user = seen::<user::Entity>(tx, owner, "ownerId").await?;
            if !takes_leads(&user) {
                return Err(Error::invalid("NOT_ALLOWED", "ownerId", format!("{} does not take leads.", user.name)));
            }
            if team.is_some() && team != user.team_id {
                let message = format!("{} is not in this team. Name one of both.", user.name);
                return Err(Error::invalid("INVALID", "teamId", message));
            }
            Ok(Target { owner: Some(user.id), team: user.team_id })
        }
    }
}

/// Can this user answer a hand-off at all?
fn takes_leads(user: &user::Model) -> bool {
    user.status == UserStatus::Active && !policy::reach(Kind::Lead, Action::Accept, user.role).is_none()
}

async fn seen<E: Resource>(tx: &Tx, id: Uuid, field: &str) -> Result<E::Model> {
    let row = match tx.find::<E>() {
        Ok(rows) => rows.with_id(id).one().await?,
        Err(_) => None,
    };
    row.ok_or_else(|| {
        Error::invalid("NOT_FOUND", field, format!("There is no such {}.", tx.descriptor::<E>().name.to_lowercase()))
    })
}

/// The hand-off of a lead that waits for an answer.
///
/// # Errors
/// Database errors.
pub async fn pending(tx: &Tx, warrant: &Warrant, lead: Uuid) -> Result<Option<handoff::Model>> {
    let rows = tx.all::<handoff::Entity>(warrant).matching(Column::LeadId, lead);
    rows.filter(Column::Status.eq(HandoffStatus::Pending)).one().await
}

/// Refuses what would cut off sales' answer to a pending hand-off.
///
/// # Errors
/// CONFLICT.
pub async fn none_pending(tx: &Tx, warrant: &Warrant, lead: Uuid) -> Result<()> {
    match pending(tx, warrant, lead).await? {
        None => Ok(()),
        Some(_) => Err(Error::conflict(
            "The lead is waiting for sales to answer a hand-off: acceptLead, rejectLead or recallHandoff comes \
            first.",
        )),
    }
}

/// The last hand-off of a lead that sales accepted.
///
/// # Errors
/// Database errors.
pub async fn last_accepted(tx: &Tx, warrant: &Warrant, lead: Uuid) -> Result<Option<handoff::Model>> {
    let rows = tx.all::<handoff::Entity>(warrant).matching(Column::LeadId, lead);
    let rows = rows.filter(Column::Status.eq(HandoffStatus::Accepted));
    rows.order_by_desc(Column::HandedAt).order_by_desc(Column::Id).limit(1).one().await
}

/// Opens a hand-off of a lead to sales. The caller gets the lead back if sales rejects it.
///
/// # Errors
/// `Invalid` with `TAKEN`: one is pending.
pub async fn open(tx: &Tx, warrant: &Warrant, lead: Uuid, from_team: Option<Uuid>, to: Target) -> Result<()> {
    let caller = tx.reader().viewer();
    let row = handoff::Model {
        lead_id: lead,
        from_user_id: Some(caller.id).filter(|id| !id.is_nil()),
        from_team_id: caller.team.or(from_team),
        to_owner_id: to.owner,
        to_team_id: to.team,
        status: HandoffStatus::Pending,
        handed_at: tx.now(),
        due_at: rules::due_at(tx.now()),
        ..handoff::Model::default()
    };
    tx.add::<handoff::Entity>(warrant, row).await.map(|_| ())
}

/// Sales answers the pending hand-off of a lead; answers the hand-off.
///
/// # Errors
/// CONFLICT: none is pending; FORBIDDEN: it is addressed to others.
pub async fn answer(tx: &Tx, warrant: &Warrant, lead: Uuid, feedback: Feedback) -> Result<handoff::Model> {
    feedback.check()?;
    let mut handoff = tx.affected::<handoff::Entity>(warrant, demanded(pending(tx, warrant, lead).await?)?);
    if !tx.reaches(Kind::Handoff, handoff.id, warrant.action()).await? {
        return Err(tx.forbidden::<handoff::Entity>(warrant.action()));
    }
    rules::answer(&mut handoff, warrant.action(), tx.reader().viewer().id, tx.now(), feedback)?;
    tx.save(handoff).await
}

/// Marketing takes the pending hand-off of a lead back; answers the hand-off.
///
/// # Errors
/// CONFLICT: none is pending.
pub async fn recall(tx: &Tx, warrant: &Warrant, lead: Uuid) -> Result<handoff::Model> {
    let mut handoff = tx.affected::<handoff::Entity>(warrant, demanded(pending(tx, warrant, lead).await?)?);
    rules::recall(&mut handoff)?;
    tx.save(handoff).await
}

fn demanded(pending: Option<handoff::Model>) -> Result<handoff::Model> {
    pending.ok_or_else(|| Error::conflict("No hand-off of this lead is pending: there is none, or it was answered."))
}

/// A pending hand-off goes along when its lead is given to another of sales.
///
/// # Errors
/// CONFLICT: the new owner cannot answer it.
pub async fn follow(tx: &Tx, warrant: &Warrant, lead: Uuid, owner: Option<Uuid>, team: Option<Uuid>) -> Result<()> {
    let Some(handoff) = pending(tx, warrant, lead).await? else { return Ok(()) };
    if let Some(owner) = owner {
        let user = tx.all::<user::Entity>(warrant).with_id(owner).one().await?;
        if !user.is_some_and(|user| takes_leads(&user)) {
            return Err(Error::conflict(
                "The lead is waiting for an answer from sales, and the new owner cannot give it: recallHandoff \
                comes first.",
            ));
        }
    }
    let mut handoff = tx.affected::<handoff::Entity>(warrant, handoff);
    handoff.to_owner_id = owner;
    handoff.to_team_id = team;
    tx.save(handoff).await.map(|_| ())
}

/// Marketing takes note of what sales answered.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN, CONFLICT.
pub async fn acknowledge(tx: &Tx, input: AcknowledgeHandoffInput) -> Result<Changed<handoff::Entity>> {
    let id = input.id.uuid();
    let mut handoff = tx.edit::<handoff::Entity>(id, Action::Acknowledge, input.expected_version).await?;
    let taken = input.action_taken.and_then(Words::said);
    rules::acknowledge(&mut handoff, tx.reader().viewer().id, tx.now(), taken)?;
    tx.save(handoff).await?;
    Ok(Changed::row(id))
}

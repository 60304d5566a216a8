//! Bringing a batch into the database.

use chrono::{DateTime, Utc};
use entity::{deal, event, team};
use uuid::Uuid;

use super::{Batch, Happening, Record, Shelf};
use crate::error::Result;
use crate::store::Tx;
use crate::store::system::System;

/// Loads the rows of a batch, table by table: none before those it refers to. Answers what [`log`] tells of them.
///
/// # Errors
/// Database errors.
pub async fn load(system: &System, tx: &Tx, batch: Batch) -> Result<Vec<Happening>> {
    let Batch {
        mut teams,
        users,
        rates,
        pipelines,
        stages,
        campaigns,
        companies,
        contacts,
        touchpoints,
        members,
        mut deals,
        leads,
        handoffs,
        deal_contacts,
        products,
        line_items,
        activities,
        transitions,
        credits,
        happenings,
    } = batch;
    // Two circles: users and teams, leads and deals. One side of each comes first without its reference.
    let leaders: Vec<_> = teams.iter().filter_map(|team| Some((team.id, team.lead_id?))).collect();
    teams.iter_mut().for_each(|team| team.lead_id = None);
    let origins: Vec<_> = deals.iter().filter_map(|deal| Some((deal.id, deal.lead_id?))).collect();
    deals.iter_mut().for_each(|deal| deal.lead_id = None);
    put(system, tx, &teams).await?;
    put(system, tx, &users).await?;
    system.refer::<team::Entity>(tx, team::Column::LeadId, &leaders).await?;
    put(system, tx, &rates).await?;
    put(system, tx, &pipelines).await?;
    put(system, tx, &stages).await?;
    put(system, tx, &campaigns).await?;
    put(system, tx, &companies).await?;
    put(system, tx, &contacts).await?;
    put(system, tx, &touchpoints).await?;
    put(system, tx, &members).await?;
    put(system, tx, &deals).await?;
    put(system, tx, &leads).await?;
    system.refer::<deal::Entity>(tx, deal::Column::LeadId, &origins).await?;
    put(system, tx, &handoffs).await?;
    put(system, tx, &deal_contacts).await?;
    put(system, tx, &products).await?;
    put(system, tx, &line_items).await?;
    put(system, tx, &activities).await?;
    put(system, tx, &transitions).await?;
    system.load(tx, &credits).await?;
    Ok(happenings)
}

/// Writes the events; `ids` makes their ids. Nobody else gets a number until the transaction ends, so it must not wait for a
/// row of others any more.
///
/// # Errors
/// Database errors.
pub async fn log(
    system: &System,
    tx: &Tx,
    happenings: Vec<Happening>,
    ids: &mut (dyn FnMut(DateTime<Utc>) -> Uuid + Send),
) -> Result<()> {
    if happenings.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(happenings.len()).unwrap_or(i64::MAX);
    let last = system.take_sequence(tx, count).await?;
    let events: Vec<event::Model> = (last - count + 1..=last)
        .zip(happenings)
        .map(|(seq, happening)| event::Model {
            seq,
            id: ids(happening.act.at),
            at: happening.act.at,
            actor_id: happening.act.by,
            action: happening.act.verb.to_owned(),
            subject_type: happening.kind.as_str().to_owned(),
            subject_id: happening.subject,
            changes: happening.changes,
        })
        .collect();
    system.load(tx, &events).await
}

async fn put<M: Record>(system: &System, tx: &Tx, shelf: &Shelf<M>) -> Result<()> {
    system.load(tx, &shelf.made).await?;
    system.replace(tx, &shelf.changed).await
}

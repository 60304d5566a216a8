//! Bringing the stories into the database, batch by batch.

use entity::{company, contact, deal, event, team, user};
use tokio::sync::mpsc::{Receiver, channel};

use super::chance::Chance;
use super::chronicle::{Batch, Chronicle};
use super::staff::{DemoUser, users};
use super::{SEED, Scope, World, about_all, calendar::Calendar, story};
use crate::access::password;
use crate::error::{Error, Result};
use crate::store::Tx;
use crate::store::system::System;

/// Fills an empty database with the demo company and answers who can sign in. `scale` is none for the small demo, or
/// how many times 100,000 leads there shall be. `progress` gets a line now and then.
///
/// # Errors
/// CONFLICT: the database is not empty; database errors then it is as empty as before.
pub async fn seed(system: &System, scale: Option<u32>, progress: &(dyn Fn(&str) + Sync)) -> Result<Vec<DemoUser>> {
    let scope = Scope::of(scale);
    let demo_users = users();
    let mut passwords = Vec::new();
    for user in &demo_users {
        passwords.push(password::hash(user.password.clone()).await?);
    }
    // One transaction: a database is filled or it is empty. Of several replicas that find it empty, one fills it.
    let tx = system.begin("seed").await?;
    tx.take_turns("seed").await?;
    refuse_if_used(system, &tx).await?;
    system.mark_demo(&tx).await?;
    let stripped = system.strip(&tx).await?;
    let mut batches = tell(system.clone(), scope, passwords);
    while let Some((told, batch)) = batches.recv().await {
        let rows = batch.count();
        write(system, &tx, batch).await?;
        progress(&format!("{told} of {} companies, {rows} rows more", scope.companies));
    }
    progress("indexes");
    system.restore(&tx, stripped).await?;
    tx.commit().await?;
    Ok(demo_users)
}

/// Tells the stories on a thread of its own, one batch ahead of the database. Each batch comes with how many companies
/// were told of by then.
fn tell(system: System, scope: Scope, passwords: Vec<String>) -> Receiver<(u64, Batch)> {
    let (give, take) = channel(1);
    tokio::task::spawn_blocking(move || {
        let calendar = Calendar::until(system.store().clock().now());
        let mut book = Chronicle::new(&system, about_all());
        let world = World::found(&mut book, calendar, scope, system.store().base_currency(), passwords);
        let mut told = 0;
        while told < scope.companies {
            let next = (told + scope.batch).min(scope.companies);
            for number in told..next {
                story::tell(&mut book, &world, number);
            }
            told = next;
            if give.blocking_send((told, book.take())).is_err() {
                // Whoever loads them has given up.
                return;
            }
        }
    });
    take
}

/// Demo data are not mixed with others.
async fn refuse_if_used(system: &System, tx: &Tx) -> Result<()> {
    let empty = system.is_empty::<user::Entity>(tx).await?
        && system.is_empty::<team::Entity>(tx).await?
        && system.is_empty::<company::Entity>(tx).await?
        && system.is_empty::<contact::Entity>(tx).await?
        && system.is_empty::<deal::Entity>(tx).await?
        && system.is_empty::<event::Entity>(tx).await?;
    if empty {
        return Ok(());
    }
    Err(Error::conflict("The database is not empty. Demo data go into an empty one only: name another database."))
}

/// Loads a batch, table by table: none before those it refers to.
async fn write(system: &System, tx: &Tx, batch: Batch) -> Result<()> {
    let Batch {
        teams,
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
        activities,
        transitions,
        credits,
        happenings,
    } = batch;
    // Two circles: users and teams, leads and deals. One side of each comes first without its reference.
    let leaders: Vec<_> = teams.iter().filter_map(|team| Some((team.id, team.lead_id?))).collect();
    let teams: Vec<_> = teams.into_iter().map(|team| team::Model { lead_id: None, ..team }).collect();
    let origins: Vec<_> = deals.iter().filter_map(|deal| Some((deal.id, deal.lead_id?))).collect();
    deals.iter_mut().for_each(|deal| deal.lead_id = None);
    system.load(tx, &teams).await?;
    system.load(tx, &users).await?;
    system.refer::<team::Entity>(tx, team::Column::LeadId, &leaders).await?;
    system.load(tx, &rates).await?;
    system.load(tx, &pipelines).await?;
    system.load(tx, &stages).await?;
    system.load(tx, &campaigns).await?;
    system.load(tx, &companies).await?;
    system.load(tx, &contacts).await?;
    system.load(tx, &touchpoints).await?;
    system.load(tx, &members).await?;
    system.load(tx, &deals).await?;
    system.load(tx, &leads).await?;
    system.refer::<deal::Entity>(tx, deal::Column::LeadId, &origins).await?;
    system.load(tx, &handoffs).await?;
    system.load(tx, &deal_contacts).await?;
    system.load(tx, &activities).await?;
    system.load(tx, &transitions).await?;
    system.load(tx, &credits).await?;
    let count = i64::try_from(happenings.len()).unwrap_or(i64::MAX);
    let last = system.take_sequence(tx, count).await?;
    let mut ids = Chance::about(SEED, last.cast_unsigned().wrapping_neg());
    let events: Vec<event::Model> = (last - count + 1..=last)
        .zip(happenings)
        .map(|(seq, happening)| event::Model {
            seq,
            id: ids.id(happening.act.at),
            at: happening.act.at,
            actor_id: happening.act.by,
            action: happening.act.verb.to_owned(),
            subject_type: happening.kind.to_owned(),
            subject_id: happening.subject,
            changes: happening.changes,
        })
        .collect();
    system.load(tx, &events).await
}

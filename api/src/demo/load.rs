//! Bringing the stories into the database, batch by batch.

use entity::{company, contact, deal, event, team, user};
use tokio::sync::mpsc::{Receiver, channel};

use super::chance::Chance;
use super::chronicle::Chronicle;
use super::firms::Register;
use super::staff::{DemoUser, users};
use super::{SEED, Scope, World, about_all, calendar::Calendar, refusals, story};
use crate::access::password;
use crate::error::{Error, Result};
use crate::history::{self, Batch};
use crate::store::Tx;
use crate::store::system::System;

/// Fills an empty database with the demo company and answers who can sign in. `scale` is none for the small demo, or
/// how many times 100,000 leads there shall be. `progress` gets a line now and then.
///
/// # Errors
/// CONFLICT: the database is not empty; database errors; then it is as empty as before.
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
        let mut ids = Chance::about(SEED, told.wrapping_neg());
        let happenings = history::load(system, &tx, batch).await?;
        history::log(system, &tx, happenings, &mut |at| ids.id(at)).await?;
        progress(&format!("{told} of {} companies, {rows} rows more", scope.companies));
    }
    refusals::keep(system, &tx).await?;
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
        let mut register = Register::default();
        let mut told = 0;
        while told < scope.companies {
            let next = (told + scope.batch).min(scope.companies);
            for number in told..next {
                story::tell(&mut book, &world, &mut register, number);
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
    Err(Error::conflict("The database is not empty. Demo data only go into an empty one: name another database."))
}

//! Bringing the stories into the database, batch by batch.

use entity::{company, contact, deal, event, team, user};

use super::chance::Chance;
use super::chronicle::Chronicle;
use super::staff::{DemoUser, users};
use super::{SEED, Scope, World, about_all, calendar::Calendar, story};
use crate::access::password;
use crate::error::{Error, Result};
use crate::history;
use crate::store::Tx;
use crate::store::system::System;

/// Fills an empty database with the demo company and answers who can sign in. `scale` is none for the small demo, or
/// how many times 100,000 leads there shall be. `progress` gets a line now and then.
///
/// # Errors
/// CONFLICT: the database is not empty; database errors (batches that were committed before stay).
pub async fn seed(system: &System, scale: Option<u32>, progress: &(dyn Fn(&str) + Sync)) -> Result<Vec<DemoUser>> {
    let scope = Scope::of(scale);
    let demo_users = users();
    let mut passwords = Vec::new();
    for user in &demo_users {
        passwords.push(password::hash(user.password.clone()).await?);
    }
    let calendar = Calendar::until(system.store().clock().now());
    let mut book = Chronicle::new(system, about_all());
    let world = World::found(&mut book, calendar, scope, system.store().base_currency(), passwords);
    let mut told = 0;
    while told < scope.companies {
        let first = told == 0;
        let next = (told + scope.batch).min(scope.companies);
        for number in told..next {
            story::tell(&mut book, &world, number);
        }
        told = next;
        let batch = book.take();
        let rows = batch.count();
        let tx = system.begin("seed").await?;
        if first {
            refuse_if_used(system, &tx).await?;
            system.mark_demo(&tx).await?;
        }
        let mut ids = Chance::about(SEED, told.wrapping_neg());
        history::load(system, &tx, batch, &mut |at| ids.id(at)).await?;
        tx.commit().await?;
        progress(&format!("{told} of {} companies, {rows} rows more", scope.companies));
    }
    Ok(demo_users)
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

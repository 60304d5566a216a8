//! Keeping what was refused: outside of the transaction that was refused, and never at the price of the answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entity::security_event::{Entity, Model, SecurityAction};
use futures_util::future::BoxFuture;
use tracing::Instrument;

use super::rules::{Quota, Source};
use crate::error::{Denied, Result};
use crate::graphql::host::Witness;
use crate::request::Caller;
use crate::spelling::{Text, spell};
use crate::store::system::System;

/// How long an answer waits until an attempt is written down.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it is looked whether a minute has ended of which something is left to be written.
const EVERY: Duration = Duration::from_secs(10);

/// The security log of this process.
pub struct SecurityLog {
    system: System,
    quota: Mutex<Quota>,
}

impl SecurityLog {
    /// Writes to this database.
    pub fn new(system: System) -> Self {
        Self { system, quota: Mutex::default() }
    }

    /// A sign-in failed. What was typed is kept only if it is an e-mail address.
    pub async fn sign_in_failed(&self, from: Caller, typed: &str) {
        let address = spell(Text::Email, typed).ok();
        let row = Model { address, operation: "signIn".to_owned(), ..Model::default() };
        self.note(from, row, 1).await;
    }

    /// Somebody who is signed in said a wrong old password, so many times.
    pub async fn password_failed(&self, from: Caller, operation: &str, times: u32) {
        self.note(from, Model { operation: operation.to_owned(), ..Model::default() }, times).await;
    }

    async fn note(&self, from: Caller, row: Model, times: u32) {
        if times == 0 {
            return;
        }
        let clock = self.system.store().clock();
        let network = from.peer.map(|peer| peer.to_canonical().to_string());
        let source = match from.actor {
            Some(actor) => Source::User(actor),
            None => Source::Network(from.peer.map(|peer| crate::allowance::network(peer).to_string())),
        };
        let row = Model {
            id: clock.id(),
            at: clock.now(),
            actor_id: from.actor,
            network,
            dropped: i32::try_from(times - 1).unwrap_or(i32::MAX),
            ..row
        };
        let minute = minute(&self.system);
        let rows = self.quota.lock().unwrap_or_else(PoisonError::into_inner).take(source, row, minute);
        self.write(rows).await;
    }

    /// Writes what is left of the minutes that have ended.
    pub async fn settle(&self) {
        self.end_before(minute(&self.system)).await;
    }

    /// Writes all that is left.
    pub async fn end(&self) {
        self.end_before(i64::MAX).await;
    }

    async fn end_before(&self, minute: i64) {
        let rows = self.quota.lock().unwrap_or_else(PoisonError::into_inner).end_before(minute);
        self.write(rows).await;
    }

    /// Whether it can be written or not, the answer is the same; it waits a little, so that who looks finds it.
    async fn write(&self, rows: Vec<Model>) {
        if rows.is_empty() {
            return;
        }
        let system = self.system.clone();
        let writing = async move {
            if let Err(error) = insert(&system, &rows).await {
                tracing::warn!(%error, rows = rows.len(), "what was refused could not be kept in the security log");
            }
        };
        let _ = tokio::time::timeout(PATIENCE, tokio::spawn(writing.in_current_span())).await;
    }
}

impl Witness for SecurityLog {
    fn access_refused<'a>(&'a self, from: Caller, operation: &'a str, denied: Denied, times: u32) -> BoxFuture<'a, ()> {
        let row = Model {
            action: SecurityAction::AccessRefused,
            operation: operation.to_owned(),
            subject_id: denied.subject,
            missing_right: Some(denied.right),
            ..Model::default()
        };
        Box::pin(self.note(from, row, times))
    }
}

async fn insert(system: &System, rows: &[Model]) -> Result<()> {
    let tx = system.begin("securityEvent").await?;
    system.put::<Entity>(&tx, rows).await?;
    tx.commit().await
}

fn minute(system: &System) -> i64 {
    system.store().clock().now().timestamp().div_euclid(60)
}

/// Writes what is left of each minute, for as long as it is polled.
pub async fn keep_settled(log: Arc<SecurityLog>) {
    loop {
        tokio::time::sleep(EVERY).await;
        log.settle().await;
    }
}

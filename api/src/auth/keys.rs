//! The signing keys as all replicas share them. They stand in the database (unless they are configured) and are read
//! again while the service runs, so that a rotation needs no restart.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use entity::signing_key::{Column, Entity, Model};
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, Value};
use serde_json::Value as Json;
use tokio::sync::Mutex;

use crate::access::key::{self, Key, NOTICE};
use crate::access::token::{Claims, Keys, Pass};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::store::Tx;
use crate::store::system::System;

/// How long the keys are taken for current.
const FRESH: TimeDelta = TimeDelta::seconds(60);
/// How soon they may be read again for a token with an unknown key: strangers can write as many of them as they like.
const SOONEST: TimeDelta = TimeDelta::seconds(5);

/// The keys of a running service.
pub struct Keyring {
    system: System,
    /// Configured keys never change.
    configured: bool,
    issuer: String,
    audience: String,
    known: RwLock<Known>,
    turn: Mutex<()>,
}

#[derive(Clone)]
struct Known {
    keys: Arc<Keys>,
    read_at: DateTime<Utc>,
    tried_at: DateTime<Utc>,
}

impl Keyring {
    /// Takes the configured keys, else those of the database. A new database gets a key that all replicas will use.
    ///
    /// # Errors
    /// A key is unusable; database errors.
    pub async fn open(config: &Config, system: System) -> Result<Self> {
        let now = system.store().clock().now();
        let keys = match &config.signing_key {
            Some(text) => key::configured(text.expose()).map_err(Error::internal)?,
            None => read_or_make(&system).await?,
        };
        let (issuer, audience) = (config.issuer.clone(), config.audience.clone());
        let keys = Arc::new(Keys::new(keys, &issuer, &audience));
        let known = RwLock::new(Known { keys, read_at: now, tried_at: now });
        Ok(Self { system, configured: config.signing_key.is_some(), issuer, audience, known, turn: Mutex::new(()) })
    }

    /// Issues an access token.
    ///
    /// # Errors
    /// `INTERNAL` when it cannot be signed.
    pub async fn issue(&self, pass: Pass, at: DateTime<Utc>, minutes: u32) -> Result<String> {
        self.current().await.issue(pass, at, minutes)
    }

    /// Verifies an access token as of now.
    ///
    /// # Errors
    /// UNAUTHENTICATED, in the same words whatever is wrong.
    pub async fn verify(&self, token: &str) -> Result<Claims> {
        let keys = self.current().await;
        let verified = keys.verify(token, self.now());
        if verified.is_ok() || !keys.is_unknown(token) {
            return verified;
        }
        let _turn = self.turn.lock().await;
        self.read_again(SOONEST).await;
        self.known().keys.verify(token, self.now())
    }

    /// The public keys as a JSON Web Key Set.
    pub async fn jwks(&self) -> Json {
        self.current().await.jwks(self.now())
    }

    /// The keys, not older than a minute as long as the database answers.
    async fn current(&self) -> Arc<Keys> {
        if self.age(self.known().read_at) >= FRESH
            && let Ok(_turn) = self.turn.try_lock()
        {
            self.read_again(FRESH).await;
        }
        self.known().keys
    }

    /// Reads the keys again unless they have just been read or a reading has just failed.
    async fn read_again(&self, after: TimeDelta) {
        let known = self.known();
        if self.configured || self.age(known.read_at) < after || self.age(known.tried_at) < SOONEST {
            return;
        }
        let now = self.now();
        self.set(Known { tried_at: now, ..known });
        match read(&self.system).await {
            Ok(keys) => {
                let keys = Arc::new(Keys::new(keys, &self.issuer, &self.audience));
                self.set(Known { keys, read_at: now, tried_at: now });
            }
            Err(error) => tracing::warn!(%error, "the signing keys cannot be read again; the known ones stay"),
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.system.store().clock().now()
    }

    fn age(&self, moment: DateTime<Utc>) -> TimeDelta {
        (self.now() - moment).abs()
    }

    fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, known: Known) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

/// A new key, and when it begins to sign.
pub struct Rotated {
    /// Its id.
    pub kid: String,
    /// Since when or from when on it signs.
    pub signs_from: DateTime<Utc>,
}

/// What became of the keys after one was withdrawn.
pub struct Withdrawn {
    /// The id of the key that was made because none was left to sign.
    pub replacement: Option<String>,
}

/// Makes a key that is published now and signs from [`NOTICE`] on; the others stop signing then. Keys that have ended
/// are forgotten.
///
/// # Errors
/// Database errors.
pub async fn rotate(system: &System) -> Result<Rotated> {
    let tx = system.begin("rotateKey").await?;
    let now = tx.now();
    let mut others = Vec::new();
    for row in rows(&tx, system).await? {
        if readable(&row)?.verifies(now) {
            others.push(row);
        } else {
            system.remove::<Entity>(&tx, Column::Kid.eq(&row.kid)).await?;
        }
    }
    let signs_from = if others.iter().any(|row| row.retired_at.is_none()) { now + NOTICE } else { now };
    let made = make(&tx, system).await?;
    let still_signing = Condition::all().add(Column::Kid.ne(&made.kid)).add(Column::RetiredAt.is_null());
    let retired = (Column::RetiredAt, Value::ChronoDateTimeUtc(Some(signs_from)));
    system.set::<Entity>(&tx, still_signing, vec![retired]).await?;
    tx.commit().await?;
    tracing::info!(kid = made.kid, %signs_from, "signing key made");
    Ok(Rotated { kid: made.kid, signs_from })
}

/// Withdraws a key at once, for one that others may have got hold of: what it signed counts no more. If no other is
/// left to sign, one is made.
///
/// # Errors
/// NOT_FOUND; database errors.
pub async fn retire(system: &System, kid: &str) -> Result<Withdrawn> {
    let tx = system.begin("retireKey").await?;
    let rows = rows(&tx, system).await?;
    if system.remove::<Entity>(&tx, Column::Kid.eq(kid)).await? == 0 {
        return Err(Error::not_found(format!("A signing key {kid}")));
    }
    let left = rows.iter().any(|row| row.kid != kid && row.retired_at.is_none());
    let replacement = if left { None } else { Some(make(&tx, system).await?.kid) };
    tx.commit().await?;
    tracing::info!(kid, replacement, "signing key withdrawn");
    Ok(Withdrawn { replacement })
}

/// The keys of the database, the oldest first.
///
/// # Errors
/// A key is damaged; database errors.
pub async fn read(system: &System) -> Result<Vec<Key>> {
    let rows = system.list::<Entity>(Column::Kid.is_not_null()).await?;
    in_order(rows).iter().map(readable).collect()
}

async fn read_or_make(system: &System) -> Result<Vec<Key>> {
    let tx = system.begin("start").await?;
    // Replicas that start together on a new database: the first one makes the key, the others read it.
    tx.take_turns("start").await?;
    let mut known = rows(&tx, system).await?;
    if known.iter().all(|row| row.retired_at.is_some()) {
        let made = make(&tx, system).await?;
        tracing::info!(kid = made.kid, "signing key made");
        known.push(made);
    }
    tx.commit().await?;
    known.iter().map(readable).collect()
}

async fn rows(tx: &Tx, system: &System) -> Result<Vec<Model>> {
    Ok(in_order(system.rows::<Entity>(tx, Column::Kid.is_not_null()).await?))
}

fn in_order(mut rows: Vec<Model>) -> Vec<Model> {
    rows.sort_by(|a, b| (a.created_at, &a.kid).cmp(&(b.created_at, &b.kid)));
    rows
}

async fn make(tx: &Tx, system: &System) -> Result<Model> {
    let (kid, private_pem) = key::generate()?;
    let row = Model { kid, private_pem, created_at: tx.now(), retired_at: None };
    system.put::<Entity>(tx, std::slice::from_ref(&row)).await?;
    Ok(row)
}

fn readable(row: &Model) -> Result<Key> {
    Key::pair(&row.private_pem, row.created_at, row.retired_at).map_err(Error::internal)
}

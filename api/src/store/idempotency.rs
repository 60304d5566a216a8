//! A retried write has one effect.
//!
//! The key is claimed in the mutation's own transaction, so a key without an effect and an effect without its key
//! cannot exist. What is kept is the outcome (ids and mistakes), not the answer: a replay reads the rows again under
//! the rights of that moment.

use chrono::Duration;
use entity::idempotency_record;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Reader;
use super::database::classify;
use super::sql::Sql;
use super::tx::{Tx, insert_sql};
use crate::access::password;
use crate::error::{Code, Error, Result};

/// How long a key is remembered.
pub const REMEMBERED: Duration = Duration::hours(24);

/// A key and what it was used with.
#[derive(Clone, Debug)]
pub struct Request {
    /// The client's key.
    pub key: String,
    /// The mutation and what its input means.
    pub body: String,
    /// Passwords in the input.
    pub secrets: Vec<String>,
}

/// The most characters of a key as it is kept.
const LONGEST: usize = 255;

impl Request {
    /// The key as it is kept: a client's key has a place added, and may then be too long for its column.
    fn kept_key(&self) -> String {
        if self.key.chars().count() <= LONGEST {
            return self.key.clone();
        }
        format!("sha256:{}", hex(&Sha256::digest(self.key.as_bytes())))
    }

    /// Tells whether the key is used again for something else. Passwords go in by a slow hash: what is kept helps nobody
    /// to guess them.
    async fn fingerprint(&self, principal: Uuid) -> Result<String> {
        let mut hash = Sha256::new_with_prefix(self.body.as_bytes());
        if !self.secrets.is_empty() {
            let salt = Sha256::digest(format!("{principal} {}", self.key).as_bytes());
            hash.update(password::fingerprint(self.secrets.join("\n"), salt.to_vec()).await?);
        }
        Ok(hex(&hash.finalize()))
    }
}

/// A claimed key.
#[derive(Debug)]
pub(super) struct Record {
    key: String,
}

/// The start of a mutation: fresh, or the outcome of the first try.
pub enum Begun {
    /// Do it.
    Fresh(Box<Tx>),
    /// It was done, with this outcome.
    Replay(Json),
}

/// Begins a mutation, or finds that it was done.
///
/// # Errors
/// IDEMPOTENCY_CONFLICT: the key was used with another input.
pub async fn begin(reader: Reader, verb: &str, request: Option<Request>) -> Result<Begun> {
    let Some(request) = request else { return Ok(Begun::Fresh(Box::new(Tx::begin(reader, verb).await?))) };
    let (principal, key) = (reader.viewer().id, request.kept_key());
    let hash = request.fingerprint(principal).await?;
    let mut tx = Tx::begin(reader, verb).await?;
    if claim(&tx, &key, &hash).await? {
        tx.record = Some(Record { key });
        return Ok(Begun::Fresh(Box::new(tx)));
    }
    let known = idempotency_record::Entity::find_by_id((principal, key)).one(&tx.session()).await.map_err(classify)?;
    let known = known.ok_or_else(|| Error::raced("The same request is being handled right now. Try again shortly."))?;
    if known.request_hash != hash {
        return Err(Error::refused(
            Code::IdempotencyConflict,
            "This idempotency key was used with another input. Use a new key for a new request.",
        ));
    }
    let outcome = known.response.ok_or_else(|| Error::internal("an idempotency record without an outcome"))?;
    Ok(Begun::Replay(outcome))
}

/// Takes a key for the whole of something whose parts have keys of their own, which are kept with what each part did.
///
/// # Errors
/// As [`begin`].
pub async fn take(reader: &Reader, verb: &str, whole: Request) -> Result<()> {
    match begin(reader.clone(), verb, Some(whole)).await? {
        Begun::Fresh(tx) => tx.finish(&|| Ok(Json::Bool(true))).await,
        Begun::Replay(_) => Ok(()),
    }
}

/// Inserts the key; a concurrent holder of the same key is waited for.
async fn claim(tx: &Tx, key: &str, hash: &str) -> Result<bool> {
    let viewer = tx.reader().viewer().id;
    let mut forget = Sql::text("DELETE FROM idempotency_record WHERE principal_id = ");
    forget.bind(viewer).push(" AND \"key\" = ").bind(key.to_owned());
    forget.push(" AND created_at < ").bind(tx.now() - REMEMBERED);
    tx.execute(forget).await.map_err(classify)?;
    let row = idempotency_record::Model {
        principal_id: viewer,
        key: key.to_owned(),
        request_hash: hash.to_owned(),
        response: None,
        created_at: tx.now(),
    };
    let mut sql = insert_sql::<idempotency_record::Entity>(&[], &[row]);
    sql.push(" ON CONFLICT DO NOTHING");
    Ok(tx.execute(sql).await.map_err(classify)? == 1)
}

impl Tx {
    /// Keeps the outcome under the claimed key, if there is one, and commits.
    ///
    /// # Errors
    /// Database errors; then nothing was written.
    pub async fn finish(self, outcome: &(dyn Fn() -> serde_json::Result<Json> + Sync)) -> Result<()> {
        if let Some(record) = &self.record {
            let outcome = outcome().map_err(Error::internal)?;
            let mut sql = Sql::text("UPDATE idempotency_record SET response = ");
            sql.bind(outcome).push(" WHERE principal_id = ").bind(self.reader().viewer().id);
            sql.push(" AND \"key\" = ").bind(record.key.clone());
            self.session().execute_raw(sql.statement(self.backend())).await.map_err(classify)?;
        }
        self.commit().await
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! A retried write has one effect.
//!
//! The key is claimed in the mutation's own transaction, so a key without an effect and an effect without its key
//! cannot exist. What is kept is the outcome (ids and mistakes), not the answer: a replay reads the rows again under
//! the rights of that moment.

use chrono::Duration;
use entity::idempotency_record;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::Reader;
use super::database::classify;
use super::sql::Sql;
use super::tx::{Tx, insert_sql};
use crate::error::{Code, Error, Result};

/// How long a key is remembered.
const REMEMBERED: Duration = Duration::hours(24);

/// A key and what it was used with.
#[derive(Clone, Debug)]
pub struct Request {
    /// The client's key.
    pub key: String,
    /// The mutation and its input.
    pub body: String,
}

/// A claimed key.
#[derive(Debug)]
pub(super) struct Record {
    key: String,
}

/// The start of a mutation: fresh, or the outcome of the first try.
pub enum Begun<T> {
    /// Do it.
    Fresh(Box<Tx>),
    /// It was done.
    Replay(T),
}

/// Begins a mutation, or finds that it was done.
///
/// # Errors
/// IDEMPOTENCY_CONFLICT: the key was used with another input.
pub async fn begin<T: DeserializeOwned>(reader: Reader, verb: &str, request: Option<Request>) -> Result<Begun<T>> {
    let mut tx = Tx::begin(reader, verb).await?;
    let Some(request) = request else { return Ok(Begun::Fresh(Box::new(tx))) };
    if request.key.is_empty() || request.key.len() > 200 {
        return Err(Error::bad_input("An idempotency key has 1 to 200 characters."));
    }
    let hash = hex(&Sha256::digest(request.body.as_bytes()));
    if claim(&tx, &request.key, &hash).await? {
        tx.record = Some(Record { key: request.key });
        return Ok(Begun::Fresh(Box::new(tx)));
    }
    let id = (tx.reader().viewer().id, request.key);
    let known = idempotency_record::Entity::find_by_id(id).one(&tx.session()).await.map_err(classify)?;
    let known =
        known.ok_or_else(|| Error::conflict("The same request is being handled right now. Try again shortly."))?;
    if known.request_hash != hash {
        return Err(Error::refused(
            Code::IdempotencyConflict,
            "This idempotency key was used with another input. Use a new key for a new request.",
        ));
    }
    let outcome = known.response.ok_or_else(|| Error::internal("an idempotency record without an outcome"))?;
    Ok(Begun::Replay(serde_json::from_value(outcome).map_err(Error::internal)?))
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
    let mut sql = insert_sql::<idempotency_record::Entity>(&[row]);
    sql.push(" ON CONFLICT DO NOTHING");
    Ok(tx.execute(sql).await.map_err(classify)? == 1)
}

impl Tx {
    /// Keeps the outcome under the claimed key, if there is one, and commits.
    ///
    /// # Errors
    /// Database errors; then nothing was written.
    pub async fn finish<T: Serialize>(self, outcome: &T) -> Result<()> {
        if let Some(record) = &self.record {
            let outcome = serde_json::to_value(outcome).map_err(Error::internal)?;
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

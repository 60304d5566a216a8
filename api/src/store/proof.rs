//! Can be written what will be asked to be written? Proved by writing.

use chrono::{DateTime, TimeDelta, Utc};
use entity::setting;
use tokio::sync::Mutex;

use super::Store;
use super::database::classify;
use super::tx::insert_sql;
use crate::error::{Code, Error, Result};

/// The setting that is written; it means nothing.
const NAME: &str = "write_proof";
/// A proof is good for so long, for all who ask.
const GOOD_FOR: TimeDelta = TimeDelta::seconds(1);
/// After trouble a proof takes as much room as a larger change would.
const BALLAST: usize = 65_536;

/// The last proof.
#[derive(Default)]
pub(super) struct Proof(Mutex<Last>);

#[derive(Default)]
struct Last {
    made_at: Option<DateTime<Utc>>,
    refusal: Option<(Code, String)>,
    /// The troubles with the database that there had been when writing succeeded.
    overcome: u64,
}

impl Store {
    /// Can the database be read and written? One proof a second answers all who ask; trouble makes an earlier yes
    /// worthless.
    ///
    /// # Errors
    /// UNAVAILABLE, TIMEOUT, INTERNAL: it cannot, at the moment.
    pub async fn prove(&self) -> Result<()> {
        let mut last = self.proof.0.lock().await;
        let (now, troubles) = (self.clock.now(), self.database.troubles());
        let is_fresh = last.made_at.is_some_and(|at| (TimeDelta::zero()..GOOD_FOR).contains(&(now - at)));
        if !is_fresh || (last.refusal.is_none() && last.overcome != troubles) {
            let ballast = if last.overcome == troubles { 0 } else { BALLAST };
            let outcome = self.write_and_read(format!("{now} {}", "0".repeat(ballast))).await;
            last.made_at = Some(now);
            match outcome {
                Ok(()) => (last.refusal, last.overcome) = (None, troubles),
                Err(error @ Error::Internal(_)) => {
                    tracing::error!(%error, "the database cannot be written");
                    last.refusal = Some((Code::Internal, "The database cannot be used: see the log.".to_owned()));
                }
                Err(error) => last.refusal = Some((error.code(), error.to_string())),
            }
        }
        last.refusal.clone().map_or(Ok(()), |(code, message)| Err(Error::refused(code, message)))
    }

    async fn write_and_read(&self, value: String) -> Result<()> {
        let tx = self.system().begin("prove").await?;
        let mut sql = insert_sql::<setting::Entity>(&[], &[setting::Model { key: NAME.to_owned(), value }]);
        sql.push(" ON CONFLICT (\"key\") DO UPDATE SET value = excluded.value");
        tx.execute(sql).await.map_err(classify)?;
        tx.commit().await?;
        self.database.ping().await
    }
}

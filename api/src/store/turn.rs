//! Taking turns over what is not a row yet.

use super::database::classify;
use super::sql::{Dialect, Sql};
use super::tx::Tx;
use crate::error::Result;

impl Tx {
    /// Holds these keys until the transaction ends, after waiting for every other that holds one of them.
    ///
    /// For decisions about rows that may not exist yet ("is this person known?"): a row cannot be locked before it
    /// is there, and two that decide at once would both make it. Keys are taken in one order, so that nobody waits in
    /// a circle. SQLite has one writer at a time and nothing to wait for.
    ///
    /// # Errors
    /// Database errors.
    pub async fn take_turn(&self, mut keys: Vec<String>) -> Result<()> {
        if self.reader().dialect() == Dialect::Sqlite {
            return Ok(());
        }
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let mut sql = Sql::text("SELECT pg_advisory_xact_lock(hashtextextended(".to_owned());
            sql.bind(key).push(", 0))");
            self.execute(sql).await.map_err(classify)?;
        }
        Ok(())
    }
}

//! Removing what is kept for a time only: the oldest first, a few rows at a time, so that nobody waits long for it.

use chrono::{DateTime, Utc};
use sea_orm::{IdenStatic, Iterable};

use super::database::classify;
use super::sql::Sql;
use super::system::{Platform, System};
use crate::error::Result;

/// Rows of one transaction.
const AT_ONCE: u64 = 500;

impl System {
    /// Removes the rows of a platform table whose time in the column `age` lies before; answers how many. `pointer` is a
    /// column by which rows of this table refer to each other: it is emptied where it names a row that is removed.
    ///
    /// Replicas take turns; whoever comes second finds less to do.
    ///
    /// # Errors
    /// Database errors; what was removed before stays removed.
    pub async fn forget<E: Platform>(
        &self,
        age: E::Column,
        before: DateTime<Utc>,
        pointer: Option<E::Column>,
    ) -> Result<u64> {
        let mut removed = 0;
        loop {
            let some = self.forget_some::<E>(age, before, pointer).await?;
            removed += some;
            if some < AT_ONCE {
                return Ok(removed);
            }
        }
    }

    async fn forget_some<E: Platform>(
        &self,
        age: E::Column,
        before: DateTime<Utc>,
        pointer: Option<E::Column>,
    ) -> Result<u64> {
        let table = E::default().table_name().to_owned();
        let keys: Vec<_> = E::PrimaryKey::iter().map(|key| format!("\"{}\"", key.as_str())).collect();
        let (keys, age) = (keys.join(", "), age.as_str());
        let oldest = || {
            let mut sql = Sql::text(format!("(SELECT {keys} FROM {table} WHERE {age} < "));
            sql.bind(before).push(&format!(" ORDER BY {age}, {keys}")).limit(AT_ONCE).push(")");
            sql
        };
        let tx = self.begin("forget").await?;
        tx.take_turns("forget").await?;
        if let Some(pointer) = pointer {
            let pointer = pointer.as_str();
            let mut sql = Sql::text(format!("UPDATE {table} SET {pointer} = NULL WHERE {pointer} IN "));
            sql.append(oldest());
            tx.execute(sql).await.map_err(classify)?;
        }
        let mut sql = Sql::text(format!("DELETE FROM {table} WHERE ({keys}) IN "));
        sql.append(oldest());
        let removed = tx.execute(sql).await.map_err(classify)?;
        tx.commit().await?;
        Ok(removed)
    }
}

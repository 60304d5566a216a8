//! Trees: rows that point at a parent of their own kind (campaigns, companies, teams).

use sea_orm::sea_query::ArrayType;
use sea_orm::{ConnectionTrait, IdenStatic, Value};
use uuid::Uuid;

use super::database::classify;
use super::sql::{Dialect, Sql};
use super::tx::{Resource, Tx};
use crate::error::Result;

impl Tx {
    /// Would `row` below `parent` close a circle: is `parent` the row itself or below it? `column` holds the parent.
    /// Moves within one tree take turns, so that two of them cannot close a circle together.
    ///
    /// # Errors
    /// Database errors.
    pub async fn closes_circle<E: Resource>(&self, row: Uuid, parent: Uuid, column: E::Column) -> Result<bool> {
        let table = self.descriptor::<E>().table;
        self.take_turns(table).await?;
        let column = column.as_str();
        let mut sql = Sql::text(format!("WITH RECURSIVE above(id) AS (SELECT id FROM {table} WHERE id = "));
        sql.bind(parent).push(&format!(
            " UNION SELECT t.{column} FROM {table} t JOIN above ON t.id = above.id WHERE t.{column} IS NOT NULL)"
        ));
        sql.push(" SELECT 1 FROM above WHERE id = ").bind(row);
        let found = self.session().query_one_raw(sql.statement(self.backend())).await.map_err(classify)?;
        Ok(found.is_some())
    }

    /// Waits until no other transaction is at the same matter, and holds it until the end: for rules over many rows
    /// that no constraint can keep. (SQLite's one writer has no other beside it.)
    ///
    /// # Errors
    /// Database errors.
    pub async fn take_turns(&self, matter: &str) -> Result<()> {
        self.take_all_turns(&[matter]).await
    }

    /// As [`Tx::take_turns`], at several matters in this order.
    ///
    /// # Errors
    /// Database errors.
    pub async fn take_all_turns(&self, matters: &[&str]) -> Result<()> {
        if self.reader().dialect() == Dialect::Sqlite {
            return Ok(());
        }
        let matters = matters.iter().map(|matter| Value::from(format!("tributary:{matter}"))).collect();
        let mut sql = Sql::text("SELECT pg_advisory_xact_lock(hashtext(matter)) FROM unnest(");
        sql.bind(Value::Array(ArrayType::String, Some(Box::new(matters)))).push(") AS turns(matter)");
        self.execute(sql).await.map_err(classify).map(|_| ())
    }
}

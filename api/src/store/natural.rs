//! Making rows that others may make at the same moment, by what is unique about them.

use std::collections::HashSet;

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::database::classify;
use super::event;
use super::sql::Sql;
use super::tx::{Resource, Tx, Warrant, check_source, chunk_size, id_of, insert_sql};
use crate::access::Action;
use crate::error::Result;

impl Tx {
    /// Makes those of the rows that are not there yet, by what is unique about them, and answers the ids of those it
    /// made. Whoever is making one of the others at this moment was waited for: a look afterwards finds it.
    ///
    /// They are made in the order of `unique`, whatever order they come in: so two transactions that make the same rows
    /// wait for each other and never block each other.
    ///
    /// # Errors
    /// Database errors.
    pub async fn add_new<E: Resource, K: Ord>(
        &self,
        warrant: &Warrant,
        mut rows: Vec<E::Model>,
        unique: impl Fn(&E::Model) -> K,
    ) -> Result<HashSet<Uuid>> {
        self.check_affects::<E>(warrant)?;
        let of = self.descriptor::<E>();
        for row in &mut rows {
            check_source::<E>(row)?;
            self.stamp::<E>(row);
        }
        rows.sort_by_key(unique);
        let mut made = HashSet::new();
        for chunk in rows.chunks(chunk_size::<E>(&of.keys)) {
            let mut sql = insert_sql::<E>(&of.keys, chunk);
            sql.push(" ON CONFLICT DO NOTHING RETURNING id");
            let answered = self.session().query_all_raw(sql.statement(self.backend())).await.map_err(classify)?;
            for row in answered {
                made.insert(row.try_get_by_index::<Uuid>(0).map_err(classify)?);
            }
        }
        for row in rows.iter().filter(|row| made.contains(&id_of::<E>(row))) {
            self.note(of, id_of::<E>(row), event::changes::<E>(self.reader().graph(), of, None, row));
        }
        Ok(made)
    }

    /// As [`Tx::add_new`], of rows that the viewer may make.
    ///
    /// # Errors
    /// FORBIDDEN: one of them lies out of reach.
    pub async fn create_new<E: Resource, K: Ord>(
        &self,
        rows: Vec<E::Model>,
        unique: impl Fn(&E::Model) -> K,
    ) -> Result<HashSet<Uuid>> {
        let warrant = self.may::<E>(Action::Create)?;
        let made = self.add_new::<E, K>(&warrant, rows, unique).await?;
        let of = self.descriptor::<E>();
        let ids: Vec<_> = made.iter().copied().collect();
        if let (Some(reach), false) = (self.reader().reachable(of, Action::Create, "t0"), ids.is_empty()) {
            let mut sql = Sql::text(format!("SELECT COUNT(*) FROM {} t0 WHERE ", of.table));
            sql.append(self.reader().dialect().is_any("t0.id", &ids)).push(" AND ").append(reach);
            let row = self.session().query_one_raw(sql.statement(self.backend())).await.map_err(classify)?;
            let within = row.map(|row| row.try_get_by_index::<i64>(0)).transpose().map_err(classify)?;
            if within.and_then(|within| usize::try_from(within).ok()) != Some(ids.len()) {
                return Err(self.forbidden::<E>(Action::Create));
            }
        }
        Ok(made)
    }
}

//! Keys of texts that were worked out by other rules, or never, are worked out anew: at the start, in steps that are each
//! kept, so that a start that was ended goes on where it was. Replicas that start together share the steps.

use entity::setting::{Column, Entity, Model};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryResult};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::database::classify;
use super::descriptor::Descriptor;
use super::keys::RULES;
use super::sql::Sql;
use super::system::System;
use super::tx::Tx;
use crate::error::Result;

/// The setting that says which keys the texts have: `<fingerprint>`, or while they are worked out, how far:
/// `<fingerprint> <table> <last id>`.
const NAME: &str = "text_keys";
/// Rows of one step.
const STEP: usize = 1_000;

impl System {
    /// Works out the keys of all rows anew if they were worked out by other rules, or some of them never.
    ///
    /// # Errors
    /// Database errors; then the next start goes on.
    pub async fn refresh_text_keys(&self) -> Result<()> {
        let wanted = self.fingerprint();
        let mut steps = 0_usize;
        while self.look::<Entity>(Column::Key.eq(NAME)).await?.is_none_or(|kept| kept.value != wanted) {
            let tx = self.begin("start").await?;
            tx.take_turns(NAME).await?;
            let kept = self.rows::<Entity>(&tx, Column::Key.eq(NAME)).await?.pop().map(|kept| kept.value);
            if kept.as_ref() == Some(&wanted) {
                break;
            }
            let value = self.step(&tx, &wanted, kept.as_deref().unwrap_or_default()).await?;
            self.remove::<Entity>(&tx, Column::Key.eq(NAME)).await?;
            self.put::<Entity>(&tx, &[Model { key: NAME.to_owned(), value }]).await?;
            tx.commit().await?;
            steps += 1;
            if steps % 100 == 2 {
                tracing::info!(steps, "working out what texts are sorted and searched by, {STEP} rows a step");
            }
        }
        Ok(())
    }

    /// Which keys there are, by which rules.
    fn fingerprint(&self) -> String {
        let mut sum = Sha256::new_with_prefix(RULES);
        for of in self.store().graph().all() {
            of.keys.iter().for_each(|key| sum.update(format!("{}.{};", of.table, key.column)));
        }
        hex::encode(sum.finalize())
    }

    /// Works out the keys of the next rows; answers how far it came.
    async fn step(&self, tx: &Tx, wanted: &str, kept: &str) -> Result<String> {
        let keyed: Vec<_> = self.store().graph().all().filter(|of| !of.keys.is_empty()).collect();
        let under_way = || {
            let (table, id) = kept.strip_prefix(wanted)?.trim_start().split_once(' ')?;
            Some((keyed.iter().position(|of| of.table == table)?, Uuid::try_parse(id).ok()?))
        };
        let (first, mut after) = under_way().unwrap_or_default();
        let mut left = STEP;
        for of in keyed.iter().skip(first) {
            let (count, last) = work_out(tx, of, after, left).await?;
            if let Some(last) = last.filter(|_| count == left) {
                return Ok(format!("{wanted} {} {last}", of.table));
            }
            left -= count;
            after = Uuid::nil();
        }
        Ok(wanted.to_owned())
    }
}

/// Works out the keys of so many rows behind one, in the order of their ids; answers how many there were, and the last.
async fn work_out(tx: &Tx, of: &Descriptor, after: Uuid, most: usize) -> Result<(usize, Option<Uuid>)> {
    let mut texts: Vec<_> = of.keys.iter().flat_map(|key| &key.from).copied().collect();
    texts.sort_unstable();
    texts.dedup();
    let mut sql = Sql::text(format!("SELECT id, {} FROM {} WHERE id > ", texts.join(", "), of.table));
    sql.bind(after).push(&format!(" ORDER BY id LIMIT {most}{}", tx.reader().dialect().for_update()));
    let rows = tx.session().query_all_raw(sql.statement(tx.backend())).await.map_err(classify)?;
    let Some(last) = rows.last() else { return Ok((0, None)) };
    let last = last.try_get_by_index(0).map_err(classify)?;
    let new = rows.iter().map(|row| new_keys(of, &texts, row)).collect::<Result<_>>()?;
    let sets: Vec<_> = (2..).zip(&of.keys).map(|(at, key)| format!("{} = v.column{at}", key.column)).collect();
    let mut sql = Sql::text(format!("UPDATE {} SET {} FROM (VALUES ", of.table, sets.join(", ")));
    sql.append(Sql::listed(new)).push(&format!(") AS v WHERE {}.id = v.column1", of.table));
    tx.execute(sql).await.map_err(classify)?;
    Ok((rows.len(), Some(last)))
}

/// `(id, key, …)` of a row.
fn new_keys(of: &Descriptor, texts: &[&str], row: &QueryResult) -> Result<Sql> {
    let mut sql = Sql::text("(");
    sql.bind(row.try_get_by_index::<Uuid>(0).map_err(classify)?);
    for key in &of.keys {
        let text = |name: &&str| {
            let at = texts.iter().position(|text| text == name).unwrap_or_default() + 1;
            row.try_get_by_index::<Option<String>>(at).map_err(classify)
        };
        sql.push(", ").bind(key.of(&key.from.iter().map(text).collect::<Result<Vec<_>>>()?));
    }
    sql.push(")");
    Ok(sql)
}

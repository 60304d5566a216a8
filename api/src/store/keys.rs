//! Columns that are worked out from the texts of their row, so that both databases match, search and sort texts alike:
//! by comparing bytes. Declarations say which there are; every statement that writes a row fills them.

use entity::setting::{self, Column};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IdenStatic, Iterable, ModelTrait, QueryResult, Value};
use uuid::Uuid;

use super::database::classify;
use super::descriptor::Descriptor;
use super::sql::Sql;
use super::system::System;
use super::tx::Tx;
use crate::error::Result;
use crate::spelling::fold;

/// The rules of today. Keys that were worked out by others are worked out anew at the next start: raise it with every
/// change of `spelling::fold` and of its libraries.
const RULES: &str = "1: CLDR root collation of icu4x 2.4, case folding of Unicode, accents of European scripts";
/// The setting that says by which rules the keys of a database were worked out.
const NAME: &str = "text_keys";
/// Rows of one step of [`System::refresh_text_keys`].
const STEP: usize = 1_000;

/// A column of a key.
#[derive(Clone, Debug)]
pub struct TextKey {
    /// The column.
    pub column: String,
    /// The columns that it is worked out from; several are joined by blanks.
    pub from: Vec<&'static str>,
    /// For what.
    pub purpose: Purpose,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To tell whether two names are the same.
    Match,
    /// To look for a part of a text; empty where the text itself will do.
    Search,
    /// To sort by.
    Sort,
}

impl TextKey {
    /// The value of the key for these texts.
    fn of(&self, texts: &[Option<String>]) -> Value {
        let text = if let [text] = texts {
            text.clone()
        } else {
            let said: Vec<_> = texts.iter().flatten().map(String::as_str).filter(|text| !text.is_empty()).collect();
            (!said.is_empty()).then(|| said.join(" "))
        };
        match self.purpose {
            Purpose::Match => Value::String(text.map(|text| fold::same(&text))),
            Purpose::Search => Value::String(text.filter(|text| !text.is_ascii()).map(|text| fold::searched(&text))),
            Purpose::Sort => Value::Bytes(text.map(|text| fold::sorted(&text))),
        }
    }

    /// The value of the key for a row.
    pub fn of_row<M: ModelTrait>(&self, row: &M) -> Value {
        let text = |name: &&str| {
            let column = <M::Entity as EntityTrait>::Column::iter().find(|column| column.as_str() == *name)?;
            if let Value::String(text) = row.get(column) { text } else { None }
        };
        self.of(&self.from.iter().map(text).collect::<Vec<_>>())
    }

    /// Is it worked out from this column?
    pub fn depends_on(&self, column: &str) -> bool {
        self.from.contains(&column)
    }
}

impl System {
    /// Works out the keys of all rows anew if they were worked out by other rules, or never.
    ///
    /// # Errors
    /// Database errors; then the next start goes on.
    pub async fn refresh_text_keys(&self) -> Result<()> {
        let known = self.look::<setting::Entity>(Column::Key.eq(NAME)).await?;
        if known.as_ref().is_some_and(|known| known.value == RULES) {
            return Ok(());
        }
        for of in self.store().graph().all().filter(|of| !of.keys.is_empty()) {
            let mut last = Some(Uuid::nil());
            while let Some(from) = last {
                let tx = self.begin("start").await?;
                last = step(&tx, of, from).await?;
                tx.commit().await?;
            }
        }
        let tx = self.begin("start").await?;
        tx.take_turns("start").await?;
        self.remove::<setting::Entity>(&tx, Column::Key.eq(NAME)).await?;
        self.put::<setting::Entity>(&tx, &[setting::Model { key: NAME.to_owned(), value: RULES.to_owned() }]).await?;
        tx.commit().await
    }
}

/// Works out the keys of the next rows; answers the last of them, if there may be more.
async fn step(tx: &Tx, of: &Descriptor, after: Uuid) -> Result<Option<Uuid>> {
    let mut texts: Vec<_> = of.keys.iter().flat_map(|key| &key.from).copied().collect();
    texts.sort_unstable();
    texts.dedup();
    let mut sql = Sql::text(format!("SELECT id, {} FROM {} WHERE id > ", texts.join(", "), of.table));
    sql.bind(after).push(&format!(" ORDER BY id LIMIT {STEP}{}", tx.reader().dialect().for_update()));
    let rows = tx.session().query_all_raw(sql.statement(tx.backend())).await.map_err(classify)?;
    let mut last = None;
    for row in &rows {
        let id: Uuid = row.try_get_by_index(0).map_err(classify)?;
        tx.execute(update(of, &texts, row, id)?).await.map_err(classify)?;
        last = Some(id);
    }
    Ok(last.filter(|_| rows.len() == STEP))
}

fn update(of: &Descriptor, texts: &[&str], row: &QueryResult, id: Uuid) -> Result<Sql> {
    let mut sets = Vec::with_capacity(of.keys.len());
    for key in &of.keys {
        let mut told = Vec::with_capacity(key.from.len());
        for name in &key.from {
            let at = texts.iter().position(|text| text == name).unwrap_or_default() + 1;
            told.push(row.try_get_by_index::<Option<String>>(at).map_err(classify)?);
        }
        sets.push(set(key, key.of(&told)));
    }
    let mut sql = Sql::text(format!("UPDATE {} SET ", of.table));
    sql.append(Sql::listed(sets)).push(" WHERE id = ").bind(id);
    Ok(sql)
}

/// The part of an `UPDATE` that sets a key.
pub(super) fn set(key: &TextKey, value: Value) -> Sql {
    let mut sql = Sql::text(format!("\"{}\" = ", key.column));
    sql.bind(value);
    sql
}

/// The keys of a row by their columns, for who writes rows past the store: tests.
pub fn keys_of<M: ModelTrait>(of: &Descriptor, row: &M) -> Vec<(String, Value)> {
    of.keys.iter().map(|key| (key.column.clone(), key.of_row(row))).collect()
}

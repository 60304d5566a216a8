//! Loading many rows as they are: demo data and imports, which bring their events along.

use std::fmt::Write;

use chrono::SecondsFormat;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, IdenStatic, Iterable, ModelTrait, SqlErr, Value};

use super::Tx;
use super::database::classify;
use super::keys::TextKey;
use super::sql::{Dialect, Sql};
use super::system::System;
use super::tx::{Resource, chunk_size, columns, insert_sql};
use crate::access::Kind;
use crate::error::{Error, Result};

/// Rows of one statement: enough that the way to the database no longer counts.
const ROWS: usize = 2_000;
/// Rows of one statement on SQLite, where there is no way and small statements are prepared once for all.
const SQLITE_ROWS: usize = 200;

impl System {
    /// Loads rows as they are, in bulk and without events of their own.
    ///
    /// # Errors
    /// Database errors.
    pub async fn load<M>(&self, tx: &Tx, rows: &[M]) -> Result<()>
    where
        M: ModelTrait<Entity: Resource<Model = M>>,
    {
        write(tx, rows, "").await
    }

    /// Writes rows over those that were there, in bulk and without events of their own. The rows were read and locked in
    /// this transaction.
    ///
    /// # Errors
    /// Database errors.
    pub async fn replace<M>(&self, tx: &Tx, rows: &[M]) -> Result<()>
    where
        M: ModelTrait<Entity: Resource<Model = M>>,
    {
        let columns = columns::<M::Entity>(&tx.descriptor::<M::Entity>().keys);
        let kept = columns.iter().filter(|name| *name != "\"id\"");
        let sets: Vec<_> = kept.map(|name| format!("{name} = excluded.{name}")).collect();
        write(tx, rows, &format!(" ON CONFLICT (id) DO UPDATE SET {}", sets.join(", "))).await
    }

    /// Lets this transaction find rows by an index wherever there is one, for whoever looks up a thousand keys at once in
    /// tables that grow under their hands: PostgreSQL would plan by what it last saw of a table, or keep a plan from when it
    /// was small, and read all of it again and again.
    ///
    /// # Errors
    /// Database errors.
    pub async fn plan_by_index(&self, tx: &Tx) -> Result<()> {
        match tx.reader().dialect() {
            // Compiling a plan costs more than running it; what it is judged by is out of proportion without scans.
            Dialect::Postgres => unprepared(
                tx,
                "SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off",
            )
            .await,
            Dialect::Sqlite => Ok(()),
        }
    }

    /// Lets PostgreSQL look at tables now, for whoever fills them: its own look may come minutes later, and a planner without
    /// statistics takes almost all rows for deleted ones. Nobody waits for it, and a failure costs speed only.
    pub async fn learn(&self, kinds: &[Kind]) {
        if self.store().database().dialect() == Dialect::Sqlite {
            return;
        }
        let graph = self.store().graph();
        let tables: Vec<_> = kinds.iter().map(|kind| graph.of(*kind).table).collect();
        let learned = async {
            let tx = self.begin("learn").await?;
            unprepared(&tx, &format!("ANALYZE {}", tables.join(", "))).await?;
            tx.commit().await
        };
        if let Err(error) = learned.await {
            tracing::warn!(%error, "statistics could not be renewed");
        }
    }

    /// Takes down what costs time with every row and is built faster at the end: indexes, and on PostgreSQL foreign
    /// keys. Only for a transaction that fills an empty database: if it fails, everything stands as before.
    ///
    /// # Errors
    /// Database errors.
    pub async fn strip(&self, tx: &Tx) -> Result<Stripped> {
        let mut stripped = Stripped::default();
        match tx.reader().dialect() {
            Dialect::Postgres => {
                unprepared(tx, "SET LOCAL maintenance_work_mem = '256MB'").await?;
                stripped.keys = take_down(tx, POSTGRES_KEYS).await?;
                stripped.indexes = take_down(tx, POSTGRES_INDEXES).await?;
            }
            Dialect::Sqlite => {
                unprepared(tx, "PRAGMA cache_size = -131072").await?;
                stripped.indexes = take_down(tx, SQLITE_INDEXES).await?;
            }
        }
        Ok(stripped)
    }

    /// Builds again what [`System::strip`] took down, and lets the database look at what it holds now.
    ///
    /// # Errors
    /// Database errors; rows that break a rule.
    pub async fn restore(&self, tx: &Tx, stripped: Stripped) -> Result<()> {
        for index in &stripped.indexes {
            unprepared(tx, index).await?;
        }
        unprepared(tx, "ANALYZE").await?;
        for key in &stripped.keys {
            unprepared(tx, key).await?;
        }
        if tx.reader().dialect() == Dialect::Sqlite {
            unprepared(tx, "PRAGMA cache_size = -2000").await?;
        }
        Ok(())
    }
}

async fn write<M>(tx: &Tx, rows: &[M], ending: &str) -> Result<()>
where
    M: ModelTrait<Entity: Resource<Model = M>>,
{
    let keys = &tx.descriptor::<M::Entity>().keys;
    let size = match tx.reader().dialect() {
        Dialect::Postgres => ROWS,
        Dialect::Sqlite => chunk_size::<M::Entity>(keys).min(SQLITE_ROWS),
    };
    for chunk in rows.chunks(size) {
        let mut sql = match tx.reader().dialect() {
            Dialect::Postgres => recordset_sql::<M::Entity>(keys, chunk)?,
            Dialect::Sqlite => insert_sql::<M::Entity>(keys, chunk),
        };
        sql.push(ending);
        tx.execute(sql).await.map_err(raced)?;
    }
    Ok(())
}

/// What was not there when it was looked for, and is there now, was made by somebody else at the same moment.
fn raced(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => {
            Error::raced("Somebody else created one of these rows at the same moment. Try again.")
        }
        _ => classify(error),
    }
}

/// The statements that build again what was taken down.
#[derive(Debug, Default)]
#[must_use]
pub struct Stripped {
    indexes: Vec<String>,
    keys: Vec<String>,
}

const POSTGRES_KEYS: &str = "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname), \
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) \
    FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY conname";
/// `stage` keeps its indexes: it is small, and a foreign key may refer to a unique index of it.
const POSTGRES_INDEXES: &str = "SELECT format('DROP INDEX %I', indexname), indexdef FROM pg_indexes i \
    WHERE schemaname = current_schema() AND tablename <> 'stage' \
    AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname) ORDER BY indexname";
const SQLITE_INDEXES: &str = "SELECT 'DROP INDEX \"' || name || '\"', sql FROM sqlite_master \
    WHERE type = 'index' AND sql IS NOT NULL AND tbl_name <> 'stage' ORDER BY name";

/// Runs the first statement of each row; answers the second ones.
async fn take_down(tx: &Tx, list: &str) -> Result<Vec<String>> {
    let statement = Sql::text(list).statement(tx.backend());
    let mut put_up = Vec::new();
    for row in tx.session().query_all_raw(statement).await.map_err(classify)? {
        unprepared(tx, &row.try_get_by_index::<String>(0).map_err(classify)?).await?;
        put_up.push(row.try_get_by_index(1).map_err(classify)?);
    }
    Ok(put_up)
}

async fn unprepared(tx: &Tx, sql: &str) -> Result<()> {
    tx.session().execute_unprepared(sql).await.map_err(classify).map(|_| ())
}

/// The rows as one bound JSON text: a statement that is prepared once for each table, whatever the number of rows.
fn recordset_sql<E: EntityTrait>(keys: &[TextKey], rows: &[E::Model]) -> Result<Sql> {
    let table = E::default().table_name();
    let columns = columns::<E>(keys).join(", ");
    let mut sql = Sql::text(format!(
        "INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, CAST("
    ));
    sql.bind(json::<E>(keys, rows)?).push(" AS json))");
    Ok(sql)
}

/// The rows as a JSON array of objects; empty columns are left out.
fn json<E: EntityTrait>(keys: &[TextKey], rows: &[E::Model]) -> Result<String> {
    let mut text = String::with_capacity(rows.len() * 256);
    let mut separator = '[';
    for row in rows {
        text.push(separator);
        separator = ',';
        let mut open = '{';
        let own = E::Column::iter().map(|column| (column.as_str(), row.get(column)));
        for (name, value) in own.chain(keys.iter().map(|key| (key.column.as_str(), key.of_row(row)))) {
            let start = text.len();
            text.push(open);
            // Writing to a string cannot fail.
            let _ = write!(text, "\"{name}\":");
            if write_value(&mut text, &value)? {
                open = ',';
            } else {
                text.truncate(start);
            }
        }
        text.push('}');
    }
    text.push(']');
    Ok(text)
}

/// Writes a value as JSON; false, and nothing written, if it is empty.
fn write_value(text: &mut String, value: &Value) -> Result<bool> {
    let _ = match value {
        Value::Uuid(Some(id)) => write!(text, "\"{id}\""),
        Value::String(Some(words)) => write!(text, "{}", serde_json::Value::from(words.as_str())),
        Value::Int(Some(number)) => write!(text, "{number}"),
        Value::BigInt(Some(number)) => write!(text, "{number}"),
        Value::Bool(Some(yes)) => write!(text, "{yes}"),
        Value::ChronoDateTimeUtc(Some(time)) => {
            write!(text, "\"{}\"", time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
        }
        Value::ChronoDate(Some(day)) => write!(text, "\"{day}\""),
        Value::Json(Some(json)) => write!(text, "{json}"),
        Value::Bytes(Some(bytes)) => {
            text.push_str("\"\\\\x");
            bytes.iter().for_each(|byte| {
                let _ = write!(text, "{byte:02x}");
            });
            write!(text, "\"")
        }
        Value::Uuid(None)
        | Value::String(None)
        | Value::Int(None)
        | Value::BigInt(None)
        | Value::Bool(None)
        | Value::ChronoDateTimeUtc(None)
        | Value::ChronoDate(None)
        | Value::Bytes(None)
        | Value::Json(None) => return Ok(false),
        other => return Err(Error::internal(format!("{other:?} cannot be loaded in bulk"))),
    };
    Ok(true)
}

//! The event log: one entry for every changed row, in an order without gaps.
//!
//! A sequence number is taken at the very end of the transaction from a counter row whose lock is held until the
//! commit, so numbers become visible in their order: a reader that has seen *n* has seen everything before *n*.

use entity::{event, event_sequence};
use sea_orm::{EntityTrait, IdenStatic, Iterable, ModelTrait, Value};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::database::classify;
use super::descriptor::{Currency, Descriptor, Graph, Key, Source};
use super::sql::Sql;
use super::tx::{Tx, chunk_size, insert_sql};
use crate::access::Kind;
use crate::error::Result;
use sea_orm::ConnectionTrait;

/// A change that waits for the commit.
#[derive(Debug)]
pub(super) struct Entry {
    pub action: String,
    pub kind: Kind,
    pub subject: Uuid,
    pub changes: Json,
    pub reason: Option<String>,
}

/// Numbers the entries and writes them; answers the last number, if there are any.
pub(super) async fn write(tx: &Tx, entries: Vec<Entry>) -> Result<Option<i64>> {
    if entries.is_empty() {
        return Ok(None);
    }
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let last = advance(tx, count).await?;
    let actor = Some(tx.reader().viewer().id).filter(|id| !id.is_nil());
    let rows: Vec<_> = (last - count + 1..=last)
        .zip(entries)
        .map(|(seq, entry)| {
            let mut changes = entry.changes;
            if let (Some(reason), Json::Object(fields)) = (entry.reason, &mut changes) {
                fields.insert(REASON.to_owned(), Json::from(vec![Json::Null, Json::from(reason)]));
            }
            event::Model {
                seq,
                id: tx.id(),
                at: tx.now(),
                actor_id: actor,
                action: entry.action,
                subject_type: entry.kind.as_str().to_owned(),
                subject_id: entry.subject,
                changes,
            }
        })
        .collect();
    for chunk in rows.chunks(chunk_size::<event::Entity>(&[])) {
        tx.execute(insert_sql::<event::Entity>(&[], chunk)).await.map_err(classify)?;
    }
    Ok(Some(last))
}

/// Under this name the reason of a change stands among its fields.
pub const REASON: &str = "_reason";

pub(super) async fn advance(tx: &Tx, count: i64) -> Result<i64> {
    let column = event_sequence::Column::Value.as_str();
    let mut sql = Sql::text(format!("UPDATE event_sequence SET {column} = {column} + "));
    sql.bind(count).push(&format!(" WHERE id = 1 RETURNING {column}"));
    let row = tx.session().query_one_raw(sql.statement(tx.backend())).await.map_err(classify)?;
    let row = row.ok_or_else(|| crate::error::Error::internal("the event counter is missing"))?;
    row.try_get_by_index(0).map_err(classify)
}

/// The readable fields that differ, as `{field: [before, after]}`. Columns that no field shows (hashes) stay out.
pub(super) fn changes<E: EntityTrait>(
    graph: &Graph,
    of: &Descriptor,
    before: Option<&E::Model>,
    after: &E::Model,
) -> Json {
    let mut fields = Map::new();
    for column in E::Column::iter() {
        let Some(name) = of.name_of_column(column.as_str()).filter(|name| !BOOKKEEPING.contains(name)) else {
            continue;
        };
        let logged = |row: &E::Model| match currency_of::<E>(of, column) {
            Some(currency) => match (row.get(column), row.get(currency)) {
                (Value::BigInt(Some(minor)), Value::String(Some(currency))) => amount(minor, &currency),
                _ => Json::Null,
            },
            None => json(graph, of, column.as_str(), &row.get(column)),
        };
        let (old_json, new_json) = (before.map_or(Json::Null, logged), logged(after));
        if old_json != new_json {
            fields.insert(name.to_owned(), Json::from(vec![old_json, new_json]));
        }
    }
    Json::Object(fields)
}

/// They change with every change and say nothing more.
const BOOKKEEPING: [&str; 5] = ["id", "createdAt", "updatedAt", "createdBy", "version"];

/// The column that holds the currency of an amount, if it is one with a currency of its own.
fn currency_of<E: EntityTrait>(of: &Descriptor, amount: E::Column) -> Option<E::Column> {
    let name = of.fields.iter().find_map(|field| match field.source {
        Source::Money(column, Currency::Column(currency)) if column == amount.as_str() => Some(currency),
        _ => None,
    })?;
    super::tx::column::<E>(name)
}

/// An amount as clients see it.
pub fn amount(minor: i64, currency: &str) -> Json {
    serde_json::json!({ "amount": crate::money::print_minor(minor, currency), "currency": currency })
}

/// A value as the log keeps it: ids as clients see them; an amount in the base currency in minor units.
fn json(graph: &Graph, of: &Descriptor, column: &str, value: &Value) -> Json {
    let reference = of.links.iter().find(|link| matches!(link.key, Key::One(own) if own == column));
    match value {
        Value::Uuid(Some(id)) => match reference {
            Some(link) => Json::from(graph.of(link.to).global_id(*id)),
            None => Json::from(of.global_id(*id)),
        },
        Value::String(Some(text)) => Json::from(text.as_str()),
        Value::Int(Some(number)) => Json::from(*number),
        Value::BigInt(Some(number)) => match scale(of, column) {
            Some(scale) => Json::from(crate::money::print_decimal(*number, scale)),
            None => Json::from(*number),
        },
        Value::Bool(Some(yes)) => Json::from(*yes),
        Value::ChronoDateTimeUtc(Some(time)) => Json::from(time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
        Value::ChronoDate(Some(day)) => Json::from(day.to_string()),
        Value::Json(Some(json)) => (**json).clone(),
        _ => Json::Null,
    }
}

fn scale(of: &Descriptor, column: &str) -> Option<u32> {
    of.fields.iter().find_map(|field| match (field.source, field.shape) {
        (Source::Column(own), super::descriptor::Shape::Decimal(scale)) if own == column => Some(scale),
        _ => None,
    })
}

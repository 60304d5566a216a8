//! A row that another system knows has both the name of that system and its id there.
//!
//! What was stored with one of them alone keeps it: an id without a system is from the system `unknown` (`unknown 2`, … where
//! two rows have the same id), and a system without an id calls the row by our own.

use crate::step::*;
use sea_orm::{ConnectionTrait, DbBackend};

const TABLES: [&str; 7] = ["activity", "campaign", "company", "contact", "deal", "lead", "touchpoint"];
const TOGETHER: &str = "(source_system IS NULL) = (external_id IS NULL)";

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let postgres = db.get_database_backend() == DbBackend::Postgres;
        for table in TABLES {
            for sql in complete(table, postgres).into_iter().chain(constrain(table, postgres)) {
                db.execute_unprepared(&sql).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let postgres = db.get_database_backend() == DbBackend::Postgres;
        for sql in TABLES.into_iter().flat_map(|table| relax(table, postgres)) {
            db.execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}

fn complete(table: &str, postgres: bool) -> [String; 2] {
    let own_id = if postgres { "id::text" } else { "lower(hex(id))" };
    [
        format!(
            "UPDATE {table} SET source_system = (SELECT CASE WHEN number = 1 THEN 'unknown' ELSE 'unknown ' || number END \
             FROM (SELECT one.id AS row_id, ROW_NUMBER() OVER (PARTITION BY one.external_id ORDER BY one.id) \
             + (SELECT COUNT(*) FROM {table} other WHERE other.external_id = one.external_id \
             AND other.source_system LIKE 'unknown%') AS number FROM {table} one \
             WHERE one.source_system IS NULL AND one.external_id IS NOT NULL) AS numbered WHERE row_id = {table}.id) \
             WHERE source_system IS NULL AND external_id IS NOT NULL"
        ),
        format!("UPDATE {table} SET external_id = {own_id} WHERE external_id IS NULL AND source_system IS NOT NULL"),
    ]
}

/// SQLite adds no constraint to a table that is there: a trigger says the same.
fn constrain(table: &str, postgres: bool) -> Vec<String> {
    if postgres {
        return vec![format!("ALTER TABLE {table} ADD CONSTRAINT ck_{table}__source CHECK ({TOGETHER})")];
    }
    let trigger = |name: &str, event: &str| {
        format!(
            "CREATE TRIGGER tr_{table}__{name} BEFORE {event} ON {table} \
             WHEN (NEW.source_system IS NULL) <> (NEW.external_id IS NULL) \
             BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: ck_{table}__source'); END"
        )
    };
    vec![trigger("source_made", "INSERT"), trigger("source_changed", "UPDATE OF source_system, external_id")]
}

fn relax(table: &str, postgres: bool) -> Vec<String> {
    if postgres {
        return vec![format!("ALTER TABLE {table} DROP CONSTRAINT ck_{table}__source")];
    }
    ["source_made", "source_changed"].map(|name| format!("DROP TRIGGER tr_{table}__{name}")).into()
}

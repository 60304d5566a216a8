//! Columns for what texts are matched, searched and sorted by. The service fills them: for rows that are there already at
//! its next start, for others as it writes them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::LIVE;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// What names are sorted by where there is always a name.
const SORTED: [(&str, &str); 8] = [
    ("company", "name_sort"),
    ("campaign", "name_sort"),
    ("deal", "name_sort"),
    ("app_user", "name_sort"),
    ("team", "name_sort"),
    ("pipeline", "name_sort"),
    ("stage", "name_sort"),
    ("activity", "subject_sort"),
];
/// The same where there may be none.
const SORTED_IF_ANY: [(&str, &str); 3] =
    [("contact", "first_name_sort"), ("contact", "last_name_sort"), ("contact", "display_name_sort")];
/// What texts are searched in and matched by; empty where the text itself will do.
const FOLDED: [(&str, &str); 19] = [
    ("company", "name_key"),
    ("company", "name_folded"),
    ("company", "industry_folded"),
    ("contact", "first_name_folded"),
    ("contact", "last_name_folded"),
    ("contact", "job_title_folded"),
    ("campaign", "name_folded"),
    ("deal", "name_folded"),
    ("deal", "loss_comment_folded"),
    ("deal", "competitor_folded"),
    ("app_user", "name_folded"),
    ("team", "name_folded"),
    ("pipeline", "name_folded"),
    ("stage", "name_folded"),
    ("activity", "subject_folded"),
    ("activity", "body_folded"),
    ("lead", "interest_folded"),
    ("handoff", "comment_folded"),
    ("handoff", "action_taken_folded"),
];
/// Table and columns of the lists that are read by name, and of the company that is found by it.
const INDEXES: [(&str, &str); 4] = [
    ("company", "name_key"),
    ("company", "name_sort, id"),
    ("contact", "last_name_sort, id"),
    ("deal", "name_sort, id"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let (bytes, none) = match db.get_database_backend() {
            DbBackend::Postgres => ("bytea", "''::bytea"),
            _ => ("blob", "x''"),
        };
        for (table, column) in SORTED {
            let sql = format!("ALTER TABLE {table} ADD COLUMN {column} {bytes} NOT NULL DEFAULT {none}");
            db.execute_unprepared(&sql).await?;
        }
        for (table, column) in SORTED_IF_ANY {
            db.execute_unprepared(&format!("ALTER TABLE {table} ADD COLUMN {column} {bytes}")).await?;
        }
        for (table, column) in FOLDED {
            db.execute_unprepared(&format!("ALTER TABLE {table} ADD COLUMN {column} varchar")).await?;
        }
        for (table, columns) in INDEXES {
            let sql = format!("CREATE INDEX {} ON {table} ({columns}) WHERE {LIVE}", index(table, columns));
            db.execute_unprepared(&sql).await?;
        }
        db.execute_unprepared("DROP INDEX ix_company__lower_name").await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for (table, columns) in INDEXES {
            db.execute_unprepared(&format!("DROP INDEX {}", index(table, columns))).await?;
        }
        for (table, column) in SORTED.iter().chain(&SORTED_IF_ANY).chain(&FOLDED) {
            db.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN {column}")).await?;
        }
        let sql = format!("CREATE INDEX ix_company__lower_name ON company (lower(name)) WHERE {LIVE}");
        db.execute_unprepared(&sql).await.map(|_| ())
    }
}

fn index(table: &str, columns: &str) -> String {
    format!("ix_{table}__{}", columns.replace(", ", "__"))
}

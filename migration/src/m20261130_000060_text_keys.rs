//! Columns for what texts are matched, searched and sorted by. The service fills them: for rows that are there already at
//! its next start, for others as it writes them.

use crate::step::*;
use sea_orm::DbBackend;

use crate::table::LIVE;

pub struct Migration;

/// Table and column of each text that people search and sort by, and whether there is always one.
const TEXTS: [(&str, &str, bool); 23] = [
    ("company", "name", true),
    ("company", "industry", false),
    ("contact", "first_name", false),
    ("contact", "last_name", false),
    ("contact", "job_title", false),
    ("campaign", "name", true),
    ("lead", "interest", false),
    ("lead", "need", false),
    ("lead", "budget", false),
    ("lead", "authority", false),
    ("lead", "timing", false),
    ("handoff", "comment", false),
    ("handoff", "action_taken", false),
    ("pipeline", "name", true),
    ("stage", "name", true),
    ("deal", "name", true),
    ("deal", "loss_comment", false),
    ("deal", "competitor", false),
    ("activity", "subject", true),
    ("activity", "body", false),
    ("app_user", "name", true),
    ("team", "name", true),
    // Of first and last name; it is searched by what they are searched by.
    ("contact", "display_name", false),
];
/// Tables whose rows are found by their name, however it is written.
const NAMED: [&str; 4] = ["company", "campaign", "app_user", "team"];
/// Table and columns of the lists that are read by name.
const INDEXES: [(&str, &str); 4] = [
    ("company", "name_sort, id"),
    ("contact", "last_name_sort, id"),
    ("contact", "display_name_sort, id"),
    ("deal", "name_sort, id"),
];
/// What found companies by name before, and what they are on: PostgreSQL cannot hold a long name in such an index.
const REPLACED: [(&str, &str); 2] = [("ix_company__name", "name"), ("ix_company__lower_name", "lower(name)")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let (bytes, none) = match db.get_database_backend() {
            DbBackend::Postgres => ("bytea", "''::bytea"),
            _ => ("blob", "x''"),
        };
        for (table, column, type_of) in columns(bytes, none) {
            db.execute_unprepared(&format!("ALTER TABLE {table} ADD COLUMN {column} {type_of}")).await?;
        }
        for (index, _) in REPLACED {
            db.execute_unprepared(&format!("DROP INDEX {index}")).await?;
        }
        for (table, columns) in indexes() {
            let sql = format!("CREATE INDEX {} ON {table} ({columns}) WHERE {LIVE}", index(table, columns));
            db.execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for (table, columns) in indexes() {
            db.execute_unprepared(&format!("DROP INDEX {}", index(table, columns))).await?;
        }
        for (table, column, _) in columns("", "") {
            db.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN {column}")).await?;
        }
        for (index, columns) in REPLACED {
            let sql = format!("CREATE INDEX {index} ON company ({columns}) WHERE {LIVE}");
            db.execute_unprepared(&sql).await?;
        }
        db.execute_unprepared("DELETE FROM setting WHERE key = 'text_keys'").await.map(|_| ())
    }
}

/// Table, name and type of each new column.
fn columns(bytes: &str, none: &str) -> Vec<(&'static str, String, String)> {
    let mut columns: Vec<_> = NAMED.map(|table| (table, "name_key".to_owned(), "varchar".to_owned())).into();
    for (table, column, required) in TEXTS {
        let always = if required { format!(" NOT NULL DEFAULT {none}") } else { String::new() };
        columns.push((table, format!("{column}_sort"), format!("{bytes}{always}")));
        if column != "display_name" {
            columns.push((table, format!("{column}_folded"), "varchar".to_owned()));
        }
    }
    columns
}

fn indexes() -> impl Iterator<Item = (&'static str, &'static str)> {
    INDEXES.into_iter().chain(NAMED.map(|table| (table, "name_key")))
}

fn index(table: &str, columns: &str) -> String {
    format!("ix_{table}__{}", columns.replace(", ", "__"))
}

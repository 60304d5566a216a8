//! Rows that are kept for a time only are found by their age.

use crate::step::*;

/// Index, table and column.
const INDEXES: [(&str, &str, &str); 3] = [
    ("ix_refresh_token__expires_at", "refresh_token", "expires_at"),
    // A token that is removed must not be searched for in the whole table as somebody's successor.
    ("ix_refresh_token__successor_id", "refresh_token", "successor_id"),
    ("ix_idempotency_record__created_at", "idempotency_record", "created_at"),
];

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table, column) in INDEXES {
            let sql = format!("CREATE INDEX {name} ON {table} ({column})");
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, ..) in INDEXES {
            manager.get_connection().execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        Ok(())
    }
}

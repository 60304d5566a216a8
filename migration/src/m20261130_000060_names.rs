//! Indexes for rows that the files of an import refer to by their name.

use sea_orm_migration::prelude::*;

use crate::table::LIVE;

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLES: [&str; 3] = ["app_user", "campaign", "team"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            let sql = format!("CREATE INDEX ix_{table}__name ON {table} (name) WHERE {LIVE}");
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.get_connection().execute_unprepared(&format!("DROP INDEX ix_{table}__name")).await?;
        }
        Ok(())
    }
}

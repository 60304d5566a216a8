//! An index for the leads of a campaign in one status: a campaign has many leads, and few of them in the status that is
//! asked about.

use crate::step::*;

use crate::table::LIVE;

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = format!(
            "CREATE INDEX ix_lead__source_campaign_id__status__created_at__id \
             ON lead (source_campaign_id, status, created_at, id) WHERE {LIVE}"
        );
        manager.get_connection().execute_unprepared(&sql).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "DROP INDEX ix_lead__source_campaign_id__status__created_at__id";
        manager.get_connection().execute_unprepared(sql).await.map(|_| ())
    }
}

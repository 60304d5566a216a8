//! An index for what companies bought: by company, in the order in which they bought, with what it was worth. First purchases
//! and a company's revenue are read from it without the deals themselves.

use crate::step::*;

use crate::table::LIVE;

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = format!(
            "CREATE INDEX ix_deal__company_id__closed_at__id__base_amount_minor \
             ON deal (company_id, closed_at, id, base_amount_minor) WHERE status = 'WON' AND {LIVE}"
        );
        manager.get_connection().execute_unprepared(&sql).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "DROP INDEX ix_deal__company_id__closed_at__id__base_amount_minor";
        manager.get_connection().execute_unprepared(sql).await.map(|_| ())
    }
}

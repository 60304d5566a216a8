//! Touches reported by whoever may not record touches give no credit for deals that had closed before.

use crate::columns::*;
use crate::step::*;

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = timestamp_with_time_zone_null("counts_from");
        manager.alter_table(Table::alter().table("touchpoint").add_column(column).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("touchpoint").drop_column("counts_from").to_owned()).await
    }
}

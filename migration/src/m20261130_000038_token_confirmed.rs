//! When the access token that came with a refresh token was first used: from then on its answer has arrived.

use crate::columns::*;
use crate::step::*;

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = timestamp_with_time_zone_null("confirmed_at");
        manager.alter_table(Table::alter().table("refresh_token").add_column(column).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("refresh_token").drop_column("confirmed_at").to_owned()).await
    }
}

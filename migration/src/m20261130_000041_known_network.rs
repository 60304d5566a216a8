//! The networks that people have signed in from: sign-ins from there do not wait for the failures of strangers.

use crate::columns::*;
use crate::step::*;

use crate::table::{NewTable, drop_tables};

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("known_network")
            .reference("user_id", "app_user")
            .column(string("network"))
            .column(timestamp_with_time_zone("last_seen_at"))
            .primary_key(&["user_id", "network"])
            .index(&["network", "last_seen_at"])
            .index(&["last_seen_at"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["known_network"]).await
    }
}

//! What was refused: failed sign-ins, and attempts at what a role may not do. Apart from the log of changes, and append-only.

use crate::columns::*;
use crate::step::*;

use crate::table::{NewTable, drop_tables};

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("security_event")
            .column(pk_uuid("id"))
            .column(timestamp_with_time_zone("at"))
            .column(string("action"))
            .column(uuid_null("actor_id"))
            .column(string_null("address"))
            .column(string_null("network"))
            .column(string("operation"))
            .column(string_null("subject_id"))
            .column(string_null("missing_right"))
            .column(integer("dropped"))
            .check("dropped", "dropped >= 0")
            .check("actor_id", "action <> 'ACCESS_REFUSED' OR actor_id IS NOT NULL")
            .index(&["at", "id"])
            .index(&["actor_id", "at"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["security_event"]).await
    }
}

//! What the service itself needs: rates, the event log, sign-ins, keys, settings.

use crate::columns::*;
use crate::step::*;

use crate::table::{NewTable, drop_tables};

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::rows("exchange_rate")
            .column(string("currency"))
            .column(date("date"))
            .column(big_integer("rate_e8"))
            .unique_live(&["currency", "date"])
            .create(manager)
            .await?;
        NewTable::named("event")
            .column(big_integer("seq").primary_key().take())
            .column(uuid("id"))
            .column(timestamp_with_time_zone("at"))
            .column(uuid_null("actor_id"))
            .column(string("action"))
            .column(string("subject_type"))
            .column(uuid("subject_id"))
            .column(json_binary("changes"))
            .unique(&["id"])
            .index(&["subject_type", "subject_id", "seq"])
            .create(manager)
            .await?;
        NewTable::named("event_sequence")
            .column(integer("id").primary_key().take())
            .column(big_integer("value"))
            .create(manager)
            .await?;
        manager.get_connection().execute_unprepared("INSERT INTO event_sequence (id, value) VALUES (1, 0)").await?;
        NewTable::named("refresh_token")
            .column(pk_uuid("id"))
            .reference("user_id", "app_user")
            .column(uuid("family_id"))
            .column(string("token_hash"))
            .column(timestamp_with_time_zone("created_at"))
            .column(timestamp_with_time_zone("expires_at"))
            .column(timestamp_with_time_zone_null("used_at"))
            .column(timestamp_with_time_zone_null("revoked_at"))
            .optional("successor_id", "refresh_token")
            .unique(&["token_hash"])
            .index(&["family_id"])
            .index(&["user_id"])
            .create(manager)
            .await?;
        NewTable::named("idempotency_record")
            .column(uuid("principal_id"))
            .column(string("key"))
            .column(string("request_hash"))
            .column(json_binary_null("response"))
            .column(timestamp_with_time_zone("created_at"))
            .primary_key(&["principal_id", "key"])
            .create(manager)
            .await?;
        NewTable::named("signing_key")
            .column(string("kid").primary_key().take())
            .column(text("private_pem"))
            .column(timestamp_with_time_zone("created_at"))
            .column(timestamp_with_time_zone_null("retired_at"))
            .create(manager)
            .await?;
        NewTable::named("setting")
            .column(string("key").primary_key().take())
            .column(text("value"))
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(
            manager,
            &[
                "setting",
                "signing_key",
                "idempotency_record",
                "refresh_token",
                "event_sequence",
                "event",
                "exchange_rate",
            ],
        )
        .await
    }
}

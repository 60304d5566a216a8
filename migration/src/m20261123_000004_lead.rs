//! Leads and their hand-offs from marketing to sales.

use crate::columns::*;
use crate::step::*;

use crate::table::{LIVE, NewTable, drop_tables};

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // `deal_id` follows with the deals.
        NewTable::rows("lead")
            .owned()
            .external(Some(LIVE))
            .list("contact_id", "contact")
            .optional_list("company_id", "company")
            .column(string("status"))
            .column(string("source"))
            .optional_list("source_campaign_id", "campaign")
            .column(text_null("interest"))
            .money("estimated_value")
            .column(string_null("buying_horizon"))
            .column(integer("score"))
            .column(string_null("fit_grade"))
            .column(string_null("disqualify_reason"))
            .column(integer("recycled_count"))
            .column(timestamp_with_time_zone_null("handed_off_at"))
            .column(timestamp_with_time_zone_null("mql_at"))
            .column(timestamp_with_time_zone_null("sal_at"))
            .column(timestamp_with_time_zone_null("sql_at"))
            .column(timestamp_with_time_zone_null("converted_at"))
            .column(timestamp_with_time_zone_null("closed_at"))
            // At most one open lead per contact.
            .unique_where(
                &["contact_id"],
                Some("deleted_at IS NULL AND status <> 'CONVERTED' AND status <> 'DISQUALIFIED'"),
            )
            .one_of("status", &["NEW", "NURTURING", "MQL", "SAL", "SQL", "CONVERTED", "DISQUALIFIED"])
            .check("score", "score BETWEEN 0 AND 100")
            .index(&["status", "created_at"])
            .create(manager)
            .await?;
        NewTable::rows("handoff")
            .list("lead_id", "lead")
            .optional("from_user_id", "app_user")
            .optional_list("from_team_id", "team")
            .optional_list("to_owner_id", "app_user")
            .optional_list("to_team_id", "team")
            .column(string("status"))
            .column(timestamp_with_time_zone("handed_at"))
            .column(timestamp_with_time_zone("due_at"))
            .column(timestamp_with_time_zone_null("responded_at"))
            .optional("responded_by_id", "app_user")
            .column(string_null("reason"))
            .column(integer_null("rating"))
            .column(text_null("comment"))
            .column(timestamp_with_time_zone_null("acknowledged_at"))
            .optional("acknowledged_by_id", "app_user")
            .column(text_null("action_taken"))
            // At most one pending hand-off per lead.
            .unique_where(&["lead_id"], Some("deleted_at IS NULL AND status = 'PENDING'"))
            .one_of("status", &["PENDING", "ACCEPTED", "REJECTED", "RECALLED", "EXPIRED"])
            .check("rating", "rating BETWEEN 1 AND 5")
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["handoff", "lead"]).await
    }
}

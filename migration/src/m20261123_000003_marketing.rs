//! Campaigns, their members, and the touches of people by marketing.

use crate::columns::*;
use crate::step::*;

use crate::table::{LIVE, NewTable, drop_tables};

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::rows("campaign")
            .owned()
            .external(Some(LIVE))
            .column(string("name"))
            .column(string("code"))
            .column(string("objective"))
            .column(string("channel"))
            .column(string("horizon"))
            .column(string("status"))
            .column(date_null("starts_on"))
            .column(date_null("ends_on"))
            .optional_list("parent_id", "campaign")
            .money("budget")
            .column(integer_null("expected_leads"))
            .money("expected_revenue")
            .unique_live(&["code"])
            .one_of("status", &["DRAFT", "SCHEDULED", "ACTIVE", "PAUSED", "COMPLETED", "ARCHIVED", "CANCELLED"])
            .check("dates", "starts_on <= ends_on")
            .create(manager)
            .await?;
        NewTable::rows("campaign_member")
            .list("campaign_id", "campaign")
            .list("contact_id", "contact")
            .column(string("status"))
            .column(timestamp_with_time_zone_null("first_responded_at"))
            .column(string("source"))
            .unique_live(&["campaign_id", "contact_id"])
            .create(manager)
            .await?;
        NewTable::facts("touchpoint")
            .column(uuid_null("created_by"))
            .external(None)
            .column(timestamp_with_time_zone("occurred_at"))
            .column(string("kind"))
            .column(string("channel"))
            .optional("contact_id", "contact")
            .column(string_null("visitor_key"))
            .optional("campaign_id", "campaign")
            .column(string_null("utm_source"))
            .column(string_null("utm_medium"))
            .column(string_null("utm_campaign"))
            .column(string_null("utm_term"))
            .column(string_null("utm_content"))
            .column(text_null("url"))
            .column(text_null("referrer"))
            .column(boolean("creditable"))
            .index(&["occurred_at", "id"])
            .index(&["contact_id", "occurred_at", "id"])
            .index(&["campaign_id", "occurred_at", "id"])
            // For the contact who turns out to be the visitor.
            .index_where(&["visitor_key"], "contact_id IS NULL")
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["touchpoint", "campaign_member", "campaign"]).await
    }
}

//! What is done with customers, and the record of every change of state.

use crate::columns::*;
use crate::step::*;

use crate::table::{LIVE, NewTable, drop_tables};

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::rows("activity")
            .owned()
            .external(Some(LIVE))
            .column(string("kind"))
            .column(string("subject"))
            .column(text_null("body"))
            .column(string_null("direction"))
            .column(string("status"))
            .column(string("priority"))
            .column(timestamp_with_time_zone_null("due_at"))
            .column(timestamp_with_time_zone_null("started_at"))
            .column(timestamp_with_time_zone_null("ended_at"))
            .column(string_null("outcome"))
            .optional_list("contact_id", "contact")
            .optional_list("lead_id", "lead")
            .optional_list("deal_id", "deal")
            .optional_list("company_id", "company")
            .optional_list("campaign_id", "campaign")
            .optional_list("follows_id", "activity")
            .one_of("status", &["PLANNED", "DONE", "NO_SHOW", "CANCELLED"])
            .check("links", "coalesce(contact_id, lead_id, deal_id, company_id, campaign_id) IS NOT NULL")
            .create(manager)
            .await?;
        NewTable::facts("transition")
            .optional("lead_id", "lead")
            .optional("deal_id", "deal")
            .optional("campaign_id", "campaign")
            .column(string_null("from_state"))
            .column(string("to_state"))
            .optional("from_stage_id", "stage")
            .optional("to_stage_id", "stage")
            .column(timestamp_with_time_zone("at"))
            .column(uuid_null("by_id"))
            .column(big_integer_null("amount_base_minor"))
            .column(integer_null("probability"))
            .column(big_integer_null("seconds_in_previous"))
            .check(
                "subject",
                "CASE WHEN lead_id IS NULL THEN 0 ELSE 1 END \
         + CASE WHEN deal_id IS NULL THEN 0 ELSE 1 END \
         + CASE WHEN campaign_id IS NULL THEN 0 ELSE 1 END = 1",
            )
            .index(&["at", "id"])
            .index(&["lead_id", "at", "id"])
            .index(&["deal_id", "at", "id"])
            .index(&["campaign_id", "at", "id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["transition", "activity"]).await
    }
}

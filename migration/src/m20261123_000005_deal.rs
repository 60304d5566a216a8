//! Pipelines, their stages, deals and the people in them.

use crate::columns::*;
use crate::step::*;

use crate::table::{LIVE, NewTable, close_circle, drop_tables, open_circle};

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::rows("pipeline")
            .column(string("name"))
            .column(boolean("is_default"))
            .column(boolean("is_active"))
            // At most one default pipeline.
            .unique_where(&["is_default"], Some("deleted_at IS NULL AND is_default"))
            .create(manager)
            .await?;
        NewTable::rows("stage")
            .list("pipeline_id", "pipeline")
            .column(string("name"))
            .column(integer("position"))
            .column(string("category"))
            .column(integer("probability"))
            .column(string("forecast_category"))
            .column(integer_null("rotting_days"))
            .column(json_binary("exit_criteria"))
            .unique_live(&["pipeline_id", "position"])
            // What deals refer to.
            .unique(&["id", "category"])
            .one_of("category", &["OPEN", "WON", "LOST"])
            .check("probability", "probability BETWEEN 0 AND 100")
            .create(manager)
            .await?;
        NewTable::rows("deal")
            .owned()
            .external(Some(LIVE))
            .column(string("name"))
            .column(string("kind"))
            .optional_list("company_id", "company")
            .list("pipeline_id", "pipeline")
            .column(uuid("stage_id"))
            .column(string("status"))
            // The status of a deal is the category of its stage.
            .foreign_key(&["stage_id", "status"], "stage", &["id", "category"])
            .column(big_integer_null("amount_minor"))
            .column(string("currency"))
            .column(big_integer_null("cost_minor"))
            .column(integer_null("probability_override"))
            .column(date_null("expected_close_on"))
            .column(timestamp_with_time_zone_null("closed_at"))
            .column(big_integer_null("base_amount_minor"))
            .column(date_null("rate_date"))
            .column(string_null("loss_reason"))
            .column(text_null("loss_comment"))
            .column(string_null("competitor"))
            .optional("lead_id", "lead")
            .optional_list("source_campaign_id", "campaign")
            // A lead is the origin of at most one deal.
            .unique_live(&["lead_id"])
            .check("closed_at", "(status = 'OPEN') = (closed_at IS NULL)")
            .check("loss_reason", "status <> 'LOST' OR loss_reason IS NOT NULL")
            .check("won_amount", "status <> 'WON' OR (coalesce(amount_minor, 0) > 0 AND base_amount_minor IS NOT NULL)")
            .check("probability_override", "probability_override BETWEEN 0 AND 100")
            .index(&["stage_id", "created_at", "id"])
            .index(&["status", "closed_at"])
            .index(&["expected_close_on", "id"])
            .create(manager)
            .await?;
        close_circle(
            manager,
            "lead",
            "deal_id",
            "deal",
            r#"CONSTRAINT "ck_lead__deal_id" CHECK ((status = 'CONVERTED') = (deal_id IS NOT NULL))"#,
        )
        .await?;
        NewTable::rows("deal_contact")
            .list("deal_id", "deal")
            .list("contact_id", "contact")
            .column(string("role"))
            .column(boolean("is_primary"))
            // At most one primary contact per deal.
            .unique_where(&["deal_id"], Some("deleted_at IS NULL AND is_primary"))
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        open_circle(manager, "lead", "deal_id").await?;
        drop_tables(manager, &["deal_contact", "deal", "stage", "pipeline"]).await
    }
}

//! Who gets the credit for won deals. Derived: may be emptied and rebuilt.

use crate::columns::*;
use crate::step::*;

use crate::table::{NewTable, drop_tables};

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("attribution_credit")
            .column(pk_uuid("id"))
            .reference("deal_id", "deal")
            .optional("touchpoint_id", "touchpoint")
            .optional("campaign_id", "campaign")
            .column(string_null("channel"))
            .column(string("model"))
            .column(integer("weight_bp"))
            .column(big_integer("amount_minor"))
            .column(timestamp_with_time_zone("closed_at"))
            .check("weight_bp", "weight_bp BETWEEN 0 AND 10000")
            .index(&["campaign_id", "model", "closed_at"])
            .index(&["deal_id", "model"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["attribution_credit"]).await
    }
}

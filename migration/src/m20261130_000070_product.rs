//! Products: what is sold, at one price in one currency each.

use crate::columns::*;
use crate::step::*;

use crate::table::{LIVE, NewTable, drop_tables};

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::rows("product")
            .external(Some(LIVE))
            .column(string("sku"))
            .text("name")
            .optional_text("family")
            .column(big_integer("unit_price_minor"))
            .column(big_integer_null("unit_cost_minor"))
            .column(string("currency"))
            .column(boolean("is_active"))
            .unique_live(&["sku"])
            .check("unit_price_minor", "unit_price_minor >= 0")
            .check("unit_cost_minor", "unit_cost_minor >= 0")
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["product"]).await
    }
}

//! The lines of deals: how many of what, at which price.

use crate::columns::*;
use crate::step::*;

use crate::table::{NewTable, drop_tables};

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::rows("line_item")
            .list("deal_id", "deal")
            .optional_list("product_id", "product")
            .text("description")
            .column(big_integer("quantity_e3"))
            .column(big_integer("unit_price_minor"))
            .column(big_integer("list_price_minor"))
            .column(big_integer_null("unit_cost_minor"))
            .column(big_integer("discount_pct_e2"))
            .column(big_integer("total_minor"))
            .column(string("currency"))
            .column(integer("position"))
            .unique_live(&["deal_id", "position"])
            .check("quantity_e3", "quantity_e3 > 0")
            .check("unit_price_minor", "unit_price_minor >= 0")
            .check("list_price_minor", "list_price_minor >= 0")
            .check("unit_cost_minor", "unit_cost_minor >= 0")
            .check("discount_pct_e2", "discount_pct_e2 BETWEEN 0 AND 10000")
            .check("total_minor", "total_minor >= 0")
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["line_item"]).await
    }
}

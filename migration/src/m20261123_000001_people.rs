//! Users and teams.

use crate::columns::*;
use crate::step::*;

use crate::table::{NewTable, close_circle, drop_tables, open_circle};

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::rows("app_user")
            .column(string("name"))
            .column(string("email"))
            .column(string_null("password_hash"))
            .column(string("role"))
            .column(string("status"))
            .column(string("time_zone"))
            .column(string("locale"))
            .column(integer_null("max_open_leads"))
            .unique_live(&["email"])
            .create(manager)
            .await?;
        NewTable::rows("team")
            .column(string("name"))
            .column(string("function"))
            .optional_list("parent_id", "team")
            .optional_list("lead_id", "app_user")
            .create(manager)
            .await?;
        close_circle(manager, "app_user", "team_id", "team", "").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        open_circle(manager, "app_user", "team_id").await?;
        drop_tables(manager, &["team", "app_user"]).await
    }
}

//! Companies and contacts.

use crate::columns::*;
use crate::step::*;

use crate::table::{LIVE, NewTable, drop_tables};

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::rows("company")
            .owned()
            .external(Some(LIVE))
            .column(string("name"))
            .column(string_null("domain"))
            .column(string_null("industry"))
            .column(string_null("size_band"))
            .money("annual_revenue")
            .column(string_null("country"))
            .column(string("lifecycle"))
            .optional_list("parent_id", "company")
            .unique_live(&["domain"])
            .create(manager)
            .await?;
        NewTable::rows("contact")
            .owned()
            .external(Some(LIVE))
            .column(string_null("first_name"))
            .column(string_null("last_name"))
            .column(string_null("email"))
            .column(string_null("phone"))
            .column(string_null("job_title"))
            .optional_list("company_id", "company")
            .column(string_null("preferred_channel"))
            .column(string_null("preferred_language"))
            .column(string_null("time_zone"))
            .column(string("lifecycle"))
            .optional_list("merged_into_id", "contact")
            .column(timestamp_with_time_zone_null("erased_at"))
            // A merged or erased contact gives its address free.
            .unique_where(&["email"], Some("deleted_at IS NULL AND merged_into_id IS NULL AND erased_at IS NULL"))
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["contact", "company"]).await
    }
}

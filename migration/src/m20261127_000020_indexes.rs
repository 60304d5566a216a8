//! Indexes for what the load scenarios ask of large tables: finding a captured person by telephone and a company by
//! name, and figures over all deals and leads without reading their rows.

use crate::step::*;

use crate::table::LIVE;

pub struct Migration;

/// Name, table, columns. For SQLite an index answers alone only if it holds every column that is asked about, also the
/// one that says which rows it holds.
const INDEXES: [(&str, &str, &str); 5] = [
    ("ix_contact__phone", "contact", "phone"),
    ("ix_company__name", "company", "name"),
    ("ix_company__lower_name", "company", "lower(name)"),
    ("ix_deal__stage_id__currency__amount_minor", "deal", "stage_id, currency, amount_minor, deleted_at"),
    ("ix_lead__source_campaign_id__created_at", "lead", "source_campaign_id, created_at, deleted_at"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table, columns) in INDEXES {
            let sql = format!("CREATE INDEX {name} ON {table} ({columns}) WHERE {LIVE}");
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _, _) in INDEXES {
            manager.get_connection().execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        Ok(())
    }
}

//! `converted_at` is the moment of the conversion that stands: the last one of a converted lead, none of any other.

use crate::step::*;
use sea_orm::ConnectionTrait;

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(
            "UPDATE lead SET converted_at = NULL WHERE status <> 'CONVERTED' AND converted_at IS NOT NULL",
        )
        .await?;
        db.execute_unprepared(
            "UPDATE lead SET converted_at = COALESCE((SELECT MAX(step.at) FROM transition step \
             WHERE step.lead_id = lead.id AND step.to_state = 'CONVERTED'), converted_at) WHERE status = 'CONVERTED'",
        )
        .await?;
        Ok(())
    }

    /// What the moments were is not known any more.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

//! What sales finds out when it qualifies a lead, as columns that can be asked about.

use crate::columns::*;
use crate::step::*;

const FACTS: [&str; 4] = ["need", "budget", "authority", "timing"];

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for fact in FACTS {
            manager.alter_table(Table::alter().table("lead").add_column(text_null(fact)).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for fact in FACTS {
            manager.alter_table(Table::alter().table("lead").drop_column(fact).to_owned()).await?;
        }
        Ok(())
    }
}

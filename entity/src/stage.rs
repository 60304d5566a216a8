//! Stages of pipelines.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::enums::DealStatus;

choices! {
    /// Where a forecast counts a deal.
    pub enum ForecastCategory {
        /// Not counted.
        Omitted,
        /// Possible.
        Pipeline,
        /// Will come in if things go well.
        BestCase,
        /// Promised for the period.
        Commit,
        /// Won or lost: no longer a forecast.
        Closed,
    }
}

/// One step of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "stage")]
pub struct Model {
    /// Primary key, UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// When the row was last changed.
    pub updated_at: DateTimeUtc,
    /// Who wrote the row: a user or an API key; none for the system itself.
    pub created_by: Option<Uuid>,
    /// Counts the changes of the row; a change must name the version it was based on.
    pub version: i32,
    /// When the row was deleted; a deleted row stays in the table.
    pub deleted_at: Option<DateTimeUtc>,
    /// The pipeline.
    pub pipeline_id: Uuid,
    /// What the stage is called.
    pub name: String,
    /// Place within the pipeline, rising; unique in it among live stages.
    pub position: i32,
    /// What a deal in this stage is: open, won or lost.
    pub category: DealStatus,
    /// How likely a deal in this stage is won, in percent.
    pub probability: i32,
    /// Where the forecast counts the deals of this stage.
    pub forecast_category: ForecastCategory,
    /// After how many days without progress a deal here counts as neglected; none for never.
    pub rotting_days: Option<i32>,
    /// What must be true before a deal moves on: a list of sentences.
    pub exit_criteria: Json,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

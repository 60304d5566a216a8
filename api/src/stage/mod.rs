//! Stages: the steps of a pipeline, with what must be known before a deal leaves them.

use entity::{deal, stage};

use crate::access::Kind;
use crate::store::Resource;
use crate::store::descriptor::{Declare, Descriptor};

impl Resource for stage::Entity {
    const KIND: Kind = Kind::Stage;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use stage::Column;
    Declare::<stage::Entity>::new(Kind::Stage, "Stage", "stages", "stage", "A step of a pipeline.")
        .one(Column::PipelineId, Kind::Pipeline, "The pipeline.")
        .field(Column::Name, "The name.")
        .field(Column::Position, "Its place in the pipeline, from 1.")
        .choice::<_, entity::enums::DealStatus>(Column::Category, "Whether deals here are open, won or lost.")
        .field(Column::Probability, "Chance in percent that a deal here is won.")
        .choice::<_, stage::ForecastCategory>(Column::ForecastCategory, "Where its deals stand in the forecast.")
        .field(Column::RottingDays, "A deal that stays longer is rotting, in days.")
        .field(Column::ExitCriteria, "What must be known before a deal moves on.")
        .many("deals", Kind::Deal, deal::Column::StageId, "Deals in this stage.")
        .order("position", false)
        .done()
}

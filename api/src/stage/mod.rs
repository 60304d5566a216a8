//! Stages: the steps of a pipeline, with what must be known before a deal leaves them.

pub mod rules;

use entity::enums::DealStatus;
use entity::stage::ForecastCategory;
use entity::{deal, stage};
use sea_orm::ColumnTrait;

use crate::access::{Action, Kind, When};
use crate::error::{Error, Result};
use crate::places::make_room;
use crate::store::descriptor::{Declare, Descriptor, Given};
use crate::store::writes::writes;
use crate::store::{Resource, Tx, Warrant};

impl Resource for stage::Entity {
    const KIND: Kind = Kind::Stage;

    async fn prepare(
        tx: &Tx,
        warrant: &Warrant,
        row: &mut stage::Model,
        before: Option<&stage::Model>,
        given: &Given,
    ) -> Result<()> {
        let others = others(tx, warrant, row).await?;
        if before.is_none() {
            complete(row, &others, given);
        }
        rules::settle(row);
        if row.exit_criteria.is_null() {
            row.exit_criteria = serde_json::Value::Array(Vec::new());
        }
        rules::check(row)?;
        if row.category == DealStatus::Won && others.iter().any(|other| other.category == DealStatus::Won) {
            return Err(Error::invalid(
                "TAKEN",
                "category",
                "A pipeline has one WON stage, and this one has it already.",
            ));
        }
        if let Some(before) = before.filter(|before| before.category != row.category) {
            leave_category(tx, warrant, before, &others).await?;
            no_deals_ever(tx, warrant, before).await?;
        }
        let moves = make_room(row.position, before.map(|before| before.position), &others, |other| other.position)?;
        // The last first: no two stages of a pipeline stand at one place, not even meanwhile.
        for (other, position) in moves.into_iter().rev() {
            let mut other = tx.affected::<stage::Entity>(warrant, other.clone());
            other.position = position;
            tx.save(other).await?;
        }
        Ok(())
    }

    async fn may_delete(tx: &Tx, warrant: &Warrant, row: &stage::Model) -> Result<()> {
        let others = others(tx, warrant, row).await?;
        leave_category(tx, warrant, row, &others).await
    }
}

async fn others(tx: &Tx, warrant: &Warrant, row: &stage::Model) -> Result<Vec<stage::Model>> {
    let stages = tx.all::<stage::Entity>(warrant).matching(stage::Column::PipelineId, row.pipeline_id);
    stages.filter(stage::Column::Id.ne(row.id)).order_by(stage::Column::Position).all().await
}

/// What was not said: an open stage comes after the last open one, another after all; in the forecast as possible.
fn complete(row: &mut stage::Model, others: &[stage::Model], given: &Given) {
    if !given.has("position") {
        let behind =
            others.iter().filter(|other| row.category != DealStatus::Open || other.category == DealStatus::Open);
        row.position = behind.map(|other| other.position).max().unwrap_or_default().saturating_add(1);
    }
    if row.category == DealStatus::Open && !given.has("forecast_category") {
        row.forecast_category = ForecastCategory::Pipeline;
    }
}

/// A stage keeps its category while deals stand in it, and while the pipeline needs it.
async fn leave_category(tx: &Tx, warrant: &Warrant, row: &stage::Model, others: &[stage::Model]) -> Result<()> {
    let deals = tx.all::<deal::Entity>(warrant).matching(deal::Column::StageId, row.id).count().await?;
    if deals > 0 {
        return Err(Error::conflict(format!("{deals} deals stand in {}. Move them first.", row.name)));
    }
    if others.iter().any(|other| other.category == row.category) {
        return Ok(());
    }
    Err(Error::conflict(if row.category == DealStatus::Won { rules::ONE_WON } else { rules::LAST_OF_ITS_KIND }))
}

/// The category of a stage is also that of its deleted deals: the table keeps them in step.
async fn no_deals_ever(tx: &Tx, warrant: &Warrant, row: &stage::Model) -> Result<()> {
    if tx.all_ever::<deal::Entity>(warrant).matching(deal::Column::StageId, row.id).count().await? == 0 {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "There are deleted deals in {}, so its category stays. Add another stage instead.",
        row.name
    )))
}

/// The declaration.
pub fn describe() -> Descriptor {
    use stage::Column;
    Declare::<stage::Entity>::new(Kind::Stage, "Stage", "stages", "stage", "A step of a pipeline.")
        .one(Column::PipelineId, Kind::Pipeline, "The pipeline.")
        .required()
        .part_of(Kind::Pipeline)
        .field(Column::Name, "The name.")
        .editable()
        .required()
        .field(
            Column::Position,
            "Its place in the pipeline, from 1 to 10,000; unless given, an open stage comes after the last open one and any \
             other after all. Where a stage stands there already, that one and those right behind it move up.",
        )
        .editable()
        .choice::<_, DealStatus>(
            Column::Category,
            "Whether deals here are open, won or lost; fixed while deals stand here. A pipeline has one WON and at \
             least one LOST stage.",
        )
        .editable()
        .field(Column::Probability, "Chance in percent that a deal here is won; 100 and 0 where it is won or lost.")
        .editable()
        .choice::<_, ForecastCategory>(Column::ForecastCategory, "Where its deals stand in the forecast.")
        .editable()
        .field(Column::RottingDays, "After this many days in the stage a deal is rotting.")
        .editable()
        .field(Column::ExitCriteria, "What must be known before a deal moves on.")
        .editable()
        .many("deals", Kind::Deal, deal::Column::StageId, "Deals in this stage.")
        .order("position", false)
        .writes(writes::<stage::Entity>())
        .demands(
            Action::Delete,
            When::Not(&When::Any(Kind::Deal, "stage_id", When::ALWAYS)),
            "There are deals in this stage. Move them first.",
        )
        .demands(Action::Delete, When::Not(&When::In("category", &["WON"])), rules::ONE_WON)
        .demands(Action::Delete, When::Like(Kind::Stage, &["pipeline_id", "category"]), rules::LAST_OF_ITS_KIND)
        .natural(&["pipeline", "position"])
        .done()
}

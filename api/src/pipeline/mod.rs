//! Pipelines: the ways deals go.

use entity::enums::DealStatus;
use entity::stage::ForecastCategory;
use entity::{deal, pipeline, stage};
use sea_orm::ColumnTrait;
use uuid::Uuid;

use crate::access::{Action, Kind, When};
use crate::checks::Checks;
use crate::error::{Error, Result};
use crate::store::descriptor::{Declare, Descriptor, Given};
use crate::store::writes::writes;
use crate::store::{Resource, Tx, Warrant};

impl Resource for pipeline::Entity {
    const KIND: Kind = Kind::Pipeline;

    async fn prepare(
        tx: &Tx,
        warrant: &Warrant,
        row: &mut pipeline::Model,
        before: Option<&pipeline::Model>,
        given: &Given,
    ) -> Result<()> {
        let mut checks = Checks::new();
        checks.name("name", &mut row.name);
        checks.done()?;
        // One at a time: which pipeline is the default is a matter of all of them.
        tx.take_turns("default pipeline").await?;
        let default = default_pipeline(tx, warrant).await?;
        if before.is_none() {
            row.is_active |= !given.has("is_active");
            row.is_default |= default.is_none();
        }
        if before.is_some_and(|before| before.is_default) && !row.is_default {
            return Err(Error::invalid(
                "INVALID",
                "isDefault",
                "Exactly one pipeline is the default: make another one the default instead.",
            ));
        }
        if row.is_default && !row.is_active {
            return Err(Error::invalid("INVALID", "isActive", "New deals go into the default pipeline: it is active."));
        }
        let becomes_default = row.is_default && default.is_some_and(|other| other != row.id);
        if becomes_default && !has_open_stage(tx, warrant, row.id).await? {
            return Err(Error::invalid(
                "INVALID",
                "isDefault",
                "New deals go into the default pipeline, and this one has no open stage: add one first.",
            ));
        }
        match default {
            Some(other) if row.is_default && other != row.id => demote(tx, warrant, other).await,
            _ => Ok(()),
        }
    }

    async fn may_delete(tx: &Tx, warrant: &Warrant, row: &pipeline::Model) -> Result<()> {
        if row.is_default {
            return Err(Error::conflict("This is the default pipeline. Make another one the default first."));
        }
        let deals = tx.all::<deal::Entity>(warrant).matching(deal::Column::PipelineId, row.id);
        let open = deals.filter(deal::Column::Status.eq(DealStatus::Open)).count().await?;
        if open > 0 {
            return Err(Error::conflict(format!("{open} open deals are in this pipeline. Close them first.")));
        }
        Ok(())
    }

    /// A new pipeline can be won and lost at once; what lies before that is up to those who make it.
    async fn effects(
        tx: &Tx,
        warrant: &Warrant,
        before: Option<&pipeline::Model>,
        row: &pipeline::Model,
    ) -> Result<()> {
        if before.is_some() {
            return Ok(());
        }
        for (name, position, category, probability) in
            [("Won", LAST_POSITION - 1, DealStatus::Won, 100), ("Lost", LAST_POSITION, DealStatus::Lost, 0)]
        {
            let stage = stage::Model {
                pipeline_id: row.id,
                name: name.to_owned(),
                position,
                category,
                probability,
                forecast_category: ForecastCategory::Closed,
                exit_criteria: serde_json::Value::Array(Vec::new()),
                ..stage::Model::default()
            };
            tx.add::<stage::Entity>(warrant, stage).await?;
        }
        Ok(())
    }
}

/// The last place in a pipeline; far enough for the steps before it.
pub const LAST_POSITION: i32 = 1_000;

async fn default_pipeline(tx: &Tx, warrant: &Warrant) -> Result<Option<Uuid>> {
    let default = tx.all::<pipeline::Entity>(warrant).filter(pipeline::Column::IsDefault.eq(true)).one().await?;
    Ok(default.map(|pipeline| pipeline.id))
}

async fn has_open_stage(tx: &Tx, warrant: &Warrant, pipeline: Uuid) -> Result<bool> {
    let stages = tx.all::<stage::Entity>(warrant).matching(stage::Column::PipelineId, pipeline);
    Ok(stages.filter(stage::Column::Category.eq(DealStatus::Open)).count().await? > 0)
}

async fn demote(tx: &Tx, warrant: &Warrant, id: Uuid) -> Result<()> {
    let mut other = tx.affect::<pipeline::Entity>(warrant, id).await?;
    other.is_default = false;
    tx.save(other).await.map(|_| ())
}

/// The declaration.
pub fn describe() -> Descriptor {
    use pipeline::Column;
    Declare::<pipeline::Entity>::new(
        Kind::Pipeline,
        "Pipeline",
        "pipelines",
        "pipeline",
        "A sequence of stages that deals go through. A new one has the stages Won and Lost.",
    )
    .field(Column::Name, "The name.")
    .editable()
    .required()
    .field(
        Column::IsDefault,
        "New deals go here; exactly one pipeline is the default, so making one the default takes it from the other.",
    )
    .editable()
    .field(Column::IsActive, "New deals may go here; true unless given otherwise.")
    .editable()
    .many("stages", Kind::Stage, stage::Column::PipelineId, "Its stages, in their order.")
    .many("deals", Kind::Deal, deal::Column::PipelineId, "Deals that go through it.")
    .order("name", false)
    .writes(writes::<pipeline::Entity>())
    .affects(&[Kind::Stage])
    .demands(
        Action::Delete,
        When::Not(&When::Is("is_default")),
        "This is the default pipeline. Make another one the default first.",
    )
    .demands(
        Action::Delete,
        When::Not(&When::Any(Kind::Deal, "pipeline_id", &crate::deal::OPEN)),
        "Open deals are in this pipeline. Close them first.",
    )
    .done()
}

//! Pipelines: the ways deals go.

use entity::{deal, pipeline, stage};

use crate::access::Kind;
use crate::store::Resource;
use crate::store::descriptor::{Declare, Descriptor};

impl Resource for pipeline::Entity {
    const KIND: Kind = Kind::Pipeline;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use pipeline::Column;
    Declare::<pipeline::Entity>::new(
        Kind::Pipeline,
        "Pipeline",
        "pipelines",
        "pipeline",
        "A sequence of stages that deals go through.",
    )
    .field(Column::Name, "The name.")
    .field(Column::IsDefault, "New deals go here; exactly one pipeline is the default.")
    .field(Column::IsActive, "New deals may go here.")
    .many("stages", Kind::Stage, stage::Column::PipelineId, "Its stages, in their order.")
    .many("deals", Kind::Deal, deal::Column::PipelineId, "Deals that go through it.")
    .order("name", false)
    .done()
}

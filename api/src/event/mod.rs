//! The event log as clients read it: one entry for every changed row, shown as far as the viewer may read the row.

pub mod changes;

use entity::event;

use crate::access::Kind;
use crate::store::Resource;
use crate::store::descriptor::{Declare, Descriptor, Field, Input, Ownership, Shape, Source, Text};

impl Resource for event::Entity {
    const KIND: Kind = Kind::Event;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use event::Column;
    Declare::<event::Entity>::new(Kind::Event, "Event", "events", "event", "A change of one row, as the log keeps it.")
        .ownership(Ownership::Subject { kind: "subject_type", id: "subject_id" })
        .field(Column::Seq, "Its number; events are numbered without gaps in the order of their commits.")
        .field(Column::At, "When it happened.")
        .one(Column::ActorId, Kind::User, "Who did it; empty for the system.")
        .text(Column::Action, Text::Tag, "The mutation that did it.")
        .choice::<_, Kind>(Column::SubjectType, "The kind of the changed object.")
        .findable(Field {
            name: "subjectId".to_owned(),
            doc: "The changed object, of any kind.",
            source: Source::Column("subject_id"),
            shape: Shape::AnyId,
            nullable: false,
            sortable: false,
            searched: None,
            sorted: None,
            input: Input::default(),
        })
        .derived(changes::subject_id())
        .derived(changes::changes())
        .derived(changes::reason())
        .order("seq", true)
        .done()
}

//! The security log: what was refused. It is no part of the log of changes, which may drop nothing and must not be filled
//! by strangers.

pub mod log;
pub mod rules;

use entity::security_event::{self, SecurityAction};

use crate::access::Kind;
use crate::store::Resource;
use crate::store::descriptor::{Declare, Descriptor, Text};

impl Resource for security_event::Entity {
    const KIND: Kind = Kind::SecurityEvent;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use security_event::Column;
    Declare::<security_event::Entity>::new(
        Kind::SecurityEvent,
        "SecurityEvent",
        "securityEvents",
        "security",
        "An attempt that was refused: a failed sign-in, or something that a role may not do. Kept for a time \
         (TRIBUTARY_SECURITY_EVENT_DAYS) and bounded: of many from one source within a minute the first ones are kept, and \
         the last one with the number of those between. Only ADMIN reads it.",
    )
    .field(Column::At, "When it happened.")
    .choice::<_, SecurityAction>(Column::Action, "What was refused.")
    .one(Column::ActorId, Kind::User, "Who tried it; empty for somebody who was not signed in.")
    .text(
        Column::Address,
        Text::Email,
        "The e-mail address that was tried to sign in with; empty if it was none, for people type their passwords there.",
    )
    .text(Column::Network, Text::Tag, "The network address that it came from; empty if it did not come over a network.")
    .text(Column::Operation, Text::Tag, "The field of the graph that was asked for: a mutation, or a list that is closed.")
    .text(Column::SubjectId, Text::Tag, "The id of the object that it was about, where that is known; give it to `node`.")
    .text(Column::MissingRight, Text::Tag, "The right that was missing: `User.create`, or the field `Lead.source`.")
    .field(
        Column::Dropped,
        "How many more like it, from the same source, are not kept one by one: the other items of a batch, and what \
         went before it in its minute.",
    )
    .order("at", true)
    .done()
}

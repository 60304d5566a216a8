//! Activities: calls, meetings, e-mails, notes and tasks, done or planned.

pub mod commands;
pub mod graphql;
pub mod next;
pub mod rules;

use entity::activity;
use sea_orm::EntityTrait;

use crate::access::{Action, Kind, When};
use crate::checks::Checks;
use crate::error::Result;
use crate::store::descriptor::{Declare, Descriptor, Given, Shape};
use crate::store::expression::Rolled;
use crate::store::writes::writes;
use crate::store::{Resource, Tx, Warrant};

impl Resource for activity::Entity {
    const KIND: Kind = Kind::Activity;

    async fn prepare(
        _: &Tx,
        _: &Warrant,
        row: &mut activity::Model,
        _: Option<&activity::Model>,
        _: &Given,
    ) -> Result<()> {
        let mut checks = Checks::new();
        rules::check(row, &mut checks);
        checks.done()
    }
}

/// Still to be done, and late.
const OVERDUE: &str = "(({}.status = 'PLANNED' AND {}.due_at < {now}) IS TRUE)";

/// When something is to be done next, and when something was done last, of a kind with a list of `activities`.
pub fn dates<E: EntityTrait>(kind: Declare<E>) -> Declare<E> {
    kind.rollup(
        "nextActivityAt",
        "activities",
        Rolled::Min("dueAt"),
        Shape::DateTime,
        When::In("status", &["PLANNED"]),
        "When the planned activity is due that is due first, of those the viewer may see; empty if nothing is planned.",
    )
    .rollup(
        "lastActivityAt",
        "activities",
        Rolled::Max("endedAt"),
        Shape::DateTime,
        When::In("status", &["DONE"]),
        "When the activity was over that was done last, of those the viewer may see; empty if there was none.",
    )
}

/// The declaration.
pub fn describe() -> Descriptor {
    use activity::Column;
    Declare::<activity::Entity>::new(
        Kind::Activity,
        "Activity",
        "activities",
        "activity",
        "Something done or planned with a customer.",
    )
    .choice::<_, activity::ActivityKind>(Column::Kind, "What it is.")
    .field(Column::Subject, "What it is about.")
    .editable()
    .field(Column::Body, "What was said, or is to be said.")
    .editable()
    .choice::<_, activity::Direction>(Column::Direction, "Who reached out to whom.")
    .editable()
    .choice::<_, activity::ActivityStatus>(Column::Status, "Planned, done, missed or called off.")
    .choice::<_, activity::Priority>(Column::Priority, "How urgent it is.")
    .editable()
    .field(Column::DueAt, "By when it is to be done.")
    .editable()
    .computed("isOverdue", OVERDUE, Shape::Boolean, false, "Whether it is planned and its due time has passed.")
    .field(Column::StartedAt, "When it began.")
    .field(Column::EndedAt, "When it was over.")
    .choice::<_, activity::ActivityOutcome>(Column::Outcome, "What came of it.")
    .one(Column::ContactId, Kind::Contact, "The person.")
    .one(Column::LeadId, Kind::Lead, "The lead it is for.")
    .one(Column::DealId, Kind::Deal, "The deal it is for.")
    .one(Column::CompanyId, Kind::Company, "The company it is for.")
    .one(Column::CampaignId, Kind::Campaign, "The campaign it is for.")
    .one(Column::FollowsId, Kind::Activity, "The activity it follows up.")
    .writes(writes::<activity::Entity>().made_by_verbs().kept())
    .life(Column::Status, &rules::LIFE)
    .demands(
        Action::NoShow,
        When::In("kind", &["PITCH", "DEMO", "CALL", "MEETING", "NEGOTIATION"]),
        "Nobody can fail to turn up for it: complete or cancel it.",
    )
    .done()
}

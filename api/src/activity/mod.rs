//! Activities: calls, meetings, e-mails, notes and tasks, done or planned.

use entity::activity;

use crate::access::{Action, Kind};
use crate::store::Resource;
use crate::store::descriptor::{Declare, Descriptor};

impl Resource for activity::Entity {
    const KIND: Kind = Kind::Activity;
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
    .field(Column::Body, "What was said, or is to be said.")
    .choice::<_, activity::Direction>(Column::Direction, "Who reached out to whom.")
    .choice::<_, activity::ActivityStatus>(Column::Status, "Planned, done, missed or called off.")
    .choice::<_, activity::Priority>(Column::Priority, "How urgent it is.")
    .field(Column::DueAt, "By when it is to be done.")
    .field(Column::StartedAt, "When it began.")
    .field(Column::EndedAt, "When it was over.")
    .choice::<_, activity::ActivityOutcome>(Column::Outcome, "What came of it.")
    .one(Column::ContactId, Kind::Contact, "The person.")
    .one(Column::LeadId, Kind::Lead, "The lead it is for.")
    .one(Column::DealId, Kind::Deal, "The deal it is for.")
    .one(Column::CompanyId, Kind::Company, "The company it is for.")
    .one(Column::CampaignId, Kind::Campaign, "The campaign it is for.")
    .one(Column::FollowsId, Kind::Activity, "The activity it follows up.")
    .verb("logActivity", Action::Create)
    .verb("completeActivity", Action::Complete)
    .verb("cancelActivity", Action::Cancel)
    .done()
}

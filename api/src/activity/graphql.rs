//! Logging and planning activities, and ending planned ones.

use async_graphql::{InputObject, SimpleObject};
use entity::activity::{ActivityKind, ActivityOutcome, Direction, Priority};
use entity::{activity, campaign, company, contact, deal, lead, user};
use serde::{Deserialize, Serialize};

use crate::error::Mistake;
use crate::graphql::mutation::{Changed, Payload, verbs};
use crate::graphql::node::{Node, RowRef};
use crate::graphql::scalar::{Id, Moment};

verbs! {
    /// The verbs of an activity's life.
    ActivityVerbs {
        /// Logs what was done; `planActivity` plans what is to be done. It is linked to at least one contact, lead,
        /// deal, company or campaign that the caller sees.
        log_activity(LogActivityInput) -> Changed<activity::Entity> = super::commands::log,
            many log_activities(LogActivitiesInput) -> LogActivitiesPayload;
        /// Plans what is to be done by `dueAt`: a task, or an appointment. It is linked to at least one contact, lead,
        /// deal, company or campaign that the caller sees.
        plan_activity(PlanActivityInput) -> Changed<activity::Entity> = super::commands::plan,
            many plan_activities(PlanActivitiesInput) -> PlanActivitiesPayload;
        /// Completes a planned activity: PLANNED -> DONE. A PITCH, DEMO, CALL, MEETING or NEGOTIATION says what came of
        /// it. `followUp` plans the next one with the same links.
        complete_activity(CompleteActivityInput) -> CompleteActivityPayload = super::commands::complete,
            many complete_activities(CompleteActivitiesInput) -> CompleteActivitiesPayload;
        /// Calls a planned activity off: PLANNED -> CANCELLED.
        cancel_activity(CancelActivityInput) -> Changed<activity::Entity> = super::commands::cancel,
            many cancel_activities(CancelActivitiesInput) -> CancelActivitiesPayload;
        /// Notes that the other side did not turn up for a PITCH, DEMO, CALL, MEETING or NEGOTIATION: PLANNED ->
        /// NO_SHOW.
        no_show_activity(NoShowActivityInput) -> Changed<activity::Entity> = super::commands::no_show,
            many no_show_activities(NoShowActivitiesInput) -> NoShowActivitiesPayload;
    }
}

/// The input of logActivity.
#[derive(Clone, InputObject)]
pub struct LogActivityInput {
    /// What it is.
    pub kind: ActivityKind,
    /// What it is about, in one line.
    pub subject: String,
    /// What was said.
    pub body: Option<String>,
    /// Who reached out to whom.
    pub direction: Option<Direction>,
    /// How urgent it is.
    #[graphql(default)]
    pub priority: Priority,
    /// Given: the activity is planned, to be done by then. Left out: it was done.
    #[graphql(deprecation = "Use `planActivity` for what is to be done.")]
    pub due_at: Option<Moment>,
    /// When it began; only of what was done.
    pub started_at: Option<Moment>,
    /// When it was over; now unless given. Only of what was done.
    pub ended_at: Option<Moment>,
    /// What came of it; only of what was done, and required for PITCH, DEMO, CALL, MEETING and NEGOTIATION.
    pub outcome: Option<ActivityOutcome>,
    /// Who is responsible; the caller unless given.
    pub owner_id: Option<Id<user::Entity>>,
    /// The person.
    pub contact_id: Option<Id<contact::Entity>>,
    /// The lead it is for.
    pub lead_id: Option<Id<lead::Entity>>,
    /// The deal it is for.
    pub deal_id: Option<Id<deal::Entity>>,
    /// The company it is for.
    pub company_id: Option<Id<company::Entity>>,
    /// The campaign it is for.
    pub campaign_id: Option<Id<campaign::Entity>>,
    /// The system it came from, for imports.
    pub source_system: Option<String>,
    /// Its id in that system.
    pub external_id: Option<String>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The input of planActivity.
#[derive(Clone, InputObject)]
pub struct PlanActivityInput {
    /// What it is.
    #[graphql(default_with = "ActivityKind::FollowUp")]
    pub kind: ActivityKind,
    /// What it is about, in one line.
    pub subject: String,
    /// By when it is to be done.
    pub due_at: Moment,
    /// What is to be said.
    pub body: Option<String>,
    /// Who reaches out to whom.
    pub direction: Option<Direction>,
    /// How urgent it is.
    #[graphql(default)]
    pub priority: Priority,
    /// Who is responsible; the caller unless given.
    pub owner_id: Option<Id<user::Entity>>,
    /// The person.
    pub contact_id: Option<Id<contact::Entity>>,
    /// The lead it is for.
    pub lead_id: Option<Id<lead::Entity>>,
    /// The deal it is for.
    pub deal_id: Option<Id<deal::Entity>>,
    /// The company it is for.
    pub company_id: Option<Id<company::Entity>>,
    /// The campaign it is for.
    pub campaign_id: Option<Id<campaign::Entity>>,
    /// The system it came from, for imports.
    pub source_system: Option<String>,
    /// Its id in that system.
    pub external_id: Option<String>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The input of completeActivity.
#[derive(Clone, InputObject)]
pub struct CompleteActivityInput {
    /// The activity.
    pub id: Id<activity::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// What came of it; required for PITCH, DEMO, CALL, MEETING and NEGOTIATION.
    pub outcome: Option<ActivityOutcome>,
    /// What was said; left out, the text stays as it was planned.
    pub body: Option<String>,
    /// When it began.
    pub started_at: Option<Moment>,
    /// When it was over; now unless given.
    pub ended_at: Option<Moment>,
    /// What is to be done next.
    pub follow_up: Option<FollowUpInput>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The next planned activity; it has the links of the one it follows.
#[derive(Clone, InputObject)]
pub struct FollowUpInput {
    /// What it is.
    #[graphql(default_with = "ActivityKind::FollowUp")]
    pub kind: ActivityKind,
    /// What it is about, in one line.
    pub subject: String,
    /// By when it is to be done.
    pub due_at: Moment,
    /// What is to be said.
    pub body: Option<String>,
    /// Who reaches out to whom.
    pub direction: Option<Direction>,
    /// How urgent it is.
    #[graphql(default)]
    pub priority: Priority,
    /// Who is responsible; as before unless given.
    pub owner_id: Option<Id<user::Entity>>,
}

/// The input of cancelActivity.
#[derive(Clone, InputObject)]
pub struct CancelActivityInput {
    /// The activity.
    pub id: Id<activity::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// Why; kept in the event log.
    pub reason: Option<String>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The input of noShowActivity.
#[derive(Clone, InputObject)]
pub struct NoShowActivityInput {
    /// The activity.
    pub id: Id<activity::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The outcome of completeActivity.
#[derive(Debug, SimpleObject, Serialize, Deserialize)]
pub struct CompleteActivityPayload {
    /// The activity as it is now; null if nothing was changed.
    pub activity: Node<activity::Entity>,
    /// The planned next one; null if none was asked for.
    pub follow_up: Node<activity::Entity>,
    /// What has to be corrected first; empty when it was done.
    pub user_errors: Vec<Mistake>,
}

impl Payload for CompleteActivityPayload {
    fn refused(mistakes: Vec<Mistake>) -> Self {
        Self { activity: Node::none(), follow_up: Node::none(), user_errors: mistakes }
    }

    fn rows(&mut self) -> Vec<&mut RowRef> {
        vec![self.activity.row(), self.follow_up.row()]
    }
}

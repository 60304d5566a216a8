//! When an activity is done, and what it must say.

use chrono::{DateTime, Utc};
use entity::activity::{ActivityKind, ActivityOutcome, ActivityStatus, Model};

use crate::access::Action;
use crate::checks::{Checks, TEXT};
use crate::clock::happened;
use crate::lifecycle::{Lifecycle, Verb};

/// The life of an activity: it is planned, and ends once.
pub const LIFE: Lifecycle<ActivityStatus> = Lifecycle { what: "activity", verbs: VERBS };

#[rustfmt::skip]
const VERBS: &[Verb<ActivityStatus>] = {
    use ActivityStatus::*;
    &[
        // By its former way it plans as well.
        Verb::new("logActivity",      Action::Create,   &[],        &[Done, Planned]),
        Verb::new("planActivity",     Action::Create,   &[],        &[Planned]),
        Verb::new("completeActivity", Action::Complete, &[Planned], &[Done]),
        Verb::new("noShowActivity",   Action::NoShow,   &[Planned], &[NoShow]),
        Verb::new("cancelActivity",   Action::Cancel,   &[Planned], &[Cancelled]),
    ]
};

/// A conversation: it must say what came of it.
pub fn needs_outcome(kind: ActivityKind) -> bool {
    use ActivityKind::*;
    matches!(kind, Pitch | Demo | Call | Meeting | Negotiation)
}

/// Somebody may fail to turn up.
pub fn has_company(kind: ActivityKind) -> bool {
    needs_outcome(kind)
}

/// What is done says what came of it.
pub fn check_outcome(kind: ActivityKind, outcome: Option<ActivityOutcome>, checks: &mut Checks) {
    checks.expect(
        outcome.is_some() || !needs_outcome(kind),
        "REQUIRED",
        "outcome",
        &format!("Say what came of the {}.", kind.as_str()),
    );
}

/// Trims the texts; times stand in their order; what is planned has a due time.
pub fn check(activity: &mut Model, checks: &mut Checks) {
    checks.name("subject", &mut activity.subject);
    checks.optional("body", &mut activity.body, TEXT);
    let planned = activity.status == ActivityStatus::Planned;
    checks.expect(
        !planned || activity.due_at.is_some(),
        "REQUIRED",
        "dueAt",
        "Say by when the planned activity is to be done.",
    );
    let ordered = match (activity.started_at, activity.ended_at) {
        (Some(start), Some(end)) => start <= end,
        _ => true,
    };
    checks.expect(ordered, "INVALID", "endedAt", "An activity cannot end before it starts.");
}

/// What is done is not yet to come.
pub fn check_past(activity: &mut Model, now: DateTime<Utc>, checks: &mut Checks) {
    for (field, at) in [("startedAt", &mut activity.started_at), ("endedAt", &mut activity.ended_at)] {
        let Some(told) = *at else { continue };
        *at = happened(told, now);
        let message = "What is done cannot lie in the future: plan it with dueAt instead.";
        checks.expect(at.is_some(), "INVALID", field, message);
    }
}

/// When it took place: the given times, with the moment of the log for what is missing.
pub fn took_place(
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    (started_at, ended_at.or_else(|| Some(started_at.map_or(now, |start| start.max(now)))))
}

/// The next activity, with the same links.
pub fn follow_up(of: &Model, next: Model) -> Model {
    Model {
        status: ActivityStatus::Planned,
        contact_id: of.contact_id,
        lead_id: of.lead_id,
        deal_id: of.deal_id,
        company_id: of.company_id,
        campaign_id: of.campaign_id,
        follows_id: Some(of.id),
        owner_id: next.owner_id.or(of.owner_id),
        team_id: if next.owner_id.is_some_and(|owner| of.owner_id != Some(owner)) { next.team_id } else { of.team_id },
        ..next
    }
}

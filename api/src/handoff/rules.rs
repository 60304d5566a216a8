//! The life of a hand-off, and how long sales has to answer it.

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::HandoffReason;
use entity::handoff::{HandoffStatus, Model};
use uuid::Uuid;

use crate::access::{Action, Kind};
use crate::error::{Error, Result};
use crate::lifecycle::{Lifecycle, Verb};

/// How long sales has to answer a hand-off. Counted round the clock: nights and weekends are not left out.
pub const ANSWER_WITHIN: TimeDelta = TimeDelta::hours(24);

/// The best rating a lead can get from sales; the worst is 1.
pub const BEST_RATING: i32 = 5;

/// The life of a hand-off, which is that of its lead but for the end: marketing takes note of what sales answered.
pub const LIFE: Lifecycle<HandoffStatus> = Lifecycle { what: "hand-off", verbs: VERBS };

#[rustfmt::skip]
const VERBS: &[Verb<HandoffStatus>] = {
    use HandoffStatus::*;
    &[
        Verb::new("handOffLead",        Action::HandOff,     &[],                            &[Pending]).along(Kind::Lead),
        Verb::new("acceptLead",         Action::Accept,      &[Pending],                     &[Accepted]).along(Kind::Lead),
        Verb::new("rejectLead",         Action::Reject,      &[Pending],                     &[Rejected]).along(Kind::Lead),
        Verb::new("recallHandoff",      Action::Recall,      &[Pending],                     &[Recalled]).along(Kind::Lead),
        Verb::new("acknowledgeHandoff", Action::Acknowledge, &[Accepted, Rejected, Expired], &[]),
    ]
};

/// By when sales is to answer what was handed over at this moment.
pub fn due_at(handed_at: DateTime<Utc>) -> DateTime<Utc> {
    handed_at + ANSWER_WITHIN
}

/// What sales says when it accepts or rejects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feedback {
    /// Why it was rejected.
    pub reason: Option<HandoffReason>,
    /// 1 to 5.
    pub rating: Option<i32>,
    /// In words.
    pub comment: Option<String>,
}

impl Feedback {
    /// Refuses a rating off the scale.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn check(&self) -> Result<()> {
        match self.rating {
            Some(rating) if !(1..=BEST_RATING).contains(&rating) => {
                Err(Error::invalid("INVALID", "rating", format!("A rating is a whole number from 1 to {BEST_RATING}.")))
            }
            _ => Ok(()),
        }
    }
}

/// Sales answers a hand-off, by accepting or rejecting its lead.
///
/// # Errors
/// CONFLICT: it was answered, recalled or has expired.
pub fn answer(handoff: &mut Model, action: Action, by: Uuid, now: DateTime<Utc>, feedback: Feedback) -> Result<()> {
    handoff.status = LIFE.next(action, handoff.status)?;
    handoff.responded_at = Some(now);
    handoff.responded_by_id = Some(by);
    handoff.reason = feedback.reason;
    handoff.rating = feedback.rating;
    handoff.comment = feedback.comment;
    Ok(())
}

/// Marketing takes a hand-off back before sales has answered.
///
/// # Errors
/// CONFLICT: it is no longer pending.
pub fn recall(handoff: &mut Model) -> Result<()> {
    handoff.status = LIFE.next(Action::Recall, handoff.status)?;
    Ok(())
}

/// Marketing takes note of the answer of sales, or of its silence.
///
/// # Errors
/// CONFLICT: there is nothing to take note of, or it was done.
pub fn acknowledge(handoff: &mut Model, by: Uuid, now: DateTime<Utc>, action_taken: Option<String>) -> Result<()> {
    LIFE.check(Action::Acknowledge, handoff.status)?;
    if handoff.acknowledged_at.is_some() {
        return Err(Error::conflict("The answer was acknowledged before."));
    }
    handoff.acknowledged_at = Some(now);
    handoff.acknowledged_by_id = Some(by);
    handoff.action_taken = action_taken;
    Ok(())
}

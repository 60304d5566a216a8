//! The life of a hand-off, and how long sales has to answer it.

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::HandoffReason;
use entity::handoff::{HandoffStatus, Model};
use uuid::Uuid;

use crate::error::{Error, Result};

/// How long sales has to answer a hand-off. Counted round the clock: nights and weekends are not left out.
pub const ANSWER_WITHIN: TimeDelta = TimeDelta::hours(24);

/// The best rating a lead can get from sales; the worst is 1.
pub const BEST_RATING: i32 = 5;

use HandoffStatus::{Accepted, Expired, Pending, Recalled, Rejected};

/// The state machine: from, to.
pub const STEPS: &[(HandoffStatus, HandoffStatus)] =
    &[(Pending, Accepted), (Pending, Rejected), (Pending, Recalled), (Pending, Expired)];

/// Can a hand-off go from one state to another?
pub fn leads(from: HandoffStatus, to: HandoffStatus) -> bool {
    STEPS.contains(&(from, to))
}

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

/// Sales answers a hand-off.
///
/// # Errors
/// CONFLICT: it was answered, recalled or has expired.
pub fn answer(handoff: &mut Model, to: HandoffStatus, by: Uuid, now: DateTime<Utc>, feedback: Feedback) -> Result<()> {
    enter(handoff, to)?;
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
    enter(handoff, Recalled)
}

fn enter(handoff: &mut Model, to: HandoffStatus) -> Result<()> {
    if !leads(handoff.status, to) {
        return Err(Error::conflict(format!("The hand-off is {} already.", handoff.status.as_str())));
    }
    handoff.status = to;
    Ok(())
}

/// Marketing takes note of the answer of sales, or of its silence.
///
/// # Errors
/// CONFLICT: there is nothing to take note of, or it was done.
pub fn acknowledge(handoff: &mut Model, by: Uuid, now: DateTime<Utc>, action_taken: Option<String>) -> Result<()> {
    if !matches!(handoff.status, Accepted | Rejected | Expired) {
        return Err(Error::conflict(format!(
            "The hand-off is {}: there is no answer from sales to acknowledge.",
            handoff.status.as_str()
        )));
    }
    if handoff.acknowledged_at.is_some() {
        return Err(Error::conflict("The answer was acknowledged before."));
    }
    handoff.acknowledged_at = Some(now);
    handoff.acknowledged_by_id = Some(by);
    handoff.action_taken = action_taken;
    Ok(())
}

//! The life of a lead: which verb takes it from where to where, and what the verb leaves on it.
//!
//! [`LIFE`] is the whole state machine. Conversion and its undoing stand in it too, so that it can be read in one
//! piece; their effects belong to the deal.

use chrono::{DateTime, Utc};
use entity::enums::HandoffReason;
use entity::lead::{LeadStatus, Model};
use uuid::Uuid;

use crate::access::Action;
use crate::error::{Error, Mistake, Result};
use crate::lifecycle::{Lifecycle, Verb};
use crate::spelling::text;

/// From this score on a lead is marketing-qualified without a word; below it, a person has to say why.
pub const QUALIFYING_SCORE: i32 = 60;

use LeadStatus::{Converted, Disqualified, Mql, New, Nurturing, Sal, Sql};

/// The states of a lead that has not ended.
pub const OPEN: [LeadStatus; 5] = [New, Nurturing, Mql, Sal, Sql];

/// The life of a lead.
pub const LIFE: Lifecycle<LeadStatus> = Lifecycle { what: "lead", verbs: VERBS };

#[rustfmt::skip]
const VERBS: &[Verb<LeadStatus>] = &[
    Verb::new("captureLead",     Action::Create,          &[],               &[New, Sal]),
    Verb::new("nurtureLead",     Action::Nurture,         &[New],            &[Nurturing]),
    Verb::new("qualifyLead",     Action::Qualify,         &[New, Nurturing], &[Mql]),
    Verb::new("handOffLead",     Action::HandOff,         &[Mql],            &[]),
    Verb::new("acceptLead",      Action::Accept,          &[Mql],            &[Sal]),
    Verb::new("rejectLead",      Action::Reject,          &[Mql],            &[Nurturing, Disqualified]),
    Verb::new("recallHandoff",   Action::Recall,          &[Mql],            &[Nurturing]),
    Verb::new("qualifyForSales", Action::QualifyForSales, &[Sal],            &[Sql]),
    Verb::new("convertLead",     Action::Convert,         &[Sal, Sql],       &[Converted]),
    Verb::new("disqualifyLead",  Action::Disqualify,      &OPEN,             &[Disqualified]),
    Verb::new("recycleLead",     Action::Recycle,         &[Sal, Sql],       &[Nurturing]),
    Verb::new("unconvertLead",   Action::Unconvert,       &[Converted],      &[Sql]),
];

/// Takes the lead into a state that the action leads to and stamps the moments that belong to it. First moments are never
/// moved.
///
/// # Errors
/// CONFLICT: the action does not lead there.
pub fn enter(lead: &mut Model, action: Action, to: LeadStatus, now: DateTime<Utc>) -> Result<()> {
    LIFE.check(action, lead.status)?;
    if !LIFE.leads(action, lead.status, to) {
        return Err(Error::conflict(format!("A lead does not become {} like this.", to.as_str())));
    }
    lead.status = to;
    stamp(lead, now);
    Ok(())
}

/// Stamps the moments of the state the lead is in.
pub fn stamp(lead: &mut Model, now: DateTime<Utc>) {
    match lead.status {
        New => {}
        // Back with marketing, if it ever left.
        Nurturing => lead.handed_off_at = None,
        Mql => first(&mut lead.mql_at, now),
        Sal => first(&mut lead.sal_at, now),
        Sql => first(&mut lead.sql_at, now),
        Converted => first(&mut lead.converted_at, now),
        Disqualified => lead.closed_at = Some(now),
    }
}

fn first(moment: &mut Option<DateTime<Utc>>, now: DateTime<Utc>) {
    moment.get_or_insert(now);
}

/// A lead is qualified by its score, or by a person who says why.
///
/// # Errors
/// `Invalid`: the score is too low and nothing was said.
pub fn check_qualification(score: i32, reason: Option<&str>) -> Result<()> {
    if score >= QUALIFYING_SCORE || said(reason).is_some() {
        return Ok(());
    }
    Err(Error::invalid(
        "REQUIRED",
        "reason",
        format!("The score is {score}, below {QUALIFYING_SCORE}: say in `reason` why the lead qualifies all the same."),
    ))
}

/// "Other" explains nothing by itself.
///
/// # Errors
/// `Invalid`: a comment is missing.
pub fn check_comment(reason: HandoffReason, comment: Option<&str>) -> Result<()> {
    if reason != HandoffReason::Other || said(comment).is_some() {
        return Ok(());
    }
    Err(Error::invalid("REQUIRED", "comment", "Say in `comment` what the reason OTHER stands for."))
}

/// What sales found out about an accepted lead.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// What the person needs.
    pub need: Option<String>,
    /// What the person can spend.
    pub budget: Option<String>,
    /// Who decides.
    pub authority: Option<String>,
    /// By when the person wants it.
    pub timing: Option<String>,
}

impl Findings {
    /// The findings as a note, one line each; none if there are none.
    pub fn note(&self) -> Option<String> {
        let lines =
            [("Need", &self.need), ("Budget", &self.budget), ("Authority", &self.authority), ("Timing", &self.timing)];
        let noted: Vec<_> = lines
            .iter()
            .filter_map(|(name, text)| said(text.as_deref()).map(|text| format!("{name}: {text}")))
            .collect();
        (!noted.is_empty()).then(|| noted.join("\n"))
    }

    /// Keeps them in the lead, where what was known before stays unless something else was found out.
    ///
    /// # Errors
    /// `Invalid`: nothing is known, and a lead cannot be sales-qualified without.
    pub fn keep(self, lead: &mut Model) -> Result<()> {
        let found = [self.need, self.budget, self.authority, self.timing];
        let facts = [&mut lead.need, &mut lead.budget, &mut lead.authority, &mut lead.timing];
        let mut known = false;
        for (fact, found) in facts.into_iter().zip(found) {
            if let Some(found) = said(found.as_deref()) {
                *fact = Some(found.to_owned());
            }
            known |= fact.is_some();
        }
        if known {
            return Ok(());
        }
        let message = "Note at least one of need, budget, authority and timing: a sales-qualified lead has shown one.";
        Err(Error::Invalid(vec![Mistake::new("REQUIRED", "need", message)]))
    }
}

/// Text that says something.
pub fn said(told: Option<&str>) -> Option<&str> {
    told.and_then(text::said)
}

/// The owner of an accepted lead: who it was given to, else who took it from the pool.
pub fn take(lead: &mut Model, caller: Uuid) {
    lead.owner_id.get_or_insert(caller);
}

/// Gives the lead to marketing again, to whom it came from.
pub fn give_back(lead: &mut Model, owner: Option<Uuid>, team: Option<Uuid>) {
    lead.owner_id = owner;
    lead.team_id = team;
    lead.handed_off_at = None;
}

/// What may still be changed of a lead that has ended: where it came from, for the record, by those who may; nothing else.
///
/// # Errors
/// CONFLICT.
pub fn check_update(before: &Model, after: &Model, may_amend: bool) -> Result<()> {
    let kept = Model { source: before.source, source_campaign_id: before.source_campaign_id, ..after.clone() };
    if before.status.is_open() || (may_amend && kept == *before) {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "The lead is {} and no longer changes. A new interest of the person is a new lead: captureLead.",
        before.status.as_str()
    )))
}

/// The plain fields of a lead that can be wrong.
///
/// # Errors
/// `Invalid`.
pub fn check_fields(lead: &Model) -> Result<()> {
    if lead.estimated_value_minor.is_some_and(|minor| minor < 0) {
        return Err(Error::invalid("INVALID", "estimatedValue", "A deal cannot be worth less than nothing."));
    }
    Ok(())
}

//! The life of a lead: which verb takes it from where to where, and what the verb leaves on it.
//!
//! [`STEPS`] is the whole state machine. Conversion and its undoing stand in it too, so that it can be read in one
//! piece; their effects belong to the deal.

use chrono::{DateTime, Utc};
use entity::enums::HandoffReason;
use entity::lead::{LeadStatus, Model};
use uuid::Uuid;

use crate::access::Action;
use crate::error::{Error, Mistake, Result};
use crate::spelling::text;

/// From this score on a lead is marketing-qualified without a word; below it, a person has to say why.
pub const QUALIFYING_SCORE: i32 = 60;

/// What can be done to a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Keep it warm.
    Nurture,
    /// Declare it marketing-qualified.
    Qualify,
    /// Hand it to sales.
    HandOff,
    /// Sales takes it.
    Accept,
    /// Sales sends it back.
    Reject,
    /// Marketing takes it back before sales has answered.
    Recall,
    /// Declare it sales-qualified.
    QualifyForSales,
    /// Turn it into a deal.
    Convert,
    /// End it.
    Disqualify,
    /// Sales gives an accepted lead back for nurturing.
    Recycle,
    /// Undo a conversion.
    Unconvert,
}

impl Verb {
    /// The action that the policy asks about.
    pub fn action(self) -> Action {
        match self {
            Self::Nurture => Action::Nurture,
            Self::Qualify => Action::Qualify,
            Self::HandOff => Action::HandOff,
            Self::Accept => Action::Accept,
            Self::Reject => Action::Reject,
            Self::Recall => Action::Recall,
            Self::QualifyForSales => Action::QualifyForSales,
            Self::Convert => Action::Convert,
            Self::Disqualify => Action::Disqualify,
            Self::Recycle => Action::Recycle,
            Self::Unconvert => Action::Unconvert,
        }
    }

    /// The mutation.
    pub fn mutation(self) -> &'static str {
        match self {
            Self::Nurture => "nurtureLead",
            Self::Qualify => "qualifyLead",
            Self::HandOff => "handOffLead",
            Self::Accept => "acceptLead",
            Self::Reject => "rejectLead",
            Self::Recall => "recallHandoff",
            Self::QualifyForSales => "qualifyForSales",
            Self::Convert => "convertLead",
            Self::Disqualify => "disqualifyLead",
            Self::Recycle => "recycleLead",
            Self::Unconvert => "unconvertLead",
        }
    }
}

/// The states of a lead that has not ended.
pub const OPEN: [LeadStatus; 5] = [New, Nurturing, Mql, Sal, Sql];

/// One line of the state machine: the verb, the states it takes, the states it may lead to.
pub type Line = (Verb, &'static [LeadStatus], &'static [LeadStatus]);

use LeadStatus::{Converted, Disqualified, Mql, New, Nurturing, Sal, Sql};

/// The state machine.
#[rustfmt::skip]
pub const STEPS: &[Line] = &[
    (Verb::Nurture,         &[New],                           &[Nurturing]),
    (Verb::Qualify,         &[New, Nurturing],                &[Mql]),
    (Verb::HandOff,         &[Mql],                           &[Mql]),
    (Verb::Accept,          &[Mql],                           &[Sal]),
    (Verb::Reject,          &[Mql],                           &[Nurturing, Disqualified]),
    (Verb::Recall,          &[Mql],                           &[Nurturing]),
    (Verb::QualifyForSales, &[Sal],                           &[Sql]),
    (Verb::Convert,         &[Sal, Sql],                      &[Converted]),
    (Verb::Disqualify,      &OPEN,                            &[Disqualified]),
    (Verb::Recycle,         &[Sal, Sql],                      &[Nurturing]),
    (Verb::Unconvert,       &[Converted],                     &[Sql]),
];

/// May `verb` take a lead from `from` to `to`?
pub fn leads(verb: Verb, from: LeadStatus, to: LeadStatus) -> bool {
    STEPS.iter().any(|(line, sources, targets)| *line == verb && sources.contains(&from) && targets.contains(&to))
}

/// Refuses a verb in a state that it does not take.
///
/// # Errors
/// CONFLICT, naming the states it takes.
pub fn check(verb: Verb, from: LeadStatus) -> Result<()> {
    let sources = STEPS.iter().find(|(line, ..)| *line == verb).map_or(&[][..], |(_, sources, _)| *sources);
    if sources.contains(&from) {
        return Ok(());
    }
    Err(Error::conflict(format!("The lead is {}; {}", from.as_str(), takes(verb, sources))))
}

/// `qualifyLead takes a lead that is NEW or NURTURING.`
pub fn takes(verb: Verb, sources: &[LeadStatus]) -> String {
    let taken: Vec<_> = sources.iter().map(|status| status.as_str()).collect();
    format!("{} takes a lead that is {}.", verb.mutation(), taken.join(" or "))
}

/// Takes the lead into its next state and stamps the moments that belong to it. First moments are never moved.
///
/// # Errors
/// CONFLICT: the verb does not lead there.
pub fn enter(lead: &mut Model, verb: Verb, to: LeadStatus, now: DateTime<Utc>) -> Result<()> {
    check(verb, lead.status)?;
    if !leads(verb, lead.status, to) {
        return Err(Error::conflict(format!("{} does not lead to {}.", verb.mutation(), to.as_str())));
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

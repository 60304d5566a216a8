//! Activities: what sellers did, what they plan, and what they have put off.

use chrono::{DateTime, TimeDelta, Utc};
use entity::activity::{self, ActivityKind as Kind, ActivityOutcome as Outcome, ActivityStatus, Direction, Priority};
use entity::enums::LossReason;
use uuid::Uuid;

use super::World;
use super::chronicle::{Act, Chronicle};
use super::needs::Need;
use super::reasons;
use super::staff::Worker;
use super::talk::{self, Line, Phase};
use super::work::after;
use crate::lead::rules::Findings;

/// Whose work it is, and what it is about.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    /// Who does it.
    pub by: Worker,
    /// The person.
    pub contact: Option<Uuid>,
    /// The lead.
    pub lead: Option<Uuid>,
    /// The deal.
    pub deal: Option<Uuid>,
    /// The company.
    pub company: Option<Uuid>,
    /// What the customer needs.
    pub need: &'static Need,
    /// Who else is asked for an offer.
    pub rival: Option<&'a str>,
    /// Why nothing comes of it, if that is so.
    pub fails: Option<LossReason>,
}

impl Work<'_> {
    /// Work of somebody on a need, about nothing yet.
    pub fn of(by: Worker, need: &'static Need) -> Self {
        Self { by, contact: None, lead: None, deal: None, company: None, need, rival: None, fails: None }
    }
}

/// An activity and those that follow it up; `more` is the chance of each to be followed by another one.
pub fn series(book: &mut Chronicle, world: &World, work: Work, phase: Phase, from: DateTime<Utc>, more: f64) {
    let (mut previous, mut from, mut lines) = (None, from, talk::lines(phase));
    // A bound for the unlikely case that one always follows another.
    for _ in 0..6 {
        let line = line(book, lines);
        let Some((id, ended)) = one(book, world, work, line, from, previous) else { return };
        if !book.chance.percent(more * 60.0) {
            return;
        }
        (previous, from, lines) = (Some(id), ended, talk::follow_ups(phase));
    }
}

/// Something still to be done, planned in the last days.
pub fn planned(book: &mut Chronicle, world: &World, work: Work, phase: Phase, not_before: DateTime<Utc>) {
    let today = world.calendar.today;
    let made = world.calendar.glance(&mut book.chance, not_before.max(today - TimeDelta::days(14)), today);
    let due = after(made.max(today - TimeDelta::days(9)), TimeDelta::hours(book.chance.between(4, 500)));
    let line = line(book, talk::to_come(phase));
    let row = activity::Model {
        status: ActivityStatus::Planned,
        due_at: Some(due),
        direction: is_talk(line.0).then_some(Direction::Outbound),
        ..sketch(book, work, line)
    };
    book.add(Act::new(made, Some(work.by.user), "planActivity"), row);
}

/// One of the lines, the first ones likelier.
fn line(book: &mut Chronicle, lines: &[Line]) -> Line {
    let place = book.chance.small(i64::try_from(lines.len()).unwrap_or_default());
    usize::try_from(place).ok().and_then(|place| lines.get(place)).copied().unwrap_or((Kind::Note, "Note", ""))
}

/// What sales found out about a lead, noted as it is qualified.
pub fn finding(book: &mut Chronicle, work: Work, act: Act, found: &Findings) {
    let row = activity::Model {
        body: found.note(),
        status: ActivityStatus::Done,
        priority: Priority::Normal,
        ended_at: Some(act.at),
        ..sketch(book, work, (Kind::Note, "Sales qualification", ""))
    };
    book.add(act, row);
}

/// An activity of somebody about something, without times.
fn sketch(book: &mut Chronicle, work: Work, (kind, subject, _): Line) -> activity::Model {
    activity::Model {
        owner_id: Some(work.by.user),
        team_id: Some(work.by.team),
        kind,
        subject: subject.to_owned(),
        priority: book.chance.weighted(&[(Priority::Normal, 75.0), (Priority::High, 17.0), (Priority::Low, 8.0)]),
        contact_id: work.contact,
        lead_id: work.lead,
        deal_id: work.deal,
        company_id: work.company,
        ..activity::Model::default()
    }
}

/// One activity; answers when it was done, if it was.
fn one(
    book: &mut Chronicle,
    world: &World,
    work: Work,
    line: Line,
    from: DateTime<Utc>,
    follows_id: Option<Uuid>,
) -> Option<(Uuid, DateTime<Utc>)> {
    let kind = line.0;
    let by = Some(work.by.user);
    let written = is_written(kind);
    // A message is noted when it is sent; anything else is planned first.
    let due = after(from, book.chance.days(if written { 0.4 } else { 3.0 }, 0.8));
    let made = if written { due } else { from };
    world.calendar.happened(made)?;
    let minutes = book.chance.between(2, 15) * 5;
    let body = written.then(|| reasons::filled(line.2, work.need, work.rival));
    let row = activity::Model {
        body: body.filter(|_| book.chance.percent(70.0)),
        direction: is_talk(kind).then_some(Direction::Outbound),
        status: if written { ActivityStatus::Done } else { ActivityStatus::Planned },
        due_at: (!written).then_some(due),
        started_at: written.then_some(made),
        ended_at: written.then_some(made),
        follows_id,
        ..sketch(book, work, line)
    };
    let mut row = book.make(Act::new(made, by, if written { "logActivity" } else { "planActivity" }), row);
    let id = row.id;
    let ended = if written { Some(made) } else { finish(book, world, work, &mut row, line, minutes) };
    book.keep(row);
    ended.map(|ended| (id, ended))
}

/// Does what was planned, if its time has come and it was not put off.
fn finish(
    book: &mut Chronicle,
    world: &World,
    work: Work,
    row: &mut activity::Model,
    line: Line,
    minutes: i64,
) -> Option<DateTime<Utc>> {
    let due = row.due_at?;
    let ended = world.calendar.happened(due + TimeDelta::minutes(minutes))?;
    let recent = world.calendar.today - due < TimeDelta::days(12);
    if recent && book.chance.percent(40.0) {
        return None;
    }
    let missed = if talk_of_two(line.0) { 6.0 } else { 0.0 };
    let status = book.chance.weighted(&[
        (ActivityStatus::Done, 90.0),
        (ActivityStatus::NoShow, missed),
        (ActivityStatus::Cancelled, 4.0),
    ]);
    match status {
        ActivityStatus::Cancelled => {
            book.change(Act::new(due, row.owner_id, "cancelActivity"), row, |row| row.status = status);
            return None;
        }
        ActivityStatus::NoShow => {
            book.change(Act::new(ended, row.owner_id, "noShowActivity"), row, |row| {
                row.status = status;
                row.outcome = Some(Outcome::NotReached);
                (row.started_at, row.ended_at) = (Some(due), Some(ended));
            });
            return Some(ended);
        }
        _ => {}
    }
    let outcome = outcome(book, work);
    let said = book.chance.percent(60.0).then(|| noted(book, work, line, outcome));
    book.change(Act::new(ended, row.owner_id, "completeActivity"), row, |row| {
        row.status = status;
        row.outcome = Some(outcome);
        row.body = said;
        (row.started_at, row.ended_at) = (Some(due), Some(ended));
    });
    Some(ended)
}

/// What came of it; where nothing comes of the whole, that shows.
fn outcome(book: &mut Chronicle, work: Work) -> Outcome {
    let bad = if work.fails.is_some() { 4.0 } else { 1.0 };
    book.chance.weighted(&[
        (Outcome::Reached, 34.0),
        (Outcome::Interested, 26.0 / bad),
        (Outcome::Agreed, 14.0 / bad),
        (Outcome::NotReached, 10.0),
        (Outcome::Objection, 8.0 * bad),
        (Outcome::Rescheduled, 5.0),
        (Outcome::NotInterested, 3.0 * bad),
    ])
}

/// What is noted, in keeping with what came of it.
fn noted(book: &mut Chronicle, work: Work, line: Line, outcome: Outcome) -> String {
    let text = match (outcome, work.fails) {
        (Outcome::NotReached, _) => {
            book.chance.pick(&["Voicemail.", "Not at their desk; will try again.", "Line engaged."])
        }
        (Outcome::Rescheduled, _) => book.chance.pick(&["Moved to next week.", "Off sick; a new date will follow."]),
        (Outcome::Objection | Outcome::NotInterested, Some(reason)) => book.chance.pick(reasons::hint(reason)),
        (Outcome::Objection, None) => {
            book.chance.pick(&["Doubts that the team will use it.", "Worried about the roll-out."])
        }
        (Outcome::NotInterested, None) => "Not a priority at the moment.",
        _ => line.2,
    };
    reasons::filled(text, work.need, work.rival)
}

fn is_written(kind: Kind) -> bool {
    matches!(kind, Kind::Email | Kind::SocialMessage | Kind::Note)
}

fn is_talk(kind: Kind) -> bool {
    !matches!(kind, Kind::Note)
}

fn talk_of_two(kind: Kind) -> bool {
    crate::activity::rules::has_company(kind)
}

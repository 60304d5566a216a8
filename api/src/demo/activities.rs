//! Activities: what sellers did, what they plan, and what they have put off.

use chrono::{DateTime, TimeDelta, Utc};
use entity::activity::{self, ActivityKind as Kind, ActivityOutcome as Outcome, ActivityStatus, Direction, Priority};
use uuid::Uuid;

use super::World;
use super::calendar::at_work;
use super::chronicle::{Act, Chronicle};
use super::staff::Seller;
use crate::lead::rules::Findings;

/// Whose work it is, and what it is about.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Who does it.
    pub seller: Seller,
    /// The person.
    pub contact: Option<Uuid>,
    /// The lead.
    pub lead: Option<Uuid>,
    /// The deal.
    pub deal: Option<Uuid>,
    /// The company.
    pub company: Option<Uuid>,
}

impl Work {
    /// Work of this seller, about nothing yet.
    pub fn of(seller: Seller) -> Self {
        Self { seller, contact: None, lead: None, deal: None, company: None }
    }
}

/// An activity and those that follow it up; `more` is the chance of each to be followed by another one.
pub fn series(
    book: &mut Chronicle,
    world: &World,
    work: Work,
    kind: Kind,
    direction: Direction,
    from: DateTime<Utc>,
    more: f64,
) {
    let mut previous = None;
    let (mut kind, mut from) = (kind, from);
    // A bound for the unlikely case that one always follows another.
    for _ in 0..6 {
        let Some((id, ended)) = one(book, world, work, kind, direction, from, previous) else { return };
        if !book.chance.percent(more * 60.0) {
            return;
        }
        (previous, from, kind) = (Some(id), ended, Kind::FollowUp);
    }
}

/// Something still to be done, planned in the last days.
pub fn planned(book: &mut Chronicle, world: &World, work: Work, kind: Kind, not_before: DateTime<Utc>) {
    let today = world.calendar.today;
    let made = book.chance.moment(not_before.max(today - TimeDelta::days(14)), today);
    let due = at_work(made.max(today - TimeDelta::days(9)) + TimeDelta::hours(book.chance.between(4, 500)));
    let row = activity::Model {
        status: ActivityStatus::Planned,
        due_at: Some(due),
        direction: Some(Direction::Outbound),
        ..sketch(book, work, kind)
    };
    book.add(Act::new(made, Some(work.seller.user), "createActivity"), row);
}

/// What sales finds out about a lead.
pub fn findings(book: &mut Chronicle) -> Findings {
    let [need, budget, authority, timing] = book.chance.pick(&FINDINGS).map(|fact| fact.map(str::to_owned));
    Findings { need, budget, authority, timing }
}

/// What sales found out about a lead, noted as it is qualified.
pub fn finding(book: &mut Chronicle, work: Work, act: Act, found: &Findings) {
    let row = activity::Model {
        subject: "Sales qualification".to_owned(),
        body: found.note(),
        status: ActivityStatus::Done,
        priority: Priority::Normal,
        ended_at: Some(act.at),
        ..sketch(book, work, Kind::Note)
    };
    book.add(act, row);
}

/// An activity of somebody about something, without times.
fn sketch(book: &mut Chronicle, work: Work, kind: Kind) -> activity::Model {
    activity::Model {
        owner_id: Some(work.seller.user),
        team_id: Some(work.seller.team),
        kind,
        subject: subject(book, kind).to_owned(),
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
    kind: Kind,
    direction: Direction,
    from: DateTime<Utc>,
    follows_id: Option<Uuid>,
) -> Option<(Uuid, DateTime<Utc>)> {
    let by = Some(work.seller.user);
    let written = is_written(kind);
    // A message is noted when it is sent; anything else is planned first.
    let planned = at_work(from);
    let due = at_work(planned + book.chance.days(if written { 0.4 } else { 3.0 }, 0.8));
    let made = if written { due } else { planned };
    world.calendar.happened(made)?;
    let minutes = book.chance.between(10, 75);
    let row = activity::Model {
        body: book.chance.percent(35.0).then(|| book.chance.pick(&NOTES).to_owned()),
        direction: is_talk(kind).then_some(direction),
        status: if written { ActivityStatus::Done } else { ActivityStatus::Planned },
        due_at: (!written).then_some(due),
        started_at: written.then_some(made),
        ended_at: written.then_some(made),
        follows_id,
        ..sketch(book, work, kind)
    };
    let mut row = book.make(Act::new(made, by, "createActivity"), row);
    let id = row.id;
    let ended = if written { Some(made) } else { finish(book, world, &mut row, due, minutes) };
    book.keep(row);
    ended.map(|ended| (id, ended))
}

/// Does what was planned, if its time has come and it was not put off.
fn finish(
    book: &mut Chronicle,
    world: &World,
    row: &mut activity::Model,
    due: DateTime<Utc>,
    minutes: i64,
) -> Option<DateTime<Utc>> {
    let ended = world.calendar.happened(due + TimeDelta::minutes(minutes))?;
    let recent = world.calendar.today - due < TimeDelta::days(12);
    if recent && book.chance.percent(40.0) {
        return None;
    }
    let status = book.chance.weighted(&[
        (ActivityStatus::Done, 90.0),
        (ActivityStatus::NoShow, 6.0),
        (ActivityStatus::Cancelled, 4.0),
    ]);
    if status == ActivityStatus::Cancelled {
        book.change(Act::new(due, row.owner_id, "cancelActivity"), row, |row| row.status = status);
        return None;
    }
    let outcome = if status == ActivityStatus::Done { outcome(book) } else { Outcome::NotReached };
    book.change(Act::new(ended, row.owner_id, "completeActivity"), row, |row| {
        row.status = status;
        row.started_at = Some(due);
        row.ended_at = Some(ended);
        row.outcome = Some(outcome);
    });
    Some(ended)
}

fn outcome(book: &mut Chronicle) -> Outcome {
    book.chance.weighted(&[
        (Outcome::Reached, 34.0),
        (Outcome::Interested, 26.0),
        (Outcome::Agreed, 14.0),
        (Outcome::NotReached, 10.0),
        (Outcome::Objection, 8.0),
        (Outcome::Rescheduled, 5.0),
        (Outcome::NotInterested, 3.0),
    ])
}

fn is_written(kind: Kind) -> bool {
    matches!(kind, Kind::Email | Kind::SocialMessage | Kind::Note)
}

fn is_talk(kind: Kind) -> bool {
    !matches!(kind, Kind::Note)
}

fn subject(book: &mut Chronicle, kind: Kind) -> &'static str {
    let subjects: &[&str] = match kind {
        Kind::Pitch => &["Present our offer", "Pitch to the management", "Walk through the proposal"],
        Kind::Demo => &["Show the product", "Demo for the team", "Second demo with IT"],
        Kind::Call => &["First call", "Ask about the need", "Call about the time plan"],
        Kind::Meeting => &["Meeting at their office", "Kick-off meeting", "Meet the buyers"],
        Kind::Email => &["Answer to the inquiry", "Sent the brochure", "Sent the offer"],
        Kind::SocialMessage => &["Message after the webinar", "Thanks for the contact"],
        Kind::Negotiation => &["Talk about price", "Talk about terms", "Go through the contract"],
        Kind::FollowUp => &["Follow up", "Ask how it went inside", "Remind of the next step"],
        Kind::Note => &["Note"],
    };
    book.chance.pick(subjects)
}

/// Need, budget, authority, timing.
const FINDINGS: [[Option<&str>; 4]; 4] = [
    [Some("One view of marketing and sales"), None, Some("The head of operations decides"), Some("This quarter")],
    [Some("A forecast the board believes"), Some("Approved"), Some("The CFO signs"), None],
    [None, Some("Applied for, decision next month"), None, None],
    [None, None, Some("IT and purchasing together"), Some("The old contract ends in three months")],
];

const NOTES: [&str; 7] = [
    "Wants to start next quarter.",
    "Finance has to agree first.",
    "Likes the reports best.",
    "Uses a spreadsheet today and is tired of it.",
    "Asked for a reference customer.",
    "Price is fine, the time plan is not.",
    "Decision is taken by three people.",
];

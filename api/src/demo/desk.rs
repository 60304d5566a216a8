//! What marketing does at its desk: plans its campaigns, looks after them, and learns from them.

use chrono::TimeDelta;
use entity::activity::{self, ActivityKind, ActivityOutcome, ActivityStatus, Direction, Priority};
use entity::campaign::{self, CampaignStatus};

use super::calendar::Calendar;
use super::chronicle::{Act, Chronicle};
use super::staff::{Staff, Worker};
use super::talk::{self, Phase};
use super::work::at_work;

/// The working days of a campaign: before it, while it runs, after it.
pub fn work_on(book: &mut Chronicle, calendar: &Calendar, staff: &Staff, campaign: &campaign::Model, owner: Worker) {
    let (Some(first), Some(last)) = (campaign.starts_on, campaign.ends_on) else { return };
    let before = |day: chrono::NaiveDate| (calendar.today.date_naive() - day).num_days();
    let (first, last) = (before(first), before(last));
    let made = (calendar.today - campaign.created_at).num_days();
    let manager = staff.in_marketing(staff.marketing_manager());
    for (place, line) in talk::lines(Phase::Plan).iter().enumerate() {
        let by = if line.0 == ActivityKind::Note { manager } else { owner };
        let days = made - 4 * i64::try_from(place).unwrap_or_default() - 2;
        one(book, calendar, campaign, by, *line, days.max(first));
    }
    let ran = !matches!(campaign.status, CampaignStatus::Draft | CampaignStatus::Scheduled | CampaignStatus::Cancelled);
    if !ran {
        if campaign.status != CampaignStatus::Cancelled {
            one(book, calendar, campaign, manager, (ActivityKind::Meeting, "Decide on the budget", ""), -6);
        }
        return;
    }
    // Short campaigns are looked at every week, long ones every month.
    let every = if first - last > 120 { 28 } else { 7 };
    let until = if campaign.status == CampaignStatus::Paused { 20 } else { last.max(-14) };
    let mut days = first - every;
    while days >= until {
        let line = book.chance.pick(&talk::lines(Phase::Watch).iter().map(|line| Some(*line)).collect::<Vec<_>>());
        if let Some(line) = line {
            let by = if book.chance.percent(15.0) { manager } else { owner };
            one(book, calendar, campaign, by, line, days);
        }
        days -= every;
    }
    for line in talk::lines(Phase::Review).iter().filter(|_| last > 0) {
        one(book, calendar, campaign, if line.0 == ActivityKind::Note { owner } else { manager }, *line, last - 9);
    }
}

/// One thing, so many days before today: done, or still to come.
fn one(
    book: &mut Chronicle,
    calendar: &Calendar,
    campaign: &campaign::Model,
    by: Worker,
    (kind, subject, body): talk::Line,
    days: i64,
) {
    let due =
        at_work(calendar.ago(days, book.chance.between(7, 15)) + TimeDelta::minutes(book.chance.between(0, 3) * 15));
    let ended = due + TimeDelta::minutes(book.chance.between(2, 6) * 15);
    let written = kind == ActivityKind::Note;
    let done = ended <= calendar.today;
    if written && !done {
        return;
    }
    let made = if written { due } else { (due - TimeDelta::days(book.chance.between(2, 9))).max(campaign.created_at) };
    let made = made.min(due).min(calendar.today);
    let row = activity::Model {
        owner_id: Some(by.user),
        team_id: Some(by.team),
        kind,
        subject: subject.to_owned(),
        priority: Priority::Normal,
        direction: (!written).then_some(Direction::Outbound),
        status: if written { ActivityStatus::Done } else { ActivityStatus::Planned },
        due_at: (!written).then_some(due),
        body: written.then(|| body.to_owned()),
        started_at: written.then_some(made),
        ended_at: written.then_some(made),
        campaign_id: Some(campaign.id),
        ..activity::Model::default()
    };
    let verb = if written { "logActivity" } else { "planActivity" };
    let mut row = book.make(Act::new(made, Some(by.user), verb), row);
    if done && !written {
        let noted = book.chance.percent(65.0).then(|| body.to_owned());
        book.change(Act::new(ended, Some(by.user), "completeActivity"), &mut row, |row| {
            row.status = ActivityStatus::Done;
            row.body = noted;
            row.outcome = Some(ActivityOutcome::Agreed);
            (row.started_at, row.ended_at) = (Some(due), Some(ended));
        });
    }
    book.keep(row);
}

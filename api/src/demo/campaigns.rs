//! The campaigns of two years: some bring many leads, some bring good ones.

use chrono::{DateTime, TimeDelta, Utc};
use entity::campaign::{self, CampaignStatus};
use entity::enums::Channel;
use entity::transition;
use uuid::Uuid;

use super::World;
use super::calendar::Calendar;
use super::chance::Chance;
use super::chronicle::{Act, Chronicle};
use super::desk;
use super::money::Money;
use super::plans::{Fortune, PLANS, Plan};
use super::staff::{Staff, Worker};
use super::work::at_work;

use CampaignStatus::{Active, Archived, Cancelled, Completed, Draft, Paused, Scheduled};

/// A campaign as customers meet it.
#[derive(Debug)]
pub struct Live {
    /// The campaign.
    pub id: Uuid,
    /// Its code, as in links.
    pub code: &'static str,
    /// Where it runs.
    pub channel: Channel,
    /// How good its leads are: 1 is the mean.
    pub quality: f64,
    /// People come together there.
    gathers: bool,
    pull: f64,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Live {
    /// Whether it runs at that moment.
    pub fn runs(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }
}

/// Plans all campaigns, and takes each as far as it has come.
pub fn plan(book: &mut Chronicle, calendar: &Calendar, staff: &Staff, money: &Money) -> Vec<Live> {
    let mut live: Vec<Live> = Vec::new();
    for plan in &PLANS {
        let parent_id = live.iter().find(|one| Some(one.code) == plan.parent).map(|parent| parent.id);
        let days = plan.days(calendar);
        let owner = staff.marketer(&mut book.chance);
        let campaign = carry_out(book, calendar, staff, money, plan, days, owner, parent_id);
        let last = if campaign.status == Paused { PAUSED_FOR } else { days.1 - 1 };
        let (from, to) = (calendar.ago(days.0, 8), calendar.ago(last, 0));
        let Plan { code, channel, pull, quality, .. } = *plan;
        let gathers = channel == Channel::Event && campaign.status != Scheduled;
        desk::work_on(book, calendar, staff, &campaign, owner);
        live.push(Live { id: campaign.id, code, channel, quality, gathers, pull, from, to });
        book.keep(campaign);
    }
    live
}

/// Paused campaigns have been so for this many days.
const PAUSED_FOR: i64 = 20;
/// After so many days, campaigns that are over are put away.
const KEPT_FOR: i64 = 400;

/// What time has made of a plan.
fn status(plan: &Plan, (first, last): (i64, i64)) -> CampaignStatus {
    match plan.fortune {
        Fortune::Draft => Draft,
        Fortune::Cancelled => Cancelled,
        Fortune::Paused => Paused,
        Fortune::Runs if first <= 0 => Scheduled,
        Fortune::Runs if last <= 1 => Active,
        Fortune::Runs if last > KEPT_FOR => Archived,
        Fortune::Runs => Completed,
    }
}

/// What a lead is expected to bring in, in whole units: about one in twenty buys.
const WORTH: i64 = 1_200;

#[expect(clippy::too_many_arguments, reason = "the whole situation of one campaign, told once")]
fn carry_out(
    book: &mut Chronicle,
    calendar: &Calendar,
    staff: &Staff,
    money: &Money,
    plan: &Plan,
    (first, last): (i64, i64),
    owner: Worker,
    parent_id: Option<Uuid>,
) -> campaign::Model {
    let end = status(plan, (first, last));
    let planned = (first + 45).max(12);
    let base = money.base();
    let by = Some(owner.user);
    let act = |days: i64, by, verb| Act::new(at_work(calendar.ago(days, 8)).min(calendar.today), by, verb);
    let made = act(planned, by, "createCampaign");
    let expected = Some(plan.expected).filter(|leads| *leads > 0);
    let revenue = expected.map(|leads| money.minor(i64::from(leads) * WORTH, base));
    let row = campaign::Model {
        owner_id: by,
        team_id: Some(owner.team),
        name: plan.name.to_owned(),
        code: plan.code.to_owned(),
        objective: plan.objective,
        channel: plan.channel,
        horizon: plan.horizon,
        status: Draft,
        starts_on: Some(calendar.day_ago(first)),
        ends_on: Some(calendar.day_ago(last)),
        parent_id,
        budget_minor: Some(money.minor(plan.budget, base)),
        budget_currency: Some(base.to_owned()),
        expected_leads: expected,
        expected_revenue_minor: revenue,
        expected_revenue_currency: revenue.map(|_| base.to_owned()),
        ..campaign::Model::default()
    };
    let mut row = book.make(made, row);
    let manager = Some(staff.marketing_manager());
    let steps: &[(CampaignStatus, i64, Option<Uuid>, &'static str)] = &[
        (Scheduled, planned - 10, by, "scheduleCampaign"),
        (Active, first, manager, "launchCampaign"),
        (Paused, PAUSED_FOR, by, "pauseCampaign"),
        (Completed, last - 1, by, "completeCampaign"),
        (Archived, last - 60, manager, "archiveCampaign"),
        (Cancelled, planned - 15, by, "cancelCampaign"),
    ];
    let mut last_change = made.at;
    moved(book, made, row.id, None, Draft, None);
    for (status, days_ago, by, verb) in steps.iter().filter(|(status, ..)| path(end).contains(status)) {
        // A fair begins on its day, whatever day that is.
        let act =
            if *status == Active { Act::new(calendar.ago(*days_ago, 8), *by, verb) } else { act(*days_ago, *by, verb) };
        let act = Act { at: act.at.max(last_change), ..act };
        let before = row.status;
        book.change(act, &mut row, |row| row.status = *status);
        moved(book, act, row.id, Some(before), *status, Some(act.at - last_change));
        last_change = act.at;
    }
    row
}

/// The states a campaign has gone through after its draft.
fn path(status: CampaignStatus) -> &'static [CampaignStatus] {
    match status {
        Draft => &[],
        Scheduled => &[Scheduled],
        Active => &[Scheduled, Active],
        Paused => &[Scheduled, Active, Paused],
        Completed => &[Scheduled, Active, Completed],
        Archived => &[Scheduled, Active, Completed, Archived],
        Cancelled => &[Scheduled, Cancelled],
    }
}

fn moved(
    book: &mut Chronicle,
    act: Act,
    campaign: Uuid,
    from: Option<CampaignStatus>,
    to: CampaignStatus,
    lasted: Option<TimeDelta>,
) {
    let row = transition::Model {
        campaign_id: Some(campaign),
        from_state: from.map(|from| from.as_str().to_owned()),
        to_state: to.as_str().to_owned(),
        at: act.at,
        by_id: act.by,
        seconds_in_previous: lasted.map(|lasted| lasted.num_seconds()),
        ..transition::Model::default()
    };
    book.add(act, row);
}

impl World {
    /// A meeting at a fair: the campaign and the moment. Few companies turn up like that, at one of the fairs there were.
    pub fn gathering(&self, chance: &mut Chance) -> Option<(&Live, DateTime<Utc>)> {
        const SHARE: f64 = 19.0;
        if !chance.percent(SHARE) {
            return None;
        }
        let fairs: Vec<Option<&Live>> = self.campaigns.iter().filter(|campaign| campaign.gathers).map(Some).collect();
        let fair = chance.pick(&fairs)?;
        // Some fairs are not over yet.
        let days = (fair.to.min(self.calendar.today) - fair.from).num_days().max(0);
        let opens = fair.from + TimeDelta::days(chance.between(0, days));
        Some((fair, chance.moment(opens, opens + TimeDelta::hours(8))))
    }

    /// A campaign that brings somebody at that moment, as likely as it pulls.
    pub fn pulling(&self, chance: &mut Chance, at: DateTime<Utc>) -> Option<&Live> {
        let running: Vec<(usize, f64)> = self
            .campaigns
            .iter()
            .enumerate()
            .filter(|(_, campaign)| campaign.runs(at) && campaign.pull > 0.0)
            .map(|(place, campaign)| (place, campaign.pull))
            .collect();
        if running.is_empty() {
            return None;
        }
        self.campaigns.get(chance.weighted(&running))
    }
}

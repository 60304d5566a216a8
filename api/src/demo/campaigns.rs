//! The campaigns of two years: some bring many leads, some bring good ones.

use chrono::{DateTime, TimeDelta, Utc};
use entity::campaign::{self, CampaignStatus};
use entity::enums::{Channel, Horizon, Objective};
use entity::transition;
use uuid::Uuid;

use super::World;
use super::calendar::Calendar;
use super::chance::Chance;
use super::chronicle::{Act, Chronicle};
use super::money::Money;
use super::staff::Staff;

use CampaignStatus::{Active, Archived, Cancelled, Completed, Draft, Paused, Scheduled};

/// A campaign as it was planned, with the effect it turned out to have.
struct Plan {
    code: &'static str,
    name: &'static str,
    objective: Objective,
    channel: Channel,
    horizon: Horizon,
    status: CampaignStatus,
    /// First and last day, in days before today.
    runs: (i64, i64),
    /// In thousands of the base currency.
    budget: i64,
    parent: Option<&'static str>,
    /// How many leads it brings, compared with others on the same day.
    pull: f64,
    /// How good they are: 1 is the mean.
    quality: f64,
}

#[rustfmt::skip]
macro_rules! plans {
    ($($code:literal $name:literal $objective:ident $channel:ident $horizon:ident $status:ident
        ($from:expr, $to:expr) $budget:literal $parent:expr; pull $pull:literal quality $quality:literal)*) => {
        [$(Plan {
            code: $code, name: $name, objective: Objective::$objective, channel: Channel::$channel,
            horizon: Horizon::$horizon, status: $status, runs: ($from, $to), budget: $budget, parent: $parent,
            pull: $pull, quality: $quality,
        }),*]
    };
}

/// Parents stand before their parts; a part runs within the time of its parent.
#[rustfmt::skip]
const PLANS: [Plan; 18] = plans! {
    "search-always-on" "Search, always on" LeadGeneration PaidSearch LongTerm Active (728, -120) 240 None; pull 3.2 quality 1.15
    "newsletter" "Monthly newsletter" Engagement Email LongTerm Active (725, -180) 30 None; pull 1.2 quality 0.9
    "partner-programme" "Partner programme" LeadGeneration Partner LongTerm Active (640, -90) 90 None; pull 1.2 quality 1.5
    "customer-referrals" "Customers recommend us" Conversion Referral LongTerm Active (540, -60) 25 None; pull 0.9 quality 1.75
    "webinar-programme" "Webinar programme" LeadGeneration Webinar LongTerm Active (560, -30) 80 None; pull 0.0 quality 1.0
    "webinar-forecast" "Webinar: forecasts that hold" LeadGeneration Webinar ShortTerm Completed (520, 430) 20 Some("webinar-programme"); pull 4.5 quality 1.2
    "webinar-handover" "Webinar: from lead to deal" LeadGeneration Webinar ShortTerm Completed (300, 215) 22 Some("webinar-programme"); pull 4.5 quality 1.3
    "webinar-pipeline" "Webinar: a tidy pipeline" LeadGeneration Webinar ShortTerm Active (70, -20) 24 Some("webinar-programme"); pull 3.0 quality 1.1
    "fair-industry" "Industry fair" LeadGeneration Event ShortTerm Archived (610, 590) 110 None; pull 32.0 quality 1.4
    "fair-logistics" "Logistics fair" LeadGeneration Event ShortTerm Completed (250, 228) 130 None; pull 36.0 quality 1.45
    "social-professionals" "Professionals on social networks" LeadGeneration PaidSocial ShortTerm Completed (480, 330) 95 None; pull 3.6 quality 0.95
    "social-giveaway" "Win a tablet" Awareness PaidSocial ShortTerm Completed (400, 345) 45 None; pull 22.0 quality 0.25
    "display-retargeting" "Second look banners" Conversion Display ShortTerm Paused (210, -40) 60 None; pull 1.6 quality 0.6
    "video-launch" "Product film" Awareness Video ShortTerm Completed (180, 95) 140 None; pull 3.0 quality 0.5
    "mailing-machines" "Letters to machine builders" LeadGeneration DirectMail ShortTerm Completed (150, 110) 35 None; pull 5.0 quality 0.8
    "customer-study" "What sellers need" Research Email ShortTerm Completed (130, 80) 18 None; pull 0.5 quality 0.9
    "next-fair" "Next industry fair" LeadGeneration Event ShortTerm Scheduled (-25, -40) 120 None; pull 0.0 quality 1.0
    "print-series" "Advertisements in print" Awareness Pr ShortTerm Cancelled (330, 270) 70 None; pull 0.0 quality 1.0
};

/// One more, still a draft.
#[rustfmt::skip]
const DRAFTS: [Plan; 1] = plans! {
    "next-launch" "Next product launch" LeadGeneration PaidSocial ShortTerm Draft (-60, -120) 80 None; pull 0.0 quality 1.0
};

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
    for plan in PLANS.iter().chain(&DRAFTS) {
        let parent_id = live.iter().find(|one| Some(one.code) == plan.parent).map(|parent| parent.id);
        let id = carry_out(book, calendar, staff, money, plan, parent_id);
        let (first, last) = plan.runs;
        let last = if plan.status == Paused { PAUSED_FOR } else { last - 1 };
        let (from, to) = (calendar.ago(first, 8), calendar.ago(last, 0));
        let Plan { code, channel, pull, quality, .. } = *plan;
        live.push(Live { id, code, channel, quality, pull, from, to });
    }
    live
}

/// Paused campaigns have been so for this many days.
const PAUSED_FOR: i64 = 20;

fn carry_out(
    book: &mut Chronicle,
    calendar: &Calendar,
    staff: &Staff,
    money: &Money,
    plan: &Plan,
    parent_id: Option<Uuid>,
) -> Uuid {
    let owner = staff.any_marketer(&mut book.chance);
    let (first, last) = plan.runs;
    let planned = (first + 30).max(12);
    let base = money.base();
    let made = Act::new(calendar.ago(planned, 9), Some(owner), "createCampaign");
    let row = campaign::Model {
        owner_id: Some(owner),
        team_id: Some(staff.marketing()),
        name: plan.name.to_owned(),
        code: plan.code.to_owned(),
        objective: plan.objective,
        channel: plan.channel,
        horizon: plan.horizon,
        status: Draft,
        starts_on: Some(calendar.day_ago(first)),
        ends_on: Some(calendar.day_ago(last)),
        parent_id,
        budget_minor: Some(money.minor(plan.budget * 1_000, base)),
        budget_currency: Some(base.to_owned()),
        expected_leads: i32::try_from(plan.budget * 2).ok(),
        expected_revenue_minor: Some(money.minor(plan.budget * 5_000, base)),
        expected_revenue_currency: Some(base.to_owned()),
        ..campaign::Model::default()
    };
    let mut row = book.make(made, row);
    let manager = staff.marketing_manager();
    let steps: &[(CampaignStatus, i64, Uuid, &'static str)] = &[
        (Scheduled, planned - 10, owner, "scheduleCampaign"),
        (Active, first, manager, "launchCampaign"),
        (Paused, PAUSED_FOR, owner, "pauseCampaign"),
        (Completed, last - 1, owner, "completeCampaign"),
        (Archived, last - 40, manager, "archiveCampaign"),
        (Cancelled, planned - 15, owner, "cancelCampaign"),
    ];
    let mut last_change = made.at;
    moved(book, made, row.id, None, Draft, None);
    for (status, days_ago, by, verb) in steps.iter().filter(|(status, ..)| path(plan.status).contains(status)) {
        let act = Act::new(calendar.ago(*days_ago, 8), Some(*by), verb);
        let before = row.status;
        book.change(act, &mut row, |row| row.status = *status);
        moved(book, act, row.id, Some(before), *status, Some(act.at - last_change));
        last_change = act.at;
    }
    let id = row.id;
    book.keep(row);
    id
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

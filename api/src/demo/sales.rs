//! Deals: out of leads and out of customers, through their stages to won or lost.

use chrono::{DateTime, TimeDelta, Utc};
use entity::activity::{ActivityKind, Direction};
use entity::company::SizeBand;
use entity::deal::{self, DealKind};
use entity::deal_contact::{self, DealRole};
use entity::enums::{DealStatus, LossReason};
use entity::{company, lead, transition};
use uuid::Uuid;

use super::World;
use super::account::{Account, DealStory};
use super::activities::{self, Work};
use super::chance::Chance;
use super::chronicle::{Act, Chronicle};
use super::pipelines::{Step, Way};

/// What the company would pay for a year, in whole units of its currency.
pub fn typical_amount(chance: &mut Chance, company: &company::Model) -> i64 {
    let typical = match company.size_band {
        Some(SizeBand::Solo) => 2_400.0,
        Some(SizeBand::Small) | None => 8_500.0,
        Some(SizeBand::Medium) => 24_000.0,
        Some(SizeBand::Large) => 65_000.0,
        Some(SizeBand::Enterprise) => 170_000.0,
    };
    ((typical * chance.factor(0.45)) as i64 / 100 * 100).max(500)
}

/// How a deal is going to end, decided when it begins.
#[derive(Clone, Copy, Debug)]
struct Fate {
    wins: bool,
    /// The stage it is lost in, counted from the first.
    lost_in: usize,
    /// How long it stays in a stage, in days.
    pace: f64,
}

/// A lead becomes a deal; answers its id.
pub fn convert(
    book: &mut Chronicle,
    world: &World,
    account: &mut Account,
    person: usize,
    lead: &lead::Model,
    quality: f64,
    act: Act,
) -> Uuid {
    let kind = if account.is_customer(act.at) { DealKind::Expansion } else { DealKind::NewBusiness };
    let wins = book.chance.percent((31.0 * quality.powf(0.55)).min(75.0));
    let fate = fate(book, wins, &[(0, 27.0), (1, 28.0), (2, 27.0), (3, 18.0)], pace(&account.company));
    let name = format!("{}: {}", account.company.name, book.chance.pick(&TOPICS));
    let row = deal::Model {
        name,
        kind,
        lead_id: Some(lead.id),
        source_campaign_id: lead.source_campaign_id,
        ..deal::Model::default()
    };
    let story = begin(book, world, account, &world.new_business, row, act, 1.0);
    let contact = account.people.get(person).map(|person| (person.contact.id, person.decides));
    run(book, world, account, &world.new_business, story, contact, fate, Some(lead.created_at))
}

/// What customers buy later: more, and the same again.
pub fn further(book: &mut Chronicle, world: &World, account: &mut Account, expansions: u32) {
    let mut done = 0;
    while let Some(story) = account.deals.get(done) {
        done += 1;
        let DealStory { deal, people, .. } = story;
        let (DealStatus::Won, Some(won_at)) = (deal.status, deal.closed_at) else { continue };
        let contact = people.first().map(|(contact, _)| *contact);
        let kind = deal.kind;
        renew(book, world, account, contact, won_at);
        if kind != DealKind::Renewal {
            for _ in 0..expansions {
                if book.chance.percent(32.0) {
                    expand(book, world, account, contact, won_at);
                }
            }
        }
    }
}

fn renew(book: &mut Chronicle, world: &World, account: &mut Account, contact: Option<Uuid>, won_at: DateTime<Utc>) {
    let due = won_at + TimeDelta::days(290) + TimeDelta::hours(book.chance.between(0, 240));
    let Some(at) = world.calendar.happened(super::calendar::at_work(due)) else { return };
    let wins = book.chance.percent(84.0);
    let fate = fate(book, wins, &[(0, 70.0), (1, 30.0)], 26.0);
    let row = deal::Model {
        name: format!("{}: renewal {}", account.company.name, at.format("%Y")),
        kind: DealKind::Renewal,
        ..deal::Model::default()
    };
    let act = Act::new(at, Some(account.seller.user), "createDeal");
    let story = begin(book, world, account, &world.renewals, row, act, 0.95);
    run(book, world, account, &world.renewals, story, contact.map(|id| (id, true)), fate, None);
}

fn expand(book: &mut Chronicle, world: &World, account: &mut Account, contact: Option<Uuid>, won_at: DateTime<Utc>) {
    let Some(at) = world.calendar.later(&mut book.chance, won_at, 110.0) else { return };
    let wins = book.chance.percent(52.0);
    let fate = fate(book, wins, &[(0, 25.0), (1, 30.0), (2, 30.0), (3, 15.0)], pace(&account.company));
    let row = deal::Model {
        name: format!("{}: more seats", account.company.name),
        kind: DealKind::Expansion,
        ..deal::Model::default()
    };
    let act = Act::new(at, Some(account.seller.user), "createDeal");
    let story = begin(book, world, account, &world.new_business, row, act, 0.5);
    run(book, world, account, &world.new_business, story, contact.map(|id| (id, false)), fate, None);
}

const TOPICS: [&str; 7] = [
    "first seats",
    "sales team",
    "whole house",
    "campaign reports",
    "pilot",
    "replacement of the old tool",
    "two sites",
];

/// Days in a stage: large companies take their time.
fn pace(company: &company::Model) -> f64 {
    match company.size_band {
        Some(SizeBand::Solo | SizeBand::Small) | None => 14.0,
        Some(SizeBand::Medium) => 20.0,
        Some(SizeBand::Large | SizeBand::Enterprise) => 29.0,
    }
}

fn fate(book: &mut Chronicle, wins: bool, lost_in: &[(usize, f64)], pace: f64) -> Fate {
    Fate { wins, lost_in: book.chance.weighted(lost_in), pace }
}

/// Makes the deal, in the first stage of its pipeline.
fn begin(
    book: &mut Chronicle,
    world: &World,
    account: &Account,
    way: &Way,
    row: deal::Model,
    act: Act,
    size: f64,
) -> DealStory {
    let country = account.company.country.as_deref().unwrap_or_default();
    let currency = world.money.currency(&mut book.chance, country);
    let whole = (typical_amount(&mut book.chance, &account.company) as f64 * size) as i64 / 50 * 50;
    let cost = whole * book.chance.between(34, 63) / 100;
    let close = (act.at + TimeDelta::days(book.chance.between(45, 120))).date_naive();
    let first = way.open.first().copied().unwrap_or_default();
    let row = deal::Model {
        owner_id: Some(account.seller.user),
        team_id: Some(account.seller.team),
        company_id: Some(account.company.id),
        pipeline_id: way.id,
        stage_id: first.id,
        status: DealStatus::Open,
        amount_minor: Some(world.money.minor(whole.max(250), &currency)),
        cost_minor: Some(world.money.minor(cost.max(100), &currency)),
        currency,
        probability_override: book
            .chance
            .percent(5.0)
            .then(|| i32::try_from(book.chance.between(2, 18) * 5).unwrap_or(50)),
        expected_close_on: Some(close),
        competitor: book.chance.percent(30.0).then(|| book.chance.pick(&COMPETITORS).to_owned()),
        ..row
    };
    let deal = book.make(act, row);
    let mut story = DealStory { deal, people: Vec::new(), states: Vec::new(), lead_created_at: None };
    moved(book, world, &mut story, act, None, first);
    story
}

const COMPETITORS: [&str; 4] = ["Kontor One", "Salesbarn", "Pipemate", "A tool of their own"];

/// Takes the deal through its stages, as far as it has come until today; answers its id.
#[expect(clippy::too_many_arguments, reason = "the whole situation of one deal, told once")]
fn run(
    book: &mut Chronicle,
    world: &World,
    account: &mut Account,
    way: &Way,
    mut story: DealStory,
    contact: Option<(Uuid, bool)>,
    fate: Fate,
    lead_created_at: Option<DateTime<Utc>>,
) -> Uuid {
    let id = story.deal.id;
    story.lead_created_at = lead_created_at;
    if let Some((contact, decides)) = contact {
        let role = if decides { DealRole::DecisionMaker } else { DealRole::Champion };
        let act = Act::new(story.deal.created_at, story.deal.created_by, "convertLead");
        let verb = if lead_created_at.is_some() { "convertLead" } else { "createDealContact" };
        join(book, &mut story, Act { verb, ..act }, contact, role, true);
    }
    // It ends where the next thing has not happened yet; then the deal stays open.
    let _ = walk(book, world, account, way, &mut story, fate);
    if story.deal.status == DealStatus::Open {
        put_off(book, world, &mut story);
        plan_next(book, world, account, &story);
    }
    account.deals.push(story);
    id
}

fn walk(
    book: &mut Chronicle,
    world: &World,
    account: &Account,
    way: &Way,
    story: &mut DealStory,
    fate: Fate,
) -> Option<()> {
    let seller = account.seller;
    let mut since = story.deal.created_at;
    for (place, step) in way.open.iter().enumerate() {
        if place > 0 {
            let act = Act::new(since, Some(seller.user), "moveDeal");
            let from = story.deal.stage_id;
            book.change(act, &mut story.deal, |deal| deal.stage_id = step.id);
            moved(book, world, story, act, Some(from), *step);
        }
        if place == 1 {
            others_join(book, account, story, since);
        }
        let work = about(account, story);
        if book.chance.percent(world.scope.activities) {
            let kind = book.chance.pick(kinds(place, way.open.len()));
            activities::series(book, world, work, kind, Direction::Outbound, since, 0.7);
        }
        let at = world.calendar.later(&mut book.chance, since, fate.pace)?;
        if !fate.wins && fate.lost_in == place {
            lose(book, world, story, way, Act::new(at, Some(seller.user), "loseDeal"));
            return Some(());
        }
        since = at;
    }
    win(book, world, story, way, Act::new(since, Some(seller.user), "winDeal"));
    Some(())
}

/// What sellers do in a stage.
fn kinds(place: usize, stages: usize) -> &'static [ActivityKind] {
    use ActivityKind::{Call, Demo, Email, Meeting, Negotiation, Note, Pitch};
    match place {
        _ if place + 1 == stages => &[Negotiation, Negotiation, Meeting, Email],
        0 => &[Call, Meeting, Email, Note],
        1 => &[Demo, Demo, Call],
        _ => &[Pitch, Pitch, Meeting],
    }
}

fn win(book: &mut Chronicle, world: &World, story: &mut DealStory, way: &Way, act: Act) {
    let day = act.at.date_naive();
    let base = world.money.in_base(story.deal.amount_minor.unwrap_or_default(), &story.deal.currency, day);
    // Without a rate there is no revenue; the deal stays open until somebody enters one.
    let Some(base) = base else { return };
    let from = story.deal.stage_id;
    book.change(act, &mut story.deal, |deal| {
        deal.stage_id = way.won.id;
        deal.status = DealStatus::Won;
        deal.closed_at = Some(act.at);
        deal.base_amount_minor = Some(base.minor);
        deal.rate_date = Some(base.rate_date);
    });
    moved(book, world, story, act, Some(from), way.won);
}

fn lose(book: &mut Chronicle, world: &World, story: &mut DealStory, way: &Way, act: Act) {
    let competitor = story.deal.competitor.is_some();
    let reason = book.chance.weighted(&[
        (LossReason::Price, 22.0),
        (LossReason::Competitor, if competitor { 45.0 } else { 0.0 }),
        (LossReason::NoDecision, 20.0),
        (LossReason::Timing, 14.0),
        (LossReason::NoBudget, 13.0),
        (LossReason::ProductGap, 9.0),
        (LossReason::LostContact, 8.0),
        (LossReason::NotAFit, 5.0),
    ]);
    let comment = book.chance.percent(35.0).then(|| book.chance.pick(&LOSSES).to_owned());
    let from = story.deal.stage_id;
    book.change(act, &mut story.deal, |deal| {
        deal.stage_id = way.lost.id;
        deal.status = DealStatus::Lost;
        deal.closed_at = Some(act.at);
        deal.loss_reason = Some(reason);
        deal.loss_comment = comment;
    });
    moved(book, world, story, act, Some(from), way.lost);
}

const LOSSES: [&str; 5] = [
    "The other offer was a fifth cheaper.",
    "The project was put off by a year.",
    "They miss a connection to their shop.",
    "Our contact has left the company.",
    "The board wants to wait.",
];

/// Deals that have not closed as expected get a new date, most of them.
fn put_off(book: &mut Chronicle, world: &World, story: &mut DealStory) {
    let today = world.calendar.today;
    let late = story.deal.expected_close_on.is_some_and(|day| day < today.date_naive());
    let last = story.states.last().map_or(story.deal.created_at, |(act, _)| act.at);
    if !late || book.chance.percent(25.0) {
        return;
    }
    let at = book.chance.moment(last.max(today - TimeDelta::days(10)), today);
    let day = (today + TimeDelta::days(book.chance.between(10, 90))).date_naive();
    let act = Act::new(at, story.deal.owner_id, "updateDeal");
    book.change(act, &mut story.deal, |deal| deal.expected_close_on = Some(day));
}

/// Most open deals have something planned, some of it overdue.
fn plan_next(book: &mut Chronicle, world: &World, account: &Account, story: &DealStory) {
    let last = story.states.last().map_or(story.deal.created_at, |(act, _)| act.at);
    if book.chance.percent(70.0) {
        let kind = book.chance.pick(&[ActivityKind::FollowUp, ActivityKind::Call, ActivityKind::Meeting]);
        activities::planned(book, world, about(account, story), kind, last);
    }
}

fn about(account: &Account, story: &DealStory) -> Work {
    Work {
        contact: story.people.first().map(|(contact, _)| *contact),
        deal: Some(story.deal.id),
        company: Some(account.company.id),
        ..Work::of(account.seller)
    }
}

fn join(book: &mut Chronicle, story: &mut DealStory, act: Act, contact: Uuid, role: DealRole, is_primary: bool) {
    let row =
        deal_contact::Model { deal_id: story.deal.id, contact_id: contact, role, is_primary, ..Default::default() };
    book.add(act, row);
    story.people.push((contact, act.at));
}

/// Up to two more people of the company take part, if they are known by then.
fn others_join(book: &mut Chronicle, account: &Account, story: &mut DealStory, at: DateTime<Utc>) {
    let act = Act::new(at, story.deal.owner_id, "createDealContact");
    let others: Vec<(Uuid, bool)> = account
        .people
        .iter()
        .filter(|person| person.contact.created_at <= at)
        .map(|person| (person.contact.id, person.decides))
        .collect();
    for _ in 0..book.chance.weighted(&[(0, 40.0), (1, 40.0), (2, 20.0)]) {
        let (contact, decides) = book.chance.pick(&others);
        if contact.is_nil() || story.people.iter().any(|(known, _)| *known == contact) {
            continue;
        }
        let role = if decides {
            DealRole::EconomicBuyer
        } else {
            book.chance.pick(&[DealRole::Influencer, DealRole::Technical, DealRole::EndUser, DealRole::Blocker])
        };
        join(book, story, act, contact, role, false);
    }
}

fn moved(book: &mut Chronicle, world: &World, story: &mut DealStory, act: Act, from: Option<Uuid>, to: Step) {
    let DealStory { deal, states, .. } = story;
    let before = states.last();
    let amount = deal.amount_minor.unwrap_or_default();
    let row = transition::Model {
        deal_id: Some(deal.id),
        from_state: before.map(|(_, state)| state.as_str().to_owned()),
        to_state: deal.status.as_str().to_owned(),
        from_stage_id: from,
        to_stage_id: Some(to.id),
        at: act.at,
        by_id: act.by,
        amount_base_minor: world.money.in_base(amount, &deal.currency, act.at.date_naive()).map(|base| base.minor),
        probability: Some(
            deal.probability_override.filter(|_| deal.status == DealStatus::Open).unwrap_or(to.probability),
        ),
        seconds_in_previous: before.map(|(last, _)| (act.at - last.at).num_seconds()),
        ..transition::Model::default()
    };
    book.add(act, row);
    states.push((act, deal.status));
}

//! Deals: through their stages to won or lost.

use chrono::{DateTime, TimeDelta, Utc};
use entity::deal::{self, DealKind};
use entity::deal_contact::{self, DealRole};
use entity::enums::{DealStatus, LossReason};
use entity::{lead, transition};
use uuid::Uuid;

use super::World;
use super::account::{Account, DealStory};
use super::activities::{self, Work};
use super::chronicle::{Act, Chronicle};
use super::fate::{Fate, Prospect, fate};
use super::needs::Need;
use super::periods::hoped_for;
use super::pipelines::{Step, Way};
use super::products::itemise;
use super::reasons;
use super::talk::Phase;

/// A deal that is about to begin.
pub struct Opening {
    /// What it is called.
    pub name: String,
    /// New business or more of it.
    pub kind: DealKind,
    /// What it is worth, in whole units.
    pub whole: i64,
    /// The currency of that.
    pub currency: String,
    /// The chance of winning, in percent, as it is for such sources.
    pub odds: f64,
    /// In which stages deals like this are lost: as often as said.
    pub lost_in: &'static [(usize, f64)],
    /// What the customer needs.
    pub need: &'static Need,
}

/// Who brings the deal: the person, and whether they decide.
pub type Brought = Option<(Uuid, bool)>;

/// Makes the deal, in the first stage of its pipeline.
fn begin(
    book: &mut Chronicle,
    world: &World,
    account: &Account,
    way: &Way,
    opening: &Opening,
    lead: Option<&lead::Model>,
    act: Act,
) -> DealStory {
    let cost = opening.whole * book.chance.between(34, 63) / 100 / 10 * 10;
    let hoped = (act.at + TimeDelta::days(book.chance.between(40, 110))).date_naive();
    let first = way.open.first().copied().unwrap_or_default();
    let rivals = if opening.kind == DealKind::NewBusiness { 38.0 } else { 10.0 };
    let row = deal::Model {
        name: opening.name.clone(),
        kind: opening.kind,
        owner_id: Some(account.seller.user()),
        team_id: Some(account.seller.team()),
        company_id: Some(account.company.id),
        pipeline_id: way.id,
        stage_id: first.id,
        status: DealStatus::Open,
        amount_minor: Some(world.money.minor(opening.whole, &opening.currency)),
        cost_minor: Some(world.money.minor(cost.max(100), &opening.currency)),
        currency: opening.currency.clone(),
        probability_override: book
            .chance
            .percent(5.0)
            .then(|| i32::try_from(book.chance.between(2, 18) * 5).unwrap_or(50)),
        expected_close_on: Some(hoped_for(&mut book.chance, hoped)),
        competitor: book.chance.percent(rivals).then(|| book.chance.weighted(&COMPETITORS).to_owned()),
        lead_id: lead.map(|lead| lead.id),
        source_campaign_id: lead.and_then(|lead| lead.source_campaign_id),
        ..deal::Model::default()
    };
    let deal = book.make(act, row);
    itemise(book, world, &deal, act);
    let (need, lead_created_at) = (opening.need, lead.map(|lead| lead.created_at));
    let mut story = DealStory { deal, people: Vec::new(), states: Vec::new(), lead_created_at, need };
    moved(book, world, &mut story, act, None, first);
    story
}

const COMPETITORS: [(&str, f64); 4] =
    [("Salesbarn", 44.0), ("Kontor One", 28.0), ("Pipemate", 18.0), ("a tool of their own", 10.0)];

/// Begins a deal and takes it through its stages, as far as it has come until today; answers its id.
pub fn sell(
    book: &mut Chronicle,
    world: &World,
    account: &mut Account,
    opening: &Opening,
    lead: Option<&lead::Model>,
    contact: Brought,
    act: Act,
) -> Uuid {
    let way = if opening.kind == DealKind::Renewal { &world.renewals } else { &world.new_business };
    let mut story = begin(book, world, account, way, opening, lead, act);
    let id = story.deal.id;
    if let Some((contact, decides)) = contact {
        let role = if decides { DealRole::DecisionMaker } else { DealRole::Champion };
        let verb = if lead.is_some() { "convertLead" } else { "createDealContact" };
        join(book, &mut story, Act { verb, ..act }, contact, role, true);
    }
    let &Opening { odds, whole, lost_in, .. } = opening;
    let prospect = Prospect { odds, whole, rivalled: story.deal.competitor.is_some(), lost_in };
    let fate = fate(&mut book.chance, account, prospect);
    // It ends where the next thing has not happened yet; then the deal stays open.
    let _ = walk(book, world, account, way, &mut story, fate);
    if story.deal.status == DealStatus::Open {
        put_off(book, world, &mut story);
        plan_next(book, world, account, way, &story);
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
            let act = Act::new(since, Some(seller.user()), "moveDeal");
            let from = story.deal.stage_id;
            book.change(act, &mut story.deal, |deal| deal.stage_id = step.id);
            moved(book, world, story, act, Some(from), *step);
        }
        if place == 1 {
            others_join(book, account, story, since);
        }
        let lost_here = fate.lost.filter(|(lost_in, _)| *lost_in == place).map(|(_, reason)| reason);
        if book.chance.percent(world.scope.activities) {
            let work = Work { fails: lost_here, ..about(account, story) };
            activities::series(book, world, work, phase(way, place), since, 0.55);
        }
        let pace = if fate.stuck == Some(place) { fate.pace * 3.2 } else { fate.pace };
        let at = world.calendar.later(&mut book.chance, since, pace)?;
        if let Some(reason) = lost_here {
            lose(book, world, story, way, Act::new(at, Some(seller.user()), "loseDeal"), reason);
            return Some(());
        }
        since = at;
    }
    let at = world.calendar.signing(&mut book.chance, since)?;
    win(book, world, story, way, Act::new(at, Some(seller.user()), "winDeal"));
    Some(())
}

/// What is done in a stage.
fn phase(way: &Way, place: usize) -> Phase {
    match (way.open.len() > 2, place) {
        (false, 0) => Phase::Renewal,
        (false, _) => Phase::RenewalTerms,
        (true, 0) => Phase::Discovery,
        (true, 1) => Phase::Qualification,
        (true, 2) => Phase::Proposal,
        (true, _) => Phase::Terms,
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

fn lose(book: &mut Chronicle, world: &World, story: &mut DealStory, way: &Way, act: Act, reason: LossReason) {
    let rival = story.deal.competitor.as_deref();
    let said = reason == LossReason::Other || book.chance.percent(65.0);
    let comment = said.then(|| reasons::loss(&mut book.chance, reason, story.need, rival));
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

/// Deals that have not closed as expected get a new date, most of them.
fn put_off(book: &mut Chronicle, world: &World, story: &mut DealStory) {
    let today = world.calendar.today;
    let late = story.deal.expected_close_on.is_some_and(|day| day < today.date_naive());
    let last = story.states.last().map_or(story.deal.created_at, |(act, _)| act.at);
    if !late || book.chance.percent(25.0) {
        return;
    }
    let at = world.calendar.glance(&mut book.chance, last.max(today - TimeDelta::days(10)), today);
    let day = (today + TimeDelta::days(book.chance.between(10, 90))).date_naive();
    let day = hoped_for(&mut book.chance, day);
    let act = Act::new(at, story.deal.owner_id, "updateDeal");
    book.change(act, &mut story.deal, |deal| deal.expected_close_on = Some(day));
}

/// Most open deals have something planned, some of it overdue.
fn plan_next(book: &mut Chronicle, world: &World, account: &Account, way: &Way, story: &DealStory) {
    let last = story.states.last().map_or(story.deal.created_at, |(act, _)| act.at);
    let place = way.open.iter().position(|step| step.id == story.deal.stage_id).unwrap_or_default();
    if book.chance.percent(70.0) {
        activities::planned(book, world, about(account, story), phase(way, place), last);
    }
}

fn about<'a>(account: &Account, story: &'a DealStory) -> Work<'a> {
    Work {
        contact: story.people.first().map(|(contact, _)| *contact),
        deal: Some(story.deal.id),
        company: Some(account.company.id),
        rival: story.deal.competitor.as_deref(),
        ..Work::of(account.seller.worker, story.need)
    }
}

/// A person takes part in the deal.
pub fn join(book: &mut Chronicle, story: &mut DealStory, act: Act, contact: Uuid, role: DealRole, is_primary: bool) {
    let row =
        deal_contact::Model { deal_id: story.deal.id, contact_id: contact, role, is_primary, ..Default::default() };
    book.add(act, row);
    story.people.push((contact, act.at));
}

/// Up to two more people of the company take part, if they are known by then.
fn others_join(book: &mut Chronicle, account: &Account, story: &mut DealStory, at: DateTime<Utc>) {
    let act = Act::new(at, story.deal.owner_id, "createDealContact");
    let others: Vec<(Uuid, DealRole)> = account
        .people
        .iter()
        .filter(|person| person.contact.created_at <= at)
        .map(|person| (person.contact.id, person.title.role))
        .collect();
    for _ in 0..book.chance.weighted(&[(0, 40.0), (1, 40.0), (2, 20.0)]) {
        let (contact, role) = book.chance.pick(&others);
        if contact.is_nil() || story.people.iter().any(|(known, _)| *known == contact) {
            continue;
        }
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

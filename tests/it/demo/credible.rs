//! Would a VP of sales believe it? When deals close, which of them, and what is written about them. Bounds are wide: they
//! catch the shape, not the figure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Utc, Weekday};
use entity::activity::ActivityStatus;
use entity::deal::DealKind;
use entity::enums::{Channel, DealStatus, LeadSource, LossReason};
use entity::handoff::HandoffStatus;
use entity::lead::LeadStatus;
use entity::user::Role;
use entity::{activity, campaign, deal, handoff, lead, user};
use sea_orm::EntityTrait;
use tests::World;
use uuid::Uuid;

/// What a share of something is, in percent.
pub fn percent(part: usize, of: usize) -> usize {
    part * 100 / of.max(1)
}

pub async fn is_credible(world: &World) {
    let (deals, leads) = (all!(world, deal), all!(world, lead));
    let (users, campaigns, activities) = (all!(world, user), all!(world, campaign), all!(world, activity));
    let handoffs = all!(world, handoff);
    closings_follow_the_calendar(&deals);
    large_deals_take_longer(&deals);
    sources_differ(&deals, &leads, &campaigns);
    sellers_differ(&deals, &users);
    no_deal_has_a_twin(&deals);
    amounts_have_a_long_tail(&deals);
    words_fit_reasons(&deals, &handoffs);
    something_is_left_undone(world, &deals, &leads, &handoffs);
    everybody_works(&users, &activities);
}

fn closings_follow_the_calendar(deals: &[deal::Model]) {
    let closed: Vec<DateTime<Utc>> = deals.iter().filter_map(|deal| deal.closed_at).collect();
    for day in [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun] {
        let share = percent(closed.iter().filter(|at| at.weekday() == day).count(), closed.len());
        let bounds = if matches!(day, Weekday::Sat | Weekday::Sun) { 0..=3 } else { 12..=28 };
        assert!(bounds.contains(&share), "closed on a {day}: {share} %");
    }
    let between_the_years = closed.iter().filter(|at| at.month() == 12 && at.day() > 24).count();
    assert!(percent(between_the_years, closed.len()) < 1, "{between_the_years} closed between the years");
    // The last days of a quarter are one in twelve; more than that is sold in them.
    let late = |at: &DateTime<Utc>| match at.month() {
        3 => at.day() > 23,
        6 | 9 => at.day() > 22,
        12 => (15..24).contains(&at.day()),
        _ => false,
    };
    let won: Vec<DateTime<Utc>> =
        deals.iter().filter(|deal| deal.status == DealStatus::Won).filter_map(|deal| deal.closed_at).collect();
    let share = percent(won.iter().filter(|at| late(at)).count(), won.len());
    assert!((16..=50).contains(&share), "won at the end of a quarter: {share} %");
    let hoped = deals.iter().filter(|deal| deal.status == DealStatus::Open).filter_map(|deal| deal.expected_close_on);
    let ends =
        hoped.clone().filter(|day| day.succ_opt().is_some_and(|next| next.day() == 1) || day.day() == 22).count();
    assert!(percent(ends, hoped.count()) > 40, "open deals are hoped for by the end of a month or quarter: {ends}");
}

fn median(mut values: Vec<i64>) -> i64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn large_deals_take_longer(deals: &[deal::Model]) {
    let days = |large: bool| {
        let won = deals.iter().filter(|deal| deal.kind == DealKind::NewBusiness && deal.status == DealStatus::Won);
        let of_size = won.filter(|deal| (deal.amount_minor.unwrap_or_default() > 2_000_000) == large);
        median(of_size.filter_map(|deal| Some((deal.closed_at? - deal.created_at).num_days())).collect())
    };
    let (large, small) = (days(true), days(false));
    assert!(large * 10 > small * 11 && (30..200).contains(&small), "days until won: {large} and {small}");
}

/// Won and closed deals of some kind.
fn wins<'a>(deals: impl Iterator<Item = &'a deal::Model>) -> (usize, usize) {
    let closed: Vec<_> = deals.filter(|deal| deal.status != DealStatus::Open).collect();
    (closed.iter().filter(|deal| deal.status == DealStatus::Won).count(), closed.len())
}

fn sources_differ(deals: &[deal::Model], leads: &[lead::Model], campaigns: &[campaign::Model]) {
    let channels: BTreeMap<Uuid, Channel> = campaigns.iter().map(|one| (one.id, one.channel)).collect();
    let leads: BTreeMap<Uuid, &lead::Model> = leads.iter().map(|lead| (lead.id, lead)).collect();
    let from = |source: LeadSource, channel: Option<Channel>| {
        let of_source = deals.iter().filter(|deal| {
            deal.lead_id.and_then(|lead| leads.get(&lead)).is_some_and(|lead| {
                let led = lead.source_campaign_id.and_then(|campaign| channels.get(&campaign).copied());
                lead.source == source || (led.is_some() && led == channel)
            })
        });
        let (won, closed) = wins(of_source);
        assert!(closed >= 5, "{source:?} {channel:?}: {closed} closed");
        percent(won, closed)
    };
    let referred = from(LeadSource::Referral, Some(Channel::Referral));
    let inbound = from(LeadSource::Inbound, None);
    let outbound = from(LeadSource::Outbound, None);
    let social = {
        let paid = deals.iter().filter(|deal| {
            let led = deal.source_campaign_id.and_then(|campaign| channels.get(&campaign).copied());
            matches!(led, Some(Channel::PaidSocial | Channel::Display | Channel::Video))
        });
        let (won, closed) = wins(paid);
        percent(won, closed)
    };
    assert!(
        referred > inbound + 5 && inbound > outbound && referred > social + 5,
        "won: referred {referred} %, inbound {inbound} %, outbound {outbound} %, bought attention {social} %"
    );
    let (won, closed) = wins(deals.iter().filter(|deal| deal.lead_id.is_some()));
    assert!((28..=42).contains(&percent(won, closed)), "won: {won} of {closed}");
    let (won, closed) = wins(deals.iter().filter(|deal| deal.kind == DealKind::Renewal));
    assert!(percent(won, closed) > 65, "renewed: {won} of {closed}");
}

fn sellers_differ(deals: &[deal::Model], users: &[user::Model]) {
    let mut rates = Vec::new();
    let mut ramping = 0;
    for seller in users.iter().filter(|user| user.role == Role::SalesRep) {
        let own = || deals.iter().filter(|deal| deal.owner_id == Some(seller.id));
        assert!(own().all(|deal| deal.created_at >= seller.created_at), "{} sold before they came", seller.name);
        assert!(own().count() > 0, "{} sells nothing", seller.name);
        let (won, closed) = wins(own());
        if closed >= 40 {
            rates.push(percent(won, closed));
        }
        ramping += i32::from(deals.iter().filter(|deal| deal.created_at < seller.created_at).count() > 50);
    }
    let (best, worst) = (rates.iter().max().expect("a seller"), rates.iter().min().expect("a seller"));
    assert!(*best >= worst + 8 && *best < 75, "{rates:?}");
    assert!(ramping >= 2, "somebody came later");
}

fn no_deal_has_a_twin(deals: &[deal::Model]) {
    let mut names = BTreeSet::new();
    let mut open: BTreeMap<Uuid, usize> = BTreeMap::new();
    for deal in deals {
        assert!(names.insert((deal.company_id, &deal.name)), "twice: {}", deal.name);
        if let (DealStatus::Open, Some(company)) = (deal.status, deal.company_id) {
            *open.entry(company).or_default() += 1;
        }
    }
    let several = open.values().filter(|deals| **deals > 1).count();
    assert!(percent(several, open.len()) < 15, "{several} of {} companies have several open deals", open.len());
}

fn amounts_have_a_long_tail(deals: &[deal::Model]) {
    let whole: Vec<i64> = deals.iter().filter_map(|deal| deal.amount_minor).map(|minor| minor / 100).collect();
    assert!(whole.iter().all(|amount| amount % 10 == 0), "nobody offers odd sums");
    let below = whole.iter().filter(|amount| matches!(*amount % 1_000, 900 | 990)).count();
    assert!((5..40).contains(&percent(below, whole.len())), "just below a round sum: {below}");
    let mean = whole.iter().sum::<i64>() / i64::try_from(whole.len()).expect("few");
    assert!(median(whole.clone()) * 10 < mean * 7, "few deals are large: mean {mean}");
}

fn words_fit_reasons(deals: &[deal::Model], handoffs: &[handoff::Model]) {
    fn one_reason<R: std::fmt::Debug + Copy + Ord>(said: impl Iterator<Item = (String, R)>) -> usize {
        let mut reasons: BTreeMap<String, R> = BTreeMap::new();
        for (text, reason) in said {
            let known = *reasons.entry(text.clone()).or_insert(reason);
            assert_eq!(known, reason, "“{text}” is said for two reasons");
        }
        reasons.len()
    }
    let lost = deals.iter().filter_map(|deal| Some((deal.loss_comment.clone()?, deal.loss_reason? as u8)));
    assert!(one_reason(lost) > 20, "losses are told in few words");
    let rejected = handoffs.iter().filter_map(|handoff| Some((handoff.comment.clone()?, handoff.reason? as u8)));
    assert!(one_reason(rejected) > 15, "rejections are told in few words");
    let mended = handoffs.iter().filter_map(|handoff| Some((handoff.action_taken.clone()?, handoff.reason? as u8)));
    assert!(one_reason(mended) > 10, "answers to rejections are told in few words");
    for deal in deals.iter().filter(|deal| deal.loss_reason == Some(LossReason::Competitor)) {
        let rival = deal.competitor.as_deref().expect("somebody else won");
        assert!(deal.loss_comment.as_ref().is_none_or(|said| said.contains(rival)), "{deal:?}");
    }
}

fn something_is_left_undone(world: &World, deals: &[deal::Model], leads: &[lead::Model], handoffs: &[handoff::Model]) {
    let now = world.now();
    let quiet = |at: DateTime<Utc>, days| (now - at).num_days() > days;
    let stale = leads.iter().filter(|lead| lead.status == LeadStatus::New && quiet(lead.updated_at, 21));
    assert!(stale.clone().count() >= 5, "some leads were forgotten");
    assert!(stale.filter(|lead| lead.owner_id.is_none()).count() >= 3, "nobody has them");
    let rotting = deals.iter().filter(|deal| deal.status == DealStatus::Open && quiet(deal.updated_at, 30)).count();
    assert!(rotting >= 5, "some deals rot: {rotting}");
    let late = handoffs.iter().filter(|handoff| handoff.responded_at.is_some_and(|at| at > handoff.due_at)).count();
    assert!((5..=35).contains(&percent(late, handoffs.len())), "answered late: {late} of {}", handoffs.len());
    let waiting: Vec<_> = handoffs.iter().filter(|handoff| handoff.status == HandoffStatus::Pending).collect();
    assert!(waiting.len() >= 5 && waiting.iter().any(|handoff| handoff.due_at < now), "some wait too long");
}

fn everybody_works(users: &[user::Model], activities: &[activity::Model]) {
    let working = [Role::SalesRep, Role::Marketer, Role::MarketingManager];
    for somebody in users.iter().filter(|user| working.contains(&user.role)) {
        let own = || activities.iter().filter(|activity| activity.owner_id == Some(somebody.id));
        let done = own().filter(|activity| activity.status == ActivityStatus::Done).count();
        assert!(done >= 5, "{} has done {done} things", somebody.name);
        assert!(own().any(|activity| activity.status == ActivityStatus::Planned), "{} plans nothing", somebody.name);
    }
    let told = activities.iter().filter_map(|activity| activity.body.as_deref());
    assert!(told.clone().all(|text| !text.contains('{') && !text.is_empty()), "a text with a gap");
    let different: BTreeSet<&str> = told.collect();
    assert!(different.len() > 120, "{} different texts", different.len());
    let of_campaigns = activities.iter().filter(|activity| activity.campaign_id.is_some()).count();
    assert!(of_campaigns > 100, "campaigns are work: {of_campaigns}");
}

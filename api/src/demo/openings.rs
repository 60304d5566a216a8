//! Where deals come from: leads, and customers who buy more, or the same again.

use chrono::{DateTime, TimeDelta, Utc};
use entity::deal::DealKind;
use entity::enums::DealStatus;
use entity::lead;
use uuid::Uuid;

use super::World;
use super::account::{Account, DealStory};
use super::amounts::{asked, seats, typical};
use super::chronicle::{Act, Chronicle};
use super::needs::{self, Need};
use super::sales::{Opening, join, sell};
use super::work::after;

/// A lead becomes a deal, or takes part in one that is open; answers its id.
pub fn convert(
    book: &mut Chronicle,
    world: &World,
    account: &mut Account,
    person: usize,
    lead: &lead::Model,
    (odds, need): (f64, &'static Need),
    act: Act,
) -> Uuid {
    if book.chance.percent(70.0)
        && let Some(place) = account.open_deal(act.at)
        && let Some(deal) = join_open(book, account, place, person, lead, act)
    {
        return deal;
    }
    let kind = if account.is_customer(act.at) { DealKind::Expansion } else { DealKind::NewBusiness };
    let whole = typical(&mut book.chance, &account.company);
    let country = account.company.country.as_deref().unwrap_or_default();
    let opening = Opening {
        name: named(book, account, need, whole),
        kind,
        whole,
        currency: world.money.currency(&mut book.chance, country),
        odds,
        lost_in: &[(0, 27.0), (1, 28.0), (2, 27.0), (3, 18.0)],
        need,
    };
    let contact = account.people.get(person).map(|person| (person.contact.id, person.title.decides));
    sell(book, world, account, &opening, Some(lead), contact, act)
}

/// A second person of the company takes part in the deal that is open, unless it would learn from the lead what it does
/// not know yet.
fn join_open(
    book: &mut Chronicle,
    account: &mut Account,
    place: usize,
    person: usize,
    lead: &lead::Model,
    act: Act,
) -> Option<Uuid> {
    let person = account.people.get(person)?;
    let (contact, role) = (person.contact.id, person.title.role);
    let story = account.deals.get_mut(place)?;
    if story.deal.source_campaign_id.is_none() && lead.source_campaign_id.is_some() {
        return None;
    }
    if !story.people.iter().any(|(known, _)| *known == contact) {
        join(book, story, act, contact, role, false);
    }
    Some(story.deal.id)
}

/// What a deal is called: after the company, what it is about and how large it is.
fn named(book: &mut Chronicle, account: &Account, need: &Need, whole: i64) -> String {
    let (short, seats) = (&account.short, seats(whole));
    let name = match book.chance.weighted(&[(0, 62.0), (1, 14.0), (2, 12.0), (3, 12.0)]) {
        0 => format!("{short}: {}, {seats} seats", need.topic),
        1 => format!("{short}: pilot for {}", need.topic),
        2 => format!("{short}: {} for two sites", need.topic),
        _ => format!("{short}: {} with onboarding", need.topic),
    };
    if account.has_deal(&name) { format!("{name}, second team") } else { name }
}

/// What customers buy later: more, and the same again.
pub fn further(book: &mut Chronicle, world: &World, account: &mut Account, expansions: u32) {
    let mut done = 0;
    while let Some(story) = account.deals.get(done) {
        done += 1;
        let DealStory { deal, people, need, .. } = story;
        let (DealStatus::Won, Some(won_at)) = (deal.status, deal.closed_at) else { continue };
        let sold = Sold {
            contact: people.first().map(|(contact, _)| *contact),
            at: won_at,
            whole: world.money.whole(deal.amount_minor.unwrap_or_default(), &deal.currency),
            currency: deal.currency.clone(),
            need,
        };
        let kind = deal.kind;
        renew(book, world, account, &sold);
        if kind != DealKind::Renewal {
            for _ in 0..expansions {
                if book.chance.percent(46.0) {
                    expand(book, world, account, &sold);
                }
            }
        }
    }
}

/// What a customer has bought.
struct Sold {
    contact: Option<Uuid>,
    at: DateTime<Utc>,
    whole: i64,
    currency: String,
    need: &'static Need,
}

/// A contract is renewed once a year, whatever it has grown by since.
fn renew(book: &mut Chronicle, world: &World, account: &mut Account, sold: &Sold) {
    let due = after(sold.at, TimeDelta::hours(290 * 24 + book.chance.between(0, 240)));
    let Some(at) = world.calendar.happened(due) else { return };
    let name = format!("{}: renewal {}", account.short, (at + TimeDelta::days(75)).format("%Y"));
    if account.has_deal(&name) {
        return;
    }
    let opening = Opening {
        name,
        kind: DealKind::Renewal,
        whole: asked(&mut book.chance, sold.whole as f64 * 1.04),
        currency: sold.currency.clone(),
        odds: 80.0,
        lost_in: &[(0, 70.0), (1, 30.0)],
        need: sold.need,
    };
    let act = Act::new(at, Some(account.seller.user()), "createDeal");
    sell(book, world, account, &opening, None, sold.contact.map(|id| (id, true)), act);
}

fn expand(book: &mut Chronicle, world: &World, account: &mut Account, sold: &Sold) {
    let Some(at) = world.calendar.later(&mut book.chance, sold.at, 110.0) else { return };
    let whole = asked(&mut book.chance, sold.whole as f64 * 0.5);
    let where_to =
        book.chance.pick(&["the service team", "the second site", "the subsidiary", "marketing", "the field staff"]);
    let name = format!("{}: {} more seats for {where_to}", account.short, seats(whole));
    if account.has_deal(&name) {
        return;
    }
    let opening = Opening {
        name,
        kind: DealKind::Expansion,
        whole,
        currency: sold.currency.clone(),
        odds: 54.0,
        lost_in: &[(0, 25.0), (1, 30.0), (2, 30.0), (3, 15.0)],
        need: needs::need(&mut book.chance),
    };
    let act = Act::new(at, Some(account.seller.user()), "createDeal");
    sell(book, world, account, &opening, None, sold.contact.map(|id| (id, false)), act);
}

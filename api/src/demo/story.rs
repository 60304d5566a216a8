//! The story of one company, from the day it turns up until today.

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::LeadSource;
use entity::lead::LeadStatus;

use super::account::{self, Account};
use super::campaigns::Live;
use super::chronicle::{Act, Chronicle};
use super::firms::Register;
use super::journeys::{self, Origin};
use super::{World, credits, leads, openings, standing, work};

/// Tells the story of the company with this number.
pub fn tell(book: &mut Chronicle, world: &World, register: &mut Register, number: u64) {
    book.chance = super::about_company(number);
    journeys::strangers(book, world, world.scope.strangers);
    // Some turn up at a fair, all others at any time.
    let met = world.gathering(&mut book.chance);
    let first = met.map_or_else(|| world.calendar.arrival(&mut book.chance), |(_, at)| at);
    let Some(first) = world.calendar.happened(first) else { return };
    let mut account = account::open(book, world, register, first);
    for (place, at) in arrivals(book, world, first).into_iter().enumerate() {
        let brought = met.filter(|_| place == 0).map(|(campaign, _)| campaign);
        person(book, world, &mut account, at, brought);
    }
    openings::further(book, world, &mut account, world.scope.expansions);
    later_touches(book, world, &mut account);
    credits::share_out(book, &account);
    standing::project(book, &mut account);
    standing::enrol(book, world, &account);
    account.keep(book);
}

/// When the people of the company turn up: one with it, others over the time.
fn arrivals(book: &mut Chronicle, world: &World, first: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let more =
        book.chance.weighted(&[(0, 9.0), (1, 14.0), (2, 19.0), (3, 20.0), (4, 16.0), (5, 11.0), (6, 7.0), (8, 4.0)]);
    let mut arrivals: Vec<DateTime<Utc>> =
        (0..more).filter_map(|_| world.calendar.visit(&mut book.chance, first, 60.0)).collect();
    arrivals.push(first);
    arrivals.sort_unstable();
    arrivals
}

/// A person turns up: out of curiosity, as a lead, or first one and then the other.
fn person(book: &mut Chronicle, world: &World, account: &mut Account, at: DateTime<Utc>, brought: Option<&Live>) {
    let origin = brought.map_or_else(|| journeys::origin(book, world, at), Origin::Campaign);
    // Sellers look for people when they are at work; forms are open day and night.
    let at = if origin.source() == LeadSource::Outbound { work::at_work(at) } else { at };
    if at > world.calendar.today {
        return;
    }
    let touches = journeys::before(book, world, origin, at);
    let by = world.staff.integration();
    let curious = book.chance.percent(16.0);
    let verb = if curious { "createContact" } else { "captureLead" };
    let seller = account.seller.user();
    let by = if origin.source() == LeadSource::Outbound { seller } else { by };
    let act = Act::new(at, Some(by), verb);
    let place = account.meet(book, act);
    if let Some(person) = account.people.get_mut(place) {
        journeys::adopt(book, act, person, touches);
    }
    if !curious {
        lead(book, world, account, place, origin, act);
    }
    // Some come (back) after a while, with a new interest.
    let mut since = at;
    for _ in 0..2 {
        let ended = match account.leads.iter().rfind(|story| is_of(account, place, story)) {
            Some(story) if story.lead.status != LeadStatus::Disqualified => return,
            Some(story) => story.lead.closed_at.unwrap_or(since),
            None => since,
        };
        let again = if curious { 45.0 } else { 24.0 };
        if !book.chance.percent(again) {
            return;
        }
        let Some(at) = world.calendar.visit(&mut book.chance, ended, 90.0) else { return };
        let origin = journeys::origin(book, world, at);
        let touches = journeys::before(book, world, origin, at);
        let act = Act::new(at, act.by, "captureLead");
        if let Some(person) = account.people.get_mut(place) {
            journeys::adopt(book, act, person, touches);
        }
        lead(book, world, account, place, origin, act);
        since = at;
    }
}

fn is_of(account: &Account, place: usize, story: &account::LeadStory) -> bool {
    account.people.get(place).is_some_and(|person| person.contact.id == story.lead.contact_id)
}

/// A lead is captured and lives; the person meets us again meanwhile.
fn lead(book: &mut Chronicle, world: &World, account: &mut Account, place: usize, origin: Origin, capture: Act) {
    leads::live(book, world, account, place, origin, capture);
    let Some(story) = account.leads.last() else { return };
    let until = story.lead.closed_at.unwrap_or(world.calendar.today).min(capture.at + TimeDelta::days(120));
    let busy = if story.lead.mql_at.is_some() { 1.0 } else { 0.4 };
    if let Some(person) = account.people.get_mut(place) {
        journeys::meanwhile(book, world, person, capture.at, until, busy * world.scope.traffic);
    }
}

/// People in deals keep in touch with us while the deal goes on.
fn later_touches(book: &mut Chronicle, world: &World, account: &mut Account) {
    let Account { people, deals, .. } = account;
    for story in deals {
        let until = story.deal.closed_at.unwrap_or(world.calendar.today);
        for (contact, joined) in &story.people {
            if let Some(person) = people.iter_mut().find(|person| person.contact.id == *contact) {
                journeys::meanwhile(book, world, person, *joined, until, 0.7 * world.scope.traffic);
            }
        }
    }
}

//! What follows from the stories of an account: how far its people and the company itself have come, and who answered
//! which campaign.

use chrono::{DateTime, TimeDelta, Utc};
use entity::campaign_member::{self, MemberStatus};
use entity::company::CompanyLifecycle;
use entity::contact::ContactLifecycle;
use entity::deal::DealKind;
use entity::enums::{Channel, DealStatus, LeadSource};
use entity::lead::LeadStatus;
use uuid::Uuid;

use super::World;
use super::account::{Account, DealStory, Person};
use super::chronicle::{Act, Chronicle};
use super::work::after;

/// A change that may take a person further.
#[derive(Clone, Copy)]
enum News {
    Lead(usize, LeadStatus),
    Deal(usize, DealStatus),
}

/// Brings people and company in step with their leads and deals, change by change.
pub fn project(book: &mut Chronicle, account: &mut Account) {
    let Account { company, people, leads, deals, .. } = account;
    for person in people {
        let contact = person.contact.id;
        let of_leads =
            leads.iter().enumerate().filter(|(_, story)| story.lead.contact_id == contact).flat_map(
                |(place, story)| story.states.iter().map(move |(act, state)| (*act, News::Lead(place, *state))),
            );
        let of_deals = deals.iter().enumerate().flat_map(|(place, story)| {
            let joined = story.people.iter().find(|(one, _)| *one == contact).map(|(_, joined)| *joined);
            let states = joined.is_some().then_some(&story.states).into_iter().flatten();
            states.map(move |(act, state)| {
                let at = joined.map_or(act.at, |joined| act.at.max(joined));
                (Act { at, ..*act }, News::Deal(place, *state))
            })
        });
        let mut news: Vec<(Act, News)> = of_leads.chain(of_deals).collect();
        news.sort_by_key(|(act, _)| act.at);
        follow(book, person, &news);
    }
    let mut closings: Vec<(Act, CompanyLifecycle)> = deals.iter().filter_map(closing).collect();
    closings.sort_by_key(|(act, _)| act.at);
    for (act, stands) in closings {
        let was_customer = company.lifecycle != CompanyLifecycle::Prospect;
        if stands != company.lifecycle && (was_customer || stands == CompanyLifecycle::Customer) {
            book.change(act, company, |company| company.lifecycle = stands);
        }
    }
}

/// What a closed deal makes of the company: a customer, or a former one if that was a renewal.
fn closing(story: &DealStory) -> Option<(Act, CompanyLifecycle)> {
    let (act, state) = story.states.last()?;
    match (state, story.deal.kind) {
        (DealStatus::Won, _) => Some((*act, CompanyLifecycle::Customer)),
        (DealStatus::Lost, DealKind::Renewal) => Some((*act, CompanyLifecycle::Former)),
        _ => None,
    }
}

fn follow(book: &mut Chronicle, person: &mut Person, news: &[(Act, News)]) {
    let (mut leads, mut deals) = (Vec::<(usize, LeadStatus)>::new(), Vec::<(usize, DealStatus)>::new());
    for (act, news) in news {
        match news {
            News::Lead(place, state) => put(&mut leads, *place, *state),
            News::Deal(place, state) => put(&mut deals, *place, *state),
        }
        let stands = lifecycle(leads.iter().map(|(_, state)| *state), deals.iter().map(|(_, state)| *state));
        if stands != person.contact.lifecycle {
            book.change(*act, &mut person.contact, |contact| contact.lifecycle = stands);
        }
    }
}

fn put<T>(states: &mut Vec<(usize, T)>, place: usize, state: T) {
    states.retain(|(known, _)| *known != place);
    states.push((place, state));
}

/// The furthest of what a person's leads and deals say.
fn lifecycle(leads: impl Iterator<Item = LeadStatus>, deals: impl Iterator<Item = DealStatus>) -> ContactLifecycle {
    let by_deals = deals.map(|deal| match deal {
        DealStatus::Won => ContactLifecycle::Customer,
        DealStatus::Open => ContactLifecycle::Opportunity,
        DealStatus::Lost => ContactLifecycle::Subscriber,
    });
    let by_leads = leads.map(|lead| match lead {
        LeadStatus::New | LeadStatus::Nurturing => ContactLifecycle::Lead,
        LeadStatus::Mql => ContactLifecycle::Mql,
        LeadStatus::Sal | LeadStatus::Sql => ContactLifecycle::Sal,
        LeadStatus::Converted | LeadStatus::Disqualified => ContactLifecycle::Subscriber,
    });
    by_deals.chain(by_leads).max_by_key(|stands| *stands as u8).unwrap_or_default()
}

/// Writes down who belongs to which campaign, and how far the campaign came with each.
pub fn enrol(book: &mut Chronicle, world: &World, account: &Account) {
    for person in &account.people {
        let mut campaigns: Vec<Uuid> = Vec::new();
        let converted =
            account.leads.iter().filter(|story| story.lead.contact_id == person.contact.id).filter_map(|story| {
                Some((story.lead.source_campaign_id?, story.lead.converted_at?, story.lead.owner_id))
            });
        let converted: Vec<(Uuid, DateTime<Utc>, Option<Uuid>)> = converted.collect();
        for campaign in person.touches.iter().filter_map(|touch| touch.campaign_id) {
            if campaigns.contains(&campaign) {
                continue;
            }
            campaigns.push(campaign);
            let converted = converted.iter().find(|(source, ..)| *source == campaign);
            member(book, person, campaign, converted.map(|(_, at, by)| Act::new(*at, *by, "convertLead")));
        }
        mail(book, world, person, &campaigns);
    }
}

fn member(book: &mut Chronicle, person: &Person, campaign: Uuid, converted: Option<Act>) {
    let known = person.contact.created_at;
    let touches = || person.touches.iter().filter(|touch| touch.campaign_id == Some(campaign));
    let Some(first) = touches().map(|touch| touch.occurred_at).min() else { return };
    let answered = touches().filter(|touch| touch.creditable).map(|touch| touch.occurred_at).min();
    let made = Act::new(first.max(known), None, "addCampaignMember");
    // Who had answered before we knew the name is enrolled with the answer.
    let at_once = answered.filter(|at| *at <= made.at);
    let row = campaign_member::Model {
        campaign_id: campaign,
        contact_id: person.contact.id,
        status: if at_once.is_some() { MemberStatus::Responded } else { MemberStatus::Sent },
        first_responded_at: at_once,
        source: LeadSource::Campaign,
        ..campaign_member::Model::default()
    };
    let mut row = book.make(made, row);
    if let (None, Some(at)) = (at_once, answered) {
        book.change(Act::new(at, None, "recordResponse"), &mut row, |row| {
            row.status = MemberStatus::Responded;
            row.first_responded_at = Some(at);
        });
    }
    if let Some(act) = converted {
        book.change(act, &mut row, |row| row.status = MemberStatus::Converted);
    }
    book.keep(row);
}

/// The mailings also go to people who have not answered anything.
fn mail(book: &mut Chronicle, world: &World, person: &Person, known_in: &[Uuid]) {
    for campaign in &world.campaigns {
        let at = after(person.contact.created_at, TimeDelta::days(book.chance.between(3, 120)));
        let mailing = matches!(campaign.channel, Channel::Email | Channel::DirectMail);
        let possible = mailing && !known_in.contains(&campaign.id) && campaign.runs(at);
        let Some(at) = world.calendar.happened(at).filter(|_| possible && book.chance.percent(35.0)) else { continue };
        let marketer = world.staff.marketer(&mut book.chance).user;
        let row = campaign_member::Model {
            campaign_id: campaign.id,
            contact_id: person.contact.id,
            status: book.chance.weighted(&[
                (MemberStatus::Sent, 70.0),
                (MemberStatus::Targeted, 14.0),
                (MemberStatus::OptedOut, 9.0),
                (MemberStatus::Excluded, 7.0),
            ]),
            source: LeadSource::Campaign,
            ..campaign_member::Model::default()
        };
        book.add(Act::new(at, Some(marketer), "addCampaignMember"), row);
    }
}

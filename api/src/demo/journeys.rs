//! Journeys: the touches by which people come to us, and those that follow.

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::{Channel, LeadSource};
use entity::touchpoint::{self, TouchpointKind as Kind};

use super::World;
use super::account::Person;
use super::campaigns::Live;
use super::chronicle::{Act, Chronicle};
use super::links;

/// What brings a person to us.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// A campaign.
    Campaign(&'a Live),
    /// Something else, on a channel.
    Other(LeadSource, Channel),
}

impl Origin<'_> {
    /// How it is told in the lead.
    pub fn source(&self) -> LeadSource {
        match self {
            Self::Campaign(_) => LeadSource::Campaign,
            Self::Other(source, _) => *source,
        }
    }

    /// How good the leads are that come like this: 1 is the mean.
    pub fn quality(&self) -> f64 {
        match self {
            Self::Campaign(campaign) => campaign.quality,
            Self::Other(LeadSource::Referral, _) => 1.6,
            Self::Other(LeadSource::Partner, _) => 1.45,
            Self::Other(_, Channel::Website) => 1.2,
            Self::Other(..) => 1.0,
        }
    }

    /// The chance that a deal is won that comes like this, in percent. Who was sent by somebody has decided already;
    /// whoever was looking at something else has not.
    pub fn odds(&self) -> f64 {
        let channel = match self {
            Self::Campaign(campaign) => campaign.channel,
            Self::Other(LeadSource::Outbound, _) => return 27.0,
            Self::Other(_, channel) => *channel,
        };
        match channel {
            Channel::Referral => 52.0,
            Channel::Partner => 44.0,
            Channel::Website | Channel::Direct => 37.0,
            Channel::Event | Channel::Webinar => 36.0,
            Channel::OrganicSearch => 34.0,
            Channel::PaidSearch | Channel::Email => 30.0,
            Channel::DirectMail | Channel::OrganicSocial => 26.0,
            _ => 17.0,
        }
    }
}

const SOURCES: [(Option<(LeadSource, Channel)>, f64); 9] = [
    (None, 58.0),
    (Some((LeadSource::Inbound, Channel::OrganicSearch)), 13.0),
    (Some((LeadSource::Inbound, Channel::Direct)), 6.0),
    (Some((LeadSource::Inbound, Channel::OrganicSocial)), 4.0),
    (Some((LeadSource::Outbound, Channel::Phone)), 7.0),
    (Some((LeadSource::Referral, Channel::Referral)), 4.0),
    (Some((LeadSource::Partner, Channel::Partner)), 3.0),
    (Some((LeadSource::Event, Channel::Event)), 1.0),
    (Some((LeadSource::Inbound, Channel::Website)), 2.0),
];

/// What brings somebody at that moment.
pub fn origin<'a>(book: &mut Chronicle, world: &'a World, at: DateTime<Utc>) -> Origin<'a> {
    match book.chance.weighted(&SOURCES) {
        Some((source, channel)) => Origin::Other(source, channel),
        None => match world.pulling(&mut book.chance, at) {
            Some(campaign) => Origin::Campaign(campaign),
            None => Origin::Other(LeadSource::Inbound, Channel::OrganicSearch),
        },
    }
}

/// A touch before it is written.
struct Sketch<'a> {
    at: DateTime<Utc>,
    channel: Channel,
    kind: Kind,
    campaign: Option<&'a Live>,
}

/// The touches that lead up to a capture, the last one minutes before it; the visitor is not known yet.
pub fn before(book: &mut Chronicle, world: &World, origin: Origin, at: DateTime<Utc>) -> Vec<touchpoint::Model> {
    let earlier: usize = match origin.source() {
        // Sellers find people who have not been looking for us.
        LeadSource::Outbound if book.chance.percent(75.0) => return Vec::new(),
        LeadSource::Outbound => 1,
        LeadSource::Referral => book.chance.weighted(&[(0, 70.0), (1, 30.0)]),
        _ => book.chance.weighted(&[(0, 46.0), (1, 27.0), (2, 14.0), (3, 7.0), (4, 4.0), (5, 2.0)]),
    };
    let mut moments: Vec<DateTime<Utc>> = Vec::new();
    for _ in 0..earlier {
        let day = at - book.chance.days(11.0, 1.0);
        moments.push(world.calendar.glance(&mut book.chance, day - TimeDelta::days(2), day.min(at)));
    }
    moments.sort_unstable();
    let mut sketches: Vec<Sketch> = moments.into_iter().map(|at| passing(book, world, at)).collect();
    if origin.source() != LeadSource::Outbound {
        let at = at - TimeDelta::seconds(book.chance.between(60, 900));
        sketches.push(match origin {
            Origin::Campaign(campaign) => {
                Sketch { at, channel: campaign.channel, kind: answer(book, campaign.channel), campaign: Some(campaign) }
            }
            Origin::Other(_, channel) => Sketch { at, channel, kind: answer(book, channel), campaign: None },
        });
    }
    let visitor = book.chance.visitor();
    sketches.into_iter().map(|sketch| write(book, sketch, None, Some(visitor.clone()))).collect()
}

/// Touches of a known person between two moments.
pub fn meanwhile(
    book: &mut Chronicle,
    world: &World,
    person: &mut Person,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    mean: f64,
) {
    let to = to.min(world.calendar.today);
    if from >= to {
        return;
    }
    let most = (mean * 2.0).round() as i64;
    for _ in 0..book.chance.between(0, most) {
        let at = world.calendar.glance(&mut book.chance, from, to);
        let sketch = passing(book, world, at);
        let touch = write(book, sketch, Some(person), None);
        person.touches.push(touch);
    }
}

/// Visitors who stay unknown.
pub fn strangers(book: &mut Chronicle, world: &World, visits: u32) {
    for _ in 0..visits {
        let visitor = book.chance.visitor();
        let mut at = world.calendar.arrival(&mut book.chance).min(world.calendar.today);
        for _ in 0..book.chance.weighted(&[(1, 70.0), (2, 20.0), (3, 10.0)]) {
            let sketch = passing(book, world, at);
            let touch = write(book, sketch, None, Some(visitor.clone()));
            book.keep(touch);
            let next = at + book.chance.days(2.0, 1.0);
            let next = world.calendar.glance(&mut book.chance, next, next + TimeDelta::days(2));
            let Some(next) = world.calendar.happened(next) else { break };
            at = next;
        }
    }
}

/// The person turns out to be the visitor: the touches become the person's.
pub fn adopt(book: &mut Chronicle, act: Act, person: &mut Person, touches: Vec<touchpoint::Model>) {
    let contact = person.contact.id;
    for mut touch in touches {
        book.change(act, &mut touch, |touch| touch.contact_id = Some(contact));
        person.touches.push(touch);
    }
}

/// A touch in passing: of a campaign that runs, or of what is there without one.
fn passing<'a>(book: &mut Chronicle, world: &'a World, at: DateTime<Utc>) -> Sketch<'a> {
    let campaign = if book.chance.percent(62.0) { world.pulling(&mut book.chance, at) } else { None };
    let channel = match campaign {
        Some(campaign) => campaign.channel,
        None => book.chance.weighted(&[
            (Channel::OrganicSearch, 40.0),
            (Channel::Direct, 25.0),
            (Channel::OrganicSocial, 18.0),
            (Channel::Website, 12.0),
            (Channel::Referral, 5.0),
        ]),
    };
    Sketch { at, channel, kind: glance(book, channel), campaign }
}

/// What people do on a channel in passing.
fn glance(book: &mut Chronicle, channel: Channel) -> Kind {
    let kinds: &[(Kind, f64)] = match channel {
        Channel::Email => &[(Kind::EmailOpen, 58.0), (Kind::EmailClick, 42.0)],
        Channel::PaidSearch => &[(Kind::AdClick, 80.0), (Kind::Impression, 20.0)],
        Channel::Display | Channel::Video | Channel::PaidSocial => &[(Kind::Impression, 60.0), (Kind::AdClick, 40.0)],
        Channel::OrganicSocial => &[(Kind::SocialEngagement, 100.0)],
        Channel::Webinar => &[(Kind::PageView, 50.0), (Kind::WebinarAttendance, 50.0)],
        Channel::Event => &[(Kind::EventAttendance, 100.0)],
        Channel::Referral | Channel::Partner => &[(Kind::Referral, 60.0), (Kind::PageView, 40.0)],
        Channel::Website => &[(Kind::PageView, 50.0), (Kind::Download, 30.0), (Kind::Chat, 20.0)],
        _ => &[(Kind::PageView, 85.0), (Kind::Download, 15.0)],
    };
    book.chance.weighted(kinds)
}

/// How people get in touch by a channel.
fn answer(book: &mut Chronicle, channel: Channel) -> Kind {
    let kinds: &[(Kind, f64)] = match channel {
        Channel::Email => &[(Kind::EmailClick, 60.0), (Kind::FormSubmission, 40.0)],
        Channel::Webinar => &[(Kind::WebinarAttendance, 100.0)],
        Channel::Event => &[(Kind::EventAttendance, 75.0), (Kind::Meeting, 25.0)],
        Channel::Referral | Channel::Partner => &[(Kind::Referral, 100.0)],
        Channel::Phone => &[(Kind::Call, 100.0)],
        Channel::OrganicSocial => &[(Kind::SocialEngagement, 30.0), (Kind::FormSubmission, 70.0)],
        Channel::Website => &[(Kind::Chat, 50.0), (Kind::FormSubmission, 50.0)],
        _ => &[(Kind::FormSubmission, 75.0), (Kind::Download, 25.0)],
    };
    book.chance.weighted(kinds)
}

fn write(
    book: &mut Chronicle,
    sketch: Sketch,
    person: Option<&Person>,
    visitor_key: Option<String>,
) -> touchpoint::Model {
    let Sketch { at, channel, kind, campaign } = sketch;
    let tags = campaign.and_then(|campaign| Some((campaign, links::tags(&mut book.chance, channel)?)));
    let row = touchpoint::Model {
        occurred_at: at,
        kind,
        channel,
        contact_id: person.map(|person| person.contact.id),
        visitor_key,
        campaign_id: campaign.map(|campaign| campaign.id),
        utm_source: tags.map(|(_, tags)| tags.source.to_owned()),
        utm_medium: tags.map(|(_, tags)| tags.medium.to_owned()),
        utm_campaign: tags.map(|(campaign, _)| campaign.code.to_owned()),
        utm_term: tags.and_then(|(_, tags)| tags.term).map(str::to_owned),
        utm_content: tags.and_then(|(_, tags)| tags.content).map(str::to_owned),
        url: links::page(&mut book.chance, kind).map(|page| format!("https://www.demo.example{page}")),
        referrer: links::referrer(channel).map(str::to_owned),
        creditable: kind.is_creditable(),
        ..touchpoint::Model::default()
    };
    book.make(Act::new(at, None, "recordTouchpoint"), row)
}

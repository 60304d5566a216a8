//! A company and everything that hangs on it while its story is told: people, touches, leads, deals.

use chrono::{DateTime, Utc};
use entity::company::{CompanyLifecycle, SizeBand};
use entity::contact::ContactLifecycle;
use entity::enums::{Channel, DealStatus};
use entity::lead::{FitGrade, LeadStatus};
use entity::{company, contact, deal, lead, touchpoint};
use uuid::Uuid;

use super::World;
use super::chronicle::{Act, Chronicle};
use super::countries;
use super::firms::Register;
use super::needs::Need;
use super::people::{self, Title};
use super::staff::Seller;

/// A person, with what is known of the person so far.
pub struct Person {
    /// The row.
    pub contact: contact::Model,
    /// What they do there.
    pub title: Title,
    /// Interactions in the order in which they were written.
    pub touches: Vec<touchpoint::Model>,
}

/// A lead that has been taken as far as it has come.
pub struct LeadStory {
    /// The row.
    pub lead: lead::Model,
    /// The states it has gone through.
    pub states: Vec<(Act, LeadStatus)>,
}

/// A deal that has been taken as far as it has come.
pub struct DealStory {
    /// The row.
    pub deal: deal::Model,
    /// Whoever takes part, with the moment the person joined.
    pub people: Vec<(Uuid, DateTime<Utc>)>,
    /// The states it has gone through.
    pub states: Vec<(Act, DealStatus)>,
    /// When the lead was created that it grew out of.
    pub lead_created_at: Option<DateTime<Utc>>,
    /// What the customer needs.
    pub need: &'static Need,
}

/// A company and everything that hangs on it.
pub struct Account {
    /// The row.
    pub company: company::Model,
    /// As one speaks of it.
    pub short: String,
    /// Who sells to it.
    pub seller: Seller,
    /// How well it fits what we sell.
    pub fit: FitGrade,
    /// Its people.
    pub people: Vec<Person>,
    /// The leads of its people.
    pub leads: Vec<LeadStory>,
    /// The deals with it.
    pub deals: Vec<DealStory>,
}

const SIZES: [(SizeBand, f64); 5] = [
    (SizeBand::Solo, 9.0),
    (SizeBand::Small, 36.0),
    (SizeBand::Medium, 34.0),
    (SizeBand::Large, 15.0),
    (SizeBand::Enterprise, 6.0),
];

/// A company turns up.
pub fn open(book: &mut Chronicle, world: &World, register: &mut Register, at: DateTime<Utc>) -> Account {
    let seller = world.staff.seller(&mut book.chance, at);
    let size = book.chance.weighted(&SIZES);
    let country = countries::country(&mut book.chance);
    let named = register.name(&mut book.chance, country, size);
    // Some wait in the pool of the team until somebody takes them on.
    let pooled = book.chance.percent(6.0);
    let revenue = (typical_revenue(size) as f64 * book.chance.factor(0.6)) as i64 / 10_000 * 10_000;
    let base = world.money.base();
    let row = company::Model {
        owner_id: Some(seller.user()).filter(|_| !pooled),
        team_id: Some(seller.team()),
        name: named.name,
        domain: Some(named.domain),
        industry: Some(named.industry.to_owned()),
        size_band: Some(size),
        annual_revenue_minor: Some(world.money.minor(revenue, base)),
        annual_revenue_currency: Some(base.to_owned()),
        country: Some(country.to_owned()),
        lifecycle: CompanyLifecycle::Prospect,
        ..company::Model::default()
    };
    let by = if book.chance.percent(60.0) { world.staff.integration() } else { seller.user() };
    let company = book.make(Act::new(at, Some(by), "createCompany"), row);
    let fit = book.chance.weighted(fits(size));
    Account { company, short: named.short, seller, fit, people: Vec::new(), leads: Vec::new(), deals: Vec::new() }
}

/// In whole units of the base currency.
fn typical_revenue(size: SizeBand) -> i64 {
    match size {
        SizeBand::Solo => 150_000,
        SizeBand::Small => 2_000_000,
        SizeBand::Medium => 15_000_000,
        SizeBand::Large => 90_000_000,
        SizeBand::Enterprise => 900_000_000,
    }
}

fn fits(size: SizeBand) -> &'static [(FitGrade, f64)] {
    match size {
        SizeBand::Medium | SizeBand::Large => {
            &[(FitGrade::A, 45.0), (FitGrade::B, 35.0), (FitGrade::C, 15.0), (FitGrade::D, 5.0)]
        }
        SizeBand::Small | SizeBand::Enterprise => {
            &[(FitGrade::A, 15.0), (FitGrade::B, 40.0), (FitGrade::C, 30.0), (FitGrade::D, 15.0)]
        }
        SizeBand::Solo => &[(FitGrade::B, 10.0), (FitGrade::C, 40.0), (FitGrade::D, 50.0)],
    }
}

impl Account {
    /// A person of the company gets known.
    pub fn meet(&mut self, book: &mut Chronicle, act: Act) -> usize {
        let country = self.company.country.clone().unwrap_or_default();
        let (first, last) = self.stranger(book, &country);
        let title = people::title(&mut book.chance, self.company.size_band.unwrap_or_default());
        let email = self.free_address(first, last);
        let preferred = [Channel::Email, Channel::Phone, Channel::Website];
        let row = contact::Model {
            owner_id: self.company.owner_id,
            team_id: self.company.team_id,
            first_name: Some(first.to_owned()),
            last_name: Some(last.to_owned()),
            email: Some(email),
            phone: if book.chance.percent(55.0) { countries::phone(&mut book.chance, &country) } else { None },
            job_title: Some(title.text.to_owned()),
            company_id: Some(self.company.id),
            preferred_channel: book.chance.percent(30.0).then(|| book.chance.pick(&preferred)),
            preferred_language: Some(countries::language(&country).to_owned()),
            time_zone: Some(countries::time_zone(&country).to_owned()),
            lifecycle: ContactLifecycle::Subscriber,
            ..contact::Model::default()
        };
        let contact = book.make(act, row);
        self.people.push(Person { contact, title, touches: Vec::new() });
        self.people.len() - 1
    }

    /// The name of somebody whom the company does not have yet, as far as there are names.
    fn stranger(&self, book: &mut Chronicle, country: &str) -> (&'static str, &'static str) {
        let mut named = people::person(&mut book.chance, country);
        for _ in 0..8 {
            let known = |person: &Person| person.contact.last_name.as_deref() == Some(named.1);
            if !self.people.iter().any(known) {
                break;
            }
            named = people::person(&mut book.chance, country);
        }
        named
    }

    /// An address that nobody else in the company has.
    fn free_address(&self, first: &str, last: &str) -> String {
        let domain = self.company.domain.as_deref().unwrap_or_default();
        let name = format!("{}.{}", countries::address(first), countries::address(last));
        let taken = |address: &String| self.people.iter().any(|person| person.contact.email.as_ref() == Some(address));
        let mut address = format!("{name}@{domain}");
        let mut more = 2;
        while taken(&address) {
            address = format!("{name}{more}@{domain}");
            more += 1;
        }
        address
    }

    /// The deal that was open then and grew out of a lead, if there was one: its place.
    pub fn open_deal(&self, at: DateTime<Utc>) -> Option<usize> {
        self.deals.iter().position(|story| {
            let closed = story.deal.closed_at.is_some_and(|closed| closed <= at);
            story.deal.lead_id.is_some() && story.deal.created_at < at && !closed
        })
    }

    /// Whether there is a deal of this name.
    pub fn has_deal(&self, name: &str) -> bool {
        self.deals.iter().any(|story| story.deal.name == name)
    }

    /// Whether the company had bought something by then.
    pub fn is_customer(&self, at: DateTime<Utc>) -> bool {
        self.deals.iter().any(|story| story.deal.status == DealStatus::Won && story.deal.closed_at <= Some(at))
    }

    /// Puts everything down to be loaded.
    pub fn keep(self, book: &mut Chronicle) {
        book.keep(self.company);
        for person in self.people {
            book.keep(person.contact);
            for touch in person.touches {
                book.keep(touch);
            }
        }
        for story in self.leads {
            book.keep(story.lead);
        }
        for story in self.deals {
            book.keep(story.deal);
        }
    }
}

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
use super::names;
use super::staff::Seller;

/// A person, with what is known of the person so far.
pub struct Person {
    /// The row.
    pub contact: contact::Model,
    /// Whether the person decides what is bought.
    pub decides: bool,
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
}

/// A company and everything that hangs on it.
pub struct Account {
    /// The row.
    pub company: company::Model,
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
    (SizeBand::Solo, 8.0),
    (SizeBand::Small, 30.0),
    (SizeBand::Medium, 34.0),
    (SizeBand::Large, 20.0),
    (SizeBand::Enterprise, 8.0),
];

/// A company turns up.
pub fn open(book: &mut Chronicle, world: &World, number: u64, at: DateTime<Utc>) -> Account {
    let seller = world.staff.any_seller(&mut book.chance);
    let named = names::company(number);
    let size = book.chance.weighted(&SIZES);
    let country = names::country(&mut book.chance);
    // Some wait in the pool of the team until somebody takes them on.
    let pooled = book.chance.percent(6.0);
    let revenue = (typical_revenue(size) as f64 * book.chance.factor(0.5)) as i64 / 10_000 * 10_000;
    let base = world.money.base();
    let row = company::Model {
        owner_id: Some(seller.user).filter(|_| !pooled),
        team_id: Some(seller.team),
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
    let by = if book.chance.percent(60.0) { world.staff.integration() } else { seller.user };
    let company = book.make(Act::new(at, Some(by), "createCompany"), row);
    let fit = book.chance.weighted(fits(size));
    Account { company, seller, fit, people: Vec::new(), leads: Vec::new(), deals: Vec::new() }
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
        let (first, last) = names::person(&mut book.chance);
        let (title, decides) = names::title(&mut book.chance);
        let country = self.company.country.clone().unwrap_or_default();
        let email = self.free_address(first, last);
        let preferred = [Channel::Email, Channel::Phone, Channel::Website];
        let row = contact::Model {
            owner_id: self.company.owner_id,
            team_id: self.company.team_id,
            first_name: Some(first.to_owned()),
            last_name: Some(last.to_owned()),
            email: Some(email),
            phone: if book.chance.percent(55.0) { names::phone(&mut book.chance, &country) } else { None },
            job_title: Some(title.to_owned()),
            company_id: Some(self.company.id),
            preferred_channel: book.chance.percent(30.0).then(|| book.chance.pick(&preferred)),
            preferred_language: Some(names::language(&country).to_owned()),
            time_zone: Some(names::time_zone(&country).to_owned()),
            lifecycle: ContactLifecycle::Subscriber,
            ..contact::Model::default()
        };
        let contact = book.make(act, row);
        self.people.push(Person { contact, decides, touches: Vec::new() });
        self.people.len() - 1
    }

    /// An address that nobody else in the company has.
    fn free_address(&self, first: &str, last: &str) -> String {
        let domain = self.company.domain.as_deref().unwrap_or_default();
        let name = format!("{first}.{last}").to_lowercase();
        let taken = |address: &String| self.people.iter().any(|person| person.contact.email.as_ref() == Some(address));
        let mut address = format!("{name}@{domain}");
        let mut more = 2;
        while taken(&address) {
            address = format!("{name}{more}@{domain}");
            more += 1;
        }
        address
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

//! A demo company: two years of marketing and sales, up to today, made up from chance that repeats.
//!
//! The same day gives the same data (but for the salt of the passwords). Decisions and loading are apart: the stories
//! are told into a [`chronicle`], which keeps rows and events as transactions would have written them; [`load`] brings
//! them into the database in bulk. Companies are told one after the other, so any number of them needs the memory of a
//! few batches.
//!
//! | file | what it decides |
//! | --- | --- |
//! | `chance`, `calendar`, `work`, `periods` | numbers and times |
//! | `countries`, `people`, `firms`, `money`, `amounts` | names and amounts |
//! | `needs`, `reasons`, `talk` | what is wanted, said and written |
//! | `staff`, `pipelines`, `plans`, `campaigns`, `desk`, `products` | what is there before the first customer |
//! | `story`, `account` | a company and its people |
//! | `journeys`, `links`, `leads`, `findings`, `openings`, `fate`, `sales`, `activities` | what happens to them |
//! | `credits`, `standing` | what follows from it |
//! | `refusals` | what was refused of late |

mod account;
mod activities;
mod amounts;
mod calendar;
mod campaigns;
mod chance;
mod chronicle;
mod countries;
mod credits;
mod desk;
mod fate;
mod findings;
mod firms;
mod journeys;
mod leads;
mod links;
mod load;
mod money;
mod needs;
mod openings;
mod people;
mod periods;
mod pipelines;
mod plans;
mod products;
mod reasons;
mod refusals;
mod sales;
mod staff;
mod standing;
mod story;
mod talk;
mod work;

pub use load::seed;
pub use staff::{DemoUser, users};

use entity::product;

use self::calendar::Calendar;
use self::campaigns::Live;
use self::chance::Chance;
use self::chronicle::Chronicle;
use self::money::Money;
use self::pipelines::Way;
use self::staff::Staff;

/// How many campaigns the demo company has had.
pub const CAMPAIGNS: usize = plans::PLANS.len();

/// Where chance begins. Any number would do; another one is another demo company.
const SEED: u64 = 0x7472_6962_7574_6172;

/// How much there is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scope {
    /// How many companies turn up.
    pub companies: u64,
    /// How many of them are loaded at a time.
    pub batch: u64,
    /// How many visitors stay unknown, per company.
    pub strangers: u32,
    /// How often customers may buy more.
    pub expansions: u32,
    /// In how many stages of a hundred something is noted that was done.
    pub activities: f64,
    /// How busy known people are, compared with the demo.
    pub traffic: f64,
}

impl Scope {
    /// The small demo, or `scale` times 100,000 leads with ten touches each.
    pub fn of(scale: Option<u32>) -> Self {
        match scale {
            None => Self { companies: 830, batch: 1_000, strangers: 1, expansions: 1, activities: 100.0, traffic: 1.0 },
            Some(scale) => Self {
                companies: u64::from(scale.max(1)) * 27_000,
                batch: 200,
                strangers: 8,
                expansions: 11,
                activities: 45.0,
                traffic: 4.2,
            },
        }
    }
}

/// What is there before the first customer, and stays.
struct World {
    calendar: Calendar,
    scope: Scope,
    staff: Staff,
    money: Money,
    new_business: Way,
    renewals: Way,
    campaigns: Vec<Live>,
    products: Vec<product::Model>,
}

impl World {
    /// Founds the company. `passwords` are the hashes for [`users`], in their order.
    fn found(book: &mut Chronicle, calendar: Calendar, scope: Scope, base: &str, passwords: Vec<String>) -> Self {
        let staff = staff::hire(book, &calendar, passwords);
        let money = Money::found(book, &calendar, base, staff.admin());
        let (new_business, renewals) = pipelines::set_up(book, &calendar, staff.sales_manager());
        let campaigns = campaigns::plan(book, &calendar, &staff, &money);
        let products = products::found(book, &money, calendar.ago(740, 9), staff.sales_manager());
        Self { calendar, scope, staff, money, new_business, renewals, campaigns, products }
    }
}

/// The decisions about a company.
fn about_company(number: u64) -> Chance {
    Chance::about(SEED, number + 1)
}

/// The decisions about everything else.
fn about_all() -> Chance {
    Chance::about(SEED, 0)
}

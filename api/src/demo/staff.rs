//! The people of the demo company: teams, and users of every role.

use chrono::{DateTime, Utc};
use entity::team::TeamFunction;
use entity::user::{Role, UserStatus};
use entity::{team, user};
use serde::Serialize;
use uuid::Uuid;

use super::calendar::Calendar;
use super::chance::Chance;
use super::chronicle::{Act, Chronicle};
use super::work::at_work;

/// A user of the demo company with whom one can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DemoUser {
    /// The address to sign in with.
    pub email: String,
    /// The password; demo data are no secret.
    pub password: String,
    /// What the user may do.
    pub role: Role,
    /// The full name.
    pub name: String,
}

/// Teams by their place in [`TEAMS`].
const SALES: usize = 0;
const NORTH: usize = 1;
const SOUTH: usize = 2;
const MARKETING: usize = 3;

/// Name, function, the team above, who leads it (by place in [`STAFF`]).
const TEAMS: [(&str, TeamFunction, Option<usize>, usize); 4] = [
    ("Sales", TeamFunction::Sales, None, 1),
    ("Sales North", TeamFunction::Sales, Some(SALES), 8),
    ("Sales South", TeamFunction::Sales, Some(SALES), 9),
    ("Marketing", TeamFunction::Marketing, None, 4),
];

/// One of the staff; those with a password are for trying things out.
struct Person {
    name: &'static str,
    address: &'static str,
    password: Option<&'static str>,
    role: Role,
    team: Option<usize>,
    /// How many days ago they began.
    since: i64,
}

const fn person(
    name: &'static str,
    address: &'static str,
    password: Option<&'static str>,
    role: Role,
    team: Option<usize>,
    since: i64,
) -> Person {
    Person { name, address, password, role, team, since }
}

/// Whoever was there before the data begin.
const FOUNDED: i64 = 800;

#[rustfmt::skip]
const STAFF: [Person; 15] = [
    person("Ada Admin", "ada.admin", Some("demo-admin-2026!"), Role::Admin, None, FOUNDED),
    person("Sara Salesmanager", "sara.salesmanager", Some("demo-salesmanager-2026!"), Role::SalesManager, Some(SALES),
        FOUNDED),
    person("Rita Rep", "rita.rep", Some("demo-rep-north-2026!"), Role::SalesRep, Some(NORTH), FOUNDED),
    person("Ron Rep", "ron.rep", Some("demo-rep-south-2026!"), Role::SalesRep, Some(SOUTH), FOUNDED),
    person("Mona Marketingmanager", "mona.marketingmanager", Some("demo-marketingmanager-2026!"),
        Role::MarketingManager, Some(MARKETING), FOUNDED),
    person("Mark Marketer", "mark.marketer", Some("demo-marketer-2026!"), Role::Marketer, Some(MARKETING), FOUNDED),
    person("Anna Analyst", "anna.analyst", Some("demo-analyst-2026!"), Role::Analyst, None, FOUNDED),
    person("Ivo Integration", "ivo.integration", Some("demo-integration-2026!"), Role::Integration, None, FOUNDED),
    person("Nora Lindner", "nora.lindner", None, Role::SalesManager, Some(NORTH), FOUNDED),
    person("Stefan Brandl", "stefan.brandl", None, Role::SalesManager, Some(SOUTH), FOUNDED),
    person("Rosa Reinhardt", "rosa.reinhardt", None, Role::SalesRep, Some(NORTH), FOUNDED),
    person("Ruben Ritter", "ruben.ritter", None, Role::SalesRep, Some(SOUTH), FOUNDED),
    person("Mila Moser", "mila.moser", None, Role::Marketer, Some(MARKETING), FOUNDED),
    person("Lena Vogt", "lena.vogt", None, Role::SalesRep, Some(NORTH), 400),
    person("Tim Aigner", "tim.aigner", None, Role::SalesRep, Some(SOUTH), 240),
];

/// How a seller works: by place in [`STAFF`], with the team, the share of the companies, how many of the deals are won
/// and how long they take, each compared with the others.
const SELLERS: [(usize, usize, f64, f64, f64); 6] = [
    (2, NORTH, 30.0, 1.08, 0.9),
    (10, NORTH, 23.0, 0.96, 1.05),
    (3, SOUTH, 27.0, 1.0, 1.0),
    (11, SOUTH, 20.0, 0.86, 1.15),
    (13, NORTH, 24.0, 0.85, 1.1),
    (14, SOUTH, 24.0, 0.7, 1.2),
];

/// Days until a newcomer looks after as many companies as the others.
const RAMP: f64 = 120.0;

/// The domain of all demo addresses.
const DOMAIN: &str = "demo.example";

/// The demo users one can sign in with: one of each role, and a second seller in another team, whose rows the first
/// does not see.
pub fn users() -> Vec<DemoUser> {
    STAFF.iter().filter_map(Person::demo).collect()
}

impl Person {
    fn email(&self) -> String {
        format!("{}@{DOMAIN}", self.address)
    }

    fn demo(&self) -> Option<DemoUser> {
        let password = self.password?.to_owned();
        Some(DemoUser { email: self.email(), password, role: self.role, name: self.name.to_owned() })
    }
}

/// Who works where.
#[derive(Debug)]
pub struct Staff {
    users: Vec<Uuid>,
    teams: Vec<Uuid>,
    began: Vec<DateTime<Utc>>,
}

/// Somebody at work, with the team.
#[derive(Clone, Copy, Debug)]
pub struct Worker {
    /// Who works.
    pub user: Uuid,
    /// In which team.
    pub team: Uuid,
}

/// A territory: a seller, and how they do.
#[derive(Clone, Copy, Debug)]
pub struct Seller {
    /// Who sells.
    pub worker: Worker,
    /// How many of the deals are won, compared with others.
    pub skill: f64,
    /// How long it takes, compared with others.
    pub pace: f64,
}

impl Seller {
    /// Who sells.
    pub fn user(&self) -> Uuid {
        self.worker.user
    }

    /// In which team.
    pub fn team(&self) -> Uuid {
        self.worker.team
    }
}

impl Staff {
    fn user(&self, place: usize) -> Uuid {
        self.users.get(place).copied().unwrap_or_default()
    }

    fn team(&self, place: usize) -> Uuid {
        self.teams.get(place).copied().unwrap_or_default()
    }

    /// Who runs the system.
    pub fn admin(&self) -> Uuid {
        self.user(0)
    }

    /// Who leads all sellers.
    pub fn sales_manager(&self) -> Uuid {
        self.user(1)
    }

    /// Who leads marketing.
    pub fn marketing_manager(&self) -> Uuid {
        self.user(4)
    }

    /// The website and other systems that bring data in.
    pub fn integration(&self) -> Uuid {
        self.user(7)
    }

    /// The team of all marketers.
    pub fn marketing(&self) -> Uuid {
        self.team(MARKETING)
    }

    /// Who takes on a company that turns up then. Newcomers begin with a few.
    pub fn seller(&self, chance: &mut Chance, at: DateTime<Utc>) -> Seller {
        let shares = SELLERS.map(|seller| {
            let began = self.began.get(seller.0).copied().unwrap_or_default();
            let days = (at - began).num_days() as f64;
            (seller, seller.2 * (days / RAMP).clamp(0.0, 1.0))
        });
        let (place, team, _, skill, pace) = chance.weighted(&shares);
        Seller { worker: Worker { user: self.user(place), team: self.team(team) }, skill, pace }
    }

    /// A marketer.
    pub fn marketer(&self, chance: &mut Chance) -> Worker {
        self.in_marketing(self.user(chance.weighted(&[(5, 55.0), (12, 45.0)])))
    }

    /// Somebody of marketing at work.
    pub fn in_marketing(&self, user: Uuid) -> Worker {
        Worker { user, team: self.marketing() }
    }
}

/// Hires everybody: most before the data begin. `passwords` are the hashes for [`users`], in their order.
pub fn hire(book: &mut Chronicle, calendar: &Calendar, passwords: Vec<String>) -> Staff {
    let start = calendar.ago(FOUNDED, 7);
    let mut teams: Vec<team::Model> = Vec::new();
    for (name, function, above, _) in TEAMS {
        let parent_id = above.and_then(|above| teams.get(above)).map(|above| above.id);
        let row = team::Model { name: name.to_owned(), function, parent_id, ..team::Model::default() };
        teams.push(book.make(Act::new(start, None, "createTeam"), row));
    }
    let mut passwords = passwords.into_iter();
    let (mut users, mut began) = (Vec::new(), Vec::new());
    for person in &STAFF {
        let row = user::Model {
            name: person.name.to_owned(),
            email: person.email(),
            password_hash: person.password.and_then(|_| passwords.next()),
            role: person.role,
            team_id: person.team.and_then(|team| teams.get(team)).map(|team| team.id),
            status: UserStatus::Active,
            time_zone: "Europe/Berlin".to_owned(),
            locale: "en-GB".to_owned(),
            max_open_leads: (person.role == Role::SalesRep).then_some(if person.since < FOUNDED { 60 } else { 200 }),
            ..user::Model::default()
        };
        let by = users.first().copied();
        let day = at_work(calendar.ago(person.since, 7)).min(calendar.today);
        users.push(book.add(Act::new(day, by, "createUser"), row));
        began.push(day);
    }
    let staff = Staff { users, began, teams: teams.iter().map(|team| team.id).collect() };
    for (mut team, (.., lead)) in teams.into_iter().zip(TEAMS) {
        let lead = staff.user(lead);
        let act = Act::new(at_work(start), Some(staff.admin()), "updateTeam");
        book.change(act, &mut team, |team| team.lead_id = Some(lead));
        book.keep(team);
    }
    staff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_a_user() {
        let users = users();
        for role in crate::access::policy::ROLES {
            assert!(users.iter().any(|user| user.role == role), "{role:?}");
        }
    }
}

//! The people of the demo company: teams, and users of every role.

use entity::team::TeamFunction;
use entity::user::{Role, UserStatus};
use entity::{team, user};
use serde::Serialize;
use uuid::Uuid;

use super::calendar::Calendar;
use super::chance::Chance;
use super::chronicle::{Act, Chronicle};

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
}

const fn person(
    name: &'static str,
    address: &'static str,
    password: Option<&'static str>,
    role: Role,
    team: Option<usize>,
) -> Person {
    Person { name, address, password, role, team }
}

#[rustfmt::skip]
const STAFF: [Person; 13] = [
    person("Ada Admin", "ada.admin", Some("demo-admin-2026!"), Role::Admin, None),
    person("Sara Salesmanager", "sara.salesmanager", Some("demo-salesmanager-2026!"), Role::SalesManager, Some(SALES)),
    person("Rita Rep", "rita.rep", Some("demo-rep-north-2026!"), Role::SalesRep, Some(NORTH)),
    person("Ron Rep", "ron.rep", Some("demo-rep-south-2026!"), Role::SalesRep, Some(SOUTH)),
    person("Mona Marketingmanager", "mona.marketingmanager", Some("demo-marketingmanager-2026!"),
        Role::MarketingManager, Some(MARKETING)),
    person("Mark Marketer", "mark.marketer", Some("demo-marketer-2026!"), Role::Marketer, Some(MARKETING)),
    person("Anna Analyst", "anna.analyst", Some("demo-analyst-2026!"), Role::Analyst, None),
    person("Ivo Integration", "ivo.integration", Some("demo-integration-2026!"), Role::Integration, None),
    person("Nora North", "nora.north", None, Role::SalesManager, Some(NORTH)),
    person("Stefan South", "stefan.south", None, Role::SalesManager, Some(SOUTH)),
    person("Rosa Reinhardt", "rosa.reinhardt", None, Role::SalesRep, Some(NORTH)),
    person("Ruben Ritter", "ruben.ritter", None, Role::SalesRep, Some(SOUTH)),
    person("Mila Moser", "mila.moser", None, Role::Marketer, Some(MARKETING)),
];

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
}

/// A territory: a sales team and one of its sellers.
#[derive(Clone, Copy, Debug)]
pub struct Seller {
    /// Who sells.
    pub user: Uuid,
    /// In which team.
    pub team: Uuid,
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

    /// A seller, north and south alike.
    pub fn any_seller(&self, chance: &mut Chance) -> Seller {
        let (place, team) =
            chance.weighted(&[((2, NORTH), 30.0), ((10, NORTH), 22.0), ((3, SOUTH), 26.0), ((11, SOUTH), 22.0)]);
        Seller { user: self.user(place), team: self.team(team) }
    }

    /// A marketer.
    pub fn any_marketer(&self, chance: &mut Chance) -> Uuid {
        self.user(chance.weighted(&[(5, 55.0), (12, 45.0)]))
    }
}

/// Hires everybody shortly before the data begin. `passwords` are the hashes for [`users`], in their order.
pub fn hire(book: &mut Chronicle, calendar: &Calendar, passwords: Vec<String>) -> Staff {
    let start = calendar.ago(760, 8);
    let mut teams: Vec<team::Model> = Vec::new();
    for (name, function, above, _) in TEAMS {
        let parent_id = above.and_then(|above| teams.get(above)).map(|above| above.id);
        let row = team::Model { name: name.to_owned(), function, parent_id, ..team::Model::default() };
        teams.push(book.make(Act::new(start, None, "createTeam"), row));
    }
    let mut passwords = passwords.into_iter();
    let mut users = Vec::new();
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
            max_open_leads: (person.role == Role::SalesRep).then_some(200),
            ..user::Model::default()
        };
        let by = users.first().copied();
        users.push(book.add(Act::new(start, by, "createUser"), row));
    }
    let staff = Staff { users, teams: teams.iter().map(|team| team.id).collect() };
    for (mut team, (.., lead)) in teams.into_iter().zip(TEAMS) {
        let lead = staff.user(lead);
        book.change(Act::new(start, Some(staff.admin()), "updateTeam"), &mut team, |team| team.lead_id = Some(lead));
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

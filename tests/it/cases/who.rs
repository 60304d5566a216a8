//! Who asks: the headings `As a sales rep` of a page.

use std::fmt::{self, Display};

use async_graphql::resolver_utils::enum_value;
use tests::{Actor, Cast, World};
use tributary::access::{Role, policy};
use tributary::demo::DemoUser;
use uuid::Uuid;

/// One who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody that the service knows.
    Stranger,
    /// The first person of a role.
    One(Role),
    /// The second one.
    Other(Role),
}

/// Who asks below this line, if it is a heading that says so: `### As an analyst, a marketer and an admin`.
pub fn who(line: &str) -> Option<Vec<Who>> {
    let said = line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(" As ")?;
    if said == "everyone" {
        return Some(policy::ROLES.map(Who::One).to_vec());
    }
    let names = said.replace(" and ", ", ");
    Some(names.split(", ").map(|name| called(name).unwrap_or_else(|| panic!("`{line}`: who is {name}?"))).collect())
}

fn called(name: &str) -> Option<Who> {
    let (article, name) = name.split_once(' ')?;
    if name == "stranger" {
        return Some(Who::Stranger);
    }
    let (other, name) = name.strip_prefix("other ").map_or((false, name), |name| (true, name));
    let role = policy::ROLES.into_iter().find(|role| words(*role) == name)?;
    match (article, other) {
        ("a" | "an", false) => Some(Who::One(role)),
        ("the", true) => Some(Who::Other(role)),
        _ => None,
    }
}

/// A role as people say it: `sales rep`.
pub fn words(role: Role) -> String {
    spelt(role).to_lowercase().replace('_', " ")
}

/// A role as the graph spells it: `SALES_REP`.
pub fn spelt(role: Role) -> String {
    enum_value(role).to_string().trim_matches('"').to_owned()
}

impl Who {
    /// The role; none of a stranger.
    pub fn role(self) -> Option<Role> {
        match self {
            Self::Stranger => None,
            Self::One(role) | Self::Other(role) => Some(role),
        }
    }
}

impl Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stranger => f.write_str("a stranger"),
            Self::One(role) => f.write_str(&words(*role)),
            Self::Other(role) => write!(f, "the other {}", words(*role)),
        }
    }
}

/// The people of a world, in its order.
pub struct People {
    world: World,
    users: Vec<(Role, Uuid)>,
}

impl People {
    /// Those that most tests know.
    pub fn of_cast(world: &World, cast: &Cast) -> Self {
        let others = [&cast.other_rep];
        let actors = cast.roles().into_iter().chain(others);
        let users = actors.filter_map(|actor| Some((actor.role?, actor.id))).collect();
        Self { world: world.clone(), users }
    }

    /// Those whom the playground offers to sign in as.
    pub async fn of_demo(world: &World, offered: &[DemoUser]) -> Self {
        let mut users = Vec::new();
        for user in offered {
            let sql = format!("SELECT id FROM app_user WHERE email = '{}'", user.email);
            let rows = world.rows(&sql).await;
            users.push((user.role, rows[0].try_get_by_index(0).expect("an id")));
        }
        Self { world: world.clone(), users }
    }

    /// Somebody, just signed in: time may have passed since they were here.
    pub async fn sign_in(&self, who: Who) -> Actor {
        let (role, at) = match who {
            Who::Stranger => return self.world.stranger(),
            Who::One(role) => (role, 0),
            Who::Other(role) => (role, 1),
        };
        let user = self.users.iter().filter(|(of, _)| *of == role).nth(at);
        let (_, id) = user.unwrap_or_else(|| panic!("there is nobody like {who}"));
        self.world.sign_in(*id, role).await
    }
}

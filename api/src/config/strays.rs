//! Variables of the environment that look like settings and are none. With one of them the service would run otherwise
//! than its operator believes, so it does not start.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::VARIABLES;

const OURS: &str = "TRIBUTARY_";

/// What the clients, examples and tests of this project read: no settings of the service, and no mistakes.
const OF_CLIENTS_AND_TESTS: [&str; 7] = ["BIN", "DATA", "DOCUMENTS", "SEED", "STEPS", "TOKEN", "URL"];

/// What settings are called elsewhere.
const SYNONYMS: [(&str, &[&str]); 4] = [
    ("DATABASE_URL", &["DATABASE", "DATABASE_URI", "DATABASE_URL", "DB", "DB_URI", "DB_URL", "POSTGRES_URL"]),
    ("TRIBUTARY_ENV", &["ENVIRONMENT", "MODE", "PRODUCTION", "PROFILE", "STAGE"]),
    ("TRIBUTARY_LISTEN", &["ADDR", "ADDRESS", "BIND", "BIND_ADDRESS", "HOST", "PORT"]),
    ("TRIBUTARY_COMPANY_TIME_ZONE", &["TIMEZONE", "TZ"]),
];

/// A variable that looks like a setting and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// Its name.
    pub name: String,
    /// The setting that is meant by all appearances.
    pub meant: Option<&'static str>,
}

/// The strays among the variables of an environment, given with their values.
pub fn strays(variables: impl IntoIterator<Item = (String, String)>) -> Vec<Stray> {
    let variables: BTreeMap<String, String> = variables.into_iter().collect();
    let names = variables.keys().filter(|name| !is_setting(name) && !is_of_a_link(name, &variables));
    names
        .filter_map(|name| match beyond_prefix(name) {
            Some(rest) if OF_CLIENTS_AND_TESTS.contains(&rest) => None,
            Some(_) => Some(Stray { name: name.clone(), meant: meant(name) }),
            // Not our prefix, but nearly the name of a setting, which is missing.
            None => misspelt(name)
                .filter(|meant| !variables.contains_key(*meant))
                .map(|meant| Stray { name: name.clone(), meant: Some(meant) }),
        })
        .collect()
}

fn is_setting(name: &str) -> bool {
    VARIABLES.iter().any(|variable| variable.name == name)
}

/// What follows our prefix, in whichever case that is written.
fn beyond_prefix(name: &str) -> Option<&str> {
    let (prefix, rest) = name.split_at_checked(OURS.len())?;
    prefix.eq_ignore_ascii_case(OURS).then_some(rest)
}

/// Kubernetes tells every container of each service: where it is as `TRIBUTARY_PORT=tcp://10.0.0.7:8080`, and from there
/// `TRIBUTARY_PORT_8080_TCP_ADDR`, `TRIBUTARY_SERVICE_HOST` and the like. Services with longer names (`tributary-db`) have longer
/// prefixes.
fn is_of_a_link(name: &str, variables: &BTreeMap<String, String>) -> bool {
    let ends = |word: &str| name.match_indices(word).map(|(at, _)| at).collect::<Vec<_>>();
    let prefixes = [ends("_PORT"), ends("_SERVICE_")].concat().into_iter().map(|end| &name[..end]);
    let mut links = prefixes.filter_map(|prefix| variables.get(&format!("{prefix}_PORT")));
    links.any(|place| {
        let address = ["tcp://", "udp://", "sctp://"].iter().find_map(|scheme| place.strip_prefix(scheme));
        address.is_some_and(|address| address.parse::<SocketAddr>().is_ok())
    })
}

/// The setting that is meant: by a name that is usual elsewhere, by a slip of the pen, or by some of its words, if they are
/// the words of no other.
fn meant(name: &str) -> Option<&'static str> {
    let rest = beyond_prefix(name)?.to_ascii_uppercase();
    let synonym = SYNONYMS.iter().find(|(_, others)| others.contains(&rest.as_str())).map(|(setting, _)| *setting);
    synonym.or_else(|| misspelt(name)).or_else(|| partly(&rest))
}

/// The setting whose name differs by a letter, or two where it is long.
fn misspelt(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_uppercase();
    let distances = VARIABLES.iter().map(|variable| (strsim::damerau_levenshtein(variable.name, &name), variable.name));
    let (distance, near) = distances.min()?;
    let word = near.strip_prefix(OURS).unwrap_or(near);
    (distance <= (word.len() / 3).clamp(1, 2)).then_some(near)
}

fn partly(rest: &str) -> Option<&'static str> {
    let words = |text: &'static str| text.strip_prefix(OURS).unwrap_or(text);
    let is_part = |part: &str, whole: &str| format!("_{whole}_").contains(&format!("_{part}_"));
    let mut near = VARIABLES.iter().map(|variable| variable.name).filter(|known| {
        let known = words(known);
        is_part(known, rest) || is_part(rest, known)
    });
    near.next().filter(|_| near.next().is_none())
}

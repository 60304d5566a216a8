//! The policy in words, as it is told to whoever it is about.

use super::descriptor::Descriptor;
use crate::access::{Action, Reach, When, policy};

/// `rows that you own or made and rows of your team and the teams below it, while status is DRAFT or ACTIVE`.
pub fn rows(of: &Descriptor, reach: Reach) -> String {
    let rows = if reach.all {
        "every row".to_owned()
    } else {
        let parts = [
            (reach.own, "rows that you own or made"),
            (reach.team, "rows of your team and the teams below it"),
            (reach.pool, "rows without an owner in your team and the teams below it"),
            (reach.parent, "rows that belong to a record within your reach"),
        ];
        let parts: Vec<&str> = parts.into_iter().filter(|(covered, _)| *covered).map(|(_, words)| words).collect();
        if parts.is_empty() { "no row".to_owned() } else { enumerate(&parts, "and") }
    };
    match reach.when {
        None => rows,
        Some(when) => format!("{rows}, while {}", condition(of, when)),
    }
}

/// `Roles: SALES_MANAGER (their own and their team's), SALES_REP (their own), INTEGRATION.`: who may do this, as the policy says.
pub fn roles(of: &Descriptor, action: Action) -> String {
    let rights = policy::ROLES.iter().map(|role| (role.as_str(), policy::reach(of.kind, action, *role)));
    let told = rights.filter(|(_, reach)| !reach.is_none()).map(|(role, reach)| match scope(of, reach) {
        None => role.to_owned(),
        Some(scope) => format!("{role} ({scope})"),
    });
    format!("Roles: {}.", told.collect::<Vec<_>>().join(", "))
}

/// Which rows a right covers, in few words; none where it covers all.
fn scope(of: &Descriptor, reach: Reach) -> Option<String> {
    let parts = [
        (reach.own, "their own"),
        (reach.team, "their team's"),
        (reach.pool, "their pool"),
        (reach.parent, "those within their reach"),
    ];
    let covered = parts.into_iter().filter(|(covered, _)| *covered && !reach.all).map(|(_, words)| words);
    let rows: Vec<&str> = covered.collect();
    let rows = (!rows.is_empty()).then(|| enumerate(&rows, "and"));
    let state = reach.when.map(|when| format!("while {}", condition(of, when)));
    match (rows, state) {
        (Some(rows), Some(state)) => Some(format!("{rows}, {state}")),
        (rows, state) => rows.or(state),
    }
}

/// Why an action is refused to who has this reach: no such right, or the right covers other rows, which are named.
pub fn refusal(of: &Descriptor, action: Action, reach: Reach) -> String {
    let right = right(of, action);
    if reach.is_none() {
        format!("Your role does not have the right: {right}.")
    } else {
        format!("Your right {right} covers {}; the row is not among them.", rows(of, reach))
    }
}

/// `Lead.qualifyForSales`.
pub fn right(of: &Descriptor, action: Action) -> String {
    format!("{}.{}", of.name, spell(action))
}

/// `QualifyForSales` -> `qualifyForSales`.
pub fn spell(action: Action) -> String {
    let name = format!("{action:?}");
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

fn condition(of: &Descriptor, when: When) -> String {
    let name = |column: &str| of.name_of_column(column).unwrap_or(column).to_owned();
    match when {
        When::In(column, values) => format!("{} is {}", name(column), enumerate(values, "or")),
        When::Empty(column) => format!("{} is empty", name(column)),
        When::Viewer(column) => format!("{} is you", name(column)),
        When::Is(column) => format!("{} is true", name(column)),
        When::Within(column, days) => format!("{} is at most {days} days ago", name(column)),
        When::Like(kind, _) => format!("there is another such {kind:?}"),
        When::Sets(_, field) => format!("your role may set {field}"),
        When::Not(When::Empty(column)) => format!("{} is not empty", name(column)),
        When::Not(not) => format!("it does not hold that {}", condition(of, *not)),
        When::All(all) => {
            let all: Vec<_> = all.iter().map(|when| condition(of, *when)).collect();
            all.join(" and ")
        }
        When::Any(kind, ..) | When::At(_, kind, _) => format!("there is such a {kind:?}"),
    }
}

/// `A, B or C`.
fn enumerate(parts: &[&str], last: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

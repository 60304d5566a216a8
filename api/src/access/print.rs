//! The policy as a table that people read. It is checked in, so that every change of rights is seen.

use std::fmt::Write;

use super::policy::{self, ROLES};
use super::{Action, Grant, Kind, Reach, When};

/// The whole policy: what each role may do to which rows and by which mutations, and the fields with rules of their own.
pub fn table(mutations: impl Fn(Kind, Action) -> Vec<String>) -> String {
    let mut text = String::from(
        "Who may do what. all: every row; own: rows the viewer owns or made; team: rows of the viewer's team and those below\n\
         (own ones too); pool: rows without an owner in the viewer's teams; parent: as the row it belongs to; -: nothing.\n\n",
    );
    line(&mut text, "object.action", ROLES.map(|role| role.as_str().to_owned()), "by");
    for kind in Kind::all() {
        for action in policy::actions(kind) {
            let name = format!("{kind:?}.{action:?}");
            let by = mutations(kind, action).join(", ");
            line(&mut text, &name, ROLES.map(|role| reach(policy::reach(kind, action, role))), &by);
        }
    }
    text.push_str("\nFields that not everyone who sees the row may read\n\n");
    for (kind, field, grants) in policy::restricted_fields() {
        line(&mut text, &format!("{kind:?}.{field}"), grants.map(grant), "");
    }
    text.push_str("\nFields that not everyone who may change the row may change\n\n");
    for (kind, field, grants) in policy::restricted_writes() {
        line(&mut text, &format!("{kind:?}.{field}"), grants.map(grant), "");
    }
    text
}

/// A reach in words.
pub fn reach(reach: Reach) -> String {
    let parts = [
        (reach.all, "all"),
        (reach.team, "team"),
        (reach.own && !reach.team, "own"),
        (reach.pool, "pool"),
        (reach.parent, "parent"),
    ];
    let words: Vec<_> = parts.into_iter().filter(|(has, _)| *has).map(|(_, word)| word).collect();
    let words = if words.is_empty() { "-".to_owned() } else { words.join("+") };
    reach.when.map_or(words.clone(), |when| format!("{words} if {}", condition(when)))
}

fn condition(when: When) -> String {
    match when {
        When::Empty(column) => format!("no {column}"),
        When::Is(column) => column.to_owned(),
        When::Viewer(column) => format!("{column} oneself"),
        When::Within(column, days) => format!("{column} within {days} days"),
        When::Like(kind, columns) => format!("another {kind:?} with this {}", columns.join("/")),
        When::Sets(_, field) => format!("right to set {field}"),
        When::Not(not) => format!("not ({})", condition(*not)),
        When::Any(kind, _, when) | When::At(_, kind, when) => format!("a {kind:?} with {}", condition(*when)),
        When::In(column, values) => format!("{column} {}", values.join("/")),
        When::All(all) => all.iter().map(|when| condition(*when)).collect::<Vec<_>>().join(" and "),
    }
}

/// A grant in words.
pub fn grant(grant: Grant) -> String {
    match grant {
        Grant::Yes => "yes".to_owned(),
        Grant::No => "-".to_owned(),
        Grant::Sums => "sums".to_owned(),
        Grant::Rows(rows) => reach(rows),
    }
}

fn line(text: &mut String, name: &str, cells: [String; 7], by: &str) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{name:<34}");
    for cell in cells {
        let _ = write!(text, " {cell:<18}");
    }
    let _ = write!(text, " {by}");
    while text.ends_with(' ') {
        text.pop();
    }
    text.push('\n');
}

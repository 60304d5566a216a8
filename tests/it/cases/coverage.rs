//! What no scenario exercises yet: a list that may only shrink.

use std::collections::BTreeSet;
use std::fs;

use tributary::access::policy;

use super::page::{Page, Part, folder};
use super::paths::{Path, all, of_document};
use super::scenario::scenarios;
use super::{hold, spelt, who};

const HEAD: &str = "\
Which ways into the graph no scenario takes yet, and as whom: reading one, a list, with a filter, in figures and in groups;
every plain write; every verb. What is refused counts as well: a scenario may show that. The list is written by
`UPDATE=1 cargo test -p tests --test it -- cases::` and may only shrink: what is new comes with its scenario.

";

/// A way and a role that takes it.
type Taken = (Path, String);

#[test]
fn what_no_scenario_exercises_is_listed_and_only_shrinks() {
    let file = folder().join("uncovered.txt");
    let listed = parse(&fs::read_to_string(&file).expect("readable"));
    let taken: BTreeSet<_> = scenarios().iter().flat_map(|scenario| &scenario.pages).flat_map(ways).collect();
    let every = all().into_iter().flat_map(|path| policy::ROLES.map(|role| (path.clone(), spelt(role))));
    let missing: BTreeSet<_> = every.filter(|way| !taken.contains(way)).collect();
    let new: Vec<_> = missing.difference(&listed).map(|((of, way), role)| format!("{of}.{way} as {role}")).collect();
    assert!(new.is_empty(), "these have no scenario in tests/cases, and the list may not grow:\n{}", new.join("\n"));
    hold(&file, &print(&missing), "lists what scenarios exercise now");
}

/// The ways that a page takes.
fn ways(page: &Page) -> BTreeSet<Taken> {
    let (mut found, mut asking) = (BTreeSet::new(), Vec::new());
    for part in &page.parts {
        match part {
            Part::Line(line) => asking = who(line).unwrap_or(asking),
            Part::Operation(operation) => {
                let roles: Vec<_> = asking.iter().filter_map(|who| who.role()).map(spelt).collect();
                let documents = operation.find.iter().chain([&operation.document]);
                let paths = documents.flat_map(|document| of_document(document));
                found.extend(paths.flat_map(|path| roles.iter().map(move |role| (path.clone(), role.clone()))));
            }
        }
    }
    found
}

/// A line a way: `Deal.filter: ADMIN, ANALYST`.
fn print(missing: &BTreeSet<Taken>) -> String {
    let paths: BTreeSet<_> = missing.iter().map(|(path, _)| path).collect();
    let line = |(of, way): &Path| {
        let lacks = |role: &String| missing.contains(&((of.clone(), way.clone()), role.clone()));
        let roles: Vec<_> = policy::ROLES.map(spelt).into_iter().filter(lacks).collect();
        format!("{of}.{way}: {}\n", roles.join(", "))
    };
    HEAD.to_owned() + &paths.into_iter().map(line).collect::<String>()
}

fn parse(text: &str) -> BTreeSet<Taken> {
    let lines = text.split_once("\n\n").map_or("", |(_, lines)| lines).lines();
    let parts =
        lines.filter_map(|line| line.split_once(": ").and_then(|(path, roles)| Some((path.split_once('.')?, roles))));
    let taken = parts.flat_map(|((of, way), roles)| {
        roles.split(", ").map(move |role| ((of.to_owned(), way.to_owned()), role.to_owned()))
    });
    taken.collect()
}

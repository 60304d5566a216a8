//! The lives of all kinds as text and pictures for people, made from their tables. It is checked in, so that every change of a
//! life is seen.

use std::fmt::Write;

use super::GRAPH;
use crate::access::{Action, When};
use crate::lifecycle::Verb;
use crate::store::descriptor::{Descriptor, Shape};
use crate::store::words::roles;

/// Every life, in the order of the kinds.
pub fn lifecycles() -> String {
    let mut text = String::from(
        "# Lifecycles\n\n\
         Made from the tables in the slices (`rules.rs`) by `UPDATE=1 cargo test -p tests schema`. An arrow is a mutation; in a\n\
         state that it does not leave it is a CONFLICT. `[*]` stands for a row that is not there yet.\n",
    );
    for of in GRAPH.all().filter(|of| of.state.is_some()) {
        life(&mut text, of);
    }
    text
}

fn life(text: &mut String, of: &Descriptor) {
    // Writing to a string cannot fail.
    let _ = write!(text, "\n## {}\n\n```mermaid\nstateDiagram-v2\n", of.name);
    for arrow in arrows(of) {
        let _ = writeln!(text, "    {arrow}");
    }
    text.push_str("```\n\n| verb | roles | a CONFLICT as well |\n| --- | --- | --- |\n");
    for verb in &of.verbs {
        let _ = writeln!(text, "| `{}` | {} | {} |", verb.name, who(of, verb), besides(of, verb));
    }
}

fn arrows(of: &Descriptor) -> Vec<String> {
    let begin = |to: &str, name: &str| format!("[*] --> {to}: {name}");
    let made = of.plain().filter(|(_, action)| *action == Action::Create);
    let made = made.filter_map(|(start, _)| Some(begin(&first_state(of)?, &format!("{start}{}", of.name))));
    let verbs = of.verbs.iter().flat_map(|verb| {
        if verb.from.is_empty() {
            return verb.to.iter().map(|to| begin(to, verb.name)).collect::<Vec<_>>();
        }
        let targets = |from: &'static str| if verb.to.is_empty() { vec![from] } else { verb.to.to_vec() };
        let pairs = verb.from.iter().flat_map(|from| targets(from).into_iter().map(move |to| (*from, to)));
        pairs.map(|(from, to)| format!("{from} --> {to}: {}", verb.name)).collect()
    });
    made.chain(verbs).collect()
}

/// The state of a row for which nothing else is said: the first of the enum.
fn first_state(of: &Descriptor) -> Option<String> {
    let field = of.field(of.name_of_column(of.state?)?)?;
    match field.shape {
        Shape::Choice(choice) => (choice.values)().into_iter().next(),
        _ => None,
    }
}

fn who(of: &Descriptor, verb: &Verb<&'static str>) -> String {
    match verb.of {
        Some(other) => format!("along with the {}", GRAPH.of(other).name),
        None => roles(of, verb.action).trim_start_matches("Roles: ").trim_end_matches('.').to_owned(),
    }
}

/// What it demands besides the state, by what is told where it is not so.
fn besides(of: &Descriptor, verb: &Verb<&'static str>) -> String {
    let demands = of.demands.iter().filter(|demand| demand.action == verb.action);
    let states = of.state.map(|column| When::In(column, verb.from));
    let besides = demands.filter(|demand| Some(demand.when) != states).map(|demand| demand.why.as_str());
    besides.collect::<Vec<_>>().join(" ")
}

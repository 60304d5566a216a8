//! Every verb stands in one table, is written as a mutation, and has its line in the policy; and the other way round.
//!
//! A verb is named in both places, and here the two are held together. The table has the name because the rules, which are
//! pure, refuse in its words (`acceptLead leads there.`), and because kind and action are no name: `logActivity` and
//! `planActivity` both do Create. The mutation has it because a field of the graph is called as its function is, and no
//! constant can name a function.

use std::collections::HashMap;

use super::{Descriptor, Entities, Mistakes, column_of};
use crate::access::policy::Said;
use crate::access::{Action, Kind};

pub(super) fn check(all: Entities<'_>, written: &[String], said: &Said, mistakes: &mut Mistakes) {
    let mut tables = HashMap::new();
    for of in all.all() {
        for verb in of.own_verbs() {
            if let Some(first) = tables.insert(verb.name, of.name) {
                mistakes.tell(of.name, format_args!("the verb `{}` is taken by {first}", verb.name));
            }
        }
    }
    for name in written.iter().filter(|name| !tables.contains_key(name.as_str())) {
        mistakes.unknown("the mutations", "table with the verb", name, tables.keys().copied());
    }
    let listed = |kind: Kind, action: Action| said.rows.iter().any(|(of, does, _)| (*of, *does) == (kind, action));
    for of in all.all() {
        for verb in of.own_verbs() {
            let place = format!("{}.{}", of.name, verb.name);
            if !written.iter().any(|name| name == verb.name) {
                mistakes.unknown(&place, "mutation", verb.name, written.iter().map(String::as_str));
            }
            if !listed(of.kind, verb.action) {
                mistakes.tell(&place, format_args!("the policy does not list {:?}", verb.action));
            }
        }
        along(all, of, mistakes);
        one_line_an_action(of, mistakes);
        state(of, mistakes);
    }
    for (kind, action, _) in &said.rows {
        let Some(of) = all.of(*kind) else { continue };
        let done = !of.mutations(*action).is_empty() || of.verbs.iter().any(|verb| verb.action == *action);
        if !done && !matches!(action, Action::Read | Action::Count) {
            mistakes.tell(format_args!("the policy, {kind:?}.{action:?}"), "no mutation does this");
        }
    }
}

/// Who goes along with another's verb names one that the other has.
fn along(all: Entities<'_>, of: &Descriptor, mistakes: &mut Mistakes) {
    for verb in &of.verbs {
        let Some(other) = verb.of.and_then(|kind| all.of(kind)) else { continue };
        if !other.own_verbs().any(|own| own.name == verb.name) {
            let place = format!("{}, along with {}", of.name, other.name);
            mistakes.unknown(place, "verb", verb.name, other.own_verbs().map(|own| own.name));
        }
    }
}

/// Which states an action takes is said in one line.
fn one_line_an_action(of: &Descriptor, mistakes: &mut Mistakes) {
    let mut lines = HashMap::new();
    for verb in of.verbs.iter().filter(|verb| !verb.from.is_empty()) {
        if let Some(first) = lines.insert(verb.action, verb.name) {
            let place = format!("{}.{}", of.name, verb.name);
            mistakes.tell(place, format_args!("{first} says already which states {:?} takes", verb.action));
        }
    }
}

/// A state that nobody sets by hand is led to by verbs.
fn state(of: &Descriptor, mistakes: &mut Mistakes) {
    let status = of.field("status").filter(|field| !field.input.update);
    if let Some(name) = status.and_then(|field| column_of(field.source))
        && of.state != Some(name)
    {
        mistakes.tell(format_args!("{}.status", of.name), "there is no table of its life, and it cannot be updated");
    }
}

//! The policy, and what actions demand of a row, speak of fields, states and rows that there are.

use std::collections::HashSet;
use std::fmt::Display;

use super::{Descriptor, Entities, Mistakes, column, column_of, readable};
use crate::access::policy::{Partition, Said};
use crate::access::{Grant, Reach, When};
use crate::store::descriptor::{Key, Ownership, Shape};

pub(super) fn check(all: Entities<'_>, said: &Said, mistakes: &mut Mistakes) {
    let mut listed = HashSet::new();
    for (kind, action, reaches) in &said.rows {
        let place = format!("the policy, {kind:?}.{action:?}");
        if !listed.insert((*kind, *action)) {
            mistakes.tell(&place, "is listed twice");
        }
        let Some(of) = all.of(*kind) else { continue };
        reaches.iter().for_each(|rows| reach(all, of, *rows, &place, mistakes));
    }
    for (use_of, fields) in [("reading", &said.reads), ("writing", &said.writes)] {
        let mut listed = HashSet::new();
        for (kind, field, grants) in fields {
            let place = format!("the policy, {use_of} {kind:?}.{field}");
            if !listed.insert((*kind, *field)) {
                mistakes.tell(&place, "is listed twice");
            }
            let Some(of) = all.of(*kind) else { continue };
            readable(of, field, &place, mistakes);
            for grant in grants {
                if let Grant::Rows(rows) = grant {
                    reach(all, of, *rows, &place, mistakes);
                }
            }
        }
    }
    for (kind, field) in &said.reasons {
        let Some(of) = all.of(*kind) else { continue };
        readable(of, field, format_args!("the policy, reasons for {kind:?}"), mistakes);
    }
    for (kind, one) in &said.partitions {
        let Some(of) = all.of(*kind) else { continue };
        partition(of, *one, mistakes);
    }
    for of in all.all() {
        for demand in &of.demands {
            let place = format!("{}, what {:?} demands", of.name, demand.action);
            // A row that goes along with another's verb may need no right of its own.
            let along = of.verbs.iter().any(|verb| verb.of.is_some() && verb.action == demand.action);
            if !along && !listed.contains(&(of.kind, demand.action)) {
                mistakes.tell(&place, "the policy does not list this action");
            }
            when(all, of, demand.when, &place, mistakes);
        }
        let whole = of.part_of.as_ref().and_then(|part| Some((part, all.of(part.of)?)));
        for (demand, whole) in whole.iter().flat_map(|(part, whole)| part.demands.iter().map(move |one| (one, whole))) {
            let place = format!("{}, what {:?} demands of the {}", of.name, demand.action, whole.name);
            when(all, whole, demand.when, &place, mistakes);
            // The statement that locks the whole has seen other rows as they were before it waited.
            if !demand.when.is_of_the_row() {
                mistakes.tell(&place, "other rows decide this");
            }
        }
    }
}

/// Own rows, the team's and the pool's need columns that say so; those of a parent need a parent.
fn reach(all: Entities<'_>, of: &Descriptor, rows: Reach, place: &str, mistakes: &mut Mistakes) {
    let (own, team, pool) = match &of.ownership {
        Ownership::Columns { own, team, pool } => (!own.is_empty(), !team.is_empty(), pool.is_some()),
        _ => (false, false, false),
    };
    let ways = [
        (rows.own, own, "own"),
        (rows.team, team, "team"),
        (rows.pool, pool, "pool"),
        (rows.parent, of.ownership.is_elsewhere(), "parent"),
    ];
    for (asked, known, way) in ways {
        if asked && !known {
            mistakes.tell(place, format_args!("{} does not declare what `{way}` is", of.name));
        }
    }
    if let Some(state) = rows.when {
        when(all, of, state, place, mistakes);
    }
}

pub(super) fn when(all: Entities<'_>, of: &Descriptor, state: When, place: &str, mistakes: &mut Mistakes) {
    match state {
        When::Empty(name) | When::Is(name) | When::Viewer(name) | When::Within(name, _) => {
            column(of, name, place, mistakes);
        }
        When::In(name, values) => {
            column(of, name, place, mistakes);
            values.iter().for_each(|value| spelt(of, name, value, place, mistakes));
        }
        When::Like(kind, columns) => {
            let Some(other) = all.of(kind) else { return };
            for name in columns {
                column(of, name, place, mistakes);
                column(other, name, place, mistakes);
            }
        }
        When::Sets(kind, field) => {
            if let Some(other) = all.of(kind) {
                readable(other, field, place, mistakes);
            }
        }
        When::Not(not) => when(all, of, *not, place, mistakes),
        When::All(parts) => parts.iter().for_each(|part| when(all, of, *part, place, mistakes)),
        When::Any(kind, name, inner) => {
            let Some(other) = all.of(kind) else { return };
            column(other, name, place, mistakes);
            when(all, other, *inner, place, mistakes);
        }
        When::At(name, kind, inner) => {
            column(of, name, place, mistakes);
            let Some(other) = all.of(kind) else { return };
            when(all, other, *inner, place, mistakes);
        }
    }
}

/// The value is one of those that the column can have, where it is one of a closed list.
fn spelt(of: &Descriptor, name: &str, value: &str, place: impl Display, mistakes: &mut Mistakes) {
    let field = of.fields.iter().find(|field| column_of(field.source) == Some(name));
    let Some(Shape::Choice(choice)) = field.map(|field| field.shape) else { return };
    let values = (choice.values)();
    if !values.iter().any(|known| known == value) {
        mistakes.unknown(place, &format!("value of {}", (choice.name)()), value, values.iter().map(String::as_str));
    }
}

fn partition(of: &Descriptor, one: Partition, mistakes: &mut Mistakes) {
    let place = format!("the policy, the partition of {}", of.name);
    let (state, value) = one.state;
    for name in [state, one.moment] {
        if of.field(name).is_none() {
            mistakes.unknown(&place, "field", name, of.fields.iter().map(|field| field.name.as_str()));
        }
    }
    if let Some(name) = of.field(state).and_then(|field| column_of(field.source)) {
        spelt(of, name, value, &place, mistakes);
    }
    let references = of.links.iter().filter(|link| matches!(link.key, Key::One(_))).map(|link| link.name.as_str());
    if !references.clone().any(|name| name == one.reference) {
        mistakes.unknown(&place, "reference", one.reference, references);
    }
}

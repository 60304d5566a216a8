//! Columns, keys, currencies, orders and ownership are those of the tables, and both ends of a link say the same.

use super::{Descriptor, Entities, Mistakes, column, named_in, rights};
use crate::store::descriptor::{Currency, Field, Key, Link, Ownership, Part, Source};
use crate::store::expression::{Make, Rollup, Scope};

pub(super) fn check(all: Entities<'_>, mistakes: &mut Mistakes) {
    for of in all.all() {
        for field in of.fields.iter().chain(&of.findable) {
            value(all, of, field, mistakes);
        }
        for key in &of.keys {
            key.from
                .iter()
                .for_each(|name| column(of, name, format_args!("{}, key {}", of.name, key.column), mistakes));
        }
        let (order, _) = of.order;
        let sorted = of.fields.iter().filter(|field| field.sortable).map(|field| field.name.as_str());
        if !sorted.clone().any(|name| name == order) {
            mistakes.unknown(format_args!("{}, order", of.name), "field to sort by", order, sorted);
        }
        for name in &of.natural {
            if of.field(name).is_none() && !of.link(name).is_some_and(|link| matches!(link.key, Key::One(_))) {
                let known = of.fields.iter().map(|field| field.name.as_str());
                mistakes.unknown(format_args!("{}, natural order", of.name), "field or reference", name, known);
            }
        }
        of.links.iter().for_each(|link| both_ends(all, of, link, mistakes));
        of.part_of.iter().for_each(|part| whole(all, of, part, mistakes));
        ownership(all, of, mistakes);
    }
}

/// What a field is read from, searched by and sorted by.
fn value(all: Entities<'_>, of: &Descriptor, field: &Field, mistakes: &mut Mistakes) {
    let place = format!("{}.{}", of.name, field.name);
    match field.source {
        Source::Column(name) | Source::Money(name, _) => column(of, name, &place, mistakes),
        Source::Made(Make::Text(sql), _) => expression(of, sql, &place, mistakes),
        Source::Made(Make::Of(sql), _) => expression(of, &Scope::probe(sql).whole_text(), &place, mistakes),
        Source::Made(Make::Rollup(rollup), _) => roll_up(all, of, rollup, &place, mistakes),
    }
    if let Some(Currency::Column(name)) = field.currency() {
        column(of, name, format_args!("{place}, currency"), mistakes);
    }
    for sql in [&field.searched, &field.sorted].into_iter().flatten() {
        expression(of, sql, &place, mistakes);
    }
}

/// The list that a value is made over, and the field of its rows.
fn roll_up(all: Entities<'_>, of: &Descriptor, rollup: Rollup, place: &str, mistakes: &mut Mistakes) {
    let lists = || of.links.iter().filter(|link| matches!(link.key, Key::Many(_)));
    let Some(link) = lists().find(|link| link.name == rollup.link) else {
        return mistakes.unknown(place, "list", rollup.link, lists().map(|link| link.name.as_str()));
    };
    let Some(list) = all.of(link.to) else { return };
    if let Some(name) = rollup.made.field().filter(|name| list.field(name).is_none()) {
        let known = list.fields.iter().map(|field| field.name.as_str());
        mistakes.unknown(place, &format!("field of {}", list.name), name, known);
    }
    rights::when(all, list, rollup.when, place, mistakes);
}

/// The columns that an expression names, keys among them.
fn expression(of: &Descriptor, sql: &str, place: &str, mistakes: &mut Mistakes) {
    for name in named_in(sql) {
        if !of.keys.iter().any(|key| key.column == name) {
            column(of, name, place, mistakes);
        }
    }
}

/// A reference is a column here; a list is a reference there, by which the other kind says that it belongs here. The log
/// belongs to rows of every kind.
fn both_ends(all: Entities<'_>, of: &Descriptor, link: &Link, mistakes: &mut Mistakes) {
    let place = format!("{}.{}", of.name, link.name);
    match link.key {
        Key::One(name) => column(of, name, place, mistakes),
        Key::Many(name) => {
            let Some(to) = all.of(link.to) else { return };
            if matches!(to.ownership, Ownership::Subject { id, .. } if id == name) {
                return;
            }
            column(to, name, &place, mistakes);
            let back = to.links.iter().any(|other| other.key == Key::One(name) && other.to == of.kind);
            if !back {
                let lacks = format!("{} declares no reference to {} by `{name}`", to.name, of.name);
                mistakes.tell(place, lacks);
            }
        }
    }
}

/// What a row is part of is a reference of its own, and stays.
fn whole(all: Entities<'_>, of: &Descriptor, part: &Part, mistakes: &mut Mistakes) {
    let place = format!("{}, part of {}", of.name, all.of(part.of).map_or("?", |whole| whole.name));
    match of.links.iter().find(|link| link.key == Key::One(part.column) && link.to == part.of) {
        None => mistakes.tell(place, format_args!("no reference by `{}` is declared", part.column)),
        Some(link) if link.input.update => mistakes.tell(place, "a part cannot be moved to another whole"),
        Some(_) => {}
    }
}

fn ownership(all: Entities<'_>, of: &Descriptor, mistakes: &mut Mistakes) {
    let place = format!("{}, ownership", of.name);
    let mut own = |name: &str| column(of, name, &place, mistakes);
    match &of.ownership {
        Ownership::Nobody => {}
        Ownership::Columns { own: owners, team, pool } => {
            owners.iter().chain(*team).for_each(|name| own(name));
            pool.iter().for_each(|(owner, team)| [owner, team].into_iter().for_each(|name| own(name)));
        }
        Ownership::Subject { kind, id } => [kind, id].into_iter().for_each(|name| own(name)),
        Ownership::Parents(parents) => {
            for (name, kind) in *parents {
                let there = of.links.iter().any(|link| link.key == Key::One(name) && link.to == *kind);
                if !there {
                    let parent = all.of(*kind).map_or("?", |parent| parent.name);
                    mistakes.tell(&place, format_args!("no reference to {parent} by `{name}` is declared"));
                }
            }
        }
    }
}

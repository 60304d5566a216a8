//! Fields that are answered under one key have to be one field, or at least of one shape (section 5.3.2).
//!
//! The rule of the specification compares every pair. Here all fields under a key are compared with the first of them,
//! and what is selected below is merged before it is looked at: each field is visited once a level.

use std::collections::HashSet;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{BaseType, Field, Selection, SelectionSet, Type as Reference};
use async_graphql::{Name, Positioned};
use async_graphql_value::Value;

use super::Judge;
use super::types::{Field as Known, Type};
use crate::error::Code;

/// Most fields that are visited for one document.
const MOST: usize = 200_000;

/// A selected field.
#[derive(Clone, Copy)]
struct Seen<'a> {
    field: &'a Positioned<Field>,
    /// The type that it is selected on.
    on: Option<&'a Type>,
    known: Option<&'a Known>,
}

type ByKey<'a> = IndexMap<&'a str, Vec<Seen<'a>>>;

impl<'a> Judge<'a> {
    /// Judges every operation.
    pub(super) fn merging(&mut self) {
        let mut visited = 0;
        for (_, operation) in self.document.operations.iter() {
            let set = [(&operation.node.selection_set.node, self.types.root(operation.node.ty))];
            let known = self.mistakes.len();
            self.same_field(&set, &mut visited);
            if self.mistakes.len() == known {
                self.same_shape(&set, &mut visited);
            }
        }
        if visited > MOST {
            let message = format!("More than {MOST} fields of the document have to be compared with each other.");
            self.coded(Code::QueryTooComplex, &[], message);
        }
    }

    /// Under one key only values of one shape are answered, whatever the type of the row.
    fn same_shape(&mut self, sets: &[(&'a SelectionSet, Option<&'a Type>)], visited: &mut usize) {
        for (key, fields) in self.by_key(sets, visited) {
            let [first, others @ ..] = fields.as_slice() else { continue };
            let other = others.iter().find(|other| match (first.known, other.known) {
                (Some(one), Some(two)) => !self.is_one_shape(&one.ty, &two.ty),
                _ => false,
            });
            if let (Some(other), Some(one), Some(two)) = (other, first.known, other.and_then(|other| other.known)) {
                let message = format!(
                    "The key `{key}` stands for both a `{}` and a `{}`: give one of them an alias.",
                    one.ty, two.ty
                );
                self.mistake(&[first.field.pos, other.field.pos], message);
            } else if fields.iter().any(Seen::leads_on) {
                self.same_shape(&self.below(&fields), visited);
            }
        }
    }

    /// Where rows can be of one type, one key means one field with the same arguments.
    fn same_field(&mut self, sets: &[(&'a SelectionSet, Option<&'a Type>)], visited: &mut usize) {
        for (key, fields) in self.by_key(sets, visited) {
            for together in together(fields) {
                let [first, others @ ..] = together.as_slice() else { continue };
                let other = others.iter().find_map(|other| Some((other, first.conflict(other)?)));
                if let Some((other, why)) = other {
                    let message = format!("Under the key `{key}` stand {why}: give one of them an alias.");
                    self.mistake(&[first.field.pos, other.field.pos], message);
                } else if together.iter().any(Seen::leads_on) {
                    self.same_field(&self.below(&together), visited);
                }
            }
        }
    }

    fn below(&self, fields: &[Seen<'a>]) -> Vec<(&'a SelectionSet, Option<&'a Type>)> {
        let below = |seen: &Seen<'a>| {
            let to = seen.known.and_then(|known| self.types.of(&known.ty));
            (&seen.field.node.selection_set.node, to)
        };
        fields.iter().map(below).collect()
    }

    fn by_key(&self, sets: &[(&'a SelectionSet, Option<&'a Type>)], visited: &mut usize) -> ByKey<'a> {
        let (mut by_key, mut fragments) = (ByKey::new(), HashSet::new());
        for (set, on) in sets {
            self.gather(set, *on, &mut fragments, &mut by_key, visited);
        }
        by_key
    }

    fn gather(
        &self,
        set: &'a SelectionSet,
        on: Option<&'a Type>,
        fragments: &mut HashSet<&'a Name>,
        by_key: &mut ByKey<'a>,
        visited: &mut usize,
    ) {
        for selection in &set.items {
            *visited += 1;
            if *visited > MOST {
                return;
            }
            match &selection.node {
                Selection::Field(field) => {
                    let known = on.and_then(|on| self.types.field(on, &field.node.name.node));
                    by_key.entry(&field.node.response_key().node).or_default().push(Seen { field, on, known });
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(on, |condition| self.types.named(&condition.node.on.node));
                    self.gather(&fragment.node.selection_set.node, on, fragments, by_key, visited);
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let fragment = self.document.fragments.get(name).filter(|_| fragments.insert(name));
                    if let Some(fragment) = fragment {
                        let on = self.types.named(&fragment.node.type_condition.node.on.node);
                        self.gather(&fragment.node.selection_set.node, on, fragments, by_key, visited);
                    }
                }
            }
        }
    }

    fn is_one_shape(&self, one: &Reference, two: &Reference) -> bool {
        let bases = match (&one.base, &two.base) {
            (BaseType::List(one), BaseType::List(two)) => self.is_one_shape(one, two),
            (BaseType::Named(one), BaseType::Named(two)) => {
                let composite = |name: &Name| self.types.named(name).is_some_and(Type::is_composite);
                one == two || (composite(one) && composite(two))
            }
            _ => false,
        };
        bases && one.nullable == two.nullable
    }
}

impl Seen<'_> {
    fn leads_on(&self) -> bool {
        !self.field.node.selection_set.node.items.is_empty()
    }

    /// Why two fields are not one.
    fn conflict(&self, other: &Self) -> Option<String> {
        let (one, two) = (&self.field.node, &other.field.node);
        if one.name.node != two.name.node {
            return Some(format!("`{}` and `{}`", one.name.node, two.name.node));
        }
        let differ = !is_given(&one.arguments, &two.arguments) || !is_given(&two.arguments, &one.arguments);
        differ.then(|| format!("`{}` with different arguments", one.name.node))
    }
}

type Arguments = [(Positioned<Name>, Positioned<Value>)];

/// Whether all of these arguments are among the others.
fn is_given(these: &Arguments, others: &Arguments) -> bool {
    these
        .iter()
        .all(|(name, value)| others.iter().any(|(other, given)| other.node == name.node && given.node == value.node))
}

/// Fields of one key in groups that can be asked of one row: those on the same object, and on what every object may be.
fn together(fields: Vec<Seen<'_>>) -> Vec<Vec<Seen<'_>>> {
    let object = |seen: &Seen<'_>| seen.on.filter(|on| on.is_object()).map(|on| on.name.clone());
    let objects: HashSet<String> = fields.iter().filter_map(object).collect();
    if objects.len() < 2 {
        return vec![fields];
    }
    let group =
        |name: &String| fields.iter().filter(|seen| object(seen).is_none_or(|on| on == *name)).copied().collect();
    objects.iter().map(group).collect()
}

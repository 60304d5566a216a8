//! What a parsed document stands for: its fields once fragments are expanded, its depth, its aliases and directives.

use std::collections::HashMap;
use std::convert::Infallible;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, FragmentDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, ServerError, Value};
use async_graphql_value::Value as Literal;

use super::{characters, coded, within};
use crate::config::Limits;
use crate::error::Code;

/// Lists of the schema about itself, within each other: more multiply into answers without end.
const INTROSPECTION: usize = 2;
/// The fields of introspection that are lists of what leads on.
const LISTS: [&str; 4] = ["fields", "inputFields", "interfaces", "possibleTypes"];

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// Checks every operation and every fragment of a document.
pub fn check(document: &ExecutableDocument, limits: &Limits) -> Result<(), ServerError> {
    let written = Written::of(document);
    written.check_characters()?;
    within("The document", written.aliases(), limits.aliases, "aliases")?;
    within("The document", written.directives.len(), limits.directives, "directives")?;
    let mut known = HashMap::new();
    for name in callees_first(&document.fragments)? {
        if let Some(fragment) = document.fragments.get(name) {
            let stands_for = StandsFor::of(&fragment.node.selection_set.node, &known);
            stands_for.check("A fragment", limits)?;
            known.insert(name.as_str(), stands_for);
        }
    }
    for (_, operation) in document.operations.iter() {
        let stands_for = StandsFor::of(&operation.node.selection_set.node, &known);
        stands_for.check("The operation", limits)?;
        within("The operation", stands_for.roots, limits.root_fields, "root fields")?;
    }
    Ok(())
}

/// How often a variable is used.
#[derive(Clone, Copy, Default)]
pub struct Uses {
    /// In what mutations are told.
    pub told: usize,
    /// Everywhere else.
    pub asked: usize,
}

/// How often each variable is used in the document as it is written.
pub fn variable_uses(document: &ExecutableDocument) -> HashMap<Name, Uses> {
    let (written, mut uses) = (Written::of(document), HashMap::<Name, Uses>::new());
    for value in written.told() {
        each_variable(value, |name| uses.entry(name).or_default().told += 1);
    }
    for value in written.asked() {
        each_variable(value, |name| uses.entry(name).or_default().asked += 1);
    }
    uses
}

/// The library's own walk over a value: it hands every variable to the closure.
fn each_variable(value: &Positioned<Literal>, mut visit: impl FnMut(Name)) {
    let _ = value.node.clone().into_const_with(|name| {
        visit(name);
        Ok::<_, Infallible>(Value::Null)
    });
}

/// What a selection set stands for once its fragments are expanded. Sums saturate instead of overflowing.
#[derive(Clone, Copy, Default)]
struct StandsFor {
    /// Selections of every kind: a spread costs a visit even when it leads to no field.
    selections: usize,
    /// Fields below fields.
    depth: usize,
    /// Selection sets within selection sets, those of fragments included: how deep a visitor recurses.
    nesting: usize,
    /// Fields at the top of the set.
    roots: usize,
    /// Fields with the names of introspection's lists, within each other.
    lists: usize,
    /// The same below `__schema` or `__type`.
    introspection: usize,
}

impl StandsFor {
    /// `known` holds the fragments that were judged already, each once.
    fn of(set: &SelectionSet, known: &HashMap<&str, Self>) -> Self {
        set.items.iter().fold(Self::default(), |sum, selection| sum.with(Self::of_selection(&selection.node, known)))
    }

    fn of_selection(selection: &Selection, known: &HashMap<&str, Self>) -> Self {
        match selection {
            Selection::Field(field) => {
                let below = Self::of(&field.node.selection_set.node, known);
                let name = field.node.name.node.as_str();
                let lists = below.lists + usize::from(LISTS.contains(&name));
                let introspection = if name.starts_with("__") { lists } else { below.introspection };
                Self { depth: below.depth + 1, roots: 1, lists, introspection, ..below.one_level_down() }
            }
            Selection::InlineFragment(fragment) => Self::of(&fragment.node.selection_set.node, known).one_level_down(),
            Selection::FragmentSpread(spread) => {
                known.get(spread.node.fragment_name.node.as_str()).copied().unwrap_or_default().one_level_down()
            }
        }
    }

    fn one_level_down(self) -> Self {
        Self { selections: self.selections.saturating_add(1), nesting: self.nesting + 1, ..self }
    }

    fn with(self, other: Self) -> Self {
        Self {
            selections: self.selections.saturating_add(other.selections),
            depth: self.depth.max(other.depth),
            nesting: self.nesting.max(other.nesting),
            roots: self.roots.saturating_add(other.roots),
            lists: self.lists.max(other.lists),
            introspection: self.introspection.max(other.introspection),
        }
    }

    fn check(&self, subject: &str, limits: &Limits) -> Result<(), ServerError> {
        within(subject, self.selections, limits.fields, "fields and fragments once its fragments are expanded")?;
        within(subject, self.depth, limits.depth, "levels of fields")?;
        within(subject, self.nesting, limits.nesting, "levels of fields and fragments")?;
        within(subject, self.introspection, INTROSPECTION, "lists of introspection within each other")
    }
}

/// The names of the fragments, each after those that it spreads. No recursion: chains of fragments can be long.
fn callees_first(fragments: &Fragments) -> Result<Vec<&Name>, ServerError> {
    let spreads: HashMap<&Name, Vec<&Name>> =
        fragments.iter().map(|(name, fragment)| (name, spreads_in(&fragment.node.selection_set.node))).collect();
    let mut done: HashMap<&Name, bool> = HashMap::new();
    let mut order = Vec::with_capacity(fragments.len());
    for start in fragments.keys() {
        let mut open = vec![(start, false)];
        while let Some((name, left)) = open.pop() {
            if left {
                done.insert(name, true);
                order.push(name);
                continue;
            }
            match done.get(name) {
                Some(true) => continue,
                Some(false) => return Err(cycle()),
                None => {}
            }
            let Some(callees) = spreads.get(name) else { continue };
            done.insert(name, false);
            open.push((name, true));
            open.extend(
                callees.iter().filter(|callee| done.get(*callee) != Some(&true)).map(|callee| (*callee, false)),
            );
        }
    }
    Ok(order)
}

fn cycle() -> ServerError {
    coded(Code::GraphqlValidationFailed, "A fragment spreads itself, directly or through others.")
}

/// The fragments that a selection set spreads, each once.
fn spreads_in(set: &SelectionSet) -> Vec<&Name> {
    let mut names = Vec::new();
    collect_spreads(set, &mut names);
    names.sort_unstable();
    names.dedup();
    names
}

fn collect_spreads<'a>(set: &'a SelectionSet, names: &mut Vec<&'a Name>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => collect_spreads(&field.node.selection_set.node, names),
            Selection::InlineFragment(fragment) => collect_spreads(&fragment.node.selection_set.node, names),
            Selection::FragmentSpread(spread) => names.push(&spread.node.fragment_name.node),
        }
    }
}

/// What the document holds as it is written, fragments not expanded.
#[derive(Default)]
struct Written<'a> {
    /// The fields at the root of mutations.
    mutations: Vec<&'a Field>,
    /// All others.
    fields: Vec<&'a Field>,
    directives: Vec<&'a Positioned<Directive>>,
    defaults: Vec<&'a Positioned<Value>>,
}

impl<'a> Written<'a> {
    fn of(document: &'a ExecutableDocument) -> Self {
        let mut written = Self::default();
        for (_, operation) in document.operations.iter() {
            let declared =
                operation.node.variable_definitions.iter().flat_map(|definition| &definition.node.directives);
            written.directives.extend(declared.chain(&operation.node.directives));
            let definitions = &operation.node.variable_definitions;
            written.defaults.extend(definitions.iter().filter_map(|definition| definition.node.default_value.as_ref()));
            written.add(&operation.node.selection_set.node, operation.node.ty == OperationType::Mutation);
        }
        for fragment in document.fragments.values() {
            written.directives.extend(&fragment.node.directives);
            written.add(&fragment.node.selection_set.node, fragment.node.type_condition.node.on.node == "Mutation");
        }
        written
    }

    fn add(&mut self, set: &'a SelectionSet, of_mutation: bool) {
        for selection in &set.items {
            self.directives.extend(selection.node.directives());
            match &selection.node {
                Selection::Field(field) => {
                    if of_mutation { &mut self.mutations } else { &mut self.fields }.push(&field.node);
                    self.add(&field.node.selection_set.node, false);
                }
                Selection::InlineFragment(fragment) => self.add(&fragment.node.selection_set.node, of_mutation),
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    /// What mutations are told.
    fn told(&self) -> impl Iterator<Item = &'a Positioned<Literal>> {
        self.mutations.iter().flat_map(|field| &field.arguments).map(|(_, value)| value)
    }

    /// All other arguments.
    fn asked(&self) -> impl Iterator<Item = &'a Positioned<Literal>> {
        let conditions = self.directives.iter().flat_map(|directive| &directive.node.arguments);
        self.fields.iter().flat_map(|field| &field.arguments).chain(conditions).map(|(_, value)| value)
    }

    fn check_characters(&self) -> Result<(), ServerError> {
        self.asked().try_for_each(|value| characters::check_literal(&value.node, value.pos))?;
        let default =
            |value: &Positioned<Value>| characters::check_literal(&value.node.clone().into_value(), value.pos);
        self.defaults.iter().try_for_each(|value| default(value))
    }

    fn aliases(&self) -> usize {
        self.mutations.iter().chain(&self.fields).filter(|field| field.alias.is_some()).count()
    }
}

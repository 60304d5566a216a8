//! What an operation costs, judged from its document, its variables and the schema before anything runs.
//!
//! **Nodes** are the rows that an answer may hold at most: each row of a page, the sizes of pages multiplied along the
//! nesting, and each row that a row refers to. **Points** are what the service spends:
//!
//! | what | points |
//! | --- | --- |
//! | an operation | 1 |
//! | a statement that reads: a page, a count, sums, groups, a look-up, a computed field | 1 |
//! | 100 nodes, or part of them | 1 |
//! | an item of a mutation | 10 |
//! | `__schema`, `__type` | 50, 5 |
//!
//! What an operation is charged in the end is the same sum over what it really read ([`Estimate::settle`]), and never
//! more than the estimate. Writes and introspection are charged as estimated.

mod table;
#[cfg(test)]
#[path = "cost_tests.rs"]
mod tests;

use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Value, Variables};
use async_graphql_value::Value as Given;

pub use self::table::Table;
use self::table::{Times, Type};
use super::filter::{DEFAULT_PAGE, ROOT_PAGE};
use crate::store::tally::Tally;

/// Points of one item of a mutation.
const WRITE: u64 = 10;
/// Nodes that one point pays for.
const NODES_A_POINT: u64 = 100;
/// Points of the whole schema.
const SCHEMA: u64 = 50;
/// Points of one type of it.
const ONE_TYPE: u64 = 5;

/// What an operation may take at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Rows in the answer.
    pub nodes: u64,
    /// Statements that read.
    pub reads: u64,
    /// Points for writes and introspection.
    pub flat: u64,
}

impl Estimate {
    /// The points of it.
    pub fn points(self) -> u64 {
        1_u64.saturating_add(self.flat).saturating_add(self.reads).saturating_add(self.nodes.div_ceil(NODES_A_POINT))
    }

    /// The points that an operation is charged that ran and read so much.
    pub fn settle(self, tally: &Tally) -> u64 {
        Self { nodes: tally.rows(), reads: tally.statements(), flat: self.flat }.points().min(self.points())
    }

    fn and(self, other: Self) -> Self {
        Self {
            nodes: self.nodes.saturating_add(other.nodes),
            reads: self.reads.saturating_add(other.reads),
            flat: self.flat.saturating_add(other.flat),
        }
    }
}

/// Estimates an operation of a document that the guard let through; its variables have their defaults.
pub fn estimate(
    table: &Table,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
) -> Estimate {
    let root = match operation.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    };
    let mut judge = Judge { table, document, variables, fragments: HashMap::new() };
    judge.set(&operation.selection_set.node, table.named(root)).once
}

/// What a selection set takes.
#[derive(Clone, Copy, Default)]
struct Demand {
    /// For the object itself.
    once: Estimate,
    /// On a connection: for each row of the page.
    each: u64,
    /// On a connection: the page is read at all.
    paged: bool,
}

impl Demand {
    fn and(self, other: Self) -> Self {
        Self {
            once: self.once.and(other.once),
            each: self.each.saturating_add(other.each),
            paged: self.paged || other.paged,
        }
    }
}

struct Judge<'a> {
    table: &'a Table,
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    /// Each fragment is judged once: it stands for the same wherever it is spread.
    fragments: HashMap<&'a Name, Demand>,
}

impl<'a> Judge<'a> {
    fn set(&mut self, set: &'a SelectionSet, of: Option<&'a Type>) -> Demand {
        let mut sum = Demand::default();
        for selection in &set.items {
            if !self.is_skipped(selection.node.directives()) {
                sum = sum.and(self.selection(&selection.node, of));
            }
        }
        sum
    }

    fn selection(&mut self, selection: &'a Selection, of: Option<&'a Type>) -> Demand {
        match selection {
            Selection::Field(field) => self.field(&field.node, of),
            Selection::InlineFragment(fragment) => {
                let on = fragment.node.type_condition.as_ref().map(|condition| condition.node.on.node.as_str());
                let of = on.map_or(of, |on| self.table.named(on));
                self.set(&fragment.node.selection_set.node, of)
            }
            Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
        }
    }

    fn fragment(&mut self, name: &'a Name) -> Demand {
        if let Some(known) = self.fragments.get(name) {
            return *known;
        }
        // Nothing, for as long as it is judged: the guard has refused circles, this only makes them harmless.
        self.fragments.insert(name, Demand::default());
        let Some(fragment) = self.document.fragments.get(name) else { return Demand::default() };
        let of = self.table.named(&fragment.node.type_condition.node.on.node);
        let demand = self.set(&fragment.node.selection_set.node, of);
        self.fragments.insert(name, demand);
        demand
    }

    fn field(&mut self, field: &'a Field, of: Option<&'a Type>) -> Demand {
        let flat = |flat| Demand { once: Estimate { flat, ..Estimate::default() }, ..Demand::default() };
        match field.name.node.as_str() {
            "__schema" => return flat(SCHEMA),
            "__type" => return flat(ONE_TYPE),
            _ => {}
        }
        let Some(known) = of.and_then(|of| of.field(&field.name.node)) else { return Demand::default() };
        let below = self.set(&field.selection_set.node, known.to.and_then(|to| self.table.at(to)));
        let one = Estimate { nodes: known.nodes, reads: known.reads, flat: 0 }.and(below.once);
        let once = match known.times {
            Times::Once => one,
            Times::Page => {
                let rows = if below.paged { self.page(field) } else { 0 };
                let page = Estimate {
                    nodes: rows.saturating_mul(below.each.saturating_add(1)),
                    reads: u64::from(below.paged),
                    flat: 0,
                };
                one.and(page)
            }
            Times::EachRow => {
                let once = Estimate { nodes: 0, ..below.once };
                return Demand { once, each: one.nodes, paged: true };
            }
            Times::Groups(most) => Estimate { nodes: one.nodes.saturating_mul(most), ..one },
            Times::Given => Estimate { nodes: one.nodes.saturating_mul(self.longest_argument(field)), ..one },
            Times::Written => {
                let items = self.longest_list_of_input(field);
                Estimate { nodes: one.nodes.saturating_mul(items), reads: one.reads, flat: WRITE.saturating_mul(items) }
            }
        };
        Demand { once, ..Demand::default() }
    }

    /// The rows of the page that the arguments ask for. More than any list allows is refused where the list is planned.
    fn page(&self, field: &'a Field) -> u64 {
        let asked = ["first", "last"].iter().filter_map(|name| match self.filled(field.get_argument(name)?)? {
            Filled::Given(Given::Number(number)) => number.as_u64(),
            Filled::Variable(Value::Number(number)) => number.as_u64(),
            _ => None,
        });
        asked.max().unwrap_or(DEFAULT_PAGE).min(ROOT_PAGE)
    }

    /// The items of the longest list among the arguments; the usual page where there is none.
    fn longest_argument(&self, field: &'a Field) -> u64 {
        let lists = field.arguments.iter().filter_map(|(_, value)| self.items(value));
        lists.max().unwrap_or(DEFAULT_PAGE)
    }

    /// The items of the longest list that the arguments of a mutation hold; at least one.
    fn longest_list_of_input(&self, field: &'a Field) -> u64 {
        let within = |value: &'a Positioned<Given>| match self.filled(value) {
            Some(Filled::Given(Given::Object(fields))) => {
                fields.values().filter_map(|value| self.filled_value(value)?.items()).max()
            }
            Some(Filled::Variable(Value::Object(fields))) => {
                fields.values().filter_map(|value| Filled::Variable(value).items()).max()
            }
            Some(filled) => filled.items(),
            None => None,
        };
        field.arguments.iter().filter_map(|(_, value)| within(value)).max().unwrap_or(1).max(1)
    }

    fn items(&self, value: &'a Positioned<Given>) -> Option<u64> {
        self.filled(value)?.items()
    }

    fn filled(&self, value: &'a Positioned<Given>) -> Option<Filled<'a>> {
        self.filled_value(&value.node)
    }

    fn filled_value(&self, value: &'a Given) -> Option<Filled<'a>> {
        match value {
            Given::Variable(name) => self.variables.get(name).map(Filled::Variable),
            value => Some(Filled::Given(value)),
        }
    }

    fn is_skipped(&self, directives: &'a [Positioned<Directive>]) -> bool {
        directives.iter().any(|directive| {
            let unless = match directive.node.name.node.as_str() {
                "skip" => true,
                "include" => false,
                _ => return false,
            };
            let given = directive.node.get_argument("if").and_then(|value| self.filled(value));
            match given {
                Some(Filled::Given(Given::Boolean(given)) | Filled::Variable(Value::Boolean(given))) => {
                    *given == unless
                }
                _ => false,
            }
        })
    }
}

/// A value of an argument: as written, or the variable that stands there.
#[derive(Clone, Copy)]
enum Filled<'a> {
    Given(&'a Given),
    Variable(&'a Value),
}

impl Filled<'_> {
    /// How many items a list has.
    fn items(self) -> Option<u64> {
        match self {
            Self::Given(Given::List(items)) => Some(items.len() as u64),
            Self::Variable(Value::List(items)) => Some(items.len() as u64),
            _ => None,
        }
    }
}

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
//! | 10,000 of the weight of its statements ([`crate::store::weight`]) | 1 |
//!
//! Weight is what counts, figures, groups, reports, filtered and ordered pages have to look at to find their rows, by the
//! sizes of the tables: one point is about a millisecond of the database. Small tables and pages by an index weigh next to
//! nothing.
//!
//! What an operation is charged in the end is the same sum over what it really read ([`Estimate::settle`]), a point for a
//! millisecond of what was weighed, and never more than the estimate. Writes and introspection are charged as estimated.

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
use self::table::{Cost, Measure, Times, Type};
use super::filter::{DEFAULT_PAGE, ROOT_PAGE};
use crate::access::Kind;
use crate::store::feed::BATCH;
use crate::store::sizes::Sizes;
use crate::store::tally::Tally;
use crate::store::weight::{self, A_POINT, Scale, Weight};

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
    /// The weight of the statements, multiplied along the nesting like the nodes.
    pub weight: u64,
    /// The most it can be: each statement looks at each row of its tables once.
    pub whole: u64,
    /// The tests of all its filters, each as often as it is written.
    pub tests: u64,
    /// The tests of the longest of them.
    pub longest_filter: u64,
}

impl Estimate {
    /// The points of it.
    pub fn points(self) -> u64 {
        let read = self.reads.saturating_add(self.nodes.div_ceil(NODES_A_POINT));
        1_u64.saturating_add(self.flat).saturating_add(read).saturating_add(self.weighed())
    }

    /// The points for the weight of the statements.
    fn weighed(self) -> u64 {
        self.weight.min(self.whole) / A_POINT
    }

    /// The points that an operation is charged that ran and read so much.
    pub fn settle(self, tally: &Tally) -> u64 {
        let looked = tally.milliseconds().min(self.weighed()).saturating_mul(A_POINT);
        let read = Self { nodes: tally.rows(), reads: tally.statements(), weight: looked, whole: looked, ..self };
        read.points().min(self.points())
    }

    fn and(self, other: Self) -> Self {
        Self {
            nodes: self.nodes.saturating_add(other.nodes),
            reads: self.reads.saturating_add(other.reads),
            flat: self.flat.saturating_add(other.flat),
            weight: self.weight.saturating_add(other.weight),
            whole: self.whole.saturating_add(other.whole),
            tests: self.tests.saturating_add(other.tests),
            longest_filter: self.longest_filter.max(other.longest_filter),
        }
    }

    /// So often as there are rows; statements are the same for any number of them.
    fn times(self, rows: u64) -> Self {
        Self { nodes: self.nodes.saturating_mul(rows), weight: self.weight.saturating_mul(rows), ..self }
    }
}

/// Estimates an operation of a document that the guard let through, over tables of these sizes; its variables have their
/// defaults.
pub fn estimate(
    table: &Table,
    sizes: Sizes,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
) -> Estimate {
    let root = match operation.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    };
    let scale = Scale::new(table.graph, sizes);
    let mut judge = Judge { table, scale, document, variables, fragments: HashMap::new() };
    judge.set(&operation.selection_set.node, table.named(root)).once
}

/// What a selection set takes.
#[derive(Clone, Copy, Default)]
struct Demand {
    /// For the object itself.
    once: Estimate,
    /// On a connection: for each row of the page.
    each: Estimate,
    /// On a connection: the page is read at all.
    paged: bool,
    /// On a connection: statements over the whole list.
    figures: u64,
}

impl Demand {
    fn and(self, other: Self) -> Self {
        Self {
            once: self.once.and(other.once),
            each: self.each.and(other.each),
            paged: self.paged || other.paged,
            figures: self.figures.saturating_add(other.figures),
        }
    }
}

/// The tests of a filter.
fn tests_of(filter: &Value) -> Estimate {
    let tests = weight::tests(filter);
    Estimate { tests, longest_filter: tests, ..Estimate::default() }
}

/// What so many statements of a weight look at.
fn looked(weight: Weight, statements: u64) -> Estimate {
    let Weight { each, whole } = weight;
    Estimate { weight: each.saturating_mul(statements), whole: whole.saturating_mul(statements), ..Estimate::default() }
}

fn gather_filters(value: Value, filters: &mut Vec<Value>) {
    match value {
        Value::List(items) => items.into_iter().for_each(|item| gather_filters(item, filters)),
        Value::Object(entries) => {
            for (name, value) in entries {
                match name.as_str() {
                    "filter" if value != Value::Null => filters.push(value),
                    _ => gather_filters(value, filters),
                }
            }
        }
        _ => {}
    }
}

struct Judge<'a> {
    table: &'a Table,
    scale: Scale,
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
        let filter = field.get_argument("filter").and_then(|value| self.value(&value.node));
        let tested = filter.as_ref().map_or_else(Estimate::default, tests_of);
        let below = self.set(&field.selection_set.node, known.to.and_then(|to| self.table.at(to)));
        let own = Estimate { nodes: known.nodes, reads: known.reads, ..tested };
        let one = own.and(below.once);
        let once = match known.times {
            Times::Once => one.and(self.report(known)),
            Times::Page => {
                let rows = if below.paged { self.page(field) } else { 0 };
                let row = Estimate { nodes: 1, ..Estimate::default() }.and(below.each).times(rows);
                let page = Estimate { reads: u64::from(below.paged), ..row };
                one.and(page).and(self.list(known, field, filter.as_ref(), &below))
            }
            Times::Batch => one.and(self.batch(known, filter.as_ref())),
            Times::EachRow => {
                let Estimate { nodes, weight, .. } = one;
                let each = Estimate { nodes, weight, ..Estimate::default() };
                return Demand { once: Estimate { nodes: 0, weight: 0, ..one }, each, paged: true, figures: 0 };
            }
            Times::Figure(groups) => {
                let inner = self.inner_filters(field).iter().map(tests_of).fold(Estimate::default(), Estimate::and);
                // What it is compared with is a second statement.
                let compares = field.get_argument("window").and_then(|value| self.value(&value.node)).is_some_and(|window| {
                    matches!(window, Value::Object(window) if window.get("compare").is_some_and(|with| *with != Value::Null))
                });
                let figures = 1 + u64::from(compares);
                return Demand { once: one.times(groups).and(inner), figures, ..Demand::default() };
            }
            Times::Measure(measure) => one.and(self.measure(known, field, measure)),
            Times::Given => one.times(self.longest_argument(field)),
            Times::Written => {
                let items = self.longest_list_of_input(field);
                // One plan reads the rows of all items.
                Estimate { flat: WRITE.saturating_mul(items), ..one.times(items) }
            }
        };
        Demand { once, ..Demand::default() }
    }

    /// What a figure over some rows of a list looks at: each filter is put to the rows by itself.
    fn measure(&self, known: &Cost, field: &'a Field, measure: Measure) -> Estimate {
        let Some(looks) = known.looks else { return Estimate::default() };
        let looked_at = |filter: Option<&Value>| looked(self.weight(looks.at, looks.parent, filter), 1);
        let own = field.get_argument("filter").and_then(|value| self.value(&value.node));
        let inner = self.inner_filters(field);
        let filters = own.iter().map(|filter| looked_at(Some(filter)));
        let filters = filters.chain(inner.iter().map(|filter| tests_of(filter).and(looked_at(Some(filter)))));
        let sorted = (measure == Measure::Sorted).then(|| looked_at(None));
        filters.chain(sorted).fold(Estimate::default(), Estimate::and)
    }

    /// The filters that stand inside of arguments: those of figures.
    fn inner_filters(&self, field: &'a Field) -> Vec<Value> {
        let mut filters = Vec::new();
        for (name, value) in &field.arguments {
            if matches!(name.node.as_str(), "of" | "to" | "having" | "orderBy")
                && let Some(value) = self.value(&value.node)
            {
                gather_filters(value, &mut filters);
            }
        }
        filters
    }

    /// What a report looks at.
    fn report(&self, known: &Cost) -> Estimate {
        known.looks.map_or_else(Estimate::default, |looks| looked(self.weight(looks.at, looks.parent, None), 1))
    }

    /// What the statements over a list look at: its figures, and its page unless that is the first one there is.
    fn list(&self, known: &Cost, field: &'a Field, filter: Option<&Value>, below: &Demand) -> Estimate {
        let Some(looks) = known.looks else { return Estimate::default() };
        let ordered = field.get_argument("orderBy").is_some();
        let searched = below.paged && (filter.is_some() || ordered);
        let statements = below.figures.saturating_add(u64::from(searched));
        if statements == 0 {
            return Estimate::default();
        }
        looked(self.weight(looks.at, looks.parent, filter), statements)
    }

    /// What a follower's filter looks at for a batch of changes.
    fn batch(&self, known: &Cost, filter: Option<&Value>) -> Estimate {
        let (Some(looks), Some(filter)) = (known.looks, filter) else { return Estimate::default() };
        let weight = self.scale.filter(self.table.graph.of(looks.at), filter, BATCH as u64);
        looked(Weight { each: weight, whole: weight }, 1)
    }

    fn weight(&self, at: Kind, parent: Option<Kind>, filter: Option<&Value>) -> Weight {
        let of = |kind| self.table.graph.of(kind);
        self.scale.list(of(at), parent.map(of), filter)
    }

    /// A value of an argument with its variables filled in; none where it is left out, or null.
    fn value(&self, given: &'a Given) -> Option<Value> {
        let filled = |name: Name| Ok::<_, ()>(self.variables.get(&name).cloned().unwrap_or_default());
        given.clone().into_const_with(filled).ok().filter(|value| *value != Value::Null)
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

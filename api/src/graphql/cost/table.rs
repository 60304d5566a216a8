//! What each field of the schema takes, made once from the schema and the declarations.

use std::collections::{HashMap, HashSet};

use async_graphql::registry::{MetaField, MetaType, MetaTypeName, Registry};

use crate::access::Kind;
use crate::store::descriptor::Graph;

/// Groups of one `groupBy` that are reckoned with.
const GROUPS: u64 = 100;
/// Statements of a computed field or report.
const COMPUTED: u64 = 2;

/// Every type of the schema with what its fields take.
pub struct Table {
    pub(super) graph: &'static Graph,
    types: Vec<Type>,
    by_name: HashMap<String, usize>,
}

/// An object or interface.
pub struct Type(HashMap<String, Cost>);

/// What a field takes, apart from what is selected below it.
pub(super) struct Cost {
    /// The type of what is below.
    pub to: Option<usize>,
    /// Rows, each time.
    pub nodes: u64,
    /// Statements.
    pub reads: u64,
    /// How often what is below is there.
    pub times: Times,
    /// Whose rows are looked at.
    pub looks: Option<Looks>,
}

/// What is looked at to answer a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Looks {
    /// The rows.
    pub at: Kind,
    /// The rows that they hang on; none at the root.
    pub parent: Option<Kind>,
}

/// How often what is below a field is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    /// Once.
    Once,
    /// A connection: what is below its rows, as often as the page has rows.
    Page,
    /// What is followed: for each change of a batch.
    Batch,
    /// The rows of a connection: as often as its page has rows.
    EachRow,
    /// Figures over a whole list: at most so many rows.
    Figure(u64),
    /// One of these figures: over some of the rows, or one that has to sort them.
    Measure(Measure),
    /// A list: as long as the longest list among the arguments.
    Given,
    /// A mutation: as often as its input has items.
    Written,
}

/// What a figure takes besides the statement that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Nothing but its filters.
    Added,
    /// The rows in an order of their own.
    Sorted,
}

impl Table {
    /// Reads a schema.
    pub fn new(registry: &Registry, graph: &'static Graph) -> Self {
        let schema = Schema::of(registry, graph);
        let by_name: HashMap<String, usize> =
            registry.types.keys().enumerate().map(|(at, name)| (name.clone(), at)).collect();
        let types = registry.types.iter().map(|(name, ty)| {
            let fields = ty.fields().into_iter().flatten();
            Type(fields.map(|(field, meta)| (field.clone(), schema.cost(name, meta, &by_name))).collect())
        });
        Self { graph, types: types.collect(), by_name }
    }

    pub(super) fn named(&self, name: &str) -> Option<&Type> {
        self.by_name.get(name).and_then(|at| self.types.get(*at))
    }

    pub(super) fn at(&self, place: usize) -> Option<&Type> {
        self.types.get(place)
    }
}

impl Type {
    pub(super) fn field(&self, name: &str) -> Option<&Cost> {
        self.0.get(name)
    }
}

/// What has to be known of a schema to price its fields.
struct Schema<'a> {
    registry: &'a Registry,
    /// The rows of the graph, by the names of their types.
    rows: HashSet<&'a str>,
    /// The lists of rows.
    connections: HashSet<String>,
    edges: HashSet<String>,
    /// Fields that are computed, by their type.
    computed: HashSet<(&'a str, &'a str)>,
    /// What reports look at, by their name.
    looks: HashMap<&'a str, Kind>,
    graph: &'a Graph,
    /// Figures over lists, by the names of their types.
    figures: HashMap<String, Kind>,
    /// What mutations answer.
    payloads: HashSet<&'a str>,
}

impl<'a> Schema<'a> {
    fn of(registry: &'a Registry, graph: &'a Graph) -> Self {
        let named = |suffix: &str| graph.all().map(|of| format!("{}{suffix}", of.name)).collect();
        let derived = graph.all().flat_map(|of| of.derived.iter().map(|derived| (of.name, derived.name)));
        let reports = graph.reports.iter().map(|report| ("Query", report.name));
        let mutations = registry.types.get("Mutation").and_then(MetaType::fields).into_iter().flatten();
        Self {
            registry,
            rows: graph.all().map(|of| of.name).chain(["Node"]).collect(),
            connections: named("Connection"),
            edges: named("Edge"),
            computed: derived.chain(reports).collect(),
            looks: graph.reports.iter().map(|report| (report.name, report.over)).collect(),
            graph,
            figures: graph
                .all()
                .flat_map(|of| ["Aggregate", "Group"].map(|suffix| (format!("{}{suffix}", of.name), of.kind)))
                .collect(),
            payloads: mutations.map(|(_, field)| MetaTypeName::concrete_typename(&field.ty)).collect(),
        }
    }

    fn looks(&self, of: &str, field: &MetaField, named: &str) -> Option<Looks> {
        let listed = named.strip_suffix("Connection").and_then(|name| self.graph.named(name)).map(|of| of.kind);
        let parent = self.graph.named(of).map(|of| of.kind);
        let at = listed.or_else(|| self.looks.get(field.name.as_str()).copied().filter(|_| of == "Query"))?;
        Some(Looks { at, parent })
    }

    fn cost(&self, of: &str, field: &MetaField, places: &HashMap<String, usize>) -> Cost {
        let named = MetaTypeName::concrete_typename(&field.ty);
        let composite = self.registry.types.get(named).is_some_and(MetaType::is_composite);
        let to = places.get(named).copied().filter(|_| composite);
        let looks = self.looks(of, field, named);
        let cost = |nodes, reads, times| Cost { to, nodes, reads, times, looks };
        let (row, computed) = (self.rows.contains(named), self.computed.contains(&(of, field.name.as_str())));
        if of == "Mutation" {
            return cost(0, 0, Times::Written);
        }
        if of == "Subscription" {
            let looks = Some(Looks { at: Kind::Event, parent: None });
            return Cost { looks, ..cost(0, 0, Times::Batch) };
        }
        if self.connections.contains(of) {
            return match field.name.as_str() {
                "nodes" | "edges" | "pageInfo" => cost(0, 0, Times::EachRow),
                "__typename" => cost(0, 0, Times::Once),
                "groupBy" => cost(1, 1, Times::Figure(GROUPS)),
                _ => cost(0, 1, Times::Figure(1)),
            };
        }
        if let (Some(kind), false) = (self.figures.get(of), field.args.is_empty()) {
            let sorted = matches!(field.name.as_str(), "countDistinct" | "median" | "percentile");
            let measure = if sorted { Measure::Sorted } else { Measure::Added };
            return Cost { looks: Some(Looks { at: *kind, parent: None }), ..cost(0, 0, Times::Measure(measure)) };
        }
        if self.edges.contains(of) {
            return cost(0, 0, Times::Once);
        }
        if self.connections.contains(named) {
            return cost(0, 0, Times::Page);
        }
        let reads = match (computed, row) {
            (true, _) => COMPUTED,
            // What a row refers to is joined to it; everywhere else a row is looked up.
            (false, true) => u64::from(!self.rows.contains(of)),
            (false, false) => 0,
        };
        // A mutation's answers are as many as its items: the mutation itself is multiplied by them.
        let listed = composite && field.ty.contains('[') && !self.payloads.contains(of);
        cost(u64::from(row), reads, if listed { Times::Given } else { Times::Once })
    }
}

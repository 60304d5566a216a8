//! Which ways into the graph an operation takes: a list of deals, a filter of leads, the verb `winDeal`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, Field, OperationType, Selection, SelectionSet};
use tests::inputs::{Inputs, SESSIONS};
use tributary::schema::GRAPH;
use tributary::store::descriptor::{Descriptor, Key};

/// Where a way leads, and which it is: `Deal`, `winDeal`.
pub type Path = (String, String);

/// The ways of reading that every kind has.
const READS: [&str; 5] = ["one", "list", "filter", "aggregate", "groupBy"];

static INPUTS: LazyLock<Inputs> = LazyLock::new(Inputs::read);

/// Every way that the declarations make.
pub fn all() -> BTreeSet<Path> {
    let reads = GRAPH.all().flat_map(|of| READS.map(|way| (of.name.to_owned(), way.to_owned())));
    let reports = GRAPH.reports.iter().map(|report| (report.name.to_owned(), "report".to_owned()));
    let writes = INPUTS.mutations().into_iter().filter(|mutation| !SESSIONS.contains(mutation));
    reads.chain(reports).chain(writes.filter_map(write)).collect()
}

/// A mutation as a way. That of many things is that of one: the same command.
fn write(mutation: &str) -> Option<Path> {
    let one = INPUTS.mutations().into_iter().find(|one| INPUTS.twin(one) == Some(mutation)).unwrap_or(mutation);
    if SESSIONS.contains(&one) {
        return None;
    }
    let of = GRAPH.all().find(|of| of.own_verbs().any(|verb| verb.name == one) || is_plain(of, one));
    let of = of.unwrap_or_else(|| panic!("no kind has {mutation}"));
    Some((of.name.to_owned(), one.to_owned()))
}

fn is_plain(of: &Descriptor, mutation: &str) -> bool {
    of.plain().any(|(start, _)| mutation == format!("{start}{}", of.name))
}

/// The ways of an operation.
pub fn of_document(document: &str) -> BTreeSet<Path> {
    let parsed = parse_query(document).unwrap_or_else(|error| panic!("{error}\n{document}"));
    let operations: Vec<_> = match parsed.operations {
        DocumentOperations::Single(one) => vec![one],
        DocumentOperations::Multiple(all) => all.into_values().collect(),
    };
    let mut walk = Walk::default();
    for operation in operations {
        let selected = &operation.node.selection_set.node;
        match operation.node.ty {
            OperationType::Query => fields(selected).for_each(|field| walk.root(field)),
            OperationType::Mutation => fields(selected).for_each(|field| walk.mutation(field)),
            OperationType::Subscription => walk.unknown(selected),
        }
    }
    walk.found
}

fn fields(selected: &SelectionSet) -> impl Iterator<Item = &Field> {
    selected.items.iter().filter_map(|item| match &item.node {
        Selection::Field(field) => Some(&field.node),
        _ => None,
    })
}

#[derive(Default)]
struct Walk {
    found: BTreeSet<Path>,
}

impl Walk {
    fn take(&mut self, of: &Descriptor, way: &str) {
        self.found.insert((of.name.to_owned(), way.to_owned()));
    }

    fn root(&mut self, field: &Field) {
        let (name, selected) = (field.name.node.as_str(), &field.selection_set.node);
        if let Some(of) = GRAPH.all().find(|of| of.single == name) {
            self.take(of, "one");
            self.object(of, selected);
        } else if let Some(of) = GRAPH.all().find(|of| of.plural == name) {
            self.connection(of, field);
        } else if GRAPH.reports.iter().any(|report| report.name == name) {
            self.found.insert((name.to_owned(), "report".to_owned()));
        } else {
            self.unknown(selected);
        }
    }

    fn mutation(&mut self, field: &Field) {
        self.found.extend(write(field.name.node.as_str()));
        self.unknown(&field.selection_set.node);
    }

    /// Below what is no kind (a payload, the viewer, a node), fields that are called like a kind lead to one.
    fn unknown(&mut self, selected: &SelectionSet) {
        for item in &selected.items {
            match &item.node {
                Selection::Field(field) => {
                    let below = &field.node.selection_set.node;
                    match GRAPH.all().find(|of| of.single == field.node.name.node.as_str()) {
                        Some(of) => self.object(of, below),
                        None => self.unknown(below),
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    let below = &fragment.node.selection_set.node;
                    if let Some(of) = GRAPH.all().find(|of| Some(of.name) == on) {
                        self.take(of, "one");
                        self.object(of, below);
                    }
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn object(&mut self, of: &Descriptor, selected: &SelectionSet) {
        for field in fields(selected) {
            let Some(link) = of.link(field.name.node.as_str()) else { continue };
            match link.key {
                Key::One(_) => self.object(GRAPH.of(link.to), &field.selection_set.node),
                Key::Many(_) => self.connection(GRAPH.of(link.to), field),
            }
        }
    }

    fn connection(&mut self, of: &Descriptor, connection: &Field) {
        if connection.get_argument("filter").is_some() {
            self.take(of, "filter");
        }
        for field in fields(&connection.selection_set.node) {
            let below = &field.selection_set.node;
            match field.name.node.as_str() {
                "totalCount" => self.take(of, "list"),
                "nodes" => {
                    self.take(of, "list");
                    self.object(of, below);
                }
                "edges" => {
                    self.take(of, "list");
                    fields(below).for_each(|node| self.object(of, &node.selection_set.node));
                }
                way @ ("aggregate" | "groupBy") => self.take(of, way),
                _ => {}
            }
        }
    }
}

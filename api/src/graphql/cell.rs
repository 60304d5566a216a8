//! What the machinery serves: the graph and the types of its schema. Whoever lists the slices says so once, before anything
//! is asked; so the machinery knows no slice, and no slice the list.

use std::sync::OnceLock;

use async_graphql::registry::Registry;

use crate::store::descriptor::Graph;

/// What is served.
pub struct Served {
    /// The entities and reports.
    pub graph: Graph,
    /// Makes the types of the schema.
    pub types: fn() -> Registry,
}

static SERVED: OnceLock<Served> = OnceLock::new();

/// Says what is served, the first time; answers what is.
pub fn serve(what: impl FnOnce() -> Served) -> &'static Graph {
    &SERVED.get_or_init(what).graph
}

/// The graph that is served.
pub fn graph() -> &'static Graph {
    &served().graph
}

/// The types of the schema that is served.
pub fn types() -> Registry {
    (served().types)()
}

#[expect(clippy::expect_used, reason = "there is no schema before it was said what is served")]
fn served() -> &'static Served {
    SERVED.get().expect("what is served was said first")
}

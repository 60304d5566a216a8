//! Every integration test, in one binary: one module a slice or a promise.

mod attribution;
mod attribution_rules;
mod auth;
mod budget;
mod cli;
mod conversion;
mod deal;
mod fields;
mod lists;
mod money;
mod pages;
mod rows;
mod schema;
mod smoke;
mod tidy;

/// An id as clients see it.
fn gid(prefix: &str, id: uuid::Uuid) -> String {
    format!("{prefix}_{}", id.simple())
}

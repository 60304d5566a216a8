//! Every integration test, in one binary: one module a slice or a promise.

mod attribution_rules;
mod auth;
mod budget;
mod cli;
mod fields;
mod lists;
mod money;
mod pages;
mod rows;
mod schema;
mod smoke;

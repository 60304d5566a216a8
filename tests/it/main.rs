//! Every integration test, in one binary: one module a slice or a promise.

mod attribution_rules;
mod money;
mod rows;
mod smoke;

//! Every integration test, in one binary: one module a slice or a promise.

mod activity;
mod allowed;
mod amounts;
mod arguments;
mod attribution;
mod attribution_rules;
mod auth;
mod batch;
mod budget;
mod campaign;
mod cases;
mod circles;
mod cleaning;
mod cli;
mod codes;
mod commit;
mod contact;
mod conventions;
mod conversion;
mod crash;
mod dates;
mod deal;
mod deep;
mod demo;
mod differential;
mod entries;
mod event;
mod explain;
mod feed;
mod fields;
mod figures;
mod filters;
mod given_up;
mod handoff;
mod hostile;
mod http;
mod idempotency;
mod import;
mod import_files;
mod import_numbers;
mod import_plans;
mod import_steps;
mod inputs;
mod lead;
mod lead_rules;
mod lifecycles;
mod limits;
mod line_item;
mod lists;
mod metrics;
mod model;
mod money;
mod nulls;
mod pages;
mod playground;
mod questions;
mod races;
mod readme;
mod replicas;
mod rows;
mod scalars;
mod schema;
mod security;
mod server;
mod service;
mod smoke;
mod socket;
mod spelling;
mod stage;
mod stream;
mod tidy;
mod time_zone;
mod tokens;
mod touchpoint;
mod upsert;
mod user;
mod validation;
mod warrants;

/// An id as clients see it.
fn gid(prefix: &str, id: uuid::Uuid) -> String {
    format!("{prefix}_{}", id.simple())
}

/// Time passes, and the people of sales sign in again (an access token lives for minutes).
async fn pass(world: &tests::World, cast: &mut tests::Cast, by: chrono::Duration) {
    world.clock.advance(by);
    for actor in [&mut cast.admin, &mut cast.manager, &mut cast.rep, &mut cast.other_rep] {
        if let Some(role) = actor.role {
            *actor = world.sign_in(actor.id, role).await;
        }
    }
}

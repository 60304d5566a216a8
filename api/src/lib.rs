//! Tributary: one graph from the first touch of a campaign to closed revenue.
//!
//! | where | what |
//! | --- | --- |
//! | [`app`], [`config`], [`error`], [`clock`] | the service as a value; its settings, errors, time |
//! | [`cli`] | the commands: serve, migrate, seed, schema, user |
//! | [`checks`], [`bulk`] | what the inputs of many mutations have in common |
//! | [`places`] | who moves up where a row is put |
//! | [`lifecycle`] | the life of a row as a table |
//! | [`similar`] | which name a misspelt one may stand for |
//! | [`http`], [`server`] | the only axum: routes, GraphQL over HTTP, the accept loop |
//! | [`documents`] | documents parsed before, and those that may run |
//! | [`rate_limit`], [`allowance`] | what each principal may spend |
//! | [`access`] | who may do what: the policy table, tokens, passwords |
//! | [`observability`] | figures and traces for operators |
//! | [`store`] | the database as one viewer may see it |
//! | [`schema`] | the list of the slices, above everything: the declarations, the roots, what runs requests |
//! | [`graphql`] | the machinery between GraphQL and the store |
//! | [`request`] | what comes with a request besides its document |
//! | [`history`] | rows loaded in bulk with their events, for demo data and imports |
//! | [`demo`] | a made-up company to try everything with |
//! | [`import`] | people's own data, from CSV files |
//! | the rest | slices: one folder a thing of the business |

pub mod access;
pub mod allowance;
pub mod app;
pub mod bulk;
pub mod checks;
pub mod cleaning;
pub mod cli;
pub mod clock;
pub mod config;
pub mod documents;
pub mod error;
pub mod graphql;
pub mod history;
pub mod http;
pub mod lifecycle;
pub mod money;
pub mod observability;
pub mod places;
pub mod rate_limit;
pub mod request;
pub mod schema;
pub mod server;
pub mod similar;
pub mod spelling;
pub mod store;
pub mod weight;

pub mod activity;
pub mod attribution;
pub mod auth;
pub mod calendar;
pub mod campaign;
pub mod campaign_member;
pub mod company;
pub mod contact;
pub mod deal;
pub mod deal_contact;
pub mod demo;
pub mod event;
pub mod exchange_rate;
pub mod handoff;
pub mod import;
pub mod lead;
pub mod line_item;
pub mod pipeline;
pub mod product;
pub mod security_event;
pub mod stage;
pub mod team;
pub mod touchpoint;
pub mod transition;
pub mod user;

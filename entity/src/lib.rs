//! What is stored: one table a file, with the enums that only this table uses.
//!
//! A `Model` is a plain row. There are no relations and no logic here beyond small pure methods:
//! who may see a row, how rows are joined and what may be done with them is decided elsewhere.
//!
//! Conventions: ids are UUIDv7; times are UTC; money is an integer count of minor units with an
//! ISO 4217 code beside it; lists are JSON. Every row that can change starts with the same columns:
//! `id`, `created_at`, `updated_at`, `created_by`, `version`, `deleted_at`.

#[macro_use]
mod choice;
pub mod enums;

pub mod activity; // what was done, or is planned, with a customer
pub mod attribution_credit; // who gets the credit for a won deal
pub mod campaign; // marketing campaigns
pub mod campaign_member; // contacts in a campaign
pub mod company; // organisations
pub mod contact; // people outside the company
pub mod deal; // sales
pub mod deal_contact; // people in a deal
pub mod event; // the log of everything that changed
pub mod event_sequence; // the counter of that log
pub mod exchange_rate; // currencies into the base currency
pub mod handoff; // leads handed from marketing to sales
pub mod idempotency_record; // answers to repeated calls
pub mod known_network; // where people have signed in from
pub mod lead; // qualification episodes of a contact
pub mod line_item; // what deals are made of
pub mod pipeline; // ways a sale can go
pub mod product; // what is sold
pub mod refresh_token; // sign-ins that can be renewed
pub mod security_event; // what was refused
pub mod setting; // settings that belong to the data
pub mod signing_key; // keys that sign access tokens
pub mod stage; // steps of a pipeline
pub mod team; // teams of users
pub mod touchpoint; // touches of people by marketing
pub mod transition; // changes of state
pub mod user; // people who sign in (table `app_user`)

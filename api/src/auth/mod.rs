//! Signing in and out: sessions of rotating refresh tokens, short access tokens, and what a viewer may do.
//!
//! A session is a family of refresh tokens: one sign-in and everything exchanged from it. Access tokens name their
//! session, and every request looks it up, so a session that has ended is refused at once. What is written here are
//! platform tables: no event, but a line in the log.

pub mod accounts;
pub mod entrance;
pub mod graphql;
pub mod keys;
pub mod matrix;
pub mod networks;
pub mod principals;
pub mod rules;
pub mod sessions;
pub mod throttle;
pub mod viewer;

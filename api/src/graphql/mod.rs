//! The machinery between GraphQL and the store. It knows no entity, but what is served ([`cell`]).
//!
//! Reading: [`pick`] (what is selected) → [`plan`] (what it takes) → [`load`] (one statement a level) → [`render`].
//! Following: [`subscription`] reads the changes of the log by the same plans.
//! Writing: [`judge`] (what was said) → [`input`] for the plain mutations of every entity, [`mutation`] for the verbs of
//! their lives.

pub mod answer;
pub mod batch;
pub mod cell;
pub mod cost;
pub mod evolution;
mod figures;
pub mod filter;
pub mod host;
pub(crate) mod input;
pub mod judge;
mod load;
pub mod made;
pub mod mutation;
pub mod near;
pub mod node;
pub mod on_error;
mod panics;
pub mod permit;
pub mod pick;
pub mod plan;
pub mod refusals;
mod register;
mod render;
pub(crate) mod root;
pub mod scalar;
pub(crate) mod subscription;
pub mod validation;
pub mod validity;
pub mod value;
pub mod views;

use async_graphql::ContextBase;

use self::host::Host;
use crate::error::{Error, Result};
use crate::store::Reader;

/// What the schema is, for who looks at it.
pub const DESCRIPTION: &str = "Tributary: sales and marketing in one graph, from the first touch of a campaign to closed \
    revenue. Lists are connections (`first`, `after`, `filter`, `orderBy`) with `aggregate` and `groupBy`; each mutation \
    takes one `input` and answers what a person can mend as `userErrors`; what the viewer may not read is null with one \
    error that says so.";

/// What is around this request.
///
/// # Errors
/// INTERNAL: the request came past it.
pub fn host<'a, T>(ctx: &ContextBase<'a, T>) -> Result<&'a Host> {
    ctx.data_opt::<Host>().ok_or_else(|| Error::internal("a request without its host"))
}

/// The viewer's eyes in this request.
///
/// # Errors
/// UNAUTHENTICATED: nobody is signed in.
pub fn reader<'a, T>(ctx: &ContextBase<'a, T>) -> Result<&'a Reader> {
    ctx.data_opt::<Reader>().ok_or_else(Error::unauthenticated)
}

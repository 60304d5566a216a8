//! The machinery between GraphQL and the store. It knows no entity but in [`schema`].
//!
//! Reading: [`pick`] (what is selected) → [`plan`] (what it takes) → [`load`] (one statement a level) → [`render`].
//! Following: [`subscription`] reads the changes of the log by the same plans.
//! Writing: [`judge`] (what was said) → [`input`] for the plain mutations of every entity, [`mutation`] for the verbs of
//! their lives.

pub mod batch;
pub mod cost;
pub mod evolution;
pub mod executable;
pub mod filter;
pub(crate) mod input;
pub mod judge;
mod load;
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
pub mod schema;
pub(crate) mod subscription;
mod totals;
pub mod validation;
pub mod validity;
pub mod value;
pub mod views;

use async_graphql::ContextBase;

use crate::app::App;
use crate::error::{Error, Result};
use crate::store::Reader;

/// The service that answers this request.
///
/// # Errors
/// INTERNAL: the request came past it.
pub fn app<'a, T>(ctx: &ContextBase<'a, T>) -> Result<&'a App> {
    ctx.data_opt::<App>().ok_or_else(|| Error::internal("a request without its app"))
}

/// The viewer's eyes in this request.
///
/// # Errors
/// UNAUTHENTICATED: nobody is signed in.
pub fn reader<'a, T>(ctx: &ContextBase<'a, T>) -> Result<&'a Reader> {
    ctx.data_opt::<Reader>().ok_or_else(Error::unauthenticated)
}

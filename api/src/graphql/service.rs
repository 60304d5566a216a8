//! `__service` (a draft of the specification): what the service is capable of that its schema cannot say.

use async_graphql::{Context, ContextBase, Object, SimpleObject};

use super::on_error::OnError;
use super::{app, reader};
use crate::error::{Code, Error};

/// The part of the query root that is about the service.
#[derive(Default)]
pub struct ServiceQueries;

#[Object]
impl ServiceQueries {
    /// What the service is capable of. For who may look at the schema.
    #[graphql(name = "__service")]
    async fn service(&self, ctx: &Context<'_>) -> async_graphql::Result<Service> {
        let is_open = app(ctx).is_ok_and(|app| app.is_schema_open(reader(ctx).is_ok()));
        if is_open { Ok(Service) } else { Err(closed(ctx).into_resolver_error()) }
    }
}

/// Why somebody may not look at the schema.
pub fn closed<T>(ctx: &ContextBase<'_, T>) -> Error {
    let off = |_| Error::refused(Code::Forbidden, "Introspection is turned off here.");
    reader(ctx).map_or_else(|error| error, off)
}

/// What the service is capable of besides its schema.
pub struct Service;

#[Object(name = "__Service")]
impl Service {
    /// Each capability, by its identifier.
    async fn capabilities(&self) -> Vec<Capability> {
        vec![
            Capability {
                identifier: "graphql.onError",
                description: "Requests may say what an error does, by `onError`: NULL, PROPAGATE or HALT.",
                value: None,
            },
            Capability {
                identifier: "graphql.defaultErrorBehavior",
                description: "What an error does where the request says nothing.",
                value: Some(OnError::default().as_str()),
            },
        ]
    }
}

/// Something that the service can do.
#[derive(SimpleObject)]
#[graphql(name = "__Capability")]
pub struct Capability {
    /// What it is called.
    identifier: &'static str,
    /// What it is.
    description: &'static str,
    /// How it is set, where there is a choice.
    value: Option<&'static str>,
}

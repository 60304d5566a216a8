//! `onError` (a draft of the specification): what an error does to what is around it, as the request says.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextExecute, NextResolve, NextValidation, ResolveInfo,
};
use async_graphql::{PathSegment, Response, ServerError, ServerResult, ValidationResult, Value};

use super::panics::caught;
use super::validity;

/// What an error does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// It makes its own field null, whatever its type, and nothing else.
    Null,
    /// It makes the nearest nullable parent null, as always.
    #[default]
    Propagate,
    /// It ends the operation: there is no data.
    Halt,
}

impl OnError {
    /// Reads it as requests spell it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "NULL" => Some(Self::Null),
            "PROPAGATE" => Some(Self::Propagate),
            "HALT" => Some(Self::Halt),
            _ => None,
        }
    }
}

/// Keeps an error at its own place: a failing field of a nullable type is null by itself (the library makes its parent
/// null), and with [`OnError::Null`] every failing field is. With [`OnError::Halt`] no mutation runs after one that
/// failed.
///
/// It is the only extension, since each one boxes what every step of a request does; so it asks as well whether a request
/// is [known to be valid](validity).
#[derive(Default)]
pub struct InPlace {
    errors: Mutex<Vec<ServerError>>,
    failed: AtomicBool,
}

/// Makes one for each request.
pub struct InPlaceFactory;

impl ExtensionFactory for InPlaceFactory {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(InPlace::default())
    }
}

#[async_trait::async_trait]
impl Extension for InPlace {
    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        match validity::known(ctx) {
            Some(valid) => Ok(valid),
            None => next.run(ctx).await,
        }
    }

    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let mut response = next.run(ctx, operation_name).await;
        response.errors.append(&mut self.errors.lock().unwrap_or_else(PoisonError::into_inner));
        response
    }

    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let on_error = ctx.data_opt::<OnError>().copied().unwrap_or_default();
        let writes = info.parent_type == "Mutation";
        if writes && on_error == OnError::Halt && self.failed.load(Ordering::Relaxed) {
            return Ok(None);
        }
        if info.parent_type == "__Schema" && info.name == "description" {
            return Ok(Some(Value::from(super::DESCRIPTION)));
        }
        // The library's own entry says of `__schema` that it may be null; the specification says otherwise.
        let may_be_null = on_error == OnError::Null || !(info.return_type.ends_with('!') || info.name == "__schema");
        let (is_root, name) = (info.path_node.parent.is_none(), info.path_node.field_name().to_owned());
        let resolved = match is_root {
            true => caught(next.run(ctx, info))
                .await
                .unwrap_or_else(|error| Err(error.into_server_error(None, vec![PathSegment::Field(name)]))),
            false => next.run(ctx, info).await,
        };
        // A mutation that answers null has failed.
        if writes && !matches!(&resolved, Ok(Some(value)) if *value != Value::Null) {
            self.failed.store(true, Ordering::Relaxed);
        }
        match resolved {
            Err(error) if may_be_null => {
                self.errors.lock().unwrap_or_else(PoisonError::into_inner).push(error);
                Ok(None)
            }
            resolved => resolved,
        }
    }
}

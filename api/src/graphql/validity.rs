//! A document that the schema has found valid is not validated again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation};
use async_graphql::{CacheControl, ServerError, ValidationResult};

/// Whether a document was found valid. It travels with the requests that ask for the document and for which nothing but
/// the document decides: a request without it is always validated.
#[derive(Clone, Debug, Default)]
pub struct Validity(Arc<AtomicBool>);

/// Leaves validation out where [`Validity`] knows the outcome.
pub struct ValidateOnce;

impl ExtensionFactory for ValidateOnce {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for ValidateOnce {
    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let Some(Validity(known)) = ctx.data_opt() else { return next.run(ctx).await };
        if known.load(Ordering::Relaxed) {
            // The service answers nothing from these figures; what a document costs is judged before.
            return Ok(ValidationResult { cache_control: CacheControl::default(), complexity: 0, depth: 0 });
        }
        let result = next.run(ctx).await?;
        known.store(true, Ordering::Relaxed);
        Ok(result)
    }
}

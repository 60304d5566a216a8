//! What was judged by [`validation`](super::validation) is not validated again by the library.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation};
use async_graphql::{CacheControl, ServerError, ValidationResult};

/// Travels with a request whose document and variables are valid. A request without it is validated by the library.
pub struct IsValid;

/// Leaves the library's validation out where the request [`IsValid`].
pub struct ValidatedBefore;

impl ExtensionFactory for ValidatedBefore {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for ValidatedBefore {
    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        if ctx.data_opt::<IsValid>().is_none() {
            return next.run(ctx).await;
        }
        // The service answers nothing from these figures; what a document costs is judged before.
        Ok(ValidationResult { cache_control: CacheControl::default(), complexity: 0, depth: 0 })
    }
}

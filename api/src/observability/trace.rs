//! Traces for OpenTelemetry (OTLP over HTTP, protobuf), sent only where the configuration names a collector.
//!
//! They are made of the spans of level DEBUG: the HTTP request, its operations, the calls of the database. No span holds
//! a document, a variable, a token or an address.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::{Level, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::error::{Error, Result};

/// How long the collector may take to accept a batch.
const PATIENCE: Duration = Duration::from_secs(5);

/// The way to the collector.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Sends spans in batches to `endpoint`, the collector's base address (`http://localhost:4318`). Needs a runtime.
    ///
    /// # Errors
    /// The address is none.
    pub fn to(endpoint: &str) -> Result<Self> {
        let client = HyperClient::with_default_connector(PATIENCE, None);
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(OnRuntime { client, runtime: Handle::current() })
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .build()
            .map_err(Error::internal)?;
        let resource = Resource::builder().with_service_name("tributary").build();
        Ok(Self(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
    }

    /// What hands the spans over.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let layer = tracing_opentelemetry::layer().with_tracer(self.0.tracer("tributary")).with_location(false);
        let ours = |meta: &tracing::Metadata<'_>| {
            meta.is_span() && *meta.level() == Level::DEBUG && meta.target().starts_with("tributary")
        };
        layer.with_threads(false).with_target(false).with_filter(filter_fn(ours))
    }

    /// Sends what is left.
    pub fn end(&self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Makes a span part of the trace that the caller has begun (W3C `traceparent`), if there is one.
pub fn follow(span: &Span, headers: &hyper::HeaderMap) {
    let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    if caller.span().span_context().is_valid() {
        // It fails where nobody listens to traces.
        let _ = span.set_parent(caller);
    }
}

/// Batches are sent from a thread of their own, which knows no runtime; the client needs one.
#[derive(Debug)]
struct OnRuntime {
    client: HyperClient,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> std::result::Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        self.runtime.spawn(async move { client.send_bytes(request).await }).await?
    }
}

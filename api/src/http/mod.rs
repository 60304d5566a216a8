//! The HTTP face: the only place that knows axum. Routes, GraphQL over HTTP, health, metrics, keys, playground.

mod admission;
mod answer;
mod apart;
mod charge;
mod gather;
mod graphql;
pub mod guard;
pub mod header_case;
mod headers;
mod live;
mod packed;
mod packing;
mod parameters;
pub mod peer;
mod persisted;
mod playground;
mod record;
mod sdl;
pub mod slots;
mod socket;
mod stream;
mod variables;
mod words;

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{any, get};
use futures_util::FutureExt;
use serde_json::json;
use subtle::ConstantTimeEq;
use tower_http::cors::{AllowHeaders, CorsLayer};

use self::answer::{Answer, Media};
pub use self::live::Lease;
use crate::app::App;
use crate::error::Code;

/// Every route of the service.
pub fn router(app: App) -> Router {
    let cors = cors(&app.config().cors_origins);
    let router = Router::new()
        .route("/graphql", any(graphql::endpoint))
        .route("/schema.graphql", get(sdl::text))
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/.well-known/jwks.json", get(jwks))
        .merge(playground::routes())
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(app.clone());
    let router = match cors {
        Some(cors) => router.layer(cors),
        None => router,
    };
    // One layer for everything: each would move the request, and box what it does, once more.
    router.layer(from_fn_with_state(app, headers::identify))
}

/// The whole answer to a request, whatever becomes of it.
async fn whole(request: Request, next: Next) -> Response<Body> {
    let accepted = packing::accepted(request.headers());
    let mut response = packing::packed(accepted, in_the_end(request, next).await).await;
    headers::secure(response.headers_mut());
    response
}

/// Answers a request that the service cannot finish before it leaves, and one that panics. What runs for the former is
/// given up, which ends its statements and takes it out of every queue.
async fn in_the_end(request: Request, next: Next) -> Response<Body> {
    let lease = request.extensions().get::<Lease>().cloned();
    let media = lease.is_some().then(|| Media::negotiate(request.headers())).flatten().unwrap_or(Media::Json);
    tokio::select! {
        biased;
        response = AssertUnwindSafe(next.run(request)).catch_unwind() => response.unwrap_or_else(panicked),
        () = live::overdue(lease) => Answer::failed(live::unfinished()).into_response(media),
    }
}

/// Browsers of the listed origins may call us, with whatever headers they ask for: tracing and client libraries add their
/// own, and none of them lets in who is not let in without. Without a list, no page of another origin may.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    let named = HeaderName::from_static;
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::HEAD, Method::POST, graphql::query_method()])
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers([named("x-request-id"), RETRY_AFTER, charge::RATE_LIMIT, charge::RATE_LIMIT_POLICY])
            .max_age(Duration::from_secs(600))
    })
}

/// The process lives.
async fn healthy() -> Response<Body> {
    fresh(axum::Json(json!({ "status": "ok" })).into_response())
}

/// The process can serve: what is written now is kept, and what is there can be read.
async fn ready(State(app): State<App>) -> Response<Body> {
    let answer = match app.ready().await {
        Ok(()) => axum::Json(json!({ "status": "ready" })).into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let body = axum::Json(json!({ "status": "unavailable", "reason": error.to_string() }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    };
    fresh(answer)
}

/// Figures for Prometheus, for who has the token of the metrics. Without such a token they are open while developing and
/// closed in production.
async fn metrics(State(app): State<App>, headers: HeaderMap) -> Response<Body> {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let open = match &app.config().metrics_token {
        Some(token) => is_equal(given, &format!("Bearer {}", token.expose())),
        None => !app.config().is_production(),
    };
    if open {
        return fresh(([(CONTENT_TYPE, METRICS_TYPE)], app.metrics_text()).into_response());
    }
    let message = "Send `Authorization: Bearer <TRIBUTARY_METRICS_TOKEN>`; without that setting there are no figures in production.";
    answer::plain_error(StatusCode::UNAUTHORIZED, Code::Unauthenticated, message)
}

/// OpenMetrics, which Prometheus reads.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Compares in a time that does not tell how much of the secret was right.
fn is_equal(given: &str, secret: &str) -> bool {
    given.as_bytes().ct_eq(secret.as_bytes()).into()
}

/// The public keys that verify our access tokens.
async fn jwks(State(app): State<App>) -> Response<Body> {
    ([(CACHE_CONTROL, "public, max-age=300")], axum::Json(app.keys().jwks().await)).into_response()
}

fn fresh(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn unknown() -> Response<Body> {
    answer::plain_error(
        StatusCode::NOT_FOUND,
        Code::NotFound,
        "There is nothing at this address. GraphQL is at /graphql.",
    )
}

async fn wrong_method() -> Response<Body> {
    answer::plain_error(StatusCode::METHOD_NOT_ALLOWED, Code::BadUserInput, "This address does not take this method.")
}

/// A panic costs one request, not the process; what it said goes to the log only.
fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response<Body> {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let message = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    tracing::error!(panic = message, "a request panicked");
    let message = "Something went wrong on our side. The request id in the response headers finds it in our logs.";
    answer::plain_error(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, message)
}

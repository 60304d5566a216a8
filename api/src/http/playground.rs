//! The built-in playground: one small page, offline, without inline scripts.

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;

/// The page may load its own script and style and talk to us; nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The page at `/` and what it loads.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(|| async { file("text/html; charset=utf-8", include_str!("playground.html")) }))
        .route(
            "/playground.js",
            get(|| async { file("text/javascript; charset=utf-8", include_str!("playground.js")) }),
        )
        .route("/playground.css", get(|| async { file("text/css; charset=utf-8", include_str!("playground.css")) }))
}

fn file(media: &'static str, content: &'static str) -> Response<Body> {
    ([(CONTENT_TYPE, media), (CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-cache")], content).into_response()
}

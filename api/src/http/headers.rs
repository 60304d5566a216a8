//! What every answer carries: a request id, security headers, and one line in the log.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{
    AUTHORIZATION, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use axum::middleware::Next;
use tokio::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

use super::peer::Peer;
use super::record::{self, Line};
use crate::app::App;
use crate::error::{Error, Result};
use crate::observability::trace;

/// The header of the request id.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id that we take over from a client.
const LONGEST_ID: usize = 64;

/// The id that finds a request in the logs.
#[derive(Clone, Debug, Default)]
pub struct RequestId(pub String);

impl RequestId {
    /// Takes over a sane id from the client or the proxy in front; otherwise makes one.
    fn of(headers: &HeaderMap) -> Self {
        let sane = |id: &&str| {
            (1..=LONGEST_ID).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let given = headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok()).filter(sane);
        Self(given.map_or_else(made, str::to_owned))
    }
}

/// A random id.
fn made() -> String {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        tracing::error!("the system has no randomness");
    }
    Uuid::from_bytes(bytes).simple().to_string()
}

/// The `Authorization` header, if there is one; two of them say nothing that could be trusted.
///
/// # Errors
/// UNAUTHENTICATED: it is given twice or is no text.
pub fn authorization(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    match (given.next().map(HeaderValue::to_str), given.next()) {
        (None, _) => Ok(None),
        (Some(Ok(authorization)), None) => Ok(Some(authorization)),
        _ => Err(Error::unauthenticated()),
    }
}

/// Gives the request an id, echoes it, and tells figures, trace and log of the request once: never its query, body or
/// headers.
pub async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response<Body> {
    let id = RequestId::of(request.headers());
    let echo = HeaderValue::from_str(&id.0).ok();
    let method = named(request.method());
    let path =
        request.extensions().get::<MatchedPath>().map_or_else(|| "-".to_owned(), |path| path.as_str().to_owned());
    let trace = tracing::debug_span!(
        "http",
        otel.name = format!("{method} {path}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = path,
        http.response.status_code = tracing::field::Empty,
        request.id = id.0,
    );
    trace::follow(&trace, request.headers());
    // At the level of errors, so that every filter that shows an error shows its id.
    let span = tracing::error_span!(parent: &trace, "request", id = %id.0);
    request.extensions_mut().insert(id);
    let connection = request.extensions().get().map(|ConnectInfo::<SocketAddr>(connection)| connection.ip());
    let peer = Peer::of(connection, request.headers(), &app.config().trusted_proxies);
    request.extensions_mut().insert(peer);
    let began = Instant::now();
    // Entered outside of the span of the log, so that what the layer of traces sees has it as its parent.
    let outer = trace.clone();
    async move {
        let (mut response, records) = record::gather(super::whole(request, next)).await;
        let (status, milliseconds) = (response.status().as_u16(), record::milliseconds(began.elapsed()));
        let Line { operation, kind, code, user } = Line::of(&records);
        let user = user.map(tracing::field::display);
        let peer = peer.0.map(tracing::field::display);
        tracing::info!(method, path, status, milliseconds, operation, r#type = kind, code, user, peer, "answered");
        trace.record("http.response.status_code", status);
        app.metrics().response(&path, method, status);
        if let Some(echo) = echo {
            response.headers_mut().insert(X_REQUEST_ID, echo);
        }
        response
    }
    .instrument(span)
    .instrument(outer)
    .await
}

/// A method as a word of a small vocabulary: clients can make up others.
fn named(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Adds the security headers; a handler that needs a wider content policy sets its own.
pub fn secure(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ));
}

//! Answers are compressed for who takes them so.

use std::convert::Infallible;
use std::future::ready;

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, VARY};
use axum::http::{HeaderMap, HeaderValue, Request, Response};
use tower::{Layer, ServiceExt, service_fn};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

/// What the client says of encodings; none if it says nothing.
pub fn accepted(headers: &HeaderMap) -> Option<HeaderMap> {
    let said = headers.get_all(ACCEPT_ENCODING);
    let said: HeaderMap = said.iter().map(|encodings| (ACCEPT_ENCODING, encodings.clone())).collect();
    (!said.is_empty()).then_some(said)
}

/// The answer as the client takes it. Who says nothing gets it as it is, past all that compressing takes.
pub async fn packed(accepted: Option<HeaderMap>, mut response: Response<Body>) -> Response<Body> {
    match accepted {
        Some(accepted) => Box::pin(compressed(accepted, response)).await,
        None => {
            let headers = response.headers();
            let fixed = [CONTENT_ENCODING, CONTENT_RANGE, VARY].iter().any(|name| headers.contains_key(name));
            if !fixed && whole().should_compress(&response) {
                response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
            }
            response
        }
    }
}

async fn compressed(accepted: HeaderMap, response: Response<Body>) -> Response<Body> {
    let mut request = Request::new(());
    *request.headers_mut() = accepted;
    let mut given = Some(response);
    let answer = service_fn(move |_: Request<()>| ready(Ok::<_, Infallible>(given.take().unwrap_or_default())));
    let Ok(response) = CompressionLayer::new().compress_when(whole()).layer(answer).oneshot(request).await;
    response.map(Body::new)
}

/// Streams would wait in the compressor; the default leaves out text/event-stream.
fn whole() -> impl Predicate {
    DefaultPredicate::new().and(NotForContentType::const_new("multipart/mixed"))
}

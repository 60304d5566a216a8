//! The playground: GraphiQL with our examples, built from `api/playground` and embedded, so that neither `cargo build`
//! nor the page needs a network.

use std::io::Read;
use std::sync::LazyLock;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use flate2::read::GzDecoder;
use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

use super::answer::{Answer, Media};
use crate::app::App;

/// What Vite made: `index.html.gz` and, beside it, what the page loads; every file compressed once and for all.
static BUILD: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/playground/build");

/// The page may load its own files, run them in workers too, and talk to us; nothing else. The editor writes its colours
/// into style elements of its own making.
const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; \
                      font-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; \
                      base-uri 'none'; form-action 'none'";

/// The page at `/`, what it loads, and whom it offers to sign in as.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(page))
        .route("/playground/demo-users.json", get(demo_users))
        .route("/playground/{file}", get(asset))
}

/// The page is asked for again every time and answered in full only when it has changed.
async fn page(headers: HeaderMap) -> Response<Body> {
    static TAG: LazyLock<String> = LazyLock::new(|| tag("index.html"));
    let same = headers.get_all(IF_NONE_MATCH).iter().any(|known| {
        let known = known.to_str().unwrap_or_default();
        known.split(',').any(|known| known.trim() == *TAG || known.trim() == "*")
    });
    let caching = [(ETAG, TAG.as_str()), (CACHE_CONTROL, "no-cache")];
    if same { (StatusCode::NOT_MODIFIED, caching).into_response() } else { file("index.html", caching, &headers).await }
}

/// The name of an asset holds the hash of its content: it is never asked for twice.
async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response<Body> {
    let caching = [(CACHE_CONTROL, "public, max-age=31536000, immutable")];
    file(&format!("playground/{name}"), caching, &headers).await
}

/// The demo users; none in production or over real data.
async fn demo_users(State(app): State<App>) -> Response<Body> {
    match app.demo_users().await {
        Ok(users) => super::fresh(axum::Json(users).into_response()),
        Err(error) => Answer::failed(error).into_response(Media::Json),
    }
}

async fn file(path: &str, caching: impl axum::response::IntoResponseParts, headers: &HeaderMap) -> Response<Body> {
    let Some(packed) = packed(path) else { return super::unknown().await };
    let common = [(CONTENT_TYPE, media(path)), (CONTENT_SECURITY_POLICY, POLICY), (VARY, "accept-encoding")];
    if takes_gzip(headers) {
        return (caching, common, [(CONTENT_ENCODING, "gzip")], Bytes::from_static(packed)).into_response();
    }
    let mut plain = Vec::new();
    match GzDecoder::new(packed).read_to_end(&mut plain) {
        Ok(_) => (caching, common, plain).into_response(),
        Err(error) => Answer::failed(crate::error::Error::internal(error)).into_response(Media::Json),
    }
}

fn packed(path: &str) -> Option<&'static [u8]> {
    BUILD.get_file(format!("{path}.gz")).map(|file| file.contents())
}

/// A weak tag: the page is the same in every encoding.
fn tag(path: &str) -> String {
    format!("W/\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(packed(path).unwrap_or_default())))
}

fn media(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("ttf") => "font/ttf",
        _ => "application/octet-stream",
    }
}

/// Does the client take gzip? A weight of zero says no (RFC 9110, 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let listed = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
    listed.flat_map(|list| list.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().trim_start_matches(['q', 'Q', '=']).parse::<f32>();
        name.trim().eq_ignore_ascii_case("gzip") && weight.unwrap_or(1.0) > 0.0
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn gzip_is_sent_to_who_takes_it() {
        for (accepted, taken) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000, *", false),
            ("identity", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            assert_eq!(takes_gzip(&headers), taken, "{accepted}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn everything_in_the_build_can_be_unpacked_and_has_a_media_type() {
        let folders = BUILD.dirs().flat_map(Dir::files).chain(BUILD.files());
        let mut seen = 0;
        for file in folders.filter(|file| file.path().extension().is_some_and(|ending| ending == "gz")) {
            let path = file.path().with_extension("").display().to_string();
            assert_ne!(media(&path), "application/octet-stream", "{path}");
            let mut plain = Vec::new();
            GzDecoder::new(file.contents()).read_to_end(&mut plain).unwrap();
            assert!(!plain.is_empty(), "{path}");
            seen += 1;
        }
        assert!(seen > 10, "{seen} files");
    }
}

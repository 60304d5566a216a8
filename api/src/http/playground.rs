//! The playground: GraphiQL with our examples, built from `api/playground` and embedded, so that neither `cargo build`
//! nor the page needs a network.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use include_dir::{Dir, include_dir};

use super::answer::{Answer, Media};
use super::packed::Packed;
use crate::app::App;

/// What Vite made: `index.html.gz` and its neighbours and, in a folder, what the page loads; every file compressed once
/// and for all.
static BUILD: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/playground/build");
/// The examples, a folder for each role. They are no part of the build: a new one needs no Node.
static EXAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/playground/examples");

/// The page may load its own files, run them in workers too, and talk to us; nothing else. The editor writes its colours
/// into style elements of its own making.
const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; \
                      font-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; \
                      base-uri 'none'; form-action 'none'";
/// Asked for again every time and answered in full only when it has changed.
const ASK_AGAIN: &str = "no-cache";
/// Files beside the page that have no hash in their name.
const FOR_A_DAY: &str = "public, max-age=86400";
/// The name holds the hash of the content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The page at `/`, what it loads, and whom it offers to sign in as.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(page))
        .route("/favicon.ico", get(async |headers: HeaderMap| file("favicon.ico", FOR_A_DAY, &headers).await))
        .route("/icon.svg", get(async |headers: HeaderMap| file("icon.svg", FOR_A_DAY, &headers).await))
        .route("/robots.txt", get(async |headers: HeaderMap| file("robots.txt", FOR_A_DAY, &headers).await))
        .route("/playground/demo-users.json", get(demo_users))
        .route("/playground/examples.json", get(examples))
        .route("/playground/{file}", get(asset))
        .layer(map_response(headed))
}

/// The headers of these addresses belong to the address, whatever the status: a browser takes those of a 304 over to the
/// page that it has kept.
async fn headed(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// Is it a person with a browser who asks for the graph, rather than a client with an operation?
pub fn is_wanted(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    let pairs = uri.query().unwrap_or_default().split('&');
    let mut names = pairs.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    let accepted: Vec<_> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let accepts = |media: &str| accepted.iter().any(|value| value.contains(media));
    *method == Method::GET
        && !names.any(|name| ["query", "extensions"].contains(&name))
        && accepts("text/html")
        && !accepts("json")
}

/// Sends a browser from the graph to the page beside it, under whatever path the two are.
pub fn from_graph() -> Response<Body> {
    ([(VARY, "accept"), (CACHE_CONTROL, "no-store")], Redirect::to("./")).into_response()
}

async fn page(headers: HeaderMap) -> Response<Body> {
    static PAGE: LazyLock<Option<Tagged>> = LazyLock::new(|| packed("index.html").map(Tagged::new));
    tagged(PAGE.as_ref(), &headers).await
}

/// Every example by its path: `analyst/1-funnel.graphql`.
async fn examples(headers: HeaderMap) -> Response<Body> {
    static ALL: LazyLock<Option<Tagged>> = LazyLock::new(|| {
        let files = EXAMPLES.dirs().flat_map(Dir::files);
        let texts = files.filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?)));
        let json = serde_json::to_string(&texts.collect::<BTreeMap<_, _>>()).ok()?;
        Packed::of(&json, "application/json").ok().map(Tagged::new)
    });
    tagged(ALL.as_ref(), &headers).await
}

async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response<Body> {
    file(&format!("playground/{name}"), FOR_EVER, &headers).await
}

/// The demo users; none in production or over real data.
async fn demo_users(State(app): State<App>) -> Response<Body> {
    match app.demo_users().await {
        Ok(users) => super::fresh(axum::Json(users).into_response()),
        Err(error) => Answer::failed(error).into_response(Media::Json),
    }
}

/// Content that keeps its address when it changes.
struct Tagged {
    content: Packed,
    tag: String,
}

impl Tagged {
    fn new(content: Packed) -> Self {
        Self { tag: content.tag(), content }
    }

    fn is_known(&self, headers: &HeaderMap) -> bool {
        let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
        known.flat_map(|tags| tags.split(',')).any(|tag| tag.trim() == self.tag || tag.trim() == "*")
    }
}

async fn tagged(found: Option<&Tagged>, headers: &HeaderMap) -> Response<Body> {
    let Some(found) = found else { return super::unknown().await };
    let caching: [(HeaderName, &str); 2] = [(ETAG, &found.tag), (CACHE_CONTROL, ASK_AGAIN)];
    if found.is_known(headers) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, found.content.answer(headers)).into_response()
}

async fn file(path: &str, caching: &'static str, headers: &HeaderMap) -> Response<Body> {
    match packed(path) {
        Some(content) => ([(CACHE_CONTROL, caching)], content.answer(headers)).into_response(),
        None => super::unknown().await,
    }
}

fn packed(path: &str) -> Option<Packed> {
    BUILD.get_file(format!("{path}.gz")).map(|file| Packed::embedded(file.contents(), media(path)))
}

fn media(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("ico") => "image/x-icon",
        Some("ttf") => "font/ttf",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn everything_in_the_build_can_be_unpacked_and_has_a_media_type() {
        let folders = BUILD.dirs().flat_map(Dir::files).chain(BUILD.files());
        let mut seen = 0;
        for file in folders.filter(|file| file.path().extension().is_some_and(|ending| ending == "gz")) {
            let path = file.path().with_extension("").display().to_string();
            assert_ne!(media(&path), "application/octet-stream", "{path}");
            let plain = packed(&path).unwrap().answer(&HeaderMap::new());
            assert_eq!(plain.status(), StatusCode::OK, "{path}");
            assert!(!to_bytes(plain.into_body(), usize::MAX).await.unwrap().is_empty(), "{path}");
            seen += 1;
        }
        assert!(seen > 10, "{seen} files");
    }

    #[test]
    fn a_browser_is_told_from_a_client() {
        let chromium = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
        let firefox = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (uri, accept, wanted) in [
            ("/graphql", chromium, true),
            ("/graphql", firefox, true),
            ("/graphql?", "text/html", true),
            ("/graphql?from=mail", "text/html", true),
            ("/graphql?query=%7B__typename%7D", chromium, false),
            ("/graphql?extensions=%7B%7D", chromium, false),
            ("/graphql", "application/json, text/html", false),
            ("/graphql", "application/graphql-response+json", false),
            ("/graphql", "*/*", false),
            ("/graphql", "", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(is_wanted(&Method::GET, &Uri::from_static(uri), &headers), wanted, "{uri} {accept}");
            assert!(!is_wanted(&Method::POST, &Uri::from_static(uri), &headers));
        }
    }
}

//! The playground: what it serves, that its build is current, and that its examples are those of `tests/cases/demo`, where they
//! are run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use axum::body::{Body, Bytes};
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tests::World;
use tower::ServiceExt;
use tributary::access::policy;
use tributary::demo;
use tributary::http::router;

use crate::cases::{examples, hold, spelt};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../api/playground")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect()
}

#[test]
fn the_examples_are_those_of_the_scenarios() {
    let (folder, files) = (folder().join("examples"), examples::files());
    for (path, text) in &files {
        hold(&folder.join(path), text, "is written from tests/cases/demo");
    }
    let in_role = |role: String| names(&folder.join(&role)).into_iter().map(move |file| format!("{role}/{file}"));
    let there: BTreeSet<_> = names(&folder).into_iter().flat_map(in_role).collect();
    assert_eq!(there, files.into_keys().collect(), "examples without a step in tests/cases/demo are to be removed");
}

#[test]
fn every_example_says_what_to_look_at_and_tells_something() {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for step in examples::of_playground() {
        let name = format!("{}: {}", spelt(step.role), step.title);
        assert!(
            step.prose.first().is_some_and(|line| line.starts_with("Look at: ")),
            "{name} does not say what to look at"
        );
        assert_eq!(step.operation.errors, "", "{name}");
        *count.entry(spelt(step.role)).or_default() += 1;
        // A subscription has no answer; the browser test runs it.
        if step.operation.document.starts_with("subscription ") {
            continue;
        }
        let data: Map<String, Value> = serde_json::from_str(&step.operation.data).expect("an answer");
        for (field, value) in data {
            assert!(tells(&value), "{name}: {field} tells nothing: {value}");
            assert!(value.get("userErrors").is_none_or(|errors| *errors == json!([])), "{name}: {value}");
        }
    }
    assert!(
        count.len() == policy::ROLES.len() && count.values().all(|count| *count >= 4),
        "some tell too little: {count:?}"
    );
}

/// Not null, and neither its rows nor its groups are empty.
fn tells(value: &Value) -> bool {
    let empty = json!([]);
    !value.is_null()
        && ["nodes", "groupBy", "results", "byCampaign", "byChannel"].iter().all(|list| value[list] != empty)
}

#[tokio::test]
async fn the_page_comes_compressed_guarded_and_once() {
    tests::on_sqlite(async |world| {
        let page = get(&world, "/", &[("accept-encoding", "gzip, deflate")]).await;
        assert_eq!((page.status, page.header("content-encoding")), (StatusCode::OK, "gzip"));
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!((page.header("cache-control"), page.header("vary")), ("no-cache", "accept-encoding"));
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        for open in ["unsafe-eval", "http:", "https:", "*", "blob:"] {
            assert!(!policy.contains(open), "{policy}");
        }

        let tag = page.header("etag").to_owned();
        for known in [tag.clone(), format!("\"other\", {tag}"), "*".to_owned()] {
            let again = get(&world, "/", &[("if-none-match", &known)]).await;
            assert_eq!((again.status, again.header("etag")), (StatusCode::NOT_MODIFIED, tag.as_str()), "{known}");
            assert!(again.body.is_empty());
        }
        assert_eq!(get(&world, "/", &[("if-none-match", "W/\"other\"")]).await.status, StatusCode::OK);

        // Who takes no gzip gets the text itself.
        let plain = get(&world, "/", &[]).await;
        assert_eq!((plain.status, plain.header("content-encoding"), plain.header("etag")), (StatusCode::OK, "", &*tag));
        let html = String::from_utf8(plain.body.to_vec()).expect("text");
        let parts = html.split('"').filter_map(|part| part.strip_prefix("./playground/"));
        let parts: BTreeSet<&str> = parts.collect();
        assert!(parts.iter().any(|part| part.ends_with(".js")) && parts.iter().any(|part| part.ends_with(".css")));
        for part in parts {
            let asset = get(&world, &format!("/playground/{part}"), &[("accept-encoding", "gzip")]).await;
            assert_eq!((asset.status, asset.header("content-encoding")), (StatusCode::OK, "gzip"), "{part}");
            assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
            // A worker lives under the policy of its own file.
            assert_eq!(asset.header("content-security-policy"), policy);
        }
        for nowhere in ["/playground/nothing.js", "/playground/..%2findex.html", "/playground/sources.sha256"] {
            let answer = get(&world, nowhere, &[]).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{nowhere}");
            assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "NOT_FOUND");
        }
    })
    .await;
}

/// A browser takes the headers of a 304 over to the page that it has kept: whatever the status, they are the same.
#[tokio::test]
async fn headers_belong_to_the_address_and_not_to_the_status() {
    tests::on_sqlite(async |world| {
        let html = String::from_utf8(get(&world, "/", &[]).await.body.to_vec()).expect("text");
        let script = html.split('"').find_map(|part| part.strip_prefix("./").filter(|part| part.ends_with(".js")));
        let script = format!("/{}", script.expect("a script"));
        for path in ["/", "/playground/examples.json", &script, "/favicon.ico", "/icon.svg", "/robots.txt"] {
            let first = get(&world, path, &[]).await;
            assert_eq!(first.status, StatusCode::OK, "{path}");
            let policy = first.header("content-security-policy");
            assert!(policy.contains("script-src 'self'"), "{path}: {policy}");
            let same = |other: &Got, what: &str| {
                for name in first.headers.keys().filter(|name| !OF_THE_CONTENT.contains(&name.as_str())) {
                    if name != "x-request-id" {
                        assert_eq!(first.headers.get(name), other.headers.get(name), "{path}, {what}: {name}");
                    }
                }
            };
            for extra in ["if-none-match", "if-modified-since", "range", "accept", "cache-control"] {
                let value = match extra {
                    "if-none-match" => first.header("etag"),
                    "if-modified-since" => "Mon, 30 Nov 2026 00:00:00 GMT",
                    "range" => "bytes=0-9",
                    "accept" => "image/*",
                    _ => "no-cache",
                };
                if value.is_empty() {
                    continue;
                }
                let again = get(&world, path, &[(extra, value)]).await;
                let known = extra == "if-none-match";
                assert_eq!(again.status, if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK }, "{path}");
                same(&again, extra);
            }
            let head = fetch(&world, Request::head(path), &[]).await;
            assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0), "{path}");
            same(&head, "HEAD");
        }
        // What the service itself answers at such an address is no page, but no other rules come with it.
        let missing = get(&world, "/playground/nothing.js", &[]).await;
        assert!(missing.header("content-security-policy").contains("script-src 'self'"));
        let strict = get(&world, "/healthz", &[]).await;
        assert!(strict.header("content-security-policy").starts_with("default-src 'none'; frame-ancestors 'none'"));
    })
    .await;
}

/// What a 304 and the answer to HEAD may leave out.
const OF_THE_CONTENT: [&str; 3] = ["content-type", "content-encoding", "content-length"];

#[tokio::test]
async fn addresses_that_people_and_tools_try_answer() {
    tests::on_sqlite(async |world| {
        for (path, media, begins) in [
            ("/favicon.ico", "image/x-icon", &b"\x00\x00\x01\x00"[..]),
            ("/icon.svg", "image/svg+xml", b"<svg "),
            ("/robots.txt", "text/plain; charset=utf-8", b"User-agent: *\nDisallow: /\n"),
        ] {
            let answer = get(&world, path, &[]).await;
            assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, media), "{path}");
            assert!(answer.body.starts_with(begins), "{path}");
        }

        let browser = [("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")];
        let page = get(&world, "/graphql", &browser).await;
        assert_eq!((page.status, page.header("location")), (StatusCode::SEE_OTHER, "./"));
        assert_eq!((page.header("vary"), page.header("cache-control")), ("accept", "no-store"));
        // A browser that brings an operation, and a client that brings none, are answered by the graph.
        let asked = get(&world, "/graphql?query=%7B__typename%7D", &browser).await;
        assert_eq!(asked.json()["data"]["__typename"], "Query");
        assert_eq!(get(&world, "/graphql", &[]).await.status, StatusCode::BAD_REQUEST);
    })
    .await;
}

#[tokio::test]
async fn the_schema_is_text_for_whoever_may_introspect() {
    tests::on_sqlite(async |world| {
        let admin = world.cast().await.admin;
        let bearer = format!("Bearer {}", admin.token);
        let committed = fs::read(folder().join("../../schema.graphql")).expect("readable");
        for headers in [vec![], vec![("accept-encoding", "gzip")]] {
            let headers = [headers, vec![("authorization", bearer.as_str())]].concat();
            let schema = get(&world, "/schema.graphql", &headers).await;
            assert_eq!((schema.status, schema.header("cache-control")), (StatusCode::OK, "no-store"));
            assert_eq!(schema.header("content-type"), "application/graphql; charset=utf-8");
            assert_eq!(schema.header("content-encoding") == "gzip", headers.len() == 2);
            assert!(headers.len() == 2 || schema.body == committed);
        }
        for headers in [vec![], vec![("authorization", "Bearer no.such.token")]] {
            let stranger = get(&world, "/schema.graphql", &headers).await;
            assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
            assert_eq!(stranger.json()["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        }
        let closed = world.again(&[("TRIBUTARY_INTROSPECTION", "off")]).await;
        let refused = get(&closed, "/schema.graphql", &[("authorization", &bearer)]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(refused.json()["errors"][0]["extensions"]["code"], "FORBIDDEN");
    })
    .await;
}

#[tokio::test]
async fn the_page_gets_the_examples() {
    tests::on_sqlite(async |world| {
        let served = get(&world, "/playground/examples.json", &[]).await;
        assert_eq!((served.header("content-type"), served.header("cache-control")), ("application/json", "no-cache"));
        assert_eq!(served.json(), json!(examples::files()));
    })
    .await;
}

#[tokio::test]
async fn the_page_offers_to_sign_in_as_somebody_of_every_role() {
    tests::on_sqlite(async |world| {
        let users = demo::seed(&world.app.store().system(), None, &|_| {}).await.expect("it loads");
        assert_eq!(get(&world, "/playground/demo-users.json", &[]).await.json(), json!(users));
        assert!(policy::ROLES.iter().all(|role| users.iter().any(|user| user.role == *role)));
        for user in users {
            let input = json!({ "email": user.email, "password": user.password });
            let answer = world.stranger().mutate("signIn", input, "accessToken").await;
            assert!(answer.payload()["accessToken"].is_string(), "{}: {:#}", user.email, answer.body);
        }
    })
    .await;
}

#[tokio::test]
async fn real_data_offer_nobody_to_sign_in_as() {
    tests::each_database(async |world| {
        world.cast().await;
        let users = get(&world, "/playground/demo-users.json", &[]).await;
        assert_eq!((users.json(), users.header("cache-control")), (json!([]), "no-store"));
    })
    .await;
}

/// Without Node: the build says what it was made of.
#[test]
fn the_committed_build_is_made_of_the_committed_source() {
    let folder = folder();
    let sums = fs::read_to_string(folder.join("build/sources.sha256")).expect("a build");
    let built: BTreeMap<String, String> = sums
        .lines()
        .map(|line| line.split_once("  ").expect("a sum and a name"))
        .map(|(sum, name)| (name.to_owned(), sum.to_owned()))
        .collect();
    let mut there = BTreeMap::new();
    for name in ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "public", "src"]
    {
        sum(&folder, name, &mut there);
    }
    let of = |name: &String| (there.get(name), built.get(name));
    let stale: Vec<_> = there.keys().chain(built.keys()).filter(|name| of(name).0 != of(name).1).collect();
    assert!(stale.is_empty(), "the build is older than {stale:?}; api/playground/README.md says how to renew it");
}

fn sum(base: &Path, name: &str, sums: &mut BTreeMap<String, String>) {
    let path = base.join(name);
    if path.is_dir() {
        for below in names(&path) {
            sum(base, &format!("{name}/{below}"), sums);
        }
        return;
    }
    let digest = Sha256::digest(fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}")));
    sums.insert(name.to_owned(), digest.iter().map(|byte| format!("{byte:02x}")).collect());
}

struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

async fn get(world: &World, path: &str, headers: &[(&str, &str)]) -> Got {
    fetch(world, Request::get(path), headers).await
}

async fn fetch(world: &World, mut request: Builder, headers: &[(&str, &str)]) -> Got {
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let response = router(world.app.clone()).oneshot(request).await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    Got { status, headers, body: response.into_body().collect().await.expect("a body").to_bytes() }
}

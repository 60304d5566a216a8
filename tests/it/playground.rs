//! The playground: what it serves, that its build is current, and that every example of every role runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tests::{Actor, World};
use tower::ServiceExt;
use tributary::access::Role;
use tributary::demo::{self, DemoUser};
use tributary::http::router;

/// The folders of the examples, in the order in which the story passes from role to role.
const FOLDERS: [(&str, Role); 7] = [
    ("marketer", Role::Marketer),
    ("marketing-manager", Role::MarketingManager),
    ("sales-rep", Role::SalesRep),
    ("sales-manager", Role::SalesManager),
    ("analyst", Role::Analyst),
    ("admin", Role::Admin),
    ("integration", Role::Integration),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../api/playground")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect()
}

#[tokio::test]
async fn every_example_runs_as_its_role_on_demo_data() {
    let known: BTreeSet<String> = FOLDERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&folder().join("examples")), known);
    tests::each_database(async |world| {
        let users = demo::seed(&world.app.store().system(), None, &|_| {}).await.expect("it loads");
        for (name, role) in FOLDERS {
            let user = users.iter().find(|user| user.role == role).expect("a user");
            let actor = sign_in(&world, user).await;
            let folder = folder().join("examples").join(name);
            let examples = names(&folder).into_iter().filter(|file| !file.ends_with(".find.graphql"));
            let examples: Vec<_> = examples.collect();
            assert!(examples.len() >= 4, "{name} tells too little");
            for example in examples {
                runs(&actor, &folder, &example).await;
            }
        }
        assert_eq!(get(&world, "/playground/demo-users.json", &[]).await.json(), json!(users));
    })
    .await;
}

/// Signs in as the page does: by address and password.
async fn sign_in(world: &World, user: &DemoUser) -> Actor {
    let stranger = world.stranger();
    let input = json!({ "email": user.email, "password": user.password });
    let answer = stranger.mutate("signIn", input, "accessToken").await;
    let token = answer.payload()["accessToken"].as_str().expect("a token").to_owned();
    Actor { role: Some(user.role), token, ..stranger }
}

async fn runs(actor: &Actor, folder: &Path, example: &str) {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let name = format!("{}/{example}", folder.file_name().expect("a name").display());
    let document = read(example).expect("readable");
    let comment: Vec<&str> = document.lines().take_while(|line| line.starts_with("# ")).collect();
    assert!(comment.len() >= 2 && comment[1].starts_with("# Look at: "), "{name} does not say what to look at");
    // A subscription has no answer; the browser test runs it.
    if document.lines().any(|line| line.starts_with("subscription ")) {
        return;
    }
    let variables = match read(&example.replace(".graphql", ".find.graphql")) {
        Some(find) => first_rows(actor.ask(&find).await.data()),
        None => Map::new(),
    };
    let answer = actor.run(&document, Value::Object(variables)).await;
    println!("{name}");
    for (field, value) in answer.data().as_object().expect("fields") {
        assert!(tells(value), "{name}: {field} tells nothing: {value}");
        assert!(value.get("userErrors").is_none_or(|errors| *errors == json!([])), "{name}: {value}");
    }
}

/// As the page fills in variables: the fields of the first row of every list, wherever it is.
fn first_rows(value: &Value) -> Map<String, Value> {
    let Value::Object(fields) = value else { return Map::new() };
    match fields.get("nodes") {
        Some(rows) => rows.get(0).and_then(Value::as_object).cloned().unwrap_or_default(),
        None => fields.values().flat_map(first_rows).collect(),
    }
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
    for name in
        ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "src", "examples"]
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
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let response = router(world.app.clone()).oneshot(request).await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    Got { status, headers, body: response.into_body().collect().await.expect("a body").to_bytes() }
}

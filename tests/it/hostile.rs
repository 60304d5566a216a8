//! Shapes of requests that are made to hurt: each is refused with a code before anything runs, on every carrier, and
//! the next request is answered.

use std::time::{Duration, Instant};

use axum::http::Request;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// A hostile request and the code it has to be refused with.
pub struct Shape {
    /// What it is.
    pub name: &'static str,
    /// The document.
    pub query: String,
    /// The variables, as JSON text: it may be deeper than a JSON value of ours can be.
    pub variables: String,
    /// The code of the refusal.
    pub code: &'static str,
}

/// Every shape. All carriers refuse all of them.
pub fn shapes() -> Vec<Shape> {
    let complex = |name, query: String| Shape { name, query, variables: "{}".to_owned(), code: "QUERY_TOO_COMPLEX" };
    let nested = |levels: usize| format!("{}{}", "{ a ".repeat(levels), "}".repeat(levels));
    let literal = |open: &str, close: &str| format!("{{ a(v: {}1{}) }}", open.repeat(500), close.repeat(500));
    let doubling: String =
        (0..30).map(|n| format!("fragment F{n} on Query {{ ...F{} ...F{} }} ", n + 1, n + 1)).collect();
    let doubling = format!("{doubling} fragment F30 on Query {{ __typename }}");
    let chain: String = (0..300).map(|n| format!("fragment F{n} on Query {{ ...F{} }} ", n + 1)).collect();
    let aliases: String = (0..1_000).map(|n| format!("a{n}: __typename ")).collect();
    let deep_lists = "{ companies(first: 100) { nodes { deals(first: 100) { nodes { activities(first: 100) { nodes { id } } } } } } }";
    let with = |name, query: &str, variables: String, code| Shape { name, query: query.to_owned(), variables, code };
    vec![
        complex("deep selections", nested(1_000)),
        complex("deep lists in a literal", literal("[", "]")),
        complex("deep objects in a literal", literal("{ a: ", " }")),
        complex("brackets that never close", format!("{{ a(v: {}", "[".repeat(4_000))),
        complex("a deep list type", format!("query($v: {}Int{}) {{ a }}", "[".repeat(500), "]".repeat(500))),
        complex("exponential fragments", format!("{{ ...F0 }} {doubling}")),
        complex(
            "exponential fragments in an operation that is not chosen",
            format!("query A {{ __typename }} query B {{ ...F0 }} {doubling}"),
        ),
        complex("exponential fragments that nobody spreads", format!("{{ __typename }} {doubling}")),
        complex("a long chain of fragments", format!("{{ ...F0 }} {chain} fragment F300 on Query {{ __typename }}")),
        with(
            "fragments in a circle",
            "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
            "{}".to_owned(),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        complex("a flood of aliases", format!("{{ {aliases} }}")),
        complex("a flood of directives", format!("{{ __typename {} }}", "@include(if: true) ".repeat(500))),
        complex("a flood of tokens", format!("{{ {} }}", "a ".repeat(10_000))),
        complex("a flood of root fields", format!("{{ {} }}", "__typename ".repeat(1_000))),
        complex("a flood of unknown fields", format!("{{ viewer {{ {} }} }}", "nothing ".repeat(3_000))),
        with(
            "a flood of errors",
            &format!("{{ viewer {{ {} }} }}", (0..1_500).map(|n| format!("x{n} ")).collect::<String>()),
            "{}".to_owned(),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        complex("a long document", format!("{{ a(v: \"{}\") }}", "x".repeat(200_000))),
        complex("pages that multiply", deep_lists.to_owned()),
        complex(
            "introspection that multiplies",
            "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }".to_owned(),
        ),
        with(
            "deep variables",
            "query($v: LeadFilter) { leads(filter: $v) { totalCount } }",
            format!("{{\"v\":{}1{}}}", "{\"not\":".repeat(1_000), "}".repeat(1_000)),
            "QUERY_TOO_COMPLEX",
        ),
        with(
            "huge variables",
            "query($v: [ID!]!) { nodes(ids: $v) { id } }",
            format!("{{\"v\":[{}0]}}", "0,".repeat(300_000)),
            "QUERY_TOO_COMPLEX",
        ),
        with(
            "a large variable used often",
            &format!(
                "query($v: [ID!]!) {{ {} }}",
                (0..20).map(|n| format!("n{n}: nodes(ids: $v) {{ id }} ")).collect::<String>()
            ),
            format!("{{\"v\":[{}0]}}", "0,".repeat(20_000)),
            "QUERY_TOO_COMPLEX",
        ),
        with(
            "a filter of many plain tests",
            "query($v: TouchpointFilter) { touchpoints(filter: $v) { totalCount } }",
            format!("{{\"v\":{{\"or\":[{}]}}}}", plain_tests(5_000)),
            "QUERY_TOO_COMPLEX",
        ),
        with(
            "many filters of plain tests",
            &format!(
                "query($v: TouchpointFilter) {{ {} }}",
                (0..8).map(|n| format!("n{n}: touchpoints(filter: $v) {{ totalCount }} ")).collect::<String>()
            ),
            format!("{{\"v\":{{\"and\":[{}]}}}}", plain_tests(200)),
            "QUERY_TOO_COMPLEX",
        ),
        with("a document that breaks off", "{ viewer { ", "{}".to_owned(), "GRAPHQL_PARSE_FAILED"),
    ]
}

fn plain_tests(count: usize) -> String {
    vec![r#"{"occurredAt":{"ne":"2026-01-01T00:00:00Z"}}"#; count].join(",")
}

/// The promise is 0.05 s of an optimised build.
pub const BOUND: Duration = if cfg!(debug_assertions) { Duration::from_secs(3) } else { Duration::from_millis(50) };

/// The shapes that are refused before they are known to be a request.
pub const TOO_MUCH_TO_READ: [&str; 2] = ["deep variables", "huge variables"];

/// The shape as a request in JSON.
pub fn body(shape: &Shape) -> String {
    format!("{{\"query\":{},\"variables\":{}}}", json!(shape.query), shape.variables)
}

fn url(shape: &Shape) -> String {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    format!("/graphql?query={}&variables={}", encode(&shape.query), encode(&shape.variables))
}

/// One coded refusal, with few and short errors that do not echo the source.
#[track_caller]
fn check(answer: &Value, shape: &Shape, carrier: &str) {
    let what = format!("{} by {carrier}: {answer:#}", shape.name);
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{what}"));
    assert!(answer.get("data").is_none() && (1..=10).contains(&errors.len()), "{what}");
    for error in errors {
        assert_eq!(error["extensions"]["code"], shape.code, "{what}");
        assert!(error["message"].as_str().is_some_and(|message| message.chars().count() <= 300), "{what}");
    }
}

#[tokio::test]
async fn each_shape_is_refused_by_post_get_and_batch_and_the_next_request_is_answered() {
    tests::on_sqlite(async |world| {
        let admin = world.cast().await.admin;
        let json_body = || Request::post("/graphql").header("content-type", "application/json");
        for shape in shapes() {
            let before = world.statements();
            let began = Instant::now();
            let posted = admin.exchange(json_body(), body(&shape)).await;
            check(&posted.body, &shape, "POST");
            let batched = admin.exchange(json_body(), format!("[{}]", body(&shape))).await;
            // A body that is too deep or too full is refused before it is known to be a batch.
            check(batched.body.get(0).unwrap_or(&batched.body), &shape, "batch");
            // No URL is longer: the server refuses it before it reaches us.
            let url = url(&shape);
            if url.len() < 65_000 {
                check(&admin.exchange(Request::get(url), "").await.body, &shape, "GET");
            }
            assert!(began.elapsed() < 3 * BOUND, "{} took {:?}", shape.name, began.elapsed());
            assert!(world.statements() - before <= 3, "{}: nothing but who asks was read", shape.name);
            assert_eq!(admin.ask("{ __typename }").await.data()["__typename"], "Query", "after {}", shape.name);
        }
    })
    .await;
}

#[tokio::test]
async fn strangers_are_refused_before_much_of_what_they_send_is_judged() {
    tests::on_sqlite(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;
        let query = "query($v: TouchpointFilter) { touchpoints(filter: $v) { totalCount } }";
        let body =
            |count| format!("{{\"query\":\"{query}\",\"variables\":{{\"v\":{{\"or\":[{}]}}}}}}", plain_tests(count));
        let post = || Request::post("/graphql").header("content-type", "application/json");
        let stranger = world.stranger();
        for body in [body(20_000), format!("[{}]", body(500))] {
            let refused = stranger.exchange(post(), body).await;
            assert_eq!(refused.code(), "QUERY_TOO_COMPLEX");
            let message = refused.body["errors"][0]["message"].as_str().expect("words");
            assert!(message.contains("before you sign in") && message.ends_with("the limit is 1000."), "{message}");
        }
        assert_eq!(stranger.exchange(post(), body(100)).await.code(), "UNAUTHENTICATED");
        assert_eq!(cast.rep.exchange(post(), body(100)).await.data()["touchpoints"]["totalCount"], 0);

        let message = |count| format!(r#"{{"id":"s","type":"subscribe","payload":{}}}"#, body(count));
        let mut socket = served.silent_socket().await;
        socket.init(json!({})).await;
        socket.send_frame(Message::text(message(100))).await;
        assert_eq!(socket.next().await["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        assert_eq!(socket.next().await["type"], "complete");
        socket.send_frame(Message::text(message(500))).await;
        assert_eq!(socket.closed().await.0, 4400);
    })
    .await;
}

#[tokio::test]
async fn batches_are_short() {
    tests::on_sqlite(async |world| {
        let one = json!({ "query": "{ __typename }" });
        let refused = world.stranger().send(json!(vec![one.clone(); 11]), &[]).await;
        assert_eq!(refused.code(), "QUERY_TOO_COMPLEX");
        assert_eq!(world.stranger().send(json!(vec![one; 10]), &[]).await.body.as_array().map(Vec::len), Some(10));
    })
    .await;
}

//! What operators see: figures, and traces that reach a collector.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;
use tests::{World, each_database, on_sqlite};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;
use tributary::http::router;

use crate::service::Service;

/// The answer of `/metrics`: status and text.
async fn scrape(world: &World, authorization: Option<&str>) -> (StatusCode, String) {
    let mut request = Request::get("/metrics");
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    let request = request.body(Body::empty()).expect("a request");
    let response = router(world.app.clone()).oneshot(request).await.expect("an answer");
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

/// The figures as numbers by name and labels.
async fn figures(world: &World) -> HashMap<String, f64> {
    let (status, text) = scrape(world, None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.ends_with("# EOF\n"));
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a sample");
            (name.to_owned(), value.parse().expect("a number"))
        })
        .collect()
}

#[tokio::test]
async fn operations_are_counted_by_type_name_and_code() {
    each_database(async |world| {
        let rep = world.rep().await;
        for _ in 0..3 {
            rep.ask("query Deals { deals { totalCount } }").await.data();
        }
        rep.ask("{ deals { totalCount } }").await.data();
        rep.ask("query Wrong { nothing }").await;
        rep.ask("query Broken {").await;
        let gone = json!({ "id": "lead_00000000000000000000000000000000", "expectedVersion": 1 });
        rep.mutate("acceptHandoff", gone, "handoff { id }").await;
        world.stranger().ask("query Deals { deals { totalCount } }").await;
        world.stranger().ask("query Made_up { __typename }").await;
        let figures = figures(&world).await;
        let of = |sample: &str| figures.get(sample).copied().unwrap_or_default();
        let operations = |kind: &str, name: &str, code: &str| {
            of(&format!("tributary_operations_total{{type=\"{kind}\",operation=\"{name}\",code=\"{code}\"}}"))
        };
        assert_eq!(operations("query", "Deals", "OK"), 3.0, "{figures:#?}");
        assert_eq!(operations("query", "", "OK"), 2.0, "one without a name, one of a stranger");
        assert_eq!(
            operations("none", "", "GRAPHQL_VALIDATION_FAILED"),
            2.0,
            "a field and a mutation that are not there"
        );
        assert_eq!(operations("none", "", "GRAPHQL_PARSE_FAILED"), 1.0);
        assert_eq!(operations("query", "", "UNAUTHENTICATED"), 1.0);
        assert_eq!(of("tributary_errors_total{code=\"UNAUTHENTICATED\"}"), 1.0);
        assert_eq!(of("tributary_operation_duration_seconds_count{type=\"query\",operation=\"Deals\"}"), 3.0);
        assert!(!figures.keys().any(|sample| sample.contains("Made_up") || sample.contains("Wrong")));
        let answered = of("tributary_http_responses_total{route=\"/graphql\",method=\"POST\",status=\"200\"}");
        assert_eq!(answered, 9.0, "{figures:#?}");
        assert!(of("tributary_database_call_duration_seconds_count{call=\"statement\"}") > 5.0);
        // A connection is on its way back to the pool for a moment after its use.
        let connections =
            |state: &str| of(&format!("tributary_database_connections{{pool=\"write\",state=\"{state}\"}}"));
        assert!(connections("idle") + connections("busy") >= 1.0, "{figures:#?}");
        let build = figures.keys().find(|sample| sample.starts_with("tributary_build_info{")).expect("it is told");
        assert!(build.contains(if world.is_postgres() { "postgres" } else { "sqlite" }), "{build}");
    })
    .await;
}

#[tokio::test]
async fn refusals_and_open_things_are_counted() {
    on_sqlite(async |world| {
        let input = json!({ "email": "nobody@tributary.example", "password": "wrong" });
        for _ in 0..12 {
            world.stranger().mutate("signIn", input.clone(), "user { id }").await;
        }
        let liar = tests::Actor { token: "not.a.token".to_owned(), ..world.stranger() };
        assert_eq!(liar.ask("{ viewer { role } }").await.code(), "UNAUTHENTICATED");
        world.app.metrics().observe_cost(70);
        let socket = world.app.metrics().socket();
        let subscriptions = [world.app.metrics().subscription(), world.app.metrics().subscription()];
        let before = figures(&world).await;
        assert_eq!(before["tributary_sign_ins_total{outcome=\"refused\"}"], 10.0);
        assert_eq!(before["tributary_sign_ins_total{outcome=\"throttled\"}"], 2.0);
        assert_eq!(before["tributary_refused_tokens_total"], 1.0);
        let up_to = |points: &str| before[&format!("tributary_operation_cost_bucket{{le=\"{points}\"}}")];
        assert_eq!(up_to("100.0") - up_to("50.0"), 1.0, "the one that costs 70");
        assert_eq!((before["tributary_open_sockets"], before["tributary_open_subscriptions"]), (1.0, 2.0));
        drop((socket, subscriptions));
        let after = figures(&world).await;
        assert_eq!((after["tributary_open_sockets"], after["tributary_open_subscriptions"]), (0.0, 0.0));
    })
    .await;
}

#[tokio::test]
async fn figures_are_for_who_has_the_token() {
    on_sqlite(async |world| {
        let with_token = world.again(&[("TRIBUTARY_METRICS_TOKEN", "scrape-me")]).await;
        let production = world.again(&[("TRIBUTARY_ENV", "production")]).await;
        assert_eq!(scrape(&world, None).await.0, StatusCode::OK);
        assert_eq!(scrape(&with_token, Some("Bearer scrape-me")).await.0, StatusCode::OK);
        for (closed, authorization) in [
            (&with_token, None),
            (&with_token, Some("Bearer scrape-you")),
            (&with_token, Some("scrape-me")),
            (&production, None),
            (&production, Some("Bearer ")),
        ] {
            let (status, text) = scrape(closed, authorization).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{authorization:?}");
            assert!(!text.contains("tributary_build") && !text.contains("scrape-"), "{text}");
        }
    })
    .await;
}

/// Takes what is sent to `/v1/traces` and keeps it.
async fn collector() -> (String, Arc<Mutex<Vec<Span>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let spans = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&spans);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let kept = Arc::clone(&kept);
            let service = service_fn(move |request: hyper::Request<Incoming>| {
                let kept = Arc::clone(&kept);
                async move {
                    assert_eq!(request.uri().path(), "/v1/traces");
                    let body = request.into_body().collect().await?.to_bytes();
                    let sent = ExportTraceServiceRequest::decode(body).expect("OTLP");
                    let sent = sent.resource_spans.into_iter().flat_map(|one| one.scope_spans);
                    kept.lock().expect("no panic").extend(sent.flat_map(|one| one.spans));
                    Ok::<_, hyper::Error>(hyper::Response::new(Full::<Bytes>::default()))
                }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    (address, spans)
}

fn attribute(span: &Span, name: &str) -> String {
    let value = span.attributes.iter().find(|one| one.key == name).and_then(|one| one.value.clone()?.value);
    match value {
        Some(Any::StringValue(text)) => text,
        Some(Any::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_goes_on_in_the_service_and_reaches_the_collector() {
    on_sqlite(async |world| {
        let (endpoint, spans) = collector().await;
        let service = Service::start(&world.url, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
        let body = r#"{"query":"query Whoami { __typename secret: __typename }"}"#;
        let request = format!(
            "POST /graphql HTTP/1.1\r\nHost: tributary\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nX-Request-Id: traced\r\n\
             Authorization: Bearer\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(&service.address).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.expect("an answer");
        assert!(heard.contains("\"__typename\":\"Query\""), "{heard}");
        service.terminate();
        let ended = tokio::time::timeout(Duration::from_secs(30), service.ended()).await.expect("it ends");
        assert_eq!(ended.code(), Some(0));

        let spans = spans.lock().expect("no panic").clone();
        let of_trace = |span: &&Span| span.trace_id == 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes();
        let named = |name: &str| spans.iter().filter(of_trace).find(|span| span.name == name).cloned();
        let http = named("POST /graphql").unwrap_or_else(|| panic!("{spans:#?}"));
        assert_eq!(http.parent_span_id, 0xb7ad_6b71_6920_3331_u64.to_be_bytes());
        assert_eq!(
            (attribute(&http, "http.response.status_code"), attribute(&http, "request.id")),
            ("200".to_owned(), "traced".to_owned())
        );
        let operation = named("query Whoami").unwrap_or_else(|| panic!("{spans:#?}"));
        assert_eq!(operation.parent_span_id, http.span_id);
        assert_eq!(attribute(&operation, "graphql.operation.name"), "Whoami");
        assert!(spans.iter().any(|span| span.name == "database"), "start-up talks to the database");
        assert!(!format!("{spans:?}").contains("secret"), "no document travels");
    })
    .await;
}

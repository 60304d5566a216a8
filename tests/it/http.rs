//! GraphQL over HTTP: methods, media types, forms that browsers send unasked, batches, persisted queries, headers.

use axum::http::Request;
use serde_json::{Value, json};
use tests::{Actor, Answer, World};
use tributary::documents::hash_of;

const TYPENAME: &str = "{\"query\":\"{ __typename }\"}";

async fn post(actor: &Actor, headers: &[(&str, &str)], body: &str) -> Answer {
    let request =
        headers.iter().fold(Request::post("/graphql"), |request, (name, value)| request.header(*name, *value));
    actor.exchange(request, body.to_owned()).await
}

async fn get(actor: &Actor, pairs: &[(&str, &str)]) -> Answer {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    actor.exchange(Request::get(format!("/graphql?{}", pairs.join("&"))), "").await
}

#[tokio::test]
async fn browsers_cannot_be_made_to_send_anything_that_runs() {
    tests::on_sqlite(async |world| {
        let stranger = world.stranger();
        for media in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=utf-16",
        ] {
            let refused = post(&stranger, &[("content-type", media)], TYPENAME).await;
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), (415, "BAD_USER_INPUT"), "{media}");
        }
        assert_eq!(post(&stranger, &[], TYPENAME).await.status, 415);
        let packed = post(&stranger, &[("content-type", "application/json"), ("content-encoding", "gzip")], "x").await;
        assert_eq!(packed.status, 415);
        let mutation = get(&stranger, &[("query", "mutation { __typename }")]).await;
        assert_eq!((mutation.status.as_u16(), mutation.header("allow")), (405, "POST, OPTIONS"));
        assert_eq!(get(&stranger, &[("query", "{ __typename }")]).await.data()["__typename"], "Query");
    })
    .await;
}

#[tokio::test]
async fn head_and_query_are_safe_ways_to_ask() {
    tests::on_sqlite(async |world| {
        let admin = world.cast().await.admin;
        let head = Request::builder().method("HEAD").uri("/graphql");
        assert_eq!(admin.exchange(head, "").await.status, 200);
        let query = || {
            let request = Request::builder().method("QUERY").uri("/graphql");
            request.header("content-type", "application/json").header("accept", "application/json")
        };
        let answer = admin.exchange(query(), r#"{"query":"{ viewer { role } }"}"#).await;
        assert_eq!(answer.data()["viewer"]["role"], "ADMIN");
        let mutation = r#"{"query":"mutation { createCompany(input: { name: \"A\" }) { company { id } } }"}"#;
        for body in [mutation.to_owned(), format!("[{{\"query\":\"{{ __typename }}\"}},{mutation}]")] {
            let refused = admin.exchange(query(), body).await;
            assert_eq!(
                (refused.status.as_u16(), refused.header("allow")),
                (405, "POST, OPTIONS"),
                "{:#}",
                refused.body
            );
        }
        assert_eq!(admin.ask("{ companies { totalCount } }").await.data()["companies"]["totalCount"], 0);
        let options = admin.exchange(Request::options("/graphql"), "").await;
        assert_eq!(options.header("accept-query"), "application/json");
    })
    .await;
}

#[tokio::test]
async fn every_refusal_is_json_with_a_code_and_a_request_id() {
    tests::on_sqlite(async |world| {
        let stranger = world.stranger();
        let json = ("content-type", "application/json");
        let large = format!("{{\"query\":\"{}\"}}", "x".repeat(1_100_000));
        let put = stranger.exchange(Request::put("/graphql"), "").await;
        assert_eq!(put.header("allow"), "GET, HEAD, POST, QUERY, OPTIONS");
        for (answer, status) in [
            (stranger.exchange(Request::get("/nothing"), "").await, 404),
            (stranger.exchange(Request::post("/healthz"), "").await, 405),
            (put, 405),
            (post(&stranger, &[json, ("accept", "text/html")], TYPENAME).await, 406),
            (post(&stranger, &[json], &large).await, 413),
            (post(&stranger, &[json], "{").await, 400),
            (post(&stranger, &[json], "[]").await, 400),
        ] {
            assert_eq!(answer.status, status, "{:#}", answer.body);
            assert_ne!(answer.code(), "(none)");
            assert!(!answer.header("x-request-id").is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn statuses_follow_the_media_type() {
    tests::on_sqlite(async |world| {
        let stranger = world.stranger();
        let with = |accept| [("content-type", "application/json"), ("accept", accept)];
        for (body, status) in [("{\"query\":\"{\"}", 400), ("{\"query\":\"{ nothing }\"}", 400), (TYPENAME, 200)] {
            let answer = post(&stranger, &with("application/graphql-response+json"), body).await;
            assert_eq!(answer.status, status);
            assert!(answer.header("content-type").starts_with("application/graphql-response+json"));
            assert_eq!(answer.body.get("data").is_some(), status == 200);
            assert_eq!(post(&stranger, &with("application/json"), body).await.status, 200);
        }
    })
    .await;
}

#[tokio::test]
async fn large_answers_are_compressed_as_the_client_likes() {
    tests::on_sqlite(async |world| {
        let admin = world.cast().await.admin;
        for encoding in ["gzip", "br"] {
            let request = Request::post("/graphql")
                .header("content-type", "application/json")
                .header("accept-encoding", encoding);
            let body = json!({ "query": "{ __schema { types { name } } }" }).to_string();
            assert_eq!(admin.encoding_of(request, body).await, encoding);
        }
    })
    .await;
}

#[tokio::test]
async fn listed_origins_may_send_and_read_what_clients_need() {
    tests::on_sqlite(async |world| {
        let world = world.again(&[("TRIBUTARY_CORS_ORIGINS", "https://crm.example.com")]).await;
        let asked = "content-type,authorization,idempotency-key,x-request-id,traceparent,tracestate,baggage,sentry-trace,\
                     apollo-require-preflight,graphql-require-preflight,apollographql-client-name,x-some-tool";
        let preflight = |origin: &str| {
            Request::options("/graphql")
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", asked)
        };
        let allowed = world.stranger().exchange(preflight("https://crm.example.com"), "").await;
        assert_eq!(allowed.header("access-control-allow-origin"), "https://crm.example.com");
        let headers = allowed.header("access-control-allow-headers").to_owned();
        assert!(asked.split(',').all(|name| headers.contains(name)), "{headers}");
        let refused = world.stranger().exchange(preflight("https://evil.example.com"), "").await;
        assert_eq!(refused.header("access-control-allow-origin"), "");
        let origin = [("origin", "https://crm.example.com"), ("content-type", "application/json")];
        let exposed = post(&world.stranger(), &origin, TYPENAME).await.header("access-control-expose-headers").to_owned();
        for name in ["x-request-id", "retry-after", "ratelimit", "ratelimit-policy"] {
            assert!(exposed.split(',').any(|shown| shown == name), "{exposed}");
        }
    })
    .await;
}

fn persisted(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

#[tokio::test]
async fn a_document_is_sent_once_and_named_by_its_hash_from_then_on() {
    tests::on_sqlite(async |world| {
        let (query, stranger) = ("query Once { __typename }", world.stranger());
        let hash = hash_of(query);
        let named = json!({ "extensions": persisted(&hash) });
        let unknown = stranger.send(named.clone(), &[]).await;
        assert_eq!(unknown.code(), "PERSISTED_QUERY_NOT_FOUND");
        assert_eq!(unknown.body["errors"][0]["message"], "PersistedQueryNotFound", "clients look for these words");
        let wrong = stranger.send(json!({ "query": "{ a: __typename }", "extensions": persisted(&hash) }), &[]).await;
        assert_eq!(wrong.code(), "BAD_USER_INPUT");
        assert_eq!(stranger.send(named.clone(), &[]).await.code(), "PERSISTED_QUERY_NOT_FOUND");
        stranger.send(json!({ "query": query, "extensions": persisted(&hash) }), &[]).await.data();
        stranger.send(named.clone(), &[]).await.data();
        get(&stranger, &[("extensions", &persisted(&hash).to_string())]).await.data();
        get(&stranger, &[("documentId", &format!("sha256:{hash}"))]).await.data();
        stranger.send(json!({ "doc_id": hash }), &[]).await.data();
        let batch = stranger.send(json!([named, { "query": "{ __typename }" }]), &[]).await;
        assert!(batch.body.as_array().expect("two").iter().all(|answer| answer["data"]["__typename"] == "Query"));
        for malformed in [json!(7), json!({}), json!({ "version": 2, "sha256Hash": hash })] {
            let body = json!({ "extensions": { "persistedQuery": malformed } });
            assert_eq!(stranger.send(body, &[]).await.code(), "BAD_USER_INPUT");
        }
    })
    .await;
}

#[tokio::test]
async fn a_refused_document_is_not_kept_and_no_cache_means_no_persisted_queries() {
    tests::on_sqlite(async |world| {
        let deep = format!("{}{}", "{ a ".repeat(20), "}".repeat(20));
        let stranger = world.stranger();
        let body = json!({ "query": deep, "extensions": persisted(&hash_of(&deep)) });
        assert_eq!(stranger.send(body, &[]).await.code(), "QUERY_TOO_COMPLEX");
        let named = json!({ "extensions": persisted(&hash_of(&deep)) });
        assert_eq!(stranger.send(named.clone(), &[]).await.code(), "PERSISTED_QUERY_NOT_FOUND");
        let world = world.again(&[("TRIBUTARY_DOCUMENT_CACHE_BYTES", "0")]).await;
        assert_eq!(world.stranger().send(named, &[]).await.code(), "PERSISTED_QUERY_NOT_SUPPORTED");
        world.stranger().ask("{ __typename }").await.data();
    })
    .await;
}

async fn strict(world: &World, manifest: &Value) -> World {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("manifest.json");
    std::fs::write(&path, manifest.to_string()).expect("written");
    world.again(&[("TRIBUTARY_PERSISTED_ONLY", &path.display().to_string())]).await
}

#[tokio::test]
async fn with_a_manifest_nothing_else_runs() {
    tests::on_sqlite(async |world| {
        let body = "query Known { __typename }";
        let apollo = json!({
            "format": "apollo-persisted-query-manifest", "version": 1,
            "operations": [{ "id": "known", "name": "Known", "type": "query", "body": body }]
        });
        for manifest in [apollo, json!({ "known": body })] {
            let stranger = strict(&world, &manifest).await.stranger();
            for known in [
                json!({ "documentId": "known" }),
                json!({ "doc_id": "known" }),
                json!({ "extensions": persisted(&hash_of(body)) }),
                json!({ "query": body }),
            ] {
                assert_eq!(stranger.send(known, &[]).await.data()["__typename"], "Query");
            }
            let other = "{ __typename }";
            assert_eq!(stranger.ask(other).await.code(), "PERSISTED_QUERY_NOT_SUPPORTED");
            let registered = json!({ "query": other, "extensions": persisted(&hash_of(other)) });
            assert_eq!(stranger.send(registered, &[]).await.code(), "PERSISTED_QUERY_NOT_SUPPORTED");
            assert_eq!(stranger.send(json!({ "documentId": "other" }), &[]).await.code(), "PERSISTED_QUERY_NOT_FOUND");
            let both = json!({ "documentId": "known", "query": other });
            assert_eq!(stranger.send(both, &[]).await.code(), "BAD_USER_INPUT");
        }
    })
    .await;
}

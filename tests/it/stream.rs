//! Answers one by one over plain HTTP: server-sent events (graphql-sse, distinct connections) and multipart (Apollo).

use axum::body::{Body, BodyDataStream};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Request, StatusCode};
use chrono::Duration;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tests::{Actor, each_database, on_sqlite};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::ServiceExt;
use tributary::http::router;

const CHANGED: &str = "subscription { changed { cursor event { action } } }";
const EVENTS: &str = "text/event-stream";
const PARTS: &str = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json";

/// A body that grows.
struct Stream {
    status: StatusCode,
    headers: HeaderMap,
    body: BodyDataStream,
    text: String,
}

impl Stream {
    async fn of(actor: &Actor, request: Request<Body>) -> Self {
        let response = router(actor.world.app.clone()).oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        Self { status: parts.status, headers: parts.headers, body: body.into_data_stream(), text: String::new() }
    }

    async fn post(actor: &Actor, accept: &str, query: &str) -> Self {
        let mut request = Request::post("/graphql").header(CONTENT_TYPE, "application/json").header(ACCEPT, accept);
        if !actor.token.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {}", actor.token));
        }
        let body = json!({ "query": query }).to_string();
        Self::of(actor, request.body(Body::from(body)).expect("a request")).await
    }

    fn content_type(&self) -> &str {
        self.headers[CONTENT_TYPE].to_str().expect("a media type")
    }

    /// The text up to this mark and without it; none at the end of the body.
    async fn until(&mut self, mark: &str) -> Option<String> {
        loop {
            if let Some((found, rest)) = self.text.split_once(mark) {
                let (found, rest) = (found.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(found);
            }
            let more = tokio::time::timeout(std::time::Duration::from_secs(60), self.body.next());
            let more = more.await.expect("the service says something")?.expect("a whole body");
            self.text.push_str(std::str::from_utf8(&more).expect("text"));
        }
    }

    /// The next event, its name and data; comments are passed over.
    async fn event(&mut self) -> Option<(String, String)> {
        loop {
            let text = self.until("\n\n").await?;
            if text != ":" {
                let (name, data) = text.split_once('\n').expect("a name and data");
                let field = |line: &str, name: &str| line.strip_prefix(name).expect("a field").to_owned();
                return Some((field(name, "event: "), field(data, "data: ")));
            }
        }
    }

    async fn next(&mut self) -> Value {
        let (name, data) = self.event().await.expect("an event");
        assert_eq!(name, "next");
        serde_json::from_str(&data).expect("JSON")
    }

    async fn assert_complete(&mut self) {
        assert_eq!(self.event().await, Some(("complete".to_owned(), String::new())));
        assert_eq!(self.event().await, None);
    }

    /// The next part that is no heartbeat.
    async fn part(&mut self) -> Value {
        loop {
            let text = self.until("\r\n--graphql").await.expect("a part");
            let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
            assert_eq!(head.trim_start(), "content-type: application/json");
            let part: Value = serde_json::from_str(body).expect("JSON");
            if part != json!({}) {
                return part;
            }
        }
    }
}

async fn make_company(actor: &Actor, name: &str) {
    actor.mutate("createCompany", json!({ "name": name }), "company { id }").await.payload();
}

#[tokio::test]
async fn changes_come_as_events() {
    each_database(async |world| {
        let rep = world.rep().await;
        let mut stream = Stream::post(&rep, EVENTS, CHANGED).await;
        assert_eq!((stream.status, stream.content_type()), (StatusCode::OK, "text/event-stream; charset=utf-8"));
        assert_eq!(stream.headers["cache-control"], "no-store");
        // The first comment comes when the subscription has been looked at; the cursor makes sure of the rest.
        assert_eq!(stream.until("\n\n").await.as_deref(), Some(":"));
        make_company(&rep, "One").await;
        make_company(&rep, "Two").await;
        let mut stream = Stream::post(&rep, EVENTS, &after_the_first(&rep).await).await;
        assert_eq!(stream.next().await["data"]["changed"]["event"]["action"], "createCompany");
        make_company(&rep, "Three").await;
        let third = stream.next().await;
        assert_eq!(third["data"]["changed"]["event"]["action"], "createCompany");
        assert!(third["data"]["changed"]["cursor"].is_string());
    })
    .await;
}

/// A subscription that resumes behind the first event of the log.
async fn after_the_first(actor: &Actor) -> String {
    let first = actor.ask("{ events(first: 1, orderBy: [{ field: SEQ }]) { pageInfo { endCursor } } }").await;
    let cursor = first.data()["events"]["pageInfo"]["endCursor"].as_str().expect("a cursor").to_owned();
    CHANGED.replace("changed {", &format!("changed(after: \"{cursor}\") {{"))
}

#[tokio::test]
async fn every_operation_runs_as_a_stream_and_says_what_is_wrong_in_it() {
    on_sqlite(async |world| {
        let rep = world.rep().await;
        let mut stream = Stream::post(&rep, EVENTS, "{ viewer { role } }").await;
        assert_eq!(stream.next().await["data"], json!({ "viewer": { "role": "SALES_REP" } }));
        stream.assert_complete().await;
        for (query, code) in [
            ("{ viewer {", "GRAPHQL_PARSE_FAILED"),
            ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { changed(after: \"x\") { cursor } }", "BAD_USER_INPUT"),
        ] {
            let mut stream = Stream::post(&rep, EVENTS, query).await;
            assert_eq!(stream.status, StatusCode::OK);
            let answer = stream.next().await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{query}");
            assert!(answer.get("data").is_none());
            stream.assert_complete().await;
        }
        // By GET, as a browser's EventSource does; a mutation not.
        let get = |query: &str| {
            Request::get(format!("/graphql?query={query}"))
                .header(ACCEPT, EVENTS)
                .header(AUTHORIZATION, format!("Bearer {}", rep.token))
                .body(Body::empty())
                .expect("a request")
        };
        let mut stream = Stream::of(&rep, get("%7Bviewer%7Brole%7D%7D")).await;
        assert_eq!(stream.next().await["data"]["viewer"]["role"], "SALES_REP");
        let stream = Stream::of(&rep, get("mutation%7B__typename%7D")).await;
        assert_eq!(stream.status, StatusCode::METHOD_NOT_ALLOWED);
        let stream = Stream::of(&rep, get("subscription%7Bchanged%7Bcursor%7D%7D")).await;
        assert_eq!((stream.status, stream.content_type()), (StatusCode::OK, "text/event-stream; charset=utf-8"));
        // What HTTP itself refuses, it refuses as ever.
        let nobody = Actor { token: "nonsense".to_owned(), ..rep.clone() };
        assert_eq!(Stream::post(&nobody, EVENTS, CHANGED).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(Stream::post(&rep, "text/html", CHANGED).await.status, StatusCode::NOT_ACCEPTABLE);
        // Neither protocol of streams has a form for the answers to a batch.
        for (accept, status) in [
            (EVENTS, StatusCode::NOT_ACCEPTABLE),
            ("multipart/mixed;subscriptionSpec=1.0", StatusCode::NOT_ACCEPTABLE),
            ("text/event-stream, application/json", StatusCode::OK),
        ] {
            let batch = Request::post("/graphql").header(CONTENT_TYPE, "application/json").header(ACCEPT, accept);
            let batch = batch.header(AUTHORIZATION, format!("Bearer {}", rep.token));
            let body = json!([{ "query": "{ __typename }" }, { "query": "{ viewer { role } }" }]).to_string();
            let answer = Stream::of(&rep, batch.body(Body::from(body)).expect("a request")).await;
            assert_eq!((answer.status, answer.content_type()), (status, "application/json; charset=utf-8"), "{accept}");
        }
        // Who takes whole answers too gets them where there is only one; without a stream, no subscription.
        let both = Stream::post(&rep, "application/json, text/event-stream", "{ viewer { role } }").await;
        assert_eq!(both.content_type(), "application/json; charset=utf-8");
        assert_eq!(rep.ask(CHANGED).await.code(), "BAD_USER_INPUT");
        assert_eq!(world.stranger().ask(CHANGED).await.code(), "BAD_USER_INPUT");
    })
    .await;
}

#[tokio::test]
async fn apollo_gets_parts() {
    each_database(async |world| {
        let cast = world.cast().await;
        let (rep, other) = (cast.rep, cast.other_rep);
        make_company(&rep, "One").await;
        make_company(&rep, "Two").await;
        let mut stream = Stream::post(&rep, PARTS, &after_the_first(&rep).await).await;
        assert_eq!(stream.content_type(), "multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0");
        assert_eq!(stream.until("--graphql\r\n").await.as_deref(), Some(""));
        let first = stream.part().await;
        assert_eq!(first["payload"]["data"]["changed"]["event"]["action"], "createCompany");
        make_company(&rep, "Three").await;
        assert_eq!(stream.part().await["payload"]["data"]["changed"]["event"]["action"], "createCompany");
        // What ends the stream stands beside an empty payload, and the last boundary closes it.
        rep.ask("mutation { signOut(input: {}) { __typename } }").await.data();
        make_company(&other, "Four").await;
        let last = stream.part().await;
        assert_eq!(last["payload"], Value::Null);
        assert_eq!(last["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        stream.until("\r\n--graphql--\r\n").await.expect("the last boundary");
        assert_eq!(stream.until("x").await, None);
        // Queries are answered as a whole.
        let query = Stream::post(&other, PARTS, "{ viewer { role } }").await;
        assert_eq!(query.content_type(), "application/json; charset=utf-8");
    })
    .await;
}

#[tokio::test]
async fn a_stream_is_kept_alive_and_ends_with_its_token() {
    on_sqlite(async |world| {
        let world = world.again(&[("TRIBUTARY_PULSE_SECONDS", "1")]).await;
        let rep = world.rep().await;
        let mut stream = Stream::post(&rep, EVENTS, CHANGED).await;
        for _ in 0..3 {
            assert_eq!(stream.until("\n\n").await.as_deref(), Some(":"));
        }
        world.clock.advance(Duration::minutes(16));
        let last = stream.next().await;
        assert_eq!(last["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        stream.assert_complete().await;
    })
    .await;
}

/// A request by hand on a connection of its own.
async fn by_hand(address: std::net::SocketAddr, actor: &Actor, query: &str) -> TcpStream {
    let body = json!({ "query": query }).to_string();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Accept: {EVENTS}\r\nContent-Length: {}\r\n\r\n{body}",
        actor.token,
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("a listener");
    stream
}

#[tokio::test]
async fn streams_end_without_completing_when_the_service_leaves() {
    on_sqlite(async |world| {
        let rep = world.rep().await;
        let served = world.serve().await;
        let mut stream = by_hand(served.address, &rep, CHANGED).await;
        let (mut text, mut part) = (String::new(), [0; 1_024]);
        while !text.contains(":\n\n") {
            let count = stream.read(&mut part).await.expect("a connection");
            text.push_str(std::str::from_utf8(&part[..count]).expect("text"));
        }
        let gone = served.leave();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.expect("it ends well");
        assert!(rest.contains("0\r\n\r\n"), "the body has its end: {rest:?}");
        assert!(!rest.contains("complete"), "the operation has none: {rest:?}");
        gone.await.expect("it does not panic").expect("it ends well");
    })
    .await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_off() {
    on_sqlite(async |world| {
        let world = world.again(&[("TRIBUTARY_PULSE_SECONDS", "1"), ("TRIBUTARY_MAX_CONNECTIONS", "4")]).await;
        let rep = world.rep().await;
        let served = world.serve().await;
        // Many large changes to read again, and nobody who reads them.
        let large = json!({ "name": "Large", "industry": "x".repeat(200) });
        for _ in 0..50 {
            rep.mutate("createCompany", large.clone(), "company { id }").await.payload();
        }
        let query = after_the_first(&rep).await.replace("cursor", &wide());
        let stuck = by_hand(served.address, &rep, &query).await;
        let mut socket = served.socket(&rep).await;
        socket.subscribe("s", &query).await;
        let stuck_socket = socket.into_inner();
        // Both connections end although nothing is read from them: when they have, the server has nobody to wait for.
        let gone = async {
            loop {
                let ready = stuck.ready(tokio::io::Interest::WRITABLE).await.expect("a connection");
                if ready.is_write_closed() || stuck.try_write(b"\r\n").is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), gone).await.expect("it is cut off");
        drop(stuck_socket);
        served.leave().await.expect("it does not panic").expect("it ends well");
    })
    .await;
}

/// A selection whose answer fills buffers.
fn wide() -> String {
    (0..40).map(|at| format!("a{at}: event {{ changes {{ field from to }} subjectId action at id }} ")).collect()
}

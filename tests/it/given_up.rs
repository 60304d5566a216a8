//! What nobody waits for any more is ended, on every way on which it can be given up, and its connection is free again.

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tests::{Actor, Served, Socket, World, each_database};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tributary::access::Role;
use tributary::clock::{Clock, SystemClock};

use crate::service::{Service, post};

/// It never ends by itself.
const ENDLESS: &str = "{ exchangeRates { totalCount } }";
/// As each test, so that it fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody, in a world in which reading exchange rates takes for ever.
async fn endless(world: &World) -> Actor {
    let cast = world.cast().await;
    world.story(&cast).await;
    never_end(world).await;
    cast.rep
}

async fn never_end(world: &World) {
    let for_ever = if world.is_postgres() {
        "(SELECT pg_sleep(3600)::text) IS NOT NULL"
    } else {
        "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n) > 0"
    };
    world.execute("ALTER TABLE exchange_rate RENAME TO kept_rate").await;
    world.execute(&format!("CREATE VIEW exchange_rate AS SELECT * FROM kept_rate WHERE {for_ever}")).await;
}

/// How many endless statements run.
async fn running(world: &World) -> i64 {
    if !world.is_postgres() {
        let pools = world.app.store().database().pools();
        return pools.iter().filter(|pool| pool.name == "read").map(|pool| i64::from(pool.busy)).sum();
    }
    let running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
                   AND query LIKE '%exchange_rate%' AND pid <> pg_backend_pid()";
    world.number(running).await
}

/// Waits until so many run.
async fn until_running(world: &World, wanted: i64) {
    let waited = tokio::time::timeout(PATIENCE, async {
        // Others read in passing: it is so if it is so again and again.
        let mut seen = 0;
        while seen < 10 {
            seen = if running(world).await == wanted { seen + 1 } else { 0 };
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    if waited.await.is_err() {
        panic!("{} endless statements run, not {wanted}", running(world).await);
    }
}

/// The request as text.
fn request(actor: &Actor, accept: &str) -> String {
    let body = json!({ "query": ENDLESS }).to_string();
    format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: {accept}\r\n\
         authorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
        actor.token,
        body.len()
    )
}

#[tokio::test]
async fn what_takes_too_long_is_ended() {
    each_database(async |world| {
        let actor = endless(&world).await;
        for limit in ["TRIBUTARY_DATABASE_TIMEOUT_SECONDS", "TRIBUTARY_REQUEST_TIMEOUT_SECONDS"] {
            let hasty = Actor { world: world.again(&[(limit, "1")]).await, ..actor.clone() };
            assert_eq!(hasty.ask(ENDLESS).await.code(), "TIMEOUT", "{limit}");
            until_running(&hasty.world, 0).await;
            hasty.world.app.store().database().close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_nobody_waits_for_is_ended_on_every_carrier() {
    each_database(async |world| {
        let actor = endless(&world).await;
        let asked = tokio::spawn({
            let actor = actor.clone();
            async move { actor.ask(ENDLESS).await }
        });
        until_running(&world, 1).await;
        asked.abort();
        until_running(&world, 0).await;

        let served = world.serve().await;
        for accept in ["application/json", "text/event-stream"] {
            let mut stream = TcpStream::connect(served.address).await.expect("a connection");
            stream.write_all(request(&actor, accept).as_bytes()).await.expect("a listener");
            until_running(&world, 1).await;
            drop(stream);
            until_running(&world, 0).await;
        }

        let stream = TokioIo::new(TcpStream::connect(served.address).await.expect("a connection"));
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.expect("HTTP/2");
        let connection = tokio::spawn(connection);
        let body = Full::new(Bytes::from(json!({ "query": ENDLESS }).to_string()));
        let request = Request::post("http://localhost/graphql").header(CONTENT_TYPE, "application/json");
        let request = request.header(AUTHORIZATION, format!("Bearer {}", actor.token)).body(body).expect("a request");
        let asked = tokio::spawn(sender.send_request(request));
        until_running(&world, 1).await;
        asked.abort();
        connection.abort();
        until_running(&world, 0).await;

        let mut socket = served.socket(&actor).await;
        socket.subscribe("one", ENDLESS).await;
        until_running(&world, 1).await;
        socket.send(json!({ "id": "one", "type": "complete" })).await;
        until_running(&world, 0).await;
        socket.subscribe("two", ENDLESS).await;
        until_running(&world, 1).await;
        drop(socket);
        until_running(&world, 0).await;

        let figures = world.app.metrics_text();
        let counted = figures.lines().find_map(|line| line.strip_prefix("tributary_database_given_up_total "));
        assert_eq!(counted, Some("6"));
        actor.ask("{ deals { totalCount } }").await.data();
        served.leave().await.expect("it leaves").expect("it ends well");
    })
    .await;
}

#[tokio::test]
async fn one_principal_leaves_connections_to_the_others() {
    each_database(async |world| {
        let actor = endless(&world).await;
        let other = world.person("Olga", Role::Admin, None).await;
        let asked: Vec<_> = (0..12)
            .map(|_| {
                let actor = actor.clone();
                tokio::spawn(async move { actor.ask(ENDLESS).await })
            })
            .collect();
        // Half of the eight connections there are.
        until_running(&world, 4).await;
        for _ in 0..20 {
            other.ask("{ deals { nodes { name } } }").await.data();
        }
        let ready = other.exchange(Request::get("/readyz"), "").await;
        assert_eq!(ready.status, StatusCode::OK);
        until_running(&world, 4).await;
        asked.iter().for_each(tokio::task::JoinHandle::abort);
        until_running(&world, 0).await;
    })
    .await;
}

/// Waits until a service of its own reads so much at once.
async fn until_busy(world: &World, service: &Service, wanted: i64) {
    if world.is_postgres() {
        return until_running(world, wanted).await;
    }
    let busy = format!("tributary_database_connections{{pool=\"read\",state=\"busy\"}} {wanted}\n");
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            let mut stream = TcpStream::connect(&service.address).await.expect("a connection");
            let request = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).await.expect("a listener");
            let mut figures = String::new();
            stream.read_to_string(&mut figures).await.expect("figures");
            if figures.contains(&busy) {
                return;
            }
        }
    });
    waited.await.expect("they run");
}

/// Those that run, and those that still wait for a place, whole or as a stream.
#[tokio::test]
async fn what_is_not_done_in_time_is_answered_before_the_service_has_left() {
    each_database(async |world| {
        let actor = endless(&world).await;
        // A process has the clock of the machine.
        world.clock.advance(SystemClock::default().now() - world.now());
        let actor = world.sign_in(actor.id, Role::SalesRep).await;
        let settings = [
            ("TRIBUTARY_DATABASE_POOL", "8"),
            ("TRIBUTARY_DATABASE_TIMEOUT_SECONDS", "60"),
            ("TRIBUTARY_REQUEST_TIMEOUT_SECONDS", "60"),
        ];
        let service = Service::start(&world.url, &settings);
        let mut asked = Vec::new();
        for accept in ["application/json", "text/event-stream"].into_iter().cycle().take(8) {
            let sent = post(&service.address, &actor.token, accept, ENDLESS, json!({})).await;
            asked.push(sent.expect("a listener"));
        }
        until_busy(&world, &service, 4).await;
        service.terminate();
        for mut stream in asked {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("an answer");
            assert!(answer.contains("\"UNAVAILABLE\""), "{answer:?}");
        }
        assert_eq!(service.ended().await.code(), Some(0));
    })
    .await;
}

/// Follows exchange rates, whose reading never ends, from behind the oldest event on.
async fn follow_for_ever(world: &World, admin: &Actor, count: usize) -> (Served, Socket) {
    let start = admin.ask("{ events(last: 1) { pageInfo { endCursor } } }").await;
    let start = start.data()["events"]["pageInfo"]["endCursor"].clone();
    let served = world.serve().await;
    let mut socket = served.socket(admin).await;
    let query = "subscription($after: String) {
        changed(types: [EXCHANGE_RATE], after: $after) { node { ... on ExchangeRate { currency } } } }";
    for number in 0..count {
        socket.run(&number.to_string(), query, json!({ "after": start })).await;
    }
    (served, socket)
}

/// A rep and an administrator, whose exchange rate was made before reading rates came to take for ever.
async fn with_a_rate(world: &World) -> (Actor, Actor) {
    let cast = world.cast().await;
    world.story(&cast).await;
    let rate = json!({ "currency": "GBP", "date": "2026-02-01", "rateToBase": "1.17" });
    cast.admin.mutate("createExchangeRate", rate, "exchangeRate { id }").await.payload();
    never_end(world).await;
    (cast.rep, cast.admin)
}

#[tokio::test]
async fn what_one_follows_holds_up_nobody_else() {
    each_database(async |world| {
        let (rep, admin) = with_a_rate(&world).await;
        let world = world.again(&[("TRIBUTARY_DATABASE_TIMEOUT_SECONDS", "300")]).await;
        let rep = Actor { world: world.clone(), ..rep };
        let (served, _socket) = follow_for_ever(&world, &admin, 10).await;
        until_running(&world, 1).await;
        let mut other = served.socket(&rep).await;
        other.follow("c", "subscription { changed(types: [COMPANY]) { event { action } } }", json!({})).await;
        for name in ["One", "Two"] {
            rep.mutate("createCompany", json!({ "name": name }), "company { id }").await.payload();
            assert_eq!(other.data("c").await["changed"]["event"]["action"], "createCompany");
        }
        until_running(&world, 1).await;
    })
    .await;
}

#[tokio::test]
async fn what_takes_too_long_to_follow_again_and_again_ends_with_that_reason() {
    each_database(async |world| {
        let (_, admin) = with_a_rate(&world).await;
        let world = world.again(&[("TRIBUTARY_DATABASE_TIMEOUT_SECONDS", "1")]).await;
        let (_served, mut socket) = follow_for_ever(&world, &admin, 1).await;
        assert_eq!(socket.error("0").await, "TIMEOUT");
        until_running(&world, 0).await;
    })
    .await;
}

#[tokio::test]
async fn the_service_leaves_whatever_runs() {
    each_database(async |world| {
        let actor = endless(&world).await;
        let served = world.serve().await;
        let mut stream = TcpStream::connect(served.address).await.expect("a connection");
        stream.write_all(request(&actor, "application/json").as_bytes()).await.expect("a listener");
        until_running(&world, 1).await;
        served.leave().await.expect("it leaves").expect("it ends well");
        until_running(&world, 0).await;
        drop(stream);
    })
    .await;
}

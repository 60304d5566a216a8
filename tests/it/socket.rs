//! `graphql-transport-ws`, word by word, with a client on a real port.

use std::time::Instant;

use chrono::Duration;
use serde_json::{Value, json};
use tests::{Served, Socket, World, each_database, on_sqlite};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tributary::clock::{Clock, SystemClock};

use crate::hostile;
use crate::service::Service;

const CHANGED: &str = "subscription { changed { event { action } } }";

async fn closed(socket: &mut Socket, message: Value) -> (u16, String) {
    socket.send(message).await;
    socket.closed().await
}

/// A service whose timers run out in a second.
async fn hasty(world: &World) -> (World, Served) {
    let hasty = world.again(&[("TRIBUTARY_SOCKET_INIT_SECONDS", "1"), ("TRIBUTARY_PULSE_SECONDS", "1")]).await;
    let served = hasty.serve().await;
    (hasty, served)
}

#[tokio::test]
async fn queries_mutations_and_refusals_run_over_the_socket() {
    each_database(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;
        let mut socket = served.socket(&cast.rep).await;

        socket.subscribe("q", "{ viewer { user { name } } }").await;
        assert_eq!(socket.data("q").await, json!({ "viewer": { "user": { "name": "Rita" } } }));
        assert_eq!(socket.next().await, json!({ "id": "q", "type": "complete" }));

        let query = "mutation($input: CreateCompanyInput!) { createCompany(input: $input) { company { name } } }";
        socket.run("m", query, json!({ "input": { "name": "Acme" } })).await;
        assert_eq!(socket.data("m").await["createCompany"]["company"]["name"], "Acme");
        assert_eq!(socket.next().await, json!({ "id": "m", "type": "complete" }));

        // A refused operation has an `error`, no `complete`, and its id is free again.
        for (query, code) in [
            ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ viewer {", "GRAPHQL_PARSE_FAILED"),
            ("query($x: Int!) { deals(first: $x) { totalCount } }", "BAD_USER_INPUT"),
            ("subscription { __typename }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { a: changed { cursor } b: changed { cursor } }", "GRAPHQL_VALIDATION_FAILED"),
            (
                "subscription { ...F } fragment F on Subscription { a: changed { cursor } b: changed { cursor } }",
                "GRAPHQL_VALIDATION_FAILED",
            ),
            ("subscription { changed(after: \"x\") { cursor } }", "BAD_USER_INPUT"),
            ("subscription { changed(ids: [\"x\"]) { cursor } }", "BAD_USER_INPUT"),
        ] {
            socket.subscribe("q", query).await;
            assert_eq!(socket.error("q").await, code, "{query}");
        }
        // A field that fails is part of an answer.
        socket.subscribe("q", "{ campaigns { nodes { budget { amount } } } users { nodes { id } } }").await;
        assert_eq!(socket.next().await["type"], "next");
        assert_eq!(socket.next().await["type"], "complete");
    })
    .await;
}

#[tokio::test]
async fn hostile_documents_are_refused_on_the_socket() {
    on_sqlite(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;
        let mut socket = served.socket(&cast.rep).await;
        for shape in hostile::shapes() {
            let began = Instant::now();
            let message = format!(r#"{{"id":"h","type":"subscribe","payload":{}}}"#, hostile::body(&shape));
            socket.send_frame(Message::text(message)).await;
            if hostile::TOO_MUCH_TO_READ.contains(&shape.name) {
                // It is no message at all.
                assert_eq!(socket.closed().await.0, 4400, "{}", shape.name);
                socket = served.socket(&cast.rep).await;
            } else {
                assert_eq!(socket.error("h").await, shape.code, "{}", shape.name);
            }
            assert!(began.elapsed() < hostile::BOUND, "{} took {:?}", shape.name, began.elapsed());
            socket.settle().await;
        }
        // JSON too deep for its reader ends the socket, not the process.
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let message =
            format!(r#"{{"id":"h","type":"subscribe","payload":{{"query":"{{a}}","variables":{{"v":{deep}}}}}}}"#);
        socket.send_frame(Message::text(message)).await;
        assert_eq!(socket.closed().await.0, 4400);
        let mut socket = served.socket(&cast.rep).await;
        socket.settle().await;
    })
    .await;
}

#[tokio::test]
async fn every_breach_of_the_protocol_has_its_close_code() {
    on_sqlite(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;

        // 4400: what is no message, before and after the introduction.
        for text in [
            "",
            "x",
            "null",
            "[]",
            "{}",
            r#"{"type":7}"#,
            r#"{"type":"unknown"}"#,
            r#"{"type":"connection_init","payload":"x"}"#,
            r#"{"type":"subscribe"}"#,
            r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"a"}"#,
            r#"{"type":"subscribe","id":"a","payload":{}}"#,
            r#"{"type":"subscribe","id":"a","payload":{"query":7}}"#,
            r#"{"type":"subscribe","id":"a","payload":{"query":"{a}","variables":"x"}}"#,
            r#"{"type":"subscribe","id":7,"payload":{"query":"{a}"}}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"ping","payload":7}"#,
            r#"{"type":"start","id":"a"}"#,
        ] {
            let (mut new, mut known) = (served.silent_socket().await, served.socket(&cast.rep).await);
            for socket in [&mut new, &mut known] {
                socket.send_frame(Message::text(text)).await;
                let (code, reason) = socket.closed().await;
                assert_eq!(code, 4400, "{text}");
                assert!(!reason.is_empty() && reason.len() <= 123, "{reason}");
            }
        }
        let mut socket = served.silent_socket().await;
        socket.send_frame(Message::binary(b"{\"type\":\"connection_init\"}".to_vec())).await;
        assert_eq!(socket.closed().await.0, 4400);

        // 4401: an operation before the introduction.
        let mut socket = served.silent_socket().await;
        socket.subscribe("a", "{ __typename }").await;
        assert_eq!(socket.closed().await, (4401, "Unauthorized".to_owned()));

        // 4403: a token that proves nothing.
        for payload in [json!({ "Authorization": "Bearer nonsense" }), json!({ "authorization": "nonsense" })] {
            let mut socket = served.silent_socket().await;
            let init = json!({ "type": "connection_init", "payload": payload });
            assert_eq!(closed(&mut socket, init).await, (4403, "Forbidden".to_owned()));
        }

        // A token is read where clients put it; what promises one in another form is told, anything else is noted.
        let token = &cast.rep.token;
        for payload in [
            json!({ "authToken": token }),
            json!({ "Authorization": token }),
            json!({ "headers": { "authorization": token } }),
            json!({ "headers": { "authorization": format!("Bearer {token}") } }),
        ] {
            let mut socket = served.silent_socket().await;
            socket.send(json!({ "type": "connection_init", "payload": payload })).await;
            assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
            socket.run("who", "{ viewer { role } }", json!({})).await;
            assert_eq!(socket.data("who").await["viewer"]["role"], "SALES_REP");
        }
        for (place, payload) in [
            ("auth", json!({ "auth": { "value": token } })),
            ("Authorization", json!({ "Authorization": format!("Token {token}") })),
        ] {
            let mut socket = served.silent_socket().await;
            let odd = json!({ "type": "connection_init", "payload": payload });
            let (code, reason) = closed(&mut socket, odd).await;
            assert!(code == 4403 && reason.contains(&format!("`{place}`")), "{reason}");
        }
        let mut socket = served.silent_socket().await;
        socket.send(json!({ "type": "connection_init", "payload": { "client": "web" } })).await;
        let noted = socket.next().await;
        assert!(
            noted["payload"]["message"].as_str().is_some_and(|note| note.contains("nobody is signed in")),
            "{noted}"
        );

        // 4406: another subprotocol, or none.
        for protocol in [None, Some("graphql-ws"), Some("graphql-transport-wss")] {
            match served.upgrade(protocol, &[]).await {
                Ok(mut socket) => assert_eq!(socket.closed().await.0, 4406, "{protocol:?}"),
                Err(status) => panic!("{status} for {protocol:?}"),
            }
        }

        // 4409: an id that is in use; a long one is cut in the reason.
        let long = "ü".repeat(200);
        for id in ["twice", &long] {
            let mut socket = served.socket(&cast.rep).await;
            socket.subscribe(id, CHANGED).await;
            socket.subscribe(id, CHANGED).await;
            let (code, reason) = socket.closed().await;
            assert_eq!(code, 4409);
            assert!(reason.starts_with("Subscriber for ") && reason.len() <= 123, "{reason}");
        }

        // 4429: a second introduction.
        let mut socket = served.socket(&cast.rep).await;
        let again = closed(&mut socket, json!({ "type": "connection_init" })).await;
        assert_eq!(again, (4429, "Too many initialisation requests".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn who_says_nothing_or_answers_nothing_is_closed() {
    on_sqlite(async |world| {
        let (hasty, served) = hasty(&world).await;
        let mut socket = served.silent_socket().await;
        // A ping is no introduction.
        socket.send(json!({ "type": "ping" })).await;
        assert_eq!(socket.next().await, json!({ "type": "pong" }));
        assert_eq!(socket.closed().await, (4408, "Connection initialisation timeout".to_owned()));

        // The service pings, and hangs up on a client that does not answer twice. (A client that answers is one that
        // reads, for the library below it answers.)
        let rep = hasty.rep().await;
        let mut alive = served.socket(&rep).await;
        for _ in 0..3 {
            assert!(matches!(alive.frame().await, Some(Message::Ping(_))));
        }
        let dead = served.socket(&rep).await.into_inner();
        let mut read = Vec::new();
        let ended = async {
            loop {
                dead.readable().await.expect("a connection");
                let mut part = [0; 1_024];
                match dead.try_read(&mut part) {
                    Ok(0) => return,
                    Ok(count) => read.extend_from_slice(&part[..count]),
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(_) => return,
                }
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), ended).await.expect("it hangs up");
        assert!(read.starts_with(&[0x89, 0]), "a ping came first: {read:?}");
    })
    .await;
}

#[tokio::test]
async fn pings_are_answered_with_what_they_carry() {
    on_sqlite(async |world| {
        let served = world.serve().await;
        let mut socket = served.socket(&world.rep().await).await;
        socket.send(json!({ "type": "ping", "payload": { "n": [1, "x"] } })).await;
        assert_eq!(socket.next().await, json!({ "type": "pong", "payload": { "n": [1, "x"] } }));
        socket.send(json!({ "type": "pong", "payload": { "unasked": true } })).await;
        socket.send_frame(Message::Ping(Bytes::from_static(b"hello"))).await;
        assert_eq!(socket.frame().await, Some(Message::Pong(Bytes::from_static(b"hello"))));
    })
    .await;
}

#[tokio::test]
async fn the_token_is_taken_from_wherever_clients_put_it() {
    on_sqlite(async |world| {
        let rep = world.rep().await;
        let served = world.serve().await;
        let bearer = format!("Bearer {}", rep.token);
        let who = async |socket: &mut Socket| {
            socket.subscribe("w", "{ viewer { user { name } } }").await;
            let message = socket.next().await;
            socket.next().await;
            message["payload"]["data"]["viewer"]["user"]["name"].clone()
        };
        for name in ["Authorization", "authorization", "AUTHORIZATION"] {
            let mut socket = served.silent_socket().await;
            socket.init(json!({ name: bearer })).await;
            assert_eq!(who(&mut socket).await, "Rolf", "{name}");
        }
        let header = [("authorization", bearer.as_str())];
        let mut socket = served.upgrade(Some("graphql-transport-ws"), &header).await.expect("an upgrade");
        socket.init(json!({})).await;
        assert_eq!(who(&mut socket).await, "Rolf", "the header of the upgrade");
        // The payload has the last word, and an empty bearer is a stranger.
        for payload in [json!({ "Authorization": "Bearer " }), json!({ "authorization": "bearer" })] {
            let mut socket = served.upgrade(Some("graphql-transport-ws"), &header).await.expect("an upgrade");
            socket.init(payload).await;
            assert_eq!(who(&mut socket).await, Value::Null);
            socket.subscribe("s", CHANGED).await;
            assert_eq!(socket.error("s").await, "UNAUTHENTICATED");
            socket.settle().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_completed_operation_is_silent_and_its_id_free() {
    on_sqlite(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;
        let mut socket = served.socket(&cast.rep).await;
        socket.follow("a", CHANGED, json!({})).await;
        socket.send(json!({ "id": "a", "type": "complete" })).await;
        socket.send(json!({ "id": "never", "type": "complete" })).await;
        // The next message belongs to the next operation: `complete` was not echoed.
        socket.settle().await;
        cast.rep.mutate("createCompany", json!({ "name": "Unheard" }), "company { id }").await.payload();
        socket.follow("a", CHANGED, json!({})).await;
        cast.rep.mutate("createCompany", json!({ "name": "Heard" }), "company { id }").await.payload();
        assert_eq!(socket.data("a").await["changed"]["event"]["action"], "createCompany");
        socket.settle().await;
    })
    .await;
}

#[tokio::test]
async fn a_socket_runs_a_hundred_operations_and_no_more() {
    on_sqlite(async |world| {
        let served = world.serve().await;
        let mut socket = served.socket(&world.rep().await).await;
        for at in 0..100 {
            socket.subscribe(&at.to_string(), CHANGED).await;
        }
        socket.subscribe("more", CHANGED).await;
        assert_eq!(socket.error("more").await, "RATE_LIMITED");
        socket.send(json!({ "id": "7", "type": "complete" })).await;
        socket.settle().await;
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_too_large_is_not_read() {
    on_sqlite(async |world| {
        let (served, rep) = (world.serve().await, world.rep().await);
        let mut socket = served.socket(&rep).await;
        socket
            .run("fits", "query($v: String) { __typename @skip(if: false) }", json!({ "v": "x".repeat(900_000) }))
            .await;
        assert_eq!(socket.next().await["id"], "fits");
        let mut socket = served.socket(&rep).await;
        let large = Message::text(format!("{{\"type\":\"ping\",\"payload\":{{\"v\":\"{}\"}}}}", "x".repeat(1 << 20)));
        socket.send_frame(large).await;
        match socket.frame().await {
            Some(Message::Close(Some(frame))) => assert_eq!(u16::from(frame.code), 1009),
            None => {}
            other => panic!("expected the end, not {other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn pages_of_other_origins_open_no_socket() {
    on_sqlite(async |world| {
        let world = world.again(&[("TRIBUTARY_CORS_ORIGINS", "https://app.example")]).await;
        let served = world.serve().await;
        let own = format!("http://{}", served.address);
        for (origin, status) in
            [(own.as_str(), None), ("https://app.example", None), ("https://evil.example", Some(403))]
        {
            let upgraded = served.upgrade(Some("graphql-transport-ws"), &[("origin", origin)]).await;
            assert_eq!(upgraded.err(), status, "{origin}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_socket_ends_with_the_session() {
    each_database(async |world| {
        let (hasty, served) = hasty(&world).await;
        // The token ends.
        let rep = hasty.rep().await;
        let mut socket = served.socket(&rep).await;
        hasty.clock.advance(Duration::minutes(16));
        assert_eq!(socket.closed().await, (4403, "Forbidden".to_owned()));
        // The session is ended.
        let rep = hasty.sign_in(rep.id, rep.role.expect("a role")).await;
        let mut socket = served.socket(&rep).await;
        socket.follow("s", CHANGED, json!({})).await;
        rep.ask("mutation { signOut(input: {}) { __typename } }").await.data();
        assert_eq!(socket.closed().await.0, 4403);
        // The user is suspended: an operation that is begun now is refused, and the socket closed.
        let rep = hasty.sign_in(rep.id, rep.role.expect("a role")).await;
        let mut socket = served.socket(&rep).await;
        hasty.execute("UPDATE app_user SET status = 'SUSPENDED'").await;
        socket.subscribe("q", "{ viewer { role } }").await;
        assert_eq!(socket.error("q").await, "UNAUTHENTICATED");
        assert_eq!(socket.closed().await.0, 4403);
    })
    .await;
}

#[tokio::test]
async fn sockets_are_closed_and_waited_for_when_the_service_leaves() {
    on_sqlite(async |world| {
        let rep = world.rep().await;
        let served = world.serve().await;
        let (mut busy, mut silent) = (served.socket(&rep).await, served.silent_socket().await);
        busy.follow("s", CHANGED, json!({})).await;
        let gone = served.leave();
        for socket in [&mut busy, &mut silent] {
            let (code, reason) = socket.closed().await;
            assert_eq!(code, 1001);
            assert!(reason.contains("again"), "{reason}");
        }
        assert!(busy.frame().await.is_none());
        drop(silent);
        gone.await.expect("it does not panic").expect("it ends well");
    })
    .await;
}

/// So many follow. The promise is for 2,000; a debug build is slow to open them.
const SUBSCRIBERS: usize = if cfg!(debug_assertions) { 400 } else { 2_000 };

/// The figures of a service, as it tells them.
async fn figures(address: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await.expect("a listener");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

/// The promise is 64 KB for each; the service is a process of its own, so that it is all that is weighed.
#[tokio::test]
async fn silent_subscribers_are_cheap() {
    on_sqlite(async |world| {
        world.clock.set(SystemClock::default().now());
        let rep = world.rep().await;
        // They do not even answer pings.
        let settings = [("TRIBUTARY_MAX_CONNECTIONS", "10000"), ("TRIBUTARY_PULSE_SECONDS", "300")];
        let service = Service::start(&world.url, &settings);
        let resident = || {
            let status = std::fs::read_to_string(format!("/proc/{}/status", service.child.id())).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            line.trim().trim_end_matches(" kB").parse::<usize>().ok()
        };
        let open = async |count: usize| {
            let mut sockets = Vec::with_capacity(count);
            for _ in 0..count {
                let mut socket = Socket::to(&service.address, &world).await;
                socket.init(json!({ "Authorization": format!("Bearer {}", rep.token) })).await;
                socket.subscribe("s", CHANGED).await;
                socket.settle().await;
                sockets.push(socket);
            }
            sockets
        };
        // What the first ones cost (connections, caches, the schema's first use) is not theirs.
        let first = open(20).await;
        let Some(before) = resident() else {
            eprintln!("SKIPPED: this system does not tell how much memory a process takes");
            return;
        };
        let more = open(SUBSCRIBERS).await;
        let after = resident().expect("it still runs");
        let figures = figures(&service.address).await;
        let running = format!("tributary_open_subscriptions {}\n", first.len() + more.len());
        assert!(figures.contains(&running), "all of them follow: {figures}");
        let each = after.saturating_sub(before) / more.len();
        eprintln!("{} subscribers take {} KB, {each} KB each", more.len(), after - before);
        assert!(each <= 64, "{each} KB for each subscriber");
        drop((first, more));
    })
    .await;
}

#[tokio::test]
async fn an_upgrade_is_answered_in_the_spelling_of_the_standard() {
    on_sqlite(async |world| {
        let served = world.serve().await;
        let mut stream = TcpStream::connect(served.address).await.expect("it listens");
        let request = "GET /graphql HTTP/1.1\r\nhost: tributary\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                       sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                       sec-websocket-protocol: graphql-transport-ws\r\n\r\n";
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut heard = Vec::new();
        while !heard.ends_with(b"\r\n\r\n") {
            heard.push(stream.read_u8().await.expect("an answer"));
        }
        let heard = String::from_utf8_lossy(&heard);
        assert!(heard.starts_with("HTTP/1.1 101"), "{heard}");
        // RFC 6455, section 1.3, answers this key with this.
        for line in [
            "Connection: upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            "Sec-WebSocket-Protocol: graphql-transport-ws",
        ] {
            assert!(heard.to_string().contains(&format!("\r\n{line}\r\n")), "{line}: {heard}");
        }
    })
    .await;
}

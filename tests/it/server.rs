//! The server in front of everything: rude and slow clients, panics, HTTP/2, and an end that loses nothing.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tests::{Socket, World, on_sqlite};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tributary::app::App;
use tributary::clock::{Clock, SystemClock};
use tributary::config::Config;
use tributary::server;
use uuid::Uuid;

use crate::service::Service;

const QUERY: &str = r#"{"query":"{ __typename }"}"#;
const ANSWER: &str = r#"{"data":{"__typename":"Query"}}"#;

fn post(body: &str) -> String {
    format!(
        "POST /graphql HTTP/1.1\r\nHost: tributary\r\nContent-Type: application/json\r\nAccept: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// What one answer said, and whether the connection goes on.
struct Heard {
    head: String,
    body: String,
}

impl Heard {
    fn says_close(&self) -> bool {
        self.head.to_lowercase().contains("connection: close")
    }
}

/// Reads one answer of HTTP/1.1; none if the connection ends before it is whole.
async fn read(stream: &mut TcpStream) -> Option<Heard> {
    let mut text = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        let so_far = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = so_far.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if length.is_some_and(|length| body.len() >= length) {
                return Some(Heard { head: head.to_owned(), body: body.to_owned() });
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => text.extend_from_slice(&chunk[..count]),
        }
    }
}

/// A server of this process over the world's database, with settings of its own.
struct Listening {
    address: std::net::SocketAddr,
    app: App,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<()>,
}

impl Listening {
    async fn start(app: App) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let served = server::serve(app.clone(), listener, async { drop(stopped.await) });
        let ended = tokio::spawn(async { served.await.expect("it listens") });
        Self { address, app, stop, ended }
    }

    async fn with(world: &World, settings: &[(&str, &str)]) -> Self {
        Self::start(world.again(settings).await.app).await
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }

    /// A new client asks and is answered.
    async fn answers(&self) {
        let mut stream = self.connect().await;
        stream.write_all(post(QUERY).as_bytes()).await.expect("sent");
        assert_eq!(read(&mut stream).await.expect("an answer").body, ANSWER);
    }

    async fn end(self) {
        let _ = self.stop.send(());
        self.ended.await.expect("no panic");
        self.app.store().database().close().await;
    }
}

/// 32 clients ask without a pause; every request that was sent gets its answer, however the service ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_told_to_end_loses_no_request_five_times_in_a_row() {
    on_sqlite(async |world| {
        for round in 0..5 {
            let service = Service::start(&world.url, &[]);
            let (answered, lost) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
            let clients: Vec<_> = (0..32)
                .map(|_| {
                    let (answered, lost) = (Arc::clone(&answered), Arc::clone(&lost));
                    tokio::spawn(ask_until_refused(service.address.clone(), answered, lost))
                })
                .collect();
            while answered.load(Ordering::SeqCst) < 500 {
                tokio::task::yield_now().await;
            }
            service.terminate();
            let began = Instant::now();
            let status = service.ended().await;
            assert!(began.elapsed() < Duration::from_secs(15), "round {round}: it took {:?}", began.elapsed());
            assert_eq!(status.code(), Some(0), "round {round}");
            join_all(clients).await;
            let lost = lost.lock().expect("no panic").clone();
            assert!(lost.is_empty(), "round {round} lost requests of {answered:?}: {lost:?}");
        }
    })
    .await;
}

/// One client: it keeps its connection as long as it may, and ends when nobody listens any more.
async fn ask_until_refused(address: String, answered: Arc<AtomicUsize>, lost: Arc<Mutex<Vec<String>>>) {
    while let Ok(mut stream) = TcpStream::connect(&address).await {
        for number in 0.. {
            let sent = stream.write_all(post(QUERY).as_bytes()).await;
            let Some(heard) = read(&mut stream).await else {
                lost.lock().expect("no panic").push(format!("request {number} of a connection, {sent:?}"));
                break;
            };
            assert_eq!(heard.body, ANSWER);
            answered.fetch_add(1, Ordering::SeqCst);
            if heard.says_close() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn connections_that_send_no_headers_are_gone_in_time() {
    on_sqlite(async |world| {
        let listening = Listening::with(&world, &[("TRIBUTARY_HEADER_TIMEOUT_SECONDS", "1")]).await;
        let mut rude = Vec::new();
        for number in 0..200 {
            let mut stream = listening.connect().await;
            // Nothing at all, half a line, or headers without an end.
            let begun = ["", "POST /gra", "POST /graphql HTTP/1.1\r\nHost: tributary\r\n"][number % 3];
            stream.write_all(begun.as_bytes()).await.expect("sent");
            rude.push(stream);
        }
        listening.answers().await;
        let gone =
            join_all(rude.into_iter().map(|mut stream| async move { stream.read_to_end(&mut Vec::new()).await }));
        let gone = tokio::time::timeout(Duration::from_secs(10), gone).await;
        assert_eq!(gone.expect("all are gone").len(), 200);
        assert!(listening.app.metrics_text().contains("tributary_open_connections 0\n"));
        listening.answers().await;
        listening.end().await;
    })
    .await;
}

#[tokio::test]
async fn a_body_that_trickles_is_ended() {
    on_sqlite(async |world| {
        let listening = Listening::with(&world, &[("TRIBUTARY_REQUEST_TIMEOUT_SECONDS", "1")]).await;
        let mut slow = listening.connect().await;
        let (head, body) =
            post(QUERY).split_once("\r\n\r\n").map(|(head, body)| (head.to_owned(), body.to_owned())).unwrap();
        slow.write_all(format!("{head}\r\n\r\n").as_bytes()).await.expect("sent");
        let (mut reading, mut writing) = slow.into_split();
        let trickle = tokio::spawn(async move {
            for byte in body.bytes().cycle() {
                if writing.write_all(&[byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        });
        let mut heard = String::new();
        let ended = tokio::time::timeout(Duration::from_secs(10), reading.read_to_string(&mut heard)).await;
        trickle.abort();
        assert!(ended.is_ok(), "the connection is closed");
        assert!(heard.starts_with("HTTP/1.1 408 ") && heard.contains("\"TIMEOUT\""), "{heard}");
        listening.answers().await;
        listening.end().await;
    })
    .await;
}

#[tokio::test]
async fn who_is_signed_in_keeps_his_connection_and_others_wait_their_turn() {
    on_sqlite(async |world| {
        let world = world.again(&[("TRIBUTARY_MAX_CONNECTIONS", "2")]).await;
        let (rep, served) = (world.rep().await, world.serve().await);
        let (mut first, mut second) = (served.socket(&rep).await, served.socket(&rep).await);
        let mut third = TcpStream::connect(served.address).await.expect("it listens");
        third.write_all(post(QUERY).as_bytes()).await.expect("sent");
        let waited = tokio::time::timeout(Duration::from_millis(500), read(&mut third)).await;
        assert!(waited.is_err(), "it is not served while two are");
        first.settle().await;
        second.settle().await;
        drop(first);
        assert_eq!(read(&mut third).await.expect("an answer").body, ANSWER);
        drop((second, third));
        served.leave().await.expect("no panic").expect("a clean end");
    })
    .await;
}

/// Connections of HTTP/2 that have asked once and only answer pings from then on.
async fn silent_http_2(listening: &Listening) -> http2::SendRequest<Full<Bytes>> {
    let stream = TokioIo::new(listening.connect().await);
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = hyper::Request::get("http://tributary/healthz").body(Full::default()).expect("a request");
    let response = sender.send_request(request).await.expect("an answer");
    response.into_body().collect().await.expect("a body");
    sender
}

#[tokio::test]
async fn connections_of_nobody_give_way_to_who_is_new() {
    on_sqlite(async |world| {
        // Nobody would be closed within an hour by himself.
        let settings = [
            ("TRIBUTARY_MAX_CONNECTIONS", "12"),
            ("TRIBUTARY_HEADER_TIMEOUT_SECONDS", "300"),
            ("TRIBUTARY_SOCKET_INIT_SECONDS", "60"),
        ];
        let world = world.again(&settings).await;
        let rep = world.rep().await;
        let listening = Listening::start(world.app.clone()).await;
        let address = listening.address.to_string();
        let mut friend = Socket::to(&address, &world).await;
        friend.init(json!({ "Authorization": format!("Bearer {}", rep.token) })).await;
        for kind in 0..4 {
            let (mut plain, mut http_2, mut sockets) = (Vec::new(), Vec::new(), Vec::new());
            for number in 0..15 {
                match kind {
                    0 => {
                        let mut stream = listening.connect().await;
                        let whole = post(QUERY);
                        let begun = ["", "POST /gra", whole.trim_end_matches('}')][number % 3];
                        stream.write_all(begun.as_bytes()).await.expect("sent");
                        plain.push(stream);
                    }
                    1 => http_2.push(silent_http_2(&listening).await),
                    2 => sockets.push(Socket::to(&address, &world).await),
                    _ => {
                        let mut socket = Socket::to(&address, &world).await;
                        socket.init(json!({})).await;
                        sockets.push(socket);
                    }
                }
            }
            let answered = tokio::time::timeout(Duration::from_secs(20), listening.answers()).await;
            assert!(answered.is_ok(), "a new client is let in");
            if kind == 3 {
                let (code, reason) = sockets[0].closed().await;
                assert_eq!(code, 1013, "{reason}");
            }
        }
        friend.settle().await;
        drop(friend);
        listening.end().await;
    })
    .await;
}

#[tokio::test]
async fn a_client_that_reads_no_answer_is_cut_off() {
    on_sqlite(async |world| {
        let listening = Listening::with(&world, &[("TRIBUTARY_PULSE_SECONDS", "1")]).await;
        let mut stream = listening.connect().await;
        let many = "GET / HTTP/1.1\r\nHost: tributary\r\n\r\n".repeat(20_000);
        // It is not read either, once its answers are not.
        let cut = async { while stream.write_all(many.as_bytes()).await.is_ok() {} };
        tokio::time::timeout(Duration::from_secs(60), cut).await.expect("it is cut off");
        listening.end().await;
    })
    .await;
}

#[tokio::test]
async fn a_proxy_that_is_trusted_says_who_asks() {
    on_sqlite(async |world| {
        for (trusted, limited) in [("127.0.0.0/8", 0), ("", 20)] {
            let listening = Listening::with(&world, &[("TRIBUTARY_TRUSTED_PROXIES", trusted)]).await;
            let mut stream = listening.connect().await;
            let mut refused = 0;
            for number in 0..70 {
                let body = format!(r#"{{"query":"mutation {{ signIn(input: {{ email: \"a{number}@b.example\", password: \"x\" }}) {{ userErrors {{ code }} }} }}"}}"#);
                let named = format!("Host: proxy\r\nX-Forwarded-For: 6.6.6.6, 198.51.100.{number}");
                let request = post(&body).replace("Host: tributary", &named);
                stream.write_all(request.as_bytes()).await.expect("sent");
                refused += usize::from(read(&mut stream).await.expect("an answer").body.contains("RATE_LIMITED"));
            }
            assert_eq!(refused, limited, "trusted: {trusted:?}");
            drop(stream);
            listening.end().await;
        }
    })
    .await;
}

#[tokio::test]
async fn http_2_is_spoken_with_many_requests_at_once() {
    on_sqlite(async |world| {
        let listening = Listening::with(&world, &[]).await;
        let stream = TokioIo::new(listening.connect().await);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.expect("HTTP/2");
        let connection = tokio::spawn(connection);
        let ask = |mut sender: http2::SendRequest<Full<Bytes>>| async move {
            let request = hyper::Request::post("http://tributary/graphql")
                .header("content-type", "application/json")
                .body(Full::from(QUERY))
                .expect("a request");
            let response = sender.send_request(request).await.expect("an answer");
            assert_eq!((response.status().as_u16(), response.version()), (200, hyper::Version::HTTP_2));
            response.into_body().collect().await.expect("a body").to_bytes()
        };
        let answers = join_all((0..50).map(|_| ask(sender.clone()))).await;
        assert!(answers.iter().all(|answer| answer == ANSWER));
        drop(sender);
        connection.await.expect("no panic").expect("a clean end");
        listening.end().await;
    })
    .await;
}

/// A clock that breaks on demand: the only part of the service that a test can make panic from outside.
#[derive(Debug, Default)]
struct BrokenClock {
    clock: SystemClock,
    broken: AtomicBool,
}

impl Clock for BrokenClock {
    fn now(&self) -> DateTime<Utc> {
        assert!(!self.broken.load(Ordering::SeqCst), "the clock is broken");
        self.clock.now()
    }

    fn id(&self) -> Uuid {
        self.clock.id()
    }
}

#[tokio::test]
async fn a_panic_costs_its_own_request_only() {
    on_sqlite(async |world| {
        let clock = Arc::new(BrokenClock::default());
        let settings = |name: &str| match name {
            "DATABASE_URL" => Some(world.url.clone()),
            "TRIBUTARY_DEMO" => Some("never".to_owned()),
            _ => None,
        };
        let config = Config::from_env(settings).expect("a good configuration");
        let app = App::start(config, Arc::clone(&clock) as Arc<dyn Clock>).await.expect("the service starts");
        let listening = Listening::start(app).await;
        let mut stream = listening.connect().await;
        let sign_in = post(r#"{"query":"mutation { signIn(input: { email: \"a@b.example\", password: \"x\" }) { userErrors { code } } }"}"#);
        for _ in 0..2 {
            clock.broken.store(true, Ordering::SeqCst);
            stream.write_all(sign_in.as_bytes()).await.expect("sent");
            let heard = read(&mut stream).await.expect("an answer on the same connection");
            assert!(heard.head.starts_with("HTTP/1.1 500 "), "{}", heard.head);
            assert!(heard.body.contains("\"INTERNAL\"") && !heard.body.contains("clock"), "{}", heard.body);
            clock.broken.store(false, Ordering::SeqCst);
            stream.write_all(sign_in.as_bytes()).await.expect("sent");
            let heard = read(&mut stream).await.expect("an answer");
            assert!(heard.body.contains("\"code\":\"INVALID\""), "{}", heard.body);
        }
        listening.end().await;
    })
    .await;
}

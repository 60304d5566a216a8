//! The service on a real port, and clients that stay connected to it.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tributary::app::App;

use crate::{Actor, World};

/// A test that waits longer for a message fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// The service, listening.
pub struct Served {
    /// Where it listens.
    pub address: SocketAddr,
    app: App,
    stop: oneshot::Sender<()>,
    done: JoinHandle<std::io::Result<()>>,
}

impl World {
    /// Lets the service of this world listen on a port of its own.
    pub async fn serve(&self) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            let _ = stopped.await;
        };
        let done = tokio::spawn(tributary::server::serve(self.app.clone(), listener, shutdown));
        Served { address, app: self.app.clone(), stop, done }
    }
}

/// Opens a socket to a service anywhere, with this subprotocol and more headers.
async fn open(
    address: SocketAddr,
    protocol: Option<&str>,
    headers: &[(&str, &str)],
) -> Result<WebSocketStream<TcpStream>, u16> {
    // By hand, for a library would not even begin to talk where its subprotocol is not taken.
    let protocol = protocol.map(|protocol| ("sec-websocket-protocol", protocol));
    let mut request = format!(
        "GET /graphql HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: {}\r\n",
        address,
        generate_key()
    );
    for (name, value) in protocol.iter().chain(headers) {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(format!("{request}\r\n").as_bytes()).await.expect("a listener");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("an answer"));
    }
    let head = String::from_utf8(head).expect("text").to_lowercase();
    let status: u16 = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    if status != 101 {
        return Err(status);
    }
    let taken = head.contains("\r\nsec-websocket-protocol: graphql-transport-ws\r\n");
    assert_eq!(taken, protocol.is_some_and(|(_, protocol)| protocol == "graphql-transport-ws"), "{head}");
    Ok(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
}

impl Served {
    /// Asks it to leave, as a signal would; it is gone when the handle is ready.
    pub fn leave(self) -> JoinHandle<std::io::Result<()>> {
        let _ = self.stop.send(());
        self.done
    }

    /// A socket of somebody, introduced.
    pub async fn socket(&self, actor: &Actor) -> Socket {
        let mut socket = self.silent_socket().await;
        socket.init(json!({ "Authorization": format!("Bearer {}", actor.token) })).await;
        socket
    }

    /// A socket that has not said anything yet.
    pub async fn silent_socket(&self) -> Socket {
        self.upgrade(Some("graphql-transport-ws"), &[]).await.expect("an upgrade")
    }

    /// A socket with this subprotocol and more headers, or the status that refuses it.
    ///
    /// # Errors
    /// The status of the answer that is no upgrade.
    pub async fn upgrade(&self, protocol: Option<&str>, headers: &[(&str, &str)]) -> Result<Socket, u16> {
        let stream = open(self.address, protocol, headers).await?;
        Ok(Socket { stream, app: self.app.clone() })
    }
}

/// A client of `graphql-transport-ws`.
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    app: App,
}

impl Socket {
    /// A socket to a service that runs beside this one, on the same database.
    pub async fn to(address: &str, world: &World) -> Self {
        let address = address.parse().expect("an address");
        let stream = open(address, Some("graphql-transport-ws"), &[]).await.expect("an upgrade");
        Self { stream, app: world.app.clone() }
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Value) {
        self.send_frame(Message::text(message.to_string())).await;
    }

    /// Sends anything.
    pub async fn send_frame(&mut self, frame: Message) {
        self.stream.send(frame).await.expect("the service listens");
    }

    /// Introduces itself and waits for the acknowledgement.
    pub async fn init(&mut self, payload: Value) {
        self.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(self.next().await, json!({ "type": "connection_ack" }));
    }

    /// Begins an operation.
    pub async fn subscribe(&mut self, id: &str, query: &str) {
        self.run(id, query, json!({})).await;
    }

    /// Begins an operation with variables.
    pub async fn run(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.send(json!({ "id": id, "type": "subscribe", "payload": payload })).await;
    }

    /// Begins a subscription and waits until it follows the log: what is changed from now on is told.
    pub async fn follow(&mut self, id: &str, query: &str, variables: Value) {
        let before = self.app.store().feed().followers();
        self.run(id, query, variables).await;
        let follows = async {
            while self.app.store().feed().followers() <= before {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, follows).await.expect("it follows");
    }

    /// Waits until everything that was sent before has been read.
    pub async fn settle(&mut self) {
        self.run("settle", "{ __typename }", json!({})).await;
        assert_eq!(self.next().await["type"], "next");
        assert_eq!(self.next().await["type"], "complete");
    }

    /// The next frame, whatever it is; none when the connection has ended.
    pub async fn frame(&mut self) -> Option<Message> {
        let frame = tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("the service says something");
        frame.and_then(Result::ok)
    }

    /// The next message.
    pub async fn next(&mut self) -> Value {
        loop {
            match self.frame().await.expect("a message before the end") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected a message, not {other:?}"),
            }
        }
    }

    /// The data of the next answer, which must be one of this operation and without errors.
    pub async fn data(&mut self, id: &str) -> Value {
        let message = self.next().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("next"), &json!(id)), "{message:#}");
        assert!(message["payload"].get("errors").is_none(), "unexpected errors: {message:#}");
        message["payload"]["data"].clone()
    }

    /// The code of the next message, which must be the error that ends this operation.
    pub async fn error(&mut self, id: &str) -> String {
        let message = self.next().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!(id)), "{message:#}");
        message["payload"][0]["extensions"]["code"].as_str().expect("a code").to_owned()
    }

    /// Code and reason of the close frame that must come next, apart from pings.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.frame().await.expect("a reason before the end") {
                Message::Close(Some(frame)) => return (frame.code.into(), frame.reason.to_string()),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected the end, not {other:?}"),
            }
        }
    }

    /// The connection below, to do without a well-behaved client.
    pub fn into_inner(self) -> TcpStream {
        self.stream.into_inner()
    }
}

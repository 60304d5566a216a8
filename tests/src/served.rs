//! The service on a real port, and clients that stay connected to it.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::{Actor, World};

/// A test that waits longer for a message fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// The service, listening.
pub struct Served {
    /// Where it listens.
    pub address: SocketAddr,
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
        Served { address, stop, done }
    }
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
    pub async fn upgrade(
        &self,
        protocol: Option<&'static str>,
        headers: &[(&'static str, &str)],
    ) -> Result<Socket, u16> {
        let mut request = format!("ws://{}/graphql", self.address).into_client_request().expect("a request");
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(protocol));
        }
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a header"));
        }
        let stream = TcpStream::connect(self.address).await.expect("a connection");
        match client_async(request, stream).await {
            Ok((stream, _)) => Ok(Socket { stream }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("no upgrade: {error}"),
        }
    }
}

/// A client of `graphql-transport-ws`.
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
}

impl Socket {
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

    /// Waits until everything that was sent before has been read, and so every operation has been begun.
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

//! Clients over sockets.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::Result;

/// A client of `graphql-transport-ws`.
pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Opens a socket that has not said anything yet.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let mut request = format!("ws://{address}/graphql").into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(client_async(request, stream).await?.0))
    }

    /// Introduces itself, with a token or without.
    pub async fn init(&mut self, token: Option<&str>) -> Result<()> {
        let payload = token.map_or(json!({}), |token| json!({ "Authorization": format!("Bearer {token}") }));
        self.send(json!({ "type": "connection_init", "payload": payload })).await?;
        match self.next().await? {
            Some(message) if message["type"] == "connection_ack" => Ok(()),
            other => Err(format!("not acknowledged: {other:?}").into()),
        }
    }

    /// Begins an operation.
    pub async fn subscribe(&mut self, id: &str, query: &str) -> Result<()> {
        self.send(json!({ "id": id, "type": "subscribe", "payload": { "query": query } })).await
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Value) -> Result<()> {
        Ok(self.0.send(Message::text(message.to_string())).await?)
    }

    /// The next message; none at the end.
    pub async fn next(&mut self) -> Result<Option<Value>> {
        while let Some(frame) = self.0.next().await {
            match frame? {
                Message::Text(text) => return Ok(Some(serde_json::from_str(&text)?)),
                Message::Close(_) => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }
}

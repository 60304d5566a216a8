//! Connections of nobody in every slot, and how long a new client waits.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::clients::Socket;
use super::{Siege, milliseconds};
use crate::Result;
use crate::drive::{Connection, Shot};

/// So many connections, as many as a service has slots.
const CONNECTIONS: usize = 2_000;
/// How long a new client may wait, in milliseconds.
const BAR: f64 = 1_000.0;
/// How long it is waited for at most.
const MOST: Duration = Duration::from_secs(60);

/// What holds a connection as long as it lives.
#[expect(dead_code, reason = "it is held and not used")]
enum Idle {
    Plain(TcpStream),
    Http2(http2::SendRequest<Full<Bytes>>),
    Socket(Box<Socket>),
}

const KINDS: [&str; 5] = [
    "that say nothing",
    "that have begun a request",
    "of HTTP/2 that answer pings",
    "that are sockets without init",
    "that are sockets of strangers",
];

async fn open(address: SocketAddr, kind: usize) -> Result<Idle> {
    Ok(match kind {
        0 => Idle::Plain(TcpStream::connect(address).await?),
        1 => {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{").await?;
            Idle::Plain(stream)
        }
        2 => {
            let stream = TokioIo::new(TcpStream::connect(address).await?);
            let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
            tokio::spawn(connection);
            let request = hyper::Request::get(format!("http://{address}/healthz")).body(Full::default())?;
            sender.send_request(request).await?.into_body().collect().await?;
            Idle::Http2(sender)
        }
        _ => {
            let mut socket = Socket::open(address).await?;
            if kind == 4 {
                socket.init(None).await?;
            }
            Idle::Socket(Box::new(socket))
        }
    })
}

pub async fn run(siege: &Siege<'_>) -> Result<bool> {
    let mut held = true;
    for (kind, name) in KINDS.iter().enumerate() {
        let service = siege.start(&[])?;
        let mut idle = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            // The later ones push out the earlier ones, in the middle of opening as well.
            idle.extend(tokio::time::timeout(MOST, open(service.address, kind)).await?.ok());
        }
        let mut worst = Duration::ZERO;
        for _ in 0..5 {
            let began = Instant::now();
            let asked = async {
                let body = json!({ "query": "{ __typename }" }).to_string();
                let shot = Shot { path: "/graphql".to_owned(), token: None, bodies: vec![body.into()] };
                Connection::open(service.address).await?.send(&shot, 0).await
            };
            let _ = tokio::time::timeout(MOST, asked).await;
            worst = worst.max(began.elapsed());
        }
        let what = format!("a new client's wait beside {} {name}", idle.len());
        held &= siege.tell(&what, milliseconds(worst), "ms", Some(BAR));
    }
    Ok(held)
}

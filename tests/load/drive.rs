//! The clients: so many connections, each sending its next request as soon as the last one is answered.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::try_join_all;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What is sent, request by request.
pub struct Shot {
    /// The path, such as `/graphql`.
    pub path: String,
    /// The bearer token; none for none.
    pub token: Option<String>,
    /// The JSON bodies, taken in turn.
    pub bodies: Vec<Bytes>,
}

/// What came of it.
#[derive(Default)]
pub struct Outcome {
    /// How long each request took.
    pub latencies: Vec<Duration>,
    /// From the first request to the last answer.
    pub elapsed: Duration,
}

/// Sends so many requests over so many connections, or as many as the time allows.
///
/// # Errors
/// A request that was not answered as it should be.
pub async fn drive(
    address: SocketAddr,
    shot: &Arc<Shot>,
    connections: usize,
    requests: usize,
    most: Duration,
) -> io::Result<Outcome> {
    let next = Arc::new(AtomicUsize::new(0));
    let begin = Instant::now();
    let clients = (0..connections).map(|_| {
        let (shot, next) = (Arc::clone(shot), Arc::clone(&next));
        let client = tokio::spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut latencies = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= requests || begin.elapsed() > most {
                    return Ok::<_, io::Error>(latencies);
                }
                let sent = Instant::now();
                connection.send(&shot, number).await?;
                latencies.push(sent.elapsed());
            }
        });
        async { client.await.map_err(io::Error::other)? }
    });
    let latencies = try_join_all(clients).await?.into_iter().flatten().collect();
    Ok(Outcome { latencies, elapsed: begin.elapsed() })
}

/// One connection that is kept open.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self { sender, host: address.to_string() })
    }

    /// Sends one of the requests and reads its answer.
    pub async fn send(&mut self, shot: &Shot, number: usize) -> io::Result<Bytes> {
        let (status, answer) = self.try_send(shot, number).await?;
        let refused = [&br#""errors":["#[..], br#""userErrors":[{"#].iter().any(|mark| holds(&answer, mark));
        if status != StatusCode::OK || refused {
            let answer = String::from_utf8_lossy(&answer);
            return Err(io::Error::other(format!("{} answered {status}: {answer:.500}", shot.path)));
        }
        Ok(answer)
    }

    /// Reads what is at a path.
    pub async fn get(&mut self, path: &str) -> io::Result<Bytes> {
        let request = Request::get(path).header(HOST, self.host.as_str()).body(Full::default());
        Ok(self.ask(request.map_err(io::Error::other)?).await?.1)
    }

    /// Sends one of the requests and reads its answer, whatever it is.
    pub async fn try_send(&mut self, shot: &Shot, number: usize) -> io::Result<(StatusCode, Bytes)> {
        let body = shot.bodies.get(number % shot.bodies.len().max(1)).cloned().unwrap_or_default();
        let mut request =
            Request::post(shot.path.as_str()).header(HOST, self.host.as_str()).header(CONTENT_TYPE, "application/json");
        if let Some(token) = &shot.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        self.ask(request.body(Full::new(body)).map_err(io::Error::other)?).await
    }

    async fn ask(&mut self, request: Request<Full<Bytes>>) -> io::Result<(StatusCode, Bytes)> {
        let response = self.sender.send_request(request).await.map_err(io::Error::other)?;
        let status = response.status();
        Ok((status, response.into_body().collect().await.map_err(io::Error::other)?.to_bytes()))
    }
}

/// Does the mark stand near the beginning or the end? (Errors come first, user errors last.)
fn holds(answer: &[u8], mark: &[u8]) -> bool {
    let ends = [&answer[..answer.len().min(400)], &answer[answer.len().saturating_sub(400)..]];
    ends.iter().any(|end| end.windows(mark.len()).any(|window| window == mark))
}

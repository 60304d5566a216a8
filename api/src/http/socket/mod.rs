//! GraphQL over WebSocket: the protocol `graphql-transport-ws`, with a loop of our own over the executor.
//!
//! Nothing is queued for a client: an operation is asked for its next answer when the one before has been written, and
//! a client that does not take what is written to it is dropped. It resumes with `after`.

mod introduction;
mod message;

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Response};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use tokio::time::timeout;
use tokio_stream::StreamMap;
use tracing::Instrument;
use tungstenite::Error as WireError;

use self::introduction::Introduction;
use self::message::{Incoming, Outgoing};
use super::admission;
use super::answer::Answer;
use super::apart::apart;
use super::charge;
use super::guard::coded;
use super::live::{self, Lease, Pulse};
use super::parameters::Parameters;
use crate::app::App;
use crate::auth::entrance::Credential;
use crate::error::{Code, Error};
use crate::observability::metrics::Open;
use crate::request::RequestMeta;

/// The subprotocol.
const PROTOCOL: &str = "graphql-transport-ws";
/// How long a client may take to say goodbye.
const CLOSE_TIME: Duration = Duration::from_secs(2);
/// Most operations that run on one socket at once.
const MOST_OPERATIONS: usize = 100;
/// Longest reason of a close frame, in bytes (RFC 6455: 125 with the code).
const LONGEST_REASON: usize = 123;
/// Bytes of the buffers for reading and writing; they grow with a larger message only.
const BUFFER: usize = 4_096;

/// Where a socket comes from.
pub struct Caller {
    /// Finds the socket in the logs.
    pub id: String,
    /// The network address.
    pub peer: Option<IpAddr>,
    /// The header `Authorization` of the upgrade, for clients that can set it.
    pub authorization: Option<String>,
    /// The hold on the connection.
    pub lease: Option<Lease>,
}

/// May a page of this origin open a socket here? Browsers ask nobody before they do, so we look: at our own pages and
/// at those of the CORS list. Other programs send no origin.
pub fn is_welcome(headers: &HeaderMap, origins: &[String]) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let Some(origin) = text(ORIGIN) else { return true };
    let own = origin.split_once("://").is_some_and(|(_, authority)| {
        text(HOST).is_some_and(|host| !host.is_empty() && host.eq_ignore_ascii_case(authority))
    });
    own || origins.iter().any(|listed| listed.eq_ignore_ascii_case(origin))
}

/// Answers the upgrade; the socket then lives in a task of its own.
pub fn open(upgrade: WebSocketUpgrade, app: App, caller: Caller) -> Response<axum::body::Body> {
    let most = app.config().limits.body_bytes;
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_message_size(most)
        .max_frame_size(most);
    let accepted = upgrade.selected_protocol().is_some();
    let span = tracing::Span::current();
    upgrade.on_upgrade(move |socket| {
        let lease = caller.lease.clone();
        let open = app.metrics().socket();
        let connection = Connection { socket, app, caller, heard: true, is_signed_in: false, bytes: 0, _open: open };
        // Boxed, so that the task stays as small as what a silent socket needs.
        connection.serve(accepted, lease).boxed().instrument(span)
    })
}

/// Why a socket ends.
enum End {
    /// The client has gone, or takes nothing any more.
    Gone,
    /// We close it, with a code and a reason.
    Close(u16, String),
    /// Others need its place more, and do not wait for it.
    GiveWay,
}

impl End {
    fn close(code: u16, reason: impl Into<String>) -> Self {
        Self::Close(code, reason.into())
    }
}

/// What an operation does next.
enum Step {
    Answer(Box<Answer>),
    Complete,
}

type Operations = StreamMap<String, BoxStream<'static, Step>>;

/// How long a client may take to hear that it has to give way.
const FAREWELL: Duration = Duration::from_millis(100);
/// What a client is told that takes its messages too slowly.
const TOO_SLOW: &str = "Messages are read too slowly. Connect again, and resume with `after`.";

/// One socket.
struct Connection {
    socket: WebSocket,
    app: App,
    caller: Caller,
    /// The client was heard since the last pulse.
    heard: bool,
    /// A valid token was presented.
    is_signed_in: bool,
    /// Bytes of the message that was heard last.
    bytes: usize,
    _open: Open,
}

impl Connection {
    async fn serve(mut self, accepted: bool, lease: Option<Lease>) {
        let ended = if accepted {
            tokio::select! {
                Err(end) = self.talk() => end,
                () = live::left(lease.clone()) => End::close(1001, "The service is shutting down: connect again."),
                () = live::is_cut(lease) => End::GiveWay,
            }
        } else {
            End::close(4406, "Subprotocol not acceptable")
        };
        self.say_goodbye(ended).await;
    }

    /// Goes on until the socket has to end.
    async fn talk(&mut self) -> Result<std::convert::Infallible, End> {
        let credential = timeout(self.app.config().socket_init, self.introduce())
            .await
            .unwrap_or_else(|_| Err(End::close(4408, "Connection initialisation timeout")))?;
        self.is_signed_in = credential.is_proof();
        // Who is signed in keeps their socket though nothing runs on it.
        let lease = self.caller.lease.clone().filter(|_| credential.is_proof());
        lease.iter().for_each(Lease::know);
        let _in_use = lease.as_ref().map(Lease::begin);
        let pulse = self.app.config().pulse;
        let (mut operations, mut pulse) = (Operations::new(), Pulse::of(credential.clone(), pulse));

        loop {
            tokio::select! {
                text = self.hear() => match self.read(text?).await? {
                    Incoming::Subscribe(id, parameters) => self.begin(&mut operations, &credential, id, parameters).await?,
                    Incoming::Complete(id) => drop(operations.remove(&id)),
                    Incoming::Init(_) => return Err(End::close(4429, "Too many initialisation requests")),
                    Incoming::Ping(payload) => self.send(&Outgoing::pong(payload)).await?,
                    Incoming::Pong => {}
                },
                Some((id, step)) = operations.next(), if !operations.is_empty() => match step {
                    Step::Answer(answer) if !answer.has_begun() => {
                        operations.remove(&id);
                        self.send(&Outgoing::error(&id, answer.errors())).await?;
                        if answer.code() == Code::Unauthenticated.as_str() {
                            pulse.look().await.map_err(|_| forbidden())?;
                        }
                    }
                    Step::Answer(answer) => self.send(&Outgoing::next(&id, &answer)).await?,
                    Step::Complete => self.send(&Outgoing::complete(&id)).await?,
                },
                () = pulse.due() => {
                    pulse.look().await.map_err(|_| forbidden())?;
                    if !std::mem::take(&mut self.heard) {
                        return Err(End::Gone);
                    }
                    self.write(Frame::Ping(Bytes::new())).await?;
                }
            }
        }
    }

    /// Waits for `connection_init` and finds out who it is.
    async fn introduce(&mut self) -> Result<Credential, End> {
        loop {
            let text = self.hear().await?;
            match self.read(text).await? {
                Incoming::Init(payload) => {
                    let given = Introduction::of(payload.as_ref());
                    if let Introduction::Unreadable(place) = &given {
                        let message = format!("No token is read at `{place}`: send {{\"Authorization\":\"Bearer …\"}}");
                        return Err(End::close(4403, message));
                    }
                    let shown = given.authorization().or(self.caller.authorization.as_deref());
                    let credential = self.app.credential(shown).await.map_err(|error| turned_away(&error))?;
                    credential.viewer().await.map_err(|error| turned_away(&error))?;
                    self.send(&Outgoing::ack(given.note(credential.is_proof()))).await?;
                    return Ok(credential);
                }
                Incoming::Subscribe(..) => return Err(End::close(4401, "Unauthorized")),
                Incoming::Ping(payload) => self.send(&Outgoing::pong(payload)).await?,
                Incoming::Pong | Incoming::Complete(_) => {}
            }
        }
    }

    /// Begins an operation, or refuses it.
    async fn begin(
        &mut self,
        operations: &mut Operations,
        credential: &Credential,
        id: String,
        parameters: Parameters,
    ) -> Result<(), End> {
        if operations.contains_key(&id) {
            return Err(End::close(4409, format!("Subscriber for {id} already exists")));
        }
        if operations.len() >= MOST_OPERATIONS {
            let message =
                format!("This socket runs {MOST_OPERATIONS} operations already. Complete one, or open another.");
            return self.send(&Outgoing::error(&id, &[coded(Code::RateLimited, message)])).await;
        }
        let paid = charge::take_for_judging(&self.app, credential.user(), self.caller.peer, self.bytes);
        if let Err(refused) = paid {
            return self.send(&Outgoing::error(&id, refused.errors())).await;
        }
        let answers = match admission::admit(&self.app, parameters, self.bytes).await {
            Ok(admitted) => {
                let meta = RequestMeta {
                    request_id: self.caller.id.clone(),
                    peer: self.caller.peer,
                    ..RequestMeta::default()
                };
                admission::stream(&self.app, admitted, credential.clone(), meta)
            }
            Err(errors) => admission::one(Answer::refused(errors, self.app.is_schema_open(credential.is_proof()))),
        };
        let in_use = self.caller.lease.as_ref().map(Lease::begin);
        let steps = answers
            .map(move |answer| {
                let _ = &in_use;
                Step::Answer(Box::new(answer))
            })
            .chain(stream::once(std::future::ready(Step::Complete)));
        operations.insert(id, steps.boxed());
        Ok(())
    }

    /// What a message says.
    async fn read(&mut self, text: Utf8Bytes) -> Result<Incoming, End> {
        let (app, is_signed_in) = (self.app.clone(), self.is_signed_in);
        self.bytes = text.len();
        let read = move || message::read(&text, &app.config().limits, is_signed_in);
        apart(self.bytes, read).await.map_err(|reason| End::close(4400, reason))
    }

    /// The next message of the client. Giving up the wait loses none.
    async fn hear(&mut self) -> Result<Utf8Bytes, End> {
        loop {
            let frame = self.socket.next().await.ok_or(End::Gone)?.map_err(broken)?;
            self.heard = true;
            match frame {
                Frame::Text(text) => return Ok(text),
                Frame::Binary(_) => return Err(End::close(4400, "Messages are text")),
                Frame::Close(_) => return Err(End::Gone),
                // Pings are answered by the library.
                Frame::Ping(_) | Frame::Pong(_) => {}
            }
        }
    }

    async fn send(&mut self, message: &Outgoing<'_>) -> Result<(), End> {
        self.write(Frame::Text(message.text().into())).await
    }

    async fn write(&mut self, frame: Frame) -> Result<(), End> {
        match timeout(self.app.config().pulse, self.socket.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::close(1008, TOO_SLOW)),
        }
    }

    /// Closes and lets the client read the reason before the connection goes.
    async fn say_goodbye(mut self, end: End) {
        let (code, reason, patience) = match end {
            End::Gone => (None, String::new(), CLOSE_TIME),
            End::Close(code, reason) => (Some(code), reason, CLOSE_TIME),
            End::GiveWay => (Some(1013), "Nothing was asked over this socket: connect again.".to_owned(), FAREWELL),
        };
        tracing::debug!(code, reason, "a socket is closed");
        let goodbye = async {
            if let Some(code) = code {
                let frame = CloseFrame { code, reason: cut(&reason).into() };
                if self.socket.send(Frame::Close(Some(frame))).await.is_err() {
                    return;
                }
            }
            while let Some(Ok(_)) = self.socket.next().await {}
        };
        let _ = timeout(patience, goodbye).await;
    }
}

fn forbidden() -> End {
    End::close(4403, "Forbidden")
}

/// Why nobody is let in: by their own fault, or because we cannot ask the database.
fn turned_away(error: &Error) -> End {
    if error.code() == Code::Unauthenticated { forbidden() } else { End::close(1013, "Try again shortly") }
}

/// A frame that could not be read.
fn broken(error: axum::Error) -> End {
    match error.into_inner().downcast_ref() {
        Some(WireError::Capacity(_)) => End::close(1009, "The message is too large"),
        Some(WireError::Utf8(_)) => End::close(1007, "The message is not UTF-8"),
        Some(WireError::Protocol(_)) => End::close(1002, "This is not the WebSocket protocol"),
        _ => End::Gone,
    }
}

/// The start of a reason that fits into a close frame.
fn cut(reason: &str) -> &str {
    let mut end = reason.len().min(LONGEST_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.get(..end).unwrap_or_default()
}

/// What to answer when the upgrade itself cannot be made.
pub fn unfit() -> Error {
    Error::bad_input(format!(
        "This WebSocket upgrade is not understood here: use HTTP/1.1, version 13 and the protocol {PROTOCOL}."
    ))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_reason_fits_into_its_frame() {
        assert_eq!(cut("Forbidden"), "Forbidden");
        let long = format!("{}ü{}", "x".repeat(122), "y".repeat(50));
        assert_eq!(cut(&long), "x".repeat(122));
        assert_eq!(cut(&"ü".repeat(100)).len(), 122);
    }

    #[test]
    fn foreign_pages_open_no_socket() {
        let headers = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("crm.example:8080"));
            origin.map(|origin| headers.insert(ORIGIN, HeaderValue::from_static(origin)));
            headers
        };
        let listed = ["https://app.example".to_owned()];
        for (origin, welcome) in [
            (None, true),
            (Some("http://crm.example:8080"), true),
            (Some("https://CRM.example:8080"), true),
            (Some("https://app.example"), true),
            (Some("https://app.example.evil.example"), false),
            (Some("http://crm.example"), false),
            (Some("null"), false),
            (Some(""), false),
        ] {
            assert_eq!(is_welcome(&headers(origin), &listed), welcome, "{origin:?}");
        }
    }
}

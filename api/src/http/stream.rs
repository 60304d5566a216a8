//! Answers that come one by one over plain HTTP: server-sent events (the distinct connections mode of graphql-sse) and
//! multipart (Apollo's subscription protocol).

use std::convert::Infallible;
use std::time::Duration;

use async_graphql::ServerError;
use axum::body::Body;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use serde::Serialize;
use tokio::sync::mpsc;

use super::answer::{Answer, write};
use super::live::{self, Lease, Pulse};
use crate::auth::entrance::Credential;

/// How answers are put into one body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `text/event-stream`: events `next` and `complete`.
    Events,
    /// `multipart/mixed;subscriptionSpec=1.0`: a part for each answer.
    Parts,
}

impl Framing {
    /// What the `Accept` header asks for; events where it takes both.
    pub fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let found: Vec<Self> = accepts.flat_map(|accept| accept.split(',')).filter_map(Self::range).collect();
        found.iter().find(|framing| **framing == Self::Events).or(found.first()).copied()
    }

    fn range(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase().replace('"', ""));
        let media = parts.next()?;
        let parameters: Vec<String> = parts.collect();
        if parameters.iter().any(|parameter| parameter.strip_prefix("q=").is_some_and(is_zero)) {
            return None;
        }
        match media.as_str() {
            "text/event-stream" => Some(Self::Events),
            "multipart/mixed" if parameters.iter().any(|parameter| parameter == "subscriptionspec=1.0") => {
                Some(Self::Parts)
            }
            _ => None,
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Events => "text/event-stream; charset=utf-8",
            Self::Parts => "multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0",
        })
    }

    /// What stands before the first answer.
    fn opening(self) -> Bytes {
        Bytes::from_static(match self {
            Self::Events => b":\n\n",
            Self::Parts => b"--graphql\r\n",
        })
    }

    fn answer(self, answer: &Answer) -> Bytes {
        match self {
            Self::Events => event(&write(answer)),
            Self::Parts if !answer.has_begun() => part(&write(&Envelope { payload: None, errors: answer.errors() })),
            Self::Parts => part(&write(&Envelope { payload: Some(answer), errors: &[] })),
        }
    }

    /// What keeps the connection alive where nothing happens.
    fn heartbeat(self) -> Bytes {
        match self {
            Self::Events => Bytes::from_static(b":\n\n"),
            Self::Parts => part(b"{}"),
        }
    }

    /// What says that nothing more will come.
    fn closing(self) -> Bytes {
        Bytes::from_static(match self {
            // Browsers pass over events without data.
            Self::Events => b"event: complete\ndata: \n\n",
            Self::Parts => b"content-type: application/json\r\n\r\n{}\r\n--graphql--\r\n",
        })
    }
}

fn is_zero(quality: &str) -> bool {
    quality.trim().parse::<f32>().is_ok_and(|quality| quality <= 0.0)
}

fn event(json: &[u8]) -> Bytes {
    // JSON on one line: it has no line feed of its own.
    [b"event: next\ndata: ", json, b"\n\n"].concat().into()
}

/// Ends with the next boundary, for a client shows a part when it has seen its end.
fn part(json: &[u8]) -> Bytes {
    [b"content-type: application/json\r\n\r\n", json, b"\r\n--graphql\r\n"].concat().into()
}

/// Apollo's envelope: answers in `payload`, what ends the stream in `errors`.
#[derive(Serialize)]
struct Envelope<'a> {
    payload: Option<&'a Answer>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
}

/// Answers with a body that grows. It ends by a closing where the operation does; where the operation `follows` something,
/// without one when the service is leaving, so that clients come again.
pub fn respond(
    framing: Framing,
    answers: BoxStream<'static, Answer>,
    credential: Credential,
    pulse: Duration,
    lease: Option<Lease>,
    follows: bool,
) -> Response<Body> {
    let (frames, body) = mpsc::channel(1);
    let writing = Writing { framing, frames, patience: pulse, lease, follows };
    tokio::spawn(writing.run(answers, Pulse::of(credential, pulse)));
    let frames = stream::unfold(body, |mut body| async move {
        let frame: Bytes = body.recv().await?;
        Some((Ok::<_, Infallible>(frame), body))
    });
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, framing.content_type());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that collect an answer before they pass it on would make a stream silent.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

/// A body that is being written.
struct Writing {
    framing: Framing,
    frames: mpsc::Sender<Bytes>,
    /// How long the client may take to take something.
    patience: Duration,
    lease: Option<Lease>,
    /// It goes on until somebody ends it.
    follows: bool,
}

/// The client is gone, or takes nothing any more.
struct Gone;

impl Writing {
    async fn run(self, answers: BoxStream<'static, Answer>, pulse: Pulse) {
        let lease = self.lease.clone();
        let _in_use = lease.as_ref().map(Lease::begin);
        tokio::select! {
            _ = self.write(answers, pulse) => {}
            () = live::left(lease.clone()), if self.follows => {}
            () = live::overdue(lease) => {
                // The last that is written: whoever is gone does not read it.
                let answer = self.framing.answer(&Answer::failed(live::unfinished()));
                let _ = self.send([answer, self.framing.closing()].concat().into()).await;
            }
        }
    }

    async fn write(&self, mut answers: BoxStream<'static, Answer>, mut pulse: Pulse) -> Result<(), Gone> {
        self.send(self.framing.opening()).await?;
        loop {
            tokio::select! {
                answer = answers.next() => match answer {
                    Some(answer) => self.send(self.framing.answer(&answer)).await?,
                    None => break,
                },
                () = pulse.due() => match pulse.look().await {
                    Ok(()) => self.send(self.framing.heartbeat()).await?,
                    Err(error) => {
                        self.send(self.framing.answer(&Answer::failed(error))).await?;
                        break;
                    }
                },
                () = self.frames.closed() => return Err(Gone),
            }
        }
        self.send(self.framing.closing()).await
    }

    async fn send(&self, frame: Bytes) -> Result<(), Gone> {
        match self.frames.send_timeout(frame, self.patience).await {
            Ok(()) => Ok(()),
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(Gone),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => {
                tracing::info!("a stream was cut: its client took nothing any more");
                self.lease.iter().for_each(Lease::cut);
                Err(Gone)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_asked_for_by_name() {
        for (accept, framing) in [
            ("text/event-stream", Some(Framing::Events)),
            ("application/json, Text/Event-Stream", Some(Framing::Events)),
            ("multipart/mixed;subscriptionSpec=1.0, application/json", Some(Framing::Parts)),
            ("multipart/mixed;boundary=graphql;subscriptionSpec=\"1.0\",application/json", Some(Framing::Parts)),
            ("multipart/mixed;subscriptionSpec=1.0, text/event-stream", Some(Framing::Events)),
            ("multipart/mixed;deferSpec=20220824, application/json", None),
            ("multipart/mixed", None),
            ("text/event-stream;q=0", None),
            ("*/*", None),
            ("application/json", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(Framing::negotiate(&headers), framing, "{accept}");
        }
    }
}

//! Answers of GraphQL over HTTP: which media type the client wants, which status an outcome has, and errors that are
//! coded, few, short and in people's words.

use async_graphql::{Response as Outcome, ServerError, Value};
use axum::body::Body;
use axum::http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use serde::Serialize;

use super::gather::{MORE_ERRORS, gather};
use super::guard::coded;
use super::words;
use crate::error::{Code, Error};
use crate::graphql::on_error::OnError;

/// The two media types of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/graphql-response+json`: the status tells request errors from answers.
    GraphqlResponse,
    /// `application/json`: 200 for every well-formed request.
    Json,
}

impl Media {
    /// What the `Accept` header asks for; nothing or `*/*` means JSON. None when we have nothing that it accepts.
    pub fn negotiate(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(ACCEPT) {
            return Some(Self::Json);
        }
        let accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut best: Option<(f32, Self)> = None;
        for (quality, media) in accepts.flat_map(|accept| accept.split(',')).filter_map(Self::range) {
            let better = best.is_none_or(|(most, found)| quality > most || (quality == most && found == Self::Json));
            if quality > 0.0 && better {
                best = Some((quality, media));
            }
        }
        best.map(|(_, media)| media)
    }

    /// One media range and its quality.
    fn range(text: &str) -> Option<(f32, Self)> {
        let mut parts = text.split(';').map(str::trim);
        let media = match parts.next()?.to_ascii_lowercase().as_str() {
            "application/graphql-response+json" => Self::GraphqlResponse,
            "application/json" | "application/*" | "*/*" => Self::Json,
            _ => return None,
        };
        let parameter = |part: &str, name: &str| {
            part.split_once('=').filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
        };
        let (mut quality, mut utf8) = (1.0, true);
        for part in parts {
            if let Some(value) = parameter(part, "q") {
                quality = value.parse().ok()?;
            }
            if let Some(charset) = parameter(part, "charset") {
                utf8 = is_utf8(&charset);
            }
        }
        utf8.then_some((quality, media))
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }

    /// The status of a request error. Under plain JSON a well-formed request is answered with 200, unless the
    /// reason concerns the network in between (who you are, how often, whether we can answer at all).
    fn status(self, code: &str) -> StatusCode {
        match code {
            "UNAUTHENTICATED" => StatusCode::UNAUTHORIZED,
            "RATE_LIMITED" => StatusCode::TOO_MANY_REQUESTS,
            "UNAVAILABLE" => StatusCode::SERVICE_UNAVAILABLE,
            "TIMEOUT" => StatusCode::GATEWAY_TIMEOUT,
            "INTERNAL" => StatusCode::INTERNAL_SERVER_ERROR,
            _ if self == Self::Json => StatusCode::OK,
            "FORBIDDEN" => StatusCode::FORBIDDEN,
            "CONFLICT" | "IDEMPOTENCY_CONFLICT" => StatusCode::CONFLICT,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// Whether a charset parameter names UTF-8.
pub fn is_utf8(charset: &str) -> bool {
    matches!(charset.trim_matches('"').to_ascii_lowercase().as_str(), "utf-8" | "utf8")
}

/// A refusal that HTTP itself makes, before there is a GraphQL request: the same status under both media types.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    error: Box<ServerError>,
    allow: Option<&'static str>,
}

impl Refusal {
    /// A refusal with a status and a code.
    pub fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self { status, error: Box::new(coded(code, message)), allow: None }
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::BadUserInput, message)
    }

    /// 405 with the methods that are allowed.
    pub fn method(allow: &'static str, message: &str) -> Self {
        Self { allow: Some(allow), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, Code::BadUserInput, message) }
    }

    /// 400 for a body that the guard refuses.
    pub fn too_complex(error: ServerError) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: Box::new(error), allow: None }
    }

    /// 413.
    pub fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            Code::QueryTooComplex,
            format!("The request body is larger than {limit} bytes."),
        )
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.error.message
    }

    /// The answer.
    pub fn into_response(self, media: Media) -> Response<Body> {
        let body = write(&Wire { errors: &[*self.error], data: None, extensions: None });
        let mut response = respond(self.status, media, body);
        if let Some(allow) = self.allow {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

/// What goes over the wire. Errors stand before data, so that a reader of a cut-off log sees them.
#[derive(Serialize)]
struct Wire<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<&'a std::collections::BTreeMap<String, Value>>,
}

/// The outcome of one operation, ready to be written.
pub struct Answer {
    outcome: Outcome,
    began: bool,
}

impl Answer {
    /// Takes what the library answered; `suggest` keeps its suggestions of similar names.
    pub fn new(mut outcome: Outcome, suggest: bool) -> Self {
        // The library writes `data: null` for request errors as well; a field error has a path.
        let began = outcome.data != Value::Null
            || outcome.errors.is_empty()
            || outcome.errors.iter().any(|error| !error.path.is_empty());
        for error in &mut outcome.errors {
            words::polish(error, began, suggest);
        }
        let (errors, more) = gather(outcome.errors);
        outcome.errors = errors;
        if let Some(more) = more {
            outcome.extensions.insert(MORE_ERRORS.to_owned(), more);
        }
        Self { outcome, began }
    }

    /// An operation that was refused before it ran; `suggest` keeps suggestions of similar names.
    pub fn refused(errors: Vec<ServerError>, suggest: bool) -> Self {
        Self::new(Outcome::from_errors(errors), suggest)
    }

    /// An operation that failed before it ran, by whose fault it is.
    pub fn failed(error: Error) -> Self {
        Self::refused(vec![error.into_server_error(None, Vec::new())], false)
    }

    /// Nothing but the first error, where an error ends the operation.
    #[must_use]
    pub fn halted(mut self, on_error: OnError) -> Self {
        if on_error == OnError::Halt && self.began && !self.outcome.errors.is_empty() {
            self.outcome.data = Value::Null;
            self.outcome.errors.truncate(1);
            self.outcome.extensions.remove(MORE_ERRORS);
        }
        self
    }

    /// Whether anything ran; otherwise the operation was refused, or has failed, as a whole.
    pub fn has_begun(&self) -> bool {
        self.began
    }

    /// What went wrong.
    pub fn errors(&self) -> &[ServerError] {
        &self.outcome.errors
    }

    /// The codes of the errors, in their order.
    pub fn codes(&self) -> Vec<String> {
        self.outcome.errors.iter().map(words::code_of).collect()
    }

    /// The answer with one more of the protocol's extensions.
    #[must_use]
    pub fn with_extension(mut self, name: &str, value: Value) -> Self {
        self.outcome.extensions.insert(name.to_owned(), value);
        self
    }

    /// The answer with one more HTTP header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.outcome.http_headers.insert(name, value);
        self
    }

    /// The code of the first error; empty without one.
    pub fn code(&self) -> String {
        self.outcome.errors.first().map(words::code_of).unwrap_or_default()
    }

    fn status(&self, media: Media) -> StatusCode {
        if self.began { StatusCode::OK } else { media.status(&self.code()) }
    }

    /// The answer to a single operation.
    pub fn into_response(self, media: Media) -> Response<Body> {
        let status = self.status(media);
        let body = write(&self.wire());
        let mut response = respond(status, media, body);
        response.headers_mut().extend(self.outcome.http_headers);
        response
    }

    /// The answers to a batch, as an array in the order of the requests. The status is the one they share, if they
    /// share one.
    pub fn into_batch(answers: &[Self], media: Media) -> Response<Body> {
        let mut statuses = answers.iter().map(|answer| answer.status(media));
        let first = statuses.next().unwrap_or_default();
        let status = if statuses.all(|status| status == first) { first } else { StatusCode::OK };
        let wires: Vec<Wire<'_>> = answers.iter().map(Self::wire).collect();
        let mut response = respond(status, media, write(&wires));
        for answer in answers {
            response.headers_mut().extend(answer.outcome.http_headers.clone());
        }
        response
    }

    fn wire(&self) -> Wire<'_> {
        let outcome = &self.outcome;
        Wire {
            errors: &outcome.errors,
            data: self.began.then_some(&outcome.data),
            extensions: (!outcome.extensions.is_empty()).then_some(&outcome.extensions),
        }
    }
}

impl Serialize for Answer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.wire().serialize(serializer)
    }
}

/// A JSON error outside GraphQL (an unknown path, a panic) in the same shape.
pub fn plain_error(status: StatusCode, code: Code, message: &str) -> Response<Body> {
    Refusal::new(status, code, message).into_response(Media::Json)
}

/// Writes JSON.
pub fn write<T: Serialize + ?Sized>(body: &T) -> Bytes {
    serde_json::to_vec(body).map_or_else(
        |error| {
            tracing::error!(%error, "an answer cannot be written as JSON");
            Bytes::from_static(
                br#"{"errors":[{"message":"Something went wrong on our side.","extensions":{"code":"INTERNAL"}}]}"#,
            )
        },
        Bytes::from,
    )
}

fn respond(status: StatusCode, media: Media, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, media.content_type());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(accept: &str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        Media::negotiate(&headers)
    }

    #[test]
    fn the_best_media_type_that_both_know_is_chosen() {
        use Media::{GraphqlResponse, Json};
        assert_eq!(Media::negotiate(&HeaderMap::new()), Some(Json));
        for (accept, media) in [
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("application/json", Some(Json)),
            ("application/graphql-response+json", Some(GraphqlResponse)),
            ("application/json, application/graphql-response+json", Some(GraphqlResponse)),
            ("application/graphql-response+json;q=0.2, application/json;q=0.3", Some(Json)),
            ("application/graphql-response+json; q=0, */*", Some(Json)),
            ("Application/GraphQL-Response+JSON; charset=UTF-8", Some(GraphqlResponse)),
            ("application/json; charset=utf-16", None),
            ("text/html", None),
            ("application/json;q=often", None),
            ("", None),
        ] {
            assert_eq!(negotiated(accept), media, "{accept}");
        }
    }

    #[test]
    fn data_is_left_out_unless_execution_began() {
        let request_error = Answer::refused(vec![coded(Code::BadUserInput, "No.")], false);
        assert!(request_error.wire().data.is_none());
        let mut outcome = Outcome::from_errors(vec![coded(Code::NotFound, "No.")]);
        outcome.errors.iter_mut().for_each(|error| error.path.push(async_graphql::PathSegment::Field("a".to_owned())));
        assert_eq!(Answer::new(outcome, false).wire().data, Some(&Value::Null));
    }

    #[test]
    fn the_status_follows_the_media_type() {
        let status =
            |code, media| Answer::refused(vec![coded(code, "No.")], false).into_response(media).status().as_u16();
        assert_eq!(status(Code::GraphqlParseFailed, Media::GraphqlResponse), 400);
        assert_eq!(status(Code::GraphqlParseFailed, Media::Json), 200);
        for media in [Media::GraphqlResponse, Media::Json] {
            assert_eq!(status(Code::Unauthenticated, media), 401);
            assert_eq!(status(Code::Unavailable, media), 503);
            assert_eq!(status(Code::Timeout, media), 504);
        }
    }
}

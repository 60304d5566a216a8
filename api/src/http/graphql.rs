//! GraphQL over HTTP (the GraphQL foundation's draft): one endpoint, GET for queries, POST with JSON for everything.

use std::net::{IpAddr, SocketAddr};

use async_graphql::ServerError;
use async_graphql::parser::types::OperationType;
use axum::body::Body;
use axum::extract::{ConnectInfo, Extension, State};
use axum::http::header::{ALLOW, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::admission::{self, Admitted};
use super::answer::{Answer, Media, Refusal, is_utf8};
use super::guard;
use super::headers::RequestId;
use super::parameters::{self, Carried, Parameters};
use crate::access::Viewer;
use crate::app::{App, RequestMeta};
use crate::error::{Code, Error, Result};

/// The methods of the endpoint.
const METHODS: &str = "GET, POST, OPTIONS";
/// What GET may be replaced by for a mutation.
const MUTATION_METHODS: &str = "POST, OPTIONS";
/// The header that makes a retried mutation safe.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The handler of `/graphql`, for every method.
pub async fn endpoint(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response<Body> {
    if method == Method::OPTIONS {
        return options();
    }
    let Some(media) = Media::negotiate(&headers) else {
        let message =
            "This endpoint answers with application/graphql-response+json or application/json; Accept allows neither.";
        return Refusal::new(StatusCode::NOT_ACCEPTABLE, Code::BadUserInput, message).into_response(Media::Json);
    };
    let call = Call { app, id: id.0, peer: peer.map(|Extension(ConnectInfo(peer))| peer.ip()), headers, media };
    let answered = match method {
        Method::GET => call.get(&uri).await,
        Method::POST => call.post(body).await,
        _ => Err(Refusal::method(METHODS, "Use POST, or GET for queries.")),
    };
    answered.unwrap_or_else(|refusal| refusal.into_response(media))
}

fn options() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(METHODS));
    response
}

/// One HTTP request to the endpoint.
struct Call {
    app: App,
    id: String,
    peer: Option<IpAddr>,
    headers: HeaderMap,
    media: Media,
}

impl Call {
    async fn get(self, uri: &Uri) -> Result<Response<Body>, Refusal> {
        let parameters = parameters::from_uri(uri, &self.app.config().limits)?;
        let admitted = self.admit(parameters);
        if admitted.as_ref().is_ok_and(|admitted| admitted.kind != OperationType::Query) {
            return Err(Refusal::method(MUTATION_METHODS, "GET runs queries only: send mutations by POST."));
        }
        self.answer_one(admitted).await
    }

    async fn post(self, body: Body) -> Result<Response<Body>, Refusal> {
        self.check_content_type()?;
        let body = self.read(body).await?;
        match parameters::from_body(&body, &self.app.config().limits)? {
            Carried::One(parameters) => {
                let admitted = self.admit(parameters);
                self.answer_one(admitted).await
            }
            Carried::Batch(batch) => self.answer_batch(batch).await,
        }
    }

    /// JSON only. Browsers send forms and plain text to other sites without asking; they do not send this.
    fn check_content_type(&self) -> Result<(), Refusal> {
        let refused = |message| Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadUserInput, message));
        let given = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut parts = given.split(';').map(str::trim);
        let json = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
        let charset =
            parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.eq_ignore_ascii_case("charset"));
        if !json || charset.is_some_and(|(_, charset)| !is_utf8(charset)) {
            return refused("Send the request as `Content-Type: application/json` in UTF-8.");
        }
        if self.headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return refused("Compressed request bodies are not read.");
        }
        Ok(())
    }

    async fn read(&self, body: Body) -> Result<Bytes, Refusal> {
        let config = self.app.config();
        let limit = config.limits.body_bytes;
        let collected = tokio::time::timeout(config.request_timeout, Limited::new(body, limit).collect());
        match collected.await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::too_large(limit)),
            Ok(Err(_)) => Err(Refusal::bad_request("The request body broke off.")),
            Err(_) => Err(Refusal::new(
                StatusCode::REQUEST_TIMEOUT,
                Code::Timeout,
                "The request body took too long to arrive.",
            )),
        }
    }

    fn admit(&self, parameters: Parameters) -> Result<Admitted, Vec<ServerError>> {
        let admitted = admission::admit(&self.app, parameters)?;
        if admitted.kind == OperationType::Subscription {
            let message = "Subscriptions do not run over plain HTTP.";
            return Err(vec![guard::coded(Code::BadUserInput, message)]);
        }
        Ok(admitted)
    }

    async fn answer_one(self, admitted: Result<Admitted, Vec<ServerError>>) -> Result<Response<Body>, Refusal> {
        let key = self.idempotency_key()?;
        let answer = match admitted {
            Err(errors) => Answer::refused(errors),
            Ok(admitted) => match self.viewer().await {
                Ok(viewer) => self.run(admitted, viewer, key).await,
                Err(error) => Answer::failed(error),
            },
        };
        Ok(answer.into_response(self.media))
    }

    /// Members run one after the other, in the order of the array; each has an idempotency key of its own.
    async fn answer_batch(self, batch: Vec<Parameters>) -> Result<Response<Body>, Refusal> {
        let key = self.idempotency_key()?;
        let viewer = match self.viewer().await {
            Ok(viewer) => viewer,
            Err(error) => return Ok(Answer::failed(error).into_response(self.media)),
        };
        let mut answers = Vec::with_capacity(batch.len());
        for (index, parameters) in batch.into_iter().enumerate() {
            let key = key.as_ref().map(|key| format!("{key}/{index}"));
            answers.push(match self.admit(parameters) {
                Ok(admitted) => self.run(admitted, viewer.clone(), key).await,
                Err(errors) => Answer::refused(errors),
            });
        }
        Ok(Answer::into_batch(&answers, self.media))
    }

    async fn viewer(&self) -> Result<Option<Viewer>> {
        let mut given = self.headers.get_all(AUTHORIZATION).iter();
        match (given.next().map(HeaderValue::to_str), given.next()) {
            (None, _) => self.app.viewer(None).await,
            (Some(Ok(authorization)), None) => self.app.viewer(Some(authorization)).await,
            _ => Err(Error::unauthenticated()),
        }
    }

    async fn run(&self, admitted: Admitted, viewer: Option<Viewer>, idempotency_key: Option<String>) -> Answer {
        let meta =
            RequestMeta { request_id: self.id.clone(), idempotency_key, peer: self.peer, ..RequestMeta::default() };
        admission::run(&self.app, admitted, viewer, meta).await
    }

    fn idempotency_key(&self) -> Result<Option<String>, Refusal> {
        let Some(value) = self.headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
        let key = value.to_str().ok().map(str::trim).filter(|key| (1..=255).contains(&key.len()));
        match key {
            Some(key) => Ok(Some(key.to_owned())),
            None => {
                Err(Refusal::bad_request("The header `Idempotency-Key` must hold 1 to 255 visible ASCII characters."))
            }
        }
    }
}

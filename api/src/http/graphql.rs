//! GraphQL over HTTP (the GraphQL foundation's draft): one endpoint, GET for queries, POST with JSON for everything.

use std::net::IpAddr;

use async_graphql::ServerError;
use async_graphql::parser::types::OperationType;
use async_graphql_axum::GraphQLProtocol;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::admission::{self, Admitted};
use super::answer::{Answer, Media, Refusal, is_utf8};
use super::apart::apart;
use super::charge;
use super::guard;
use super::headers::{self, RequestId};
use super::live::Lease;
use super::parameters::{self, Carried, Parameters};
use super::peer::Peer;
use super::playground;
use super::socket::{self, Caller};
use super::stream::{self, Framing};
use super::words;
use crate::access::Viewer;
use crate::app::App;
use crate::auth::entrance::Credential;
use crate::error::{Code, Result};
use crate::request::RequestMeta;

/// The methods of the endpoint.
const METHODS: &str = "GET, HEAD, POST, QUERY, OPTIONS";
/// What GET may be replaced by for a mutation.
const MUTATION_METHODS: &str = "POST, OPTIONS";
/// The header that makes a retried mutation safe.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request with a body that changes nothing (RFC 10008): GET without the limits of an address.
pub fn query_method() -> Method {
    Method::from_bytes(b"QUERY").unwrap_or(Method::GET)
}

/// The handler of `/graphql`, for every method.
pub async fn endpoint(State(app): State<App>, request: Request) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    if parts.method == Method::OPTIONS {
        return options();
    }
    if playground::is_wanted(&parts.method, &parts.uri, &parts.headers) {
        return playground::from_graph();
    }
    let wants_socket = parts.method == Method::GET
        && parts.headers.get(UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let upgrade = match wants_socket {
        true => Some(Box::new(Upgrade {
            socket: WebSocketUpgrade::from_request_parts(&mut parts, &()).await,
            speaks_graphql: GraphQLProtocol::from_request_parts(&mut parts, &()).await.is_ok(),
        })),
        false => None,
    };
    let Parts { method, uri, headers, mut extensions, .. } = parts;
    let (whole, framing) = (Media::negotiate(&headers), Framing::negotiate(&headers));
    if whole.is_none() && framing.is_none() && !wants_socket {
        let message = "This endpoint answers with application/graphql-response+json, application/json, \
                       text/event-stream or multipart/mixed;subscriptionSpec=1.0; Accept allows none of them.";
        return Refusal::new(StatusCode::NOT_ACCEPTABLE, Code::BadUserInput, message).into_response(Media::Json);
    }
    let media = whole.unwrap_or(Media::Json);
    let RequestId(id) = extensions.remove().unwrap_or_default();
    let peer = extensions.get().and_then(|Peer(peer)| *peer);
    let lease = extensions.remove();
    let is_safe = method != Method::POST;
    let call = Call { app, id, peer, lease, headers, media, framing, in_bits: whole.is_none(), is_safe };
    if let Some(upgrade) = upgrade {
        return call.socket(*upgrade).unwrap_or_else(|refusal| refusal.into_response(media));
    }
    let answered = match method {
        Method::HEAD if uri.query().is_none() => Ok(alive()),
        // The body of an answer to HEAD is left out on its way.
        Method::GET | Method::HEAD => call.get(&uri).await,
        Method::POST => call.post(body).await,
        method if method == query_method() => call.post(body).await,
        _ => Err(Refusal::method(METHODS, "Use POST, or GET or QUERY for queries.")),
    };
    answered.unwrap_or_else(|refusal| refusal.into_response(media))
}

/// For who only looks whether there is something.
fn alive() -> Response<Body> {
    let mut response = options();
    *response.status_mut() = StatusCode::OK;
    response
}

fn options() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(METHODS));
    response.headers_mut().insert("accept-query", HeaderValue::from_static("application/json"));
    response
}

/// One HTTP request to the endpoint.
struct Call {
    app: App,
    id: String,
    peer: Option<IpAddr>,
    lease: Option<Lease>,
    headers: HeaderMap,
    /// The type of an answer as a whole.
    media: Media,
    /// How answers come one by one, if the client takes that.
    framing: Option<Framing>,
    /// The client takes nothing else.
    in_bits: bool,
    /// The method promises to change nothing.
    is_safe: bool,
}

/// What a client asks that wants to open a socket.
struct Upgrade {
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    speaks_graphql: bool,
}

impl Call {
    fn socket(self, upgrade: Upgrade) -> Result<Response<Body>, Refusal> {
        let Upgrade { socket: upgrade, speaks_graphql } = upgrade;
        let upgrade = upgrade
            .map_err(|rejection| Refusal::new(rejection.status(), Code::BadUserInput, socket::unfit().to_string()))?;
        if !socket::is_welcome(&self.headers, &self.app.config().cors_origins) {
            let message =
                "Pages of this origin may not open a socket here. TRIBUTARY_CORS_ORIGINS lists those that may.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, Code::Forbidden, message));
        }
        let authorization = self.authorization().ok().flatten().map(str::to_owned);
        let caller = Caller { id: self.id, peer: self.peer, authorization, lease: self.lease };
        Ok(socket::open(upgrade, speaks_graphql, self.app, caller))
    }

    async fn get(self, uri: &Uri) -> Result<Response<Body>, Refusal> {
        let bytes = uri.query().map_or(0, str::len);
        let is_signed_in = match self.may_judge(bytes).await {
            Ok(is_signed_in) => is_signed_in,
            Err(answer) => return Ok(answer.into_response(self.media)),
        };
        let parameters = parameters::from_uri(uri, &self.app.config().limits, is_signed_in)?;
        let admitted = self.admit(parameters, bytes).await?;
        self.answer_one(admitted).await
    }

    async fn post(self, body: Body) -> Result<Response<Body>, Refusal> {
        self.check_content_type()?;
        let body = self.read(body).await?;
        let bytes = body.len();
        let is_signed_in = match self.may_judge(bytes).await {
            Ok(is_signed_in) => is_signed_in,
            Err(answer) => return Ok(answer.into_response(self.media)),
        };
        let app = self.app.clone();
        match apart(bytes, move || parameters::from_body(&body, &app.config().limits, is_signed_in)).await? {
            Carried::One(parameters) => {
                let admitted = self.admit(parameters, bytes).await?;
                self.answer_one(admitted).await
            }
            Carried::Batch(batch) => self.answer_batch(batch, bytes).await,
        }
    }

    /// Pays for judging so many bytes, and says whether that is for somebody who is signed in. What is small costs nothing and
    /// is judged alike for everybody, so it is not asked yet who sent it.
    async fn may_judge(&self, bytes: usize) -> Result<bool, Box<Answer>> {
        if bytes <= guard::STRANGERS_VALUES {
            return Ok(true);
        }
        let credential = self.credential().await.map_err(|error| Box::new(Answer::failed(error)))?;
        charge::take_for_judging(&self.app, credential.user(), self.peer, bytes)?;
        Ok(credential.is_proof())
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

    /// What the operation of a request is, or what is wrong with it.
    async fn admit(&self, parameters: Parameters, bytes: usize) -> Result<Result<Admitted, Vec<ServerError>>, Refusal> {
        let admitted = match admission::admit(&self.app, parameters, bytes).await {
            Ok(admitted) => admitted,
            Err(errors) => return Ok(Err(errors)),
        };
        if admitted.kind == OperationType::Mutation && self.is_safe {
            return Err(Refusal::method(MUTATION_METHODS, "This method runs no mutations: send mutations by POST."));
        }
        if admitted.kind == OperationType::Subscription && self.framing.is_none() {
            let message = "A subscription has many answers: use a WebSocket, or accept text/event-stream.";
            return Ok(Err(vec![guard::coded(Code::BadUserInput, message)]));
        }
        Ok(Ok(admitted))
    }

    async fn answer_one(self, admitted: Result<Admitted, Vec<ServerError>>) -> Result<Response<Body>, Refusal> {
        let key = self.idempotency_key()?;
        let follows = admitted.as_ref().is_ok_and(|admitted| admitted.kind == OperationType::Subscription);
        if let Some(framing) = self.framing.filter(|_| follows || self.in_bits) {
            return Ok(self.answer_in_bits(framing, admitted, key, follows).await);
        }
        let answer = match admitted {
            Err(errors) => self.refused(errors).await,
            Ok(admitted) => match self.viewer().await {
                Ok(viewer) => self.run(admitted, viewer, key).await,
                Err(error) => Answer::failed(error),
            },
        };
        Ok(answer.into_response(self.media))
    }

    /// Answers one by one. Who the client is, is a question of HTTP and answered as such; what is wrong with its
    /// operation comes in the stream.
    async fn answer_in_bits(
        self,
        framing: Framing,
        admitted: Result<Admitted, Vec<ServerError>>,
        key: Option<String>,
        follows: bool,
    ) -> Response<Body> {
        let credential = match self.credential().await {
            Ok(credential) => credential,
            Err(error) => return Answer::failed(error).into_response(self.media),
        };
        let answers = match admitted {
            Ok(admitted) => admission::stream(&self.app, admitted, credential.clone(), self.meta(key)),
            Err(errors) => admission::one(self.refused(errors).await),
        };
        stream::respond(framing, answers, credential, self.app.config().pulse, self.lease, follows)
    }

    /// Members run one after the other, in the order of the array. Several have idempotency keys of their own, made with a
    /// character that no key of a client can hold.
    async fn answer_batch(self, batch: Vec<Parameters>, bytes: usize) -> Result<Response<Body>, Refusal> {
        // Neither protocol of streams has a form for the answers to several operations.
        if self.in_bits {
            let message = "A batch is answered as a whole: accept application/json, or send its operations one by one.";
            return Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, Code::BadUserInput, message));
        }
        let key = self.idempotency_key()?;
        let viewer = match self.viewer().await {
            Ok(viewer) => viewer,
            Err(error) => return Ok(Answer::failed(error).into_response(self.media)),
        };
        let mut members = Vec::with_capacity(batch.len());
        for parameters in batch {
            members.push(self.admit(parameters, bytes).await?);
        }
        let whole = key.as_deref().filter(|_| members.len() > 1);
        if let (Some(whole), Some(viewer)) = (whole, &viewer)
            && let Err(error) = self.take_key(whole, viewer, &members).await
        {
            return Ok(Answer::failed(error).into_response(self.media));
        }
        let mut answers = Vec::with_capacity(members.len());
        for (index, admitted) in members.into_iter().enumerate() {
            let key = whole.map_or_else(|| key.clone(), |whole| Some(format!("{whole}\u{1d}{index}")));
            answers.push(match admitted {
                Ok(admitted) => self.run(admitted, viewer.clone(), key).await,
                Err(errors) => Answer::refused(errors, self.app.is_schema_open(viewer.is_some())),
            });
        }
        Ok(Answer::into_batch(&answers, self.media))
    }

    /// Takes the key for an array of several members as it stands: changed it may not come again under the same key, or
    /// what a member has done could be done again at another place.
    async fn take_key(&self, key: &str, viewer: &Viewer, batch: &[Result<Admitted, Vec<ServerError>>]) -> Result<()> {
        if !batch.iter().flatten().any(|admitted| admitted.kind == OperationType::Mutation) {
            return Ok(());
        }
        let told = batch.iter().map(|member| member.as_ref().map(Admitted::told).unwrap_or_default());
        self.app.take_key(viewer, key, told.collect()).await
    }

    /// Errors before anything ran, with suggestions for who may look at the schema.
    async fn refused(&self, errors: Vec<ServerError>) -> Answer {
        let is_signed_in = words::suggests(&errors) && matches!(self.viewer().await, Ok(Some(_)));
        Answer::refused(errors, self.app.is_schema_open(is_signed_in))
    }

    async fn viewer(&self) -> Result<Option<Viewer>> {
        let viewer = self.app.viewer(self.authorization()?).await?;
        self.lease.iter().filter(|_| viewer.is_some()).for_each(Lease::know);
        Ok(viewer)
    }

    async fn credential(&self) -> Result<Credential> {
        let credential = self.app.credential(self.authorization()?).await?;
        self.lease.iter().filter(|_| credential.is_proof()).for_each(Lease::know);
        Ok(credential)
    }

    fn authorization(&self) -> Result<Option<&str>> {
        headers::authorization(&self.headers)
    }

    async fn run(&self, admitted: Admitted, viewer: Option<Viewer>, idempotency_key: Option<String>) -> Answer {
        admission::run(&self.app, admitted, viewer, self.meta(idempotency_key)).await
    }

    fn meta(&self, idempotency_key: Option<String>) -> RequestMeta {
        RequestMeta { request_id: self.id.clone(), idempotency_key, peer: self.peer, ..RequestMeta::default() }
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

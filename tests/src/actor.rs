//! Someone who uses the service: a token, a request, an answer.

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::response::Parts;
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use tributary::access::Role;
use tributary::http::router;
use uuid::Uuid;

use crate::{World, manners};

/// A person, an integration, or a stranger.
#[derive(Clone)]
pub struct Actor {
    /// The world the actor lives in.
    pub world: World,
    /// The actor's user; nil for a stranger.
    pub id: Uuid,
    /// The actor's role; none for a stranger.
    pub role: Option<Role>,
    /// The access token; empty for a stranger.
    pub token: String,
}

/// What the service said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The HTTP headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Value,
    /// The body as it came: with the fields in their order.
    pub text: String,
}

impl Actor {
    /// Runs a document without variables.
    pub async fn ask(&self, query: &str) -> Answer {
        self.send(json!({ "query": query }), &[]).await
    }

    /// Runs a document with variables.
    pub async fn run(&self, query: &str, variables: Value) -> Answer {
        self.send(json!({ "query": query, "variables": variables }), &[]).await
    }

    /// Runs a mutation `name(input)` and selects `fields` of its payload and its user errors.
    /// The input type is `NameInput`.
    pub async fn mutate(&self, name: &str, input: Value, fields: &str) -> Answer {
        let (first, rest) = name.split_at(1);
        let ty = format!("{}{rest}Input", first.to_uppercase());
        let query = format!(
            "mutation($input: {ty}!) {{ {name}(input: $input) {{ {fields} userErrors {{ code field message }} }} }}"
        );
        self.run(&query, json!({ "input": input })).await
    }

    /// Sends a body with more headers.
    pub async fn send(&self, body: Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.exchange(request, body.to_string()).await
    }

    /// Sends any request and answers the head of the answer, whose body may never end.
    pub async fn head_of(&self, request: Builder, body: impl Into<Body>) -> Parts {
        self.respond(request, body.into()).await.into_parts().0
    }

    /// Sends any request and answers in which encoding the answer came.
    pub async fn encoding_of(&self, request: Builder, body: impl Into<Body>) -> String {
        let response = self.respond(request, body.into()).await;
        let encoding = response.headers().get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        encoding.unwrap_or_default().to_owned()
    }

    async fn respond(&self, mut request: Builder, body: Body) -> Response<Body> {
        if !self.token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        }
        let request = request.body(body).expect("a request");
        router(self.world.app.clone()).oneshot(request).await.expect("an answer")
    }

    /// Sends any request in this actor's name; the answer has to be JSON or empty.
    pub async fn exchange(&self, request: Builder, body: impl Into<Body>) -> Answer {
        let response = self.respond(request, body.into()).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
        };
        if ["data", "errors"].iter().any(|key| body.get(key).is_some()) || body.is_array() {
            manners::check(&body);
        }
        Answer { status, headers, body, text }
    }
}

impl Answer {
    /// The text of a header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The data of an answer without errors.
    #[track_caller]
    pub fn data(&self) -> &Value {
        assert!(self.body.get("errors").is_none(), "unexpected errors: {:#}", self.body);
        &self.body["data"]
    }

    /// The payload of the only mutation, without errors and user errors.
    #[track_caller]
    pub fn payload(&self) -> &Value {
        let payload = self.outcome();
        assert_eq!(payload["userErrors"], json!([]), "unexpected user errors: {:#}", self.body);
        payload
    }

    /// The payload of the only mutation, without errors (it may have user errors).
    #[track_caller]
    pub fn outcome(&self) -> &Value {
        self.data()
            .as_object()
            .and_then(|data| data.values().next())
            .unwrap_or_else(|| panic!("no payload: {:#}", self.body))
    }

    /// The codes of the errors, in their order.
    pub fn codes(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap_or("(none)").to_owned()).collect()
    }

    /// The places of all errors, those that one error stands for and those above the cap included.
    pub fn places(&self) -> Vec<Value> {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let told = list(&self.body["errors"]).into_iter().flat_map(|error| {
            let paths = list(&error["extensions"]["paths"]);
            if paths.is_empty() { vec![error["path"].clone()] } else { paths }
        });
        let more = list(&self.body["extensions"]["moreErrors"]["errors"]).into_iter().flat_map(|error| {
            let paths = list(&error["paths"]);
            if paths.is_empty() { vec![error["path"].clone()] } else { paths }
        });
        told.chain(more).collect()
    }

    /// The code of the only error.
    #[track_caller]
    pub fn code(&self) -> String {
        let codes = self.codes();
        assert_eq!(codes.len(), 1, "expected one error: {:#}", self.body);
        codes[0].clone()
    }

    /// The codes of the only mutation's user errors, with the fields they name: `REQUIRED amount`.
    #[track_caller]
    pub fn mistakes(&self) -> Vec<String> {
        let errors = self.outcome()["userErrors"].as_array().cloned().unwrap_or_default();
        let field = |error: &Value| {
            let parts = error["field"].as_array().cloned().unwrap_or_default();
            parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(".")
        };
        errors.iter().map(|error| format!("{} {}", error["code"].as_str().unwrap_or_default(), field(error))).collect()
    }
}

//! The messages of `graphql-transport-ws`.

use async_graphql::{ServerError, Value};
use serde::Serialize;

use crate::config::Limits;
use crate::http::answer::{Answer, write};
use crate::http::guard;
use crate::http::parameters::{self, Parameters};

/// A message of the client.
pub enum Incoming {
    /// `connection_init`
    Init(Option<Value>),
    /// `ping`
    Ping(Option<Value>),
    /// `pong`
    Pong,
    /// `subscribe`: an operation of any kind, under an id.
    Subscribe(String, Parameters),
    /// `complete`: the client wants no more answers under the id.
    Complete(String),
}

/// Reads a message.
///
/// # Errors
/// What is wrong with it, short enough for the reason of a close frame.
pub fn read(text: &str, limits: &Limits, is_signed_in: bool) -> Result<Incoming, String> {
    guard::check_body(text.as_bytes(), limits, is_signed_in).map_err(|error| error.message)?;
    let Ok(Value::Object(mut fields)) = serde_json::from_str(text) else {
        return Err("Message is expected to be a JSON object".to_owned());
    };
    let mut take = |name: &str| fields.swap_remove(name).filter(|value| *value != Value::Null);
    let Some(Value::String(kind)) = take("type") else {
        return Err("Message is missing the 'type' property".to_owned());
    };
    let (id, payload) = (take("id"), take("payload"));
    match kind.as_str() {
        "connection_init" => Ok(Incoming::Init(object(payload, &kind)?)),
        "ping" => Ok(Incoming::Ping(object(payload, &kind)?)),
        "pong" => object(payload, &kind).map(|_| Incoming::Pong),
        "subscribe" => {
            let id = name(id, &kind)?;
            let Some(payload @ Value::Object(_)) = payload else {
                return Err("\"subscribe\" message expects the 'payload' property to be an object".to_owned());
            };
            let parameters = parameters::from_value(payload).map_err(|refusal| refusal.message().to_owned())?;
            Ok(Incoming::Subscribe(id, parameters))
        }
        "complete" => name(id, &kind).map(Incoming::Complete),
        _ => Err("Invalid message 'type' property".to_owned()),
    }
}

fn object(payload: Option<Value>, kind: &str) -> Result<Option<Value>, String> {
    match payload {
        None | Some(Value::Object(_)) => Ok(payload),
        _ => Err(format!("\"{kind}\" message expects the 'payload' property to be an object or missing")),
    }
}

fn name(id: Option<Value>, kind: &str) -> Result<String, String> {
    match id {
        Some(Value::String(id)) if !id.is_empty() => Ok(id),
        _ => Err(format!("\"{kind}\" message expects the 'id' property to be a non-empty string")),
    }
}

/// A message to the client.
#[derive(Serialize)]
pub struct Outgoing<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Payload<'a> {
    Answer(&'a Answer),
    Errors(&'a [ServerError]),
    Echo(Value),
}

impl<'a> Outgoing<'a> {
    /// `connection_ack`, with a note for the developer where there is one.
    pub fn ack(note: Option<Value>) -> Self {
        Self { id: None, r#type: "connection_ack", payload: note.map(Payload::Echo) }
    }

    /// `pong`, with what the ping carried.
    pub fn pong(payload: Option<Value>) -> Self {
        Self { id: None, r#type: "pong", payload: payload.map(Payload::Echo) }
    }

    /// `next`: an answer.
    pub fn next(id: &'a str, answer: &'a Answer) -> Self {
        Self { id: Some(id), r#type: "next", payload: Some(Payload::Answer(answer)) }
    }

    /// `error`: the operation was refused or has failed as a whole, and is over.
    pub fn error(id: &'a str, errors: &'a [ServerError]) -> Self {
        Self { id: Some(id), r#type: "error", payload: Some(Payload::Errors(errors)) }
    }

    /// `complete`: the operation is over.
    pub fn complete(id: &'a str) -> Self {
        Self { id: Some(id), r#type: "complete", payload: None }
    }

    /// As it travels.
    pub fn text(&self) -> String {
        String::from_utf8(write(self).into()).unwrap_or_default()
    }
}

//! The parameters of GraphQL over HTTP, from a JSON body or from a URL.

use async_graphql::indexmap::IndexMap;
use async_graphql::{Extensions, Name, Value, Variables};
use axum::extract::Query;
use axum::http::Uri;

use super::answer::Refusal;
use super::guard;
use crate::config::Limits;
use crate::graphql::on_error::OnError;

/// The library reads an object with this key as raw JSON when it writes an answer: no client may send one.
const RAW: &str = "$serde_json::private";

/// The parameters that are texts. Documents are named by the id of the GraphQL foundation or by Relay's.
const TEXTS: [&str; 5] = ["query", "operationName", "documentId", "doc_id", "onError"];
/// The parameters that are objects.
const OBJECTS: [&str; 2] = ["variables", "extensions"];

/// One request as the client sent it.
#[derive(Default)]
pub struct Parameters {
    /// The document; empty where it is only named.
    pub query: String,
    /// The id or hash of a document that the service knows.
    pub document_id: Option<String>,
    /// Which operation of it.
    pub operation_name: Option<String>,
    /// Values of its variables.
    pub variables: Variables,
    /// Extensions of the protocol.
    pub extensions: Extensions,
    /// What an error does to what is around it.
    pub on_error: OnError,
}

/// What a body holds.
pub enum Carried {
    /// One operation.
    One(Parameters),
    /// Several, answered in the same order.
    Batch(Vec<Parameters>),
}

/// Reads a JSON body.
///
/// # Errors
/// 400 in words that say what is wrong with it.
pub fn from_body(body: &[u8], limits: &Limits, is_signed_in: bool) -> Result<Carried, Refusal> {
    guard::check_body(body, limits, is_signed_in).map_err(Refusal::too_complex)?;
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        Refusal::bad_request(format!(
            "The request body is not valid JSON (line {}, column {}).",
            error.line(),
            error.column()
        ))
    })?;
    match value {
        Value::List(items) if items.is_empty() => Err(Refusal::bad_request("The batch is empty.")),
        Value::List(items) => {
            guard::check_batch(items.len(), limits).map_err(Refusal::too_complex)?;
            items.into_iter().map(from_value).collect::<Result<_, _>>().map(Carried::Batch)
        }
        single => from_value(single).map(Carried::One),
    }
}

/// Reads the query part of a URL.
///
/// # Errors
/// 400 in words that say what is wrong with it.
pub fn from_uri(uri: &Uri, limits: &Limits, is_signed_in: bool) -> Result<Parameters, Refusal> {
    let unreadable = |_| Refusal::bad_request("The query part of the URL cannot be read.");
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(unreadable)?;
    let one = |name: &str| {
        let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let first = values.next().filter(|value| !value.is_empty());
        match values.next() {
            Some(_) => Err(Refusal::bad_request(format!("The parameter `{name}` is given more than once."))),
            None => Ok(first),
        }
    };
    let json = |name: &str| match one(name)? {
        None => Ok(Value::Null),
        Some(text) => {
            guard::check_body(text.as_bytes(), limits, is_signed_in).map_err(Refusal::too_complex)?;
            serde_json::from_str(text)
                .map_err(|_| Refusal::bad_request(format!("The parameter `{name}` is not valid JSON.")))
        }
    };
    let mut fields = IndexMap::new();
    for name in TEXTS {
        fields.insert(Name::new(name), one(name)?.map_or(Value::Null, Value::from));
    }
    for name in OBJECTS {
        fields.insert(Name::new(name), json(name)?);
    }
    from_value(Value::Object(fields))
}

/// Reads one request out of JSON.
///
/// # Errors
/// 400 in words that say what is wrong with it.
pub fn from_value(value: Value) -> Result<Parameters, Refusal> {
    let Value::Object(mut fields) = value else {
        return Err(Refusal::bad_request("A GraphQL request is a JSON object, or an array of them."));
    };
    let mut take = |name: &str| fields.swap_remove(name).unwrap_or_default();
    let [query, operation_name, document_id, doc_id, on_error] = TEXTS.map(|name| text(name, take(name)));
    let [variables, extensions] = OBJECTS.map(|name| object(name, take(name)));
    let parameters = Parameters {
        query: query?.unwrap_or_default(),
        operation_name: operation_name?,
        document_id: document_id?.or(doc_id?),
        variables: Variables::from_value(variables?),
        extensions: extensions_of(extensions?),
        on_error: on_error?.map_or(Ok(OnError::default()), |text| on_error_of(&text))?,
    };
    let named = parameters.document_id.is_some() || parameters.extensions.0.contains_key("persistedQuery");
    if parameters.query.trim().is_empty() && !named {
        return Err(Refusal::bad_request("The parameter `query` is missing: it holds the GraphQL document."));
    }
    Ok(parameters)
}

fn text(name: &str, value: Value) -> Result<Option<String>, Refusal> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        _ => Err(Refusal::bad_request(format!("The parameter `{name}` must be a string."))),
    }
}

fn on_error_of(text: &str) -> Result<OnError, Refusal> {
    let unknown = || Refusal::bad_request("The parameter `onError` is one of NULL, PROPAGATE and HALT.");
    OnError::parse(text).ok_or_else(unknown)
}

fn object(name: &str, value: Value) -> Result<Value, Refusal> {
    match value {
        Value::Null => Ok(Value::Object(Default::default())),
        Value::Object(_) if holds_raw(&value) => {
            Err(Refusal::bad_request(format!("The parameter `{name}` has a key that is not allowed.")))
        }
        Value::Object(_) => Ok(value),
        _ => Err(Refusal::bad_request(format!("The parameter `{name}` must be an object."))),
    }
}

fn holds_raw(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, value)| key.starts_with(RAW) || holds_raw(value)),
        Value::List(items) => items.iter().any(holds_raw),
        _ => false,
    }
}

fn extensions_of(value: Value) -> Extensions {
    let Value::Object(fields) = value else { return Extensions::default() };
    Extensions(fields.into_iter().map(|(key, value): (Name, Value)| (key.to_string(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) {
        assert!(from_body(body.as_bytes(), &Limits::default(), true).is_err(), "{body}");
    }

    #[test]
    fn parameters_have_types() {
        for value in ["{}", "0", "false", "[]"] {
            refused(&format!(r#"{{"query":{value}}}"#));
            refused(&format!(r#"{{"query":"{{a}}","operationName":{value}}}"#));
        }
        for value in ["\"x\"", "0", "false", "[]"] {
            refused(&format!(r#"{{"query":"{{a}}","variables":{value}}}"#));
            refused(&format!(r#"{{"query":"{{a}}","extensions":{value}}}"#));
        }
        for body in ["", "{", "null", "7", "[]", "[7]", "{}", r#"{"query":null}"#, r#"{"query":" "}"#, "{\"a\":1} x"] {
            refused(body);
        }
    }

    #[test]
    fn null_means_absent() {
        let body = br#"{"query":"{a}","operationName":null,"variables":null,"extensions":null,"other":1}"#;
        let Ok(Carried::One(parameters)) = from_body(body, &Limits::default(), true) else { panic!("one operation") };
        assert!(parameters.operation_name.is_none() && parameters.variables.is_empty());
    }

    #[test]
    fn what_errors_do_is_one_of_three() {
        let read = |value: &str| {
            let body = format!(r#"{{"query":"{{a}}","onError":{value}}}"#);
            match from_body(body.as_bytes(), &Limits::default(), true) {
                Ok(Carried::One(parameters)) => Some(parameters.on_error),
                _ => None,
            }
        };
        for (value, on_error) in [
            ("null", Some(OnError::Propagate)),
            ("\"PROPAGATE\"", Some(OnError::Propagate)),
            ("\"NULL\"", Some(OnError::Null)),
            ("\"HALT\"", Some(OnError::Halt)),
            ("\"null\"", None),
            ("\"STOP\"", None),
            ("7", None),
        ] {
            assert_eq!(read(value), on_error, "{value}");
        }
    }

    #[test]
    fn raw_json_cannot_be_smuggled_in() {
        for key in
            ["$serde_json::private::RawValue", "\\u0024serde_json::private::RawValue", "$serde_json::private::Number"]
        {
            refused(&format!(r#"{{"query":"{{a}}","variables":{{"v":[{{"{key}":"1"}}]}}}}"#));
        }
    }

    #[test]
    fn urls_carry_the_same_parameters() {
        let read = |uri: &'static str| from_uri(&Uri::from_static(uri), &Limits::default(), true);
        let parameters = read("/graphql?query=%7Ba%7D&variables=%7B%22n%22%3A1%7D&operationName=A").unwrap();
        assert_eq!((parameters.query.as_str(), parameters.operation_name.as_deref()), ("{a}", Some("A")));
        assert_eq!(parameters.variables.get("n"), Some(&Value::from(1)));
        for uri in ["/graphql", "/graphql?query=", "/graphql?query=a&query=b", "/graphql?query=a&variables=%7B"] {
            assert!(read(uri).is_err(), "{uri}");
        }
    }
}

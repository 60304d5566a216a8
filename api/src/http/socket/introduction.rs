//! Who a client says it is when a socket begins: the payload of `connection_init`, in the shapes that clients send it.

use async_graphql::{Name, Value};

/// Names of a token that stands alone, without `Bearer`, in lower case and without separators.
const TOKENS: [&str; 5] = ["authtoken", "accesstoken", "token", "idtoken", "jwt"];
/// Parts of names that promise a token.
const PROMISING: [&str; 5] = ["auth", "token", "jwt", "bearer", "credential"];

/// What a payload says.
#[derive(Debug, PartialEq)]
pub enum Introduction {
    /// This stands for the header `Authorization`.
    Shown(String),
    /// Nothing, or an empty token.
    Nobody,
    /// Something, but nothing that looks like a token.
    Unknown,
    /// Something that promises a token in a form that is not read; where.
    Unreadable(String),
}

impl Introduction {
    /// Reads a payload: `Authorization` in any letter case, a token under its usual names, either of them with or without
    /// `Bearer`, and perhaps within `headers`.
    pub fn of(payload: Option<&Value>) -> Self {
        let Some(Value::Object(fields)) = payload else { return Self::Nobody };
        let read = |(name, value): (&Name, &Value)| {
            let inner = match value {
                Value::Object(inner) if plain(name) == "headers" => inner,
                _ => return one(name, value),
            };
            inner.iter().find_map(|(name, value)| one(name, value))
        };
        let found = fields.iter().find_map(read);
        found.unwrap_or(if fields.is_empty() { Self::Nobody } else { Self::Unknown })
    }

    /// What stands for the header `Authorization`.
    pub fn authorization(&self) -> Option<&str> {
        match self {
            Self::Shown(authorization) => Some(authorization),
            _ => None,
        }
    }

    /// What a developer should know who sent something that nobody understood.
    pub fn note(&self, is_signed_in: bool) -> Option<Value> {
        let message = "The payload of connection_init holds no token that is known here, so nobody is signed in. \
                       Send { \"Authorization\": \"Bearer <access token>\" }.";
        (*self == Self::Unknown && !is_signed_in)
            .then(|| Value::Object([(Name::new("message"), Value::from(message))].into_iter().collect()))
    }
}

/// What one field of a payload says about who it is, if anything.
fn one(name: &Name, value: &Value) -> Option<Introduction> {
    let plain = plain(name);
    let known = plain == "authorization" || TOKENS.contains(&plain.as_str());
    match value {
        Value::Null if known => Some(Introduction::Nobody),
        Value::String(text) if known && text.trim().is_empty() => Some(Introduction::Nobody),
        Value::String(text) if known && is_bearer(text) => Some(Introduction::Shown(text.clone())),
        // A token is one word; more of them are a scheme that is not read here.
        Value::String(text) if known && !text.trim().contains(' ') => {
            Some(Introduction::Shown(format!("Bearer {}", text.trim())))
        }
        _ if PROMISING.iter().any(|part| plain.contains(part)) => Some(Introduction::Unreadable(name.to_string())),
        _ => None,
    }
}

fn is_bearer(text: &str) -> bool {
    text.split_whitespace().next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"))
}

/// A name without letter case and separators.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Introduction {
        Introduction::of(Some(&serde_json::from_str(json).unwrap()))
    }

    #[test]
    fn the_token_is_read_where_clients_put_it() {
        for json in [
            r#"{"Authorization":"Bearer x"}"#,
            r#"{"authorization":"Bearer x"}"#,
            r#"{"AUTHORIZATION":"Bearer x","other":1}"#,
            r#"{"Authorization":"x"}"#,
            r#"{"headers":{"authorization":" x "}}"#,
            r#"{"authToken":"x"}"#,
            r#"{"auth_token":"Bearer x"}"#,
            r#"{"token":"x"}"#,
            r#"{"accessToken":"x"}"#,
            r#"{"headers":{"Authorization":"Bearer x"}}"#,
            r#"{"headers":{"x-client":"a","authorization":"Bearer x"}}"#,
            r#"{"client":"web","headers":{"authToken":"x"}}"#,
        ] {
            assert_eq!(read(json), Introduction::Shown("Bearer x".to_owned()), "{json}");
        }
        for json in ["{}", r#"{"Authorization":""}"#, r#"{"Authorization":null}"#, r#"{"headers":{"token":""}}"#] {
            assert_eq!(read(json), Introduction::Nobody, "{json}");
        }
        assert_eq!(Introduction::of(None), Introduction::Nobody);
    }

    #[test]
    fn what_is_not_understood_is_told() {
        for (json, place) in [
            (r#"{"Authorization":{"token":"x"}}"#, "Authorization"),
            (r#"{"authorization":7}"#, "authorization"),
            (r#"{"authorization":"Basic eDp5"}"#, "authorization"),
            (r#"{"token":"Token x"}"#, "token"),
            (r#"{"x-auth-thing":"x"}"#, "x-auth-thing"),
            (r#"{"headers":{"bearer":"x"}}"#, "bearer"),
        ] {
            assert_eq!(read(json), Introduction::Unreadable(place.to_owned()), "{json}");
        }
        let unknown = read(r#"{"client":"web"}"#);
        assert!(unknown == Introduction::Unknown && unknown.note(false).is_some() && unknown.note(true).is_none());
        assert_eq!(read("{}").note(false), None);
    }
}

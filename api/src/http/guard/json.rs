//! How deep a JSON body nests, before it is parsed, and how large a value is.

use async_graphql::{ServerError, Value};

use super::within;
use crate::config::Limits;

/// Checks size and nesting of a JSON body.
///
/// # Errors
/// `QUERY_TOO_COMPLEX` with the figure and the limit.
pub fn check_body(body: &[u8], limits: &Limits) -> Result<(), ServerError> {
    within("The request body", body.len(), limits.body_bytes, "bytes")?;
    within("The request body", nesting(body), limits.nesting, "levels of JSON")
}

fn nesting(body: &[u8]) -> usize {
    let (mut level, mut deepest, mut in_string, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in body {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                level += 1;
                deepest = deepest.max(level);
            }
            b'}' | b']' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// How many values a value holds, itself included; long texts count by their length.
pub fn size(value: &Value) -> usize {
    match value {
        Value::List(items) => items.iter().map(size).fold(1, usize::saturating_add),
        Value::Object(fields) => fields.values().map(size).fold(1, usize::saturating_add),
        Value::String(text) => 1 + text.len() / 64,
        _ => 1,
    }
}

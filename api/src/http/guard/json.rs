//! How deep a JSON body nests and how much it holds, before it is parsed, and how large a value is.

use async_graphql::{ServerError, Value};

use super::{STRANGERS_VALUES, VALUES, within};
use crate::config::Limits;

/// Checks size, nesting and number of values of a JSON body. Judging values takes time, so strangers have few.
///
/// # Errors
/// `QUERY_TOO_COMPLEX` with the figure and the limit.
pub fn check_body(body: &[u8], limits: &Limits, is_signed_in: bool) -> Result<(), ServerError> {
    within("The request body", body.len(), limits.body_bytes, "bytes")?;
    let (nesting, values) = nesting_and_values(body);
    within("The request body", nesting, limits.nesting, "levels of JSON")?;
    if is_signed_in {
        return within("The request body", values, VALUES, "values");
    }
    within("The request body, before you sign in", values, STRANGERS_VALUES, "values")
}

/// How deep a text nests, and how many values it holds at most: one more than it has brackets and commas.
fn nesting_and_values(body: &[u8]) -> (usize, usize) {
    let mut values = 1;
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
                values += 1;
                deepest = deepest.max(level);
            }
            b'}' | b']' => level = level.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
    }
    (deepest, values)
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

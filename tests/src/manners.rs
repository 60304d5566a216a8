//! What every answer owes its reader, whatever was asked: coded errors in people's words, each at a place that is null.

use serde_json::Value;
use tributary::error::Code;

/// What only a program would say.
pub const INSIDE: [&str; 16] = [
    "panicked",
    "unwrap",
    "sqlx",
    "sea_orm",
    "SeaORM",
    "async_graphql",
    "tokio",
    "::",
    ".rs:",
    "/src/",
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "no such table",
    "Some(",
    "Err(",
];

/// Checks an answer, or each of a batch.
///
/// # Panics
/// The answer has no manners; says where.
#[track_caller]
pub fn check(body: &Value) {
    if let Some(batch) = body.as_array() {
        return batch.iter().for_each(check);
    }
    let answer = body.as_object().unwrap_or_else(|| panic!("an answer is an object: {body:#}"));
    for key in answer.keys() {
        assert!(["data", "errors", "extensions"].contains(&key.as_str()), "`{key}` stands in an answer: {body:#}");
    }
    let errors = body.get("errors").map(|errors| errors.as_array().expect("errors are a list").as_slice());
    assert!(errors.is_none_or(|errors| (1..=10).contains(&errors.len())), "none or one to ten errors: {body:#}");
    assert!(errors.is_some() || answer.contains_key("data"), "neither data nor errors: {body:#}");
    for error in errors.unwrap_or_default() {
        check_error(error, body);
    }
    check_mistakes(&body["data"]);
}

#[track_caller]
fn check_error(error: &Value, body: &Value) {
    for key in error.as_object().expect("an error is an object").keys() {
        let known = ["message", "locations", "path", "extensions"].contains(&key.as_str());
        assert!(known, "`{key}` stands in an error: {error:#}");
    }
    let code = error["extensions"]["code"].as_str();
    assert!(code.is_some_and(|code| Code::ALL.iter().any(|known| known.as_str() == code)), "no code: {error:#}");
    // Apollo's clients know what to do by these very words.
    if error["message"] != "PersistedQueryNotFound" && error["message"] != "PersistedQueryNotSupported" {
        check_words(&error["message"], error);
    }
    let paths = error["extensions"]["paths"].as_array().map(Vec::as_slice).unwrap_or_default();
    for path in paths.iter().filter_map(Value::as_array) {
        assert!(ends_in_null(&body["data"], path), "one of the places of an error is not null: {error:#}\n{body:#}");
    }
    assert!(paths.is_empty() || error["extensions"]["count"] == paths.len(), "places are counted: {error:#}");
    match (body.get("data"), error["path"].as_array()) {
        (Some(data), Some(path)) if !path.is_empty() => {
            assert!(ends_in_null(data, path), "the place of an error is not null: {error:#}\n{body:#}");
        }
        (Some(_), _) => panic!("an error without a place beside data: {body:#}"),
        (None, path) => assert!(path.is_none(), "a place without data: {error:#}"),
    }
}

/// The path leads to null, or to a parent that became null for it.
fn ends_in_null(data: &Value, path: &[Value]) -> bool {
    let mut here = data;
    for step in path {
        if here.is_null() {
            return true;
        }
        let next = match step {
            Value::String(key) => here.get(key),
            step => step.as_u64().and_then(|at| here.get(usize::try_from(at).ok()?)),
        };
        let Some(next) = next else { return false };
        here = next;
    }
    here.is_null()
}

/// The `userErrors` of every payload are in people's words as well.
#[track_caller]
fn check_mistakes(data: &Value) {
    match data {
        Value::Object(fields) => {
            for (name, value) in fields {
                let mistakes = value.as_array().filter(|_| name == "userErrors").map(Vec::as_slice);
                for mistake in mistakes.unwrap_or_default().iter().filter(|mistake| !mistake["message"].is_null()) {
                    check_words(&mistake["message"], mistake);
                }
                check_mistakes(value);
            }
        }
        Value::Array(items) => items.iter().for_each(check_mistakes),
        _ => {}
    }
}

#[track_caller]
fn check_words(message: &Value, error: &Value) {
    let message = message.as_str().unwrap_or_else(|| panic!("a message is a text: {error:#}"));
    assert!((1..=300).contains(&message.chars().count()), "1 to 300 characters: {error:#}");
    assert!(message.ends_with(['.', '?', '!', '…']), "a sentence ends: {error:#}");
    let inside = INSIDE.iter().find(|word| message.contains(**word));
    assert!(inside.is_none(), "{inside:?} is nothing for readers: {error:#}");
}

//! The library's own errors in our words: each gets a code, none shows Rust or more than 300 characters.

use async_graphql::{ErrorExtensionValues, ServerError, Value};

use crate::error::{Code, Error};

/// Most characters of a message.
const LONGEST: usize = 300;

/// How a suggestion of similar names begins.
const HINT: &str = " Did you mean ";

/// Whether any of these errors suggests similar names.
pub fn suggests(errors: &[ServerError]) -> bool {
    errors.iter().any(|error| error.message.contains(HINT))
}

/// The code of an error; empty when it has none.
pub fn code_of(error: &ServerError) -> String {
    match error.extensions.as_ref().and_then(|extensions| extensions.get("code")) {
        Some(Value::String(code)) => code.clone(),
        Some(Value::Enum(code)) => code.to_string(),
        _ => String::new(),
    }
}

/// Gives an error of the library a code and our words, and cuts what is too long. `began` says whether execution had
/// begun, `suggest` whether suggestions of similar names may stay.
pub fn polish(error: &mut ServerError, began: bool, suggest: bool) {
    if let Some(ours) = ours(error) {
        (error.message, error.extensions) = (ours.message, ours.extensions);
    } else if code_of(error).is_empty() {
        let code = classify(error, began);
        if code == Code::Internal {
            let public = Error::internal(error.message.clone()).into_server_error(None, Vec::new());
            error.message = public.message;
        } else {
            error.message = rephrase(&error.message);
        }
        error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("code", code.as_str());
    }
    if let (false, Some(at)) = (suggest, error.message.find(HINT)) {
        error.message.truncate(at);
    }
    error.message = cut(&error.message);
}

/// An error of ours that passed through the library's conversion by `?`, which keeps it as the source but drops its
/// code.
fn ours(error: &ServerError) -> Option<ServerError> {
    if !code_of(error).is_empty() {
        return None;
    }
    Some(error.source::<Error>()?.again().into_server_error(None, Vec::new()))
}

/// Which of our codes fits an error of the library.
fn classify(error: &ServerError, began: bool) -> Code {
    let message = error.message.as_str();
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| message.starts_with(prefix));
    if starts(&[
        "Query is nested too deep",
        "Query is too complex",
        "The recursion depth of the query",
        "The number of directives",
        "Too many aliases",
    ]) {
        Code::QueryTooComplex
    } else if starts(&[
        "Failed to parse \"",
        "Expected input type \"",
        "Invalid value",
        "Variable ",
        "Unknown operation",
        "Operation name required",
    ]) {
        if began || !starts(&["Invalid value", "Variable "]) {
            Code::BadUserInput
        } else {
            Code::GraphqlValidationFailed
        }
    } else if starts(&["Subscriptions are not supported"]) {
        Code::BadUserInput
    } else if error.path.is_empty() && !began {
        Code::GraphqlValidationFailed
    } else {
        Code::Internal
    }
}

fn rephrase(message: &str) -> String {
    let message = match message.strip_prefix("Failed to parse \"").and_then(|rest| rest.split_once("\": ")) {
        Some((name, reason)) => {
            let reason = reason.split(" (occurred while").next().unwrap_or(reason);
            format!("This is not a valid `{name}`: {reason}")
        }
        None => message.to_owned(),
    };
    if message.ends_with(['.', '?', '!']) { message } else { format!("{message}.") }
}

fn cut(message: &str) -> String {
    match message.char_indices().nth(LONGEST - 1) {
        Some((at, last)) if at + last.len_utf8() < message.len() => {
            format!("{}…", message.get(..at).unwrap_or_default())
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polished(message: &str, began: bool) -> (String, String) {
        let mut error = ServerError::new(message, None);
        polish(&mut error, began, false);
        (code_of(&error), error.message)
    }

    #[test]
    fn library_errors_get_codes_and_words() {
        let (code, message) = polished("Unknown field \"leadz\" on type \"Query\". Did you mean \"leads\"?", false);
        assert_eq!(
            (code.as_str(), message.as_str()),
            ("GRAPHQL_VALIDATION_FAILED", "Unknown field \"leadz\" on type \"Query\".")
        );
        let (code, message) =
            polished("Failed to parse \"Int\": Only integers fit. (occurred while parsing \"X\")", true);
        assert_eq!(
            (code.as_str(), message.as_str()),
            ("BAD_USER_INPUT", "This is not a valid `Int`: Only integers fit.")
        );
        assert_eq!(polished("Query is nested too deep.", false).0, "QUERY_TOO_COMPLEX");
    }

    #[test]
    fn what_nobody_coded_is_internal_and_says_nothing() {
        let (code, message) = polished("thread panicked at src/db.rs: SELECT 1", true);
        assert_eq!(code, "INTERNAL");
        assert!(!message.contains("SELECT"));
    }

    #[test]
    fn our_own_errors_keep_their_code_through_the_question_mark() {
        let through = |error: Error| {
            let mut error =
                async_graphql::Error::new_with_source(error).into_server_error(async_graphql::Pos::default());
            polish(&mut error, true, false);
            (code_of(&error), error.message)
        };
        assert_eq!(
            through(Error::not_found("The lead")),
            ("NOT_FOUND".to_owned(), "The lead was not found.".to_owned())
        );
        let (code, message) = through(Error::internal("SELECT 1"));
        assert!(code == "INTERNAL" && !message.contains("SELECT"));
    }

    #[test]
    fn messages_are_short() {
        let (_, message) = polished(&"ü".repeat(1_000), false);
        assert_eq!(message.chars().count(), 300);
    }
}

//! The one door for text: control characters other than tab and line feed stand in no text of a request, whichever
//! argument or variable brings it, whoever sends it. One of the databases could not even look for some of them. What
//! mutations are told passes here: there such a text is a mistake at its field (`graphql/judge.rs`).

use async_graphql::{Name, Pos, ServerError, Value, Variables};
use async_graphql_value::Value as Literal;

use super::coded;
use crate::error::Code;
use crate::spelling::text::control;

/// Checks a value that the document itself holds.
pub fn check_literal(literal: &Literal, pos: Pos) -> Result<(), ServerError> {
    let found = match literal {
        Literal::String(text) => control(text),
        Literal::List(items) => return items.iter().try_for_each(|item| check_literal(item, pos)),
        Literal::Object(fields) => return fields.values().try_for_each(|value| check_literal(value, pos)),
        _ => None,
    };
    found.map_or(Ok(()), |found| {
        let mut error = refused("A text of the document", found);
        error.locations.push(pos);
        Err(error)
    })
}

/// Checks the variables but those that are judged later, naming the place of the first text that is refused.
pub fn check_variables(variables: &Variables, is_judged: impl Fn(&Name) -> bool) -> Result<(), ServerError> {
    let asked = variables.iter().filter(|(name, _)| !is_judged(name));
    let found = asked.into_iter().find_map(|(name, value)| first(value, &format!("${name}")));
    found.map_or(Ok(()), |(place, found)| Err(refused(&format!("The text at `{place}`"), found)))
}

fn first(value: &Value, place: &str) -> Option<(String, char)> {
    match value {
        Value::String(text) => control(text).map(|found| (place.to_owned(), found)),
        Value::List(items) => {
            items.iter().enumerate().find_map(|(index, item)| first(item, &format!("{place}.{index}")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, value)| match control(name) {
            Some(found) => Some((place.to_owned(), found)),
            None => first(value, &format!("{place}.{name}")),
        }),
        _ => None,
    }
}

fn refused(subject: &str, found: char) -> ServerError {
    let code = u32::from(found);
    let message =
        format!("{subject} has the control character U+{code:04X}: only tabs and ends of lines may stand in a text.");
    coded(Code::BadUserInput, message)
}

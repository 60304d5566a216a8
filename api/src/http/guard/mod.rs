//! The document guard: refuses what costs too much before anything runs, on every carrier.
//!
//! Before the parser it looks at the tokens (how many, how deep their brackets), because a parser recurses as deep as
//! its input; after it at the document (what fragments expand to, depth, aliases, directives, root fields), because a
//! short document can stand for a huge one. Every operation is judged, not just the chosen one.
//!
//! Lexer and parser are our own: the library's take `1a`, lose the second of two equal input fields and refuse
//! `\u{1F4A5}`, which cannot be mended from outside.

mod characters;
mod document;
mod json;
mod lexer;
mod parser;

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{ErrorExtensionValues, Pos, ServerError, Variables};

use crate::config::Limits;
use crate::error::Code;
use crate::graphql::cost::Estimate;

use self::lexer::{Kind, Token};
pub use json::check_body;

/// Most values that variables may stand for once each is put wherever the document uses it.
const USED_VALUES: usize = 200_000;
/// Most values of a body.
const VALUES: usize = 50_000;
/// The same of who is not signed in: more than signing in takes.
pub const STRANGERS_VALUES: usize = 1_000;

/// Parses a document that is within the limits.
///
/// # Errors
/// `QUERY_TOO_COMPLEX` with the figure and the limit, `BAD_USER_INPUT` for a control character in a text, or
/// `GRAPHQL_PARSE_FAILED` with line and column. The source is never echoed.
pub fn admit(query: &str, limits: &Limits) -> Result<ExecutableDocument, ServerError> {
    within("The document", query.len(), limits.document_bytes, "bytes")?;
    let tokens = lexer::tokens(query)?;
    within("The document", tokens.len() - 1, limits.tokens, "tokens")?;
    within("The document", nesting(&tokens), limits.nesting, "levels of brackets")?;
    let document = parser::document(&tokens)?;
    document::check(&document, limits)?;
    Ok(document)
}

/// Checks the characters of variables and what they stand for: the library copies a variable to every place where it is
/// used.
///
/// # Errors
/// `BAD_USER_INPUT`: a control character. `QUERY_TOO_COMPLEX` with the figure and the limit.
pub fn check_values(document: &ExecutableDocument, variables: &Variables) -> Result<(), ServerError> {
    if variables.is_empty() {
        return Ok(());
    }
    let uses = document::variable_uses(document);
    characters::check_variables(variables, |name| uses.get(name).is_some_and(|uses| uses.asked == 0))?;
    let figure = uses.iter().fold(0_usize, |sum, (name, uses)| {
        let size = variables.get(name).map_or(0, json::size);
        sum.saturating_add(size.saturating_mul(uses.asked + uses.told))
    });
    within("The variables", figure, USED_VALUES, "values where the document uses them")
}

/// Checks what an operation may take at most: its filters, its rows, and what it may cost where `points` limits that.
///
/// # Errors
/// `QUERY_TOO_COMPLEX` with the figure and the limit.
pub fn check_cost(estimate: Estimate, limits: &Limits, points: Option<u64>) -> Result<(), ServerError> {
    let figure = |figure: u64| usize::try_from(figure).unwrap_or(usize::MAX);
    within("A filter", figure(estimate.longest_filter), limits.filter_tests, "tests")?;
    within("The operation", figure(estimate.tests), limits.tests, "tests in its filters")?;
    let rows = "rows at most, the sizes of pages multiplied along the nesting";
    within("The operation", figure(estimate.nodes), figure(limits.nodes), rows)?;
    within("The operation", figure(estimate.points()), points.map_or(usize::MAX, figure), "points")
}

/// Checks the number of operations in a batch.
///
/// # Errors
/// `QUERY_TOO_COMPLEX` with the figure and the limit.
pub fn check_batch(operations: usize, limits: &Limits) -> Result<(), ServerError> {
    within("The batch", operations, limits.batch, "operations")
}

/// An error with a code.
pub fn coded(code: Code, message: impl Into<String>) -> ServerError {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code.as_str());
    let mut error = ServerError::new(message, None);
    error.extensions = Some(extensions);
    error
}

/// Refuses a figure above its limit.
fn within(subject: &str, figure: usize, limit: usize, unit: &str) -> Result<(), ServerError> {
    if figure <= limit {
        return Ok(());
    }
    let figure = if figure == usize::MAX { "countless".to_owned() } else { figure.to_string() };
    Err(coded(Code::QueryTooComplex, format!("{subject}: {figure} {unit}; the limit is {limit}.")))
}

/// The deepest level of brackets.
fn nesting(tokens: &[Token<'_>]) -> usize {
    let (mut nesting, mut deepest) = (0_usize, 0);
    for token in tokens {
        match token.kind {
            Kind::Mark('{' | '[' | '(') => nesting += 1,
            Kind::Mark('}' | ']' | ')') => nesting = nesting.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(nesting);
    }
    deepest
}

/// A syntax error. It never holds the source.
fn syntax_error(pos: Pos, what: &str) -> ServerError {
    let message = format!("Syntax error at line {}, column {}: {what}.", pos.line, pos.column);
    let mut failed = coded(Code::GraphqlParseFailed, message);
    failed.locations.push(pos);
    failed
}

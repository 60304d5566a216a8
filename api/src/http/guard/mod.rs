//! The document guard: refuses what costs too much before anything runs, on every carrier.
//!
//! Before the parser it looks at the text (bytes, tokens, nesting), because a parser recurses as deep as its input;
//! after it at the document (what fragments expand to, depth, aliases, directives, root fields), because a short
//! document can stand for a huge one. Every operation is judged, not just the chosen one.

mod characters;
mod document;
mod json;
mod text;

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::parser::{self, parse_query};
use async_graphql::{ErrorExtensionValues, ServerError, Variables};

use crate::config::Limits;
use crate::error::Code;
use crate::graphql::cost::Estimate;

pub use json::check_body;

/// Most values of a body, and most that variables may stand for once each is put wherever the document uses it.
const VALUES: usize = 200_000;

/// Parses a document that is within the limits.
///
/// # Errors
/// `QUERY_TOO_COMPLEX` with the figure and the limit, `BAD_USER_INPUT` for a control character in a text, or
/// `GRAPHQL_PARSE_FAILED` with line and column. The source is never echoed.
pub fn admit(query: &str, limits: &Limits) -> Result<ExecutableDocument, ServerError> {
    within("The document", query.len(), limits.document_bytes, "bytes")?;
    text::check(query, limits)?;
    let document = parse_query(query).map_err(|error| parse_failed(&error))?;
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
    characters::check_variables(variables)?;
    let figure = document::variable_uses(document).iter().fold(0_usize, |sum, (name, uses)| {
        let size = variables.get(name).map_or(0, json::size);
        sum.saturating_add(size.saturating_mul(*uses))
    });
    within("The variables", figure, VALUES, "values where the document uses them")
}

/// Checks what an operation may take at most; `points` limits what it may cost, if anything does.
///
/// # Errors
/// `QUERY_TOO_COMPLEX` with the figure and the limit.
pub fn check_cost(estimate: Estimate, nodes: u64, points: Option<u64>) -> Result<(), ServerError> {
    let figure = |figure: u64| usize::try_from(figure).unwrap_or(usize::MAX);
    let rows = "rows at most, the sizes of pages multiplied along the nesting";
    within("The operation", figure(estimate.nodes), figure(nodes), rows)?;
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

/// A syntax error in our words. The parser's own message quotes the source, so only its position is kept, and what it
/// had expected there.
fn parse_failed(error: &parser::Error) -> ServerError {
    let place = error.positions().next();
    let at = place.map_or(String::new(), |pos| format!(" at line {}, column {}", pos.line, pos.column));
    let message = match error {
        parser::Error::Syntax { message, .. } => format!("Syntax error{at}{}.", expectation(message)),
        parser::Error::MultipleOperations { .. } => format!("An operation without a name must be the only one{at}."),
        parser::Error::OperationDuplicated { .. } => format!("Two operations have the same name{at}."),
        parser::Error::FragmentDuplicated { .. } => format!("Two fragments have the same name{at}."),
        parser::Error::MissingOperation => "The document holds no operation.".to_owned(),
        _ => format!("The document is not valid GraphQL{at}."),
    };
    let mut failed = coded(Code::GraphqlParseFailed, message);
    failed.locations = error.positions().collect();
    failed
}

/// The last line of the parser's message names grammar rules, never the source.
fn expectation(message: &str) -> String {
    let rules = message.rsplit_once("\n  = expected ").map(|(_, rules)| rules.replace('_', " "));
    rules.filter(|rules| rules.len() <= 120).map_or(String::new(), |rules| format!(": expected {rules}"))
}

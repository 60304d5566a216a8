//! What stands between a carrier (POST, GET, a batch, a socket, a stream) and the schema: the guard, the choice of the
//! operation, the check of the variables, the time limit. Every carrier goes through here and nowhere else.

use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Request, ServerError};
use tracing::Instrument;

use super::answer::Answer;
use super::parameters::Parameters;
use super::record::{self, Running};
use super::{guard, variables};
use crate::access::Viewer;
use crate::app::{App, RequestMeta};
use crate::error::{Code, Error};

/// An operation that may run.
pub struct Admitted {
    /// The request, with its document parsed.
    pub request: Request,
    /// Query, mutation or subscription.
    pub kind: OperationType,
    /// The operation's name, if it has one.
    pub name: Option<String>,
}

/// Everything that can fail before anything runs.
///
/// # Errors
/// What is wrong with the document or its variables, coded, in people's words.
pub fn admit(app: &App, parameters: Parameters) -> Result<Admitted, Vec<ServerError>> {
    examine(app, parameters).inspect_err(|errors| record::refused(app, errors))
}

fn examine(app: &App, parameters: Parameters) -> Result<Admitted, Vec<ServerError>> {
    let limits = &app.config().limits;
    let Parameters { query, operation_name, mut variables, extensions } = parameters;
    let one = |error| vec![error];
    let document = guard::admit(&query, limits).map_err(one)?;
    let kind = {
        let operation = variables::chosen(&document, operation_name.as_deref()).map_err(one)?;
        variables::fit(operation, &mut variables)?;
        operation.ty
    };
    guard::check_values(&document, &variables).map_err(one)?;
    let mut request = Request::new(query).variables(variables);
    let name = operation_name.clone().or_else(|| only_name(&document));
    request.operation_name = operation_name;
    request.extensions = extensions;
    Ok(Admitted { request: with_document(request, document), kind, name })
}

/// Runs a query or mutation within the time limit.
pub async fn run(app: &App, admitted: Admitted, viewer: Option<Viewer>, meta: RequestMeta) -> Answer {
    let running = Running::begin(admitted.kind, admitted.name.clone(), viewer.as_ref());
    let answer = run_in_time(app, admitted, viewer, meta).instrument(running.span()).await;
    running.end(app, &answer.codes());
    answer
}

async fn run_in_time(app: &App, admitted: Admitted, viewer: Option<Viewer>, meta: RequestMeta) -> Answer {
    let config = app.config();
    match tokio::time::timeout(config.request_timeout, app.execute(admitted.request, viewer, meta)).await {
        Ok(outcome) => Answer::new(outcome, !config.is_production()),
        Err(_) => {
            let seconds = config.request_timeout.as_secs();
            let message = format!("The operation was stopped after {seconds} seconds.");
            Answer::failed(Error::refused(Code::Timeout, message))
        }
    }
}

/// The name of a document's only operation.
fn only_name(document: &ExecutableDocument) -> Option<String> {
    let mut names = document.operations.iter().map(|(name, _)| name);
    let only = names.next().filter(|_| names.next().is_none())?;
    only.map(ToString::to_string)
}

fn with_document(mut request: Request, document: ExecutableDocument) -> Request {
    request.set_parsed_query(document);
    request
}

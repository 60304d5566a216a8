//! What stands between a carrier (POST, GET, a batch, a socket, a stream) and the schema: the guard, the choice of the
//! operation, the check of the variables, the time limit. Every carrier goes through here and nowhere else.

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, OperationType, Selection};
use async_graphql::{Request, ServerError};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use super::answer::Answer;
use super::parameters::Parameters;
use super::{guard, variables};
use crate::access::Viewer;
use crate::app::{App, Credential, RequestMeta};
use crate::error::{Code, Error};

/// An operation that may run.
pub struct Admitted {
    /// The request, with its document parsed.
    pub request: Request,
    /// Query, mutation or subscription.
    pub kind: OperationType,
}

/// Everything that can fail before anything runs.
///
/// # Errors
/// What is wrong with the document or its variables, coded, in people's words.
pub fn admit(app: &App, parameters: Parameters) -> Result<Admitted, Vec<ServerError>> {
    let limits = &app.config().limits;
    let Parameters { query, operation_name, mut variables, extensions } = parameters;
    let one = |error| vec![error];
    let document = guard::admit(&query, limits).map_err(one)?;
    let kind = {
        let operation = variables::chosen(&document, operation_name.as_deref()).map_err(one)?;
        variables::fit(operation, &mut variables)?;
        check_subscription(operation).map_err(one)?;
        operation.ty
    };
    guard::check_values(&document, &variables).map_err(one)?;
    let mut request = Request::new(query).variables(variables);
    request.operation_name = operation_name;
    request.extensions = extensions;
    Ok(Admitted { request: with_document(request, document), kind })
}

/// A subscription follows one thing (the specification, 5.2.3.1). The executor looks for it in the operation itself.
fn check_subscription(operation: &OperationDefinition) -> Result<(), ServerError> {
    let one = match operation.selection_set.node.items.as_slice() {
        [only] => matches!(&only.node, Selection::Field(field) if !field.node.name.node.starts_with("__")),
        _ => false,
    };
    if one || operation.ty != OperationType::Subscription {
        return Ok(());
    }
    let message = "A subscription selects exactly one field, in the operation itself: no second one, no fragment.";
    Err(guard::coded(Code::GraphqlValidationFailed, message))
}

/// Runs an operation of any kind: a query or mutation has one answer, a subscription as many as there are.
pub fn stream(app: &App, admitted: Admitted, credential: Credential, meta: RequestMeta) -> BoxStream<'static, Answer> {
    if admitted.kind == OperationType::Subscription {
        let suggest = !app.config().is_production();
        let outcomes = app.subscribe(admitted.request, credential, meta);
        return outcomes.map(move |outcome| Answer::new(outcome, suggest)).boxed();
    }
    let app = app.clone();
    let answer = async move {
        match credential.viewer().await {
            Ok(viewer) => run(&app, admitted, viewer, meta).await,
            Err(error) => Answer::failed(error),
        }
    };
    stream::once(answer).boxed()
}

/// Runs a query or mutation within the time limit.
pub async fn run(app: &App, admitted: Admitted, viewer: Option<Viewer>, meta: RequestMeta) -> Answer {
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

fn with_document(mut request: Request, document: ExecutableDocument) -> Request {
    request.set_parsed_query(document);
    request
}

//! What stands between a carrier (POST, GET, a batch, a socket, a stream) and the schema: the document and the guard,
//! the choice of the operation, the check of the variables, its cost, the time limit. Every carrier goes through here
//! and nowhere else.

use std::sync::Arc;

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, OperationType, Selection};
use async_graphql::{Request, ServerError};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tracing::Instrument;

use super::answer::Answer;
use super::charge::Charge;
use super::parameters::Parameters;
use super::record::{self, Following, Running};
use super::{guard, persisted, variables};
use crate::access::Viewer;
use crate::app::{App, Credential, RequestMeta};
use crate::documents::Document;
use crate::error::{Code, Error};
use crate::graphql::cost::{self, Estimate};

/// An operation that may run.
pub struct Admitted {
    /// The request, with its document parsed.
    pub request: Request,
    /// Query, mutation or subscription.
    pub kind: OperationType,
    /// The operation's name, if it has one.
    pub name: Option<String>,
    /// What it may take at most.
    pub estimate: Estimate,
    document: Arc<Document>,
}

/// Everything that can fail before anything runs and before anybody pays.
///
/// # Errors
/// What is wrong with the document or its variables, coded, in people's words.
pub fn admit(app: &App, parameters: Parameters) -> Result<Admitted, Vec<ServerError>> {
    examine(app, parameters).inspect_err(|errors| record::refused(app, errors))
}

fn examine(app: &App, parameters: Parameters) -> Result<Admitted, Vec<ServerError>> {
    let one = |error| vec![error];
    let document = persisted::document(app, &parameters).map_err(one)?;
    let Parameters { operation_name, mut variables, extensions, .. } = parameters;
    let (kind, estimate, judged) = {
        let operation = variables::chosen(&document.parsed, operation_name.as_deref()).map_err(one)?;
        variables::fit(operation, &mut variables)?;
        check_subscription(operation).map_err(one)?;
        guard::check_values(&document.parsed, &variables).map_err(one)?;
        let estimate = cost::estimate(app.costs(), app.store().sizes(), &document.parsed, operation, &variables);
        (operation.ty, estimate, variables::are_judged_by_fit(operation))
    };
    guard::check_cost(estimate, app.config().limits.nodes, app.rate_limit().limit()).map_err(one)?;
    let name = operation_name.clone().or_else(|| only_name(&document.parsed));
    // The text is not needed any more.
    let mut request = Request::new("").variables(variables).data(estimate);
    request.operation_name = operation_name;
    request.extensions = extensions;
    if judged {
        request = request.data(document.validity.clone());
    }
    request.set_parsed_query(document.parsed.clone());
    Ok(Admitted { request, kind, name, estimate, document })
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
    let app = app.clone();
    let answers = async move {
        match credential.viewer().await {
            Ok(viewer) if admitted.kind == OperationType::Subscription => {
                follow(&app, admitted, credential, viewer.as_ref(), meta)
            }
            Ok(viewer) => one(run(&app, admitted, viewer, meta).await),
            Err(error) => one(Answer::failed(error)),
        }
    };
    stream::once(answers).flatten().boxed()
}

/// A stream of one answer.
pub fn one(answer: Answer) -> BoxStream<'static, Answer> {
    stream::once(std::future::ready(answer)).boxed()
}

/// Runs a subscription. Beginning it costs what the telling of one change may take.
fn follow(
    app: &App,
    admitted: Admitted,
    credential: Credential,
    viewer: Option<&Viewer>,
    meta: RequestMeta,
) -> BoxStream<'static, Answer> {
    let running = Running::begin(admitted.kind, admitted.name, viewer);
    app.metrics().observe_cost(admitted.estimate.points());
    if let Err(refused) = Charge::take(app, admitted.estimate, viewer, &meta) {
        running.end(app, &refused.codes());
        return one(*refused);
    }
    app.documents().keep(&admitted.document, viewer.is_some());
    let suggest = !app.config().is_production();
    let mut following = Following::of(app, running);
    let answers = app.subscribe(admitted.request, credential, meta).map(move |outcome| {
        let answer = Answer::new(outcome, suggest);
        following.told(answer.codes());
        answer
    });
    answers.boxed()
}

/// Runs a query or mutation within what its principal may spend and within the time limit.
pub async fn run(app: &App, admitted: Admitted, viewer: Option<Viewer>, meta: RequestMeta) -> Answer {
    let running = Running::begin(admitted.kind, admitted.name, viewer.as_ref());
    app.metrics().observe_cost(admitted.estimate.points());
    let answer = match Charge::take(app, admitted.estimate, viewer.as_ref(), &meta) {
        Ok(charge) => {
            app.documents().keep(&admitted.document, viewer.is_some());
            let answer = in_time(app, admitted.request, viewer, meta).instrument(running.span()).await;
            charge.settle(answer)
        }
        Err(refused) => *refused,
    };
    running.end(app, &answer.codes());
    answer
}

async fn in_time(app: &App, request: Request, viewer: Option<Viewer>, meta: RequestMeta) -> Answer {
    let config = app.config();
    match tokio::time::timeout(config.request_timeout, app.execute(request, viewer, meta)).await {
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

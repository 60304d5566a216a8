//! What stands between a carrier (POST, GET, a batch, a socket, a stream) and the schema: the document and the guard,
//! its validation, the choice of the operation, the check of the variables, its cost, the time limit. Every carrier goes through here
//! and nowhere else.

use std::sync::Arc;

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, Field, OperationType, Selection};
use async_graphql::{Name, Positioned, Request, ServerError};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tracing::Instrument;

use super::answer::Answer;
use super::apart::apart;
use super::charge::Charge;
use super::parameters::Parameters;
use super::record::{self, Following, Running};
use super::{guard, persisted, variables};
use crate::access::Viewer;
use crate::app::App;
use crate::auth::entrance::Credential;
use crate::documents::Document;
use crate::error::{Code, Error};
use crate::graphql::cost::{self, Estimate};
use crate::graphql::on_error::OnError;
use crate::graphql::validity::IsValid;
use crate::request::RequestMeta;

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
    /// What an error does to what is around it.
    pub on_error: OnError,
    document: Arc<Document>,
}

impl Admitted {
    /// What it asks for: equal for two requests of the same.
    pub fn told(&self) -> String {
        let variables = serde_json::to_string(&self.request.variables).unwrap_or_default();
        format!("{} {} {variables}", self.document.hash(), self.request.operation_name.as_deref().unwrap_or_default())
    }
}

/// Everything that can fail before anything runs, of a request of so many bytes.
///
/// # Errors
/// What is wrong with the document or its variables, coded, in people's words.
pub async fn admit(app: &App, parameters: Parameters, bytes: usize) -> Result<Admitted, Vec<ServerError>> {
    let judge = app.clone();
    let admitted = apart(bytes, move || examine(&judge, parameters)).await;
    admitted.inspect_err(|errors| record::refused(app, errors))
}

fn examine(app: &App, parameters: Parameters) -> Result<Admitted, Vec<ServerError>> {
    let one = |error| vec![error];
    let document = persisted::document(app, &parameters).map_err(one)?;
    let valid = document.validated(app.types())?;
    let Parameters { operation_name, mut variables, extensions, on_error, .. } = parameters;
    let (chosen, operation) = variables::chosen(&document.parsed, operation_name.as_deref()).map_err(one)?;
    let takes_no_null = |variable: &Name| valid.takes_no_null(chosen, variable);
    variables::fit(app.types(), operation, takes_no_null, &mut variables)?;
    guard::check_values(&document.parsed, &variables).map_err(one)?;
    let estimate = cost::estimate(app.costs(), app.store().sizes(), &document.parsed, operation, &variables);
    let kind = operation.ty;
    guard::check_cost(estimate, &app.config().limits, app.rate_limit().limit()).map_err(one)?;
    let name = chosen.map(ToString::to_string);
    // The text is not needed any more.
    let mut request = Request::new("").variables(variables).data(estimate).data(IsValid).data(on_error);
    request.operation_name = operation_name;
    request.extensions = extensions;
    let mut parsed = document.parsed.clone();
    if kind == OperationType::Subscription {
        unfold_root(&mut parsed);
    }
    request.set_parsed_query(parsed);
    Ok(Admitted { request, kind, name, estimate, on_error, document })
}

/// Puts what subscriptions select through fragments into the operations themselves, where the executor looks for it. It
/// is one field by the rules; where it stands several times, what is selected below it is put together.
fn unfold_root(document: &mut ExecutableDocument) {
    let ExecutableDocument { operations, fragments } = document;
    let operations: Vec<_> = match operations {
        DocumentOperations::Single(one) => vec![one],
        DocumentOperations::Multiple(all) => all.values_mut().collect(),
    };
    for operation in operations.into_iter().filter(|operation| operation.node.ty == OperationType::Subscription) {
        let mut root: Option<Positioned<Field>> = None;
        let mut open: Vec<_> = operation.node.selection_set.node.items.drain(..).rev().collect();
        while let Some(selection) = open.pop() {
            match (selection.node, &mut root) {
                (Selection::Field(field), None) => root = Some(field),
                (Selection::Field(again), Some(root)) => {
                    root.node.selection_set.node.items.extend(again.node.selection_set.node.items);
                }
                (Selection::InlineFragment(fragment), _) => {
                    open.extend(fragment.node.selection_set.node.items.into_iter().rev());
                }
                (Selection::FragmentSpread(spread), _) => {
                    let fragment = fragments.get(&spread.node.fragment_name.node);
                    let below = fragment.map(|fragment| fragment.node.selection_set.node.items.clone());
                    open.extend(below.into_iter().flatten().rev());
                }
            }
        }
        let root = root.map(|field| Positioned::new(Selection::Field(field.clone()), field.pos));
        operation.node.selection_set.node.items.extend(root);
    }
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
    let suggest = app.is_schema_open(viewer.is_some());
    let (mut following, on_error) = (Following::of(app, running), admitted.on_error);
    let answers = app.subscribe(admitted.request, credential, meta).map(move |outcome| {
        let answer = Answer::new(outcome, suggest).halted(on_error);
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
            charge.settle(answer.halted(admitted.on_error))
        }
        Err(refused) => *refused,
    };
    running.end(app, &answer.codes());
    answer
}

async fn in_time(app: &App, request: Request, viewer: Option<Viewer>, meta: RequestMeta) -> Answer {
    let (config, suggest) = (app.config(), app.is_schema_open(viewer.is_some()));
    match tokio::time::timeout(config.request_timeout, app.execute(request, viewer, meta)).await {
        Ok(outcome) => Answer::new(outcome, suggest),
        Err(_) => {
            let seconds = config.request_timeout.as_secs();
            let message = format!("The operation was stopped after {seconds} seconds.");
            Answer::failed(Error::refused(Code::Timeout, message))
        }
    }
}

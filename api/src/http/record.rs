//! What became of an operation, told once: to the figures, to the trace, and to the line of its request in the log.

use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;

use async_graphql::ServerError;
use async_graphql::parser::types::OperationType;
use tokio::time::Instant;
use tracing::Span;
use uuid::Uuid;

use super::words::code_of;
use crate::access::Viewer;
use crate::app::App;
use crate::observability::metrics::{OK, Open};

tokio::task_local! {
    /// The operations of the HTTP request that this task answers. A socket has none.
    static RECORDS: RefCell<Vec<Record>>;
}

/// An operation that has come to its end, or was refused before it began. Never its document or variables.
#[derive(Clone, Debug)]
pub struct Record {
    kind: &'static str,
    name: Option<String>,
    user: Option<Uuid>,
    code: String,
}

/// Runs `work` and answers the operations that ran meanwhile.
pub async fn gather<T>(work: impl Future<Output = T>) -> (T, Vec<Record>) {
    RECORDS
        .scope(RefCell::default(), async {
            let outcome = work.await;
            (outcome, RECORDS.with(RefCell::take))
        })
        .await
}

/// An operation that is running.
pub struct Running {
    kind: &'static str,
    name: Option<String>,
    user: Option<Uuid>,
    began: Instant,
    span: Span,
}

impl Running {
    /// An operation begins; `name` as its document has it.
    pub fn begin(kind: OperationType, name: Option<String>, viewer: Option<&Viewer>) -> Self {
        let kind = match kind {
            OperationType::Query => "query",
            OperationType::Mutation => "mutation",
            OperationType::Subscription => "subscription",
        };
        let user = viewer.map(|viewer| viewer.id);
        let title = name.as_ref().map_or_else(|| kind.to_owned(), |name| format!("{kind} {name}"));
        let span = tracing::debug_span!(
            "operation",
            otel.name = title,
            graphql.operation.type = kind,
            graphql.operation.name = name,
            enduser.id = user.map(tracing::field::display),
            error.type = tracing::field::Empty,
        );
        Self { kind, name, user, began: Instant::now(), span }
    }

    /// What happens in the operation happens in this span.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// The operation has ended, with these codes of errors.
    pub fn end(self, app: &App, codes: &[String]) {
        if let Some(code) = codes.first() {
            self.span.record("error.type", code);
        }
        let took = self.began.elapsed();
        app.metrics().operation(self.kind, self.name.as_deref(), self.user.is_some(), codes, took);
        let code = codes.first().cloned().unwrap_or_else(|| OK.to_owned());
        keep(Record { kind: self.kind, name: self.name, user: self.user, code }, took);
    }
}

/// A subscription that is running; it has ended when this is dropped.
pub struct Following {
    app: App,
    running: Option<Running>,
    codes: Vec<String>,
    _open: Open,
}

impl Following {
    /// The operation has begun to follow.
    pub fn of(app: &App, running: Running) -> Self {
        Self { app: app.clone(), running: Some(running), codes: Vec::new(), _open: app.metrics().subscription() }
    }

    /// Its last answer had these codes of errors.
    pub fn told(&mut self, codes: Vec<String>) {
        self.codes = codes;
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.running.take().into_iter().for_each(|running| running.end(&self.app, &self.codes));
    }
}

/// A request for an operation was refused before anything could run.
pub fn refused(app: &App, errors: &[ServerError]) {
    let codes: Vec<String> = errors.iter().map(code_of).collect();
    app.metrics().operation("none", None, false, &codes, Duration::ZERO);
    let code = codes.into_iter().next().unwrap_or_default();
    keep(Record { kind: "none", name: None, user: None, code }, Duration::ZERO);
}

/// Keeps a record for the line of its HTTP request; outside of one it gets a line of its own.
fn keep(record: Record, took: Duration) {
    let mut record = Some(record);
    let _ = RECORDS.try_with(|records| records.borrow_mut().extend(record.take()));
    if let Some(Record { kind, name, user, code }) = record {
        let user = user.map(tracing::field::display);
        let milliseconds = milliseconds(took);
        tracing::info!(operation = name, r#type = kind, code, user, milliseconds, "ran");
    }
}

/// A duration as the log tells it: to the microsecond, and no digit that means nothing.
pub fn milliseconds(took: Duration) -> f64 {
    f64::from(u32::try_from(took.as_micros()).unwrap_or(u32::MAX)) / 1_000.0
}

/// The words of a request's line: the names and kinds of its operations, who asked, and the first thing that failed.
#[derive(Debug, Default)]
pub struct Line {
    /// The names, separated by commas; `-` for an operation without one.
    pub operation: Option<String>,
    /// The kinds, separated by commas.
    pub kind: Option<String>,
    /// `OK`, or the first code that is not.
    pub code: Option<String>,
    /// Who asked.
    pub user: Option<Uuid>,
}

impl Line {
    /// Sums up the operations of a request.
    pub fn of(records: &[Record]) -> Self {
        let joined = |word: fn(&Record) -> &str| {
            let words: Vec<&str> = records.iter().map(word).collect();
            (!words.is_empty()).then(|| words.join(","))
        };
        let failed = records.iter().find(|record| record.code != OK).or(records.first());
        Self {
            operation: joined(|record| record.name.as_deref().unwrap_or("-")),
            kind: joined(|record| record.kind),
            code: failed.map(|record| record.code.clone()),
            user: records.iter().find_map(|record| record.user),
        }
    }
}

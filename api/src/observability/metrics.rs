//! The figures of the running service, in the OpenMetrics text format that Prometheus reads.

use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::durations::seconds;
use super::names::Names;
use crate::store::database::Database;
use crate::store::sql::Dialect;

/// Upper bounds of costs, in points.
const POINTS: [f64; 10] = [1.0, 10.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 5_000.0, 20_000.0, 100_000.0];

/// The label of an operation that did not fail.
pub const OK: &str = "OK";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    r#type: &'static str,
    operation: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    r#type: &'static str,
    operation: String,
    code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Response {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignIn {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PoolState {
    pool: &'static str,
    state: &'static str,
}

/// How an attempt to sign in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInOutcome {
    /// A session began.
    Done,
    /// Wrong name or password, or suspended.
    Refused,
    /// Too many failures before.
    Throttled,
}

/// What the service counts. Cheap to share; every figure begins at zero with the process.
pub struct Metrics {
    registry: Registry,
    names: Names,
    operations: Family<Outcome, Counter>,
    durations: Family<Operation, Histogram, fn() -> Histogram>,
    errors: Family<Code, Counter>,
    responses: Family<Response, Counter>,
    cost: Histogram,
    sign_ins: Family<SignIn, Counter>,
    refused_tokens: Counter,
    reused_refresh_tokens: Counter,
    connections: Gauge,
    sockets: Gauge,
    subscriptions: Gauge,
    pool: Family<PoolState, Gauge>,
}

impl Metrics {
    /// All figures at zero; those of the database are its own.
    pub fn new(database: &Database) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("tributary"),
            names: Names::default(),
            operations: Family::default(),
            durations: Family::new_with_constructor(seconds),
            errors: Family::default(),
            responses: Family::default(),
            cost: Histogram::new(POINTS),
            sign_ins: Family::default(),
            refused_tokens: Counter::default(),
            reused_refresh_tokens: Counter::default(),
            connections: Gauge::default(),
            sockets: Gauge::default(),
            subscriptions: Gauge::default(),
            pool: Family::default(),
        };
        metrics.register(database);
        metrics
    }

    fn register(&mut self, database: &Database) {
        let registry = &mut self.registry;
        let dialect = match database.dialect() {
            Dialect::Postgres => "postgres",
            Dialect::Sqlite => "sqlite",
        };
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION")), ("database", dialect)]);
        registry.register("build", "The running program", build);
        registry.register("operations", "GraphQL operations by outcome", self.operations.clone());
        let (name, help) = ("operation_duration", "Time that GraphQL operations took to run");
        registry.register_with_unit(name, help, Unit::Seconds, self.durations.clone());
        registry.register("errors", "Errors in answers of GraphQL, by code", self.errors.clone());
        registry.register("http_responses", "HTTP answers by route and status", self.responses.clone());
        registry.register("operation_cost", "Estimated cost of GraphQL operations, in points", self.cost.clone());
        registry.register("sign_ins", "Attempts to sign in by outcome", self.sign_ins.clone());
        registry.register("refused_tokens", "Access tokens that were refused", self.refused_tokens.clone());
        let help = "Sessions ended because a refresh token was used twice";
        registry.register("reused_refresh_tokens", help, self.reused_refresh_tokens.clone());
        registry.register("open_connections", "Client connections open now", self.connections.clone());
        registry.register("open_sockets", "WebSockets open now", self.sockets.clone());
        registry.register("open_subscriptions", "Subscriptions running now", self.subscriptions.clone());
        let (name, help) = ("database_call_duration", "Time that calls of the database took; begin includes the wait");
        registry.register_with_unit(name, help, Unit::Seconds, database.calls());
        let help = "Statements that were ended because nobody waited for them any more";
        registry.register("database_given_up", help, database.given_up());
        registry.register("database_connections", "Database connections by state", self.pool.clone());
    }

    /// An operation has run, or has been refused. `name` is counted as it is only for `trusted` callers whose document
    /// was valid: strangers must not fill the table of names.
    pub fn operation(&self, kind: &'static str, name: Option<&str>, trusted: bool, codes: &[String], took: Duration) {
        let code = codes.first().cloned().unwrap_or_else(|| OK.to_owned());
        let known = trusted && code != "GRAPHQL_VALIDATION_FAILED" && code != "GRAPHQL_PARSE_FAILED";
        let operation = if known { self.names.label(name) } else { String::new() };
        let labels = Operation { r#type: kind, operation: operation.clone() };
        self.durations.get_or_create(&labels).observe(took.as_secs_f64());
        self.operations.get_or_create(&Outcome { r#type: kind, operation, code }).inc();
        for code in codes {
            self.errors.get_or_create(&Code { code: code.clone() }).inc();
        }
    }

    /// An HTTP request was answered.
    pub fn response(&self, route: &str, method: &'static str, status: u16) {
        self.responses.get_or_create(&Response { route: route.to_owned(), method, status }).inc();
    }

    /// What an operation was estimated to cost, in points.
    pub fn observe_cost(&self, points: u64) {
        #[expect(clippy::cast_precision_loss, reason = "a cost that large needs no last digit")]
        self.cost.observe(points as f64);
    }

    /// An attempt to sign in ended.
    pub fn sign_in(&self, outcome: SignInOutcome) {
        let outcome = match outcome {
            SignInOutcome::Done => "done",
            SignInOutcome::Refused => "refused",
            SignInOutcome::Throttled => "throttled",
        };
        self.sign_ins.get_or_create(&SignIn { outcome }).inc();
    }

    /// An access token was refused.
    pub fn refused_token(&self) {
        self.refused_tokens.inc();
    }

    /// A session was ended because a refresh token was used twice.
    pub fn reused_refresh_token(&self) {
        self.reused_refresh_tokens.inc();
    }

    /// Counts a client connection as open until the guard is dropped.
    pub fn connection(&self) -> Open {
        Open::new(&self.connections)
    }

    /// Counts a WebSocket as open until the guard is dropped.
    pub fn socket(&self) -> Open {
        Open::new(&self.sockets)
    }

    /// Counts a subscription as running until the guard is dropped.
    pub fn subscription(&self) -> Open {
        Open::new(&self.subscriptions)
    }

    /// Every figure as text.
    pub fn text(&self, database: &Database) -> String {
        for figures in database.pools() {
            for (state, count) in [("idle", figures.idle), ("busy", figures.busy), ("limit", figures.limit)] {
                self.pool.get_or_create(&PoolState { pool: figures.name, state }).set(i64::from(count));
            }
        }
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }
}

/// Something that is open, and counted as long as this lives.
#[must_use]
#[derive(Debug)]
pub struct Open(Gauge);

impl Open {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

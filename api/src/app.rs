//! The service as a value: configuration, database, schema, clock, keys. Main and tests build it the same way.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Request, Response};
use chrono_tz::Tz;
use futures_util::stream::BoxStream;
use uuid::Uuid;

use crate::access::Viewer;
use crate::access::token::{Claims, Pass};
use crate::auth::keys::Keyring;
use crate::auth::principals::Principals;
use crate::auth::sessions;
use crate::auth::throttle::Throttle;
use crate::clock::Clock;
use crate::config::{Config, SqliteSynchronous};
use crate::demo::{self, DemoUser};
use crate::documents::Documents;
use crate::error::{Code, Error, Result};
use crate::graphql::cost;
use crate::graphql::executable::Executables;
use crate::graphql::schema::{GRAPH, outline};
use crate::graphql::validation::types::Types;
use crate::graphql::views::Views;
use crate::observability::metrics::Metrics;
use crate::rate_limit::RateLimit;
use crate::security_event::log::SecurityLog;
use crate::store::database::{Database, Settings};
use crate::store::present::Present;
use crate::store::tally::Tally;
use crate::store::{Store, idempotency};

/// The running service. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    config: Config,
    store: Store,
    schema: Executables,
    keys: Keyring,
    throttle: Throttle,
    security: SecurityLog,
    costs: cost::Table,
    types: Types,
    rate_limit: RateLimit,
    documents: Documents,
    metrics: Metrics,
    principals: Arc<Principals>,
    views: Views,
}

/// What a request carries besides its document.
#[derive(Clone, Debug, Default)]
pub struct RequestMeta {
    /// Finds the request in the logs.
    pub request_id: String,
    /// The header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// The network address the request came from, where it came over a network.
    pub peer: Option<IpAddr>,
    /// Counts what is read for it.
    pub tally: Tally,
}

/// Where a request came from, for the security log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller {
    /// Who is signed in.
    pub actor: Option<Uuid>,
    /// The network address.
    pub peer: Option<IpAddr>,
}

/// What a client showed that stays for longer than a request: what it proves is looked at anew whenever it matters.
#[derive(Clone)]
pub struct Credential {
    app: App,
    claims: Option<Claims>,
}

impl Credential {
    /// Who it stands for now; none for a stranger. Asked together with whoever else asks at this moment.
    ///
    /// # Errors
    /// UNAUTHENTICATED: the token has ended, the session was ended or the user suspended; UNAVAILABLE.
    pub async fn viewer(&self) -> Result<Option<Viewer>> {
        let Some(claims) = &self.claims else { return Ok(None) };
        if self.remaining().is_some_and(|remaining| remaining.is_zero()) {
            return Err(Error::unauthenticated());
        }
        let found = self.app.0.principals.viewer(claims.pass).await?;
        self.app.known(claims.pass, found).await
    }

    /// Whether it proves anybody; a stranger has nothing to show.
    pub fn is_proof(&self) -> bool {
        self.claims.is_some()
    }

    /// The user that it proves, whatever has become of them.
    pub fn user(&self) -> Option<Uuid> {
        self.claims.map(|claims| claims.pass.user)
    }

    /// How long the token is still taken; none for a stranger.
    pub fn remaining(&self) -> Option<Duration> {
        self.claims.map(|claims| claims.remaining(self.app.store().clock().now()))
    }
}

impl App {
    /// Connects, migrates, makes or reads the keys and builds the schema.
    ///
    /// # Errors
    /// The database cannot be reached or belongs to another base currency; a key is unusable.
    pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<Self> {
        let store = store(&config, clock).await?;
        if config.is_production() && store.system().is_demo().await? {
            return Err(Error::conflict(
                "This database holds demo data, whose passwords everybody knows. Production needs another one.",
            ));
        }
        store.system().fix_base_currency().await?;
        store.system().refresh_text_keys().await?;
        if let Some(zone) = config.company_time_zone {
            store.system().keep_company_time_zone(zone).await?;
        }
        let keys = Keyring::open(&config, store.system()).await?;
        let schema = Executables::new();
        let rate_limit = RateLimit::new(config.rate_points, config.rate_points_per_second);
        let documents = Documents::new(config.document_cache_bytes);
        let (throttle, metrics) = (Throttle::default(), Metrics::new(store.database()));
        let security = SecurityLog::new(store.system());
        let (principals, views) = (Principals::new(store.system()), Views::default());
        let (costs, types) = outline();
        Ok(Self(Arc::new(Parts {
            config,
            store,
            schema,
            keys,
            throttle,
            security,
            costs,
            types,
            rate_limit,
            documents,
            metrics,
            principals,
            views,
        })))
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The store, for the command line and jobs.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The keys of the access tokens.
    pub fn keys(&self) -> &Keyring {
        &self.0.keys
    }

    /// The failed sign-ins of late.
    pub fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    /// What was refused.
    pub fn security(&self) -> &SecurityLog {
        &self.0.security
    }

    /// What the fields of the schema cost.
    pub fn costs(&self) -> &cost::Table {
        &self.0.costs
    }

    /// The types of the schema, for validation.
    pub fn types(&self) -> &Types {
        &self.0.types
    }

    /// What each principal may still spend.
    pub fn rate_limit(&self) -> &RateLimit {
        &self.0.rate_limit
    }

    /// What was read of late, for followers.
    pub fn views(&self) -> &Views {
        &self.0.views
    }

    /// The documents that have been parsed.
    pub fn documents(&self) -> &Documents {
        &self.0.documents
    }

    /// The viewer behind an `Authorization` header; none or an empty bearer is anonymous.
    ///
    /// # Errors
    /// UNAUTHENTICATED: the token is not valid (any more); UNAVAILABLE.
    pub async fn viewer(&self, authorization: Option<&str>) -> Result<Option<Viewer>> {
        let Some(claims) = self.credential(authorization).await?.claims else { return Ok(None) };
        let found = self.store().system().viewer(claims.pass).await?;
        self.known(claims.pass, found).await
    }

    /// Whoever has proved somebody must be one still.
    async fn known(&self, pass: Pass, found: Option<Present>) -> Result<Option<Viewer>> {
        let viewer = sessions::arrived(&self.store().system(), pass, found).await?;
        viewer.map(Some).ok_or_else(Error::unauthenticated).inspect_err(|error| self.note_refusal(error))
    }

    /// What an `Authorization` header proves, to be looked at again and again; none or an empty bearer is anonymous.
    ///
    /// # Errors
    /// UNAUTHENTICATED: the token is not valid; UNAVAILABLE.
    pub async fn credential(&self, authorization: Option<&str>) -> Result<Credential> {
        let claims = match authorization.and_then(bearer) {
            Some(token) => Some(self.0.keys.verify(token).await.inspect_err(|error| self.note_refusal(error))?),
            None => None,
        };
        Ok(Credential { app: self.clone(), claims })
    }

    fn note_refusal(&self, error: &Error) {
        if error.code() == Code::Unauthenticated {
            self.0.metrics.refused_token();
        }
    }

    /// Whether somebody may look at the schema, and so be told which names were meant. Who is not signed in learns
    /// nothing, not even the schema.
    pub fn is_schema_open(&self, is_signed_in: bool) -> bool {
        is_signed_in && self.0.config.introspection
    }

    /// Runs one GraphQL request.
    pub async fn execute(&self, request: Request, viewer: Option<Viewer>, meta: RequestMeta) -> Response {
        let tally = meta.tally.clone();
        let request = request.data(meta).data(self.clone());
        let request = if self.is_schema_open(viewer.is_some()) { request } else { request.disable_introspection() };
        let mut request = match viewer {
            Some(viewer) => request.data(self.0.store.reader(viewer).counted_in(tally)),
            None => request,
        };
        self.0.schema.of(&mut request).execute(request).await
    }

    /// Takes an idempotency key for requests that come together, as they stand. Passwords may be in what they tell, so
    /// that is kept like one.
    ///
    /// # Errors
    /// IDEMPOTENCY_CONFLICT: the key was used for something else; database errors.
    pub async fn take_key(&self, viewer: &Viewer, key: &str, told: Vec<String>) -> Result<()> {
        let whole = idempotency::Request { key: key.to_owned(), body: "requests".to_owned(), secrets: told };
        idempotency::take(&self.0.store.reader(viewer.clone()), "requests", whole).await
    }

    /// Runs one GraphQL subscription. Who asks is looked at anew for every answer.
    pub fn subscribe(
        &self,
        request: Request,
        credential: Credential,
        meta: RequestMeta,
    ) -> BoxStream<'static, Response> {
        let mut request = request.data(meta).data(self.clone()).data(credential);
        self.0.schema.of(&mut request).execute_stream(request)
    }

    /// Whom to sign in as for trying things out: nobody in production or over real data.
    ///
    /// # Errors
    /// UNAVAILABLE.
    pub async fn demo_users(&self) -> Result<Vec<DemoUser>> {
        let known = !self.0.config.is_production() && self.0.store.system().is_demo().await?;
        Ok(if known { demo::users() } else { Vec::new() })
    }

    /// Can the database be read and written?
    ///
    /// # Errors
    /// It cannot; the reason is for people.
    pub async fn ready(&self) -> Result<()> {
        self.0.store.prove().await
    }

    /// The figures of the running service.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The figures as text for Prometheus.
    pub fn metrics_text(&self) -> String {
        self.0.metrics.text(self.0.store.database())
    }
}

/// The token of `Bearer <token>`; none if it is empty, or nothing is given at all. Another scheme carries nothing that
/// could be a token.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    match token.trim() {
        "" if scheme.is_empty() => None,
        _ if !scheme.eq_ignore_ascii_case("bearer") => Some(""),
        "" => None,
        token => Some(token),
    }
}

/// The store of an up-to-date database: enough for commands that work before there is a service.
///
/// # Errors
/// As [`migrated`].
pub async fn store(config: &Config, clock: Arc<dyn Clock>) -> Result<Store> {
    let store = Store::new(Arc::new(migrated(config).await?), &GRAPH, clock, &config.base_currency);
    let zone = match config.company_time_zone {
        Some(zone) => zone,
        None => store.system().company_time_zone().await?.unwrap_or(Tz::UTC),
    };
    Ok(store.in_time_zone(zone))
}

/// Connects and brings the tables up to date.
///
/// # Errors
/// The database cannot be reached, or a step fails.
pub async fn migrated(config: &Config) -> Result<Database> {
    let database = Database::connect(&settings(config)).await?;
    database.migrate().await?;
    Ok(database)
}

fn settings(config: &Config) -> Settings {
    Settings {
        url: config.database_url.expose().to_owned(),
        pool: config.database_pool,
        limit: config.database_timeout,
        sqlite_full_sync: config.sqlite_synchronous == SqliteSynchronous::Full,
    }
}

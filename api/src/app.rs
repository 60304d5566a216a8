//! The service as a value: configuration, database, schema, clock, keys. Main and tests build it the same way.

use std::sync::Arc;

use async_graphql::{Request, Response};
use chrono_tz::Tz;
use futures_util::stream::BoxStream;

use crate::access::Viewer;
use crate::auth::entrance::{self, Credential, Entrance};
use crate::auth::keys::Keyring;
use crate::auth::principals::Principals;
use crate::auth::throttle::Throttle;
use crate::calendar::Calendar;
use crate::clock::Clock;
use crate::config::{Config, SqliteSynchronous};
use crate::demo::{self, DemoUser};
use crate::documents::Documents;
use crate::error::{Error, Result};
use crate::graphql::cost;
use crate::graphql::host::{Asking, Host};
use crate::graphql::validation::types::Types;
use crate::observability::metrics::Metrics;
use crate::rate_limit::RateLimit;
use crate::request::RequestMeta;
use crate::schema::executable::Executables;
use crate::schema::{GRAPH, outline};
use crate::security_event::log::SecurityLog;
use crate::store::database::{Database, Settings};
use crate::store::{Store, idempotency, setting};

/// The running service. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    entrance: Entrance,
    host: Host,
    schema: Executables,
    costs: cost::Table,
    types: Types,
    documents: Documents,
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
            store.system().keep(&setting::TIME_ZONE, zone.name()).await?;
        }
        if let Some(month) = config.fiscal_year_start {
            store.system().keep(&setting::FISCAL_YEAR, &month.to_string()).await?;
        }
        let keys = Keyring::open(&config, store.system()).await?;
        let security = Arc::new(SecurityLog::new(store.system()));
        let host = Host::new(store.clone(), security.clone(), config.database_timeout);
        let (documents, (costs, types)) = (Documents::new(config.document_cache_bytes), outline());
        let entrance = Entrance::new(entrance::Parts {
            keys,
            throttle: Throttle::default(),
            security,
            metrics: Metrics::new(store.database()),
            rate_limit: RateLimit::new(config.rate_points, config.rate_points_per_second),
            principals: Principals::new(store.system()),
            config,
            store,
        });
        Ok(Self(Arc::new(Parts { entrance, host, schema: Executables::new(), costs, types, documents })))
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        self.0.entrance.config()
    }

    /// The store, for the command line and jobs.
    pub fn store(&self) -> &Store {
        self.0.entrance.store()
    }

    /// The keys of the access tokens.
    pub fn keys(&self) -> &Keyring {
        self.0.entrance.keys()
    }

    /// What was refused.
    pub fn security(&self) -> &Arc<SecurityLog> {
        self.0.entrance.security()
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
        self.0.entrance.rate_limit()
    }

    /// The documents that have been parsed.
    pub fn documents(&self) -> &Documents {
        &self.0.documents
    }

    /// As [`Entrance::viewer`].
    ///
    /// # Errors
    /// UNAUTHENTICATED, UNAVAILABLE.
    pub async fn viewer(&self, authorization: Option<&str>) -> Result<Option<Viewer>> {
        self.0.entrance.viewer(authorization).await
    }

    /// As [`Entrance::credential`].
    ///
    /// # Errors
    /// UNAUTHENTICATED, UNAVAILABLE.
    pub async fn credential(&self, authorization: Option<&str>) -> Result<Credential> {
        self.0.entrance.credential(authorization).await
    }

    /// Whether somebody may look at the schema, and so be told which names were meant. Who is not signed in learns
    /// nothing, not even the schema.
    pub fn is_schema_open(&self, is_signed_in: bool) -> bool {
        is_signed_in && self.config().introspection
    }

    /// Runs one GraphQL request.
    pub async fn execute(&self, request: Request, viewer: Option<Viewer>, meta: RequestMeta) -> Response {
        let tally = meta.tally.clone();
        let request = self.around(request, meta);
        let request = if self.is_schema_open(viewer.is_some()) { request } else { request.disable_introspection() };
        let mut request = match viewer {
            Some(viewer) => request.data(self.store().reader(viewer).counted_in(tally)),
            None => request,
        };
        self.0.schema.of(&mut request).execute(request).await
    }

    /// What every request finds around it.
    fn around(&self, request: Request, meta: RequestMeta) -> Request {
        request.data(meta).data(self.0.host.clone()).data(self.0.entrance.clone())
    }

    /// Takes an idempotency key for requests that come together, as they stand. Passwords may be in what they tell, so
    /// that is kept like one.
    ///
    /// # Errors
    /// IDEMPOTENCY_CONFLICT: the key was used for something else; database errors.
    pub async fn take_key(&self, viewer: &Viewer, key: &str, told: Vec<String>) -> Result<()> {
        let whole = idempotency::Request { key: key.to_owned(), body: "requests".to_owned(), secrets: told };
        idempotency::take(&self.store().reader(viewer.clone()), "requests", whole).await
    }

    /// Runs one GraphQL subscription. Who asks is looked at anew for every answer.
    pub fn subscribe(
        &self,
        request: Request,
        credential: Credential,
        meta: RequestMeta,
    ) -> BoxStream<'static, Response> {
        let asking: Asking = Arc::new(credential);
        let mut request = self.around(request, meta).data(asking);
        self.0.schema.of(&mut request).execute_stream(request)
    }

    /// Whom to sign in as for trying things out: nobody in production or over real data.
    ///
    /// # Errors
    /// UNAVAILABLE.
    pub async fn demo_users(&self) -> Result<Vec<DemoUser>> {
        let known = !self.config().is_production() && self.store().system().is_demo().await?;
        Ok(if known { demo::users() } else { Vec::new() })
    }

    /// Can the database be read and written?
    ///
    /// # Errors
    /// It cannot; the reason is for people.
    pub async fn ready(&self) -> Result<()> {
        self.store().prove().await
    }

    /// The figures of the running service.
    pub fn metrics(&self) -> &Metrics {
        self.0.entrance.metrics()
    }

    /// The figures as text for Prometheus.
    pub fn metrics_text(&self) -> String {
        self.metrics().text(self.store().database())
    }
}

/// The store of an up-to-date database: enough for commands that work before there is a service.
///
/// # Errors
/// As [`migrated`].
pub async fn store(config: &Config, clock: Arc<dyn Clock>) -> Result<Store> {
    let store = Store::new(Arc::new(migrated(config).await?), *GRAPH, clock, &config.base_currency);
    let zone = match config.company_time_zone {
        Some(zone) => zone,
        None => store.system().kept(&setting::TIME_ZONE).await?.unwrap_or(Tz::UTC),
    };
    let month = match config.fiscal_year_start {
        Some(month) => month,
        None => store.system().kept(&setting::FISCAL_YEAR).await?.unwrap_or(1),
    };
    Ok(store.with_calendar(Calendar::of(zone).with_fiscal_year(month)))
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

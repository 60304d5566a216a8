//! The service as a value: configuration, database, schema, clock, keys. Main and tests build it the same way.

use std::net::IpAddr;
use std::sync::Arc;

use std::time::Duration;

use async_graphql::{Request, Response};
use futures_util::stream::BoxStream;
use sea_orm::ColumnTrait;
use serde_json::Value as Json;

use crate::access::Viewer;
use crate::access::token::{self, Claims, Keys};
use crate::auth::throttle::Throttle;
use crate::clock::Clock;
use crate::config::{Config, SqliteSynchronous};
use crate::error::{Error, Result};
use crate::graphql::schema::{GRAPH, Schema, builder};
use crate::store::database::{Database, Settings};
use crate::store::system::System;
use crate::store::{Reader, Store};

/// The running service. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    config: Config,
    store: Store,
    schema: Schema,
    keys: Keys,
    throttle: Throttle,
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
}

/// What a client showed that stays for longer than a request: what it proves is looked at anew whenever it matters.
#[derive(Clone)]
pub struct Credential {
    app: App,
    claims: Option<Claims>,
}

impl Credential {
    /// Who it stands for now; none for a stranger.
    ///
    /// # Errors
    /// UNAUTHENTICATED: the token has ended, the session was ended or the user suspended; UNAVAILABLE.
    pub async fn viewer(&self) -> Result<Option<Viewer>> {
        let Some(claims) = &self.claims else { return Ok(None) };
        if self.remaining().is_some_and(|remaining| remaining.is_zero()) {
            return Err(Error::unauthenticated());
        }
        let viewer = self.app.store().system().viewer(claims.sub, claims.sid).await?;
        viewer.map(Some).ok_or_else(Error::unauthenticated)
    }

    /// The database as that viewer may see it now.
    ///
    /// # Errors
    /// UNAUTHENTICATED, for a stranger too; UNAVAILABLE.
    pub async fn reader(&self) -> Result<Reader> {
        let viewer = self.viewer().await?.ok_or_else(Error::unauthenticated)?;
        Ok(self.app.store().reader(viewer))
    }

    /// How long the token is still taken; none for a stranger.
    pub fn remaining(&self) -> Option<Duration> {
        self.claims.map(|claims| claims.remaining(self.app.store().clock().now()))
    }

    /// Whether somebody is signed in at all.
    pub fn is_signed_in(&self) -> bool {
        self.claims.is_some()
    }
}

impl App {
    /// Connects, migrates, makes or reads the keys and builds the schema.
    ///
    /// # Errors
    /// The database cannot be reached or belongs to another base currency; a key is unusable.
    pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<Self> {
        let database = Arc::new(migrated(&config).await?);
        let store = Store::new(database, &GRAPH, clock, &config.base_currency);
        if config.is_production() && store.system().is_demo().await? {
            return Err(Error::conflict(
                "This database holds demo data, whose passwords everybody knows. Production needs another one.",
            ));
        }
        store.system().fix_base_currency().await?;
        let keys = keys(&config, &store.system()).await?;
        let schema = builder().finish();
        Ok(Self(Arc::new(Parts { config, store, schema, keys, throttle: Throttle::default() })))
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The store, for the command line and jobs.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.0.schema
    }

    /// The keys of the access tokens.
    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// The failed sign-ins of late.
    pub fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    /// The viewer behind an `Authorization` header; none or an empty bearer is anonymous.
    ///
    /// # Errors
    /// UNAUTHENTICATED: the token is not valid (any more); UNAVAILABLE.
    pub async fn viewer(&self, authorization: Option<&str>) -> Result<Option<Viewer>> {
        self.credential(authorization)?.viewer().await
    }

    /// What an `Authorization` header proves, to be looked at again and again; none or an empty bearer is anonymous.
    ///
    /// # Errors
    /// UNAUTHENTICATED: the token is not valid.
    pub fn credential(&self, authorization: Option<&str>) -> Result<Credential> {
        let claims = match authorization.and_then(bearer) {
            Some(token) => Some(self.0.keys.verify(token, self.0.store.clock().now())?),
            None => None,
        };
        Ok(Credential { app: self.clone(), claims })
    }

    /// Runs one GraphQL request.
    pub async fn execute(&self, request: Request, viewer: Option<Viewer>, meta: RequestMeta) -> Response {
        let request = request.data(meta).data(self.clone());
        let request = match viewer {
            Some(viewer) => request.data(self.0.store.reader(viewer)),
            // Who is not signed in learns nothing, not even the schema.
            None => request.disable_introspection(),
        };
        self.0.schema.execute(request).await
    }

    /// Runs one GraphQL subscription. Who asks is looked at anew for every answer.
    pub fn subscribe(
        &self,
        request: Request,
        credential: Credential,
        meta: RequestMeta,
    ) -> BoxStream<'static, Response> {
        let request = request.data(meta).data(self.clone()).data(credential);
        self.0.schema.execute_stream(request)
    }

    /// The public keys of the access tokens (RFC 7517).
    pub fn jwks(&self) -> Json {
        self.0.keys.jwks()
    }

    /// Is the database reachable?
    ///
    /// # Errors
    /// It is not.
    pub async fn ready(&self) -> Result<()> {
        self.0.store.database().ping().await
    }

    /// Figures in Prometheus' text format.
    pub fn metrics(&self) -> String {
        let statements = self.0.store.database().statements();
        format!(
            "# HELP tributary_database_statements_total Statements run.\n\
             # TYPE tributary_database_statements_total counter\n\
             tributary_database_statements_total {statements}\n"
        )
    }
}

/// The token of `Bearer <token>`; none if it is empty.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    let token = token.trim();
    (!token.is_empty() || !scheme.eq_ignore_ascii_case("bearer")).then_some(token)
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

/// The configured key, else those of the database, else (outside production) a new one that all replicas will use.
async fn keys(config: &Config, system: &System) -> Result<Keys> {
    use entity::signing_key;
    if let Some(pem) = &config.signing_key {
        let kid = token::key_id(pem.expose())?;
        return Keys::new(vec![(kid, pem.expose().to_owned(), false)], &config.issuer, &config.audience);
    }
    let tx = system.begin("start").await?;
    let mut known = system.rows::<signing_key::Entity>(&tx, signing_key::Column::Kid.is_not_null()).await?;
    if known.iter().all(|key| key.retired_at.is_some()) {
        let (kid, private_pem) = token::generate()?;
        let key = signing_key::Model { kid, private_pem, created_at: tx.now(), retired_at: None };
        system.put::<signing_key::Entity>(&tx, std::slice::from_ref(&key)).await?;
        known.push(key);
    }
    tx.commit().await?;
    known.sort_by_key(|key| key.created_at);
    let keys = known.into_iter().map(|key| (key.kid, key.private_pem, key.retired_at.is_some())).collect();
    Keys::new(keys, &config.issuer, &config.audience)
}

//! The way in: everything that is needed to say who somebody is.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::ContextBase;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::keys::Keyring;
use super::principals::Principals;
use super::sessions;
use super::throttle::Throttle;
use crate::access::Viewer;
use crate::access::token::{Claims, Pass};
use crate::config::Config;
use crate::error::{Code, Error, Result};
use crate::graphql::host::Asker;
use crate::observability::metrics::Metrics;
use crate::rate_limit::RateLimit;
use crate::security_event::log::SecurityLog;
use crate::store::Store;
use crate::store::present::Present;

/// What signing in and coming back take. Cheap to clone.
#[derive(Clone)]
pub struct Entrance(Arc<Parts>);

/// The parts of an [`Entrance`].
pub struct Parts {
    /// How long what is issued lasts.
    pub config: Config,
    /// Where accounts and sessions stand.
    pub store: Store,
    /// The keys of the access tokens.
    pub keys: Keyring,
    /// The failed sign-ins of late.
    pub throttle: Throttle,
    /// What was refused.
    pub security: Arc<SecurityLog>,
    /// The figures for operators.
    pub metrics: Metrics,
    /// What each principal may still spend.
    pub rate_limit: RateLimit,
    /// Who is behind many sessions.
    pub principals: Arc<Principals>,
}

/// The way in of this request.
///
/// # Errors
/// INTERNAL: the request came past it.
pub fn entrance<'a, T>(ctx: &ContextBase<'a, T>) -> Result<&'a Entrance> {
    ctx.data_opt::<Entrance>().ok_or_else(|| Error::internal("a request that came past the entrance"))
}

impl Entrance {
    /// An entrance of these parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// How long what is issued lasts.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Where accounts and sessions stand.
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
    pub fn security(&self) -> &Arc<SecurityLog> {
        &self.0.security
    }

    /// The figures for operators.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// What each principal may still spend.
    pub fn rate_limit(&self) -> &RateLimit {
        &self.0.rate_limit
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

    /// What an `Authorization` header proves, to be looked at again and again; none or an empty bearer is anonymous.
    ///
    /// # Errors
    /// UNAUTHENTICATED: the token is not valid; UNAVAILABLE.
    pub async fn credential(&self, authorization: Option<&str>) -> Result<Credential> {
        let claims = match authorization.and_then(bearer) {
            Some(token) => Some(self.keys().verify(token).await.inspect_err(|error| self.note_refusal(error))?),
            None => None,
        };
        Ok(Credential { entrance: self.clone(), claims })
    }

    /// Whoever has proved somebody must be one still.
    async fn known(&self, pass: Pass, found: Option<Present>) -> Result<Option<Viewer>> {
        let viewer = sessions::arrived(&self.store().system(), pass, found).await?;
        viewer.map(Some).ok_or_else(Error::unauthenticated).inspect_err(|error| self.note_refusal(error))
    }

    fn note_refusal(&self, error: &Error) {
        if error.code() == Code::Unauthenticated {
            self.metrics().refused_token();
        }
    }
}

/// What a client showed that stays for longer than a request: what it proves is looked at anew whenever it matters.
#[derive(Clone)]
pub struct Credential {
    entrance: Entrance,
    claims: Option<Claims>,
}

impl Credential {
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
        self.claims.map(|claims| claims.remaining(self.entrance.store().clock().now()))
    }

    /// Who it stands for now; none for a stranger. Asked together with whoever else asks at this moment.
    ///
    /// # Errors
    /// UNAUTHENTICATED: the token has ended, the session was ended or the user suspended; UNAVAILABLE.
    pub async fn viewer(&self) -> Result<Option<Viewer>> {
        let Some(claims) = &self.claims else { return Ok(None) };
        if self.remaining().is_some_and(|remaining| remaining.is_zero()) {
            return Err(Error::unauthenticated());
        }
        let found = self.entrance.0.principals.viewer(claims.pass).await?;
        self.entrance.known(claims.pass, found).await
    }
}

impl Asker for Credential {
    fn viewer(&self) -> BoxFuture<'_, Result<Option<Viewer>>> {
        Box::pin(self.viewer())
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

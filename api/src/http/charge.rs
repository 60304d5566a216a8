//! What an operation costs its principal: the estimate before it runs; afterwards what it did not use is given back,
//! and the answer tells how things stand.

use std::net::IpAddr;

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Value};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue};
use uuid::Uuid;

use super::answer::Answer;
use super::guard::coded;
use crate::access::Viewer;
use crate::app::App;
use crate::error::Code;
use crate::graphql::cost::Estimate;
use crate::rate_limit::{Principal, Standing};
use crate::request::RequestMeta;

/// How much of the allowance is left (draft-ietf-httpapi-ratelimit-headers).
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// How large it is and how fast it comes back.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Bytes of a request that one point pays for, whatever becomes of it.
const BYTES_A_POINT: usize = 10_000;

/// Takes what reading and judging so many bytes costs.
///
/// # Errors
/// The answer `RATE_LIMITED`, which says how long to wait.
pub fn take_for_judging(app: &App, user: Option<Uuid>, peer: Option<IpAddr>, bytes: usize) -> Result<(), Box<Answer>> {
    let points = (bytes / BYTES_A_POINT) as u64;
    let taken = app.rate_limit().take(&Principal::new(user, peer), points, app.store().clock().now());
    taken.map_err(|seconds| {
        let message = format!("Judging this request costs {points} points. Try again in {seconds} seconds.");
        let mut error = coded(Code::RateLimited, message);
        error.extensions.get_or_insert_default().set("retryAfterSeconds", seconds);
        Box::new(Answer::refused(vec![error], false).with_header(RETRY_AFTER, HeaderValue::from(seconds)))
    })
}

/// An operation that was paid for and may run.
pub struct Charge<'a> {
    app: &'a App,
    principal: Principal,
    estimate: Estimate,
    meta: RequestMeta,
}

impl<'a> Charge<'a> {
    /// Takes what an operation may use at most.
    ///
    /// # Errors
    /// The answer `RATE_LIMITED`, which says how long to wait.
    pub fn take(
        app: &'a App,
        estimate: Estimate,
        viewer: Option<&Viewer>,
        meta: &RequestMeta,
    ) -> Result<Self, Box<Answer>> {
        let principal = Principal::of(viewer, meta.peer);
        let now = app.store().clock().now();
        let taken = app.rate_limit().take(&principal, estimate.points(), now);
        let charge = Self { app, principal, estimate, meta: meta.clone() };
        match taken {
            Ok(()) => Ok(charge),
            Err(seconds) => Err(Box::new(charge.refused(seconds))),
        }
    }

    /// Gives back what was not used, and tells it in the answer.
    pub fn settle(self, answer: Answer) -> Answer {
        let used =
            if answer.has_begun() { self.estimate.settle(&self.meta.tally) } else { Estimate::default().points() };
        self.app.rate_limit().give_back(&self.principal, self.estimate.points().saturating_sub(used));
        self.told(answer, used)
    }

    fn refused(&self, seconds: i64) -> Answer {
        let left = self.standing().map_or(0, |standing| standing.remaining);
        let mut error = coded(
            Code::RateLimited,
            format!(
                "This operation may cost up to {} points, and {left} are left. Try again in {seconds} seconds.",
                self.estimate.points()
            ),
        );
        error.extensions.get_or_insert_default().set("retryAfterSeconds", seconds);
        self.told(Answer::refused(vec![error], false), 0).with_header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    fn standing(&self) -> Option<Standing> {
        self.app.rate_limit().standing(&self.principal, self.app.store().clock().now())
    }

    /// The answer with what the operation cost and what is left.
    fn told(&self, answer: Answer, used: u64) -> Answer {
        let standing = self.standing();
        let answer = match &self.principal {
            Principal::User(_) => answer.with_extension("cost", self.cost(used, standing.as_ref())),
            Principal::Network(_) => answer,
        };
        let Some(Standing { limit, remaining, per_second, reset_in, .. }) = standing else { return answer };
        let window = u32::try_from(limit).unwrap_or_default().div_ceil(per_second);
        let policy = format!("\"points\";q={limit};w={window}");
        let left = format!("\"points\";r={remaining};t={reset_in}");
        [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, left)].into_iter().fold(answer, |answer, (name, text)| {
            match HeaderValue::try_from(text) {
                Ok(text) => answer.with_header(name, text),
                Err(_) => answer,
            }
        })
    }

    fn cost(&self, used: u64, standing: Option<&Standing>) -> Value {
        let mut cost = IndexMap::new();
        let mut tell = |name: &str, points: Value| cost.insert(Name::new(name), points);
        tell("requested", self.estimate.points().into());
        tell("actual", used.into());
        if let Some(standing) = standing {
            tell("budget", standing.limit.into());
            tell("remaining", standing.remaining.into());
        }
        Value::Object(cost)
    }
}

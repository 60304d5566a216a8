//! Setting a password: the one verb of a user whose failures are counted, since it tells whether a password is right.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use entity::user;
use futures_util::FutureExt;

use super::commands;
use super::graphql::SetPasswordInput;
use crate::app::{App, RequestMeta};
use crate::auth::graphql::wait;
use crate::error::{Code, Error, Mistake, Result};
use crate::graphql::batch::{Options, batch, whole};
use crate::graphql::judge::Raw;
use crate::graphql::mutation::{Changed, one};
use crate::graphql::{app, reader};
use crate::store::Tx;

/// The mutations of passwords.
#[derive(Default)]
pub struct PasswordMutations;

#[Object]
impl PasswordMutations {
    /// Sets a password and ends every other session of the user. One's own takes the old password; ADMIN sets
    /// those of others. After ten wrong old passwords, RATE_LIMITED says in `extensions.retryAfterSeconds` (and
    /// `Retry-After`) how long to wait. Roles: every role but INTEGRATION (own), ADMIN (all).
    async fn set_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: Raw<SetPasswordInput>,
    ) -> Option<async_graphql::Result<Changed<user::Entity>>> {
        Some(within_tries(ctx, input).await)
    }

    /// The same for up to 1,000 items, each in a transaction of its own: one that is refused does not undo the others,
    /// unless `atomic` asks for all or nothing. A refusal stands in the `userErrors` of its result, with the code it
    /// would have as an error. Roles: as the mutation of one.
    async fn set_passwords(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: Raw<SetPasswordsInput>,
    ) -> Option<async_graphql::Result<SetPasswordsPayload>> {
        let payload = whole(each_within_tries(ctx, input).await);
        let payload = payload.map(|(results, user_errors)| SetPasswordsPayload { results, user_errors });
        Some(payload.map_err(Error::into_resolver_error))
    }
}

/// What the mutation of many takes.
#[derive(Clone, InputObject)]
pub struct SetPasswordsInput {
    /// At most 1,000; they are done in this order.
    pub items: Vec<Raw<SetPasswordInput>>,
    /// All or nothing. Otherwise each item is done for itself, whatever becomes of the others.
    #[graphql(default = false)]
    pub atomic: bool,
    /// Makes a retry safe for 24 hours, item by item: what was done is answered again, the rest is tried again.
    /// Overrides the header `Idempotency-Key`; an item's own key overrides both.
    pub idempotency_key: Option<String>,
}

/// The outcome for many.
#[derive(Debug, SimpleObject)]
pub struct SetPasswordsPayload {
    /// One for each item, in their order.
    pub results: Vec<Changed<user::Entity>>,
    /// What is wrong with the call as a whole; then nothing was done.
    pub user_errors: Vec<Mistake>,
}

async fn within_tries(ctx: &Context<'_>, input: Raw<SetPasswordInput>) -> async_graphql::Result<Changed<user::Entity>> {
    let tries = Tries::of(ctx).map_err(Error::into_resolver_error)?;
    let attempt = match tries.attempt() {
        Ok(attempt) => attempt,
        Err(seconds) => return Err(wait(ctx, TOO_MANY, seconds)),
    };
    let outcome = one(ctx, input, |tx, input| commands::set_password(tx, input).boxed()).await;
    if !outcome.as_ref().is_ok_and(|outcome| is_wrong_guess(outcome.mistakes())) {
        tries.app.throttle().give_back(attempt);
    }
    outcome.map_err(Error::into_resolver_error)
}

async fn each_within_tries(ctx: &Context<'_>, input: Raw<SetPasswordsInput>) -> Result<Vec<Changed<user::Entity>>> {
    let (tries, told) = (Tries::of(ctx)?, input.told()?);
    let options = Options { key: told.key, atomic: told.input.atomic };
    let items = told.input.items.into_iter().map(Raw::told);
    batch(ctx, items, options, |tx, input| tries.clone().set(tx, input).boxed()).await
}

const TOO_MANY: &str = "Too many wrong passwords.";

/// Who answers, who asks, and from where.
#[derive(Clone)]
struct Tries {
    app: App,
    /// As a name of failures. Nobody signs in by such a name.
    viewer: String,
    peer: Option<std::net::IpAddr>,
}

impl Tries {
    fn of(ctx: &Context<'_>) -> Result<Self> {
        let peer = ctx.data_opt::<RequestMeta>().and_then(|meta| meta.peer);
        Ok(Self { app: app(ctx)?.clone(), viewer: format!("password of {}", reader(ctx)?.viewer().id), peer })
    }

    fn attempt(&self) -> Result<crate::auth::throttle::Attempt, i64> {
        self.app.throttle().attempt(&self.viewer, self.peer, self.app.store().clock().now())
    }

    /// Sets one of many passwords.
    async fn set(self, tx: &Tx, input: SetPasswordInput) -> Result<Changed<user::Entity>> {
        let attempt = self.attempt().map_err(|seconds| {
            Error::refused(Code::RateLimited, format!("{TOO_MANY} Try again in {seconds} seconds."))
        })?;
        let outcome = commands::set_password(tx, input).await;
        if !matches!(&outcome, Err(Error::Invalid(mistakes)) if is_wrong_guess(mistakes)) {
            self.app.throttle().give_back(attempt);
        }
        outcome
    }
}

fn is_wrong_guess(mistakes: &[Mistake]) -> bool {
    mistakes.iter().any(|mistake| mistake.code == "INVALID" && mistake.path == ["oldPassword"])
}

//! Setting a password: the one verb of a user whose failures are counted, since it tells whether a password is right.

use async_graphql::{Context, Object};
use entity::user;

use super::commands;
use super::graphql::SetPasswordInput;
use crate::app::{App, RequestMeta};
use crate::auth::graphql::wait;
use crate::error::{Error, Result};
use crate::graphql::mutation::{Changed, once};
use crate::graphql::{app, reader};

/// The mutation of passwords.
#[derive(Default)]
pub struct PasswordMutation;

#[Object]
impl PasswordMutation {
    /// Sets a password and ends every other session of the user. One's own takes the old password; ADMIN sets
    /// those of others. After ten wrong old passwords, RATE_LIMITED says in `extensions.retryAfterSeconds` (and
    /// `Retry-After`) how long to wait. Roles: every role but INTEGRATION (own), ADMIN (all).
    async fn set_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: SetPasswordInput,
    ) -> Option<async_graphql::Result<Changed<user::Entity>>> {
        Some(within_tries(ctx, input).await)
    }
}

async fn within_tries(ctx: &Context<'_>, input: SetPasswordInput) -> async_graphql::Result<Changed<user::Entity>> {
    let (app, viewer) = parties(ctx).map_err(Error::into_resolver_error)?;
    let peer = ctx.data_opt::<RequestMeta>().and_then(|meta| meta.peer);
    let attempt = match app.throttle().attempt(&viewer, peer, app.store().clock().now()) {
        Ok(attempt) => attempt,
        Err(seconds) => return Err(wait(ctx, "Too many wrong passwords.", seconds)),
    };
    let key = input.idempotency_key.clone();
    let outcome = once(ctx, key.as_deref(), |tx| Box::pin(commands::set_password(tx, input))).await;
    if !outcome.as_ref().is_ok_and(is_wrong_guess) {
        app.throttle().give_back(attempt);
    }
    outcome.map_err(Error::into_resolver_error)
}

/// Who answers and, as a name of failures, who asks. Nobody signs in by such a name.
fn parties<'a>(ctx: &Context<'a>) -> Result<(&'a App, String)> {
    Ok((app(ctx)?, format!("password of {}", reader(ctx)?.viewer().id)))
}

fn is_wrong_guess(outcome: &Changed<user::Entity>) -> bool {
    outcome.mistakes().iter().any(|mistake| mistake.code == "INVALID" && mistake.path == ["oldPassword"])
}

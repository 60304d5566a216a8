//! Setting a password: the one verb of a user whose failures are counted, since it tells whether a password is right.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_graphql::{Context, InputObject, InputType, Object, OutputType, SimpleObject};
use entity::user;
use futures_util::FutureExt;
use uuid::Uuid;

use super::commands;
use super::graphql::SetPasswordInput;
use crate::auth::entrance::{Entrance, entrance};
use crate::auth::graphql::wait;
use crate::auth::throttle::Attempt;
use crate::error::{Code, Error, Mistake, Result};
use crate::graphql::batch::{Options, batch, whole};
use crate::graphql::judge::Raw;
use crate::graphql::mutation::{Changed, Written, one};
use crate::graphql::reader;
use crate::graphql::refusals::caller;
use crate::store::Tx;

/// The mutations of passwords.
#[derive(Default)]
pub struct PasswordMutations;

impl Written for PasswordMutations {
    const VERBS: &'static [&'static str] = &["set_password"];

    fn types() -> Vec<Cow<'static, str>> {
        let inputs = [<SetPasswordInput as InputType>::type_name(), <SetPasswordsInput as InputType>::type_name()];
        inputs.into_iter().chain([<SetPasswordsPayload as OutputType>::type_name()]).collect()
    }
}

#[Object]
impl PasswordMutations {
    /// Sets a password and ends every other session of the user. Changing your own takes the old one; an ADMIN sets
    /// those of others. After ten wrong old passwords in a session, RATE_LIMITED says in `extensions.retryAfterSeconds`
    /// (and `Retry-After`) how long to wait.
    async fn set_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: Raw<SetPasswordInput>,
    ) -> Option<async_graphql::Result<Changed<user::Entity>>> {
        Some(within_tries(ctx, input).await)
    }

    /// The same for up to 1,000 items, each in a transaction of its own: one that is refused does not undo the
    /// others, unless `atomic` asks for all or nothing. A refusal is reported in the `userErrors` of its result,
    /// with the code it would have as an error. Roles: as for a single item.
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

/// The input of the batch mutation.
#[derive(Clone, InputObject)]
pub struct SetPasswordsInput {
    /// At most 1,000; they are done in this order.
    pub items: Vec<Raw<SetPasswordInput>>,
    /// All or nothing. Otherwise each item is done on its own, whatever happens to the others.
    #[graphql(default = false)]
    pub atomic: bool,
    /// Makes a retry safe for 24 hours, item by item: what was done is answered as before, the rest is tried again.
    /// Overrides the header `Idempotency-Key`; an item's own key overrides both.
    pub idempotency_key: Option<String>,
}

/// The outcome of the batch.
#[derive(Debug, SimpleObject)]
pub struct SetPasswordsPayload {
    /// One result for each item, in the order of the items.
    pub results: Vec<Changed<user::Entity>>,
    /// What is wrong with the call as a whole; then nothing was done.
    pub user_errors: Vec<Mistake>,
}

async fn within_tries(ctx: &Context<'_>, input: Raw<SetPasswordInput>) -> async_graphql::Result<Changed<user::Entity>> {
    let tries = Tries::of(ctx).map_err(Error::into_resolver_error)?;
    let attempt = match tries.attempt() {
        Ok(attempt) => attempt,
        Err(seconds) => {
            tries.tell(ctx, 1).await;
            return Err(wait(ctx, TOO_MANY, seconds));
        }
    };
    let outcome = one(ctx, input, |tx, input| commands::set_password(tx, input).boxed()).await;
    if outcome.as_ref().is_ok_and(|outcome| is_wrong_guess(outcome.mistakes())) {
        tries.tell(ctx, 1).await;
    } else {
        tries.entrance.throttle().give_back(attempt);
    }
    outcome.map_err(Error::into_resolver_error)
}

async fn each_within_tries(ctx: &Context<'_>, input: Raw<SetPasswordsInput>) -> Result<Vec<Changed<user::Entity>>> {
    let (tries, told) = (Tries::of(ctx)?, input.told()?);
    let options = Options { key: told.key, atomic: told.input.atomic };
    let items = told.input.items.into_iter().map(Raw::told);
    let done = batch(ctx, items, options, |tx, input| tries.clone().set(tx, input).boxed()).await;
    tries.tell(ctx, tries.wrong.load(Ordering::Relaxed)).await;
    done
}

const TOO_MANY: &str = "Too many wrong passwords.";

/// Who answers, and who asks in which session.
#[derive(Clone)]
struct Tries {
    entrance: Entrance,
    user: Uuid,
    session: Uuid,
    /// Wrong guesses of a batch.
    wrong: Arc<AtomicU32>,
}

impl Tries {
    fn of(ctx: &Context<'_>) -> Result<Self> {
        let viewer = reader(ctx)?.viewer();
        Ok(Self { entrance: entrance(ctx)?.clone(), user: viewer.id, session: viewer.session, wrong: Arc::default() })
    }

    fn attempt(&self) -> Result<Attempt, i64> {
        self.entrance.throttle().old_password(self.user, self.session, self.entrance.store().clock().now())
    }

    /// Tells the security log of so many wrong guesses, outside of the transactions that they were refused in.
    async fn tell(&self, ctx: &Context<'_>, times: u32) {
        self.entrance.security().password_failed(caller(ctx), ctx.item.node.name.node.as_str(), times).await;
    }

    /// Sets one of many passwords.
    async fn set(self, tx: &Tx, input: SetPasswordInput) -> Result<Changed<user::Entity>> {
        let attempt = self.attempt().map_err(|seconds| {
            self.wrong.fetch_add(1, Ordering::Relaxed);
            Error::refused(Code::RateLimited, format!("{TOO_MANY} Try again in {seconds} seconds."))
        })?;
        let outcome = commands::set_password(tx, input).await;
        if matches!(&outcome, Err(Error::Invalid(mistakes)) if is_wrong_guess(mistakes)) {
            self.wrong.fetch_add(1, Ordering::Relaxed);
        } else {
            self.entrance.throttle().give_back(attempt);
        }
        outcome
    }
}

fn is_wrong_guess(mistakes: &[Mistake]) -> bool {
    mistakes.iter().any(|mistake| mistake.code == "INVALID" && mistake.path == ["oldPassword"])
}

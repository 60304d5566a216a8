//! The frame of a mutation with many items: each in a transaction of its own, or all in one.

use async_graphql::{Context, Value};
use futures_util::future::BoxFuture;

use super::mutation::{Payload, key_of};
use super::pick::arguments;
use crate::bulk::MOST;
use crate::error::{Error, Mistake, Result};
use crate::store::Tx;
use crate::store::idempotency::{self, Begun, Request};

/// How a batch is done.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The idempotency key of the whole.
    pub key: Option<String>,
    /// All or nothing.
    pub atomic: bool,
}

/// Does every item (with its own idempotency key, if it has one) and answers one payload for each, in their order.
/// What would be an error of the single mutation is a mistake of the item, with the error's code. `body` says what an item
/// holds, to tell whether a key is used again for something else.
///
/// Without `atomic` every item is remembered under a key of its own, so that a retry of a batch that was cut off does
/// the rest and nothing twice.
///
/// # Errors
/// UNAUTHENTICATED; `Invalid` with `TOO_MANY`: then nothing was done.
pub async fn batch<I, P: Payload>(
    ctx: &Context<'_>,
    items: Vec<(Option<String>, I)>,
    options: Options,
    body: impl Fn(&I) -> String,
    command: impl for<'a> Fn(&'a Tx, I) -> BoxFuture<'a, Result<P>>,
) -> Result<Vec<P>> {
    super::reader(ctx)?;
    if items.len() > MOST {
        return Err(Error::invalid("TOO_MANY", "items", format!("At most {MOST} items in one call.")));
    }
    if options.atomic {
        together(ctx, items, options.key, command).await
    } else {
        each(ctx, items, options.key, body, command).await
    }
}

async fn each<I, P: Payload>(
    ctx: &Context<'_>,
    items: Vec<(Option<String>, I)>,
    key: Option<String>,
    body: impl Fn(&I) -> String,
    command: impl for<'a> Fn(&'a Tx, I) -> BoxFuture<'a, Result<P>>,
) -> Result<Vec<P>> {
    let (reader, verb) = (super::reader(ctx)?, ctx.item.node.name.node.as_str());
    let whole = key_of(ctx, key.as_deref());
    let mut payloads = Vec::with_capacity(items.len());
    for (at, (own, input)) in items.into_iter().enumerate() {
        let key = own.or_else(|| whole.as_ref().map(|whole| format!("{whole}/{at}")));
        let request = key.map(|key| Request { key, body: format!("{verb}{}", body(&input)) });
        let outcome = async {
            match idempotency::begin(reader.clone(), verb, request).await? {
                Begun::Replay(payload) => Ok(payload),
                Begun::Fresh(tx) => {
                    let payload = command(&tx, input).await?;
                    tx.finish(&payload).await?;
                    Ok(payload)
                }
            }
        };
        payloads.push(outcome.await.unwrap_or_else(|error| P::refused(mistakes(error))));
    }
    Ok(payloads)
}

async fn together<I, P: Payload>(
    ctx: &Context<'_>,
    items: Vec<(Option<String>, I)>,
    key: Option<String>,
    command: impl for<'a> Fn(&'a Tx, I) -> BoxFuture<'a, Result<P>>,
) -> Result<Vec<P>> {
    let (reader, verb) = (super::reader(ctx)?, ctx.item.node.name.node.as_str());
    let request = key_of(ctx, key.as_deref()).map(|key| {
        let body = arguments(ctx.query_env, &ctx.item.node).map(Value::Object)?;
        Ok::<_, Error>(Request { key, body: format!("{verb}{body}") })
    });
    let tx = match idempotency::begin(reader.clone(), verb, request.transpose()?).await? {
        Begun::Replay(payloads) => return Ok(payloads),
        Begun::Fresh(tx) => tx,
    };
    let count = items.len();
    let mut payloads = Vec::with_capacity(count);
    for (at, (_, item)) in items.into_iter().enumerate() {
        match command(&tx, item).await {
            Ok(payload) => payloads.push(payload),
            Err(error) => return Ok(undone(count, at, mistakes(error))),
        }
    }
    tx.finish(&payloads).await?;
    Ok(payloads)
}

/// The answer of a batch that was given up at an item.
fn undone<P: Payload>(count: usize, at: usize, mistakes: Vec<Mistake>) -> Vec<P> {
    let other = || vec![Mistake::new("NOT_DONE", "", format!("Nothing was done, because items[{at}] could not be."))];
    (0..count).map(|item| P::refused(if item == at { mistakes.clone() } else { other() })).collect()
}

/// An error as the mistake of an item; its cause is logged as ever.
fn mistakes(error: Error) -> Vec<Mistake> {
    match error {
        Error::Invalid(mistakes) => mistakes,
        error => {
            let code = error.code().as_str();
            vec![Mistake::new(code, "", error.into_server_error(None, Vec::new()).message)]
        }
    }
}

/// What is wrong with a batch as a whole, apart from what a program must handle.
///
/// # Errors
/// Every error but `Invalid`.
pub fn whole<P>(outcome: Result<Vec<P>>) -> Result<(Vec<P>, Vec<Mistake>)> {
    match outcome {
        Ok(results) => Ok((results, Vec::new())),
        Err(Error::Invalid(mistakes)) => Ok((Vec::new(), mistakes)),
        Err(error) => Err(error),
    }
}

//! The frame of a mutation with many items: each in a transaction of its own, or all in one.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::{Context, Value};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::judge::{Meaning, Told};
use super::mutation::{Payload, key_of, perform, queue, unraced};
use super::node::read_together;
use super::refusals::Refusals;
use crate::bulk::MOST;
use crate::error::{Error, Mistake, Result};
use crate::store::Tx;
use crate::store::idempotency::{self, Begun};

/// How a batch is done.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The idempotency key of the whole.
    pub key: Option<String>,
    /// All or nothing.
    pub atomic: bool,
}

/// Does every item (with its own idempotency key, if it has one) and answers one payload for each, in their order.
/// What would be an error of the single mutation is a mistake of the item, with the error's code. `told` reads an item.
///
/// Without `atomic` every item is remembered under a key of its own, so that a retry of a batch that was cut off does
/// the rest and nothing twice.
///
/// # Errors
/// UNAUTHENTICATED; IDEMPOTENCY_CONFLICT: the key of the whole was used for something else; `Invalid` with `TOO_MANY`:
/// then nothing was done.
pub async fn batch<I: Clone + Send + Sync, P: Payload>(
    ctx: &Context<'_>,
    items: impl ExactSizeIterator<Item = Result<Told<I>>> + Send,
    options: Options,
    command: impl for<'a> Fn(&'a Tx, I) -> BoxFuture<'a, Result<P>> + Send + Sync,
) -> Result<Vec<P>> {
    super::reader(ctx)?;
    if items.len() > MOST {
        return Err(Error::invalid("TOO_MANY", "items", format!("At most {MOST} items in one call.")));
    }
    let mut refusals = Refusals::default();
    let done = if options.atomic {
        together(ctx, items.collect(), options.key, command, &mut refusals).await
    } else {
        each(ctx, items, options.key, command, &mut refusals).await
    };
    refusals.tell(ctx).await;
    let mut payloads = done?;
    read_together(payloads.iter_mut().flat_map(Payload::rows));
    Ok(payloads)
}

async fn each<I: Clone + Send + Sync, P: Payload>(
    ctx: &Context<'_>,
    items: impl ExactSizeIterator<Item = Result<Told<I>>> + Send,
    key: Option<String>,
    command: impl for<'a> Fn(&'a Tx, I) -> BoxFuture<'a, Result<P>> + Send + Sync,
    refusals: &mut Refusals,
) -> Result<Vec<P>> {
    let (reader, verb) = (super::reader(ctx)?, ctx.item.node.name.node.as_str());
    let whole = key_of(ctx, key.as_deref()).await?;
    if let Some(whole) = &whole {
        idempotency::take(reader, verb, Meaning::default().under(whole.clone(), verb)).await?;
    }
    let mut payloads = Vec::with_capacity(items.len());
    for (at, told) in items.enumerate() {
        let outcome = async {
            let told = told?;
            let key = told.key.or_else(|| whole.as_ref().map(|whole| format!("{whole}\u{1f}{at}")));
            let request = key.map(|key| told.meaning.under(key, verb));
            perform(reader, verb, request, told.input, &command).await
        };
        payloads.push(Box::pin(outcome).await.unwrap_or_else(|error| {
            refusals.add(&error);
            P::refused(mistakes(error))
        }));
    }
    Ok(payloads)
}

async fn together<I: Clone + Send + Sync, P: Payload>(
    ctx: &Context<'_>,
    items: Vec<Result<Told<I>>>,
    key: Option<String>,
    command: impl for<'a> Fn(&'a Tx, I) -> BoxFuture<'a, Result<P>> + Send + Sync,
    refusals: &mut Refusals,
) -> Result<Vec<P>> {
    let (reader, verb) = (super::reader(ctx)?, ctx.item.node.name.node.as_str());
    let count = items.len();
    let (mut inputs, mut refused) = (Vec::with_capacity(count), Vec::new());
    let mut all = Meaning { said: "atomic".to_owned(), secrets: Vec::new() };
    for (at, told) in items.into_iter().enumerate() {
        match told {
            Ok(told) => {
                all.said.push_str(&told.meaning.said);
                all.secrets.extend(told.meaning.secrets);
                inputs.push(told.input);
            }
            Err(error) => refused.push((at, mistakes(error))),
        }
    }
    if !refused.is_empty() {
        return Ok(undone(count, &refused));
    }
    let request = key_of(ctx, key.as_deref()).await?.map(|key| all.under(key, verb));
    // The item that is at work; none while the key is asked for, or at the commit.
    let at = AtomicUsize::new(count);
    let attempt = async |again| {
        at.store(count, Ordering::Relaxed);
        let tx = match idempotency::begin(reader.clone(), verb, request.clone()).await? {
            Begun::Replay(payloads) => return Ok(payloads),
            Begun::Fresh(tx) => tx,
        };
        queue(&tx, again, verb).await?;
        let mut payloads = Vec::with_capacity(count);
        for (place, input) in inputs.iter().enumerate() {
            at.store(place, Ordering::Relaxed);
            payloads.push(command(&tx, input.clone()).await?);
        }
        at.store(count, Ordering::Relaxed);
        tx.finish(&payloads).await?;
        Ok(payloads)
    };
    match unraced(|again| attempt(again).boxed()).await {
        // The transaction has ended: who has a value already is asked outside of it.
        Err(error) if at.load(Ordering::Relaxed) < count => {
            refusals.add(&error);
            let mut mistakes = mistakes(error);
            reader.name_holders(&mut mistakes).await?;
            Ok(undone(count, &[(at.into_inner(), mistakes)]))
        }
        done => done,
    }
}

/// The answer of a batch that was given up because of these items.
fn undone<P: Payload>(count: usize, refused: &[(usize, Vec<Mistake>)]) -> Vec<P> {
    let first = refused.first().map_or(0, |(at, _)| *at);
    let other =
        || vec![Mistake::new("NOT_DONE", "", format!("Nothing was done, because items[{first}] could not be."))];
    let of = |item: usize| refused.iter().find(|(at, _)| *at == item).map(|(_, mistakes)| mistakes.clone());
    (0..count).map(|item| P::refused(of(item).unwrap_or_else(other))).collect()
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

/// The items of a list; a single one stands for a list of it.
pub fn items_of(list: Option<Value>) -> Vec<Value> {
    match list {
        Some(Value::List(items)) => items,
        Some(Value::Null) | None => Vec::new(),
        Some(one) => vec![one],
    }
}

//! The frame of a mutation with many items: each in a transaction of its own, or all in one.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::{Context, Value};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value as Json;

use super::judge::{Meaning, Told};
use super::mutation::{Done, Form, Job, Payload, key_of, made, perform, queue, unraced};
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
    let mut jobs = items.map(|told| told.map(|told| told.job(&command)));
    all(ctx, &mut jobs, options, Form::of::<P>()).await?.into_iter().map(made).collect()
}

/// The items of a batch as jobs, read one by one.
type Jobs<'j, 'i> = &'j mut (dyn ExactSizeIterator<Item = Result<Told<Job<'i>>>> + Send + 'j);

fn all<'f, 'i: 'f>(
    ctx: &'f Context<'_>,
    items: Jobs<'f, 'i>,
    options: Options,
    form: Form,
) -> BoxFuture<'f, Result<Vec<Box<dyn Done>>>> {
    Box::pin(async move {
        super::reader(ctx)?;
        if items.len() > MOST {
            return Err(Error::invalid("TOO_MANY", "items", format!("At most {MOST} items in one call.")));
        }
        let mut refusals = Refusals::default();
        let done = if options.atomic {
            together(ctx, items.collect(), options.key, form, &mut refusals).await
        } else {
            each(ctx, items, options.key, form, &mut refusals).await
        };
        refusals.tell(ctx).await;
        let mut payloads = done?;
        read_together(payloads.iter_mut().flat_map(|payload| payload.rows()));
        Ok(payloads)
    })
}

async fn each(
    ctx: &Context<'_>,
    items: Jobs<'_, '_>,
    key: Option<String>,
    form: Form,
    refusals: &mut Refusals,
) -> Result<Vec<Box<dyn Done>>> {
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
            perform(reader, verb, request, &told.input, form).await
        };
        payloads.push(Box::pin(outcome).await.unwrap_or_else(|error| {
            refusals.add(&error);
            (form.refused)(mistakes(error))
        }));
    }
    Ok(payloads)
}

async fn together(
    ctx: &Context<'_>,
    items: Vec<Result<Told<Job<'_>>>>,
    key: Option<String>,
    form: Form,
    refusals: &mut Refusals,
) -> Result<Vec<Box<dyn Done>>> {
    let (reader, verb) = (super::reader(ctx)?, ctx.item.node.name.node.as_str());
    let count = items.len();
    let (mut jobs, mut refused) = (Vec::with_capacity(count), Vec::new());
    let mut all = Meaning { said: "atomic".to_owned(), secrets: Vec::new() };
    for (at, told) in items.into_iter().enumerate() {
        match told {
            Ok(told) => {
                all.said.push_str(&told.meaning.said);
                all.secrets.extend(told.meaning.secrets);
                jobs.push(told.input);
            }
            Err(error) => refused.push((at, mistakes(error))),
        }
    }
    if !refused.is_empty() {
        return Ok(undone(count, &refused, form));
    }
    let request = key_of(ctx, key.as_deref()).await?.map(|key| all.under(key, verb));
    // The item that is at work; none while the key is asked for, or at the commit.
    let at = AtomicUsize::new(count);
    let attempt = async |again| {
        at.store(count, Ordering::Relaxed);
        let tx = match idempotency::begin(reader.clone(), verb, request.clone()).await? {
            Begun::Replay(kept) => {
                let kept: Vec<Json> = serde_json::from_value(kept).map_err(Error::internal)?;
                return kept.into_iter().map(form.kept).collect::<Result<Vec<_>, _>>().map_err(Error::internal);
            }
            Begun::Fresh(tx) => tx,
        };
        queue(&tx, again, verb).await?;
        let mut payloads = Vec::with_capacity(count);
        for (place, job) in jobs.iter().enumerate() {
            at.store(place, Ordering::Relaxed);
            payloads.push(job(&tx).await?);
        }
        at.store(count, Ordering::Relaxed);
        tx.finish(&|| payloads.iter().map(|payload| payload.kept()).collect()).await?;
        Ok(payloads)
    };
    match unraced(|again| attempt(again).boxed()).await {
        // The transaction has ended: who has a value already is asked outside of it.
        Err(error) if at.load(Ordering::Relaxed) < count => {
            refusals.add(&error);
            let mut mistakes = mistakes(error);
            reader.name_holders(&mut mistakes).await?;
            Ok(undone(count, &[(at.into_inner(), mistakes)], form))
        }
        done => done,
    }
}

/// The answer of a batch that was given up because of these items.
fn undone(count: usize, refused: &[(usize, Vec<Mistake>)], form: Form) -> Vec<Box<dyn Done>> {
    let first = refused.first().map_or(0, |(at, _)| *at);
    let other =
        || vec![Mistake::new("NOT_DONE", "", format!("Nothing was done, because items[{first}] could not be."))];
    let of = |item: usize| refused.iter().find(|(at, _)| *at == item).map(|(_, mistakes)| mistakes.clone());
    (0..count).map(|item| (form.refused)(of(item).unwrap_or_else(other))).collect()
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

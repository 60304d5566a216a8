//! The frame of every mutation: who, once only, in one transaction; then the payload.

use std::any::Any;
use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, SelectionSet};
use async_graphql::registry::{MetaField, ObjectBuilder, Registry};
use async_graphql::{
    Context, ContextSelectionSet, InputType, Name, OutputType, PathSegment, Pos, Positioned, ServerResult, Value,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value as Json;
use uuid::Uuid;

use super::cell::graph;
use super::judge::{Meaning, Raw, Told, told};
use super::node::{RowRef, answer_at, read_together};
use super::panics::caught;
use super::pick::{path_of, pick};
use super::refusals;
use super::register::{a, capital};
use crate::error::{Error, Mistake, Result};
use crate::request::RequestMeta;
use crate::store::descriptor::Descriptor;
use crate::store::idempotency::{self, Begun, Request};
use crate::store::{Reader, Resource, Tx};

impl Meaning {
    /// The request for a mutation under a key.
    pub(super) fn under(self, key: String, verb: &str) -> Request {
        Request { key, body: format!("{verb} {}", self.said), secrets: self.secrets }
    }
}

/// What a mutation answers.
pub trait Payload: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The answer when a person has to mend the input.
    fn refused(mistakes: Vec<Mistake>) -> Self;

    /// The rows in it: they are read together, whatever their number.
    fn rows(&mut self) -> Vec<&mut RowRef>;
}

/// A payload of whatever mutation. The frame is made once for all of them, not for each: it is large, and what it does is
/// the same.
pub(super) trait Done: Send + Sync {
    /// The rows in it.
    fn rows(&mut self) -> Vec<&mut RowRef>;

    /// As it is kept.
    fn kept(&self) -> serde_json::Result<Json>;

    /// What it is.
    fn any(self: Box<Self>) -> Box<dyn Any + Send>;
}

impl<P: Payload> Done for P {
    fn rows(&mut self) -> Vec<&mut RowRef> {
        Payload::rows(self)
    }

    fn kept(&self) -> serde_json::Result<Json> {
        serde_json::to_value(self)
    }

    fn any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

/// How the payloads of a mutation are made where its command makes none.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// Of mistakes.
    pub refused: fn(Vec<Mistake>) -> Box<dyn Done>,
    /// Of what was kept.
    pub kept: fn(Json) -> serde_json::Result<Box<dyn Done>>,
}

impl Form {
    /// Those of this type.
    pub fn of<P: Payload>() -> Self {
        Self {
            refused: |mistakes| Box::new(P::refused(mistakes)),
            kept: |kept| Ok(Box::new(serde_json::from_value::<P>(kept)?)),
        }
    }
}

/// The payload as the type that its command made.
///
/// # Errors
/// INTERNAL: it is of another one.
pub(super) fn made<P: Payload>(done: Box<dyn Done>) -> Result<P> {
    let made = done.any().downcast::<P>();
    made.map(|made| *made).map_err(|_| Error::internal("a payload of another mutation"))
}

/// A command with its input, which may be run several times.
pub(super) type Job<'j> = Box<dyn for<'a> Fn(&'a Tx) -> BoxFuture<'a, Result<Box<dyn Done>>> + Send + Sync + 'j>;

impl<I: Clone + Send + Sync> Told<I> {
    /// What was read, as the job that it is for this command.
    pub(super) fn job<'j, P: Payload>(
        self,
        command: &'j (impl for<'a> Fn(&'a Tx, I) -> BoxFuture<'a, Result<P>> + Send + Sync),
    ) -> Told<Job<'j>>
    where
        I: 'j,
    {
        let Self { key, input, meaning } = self;
        let job: Job<'j> = Box::new(move |tx| {
            let done = command(tx, input.clone());
            Box::pin(done.map(|done| done.map(|payload| Box::new(payload) as Box<dyn Done>)))
        });
        Told { key, input: job, meaning }
    }
}

/// Runs a verb of one thing.
///
/// # Errors
/// As [`once`].
pub async fn one<I: InputType + Clone, P: Payload>(
    ctx: &Context<'_>,
    input: Raw<I>,
    command: impl for<'a> Fn(&'a Tx, I) -> BoxFuture<'a, Result<P>> + Send + Sync,
) -> Result<P> {
    super::reader(ctx)?;
    once(ctx, input.told(), command).await
}

/// Runs the command of this field in a transaction, or finds its first outcome under the idempotency key. What was
/// malformed in the input is answered with the other mistakes.
///
/// # Errors
/// UNAUTHENTICATED, IDEMPOTENCY_CONFLICT, UNAVAILABLE; the command's, and those of the commit: then nothing was written.
pub async fn once<I: Clone + Send + Sync, P: Payload>(
    ctx: &Context<'_>,
    told: Result<Told<I>>,
    command: impl for<'a> Fn(&'a Tx, I) -> BoxFuture<'a, Result<P>> + Send + Sync,
) -> Result<P> {
    made(done(ctx, told.map(|told| told.job(&command)), Form::of::<P>()).await?)
}

/// Boxed: what a mutation holds on its way would fill the stack.
fn done<'f>(ctx: &'f Context<'_>, told: Result<Told<Job<'f>>>, form: Form) -> BoxFuture<'f, Result<Box<dyn Done>>> {
    Box::pin(async move {
        let (reader, verb) = (super::reader(ctx)?.clone(), ctx.item.node.name.node.as_str());
        let outcome = async {
            let told = told?;
            let request = key_of(ctx, told.key.as_deref()).await?.map(|key| told.meaning.under(key, verb));
            perform(&reader, verb, request, &told.input, form).await
        };
        let mut payload = match outcome.await {
            Ok(payload) => payload,
            Err(Error::Invalid(mistakes)) => (form.refused)(mistakes),
            Err(error) => {
                refusals::tell(ctx, &error).await;
                return Err(error);
            }
        };
        read_together(payload.rows());
        Ok(payload)
    })
}

/// Does one thing in a transaction of its own, unless it was done under this key.
///
/// # Errors
/// The command's, those of the commit and of the key: then nothing was written.
pub(super) async fn perform(
    reader: &Reader,
    verb: &str,
    request: Option<Request>,
    job: &Job<'_>,
    form: Form,
) -> Result<Box<dyn Done>> {
    let attempt = async |again| match idempotency::begin(reader.clone(), verb, request.clone()).await? {
        Begun::Replay(kept) => (form.kept)(kept).map_err(Error::internal),
        Begun::Fresh(tx) => {
            queue(&tx, again, verb).await?;
            let payload = job(&tx).await?;
            tx.finish(&|| payload.kept()).await?;
            Ok(payload)
        }
    };
    match caught(unraced(|again| attempt(again).boxed())).await? {
        Err(Error::Invalid(mut mistakes)) => {
            reader.name_holders(&mut mistakes).await?;
            Err(Error::Invalid(mistakes))
        }
        done => done,
    }
}

/// How often a command is run that meets others at the same rows. One of those who meet always comes through, so it is
/// about how many may be at the same at once.
const TRIES: usize = 8;

/// Runs a transaction again that met others who were at the same: now what they did is seen. Nothing is left of a
/// transaction that failed, not even its idempotency key, and nothing was answered yet. The transaction is told whether it
/// is run again.
///
/// # Errors
/// The transaction's, at the latest those of the last try.
pub(super) async fn unraced<'a, T>(attempt: impl Fn(bool) -> BoxFuture<'a, Result<T>>) -> Result<T> {
    for again in (1..TRIES).map(|time| time > 1) {
        match attempt(again).await {
            Err(Error::Raced(error)) => tracing::debug!(%error, "a command met others and is run again"),
            outcome => return outcome,
        }
    }
    attempt(true).await.map_err(Error::settled)
}

/// Who is run again waits, holding nothing yet, for whoever else is run again with the same verb: so those who block each
/// other are never many, and all come through.
pub(super) async fn queue(tx: &Tx, again: bool, verb: &str) -> Result<()> {
    if again { tx.take_turns(&format!("again {verb}")).await } else { Ok(()) }
}

/// The idempotency key of this field: the input's, else the header's. The header's stands for the request: where the
/// document has several mutations, it is taken for all of them as they stand there, and each has a key of its own by its
/// place. So the same mutation placed otherwise is refused and never done twice, and two equal ones are two.
///
/// What is put behind a client's key (here the place of a mutation, in a batch that of an item) comes after a control
/// character, which no client can write: so no key that was made equals one that was given.
///
/// # Errors
/// IDEMPOTENCY_CONFLICT: the header's was used with other mutations.
pub(super) async fn key_of(ctx: &Context<'_>, key: Option<&str>) -> Result<Option<String>> {
    if let Some(key) = key {
        return Ok(Some(key.to_owned()));
    }
    let header = ctx.data_opt::<RequestMeta>().and_then(|meta| meta.idempotency_key.as_deref());
    let Some(header) = header else { return Ok(None) };
    let root = &ctx.query_env.operation.node.selection_set.node;
    let mut mutations = pick(ctx.query_env, &[root], &["Mutation"])?;
    mutations.retain(|field| field.name != "__typename");
    if mutations.len() < 2 {
        return Ok(Some(header.to_owned()));
    }
    let place = mutations.iter().position(|field| field.spot.key == ctx.item.node.response_key().node);
    let said: Vec<_> =
        mutations.into_iter().map(|mut field| told(field.name, field.args.swap_remove("input"))).collect();
    let whole = Meaning { said: said.join(" "), secrets: Vec::new() };
    idempotency::take(super::reader(ctx)?, "document", whole.under(header.to_owned(), "document")).await?;
    Ok(Some(format!("{header}\u{1e}{}", place.unwrap_or_default())))
}

/// Verbs as they are written, to be held against the tables that they stand in.
pub trait Written {
    /// Their names here: `win_deal`.
    const VERBS: &'static [&'static str];

    /// The types that are made for them.
    fn types() -> Vec<Cow<'static, str>>;
}

/// The verbs of an entity's life as mutations: each runs a command `async fn(&Tx, Input) -> Result<Payload>`. A verb with
/// `many` has a twin that takes up to 1,000 of its inputs; the twin's input and payload are made here.
macro_rules! verbs {
    ($(#[$about:meta])* $name:ident { $(
        $(#[$doc:meta])+ $verb:ident($input:ty) -> $payload:ty = $command:path
        $(, many $many:ident($many_input:ident) -> $many_payload:ident)?;
    )+ }) => {
        $(#[$about])*
        #[derive(Default)]
        pub struct $name;

        impl $crate::graphql::mutation::Written for $name {
            const VERBS: &'static [&'static str] = &[$(stringify!($verb)),+];

            fn types() -> Vec<std::borrow::Cow<'static, str>> {
                vec![
                    $(<$input as async_graphql::InputType>::type_name(),)+
                    $($(
                        <$many_input as async_graphql::InputType>::type_name(),
                        <$many_payload as async_graphql::OutputType>::type_name(),
                    )?)+
                ]
            }
        }

        #[async_graphql::Object]
        impl $name {
            $(
                $(#[$doc])+
                async fn $verb(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "What to do.")] input: $crate::graphql::judge::Raw<$input>,
                ) -> Option<async_graphql::Result<$payload>> {
                    let done = $crate::graphql::mutation::one(ctx, input, |tx, input| Box::pin($command(tx, input)));
                    Some(Box::pin(done).await.map_err($crate::error::Error::into_resolver_error))
                }

                $(
                    /// The same for up to 1,000 items, each in a transaction of its own: one that is refused does
                    /// not undo the others, unless `atomic` asks for all or nothing. A refusal is reported in the
                    /// `userErrors` of its result, with the code it would have as an error. Roles: as for a single
                    /// item.
                    async fn $many(
                        &self,
                        ctx: &async_graphql::Context<'_>,
                        #[graphql(desc = "What to do.")] input: $crate::graphql::judge::Raw<$many_input>,
                    ) -> Option<async_graphql::Result<$many_payload>> {
                        use $crate::graphql::batch::{Options, batch, whole};
                        let outcome = async {
                            let told = input.told()?;
                            let options = Options { key: told.key, atomic: told.input.atomic };
                            let items = told.input.items.into_iter().map($crate::graphql::judge::Raw::told);
                            batch(ctx, items, options, |tx, item| Box::pin($command(tx, item))).await
                        };
                        let payload = whole(Box::pin(outcome).await).map(|(results, user_errors)| $many_payload { results, user_errors });
                        Some(payload.map_err($crate::error::Error::into_resolver_error))
                    }
                )?
            )+
        }

        $($(
            /// The input of the batch mutation.
            #[derive(Clone, async_graphql::InputObject)]
            pub struct $many_input {
                /// At most 1,000; they are done in this order.
                pub items: Vec<$crate::graphql::judge::Raw<$input>>,
                /// All or nothing. Otherwise each item is done on its own, whatever happens to the others.
                #[graphql(default = false)]
                pub atomic: bool,
                /// Makes a retry safe for 24 hours, item by item: what was done is answered as before, the rest is
                /// tried again. Overrides the header `Idempotency-Key`; an item's own key overrides both.
                pub idempotency_key: Option<String>,
            }

            /// The outcome of the batch.
            #[derive(Debug, async_graphql::SimpleObject)]
            pub struct $many_payload {
                /// One result for each item, in the order of the items.
                pub results: Vec<$payload>,
                /// What is wrong with the call as a whole; then nothing was done.
                pub user_errors: Vec<$crate::error::Mistake>,
            }
        )?)+
    };
}
pub(crate) use verbs;

/// The usual payload: the changed row (null if nothing changed) and the mistakes. `DealPayload { deal userErrors }`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Changed<E> {
    #[serde(flatten)]
    outcome: Outcome,
    #[serde(skip)]
    entity: PhantomData<fn() -> E>,
}

impl<E> Changed<E> {
    /// This row was changed.
    pub fn row(id: Uuid) -> Self {
        Self { outcome: Outcome::row(id), entity: PhantomData }
    }

    /// What a person has to mend first.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.outcome.mistakes
    }
}

impl<E: 'static> Payload for Changed<E> {
    fn refused(mistakes: Vec<Mistake>) -> Self {
        Self { outcome: Outcome::refused(mistakes), entity: PhantomData }
    }

    fn rows(&mut self) -> Vec<&mut RowRef> {
        Payload::rows(&mut self.outcome)
    }
}

impl<E: Resource> OutputType for Changed<E> {
    fn type_name() -> Cow<'static, str> {
        payload_name(graph().of(E::KIND)).into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        register_payload(registry, graph().of(E::KIND));
        Self::qualified_type_name()
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        Ok(payload_value(ctx, graph().of(E::KIND), &self.outcome, field).await)
    }
}

fn payload_name(of: &Descriptor) -> String {
    format!("{}Payload", of.name)
}

fn many_payload_name(of: &Descriptor) -> String {
    format!("{}Payload", capital(of.plural))
}

/// Puts `DealPayload` into the schema.
pub fn register_payload(registry: &mut Registry, of: &Descriptor) {
    let name = payload_name(of);
    if registry.types.contains_key(&name) {
        return;
    }
    let errors = <Vec<Mistake> as OutputType>::create_type_info(registry);
    let field = |name: &str, ty: String, doc: String| {
        let mut field = MetaField::new(name, ty);
        field.description = Some(doc);
        (name.to_owned(), field)
    };
    let fields = [
        field(&of.single, of.name.to_owned(), format!("The {} as it is now; null if nothing was changed.", of.name)),
        field("userErrors", errors, "What has to be corrected first; empty when it was done.".to_owned()),
    ];
    let object = ObjectBuilder::new(&name, IndexMap::from(fields))
        .description(Some(format!("The outcome of changing {}.", a(of.name))));
    registry.types.insert(name, object.build());
}

/// Puts `DealsPayload` into the schema.
pub fn register_many_payload(registry: &mut Registry, of: &Descriptor) {
    let field = |name: &str, ty: String, doc: &str| {
        let mut field = MetaField::new(name, ty);
        field.description = Some(doc.to_owned());
        (name.to_owned(), field)
    };
    let fields = [
        field("results", format!("[{}!]!", payload_name(of)), "One result for each item, in the order of the items."),
        field(
            "userErrors",
            "[UserError!]!".to_owned(),
            "What is wrong with the call as a whole; then nothing was done.",
        ),
    ];
    let name = many_payload_name(of);
    let object = ObjectBuilder::new(&name, IndexMap::from(fields))
        .description(Some(format!("The outcome of changing several {}.", super::register::words(of.plural))));
    registry.types.insert(name, object.build());
}

/// What came of changing a row: which one it is, or the mistakes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The changed row; none if nothing was changed.
    #[serde(rename = "id")]
    row: RowRef,
    /// What a person has to mend first.
    mistakes: Vec<Mistake>,
}

impl Outcome {
    /// This row was changed.
    pub fn row(id: Uuid) -> Self {
        Self { row: RowRef::to(Some(id)), mistakes: Vec::new() }
    }
}

impl Payload for Outcome {
    fn refused(mistakes: Vec<Mistake>) -> Self {
        Self { row: RowRef::to(None), mistakes }
    }

    fn rows(&mut self) -> Vec<&mut RowRef> {
        vec![&mut self.row]
    }
}

/// The payload as selected.
pub async fn payload_value(
    ctx: &ContextSelectionSet<'_>,
    of: &'static Descriptor,
    outcome: &Outcome,
    field: &Positioned<Field>,
) -> Value {
    payload_at(ctx, of, outcome, &[&ctx.item.node], (path_of(ctx), field.pos)).await
}

async fn payload_at(
    ctx: &ContextSelectionSet<'_>,
    of: &'static Descriptor,
    outcome: &Outcome,
    below: &[&SelectionSet],
    (path, pos): (Vec<PathSegment>, Pos),
) -> Value {
    let mut object = IndexMap::new();
    let name = payload_name(of);
    let picked = match pick(ctx.query_env, below, &[&name]) {
        Ok(picked) => picked,
        Err(error) => {
            ctx.add_error(error.into_server_error(Some(pos), path));
            return Value::Null;
        }
    };
    for one in picked {
        let value = match one.name {
            "__typename" => Value::from(name.as_str()),
            "userErrors" => mistakes_value(ctx, &outcome.mistakes, &one),
            _ => answer_at(ctx, of, &outcome.row, &one, path.clone()).await,
        };
        object.insert(one.spot.key, value);
    }
    Value::Object(object)
}

/// The payload of the plain mutations of many, as selected.
pub async fn many_value(
    ctx: &ContextSelectionSet<'_>,
    of: &'static Descriptor,
    results: &[Outcome],
    mistakes: &[Mistake],
    field: &Positioned<Field>,
) -> Value {
    let mut object = IndexMap::new();
    let name = many_payload_name(of);
    let picked = match pick(ctx.query_env, &[&ctx.item.node], &[&name]) {
        Ok(picked) => picked,
        Err(error) => {
            ctx.add_error(error.into_server_error(Some(field.pos), path_of(ctx)));
            return Value::Null;
        }
    };
    for one in picked {
        let value = match one.name {
            "userErrors" => mistakes_value(ctx, mistakes, &one),
            "results" => {
                let results = results.iter().enumerate().map(|(at, outcome)| {
                    let mut path = path_of(ctx);
                    path.extend([PathSegment::Field(one.spot.key.to_string()), PathSegment::Index(at)]);
                    payload_at(ctx, of, outcome, &one.below, (path, one.spot.pos))
                });
                Value::List(futures_util::future::join_all(results).await)
            }
            _ => Value::from(name.as_str()),
        };
        object.insert(one.spot.key, value);
    }
    Value::Object(object)
}

fn mistakes_value(ctx: &ContextSelectionSet<'_>, mistakes: &[Mistake], picked: &super::pick::Picked<'_>) -> Value {
    let fields = pick(ctx.query_env, &picked.below, &["UserError"]).unwrap_or_default();
    let one = |mistake: &Mistake| {
        let fields = fields.iter().map(|field| {
            let value = match field.name {
                "code" => Value::from(mistake.code.as_str()),
                "field" => Value::List(mistake.path.iter().map(|part| Value::from(part.as_str())).collect()),
                "message" => Value::from(mistake.message.as_str()),
                "id" => mistake.id.as_ref().map_or(Value::Null, |id| Value::from(id.as_str())),
                _ => Value::from("UserError"),
            };
            (field.spot.key.clone(), value)
        });
        Value::Object(fields.collect::<IndexMap<Name, Value>>())
    };
    Value::List(mistakes.iter().map(one).collect())
}

//! The subscription root: `changed`, the event log as it grows.
//!
//! Every batch of changes is planned, loaded and rendered like a list of events, with the eyes that the viewer has at
//! that moment: one statement for the events, one for each kind of changed object, and one for who is looking, asked for
//! many at once. Followers who see a batch alike are told from one reading (see [`super::views`]).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::SelectionSet;
use async_graphql::registry::{ObjectBuilder, Registry};
use async_graphql::{Context, InputType, Name, PathSegment, Pos, Response, SubscriptionType, Value};
use async_graphql_value::Value as Written;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use sea_orm::Value as Sql;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::cell::graph;
use super::filter::{NESTED_PAGE, order_name};
use super::host::{Asking, Host};
use super::load::{Loaded, load};
use super::near;
use super::pick::{Args, Spot, arguments, pick};
use super::plan::{Level, Object, Planner};
use super::register::subscription_fields;
use super::render::Renderer;
use super::value::{items, text_of};
use super::views::{Question, Told, View};
use crate::access::{Kind, Viewer};
use crate::error::{Code, Error, Result};
use crate::store::Reader;
use crate::store::descriptor::Descriptor;
use crate::store::feed::{Batch, Entry, Follower};
use crate::store::filter::Filter;
use crate::store::lanes::Turns;
use crate::store::page::{self, Key, Page};
use crate::store::row::Cell;
use crate::store::select::{ListSql, Of};
use crate::store::weight::Weight;

/// How long a follower waits when the database cannot be read; from time to time twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest wait before the next try.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// So often in a row reading may take too long, while the database answers: then it is what is asked for that does.
const TRIES: u32 = 3;

/// The subscription root.
pub struct Changes;

impl SubscriptionType for Changes {
    fn type_name() -> Cow<'static, str> {
        "Subscription".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_subscription_type::<Self, _>(|registry| {
            let fields = subscription_fields(registry);
            let root = ObjectBuilder::new("Subscription", fields).is_subscription(true);
            let doc = "What a client can follow, over a WebSocket, server-sent events or multipart answers.";
            root.description(Some(doc.to_owned())).rust_typename(std::any::type_name::<Self>()).build()
        })
    }

    fn create_field_stream<'a>(&'a self, ctx: &'a Context<'_>) -> Option<BoxStream<'a, Response>> {
        (ctx.item.node.name.node == "changed").then(|| changed(ctx))
    }
}

/// The stream of `changed`; its first error ends it.
fn changed<'a>(ctx: &'a Context<'_>) -> BoxStream<'a, Response> {
    let begun = async move {
        match Following::begin(ctx).await {
            Ok(following) => stream::unfold(Some(following), move |following| step(ctx, following)).boxed(),
            Err(error) => stream::once(async move { refused(ctx, error) }).boxed(),
        }
    };
    stream::once(begun).flatten().boxed()
}

async fn step<'a>(ctx: &'a Context<'_>, following: Option<Following<'a>>) -> Option<(Response, Option<Following<'a>>)> {
    let mut following = following?;
    match following.next(ctx).await {
        Ok(change) => Some((change, Some(following))),
        Err(error) => Some((refused(ctx, error), None)),
    }
}

fn refused(ctx: &Context<'_>, error: Error) -> Response {
    // Without a path: nothing is answered at all.
    Response::from_errors(vec![error.into_server_error(Some(ctx.item.pos), Vec::new())])
}

/// One subscription on its way through the log.
struct Following<'a> {
    host: &'a Host,
    asker: &'a Asking,
    question: Question,
    wanted: Wanted,
    follower: Follower,
    turns: Turns,
    /// How often in a row reading took too long.
    late: u32,
    /// Entries that were taken and are not read yet.
    taken: Option<Arc<Batch>>,
    /// Changes that were read and are not told yet.
    read: VecDeque<Response>,
}

impl<'a> Following<'a> {
    async fn begin(ctx: &'a Context<'_>) -> Result<Self> {
        let missing = || Error::internal("a subscription without who asks");
        let (host, asker) = (super::host(ctx)?, ctx.data_opt::<Asking>().ok_or_else(missing)?);
        let viewer = viewer(asker).await?;
        // Whatever is wrong with the arguments or the rights is told now and not at the first change.
        let wanted = Wanted::of(&arguments(ctx.query_env, &ctx.item.node)?)?;
        let turns = host.store().turns(&viewer);
        Plan::of(ctx, &host.store().reader(viewer), &wanted)?;
        let _turn = turns.next().await?;
        let follower = host.store().feed().follow(wanted.after).await?;
        let (question, read) = (question(ctx), VecDeque::new());
        Ok(Self { host, asker, question, wanted, follower, turns, late: 0, taken: None, read })
    }

    /// The next change that the viewer may see. That the database cannot be read for a while ends nothing: what was taken
    /// from the log is read as soon as it can be.
    async fn next(&mut self, ctx: &Context<'_>) -> Result<Response> {
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(change) = self.read.pop_front() {
                return Ok(change);
            }
            match self.read_on(ctx).await {
                Ok(()) => pause = FIRST_PAUSE,
                Err(_) if self.late >= TRIES => return Err(too_slow()),
                Err(error) if matches!(error.code(), Code::Unavailable | Code::Timeout | Code::RateLimited) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads the next entries of the log.
    async fn read_on(&mut self, ctx: &Context<'_>) -> Result<()> {
        let batch = match &self.taken {
            Some(batch) => Arc::clone(batch),
            None => {
                let batch = self.follower.next().await?;
                self.taken = Some(Arc::clone(&batch));
                batch
            }
        };
        let entries: Vec<Entry> = batch.entries.iter().filter(|entry| self.wanted.takes(entry)).copied().collect();
        if !entries.is_empty() {
            let viewer = viewer(self.asker).await?;
            let told = self.look(ctx, viewer, &batch, &entries).await;
            let is_late = told.as_ref().is_err_and(|error| error.code() == Code::Timeout);
            self.late = if is_late { self.late + 1 } else { 0 };
            let told = told?;
            self.read.extend(told.iter().map(Told::response));
        }
        self.taken = None;
        Ok(())
    }

    /// What is to be told of these entries of a batch, with the eyes of this moment.
    async fn look(&self, ctx: &Context<'_>, viewer: Viewer, batch: &Batch, entries: &[Entry]) -> Result<Arc<[Told]>> {
        let (views, store) = (self.host.views(), self.host.store());
        if !self.follower.shares(batch) {
            let reader = store.reader(viewer);
            let read = async { Plan::of(ctx, &reader, &self.wanted)?.changes(entries).await };
            return Ok(self.in_turn(read).await?.into());
        }
        let eyes = if self.is_near(ctx, &viewer, entries)? {
            views.around(batch, store.around(&batch.entries)).await?.reduce(&viewer)
        } else {
            viewer
        };
        let view = View::of(&self.question, batch, &eyes);
        if let Some(told) = views.known(&view) {
            return Ok(told);
        }
        let reader = store.reader(eyes);
        let read = async { Plan::of(ctx, &reader, &self.wanted)?.changes(entries).await };
        self.in_turn(views.told(&view, read)).await
    }

    /// Reads when it is the turn of the viewer, within half of the time that the database has for a call: others want to
    /// be told as well.
    async fn in_turn<T>(&self, read: impl Future<Output = Result<T>>) -> Result<T> {
        let _turn = self.turns.next().await?;
        let read = tokio::time::timeout(self.host.patience() / 2, read);
        read.await.unwrap_or_else(|_| Err(too_slow()))
    }

    /// Do all viewers of this role who have the same of the rows around see the same of these entries?
    fn is_near(&self, ctx: &Context<'_>, viewer: &Viewer, entries: &[Entry]) -> Result<bool> {
        let kinds: HashSet<Kind> = entries.iter().filter_map(|entry| entry.kind).collect();
        for kind in kinds {
            let judge = || {
                let reader = self.host.store().reader(viewer.clone());
                Plan::of(ctx, &reader, &self.wanted)?.is_near(kind)
            };
            if !self.host.views().is_near(&self.question, viewer, kind, judge)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn too_slow() -> Error {
    let message = "What you follow takes too long to read. Ask for less of each change, and go on with `after`.";
    Error::refused(Code::Timeout, message)
}

/// Who follows now; a stranger may not.
async fn viewer(asker: &Asking) -> Result<Viewer> {
    asker.viewer().await?.ok_or_else(Error::unauthenticated)
}

/// What is asked of changes, whatever the place from which on: the field as it is written with all it refers to, and the
/// variables but for one that names nothing but the place.
fn question(ctx: &Context<'_>) -> Question {
    let env = ctx.query_env;
    let mut fragments: Vec<_> = env.fragments.iter().collect();
    fragments.sort_unstable_by_key(|(name, _)| *name);
    let written = format!("{:?}{fragments:?}", ctx.item);
    let after = ctx.item.node.arguments.iter().find(|(name, _)| name.node.as_str() == "after");
    let place = after.map(|(_, value)| format!("{:?}", value.node)).filter(|place| written.matches(place).count() == 1);
    let mut hash = Sha256::new_with_prefix(written);
    for definition in &env.operation.node.variable_definitions {
        let name = &definition.node.name.node;
        if place.as_ref() != Some(&format!("{:?}", Written::Variable(name.clone()))) {
            hash.update(format!("{definition:?}{:?}", env.variables.get(name)));
        }
    }
    hash.finalize().into()
}

/// The arguments of `changed`.
struct Wanted {
    kinds: Option<HashSet<Kind>>,
    subjects: Option<HashSet<(Kind, Uuid)>>,
    filter: Option<Value>,
    after: Option<i64>,
}

impl Wanted {
    fn of(args: &Args) -> Result<Self> {
        let given = |name: &str| args.get(name).filter(|value| **value != Value::Null);
        Ok(Self {
            kinds: given("types").map(kinds).transpose()?,
            subjects: given("ids").map(subjects).transpose()?,
            filter: given("filter").cloned(),
            after: given("after").filter(|after| text_of(after) != Some("")).map(place).transpose()?,
        })
    }

    /// What can be said before anything of the event is read.
    fn takes(&self, entry: &Entry) -> bool {
        let Some(kind) = entry.kind else { return false };
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
            && self.subjects.as_ref().is_none_or(|subjects| subjects.contains(&(kind, entry.subject)))
    }
}

fn kinds(value: &Value) -> Result<HashSet<Kind>> {
    let kind = |value: &Value| {
        Kind::parse(Some(value.clone())).map_err(|_| Error::bad_input("types: expected kinds of objects."))
    };
    items(value).iter().map(kind).collect()
}

fn subjects(value: &Value) -> Result<HashSet<(Kind, Uuid)>> {
    let ids = items(value);
    if ids.len() as u64 > NESTED_PAGE {
        return Err(Error::bad_input(format!("ids: at most {NESTED_PAGE}.")));
    }
    let subject = |id: &Value| {
        let known = text_of(id).and_then(|id| graph().parse_id(id));
        known.map(|(of, id)| (of.kind, id)).ok_or_else(|| Error::bad_input("ids: expected ids of objects."))
    };
    ids.iter().map(subject).collect()
}

/// The order of the log, or its reverse.
fn by_seq(of: &'static Descriptor, descending: bool) -> Vec<Key> {
    of.field("seq").into_iter().flat_map(|field| Key::of(field, descending)).collect()
}

/// The number of the event that a cursor names; a list of events in either direction gives the same places.
fn place(value: &Value) -> Result<i64> {
    let text = text_of(value).unwrap_or_default();
    let of = graph().of(Kind::Event);
    let read = |descending| {
        let order = by_seq(of, descending);
        page::decode(text, &order_name(of, &order), &order)
    };
    match read(false).or_else(|_| read(true))?.values.first() {
        Some(Some(Sql::BigInt(Some(seq)))) => Ok(*seq),
        _ => Err(Error::bad_input("after: expected the cursor of a change.")),
    }
}

/// What of each change is wanted.
enum Part<'a> {
    Typename,
    Cursor,
    /// Which of the plan's events.
    Event(usize),
    /// Of whichever kind the object is.
    Node(Vec<&'a SelectionSet>),
}

/// How to read changes with the eyes of the moment.
struct Plan<'a> {
    planner: Planner<'a>,
    of: &'static Descriptor,
    key: &'a Name,
    pos: Pos,
    parts: Vec<(Spot, Part<'a>)>,
    /// What of the events is wanted, by each field `event`; the first, which is always there, says which are seen.
    events: Vec<(Level, Object)>,
    filter: Option<Filter>,
}

impl<'a> Plan<'a> {
    fn of(ctx: &'a Context<'_>, reader: &'a Reader, wanted: &Wanted) -> Result<Self> {
        let planner = Planner { reader, env: ctx.query_env };
        let of = reader.graph().of(Kind::Event);
        let filter = wanted.filter.as_ref().map(|filter| planner.terms().filter(of, filter)).transpose()?;
        planner.check_filter(of, filter.as_ref())?;
        let (mut parts, mut events) = (Vec::new(), Vec::new());
        for field in pick(ctx.query_env, &[&ctx.item.node.selection_set.node], &["Change"])? {
            let part = match field.name {
                "cursor" => Part::Cursor,
                "event" => {
                    events.push(planner.level(of, &field.below)?);
                    Part::Event(events.len() - 1)
                }
                "node" => Part::Node(field.below),
                _ => Part::Typename,
            };
            parts.push((field.spot, part));
        }
        if events.is_empty() {
            events.push(planner.level(of, &[])?);
        }
        Ok(Self { planner, of, key: &ctx.item.node.response_key().node, pos: ctx.item.pos, parts, events, filter })
    }

    /// Does what is told of a change of this kind depend, of who looks, on no more than their role and whose the rows around
    /// are?
    fn is_near(&self, kind: Kind) -> Result<bool> {
        let (reader, of) = (self.planner.reader, graph().of(kind));
        let viewer = reader.viewer();
        let events = self.events.iter().all(|(level, object)| near::is_near(viewer, level, object));
        // A filter may ask about anything.
        if !events || self.filter.is_some() || !reader.may_read(of) {
            return Ok(events && self.filter.is_none());
        }
        for (_, part) in &self.parts {
            if let Part::Node(below) = part {
                let (level, object) = self.planner.level(of, below)?;
                if !near::is_near(viewer, &level, &object) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// The changes among these entries that the viewer may see, rendered, in their order.
    async fn changes(self, entries: &[Entry]) -> Result<Vec<Told>> {
        let reader = self.planner.reader;
        let ids: Vec<Uuid> = entries.iter().map(|entry| entry.id).collect();
        let page = Page { limit: ids.len() as u64, backward: false, after: None, before: None };
        let list = ListSql { filter: self.filter, order: by_seq(self.of, false), page, weight: Weight::default() };
        let mut events = Vec::with_capacity(self.events.len());
        for (level, object) in &self.events {
            events.push((level, object, load(reader, level, Of::Ids(&ids), Some(&list)).await?));
        }
        let seen = events.first().map(|(level, _, loaded)| ids_of(level, loaded)).unwrap_or_default();
        let seen: Vec<&Entry> = entries.iter().filter(|entry| seen.contains(&entry.id)).collect();
        let mut parts = Vec::with_capacity(self.parts.len());
        for (spot, part) in &self.parts {
            let below = match part {
                Part::Typename => Below::Typename,
                Part::Cursor => Below::Cursor,
                Part::Event(at) => events.get(*at).map_or(Below::Typename, Below::Event),
                Part::Node(below) => Below::Node(nodes(&self.planner, below, &seen).await?),
            };
            parts.push((spot, below));
        }
        let render = |entry: &Entry| {
            let mut renderer = Renderer::new(vec![PathSegment::Field(self.key.to_string())], self.pos);
            let fields = parts.iter().map(|(spot, below)| {
                (spot.key.clone(), renderer.field(spot, |renderer| below.render(renderer, entry)))
            });
            let change = Value::Object(fields.collect());
            let data = Value::Object([(self.key.clone(), change)].into_iter().collect());
            Told { data, errors: renderer.errors }
        };
        Ok(seen.into_iter().map(render).collect())
    }
}

/// A loaded part of changes.
enum Below<'p> {
    Typename,
    Cursor,
    Event(&'p (&'p Level, &'p Object, Loaded)),
    Node(HashMap<Kind, (Level, Object, Loaded)>),
}

impl Below<'_> {
    fn render(&self, renderer: &mut Renderer, entry: &Entry) -> Value {
        match self {
            Self::Typename => Value::from("Change"),
            Self::Cursor => Value::from(cursor(entry)),
            Self::Event((level, object, loaded)) => row(renderer, level, object, loaded, entry.id),
            Self::Node(kinds) => match entry.kind.and_then(|kind| kinds.get(&kind)) {
                Some((level, object, loaded)) => row(renderer, level, object, loaded, entry.subject),
                None => Value::Null,
            },
        }
    }
}

fn row(renderer: &mut Renderer, level: &Level, object: &Object, loaded: &Loaded, id: Uuid) -> Value {
    let mut rows = loaded.rows.values().flatten();
    let row = rows.find(|row| row.get(level.id).and_then(Cell::id) == Some(id));
    row.map_or(Value::Null, |row| renderer.object(object, level, loaded, row))
}

fn ids_of(level: &Level, loaded: &Loaded) -> HashSet<Uuid> {
    loaded.rows.values().flatten().filter_map(|row| row.get(level.id).and_then(Cell::id)).collect()
}

fn cursor(entry: &Entry) -> String {
    let of = graph().of(Kind::Event);
    page::encode(&order_name(of, &by_seq(of, false)), &[Json::from(entry.seq)], entry.id)
}

/// The changed objects that the viewer may see: one statement for each kind of them.
async fn nodes(
    planner: &Planner<'_>,
    below: &[&SelectionSet],
    entries: &[&Entry],
) -> Result<HashMap<Kind, (Level, Object, Loaded)>> {
    let mut subjects: HashMap<Kind, HashSet<Uuid>> = HashMap::new();
    for (kind, entry) in entries.iter().filter_map(|entry| Some((entry.kind?, entry))) {
        subjects.entry(kind).or_default().insert(entry.subject);
    }
    let mut nodes = HashMap::new();
    for (kind, ids) in subjects {
        let of = planner.reader.graph().of(kind);
        if !planner.reader.may_read(of) {
            continue;
        }
        let mut ids: Vec<Uuid> = ids.into_iter().collect();
        ids.sort_unstable();
        let (level, object) = planner.level(of, below)?;
        let loaded = load(planner.reader, &level, Of::Ids(&ids), None).await?;
        nodes.insert(kind, (level, object, loaded));
    }
    Ok(nodes)
}

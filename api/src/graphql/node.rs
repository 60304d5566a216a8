//! A row of the graph as the answer of a hand-written resolver: `Node::<deal::Entity>::at(id)`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::types::{Field, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, PathSegment, Pos, Positioned, ServerResult, Value};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::cell::graph;
use super::load::{Loaded, load};
use super::pick::{Picked, path_of};
use super::plan::{Level, Object, Planner};
use super::render::Renderer;
use crate::access::Kind;
use crate::error::{Error, Result};
use crate::store::descriptor::Descriptor;
use crate::store::row::Cell;
use crate::store::select::Of;
use crate::store::{Reader, Resource};

/// A row by its id; null where there is none or the viewer may not see it. Read when it is answered, under the rights
/// of that moment.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Node<E> {
    row: RowRef,
    #[serde(skip)]
    entity: PhantomData<fn() -> E>,
}

impl<E> Node<E> {
    /// The row with this id.
    pub fn at(id: Uuid) -> Self {
        Self::maybe(Some(id))
    }

    /// The row with this id, as somebody else than the viewer of the request sees it: who has only just signed in.
    pub fn seen_by(reader: Reader, id: Uuid) -> Self {
        Self { row: RowRef { eyes: Some(reader), ..RowRef::to(Some(id)) }, entity: PhantomData }
    }

    /// The row with this id, if there is one.
    pub fn maybe(id: Option<Uuid>) -> Self {
        Self { row: RowRef::to(id), entity: PhantomData }
    }

    /// No row.
    pub fn none() -> Self {
        Self::maybe(None)
    }

    /// Which row it is.
    pub fn row(&mut self) -> &mut RowRef {
        &mut self.row
    }
}

impl<E: Resource> OutputType for Node<E> {
    fn type_name() -> Cow<'static, str> {
        graph().of(E::KIND).name.into()
    }

    fn qualified_type_name() -> String {
        Self::type_name().into_owned()
    }

    fn create_type_info(_: &mut Registry) -> String {
        // The root has registered every declared object.
        Self::qualified_type_name()
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let place = Place { below: vec![&ctx.item.node], path: path_of(ctx), pos: field.pos };
        Ok(answer(ctx, graph().of(E::KIND), &self.row, place).await)
    }
}

/// Which row an answer names.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowRef {
    id: Option<Uuid>,
    /// Whose eyes read it; none for the viewer's of the request.
    #[serde(skip)]
    eyes: Option<Reader>,
    /// The rows it is read with.
    #[serde(skip)]
    with: Option<Arc<Together>>,
}

impl RowRef {
    /// The row with this id, if there is one.
    pub fn to(id: Option<Uuid>) -> Self {
        Self { id, eyes: None, with: None }
    }
}

/// Has the rows of one answer read by one plan: a statement a level, however many they are.
pub fn read_together<'a>(rows: impl IntoIterator<Item = &'a mut RowRef>) {
    let rows: Vec<_> = rows.into_iter().filter(|row| row.id.is_some()).collect();
    let together = Arc::new(Together { ids: rows.iter().filter_map(|row| row.id).collect(), read: Mutex::default() });
    rows.into_iter().for_each(|row| row.with = Some(Arc::clone(&together)));
}

/// What was read for one place, or is just being read.
type Reading = Arc<OnceCell<Result<Read>>>;

/// Rows that are read together, once for each place of the document that selects of them.
struct Together {
    ids: Vec<Uuid>,
    read: Mutex<HashMap<(Kind, Pos), Reading>>,
}

impl std::fmt::Debug for Together {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.ids.fmt(to)
    }
}

/// The rows as they were read.
struct Read {
    level: Level,
    object: Object,
    loaded: Loaded,
    place: HashMap<Uuid, usize>,
}

impl Together {
    fn cell(&self, kind: Kind, pos: Pos) -> Arc<OnceCell<Result<Read>>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(read.entry((kind, pos)).or_default())
    }
}

/// Where a row is answered.
struct Place<'a> {
    below: Vec<&'a SelectionSet>,
    path: Vec<PathSegment>,
    pos: Pos,
}

/// Answers a row as the field `picked` of the object at `path`.
pub async fn answer_at(
    ctx: &ContextSelectionSet<'_>,
    of: &'static Descriptor,
    row: &RowRef,
    picked: &Picked<'_>,
    mut path: Vec<PathSegment>,
) -> Value {
    path.push(PathSegment::Field(picked.spot.key.to_string()));
    answer(ctx, of, row, Place { below: picked.below.clone(), path, pos: picked.spot.pos }).await
}

/// Answers what is selected of a row; refusals become null with an error.
async fn answer(ctx: &ContextSelectionSet<'_>, of: &'static Descriptor, row: &RowRef, place: Place<'_>) -> Value {
    let Some(id) = row.id else { return Value::Null };
    let mut renderer = Renderer::new(place.path.clone(), place.pos);
    let outcome = async {
        let reader = row.eyes.as_ref().map_or_else(|| super::reader(ctx), Ok)?;
        let cell = row.with.as_ref().map_or_else(Arc::default, |with| with.cell(of.kind, place.pos));
        let ids = row.with.as_ref().map_or_else(|| std::slice::from_ref(&id), |with| &with.ids);
        let planner = Planner { reader, env: ctx.query_env };
        let read = cell.get_or_init(|| read(&planner, of, ids, &place.below)).await;
        let read = read.as_ref().map_err(Error::again)?;
        let rows = read.loaded.rows.get(&Uuid::nil()).map(Vec::as_slice).unwrap_or_default();
        let row = read.place.get(&id).and_then(|place| rows.get(*place));
        Ok(row.map_or(Value::Null, |row| renderer.object(&read.object, &read.level, &read.loaded, row)))
    };
    let value = match Box::pin(outcome).await {
        Ok(value) => value,
        Err(error) => {
            let error: Error = error;
            ctx.add_error(error.into_server_error(Some(place.pos), place.path));
            Value::Null
        }
    };
    renderer.errors.into_iter().for_each(|error| ctx.add_error(error));
    value
}

async fn read(planner: &Planner<'_>, of: &'static Descriptor, ids: &[Uuid], below: &[&SelectionSet]) -> Result<Read> {
    let (level, object) = planner.level(of, below)?;
    let loaded = load(planner.reader, &level, Of::Ids(ids), None).await?;
    let rows = loaded.rows.get(&Uuid::nil()).map(Vec::as_slice).unwrap_or_default();
    let ids = rows.iter().map(|row| row.get(level.id).and_then(Cell::id));
    let place = ids.enumerate().filter_map(|(place, id)| Some((id?, place))).collect();
    Ok(Read { level, object, loaded, place })
}

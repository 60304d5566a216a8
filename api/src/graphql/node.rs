//! A row of the graph as the answer of a hand-written resolver: `Node::<deal::Entity>::at(id)`.

use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::parser::types::{Field, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, PathSegment, Pos, Positioned, ServerResult, Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::load::load;
use super::pick::{Picked, path_of};
use super::plan::Planner;
use super::render::Renderer;
use super::schema::GRAPH;
use crate::error::Result;
use crate::store::descriptor::Descriptor;
use crate::store::select::Of;
use crate::store::{Reader, Resource};

/// A row by its id; null where there is none or the viewer may not see it. Read when it is answered, under the rights
/// of that moment.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Node<E> {
    id: Option<Uuid>,
    /// Whose eyes read it; none for the viewer's of the request.
    #[serde(skip)]
    eyes: Option<Reader>,
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
        Self { eyes: Some(reader), ..Self::at(id) }
    }

    /// The row with this id, if there is one.
    pub fn maybe(id: Option<Uuid>) -> Self {
        Self { id, eyes: None, entity: PhantomData }
    }

    /// No row.
    pub fn none() -> Self {
        Self::maybe(None)
    }
}

impl<E: Resource> OutputType for Node<E> {
    fn type_name() -> Cow<'static, str> {
        GRAPH.of(E::KIND).name.into()
    }

    fn qualified_type_name() -> String {
        Self::type_name().into_owned()
    }

    fn create_type_info(_: &mut Registry) -> String {
        // The root has registered every declared object.
        Self::qualified_type_name()
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let Some(id) = self.id else { return Ok(Value::Null) };
        let place = Place { below: vec![&ctx.item.node], path: path_of(ctx), pos: field.pos };
        Ok(answer(ctx, self.eyes.as_ref(), GRAPH.of(E::KIND), id, place).await)
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
    id: Uuid,
    picked: &Picked<'_>,
    mut path: Vec<PathSegment>,
) -> Value {
    path.push(PathSegment::Field(picked.spot.key.to_string()));
    answer(ctx, None, of, id, Place { below: picked.below.clone(), path, pos: picked.spot.pos }).await
}

/// Reads one row and answers what is selected of it; refusals become null with an error.
async fn answer(
    ctx: &ContextSelectionSet<'_>,
    eyes: Option<&Reader>,
    of: &'static Descriptor,
    id: Uuid,
    place: Place<'_>,
) -> Value {
    let mut renderer = Renderer::new(place.path.clone(), place.pos);
    let reader = eyes.map_or_else(|| super::reader(ctx), Ok);
    let outcome = async { read(ctx, reader?, of, id, &place.below, &mut renderer).await };
    let value = match outcome.await {
        Ok(value) => value,
        Err(error) => {
            ctx.add_error(error.into_server_error(Some(place.pos), place.path));
            Value::Null
        }
    };
    renderer.errors.into_iter().for_each(|error| ctx.add_error(error));
    value
}

async fn read(
    ctx: &ContextSelectionSet<'_>,
    reader: &Reader,
    of: &'static Descriptor,
    id: Uuid,
    below: &[&SelectionSet],
    renderer: &mut Renderer,
) -> Result<Value> {
    let planner = Planner { reader, env: ctx.query_env };
    let (level, object) = planner.level(of, below)?;
    let loaded = load(reader, &level, Of::Ids(&[id]), None).await?;
    let row = loaded.rows.get(&Uuid::nil()).and_then(|rows| rows.first());
    Ok(row.map_or(Value::Null, |row| renderer.object(&object, &level, &loaded, row)))
}

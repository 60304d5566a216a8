//! The root fields of every entity and report: `deal`, `deals`, `node`, `nodes`, …

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::{MetaTypeId, ObjectBuilder, Registry};
use async_graphql::{ContainerType, Context, ContextSelectionSet, OutputType, Positioned, ServerResult, Value};
use uuid::Uuid;

use super::cell::graph;
use super::filter::NESTED_PAGE;
use super::load::{load, load_list, name_rows};
use super::pick::{Args, arguments, path_of};
use super::plan::{Planner, with_defaults};
use super::refusals;
use super::register::{register, root_fields};
use super::render::Renderer;
use super::value::{items, text_of};
use crate::error::{Code, Error, Result};
use crate::store::descriptor::{Ask, Descriptor, Report, parse_id_of};
use crate::store::select::Of;

/// The part of the query root that the declarations make.
#[derive(Default)]
pub struct Entities;

impl OutputType for Entities {
    fn type_name() -> Cow<'static, str> {
        "Entities".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Object, |registry| {
            register(registry, graph());
            ObjectBuilder::new("Entities", root_fields(graph())).rust_typename(std::any::type_name::<Self>()).build()
        })
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        async_graphql::resolver_utils::resolve_container(ctx, self).await
    }
}

impl ContainerType for Entities {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let name = ctx.item.node.name.node.as_str();
        if name.starts_with("__") {
            return no_introspection(ctx, name);
        }
        let Some(root) = find(name) else { return Ok(None) };
        let mut renderer = Renderer::new(path_of(ctx), ctx.item.pos);
        let value = match resolve(ctx, &root, &mut renderer).await {
            Ok(value) => value,
            Err(error) => {
                refusals::tell(ctx, &error).await;
                if error.code() == Code::RateLimited {
                    ctx.insert_http_header("retry-after", "1");
                }
                ctx.add_error(error.into_server_error(Some(ctx.item.pos), path_of(ctx)));
                Value::Null
            }
        };
        renderer.errors.into_iter().for_each(|error| ctx.add_error(error));
        Ok(Some(value))
    }
}

/// The library asks here for `__schema` and `__type` only when this request may not introspect. A type that may not be
/// looked at is like one that is not there: null, which is what `__type` answers then.
fn no_introspection(ctx: &Context<'_>, name: &str) -> ServerResult<Option<Value>> {
    if name != "__schema" {
        return Ok(Some(Value::Null));
    }
    let off = |_| Error::refused(Code::Forbidden, "Introspection is turned off here.");
    Err(super::reader(ctx).map_or_else(|error| error, off).into_server_error(Some(ctx.item.pos), path_of(ctx)))
}

/// A root field.
enum Root {
    Node,
    Nodes,
    One(&'static Descriptor),
    List(&'static Descriptor),
    Report(&'static Report),
}

fn find(name: &str) -> Option<Root> {
    match name {
        "node" => return Some(Root::Node),
        "nodes" => return Some(Root::Nodes),
        _ => {}
    }
    let entity = graph().all().find_map(|of| match name {
        name if name == of.single => Some(Root::One(of)),
        name if name == of.plural => Some(Root::List(of)),
        _ => None,
    });
    entity.or_else(|| graph().reports.iter().find(|report| report.name == name).map(Root::Report))
}

async fn resolve(ctx: &Context<'_>, root: &Root, renderer: &mut Renderer) -> Result<Value> {
    let reader = super::reader(ctx)?;
    let planner = Planner { reader, env: ctx.query_env };
    let args = arguments(ctx.query_env, &ctx.item.node)?;
    match root {
        Root::Node => match graph().parse_id(args.get("id").and_then(text_of).unwrap_or_default()) {
            Some((of, id)) => one(ctx, &planner, of, id, renderer).await,
            None => Ok(Value::Null),
        },
        Root::One(of) => match parse_id_of(of, args.get("id").and_then(text_of).unwrap_or_default()) {
            Some(id) => one(ctx, &planner, of, id, renderer).await,
            None => Ok(Value::Null),
        },
        Root::Nodes => nodes(ctx, &planner, &args, renderer).await,
        Root::List(of) => {
            let below = [&ctx.item.node.selection_set.node];
            let connection = planner.connection(of, None, &args, &below)?;
            let list = load_list(reader, &connection, Of::All).await?;
            Ok(renderer.list(&connection, &list, Uuid::nil()))
        }
        Root::Report(report) => {
            let plan = planner.out(&report.out, &[&ctx.item.node.selection_set.node])?;
            let args = with_defaults(&report.args, &args);
            let out = (report.load)(Ask { reader, ids: &[], args: &args }).await?;
            let answers = name_rows(reader, &plan, [(Uuid::nil(), out)].into()).await?;
            Ok(renderer.answer(&plan, &answers, Uuid::nil()))
        }
    }
}

async fn one(
    ctx: &Context<'_>,
    planner: &Planner<'_>,
    of: &'static Descriptor,
    id: Uuid,
    renderer: &mut Renderer,
) -> Result<Value> {
    if !planner.reader.may_read(of) {
        // A closed kind looks like a row that is not there.
        return Ok(Value::Null);
    }
    let (level, object) = planner.level(of, &[&ctx.item.node.selection_set.node])?;
    let loaded = load(planner.reader, &level, Of::Ids(&[id]), None).await?;
    let row = loaded.rows.get(&Uuid::nil()).and_then(|rows| rows.first());
    Ok(row.map_or(Value::Null, |row| renderer.object(&object, &level, &loaded, row)))
}

/// Rows of any entities: one statement for each entity among them.
async fn nodes(ctx: &Context<'_>, planner: &Planner<'_>, args: &Args, renderer: &mut Renderer) -> Result<Value> {
    let ids = args.get("ids").map(items).unwrap_or_default();
    if ids.len() as u64 > NESTED_PAGE {
        return Err(Error::bad_input(format!("ids: at most {NESTED_PAGE}.")));
    }
    let wanted: Vec<_> = ids.iter().map(|id| text_of(id).and_then(|id| graph().parse_id(id))).collect();
    let mut answers = vec![Value::Null; wanted.len()];
    for of in graph().all().filter(|of| planner.reader.may_read(of)) {
        let places = wanted.iter().enumerate().filter_map(|(at, wanted)| match wanted {
            Some((named, id)) if named.kind == of.kind => Some((at, *id)),
            _ => None,
        });
        let places: Vec<_> = places.collect();
        if places.is_empty() {
            continue;
        }
        let (level, object) = planner.level(of, &[&ctx.item.node.selection_set.node])?;
        let ids: Vec<_> = places.iter().map(|(_, id)| *id).collect();
        let loaded = load(planner.reader, &level, Of::Ids(&ids), None).await?;
        let rows = loaded.rows.get(&Uuid::nil()).map(Vec::as_slice).unwrap_or_default();
        for (at, id) in places {
            let row = rows.iter().find(|row| row.get(level.id).and_then(crate::store::row::Cell::id) == Some(id));
            if let (Some(row), Some(answer)) = (row, answers.get_mut(at)) {
                *answer = renderer.item(at, |renderer| renderer.object(&object, &level, &loaded, row));
            }
        }
    }
    Ok(Value::List(answers))
}

//! The plain mutations of every entity: `createDeal`, `updateDeal`, `assignDeal`, `deleteDeal`, …

use std::borrow::Cow;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::Field;
use async_graphql::registry::{MetaTypeId, ObjectBuilder, Registry};
use async_graphql::{ContainerType, Context, ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value};
use futures_util::FutureExt;
use uuid::Uuid;

use super::batch::{Options, batch, whole};
use super::mutation::{Outcome, many_value, once, payload_value, register_many_payload, register_payload};
use super::pick::{arguments, path_of};
use super::register::{capital, is_owner, mutation_fields};
use super::schema::GRAPH;
use super::value::{empty, parse, parse_money, text_of};
use crate::access::Action;
use crate::error::{Error, Mistake, Result};
use crate::store::Tx;
use crate::store::descriptor::{Currency, Descriptor, Given, Key, Shape, Source, Writes, parse_id_of};

/// The part of the mutation root that the declarations make.
#[derive(Default)]
pub struct PlainMutations;

impl OutputType for PlainMutations {
    fn type_name() -> Cow<'static, str> {
        "PlainMutations".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Object, |registry| {
            for of in GRAPH.all() {
                register_payload(registry, of);
                if of.writes.is_some() {
                    register_many_payload(registry, of);
                }
            }
            let fields = mutation_fields(registry, &GRAPH);
            ObjectBuilder::new("PlainMutations", fields).rust_typename(std::any::type_name::<Self>()).build()
        })
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        async_graphql::resolver_utils::resolve_container_serial(ctx, self).await
    }
}

impl ContainerType for PlainMutations {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let Some(plain) = find(ctx.item.node.name.node.as_str()) else { return Ok(None) };
        let set = ctx.with_selection_set(&ctx.item.node.selection_set);
        let done = if plain.many { plain.run_many(ctx).await } else { plain.run(ctx).await.map(Done::One) };
        Ok(Some(match done {
            Ok(Done::One(outcome)) => payload_value(&set, plain.of, &outcome, ctx.item).await,
            Ok(Done::Many(results, mistakes)) => many_value(&set, plain.of, &results, &mistakes, ctx.item).await,
            Err(error) => {
                ctx.add_error(error.into_server_error(Some(ctx.item.pos), path_of(ctx)));
                Value::Null
            }
        }))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Create,
    Update,
    Assign,
    Delete,
}

/// What a plain mutation did.
enum Done {
    One(Outcome),
    Many(Vec<Outcome>, Vec<Mistake>),
}

/// A plain mutation: of one row, or of many.
#[derive(Clone, Copy)]
struct Plain {
    verb: Verb,
    of: &'static Descriptor,
    writes: &'static Writes,
    many: bool,
}

fn find(name: &str) -> Option<Plain> {
    let verbs =
        [("create", Verb::Create), ("update", Verb::Update), ("assign", Verb::Assign), ("delete", Verb::Delete)];
    let (verb, rest) = verbs.iter().find_map(|(start, verb)| Some((*verb, name.strip_prefix(start)?)))?;
    let (of, many) = match GRAPH.named(rest) {
        Some(of) => (of, false),
        None => (GRAPH.all().find(|of| capital(of.plural) == rest)?, true),
    };
    let writes = of.writes.as_ref()?;
    let exists = match verb {
        Verb::Create => writes.create,
        Verb::Update => writes.update,
        Verb::Assign => writes.update && of.link("owner").is_some(),
        Verb::Delete => writes.delete,
    };
    exists.then_some(Plain { verb, of, writes, many })
}

impl Plain {
    async fn run(self, ctx: &Context<'_>) -> Result<Outcome> {
        let input = input(ctx)?;
        super::reader(ctx)?;
        let key = key_in(&input).map(str::to_owned);
        once(ctx, key.as_deref(), |tx| self.write(tx, input).boxed()).await
    }

    async fn run_many(self, ctx: &Context<'_>) -> Result<Done> {
        let mut input = input(ctx)?;
        let items = match input.swap_remove("items") {
            Some(Value::List(items)) => items,
            Some(one) => vec![one],
            None => Vec::new(),
        };
        let item = |item: Value| match &item {
            Value::Object(fields) => (key_in(fields).map(str::to_owned), item),
            _ => (None, item),
        };
        let atomic = input.get("atomic") == Some(&Value::Boolean(true));
        let options = Options { key: key_in(&input).map(str::to_owned), atomic };
        let items = items.into_iter().map(item).collect();
        let outcome = batch(ctx, items, options, Value::to_string, |tx, item| self.write_item(tx, item).boxed()).await;
        whole(outcome).map(|(results, mistakes)| Done::Many(results, mistakes))
    }

    async fn write_item(self, tx: &Tx, item: Value) -> Result<Outcome> {
        let Value::Object(input) = item else { return Err(Error::bad_input("items: expected objects.")) };
        self.write(tx, input).await
    }

    async fn write(self, tx: &Tx, input: IndexMap<Name, Value>) -> Result<Outcome> {
        let (Self { verb, of, writes, .. }, input) = (self, &input);
        let id = match verb {
            Verb::Create => (writes.insert)(tx, given(of, input, verb)?).await?,
            Verb::Update | Verb::Assign => {
                let action = if verb == Verb::Update { Action::Update } else { Action::Assign };
                let (id, version) = target(of, input)?;
                (writes.change)(tx, id, action, version, given(of, input, verb)?).await?;
                id
            }
            Verb::Delete => {
                let (id, version) = target(of, input)?;
                (writes.remove)(tx, id, version).await?;
                id
            }
        };
        Ok(Outcome { id: Some(id), mistakes: Vec::new() })
    }
}

fn input(ctx: &Context<'_>) -> Result<IndexMap<Name, Value>> {
    match arguments(ctx.query_env, &ctx.item.node)?.swap_remove("input") {
        Some(Value::Object(input)) => Ok(input),
        _ => Err(Error::bad_input("input: expected an object.")),
    }
}

fn key_in(input: &IndexMap<Name, Value>) -> Option<&str> {
    input.get("idempotencyKey").and_then(text_of)
}

fn target(of: &Descriptor, input: &IndexMap<Name, Value>) -> Result<(Uuid, i32)> {
    let text = input.get("id").and_then(text_of).unwrap_or_default();
    let id = parse_id_of(of, text).ok_or_else(|| Error::not_found(format!("{} {text:.60}", of.name)))?;
    let version = match input.get("expectedVersion") {
        Some(Value::Number(number)) => number.as_i64().and_then(|number| i32::try_from(number).ok()),
        _ => None,
    };
    Ok((id, version.ok_or_else(|| Error::bad_input("expectedVersion: expected the version of the row."))?))
}

/// The given fields by column. Only what the declaration takes is taken.
fn given(of: &'static Descriptor, input: &IndexMap<Name, Value>, verb: Verb) -> Result<Given> {
    let mut given = Given { values: Vec::new(), reason: input.get("reason").and_then(text_of).map(str::to_owned) };
    let mut missing = Vec::new();
    for field in &of.fields {
        let Some(value) = input.get(field.name.as_str()) else {
            if verb == Verb::Create && field.input.required {
                missing.push(required(&field.name));
            }
            continue;
        };
        take(&mut given, of, field, value)?;
    }
    for link in &of.links {
        let Key::One(column) = link.key else { continue };
        let name = format!("{}Id", link.name);
        let taken = verb != Verb::Assign || is_owner(link);
        match input.get(name.as_str()) {
            Some(value) if taken => {
                let target = GRAPH.of(link.to);
                let id = if *value == Value::Null {
                    empty(Shape::Id)
                } else {
                    parse(Shape::Id, value, Some(target), &name)?
                };
                given.values.push((name, column, id));
            }
            None if verb == Verb::Create && link.input.required => missing.push(required(&name)),
            _ => {}
        }
    }
    if missing.is_empty() { Ok(given) } else { Err(Error::Invalid(missing)) }
}

fn take(
    given: &mut Given,
    of: &'static Descriptor,
    field: &'static crate::store::descriptor::Field,
    value: &Value,
) -> Result<()> {
    let name = || field.name.clone();
    match field.source {
        Source::Money(amount, currency) => {
            let Currency::Column(currency) = currency else { return Ok(()) };
            if *value == Value::Null {
                given.values.push((name(), amount, empty(Shape::Money)));
                return Ok(());
            }
            let (minor, code) = parse_money(value, &field.name)?;
            given.values.push((name(), amount, sea_orm::Value::BigInt(Some(minor))));
            given.values.push((name(), currency, sea_orm::Value::from(code)));
        }
        Source::Column(column) => {
            let parsed = if *value == Value::Null {
                empty(field.shape)
            } else {
                parse(field.shape, value, Some(of), &field.name)?
            };
            given.values.push((name(), column, parsed));
        }
        Source::Sql(_) => {}
    }
    Ok(())
}

fn required(field: &str) -> Mistake {
    Mistake::new("REQUIRED", field, format!("{field} is required."))
}

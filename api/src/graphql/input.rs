//! The plain mutations of every entity: `createDeal`, `updateDeal`, `assignDeal`, `deleteDeal`, …

use std::borrow::Cow;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::Field as Selected;
use async_graphql::registry::{MetaTypeId, ObjectBuilder, Registry};
use async_graphql::{ContainerType, Context, ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value};
use futures_util::FutureExt;
use uuid::Uuid;

use super::batch::{Options, batch, items_of, whole};
use super::cell::graph;
use super::judge::{self, Meaning, Told};
use super::mutation::{Outcome, many_value, once, payload_value, register_many_payload, register_payload};
use super::pick::{arguments, path_of};
use super::register::{capital, is_owner, mutation_fields};
use super::value::{empty, text_of};
use crate::access::Action;
use crate::checks::Checks;
use crate::error::{Error, Mistake, Result};
use crate::spelling::text;
use crate::store::Tx;
use crate::store::descriptor::{
    Currency, Descriptor, Field, Given, Input, Key, Shape, Source, Text, Writes, parse_id_of,
};

/// The part of the mutation root that the declarations make.
#[derive(Default)]
pub struct PlainMutations;

impl OutputType for PlainMutations {
    fn type_name() -> Cow<'static, str> {
        "PlainMutations".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Object, |registry| {
            for of in graph().all() {
                register_payload(registry, of);
                if of.writes.is_some() {
                    register_many_payload(registry, of);
                }
            }
            let fields = mutation_fields(registry, graph());
            ObjectBuilder::new("PlainMutations", fields).rust_typename(std::any::type_name::<Self>()).build()
        })
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Selected>) -> ServerResult<Value> {
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
    Upsert,
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
    let verbs = [
        ("create", Verb::Create),
        ("update", Verb::Update),
        ("upsert", Verb::Upsert),
        ("assign", Verb::Assign),
        ("delete", Verb::Delete),
    ];
    let (start, verb, rest) =
        verbs.iter().find_map(|(start, verb)| Some((*start, *verb, name.strip_prefix(start)?)))?;
    let (of, many) = match graph().named(rest) {
        Some(of) => (of, false),
        None => (graph().all().find(|of| capital(of.plural) == rest)?, true),
    };
    let writes = of.writes.as_ref()?;
    of.plain().any(|(plain, _)| plain == start).then_some(Plain { verb, of, writes, many })
}

/// What a plain mutation is to do.
#[derive(Clone)]
struct Order {
    id: Uuid,
    version: i32,
    given: Given,
}

impl Plain {
    async fn run(self, ctx: &Context<'_>) -> Result<Outcome> {
        super::reader(ctx)?;
        Box::pin(once(ctx, self.told(input(ctx)?), |tx, order| self.write(tx, order).boxed())).await
    }

    async fn run_many(self, ctx: &Context<'_>) -> Result<Done> {
        let outcome = async {
            let mut input = input(ctx)?;
            let mut checks = judge::characters(&input, |field| field == "items");
            let key = judge::key(&input, &mut checks);
            checks.done()?;
            let Value::Object(fields) = &mut input else { return Err(Error::bad_input("input: expected an object.")) };
            let atomic = fields.get("atomic") == Some(&Value::Boolean(true));
            let items = items_of(fields.swap_remove("items")).into_iter().map(|item| self.told(item));
            batch(ctx, items, Options { key, atomic }, |tx, order| self.write(tx, order).boxed()).await
        };
        whole(Box::pin(outcome).await).map(|(results, mistakes)| Done::Many(results, mistakes))
    }

    /// Reads an input.
    fn told(self, value: Value) -> Result<Told<Order>> {
        let (mut letters, mut checks) = (judge::characters(&value, |_| false), Checks::new());
        let key = judge::key(&value, &mut checks);
        let Value::Object(input) = value else { return Err(Error::invalid("INVALID", "", "Expected an object.")) };
        let given = given(self.of, &input, self.verb, &mut checks);
        let version = match input.get("expectedVersion") {
            Some(Value::Number(number)) => number.as_i64().and_then(|number| i32::try_from(number).ok()),
            _ => None,
        };
        let changes = !matches!(self.verb, Verb::Create | Verb::Upsert);
        let versioned = !changes || version.is_some();
        checks.expect(versioned, "REQUIRED", "expectedVersion", "Say which version of the row the change is based on.");
        letters.add_elsewhere(checks);
        letters.done()?;
        let id = if changes { target(self.of, &input)? } else { Uuid::nil() };
        let values: Vec<_> = given.values.iter().filter(|value| !self.goes_without_saying(value)).collect();
        let said = format!("{id} {version:?} {values:?} {:?}", given.reason);
        let meaning = Meaning { said, secrets: Vec::new() };
        Ok(Told { key, input: Order { id, version: version.unwrap_or_default(), given }, meaning })
    }

    /// The choice that a new row gets anyway means the same said and unsaid.
    fn goes_without_saying(self, (field, column, value): &(String, &'static str, sea_orm::Value)) -> bool {
        let is_choice = self.of.field(field).is_some_and(|field| matches!(field.shape, Shape::Choice(_)));
        self.verb == Verb::Create && is_choice && (self.writes.default)(column).as_ref() == Some(value)
    }

    async fn write(self, tx: &Tx, order: Order) -> Result<Outcome> {
        let (Self { verb, writes, .. }, Order { id, version, given }) = (self, order);
        let id = match verb {
            Verb::Create => (writes.insert)(tx, given).await?,
            Verb::Upsert => (writes.put)(tx, given).await?,
            Verb::Update | Verb::Assign => {
                let action = if verb == Verb::Update { Action::Update } else { Action::Assign };
                (writes.change)(tx, id, action, version, given).await?;
                id
            }
            Verb::Delete => {
                (writes.remove)(tx, id, version).await?;
                id
            }
        };
        Ok(Outcome::row(id))
    }
}

fn input(ctx: &Context<'_>) -> Result<Value> {
    Ok(arguments(ctx.query_env, &ctx.item.node)?.swap_remove("input").unwrap_or_default())
}

fn target(of: &Descriptor, input: &IndexMap<Name, Value>) -> Result<Uuid> {
    let text = input.get("id").and_then(text_of).unwrap_or_default();
    parse_id_of(of, text).ok_or_else(|| Error::not_found(format!("{} {text:.60}", of.name)))
}

/// The given fields by column. Only what the declaration takes is taken. What is blank is empty; what is empty is not
/// given to a new row.
fn given(of: &'static Descriptor, input: &IndexMap<Name, Value>, verb: Verb, checks: &mut Checks) -> Given {
    let mut given = Given { values: Vec::new(), reason: None };
    let said = |name: &str, required: bool, checks: &mut Checks| {
        let is_empty = |value: &Value| judge::is_blank(value) || judge::is_blank_money(value);
        let value = input.get(name).map(|value| if is_empty(value) { &Value::Null } else { value });
        match value {
            None | Some(Value::Null) if verb == Verb::Create => {
                checks.expect(!required, "REQUIRED", name, &format!("{name} is required."));
                None
            }
            value => value,
        }
    };
    let takes = |input: Input| match verb {
        Verb::Create => input.create,
        Verb::Update => input.update,
        Verb::Upsert => input.create || input.update,
        Verb::Assign | Verb::Delete => false,
    };
    for field in of.fields.iter().filter(|field| takes(field.input)) {
        let named = verb == Verb::Upsert && matches!(field.name.as_str(), "sourceSystem" | "externalId");
        if named && input.get(field.name.as_str()).is_none_or(judge::is_blank) {
            checks.refuse("REQUIRED", &field.name, format!("{} is required.", field.name));
        } else if let Some(value) = said(&field.name, field.input.required, checks) {
            take(&mut given, of, field, value, checks);
        }
    }
    for link in &of.links {
        let Key::One(column) = link.key else { continue };
        if !(takes(link.input) || verb == Verb::Assign && is_owner(link)) {
            continue;
        }
        let name = format!("{}Id", link.name);
        let id = match said(&name, link.input.required, checks) {
            None => continue,
            Some(Value::Null) => Some(empty(Shape::Id)),
            Some(value) => judge::scalar(Shape::Id, value, Some(graph().of(link.to)), &name, checks),
        };
        given.values.extend(id.map(|id| (name, column, id)));
    }
    if let Some(reason) = input.get("reason").filter(|reason| !matches!(reason, Value::Null)) {
        judge::scalar(Shape::Text(Text::Plain), reason, None, "reason", checks);
        given.reason = text_of(reason).and_then(text::said).map(str::to_owned);
    }
    given
}

fn take(given: &mut Given, of: &'static Descriptor, field: &'static Field, value: &Value, checks: &mut Checks) {
    let name = &field.name;
    match field.source {
        Source::Money(amount, Currency::Column(currency)) => {
            if *value == Value::Null {
                given.values.push((name.clone(), amount, empty(Shape::Money)));
            } else if let Some((minor, code)) = judge::money(value, name, checks) {
                given.values.push((name.clone(), amount, sea_orm::Value::BigInt(Some(minor))));
                given.values.push((name.clone(), currency, sea_orm::Value::from(code)));
            }
        }
        Source::Column(column) => {
            let parsed = match value {
                Value::Null => Some(empty(field.shape)),
                value => judge::scalar(field.shape, value, Some(of), name, checks),
            };
            // What only consisted of characters that cannot be seen is blank as well.
            let parsed = parsed.map(|parsed| match parsed {
                sea_orm::Value::String(Some(text)) if text.is_empty() && field.nullable => empty(field.shape),
                parsed => parsed,
            });
            given.values.extend(parsed.map(|parsed| (name.clone(), column, parsed)));
        }
        Source::Money(..) | Source::Made(..) => {}
    }
}

//! What a client selected: fields merged by response key, fragments followed, arguments with their variables filled in.

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::{ContextBase, Name, Pos, Positioned, Value};

use crate::error::{Error, Result};

/// The parts of a request that selections refer to.
pub type Env = async_graphql::context::QueryEnv;

/// Arguments by name, variables filled in; an argument whose variable was left out is not there.
pub type Args = IndexMap<Name, Value>;

/// Where a field stands: in the answer and in the document.
#[derive(Clone, Debug)]
pub struct Spot {
    /// Under which key it is answered.
    pub key: Name,
    /// Where the document asks for it.
    pub pos: Pos,
}

/// A selected field.
pub struct Picked<'a> {
    /// Where it stands.
    pub spot: Spot,
    /// The field.
    pub name: &'a str,
    /// Its arguments.
    pub args: Args,
    /// What is selected below it, from every place that selects it.
    pub below: Vec<&'a SelectionSet>,
}

/// The fields selected on an object type, in the order of the document.
///
/// # Errors
/// A fragment or variable that validation should have refused.
pub fn pick<'a>(env: &'a Env, sets: &[&'a SelectionSet], type_names: &[&str]) -> Result<Vec<Picked<'a>>> {
    let mut picked: IndexMap<&'a str, Picked<'a>> = IndexMap::new();
    for set in sets {
        gather(env, set, type_names, &mut picked)?;
    }
    Ok(picked.into_values().collect())
}

fn gather<'a>(
    env: &'a Env,
    set: &'a SelectionSet,
    type_names: &[&str],
    picked: &mut IndexMap<&'a str, Picked<'a>>,
) -> Result<()> {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => add(env, field, picked)?,
            Selection::FragmentSpread(spread) => {
                let fragment = env.fragments.get(&spread.node.fragment_name.node);
                let fragment =
                    fragment.ok_or_else(|| Error::bad_input("The document names a fragment it does not define."))?;
                if type_names.contains(&fragment.node.type_condition.node.on.node.as_str()) {
                    gather(env, &fragment.node.selection_set.node, type_names, picked)?;
                }
            }
            Selection::InlineFragment(fragment) => {
                let on = fragment.node.type_condition.as_ref().map(|condition| condition.node.on.node.as_str());
                if on.is_none_or(|on| type_names.contains(&on)) {
                    gather(env, &fragment.node.selection_set.node, type_names, picked)?;
                }
            }
        }
    }
    Ok(())
}

fn add<'a>(env: &'a Env, field: &'a Positioned<Field>, picked: &mut IndexMap<&'a str, Picked<'a>>) -> Result<()> {
    let key = &field.node.response_key().node;
    if let Some(known) = picked.get_mut(key.as_str()) {
        known.below.push(&field.node.selection_set.node);
        return Ok(());
    }
    picked.insert(
        key.as_str(),
        Picked {
            spot: Spot { key: key.clone(), pos: field.pos },
            name: field.node.name.node.as_str(),
            args: arguments(env, &field.node)?,
            below: vec![&field.node.selection_set.node],
        },
    );
    Ok(())
}

/// The arguments of a field.
///
/// # Errors
/// A variable that the operation does not define.
pub fn arguments(env: &Env, field: &Field) -> Result<Args> {
    let mut args = Args::new();
    for (name, value) in &field.arguments {
        if let Some(value) = fill_in(env, &value.node)? {
            args.insert(name.node.clone(), value);
        }
    }
    Ok(args)
}

/// A value with its variables filled in; nothing if it is a variable that was left out.
fn fill_in(env: &Env, value: &async_graphql_value::Value) -> Result<Option<Value>> {
    use async_graphql_value::Value as Given;
    Ok(Some(match value {
        Given::Variable(name) => return variable(env, name),
        Given::List(items) => {
            let items = items.iter().map(|item| Ok(fill_in(env, item)?.unwrap_or_default()));
            Value::List(items.collect::<Result<_>>()?)
        }
        Given::Object(fields) => {
            let mut object = IndexMap::new();
            for (name, value) in fields {
                if let Some(value) = fill_in(env, value)? {
                    object.insert(name.clone(), value);
                }
            }
            Value::Object(object)
        }
        Given::Null => Value::Null,
        Given::Number(number) => Value::Number(number.clone()),
        Given::String(text) => Value::String(text.clone()),
        Given::Boolean(yes) => Value::Boolean(*yes),
        Given::Binary(bytes) => Value::Binary(bytes.clone()),
        Given::Enum(name) => Value::Enum(name.clone()),
    }))
}

fn variable(env: &Env, name: &Name) -> Result<Option<Value>> {
    let definitions = &env.operation.node.variable_definitions;
    let definition = definitions.iter().find(|definition| definition.node.name.node == *name);
    let definition = definition.ok_or_else(|| Error::bad_input(format!("The variable ${name} is not defined.")))?;
    let given = env.variables.get(name).cloned();
    Ok(given.or_else(|| definition.node.default_value.as_ref().map(|value| value.node.clone())))
}

/// The path of a context, for errors.
pub fn path_of<T>(ctx: &ContextBase<'_, T>) -> Vec<async_graphql::PathSegment> {
    ctx.set_error_path(async_graphql::ServerError::new("", None)).path
}

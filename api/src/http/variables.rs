//! Which operation is meant, and do the variables fit its declarations? Answered before anything runs, so that a
//! mistake is a request error and never half an answer.

use async_graphql::parser::types::{
    BaseType, DocumentOperations, ExecutableDocument, OperationDefinition, Type, VariableDefinition,
};
use async_graphql::{Pos, ServerError, Value, Variables};

use super::guard::coded;
use crate::error::Code;

/// The operation that a request means.
///
/// # Errors
/// `BAD_USER_INPUT` when the name is unknown, or missing where there are several.
pub fn chosen<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a OperationDefinition, ServerError> {
    let refused = |message: &str| Err(coded(Code::BadUserInput, message));
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok(&operation.node),
        (DocumentOperations::Single(_), Some(_)) => refused(
            "The document has no operation of that name: its only operation is unnamed. Leave `operationName` out.",
        ),
        (DocumentOperations::Multiple(operations), Some(name)) => match operations.get(name) {
            Some(operation) => Ok(&operation.node),
            None => refused("The document has no operation with the name given in `operationName`."),
        },
        (DocumentOperations::Multiple(operations), None) => match (operations.values().next(), operations.len()) {
            (Some(operation), 1) => Ok(&operation.node),
            _ => refused("The document has several operations: say which one to run in `operationName`."),
        },
    }
}

/// Checks the variables against the declarations of the operation and fills in the defaults.
///
/// # Errors
/// `BAD_USER_INPUT` for each unknown variable, missing required one, and null or built-in scalar that does not fit.
pub fn fit(operation: &OperationDefinition, variables: &mut Variables) -> Result<(), Vec<ServerError>> {
    let declared = || operation.variable_definitions.iter().map(|definition| &definition.node);
    let unknown = variables.keys().filter(|name| declared().all(|definition| definition.name.node != **name));
    let mut mistakes: Vec<ServerError> =
        unknown.map(|name| mistake(None, format!("The operation does not declare a variable `${name}`."))).collect();
    for definition in declared() {
        let name = &definition.name.node;
        match (variables.get(name), &definition.default_value) {
            (Some(value), _) => mistakes.extend(misfit(definition, value)),
            (None, Some(default)) => drop(variables.insert(name.clone(), default.node.clone())),
            (None, None) if definition.var_type.node.nullable => {}
            (None, None) => mistakes.push(required(definition)),
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}

/// Are all variables of built-in scalars, so that [`fit`] has judged their values in full? Otherwise the library, which
/// knows the schema, has to look at the values each time.
pub fn are_judged_by_fit(operation: &OperationDefinition) -> bool {
    fn built_in(declared: &Type) -> bool {
        match &declared.base {
            BaseType::List(item) => built_in(item),
            BaseType::Named(name) => matches!(name.as_str(), "Int" | "Float" | "String" | "Boolean" | "ID"),
        }
    }
    operation.variable_definitions.iter().all(|definition| built_in(&definition.node.var_type.node))
}

fn mistake(at: Option<Pos>, message: String) -> ServerError {
    let mut error = coded(Code::BadUserInput, message);
    error.locations.extend(at);
    error
}

fn required(definition: &VariableDefinition) -> ServerError {
    let (name, declared) = (&definition.name.node, &definition.var_type.node);
    mistake(
        Some(definition.name.pos),
        format!("The variable `${name}` of type `{declared}` is required and was not given."),
    )
}

fn misfit(definition: &VariableDefinition, value: &Value) -> Option<ServerError> {
    let (name, declared) = (&definition.name.node, &definition.var_type.node);
    let reason = reason(declared, value)?;
    Some(mistake(
        Some(definition.name.pos),
        format!("The variable `${name}` of type `{declared}` does not fit: {reason}."),
    ))
}

/// Why a value cannot be of a type, as far as that can be told without the schema.
fn reason(declared: &Type, value: &Value) -> Option<String> {
    if matches!(value, Value::Null) {
        return (!declared.nullable).then(|| format!("`{declared}` may not be null"));
    }
    match (&declared.base, value) {
        (BaseType::List(item), Value::List(values)) => values.iter().find_map(|value| reason(item, value)),
        (BaseType::List(item), value) => reason(item, value),
        (BaseType::Named(name), value) => (!fits(name, value)).then(|| format!("this value is not a valid `{name}`")),
    }
}

/// The built-in scalars; the library judges all others.
fn fits(name: &str, value: &Value) -> bool {
    match (name, value) {
        ("Int", Value::Number(number)) => number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        ("Float", value) => matches!(value, Value::Number(_)),
        ("String", value) => matches!(value, Value::String(_)),
        ("Boolean", value) => matches!(value, Value::Boolean(_)),
        ("ID", Value::Number(number)) => number.is_i64() || number.is_u64(),
        ("ID", value) => matches!(value, Value::String(_)),
        ("Int", _) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn fitted(declarations: &str, variables: &str) -> Result<Variables, String> {
        let document = parse_query(format!("query Q({declarations}) {{ a }}")).unwrap();
        let mut variables = Variables::from_value(serde_json::from_str(variables).unwrap());
        let fit = fit(chosen(&document, None).unwrap(), &mut variables);
        fit.map(|()| variables).map_err(|mistakes| mistakes.into_iter().map(|mistake| mistake.message).collect())
    }

    #[test]
    fn required_variables_must_be_given_and_unknown_ones_are_refused() {
        assert!(fitted("$n: Int!", "{}").unwrap_err().contains("`$n` of type `Int!` is required"));
        assert!(fitted("$n: Int!", r#"{"n":null}"#).unwrap_err().contains("may not be null"));
        assert!(fitted("$n: Int", r#"{"m":1}"#).unwrap_err().contains("`$m`"));
        assert!(fitted("$n: Int", "{}").unwrap().is_empty());
    }

    #[test]
    fn defaults_are_filled_in_but_not_over_a_given_null() {
        assert_eq!(fitted("$n: Int! = 3", "{}").unwrap().get("n"), Some(&Value::from(3)));
        assert_eq!(fitted("$n: Int = 3", r#"{"n":null}"#).unwrap().get("n"), Some(&Value::Null));
    }

    #[test]
    fn built_in_scalars_and_nulls_in_lists_are_judged() {
        for (declared, good, bad) in [
            ("Int", "1", "1.5"),
            ("Int", "-2147483648", "2147483648"),
            ("Float", "1", "\"1\""),
            ("String", "\"1\"", "1"),
            ("Boolean", "true", "\"true\""),
            ("ID", "7", "true"),
            ("[Int!]", "[1]", "[null]"),
            ("[Int]", "[null]", "[\"x\"]"),
            ("[[Int!]!]", "[[1]]", "[null]"),
            ("[Int!]", "1", "{}"),
        ] {
            let with = |value: &str| fitted(&format!("$v: {declared}"), &format!(r#"{{"v":{value}}}"#));
            assert!(with(good).is_ok(), "{declared} {good}");
            assert!(with(bad).is_err(), "{declared} {bad}");
        }
        assert!(fitted("$v: LeadFilter", r#"{"v":{"status":7}}"#).is_ok());
    }

    #[test]
    fn the_operation_is_chosen_by_name_or_because_it_is_the_only_one() {
        let two = parse_query("query A { a } query B { b }").unwrap();
        assert!(chosen(&two, Some("A")).is_ok() && chosen(&two, Some("C")).is_err() && chosen(&two, None).is_err());
        let named = parse_query("query A { a }").unwrap();
        assert!(chosen(&named, None).is_ok());
        let unnamed = parse_query("{ a }").unwrap();
        assert!(chosen(&unnamed, None).is_ok() && chosen(&unnamed, Some("A")).is_err());
    }
}

//! Which operation is meant, and do the variables fit its declarations? Answered before anything runs, so that a
//! mistake is a request error and never half an answer.

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, VariableDefinition};
use async_graphql::{Name, ServerError, Value, Variables};

use super::guard::coded;
use crate::error::Code;
use crate::graphql::validation::types::Types;
use crate::graphql::validation::variables::coerce;

/// The operation that a request means, and its name.
///
/// # Errors
/// `BAD_USER_INPUT` when the name is unknown, or missing where there are several.
pub fn chosen<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<(Option<&'a Name>, &'a OperationDefinition), ServerError> {
    let refused = |message: &str| Err(coded(Code::BadUserInput, message));
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok((None, &operation.node)),
        (DocumentOperations::Single(_), Some(_)) => refused(
            "The document has no operation of that name: its only operation is unnamed. Leave `operationName` out.",
        ),
        (DocumentOperations::Multiple(operations), Some(name)) => match operations.get_key_value(name) {
            Some((name, operation)) => Ok((Some(name), &operation.node)),
            None => refused("The document has no operation with the name given in `operationName`."),
        },
        (DocumentOperations::Multiple(operations), None) => match (operations.iter().next(), operations.len()) {
            (Some((name, operation)), 1) => Ok((Some(name), &operation.node)),
            _ => refused("The document has several operations: say which one to run in `operationName`."),
        },
    }
}

/// Makes the variables fit the declarations of a valid operation and fills in the defaults. Values that it does not
/// declare are left out, as the specification says: some clients send them.
///
/// # Errors
/// `BAD_USER_INPUT` for each missing one, each null where none may be, and each value of the wrong structure.
pub fn fit(
    types: &Types,
    operation: &OperationDefinition,
    takes_no_null: impl Fn(&Name) -> bool,
    variables: &mut Variables,
) -> Result<(), Vec<ServerError>> {
    let mut given = std::mem::take(variables);
    let mut mistakes = Vec::new();
    for definition in operation.variable_definitions.iter().map(|definition| &definition.node) {
        let VariableDefinition { name, var_type, default_value, .. } = definition;
        let name = &name.node;
        match (given.remove(name), default_value) {
            (Some(mut value), _) => {
                if let Err(misfits) = coerce(types, &var_type.node, &mut value) {
                    mistakes.extend(misfits.into_iter().map(|(place, what)| misfit(definition, &place, &what)));
                } else if value == Value::Null && takes_no_null(name) {
                    mistakes.push(misfit(definition, "", "it stands where null may not: leave it out instead"));
                }
                variables.insert(name.clone(), value);
            }
            (None, Some(default)) => drop(variables.insert(name.clone(), default.node.clone())),
            (None, None) if var_type.node.nullable => {}
            (None, None) => mistakes.push(misfit(definition, "", "it is required and was not given")),
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}

fn misfit(definition: &VariableDefinition, place: &str, what: &str) -> ServerError {
    let at = if place.is_empty() { String::new() } else { format!(" at `{place}`") };
    let end = if what.ends_with(['.', '?']) { "" } else { "." };
    let (name, declared) = (&definition.name.node, &definition.var_type.node);
    let message = format!("The variable `${name}` of type `{declared}` does not fit{at}: {what}{end}");
    let mut error = coded(Code::BadUserInput, message);
    error.locations.push(definition.name.pos);
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;
    use crate::http::guard;
    use crate::schema::outline;

    fn document(text: &str) -> ExecutableDocument {
        guard::admit(text, &Limits::default()).unwrap()
    }

    fn fitted(declarations: &str, variables: &str) -> Result<Variables, String> {
        static TYPES: std::sync::LazyLock<Types> = std::sync::LazyLock::new(|| outline().1);
        let document = document(&format!("query Q({declarations}) {{ a }}"));
        let mut variables = Variables::from_value(serde_json::from_str(variables).unwrap());
        let (_, operation) = chosen(&document, None).unwrap();
        let fit = fit(&TYPES, operation, |_| false, &mut variables);
        fit.map(|()| variables).map_err(|mistakes| mistakes.into_iter().map(|mistake| mistake.message).collect())
    }

    #[test]
    fn required_variables_must_be_given_and_undeclared_ones_are_left_out() {
        assert!(fitted("$n: Int!", "{}").unwrap_err().contains("`$n` of type `Int!` does not fit: it is required"));
        assert!(fitted("$n: Int!", r#"{"n":null}"#).unwrap_err().contains("`Int!` takes no null"));
        assert!(fitted("$n: Int", r#"{"m":1}"#).unwrap().is_empty());
        assert!(fitted("$n: Int", "{}").unwrap().is_empty());
    }

    #[test]
    fn defaults_are_filled_in_but_not_over_a_given_null() {
        assert_eq!(fitted("$n: Int! = 3", "{}").unwrap().get("n"), Some(&Value::from(3)));
        assert_eq!(fitted("$n: Int = 3", r#"{"n":null}"#).unwrap().get("n"), Some(&Value::Null));
    }

    #[test]
    fn structure_is_judged_and_scalars_of_our_own_are_not() {
        for (declared, good, bad) in [
            ("Int", "1", "1.5"),
            ("Int", "1.0", "\"1\""),
            ("Int", "-2147483648", "2147483648"),
            ("Float", "1", "\"1\""),
            ("String", "\"1\"", "1"),
            ("Boolean", "true", "\"true\""),
            ("ID", "7", "true"),
            ("ID", "\"7\"", "7.5"),
            ("[Int!]", "[1]", "[null]"),
            ("[Int]", "[null]", "[\"x\"]"),
            ("[[Int!]!]", "[[1]]", "[null]"),
            ("[Int!]", "1", "{}"),
            ("Int", "1", "[1]"),
            ("DealStatus", "\"OPEN\"", "\"open\""),
            ("DealStatus", "null", "7"),
            ("DateTime", "[{\"any\": 7}]", "7 x"),
            ("DealFilter", r#"{"status":{"eq":"OPEN"}}"#, r#"{"status":7}"#),
            ("DealFilter", r#"{"and":{"id":{"eq":"x"}}}"#, r#"{"and":[7]}"#),
            ("CreateCompanyInput", r#"{"name":"A"}"#, "{}"),
        ] {
            let with = |value: &str| {
                let json = format!(r#"{{"v":{value}}}"#);
                serde_json::from_str::<Value>(&json).map_err(|_| String::new())?;
                fitted(&format!("$v: {declared}"), &json)
            };
            assert!(with(good).is_ok(), "{declared} {good}: {:?}", with(good));
            assert!(with(bad).is_err(), "{declared} {bad}");
        }
        let mistakes =
            fitted("$v: DealFilter", r#"{"v":{"statuss":1,"status":{"in":["OPEN","WONN",7]}}}"#).unwrap_err();
        for told in ["Did you mean `status`?", "at `status.in.1`", "Did you mean `WON`?", "at `status.in.2`"] {
            assert!(mistakes.contains(told), "{mistakes}");
        }
    }

    #[test]
    fn the_operation_is_chosen_by_name_or_because_it_is_the_only_one() {
        let two = document("query A { a } query B { b }");
        assert!(chosen(&two, Some("A")).is_ok() && chosen(&two, Some("C")).is_err() && chosen(&two, None).is_err());
        let named = document("query A { a }");
        assert!(chosen(&named, None).is_ok());
        let unnamed = document("{ a }");
        assert!(chosen(&unnamed, None).is_ok() && chosen(&unnamed, Some("A")).is_err());
    }
}

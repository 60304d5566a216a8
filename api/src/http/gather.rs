//! One error for each reason and field of a list, with all its places, and no more than ten of them: whatever is null for
//! a reason can be told from what is empty, in a list of any length.

use async_graphql::indexmap::IndexMap;
use async_graphql::{ErrorExtensionValues, Name, PathSegment, ServerError, Value};

use super::words::code_of;

/// Most errors in one answer.
const MOST_ERRORS: usize = 10;
/// The extension of an answer that had more.
pub const MORE_ERRORS: &str = "moreErrors";

/// Errors of one reason at one field, wherever in a list it stands.
struct Gathered {
    first: ServerError,
    paths: Vec<Vec<PathSegment>>,
}

/// Puts errors together that differ by their places in lists only. The first stands for all: `extensions.count` says
/// how many places there are, `extensions.paths` which. Those above the cap are answered beside: how many, and where.
pub fn gather(errors: Vec<ServerError>) -> (Vec<ServerError>, Option<Value>) {
    let mut gathered: IndexMap<(String, String, usize), Gathered> = IndexMap::new();
    for (number, mut error) in errors.into_iter().enumerate() {
        // Errors without a place are each their own.
        let own = if error.path.is_empty() { number } else { 0 };
        let key = (pattern(&error.path), format!("{} {}", code_of(&error), error.message), own);
        match gathered.get_mut(&key) {
            Some(known) => known.paths.push(std::mem::take(&mut error.path)),
            None => {
                gathered.insert(key, Gathered { paths: vec![error.path.clone()], first: error });
            }
        }
    }
    let mut all: Vec<ServerError> = gathered.into_values().map(Gathered::into_error).collect();
    let more = all.split_off(all.len().min(MOST_ERRORS));
    let told = (!more.is_empty()).then(|| beyond(&more));
    (all, told)
}

/// A path with `*` for every place in a list.
fn pattern(path: &[PathSegment]) -> String {
    let steps: Vec<&str> = path
        .iter()
        .map(|step| match step {
            PathSegment::Field(name) => name.as_str(),
            PathSegment::Index(_) => "*",
        })
        .collect();
    steps.join(".")
}

fn path_value(path: &[PathSegment]) -> Value {
    let step = |step: &PathSegment| match step {
        PathSegment::Field(name) => Value::from(name.as_str()),
        PathSegment::Index(place) => Value::from(*place),
    };
    Value::List(path.iter().map(step).collect())
}

impl Gathered {
    fn into_error(self) -> ServerError {
        let Self { first: mut error, paths } = self;
        if paths.len() > 1 {
            let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
            extensions.set("count", paths.len());
            extensions.set("paths", Value::List(paths.iter().map(|path| path_value(path)).collect()));
        }
        error
    }
}

/// What is told of the errors above the cap: how many they are, and the code and place of each that has a place.
fn beyond(errors: &[ServerError]) -> Value {
    let object = |fields: Vec<(&str, Value)>| {
        Value::Object(fields.into_iter().map(|(name, value)| (Name::new(name), value)).collect())
    };
    let placed = errors.iter().filter(|error| !error.path.is_empty()).map(|error| {
        let extension = |name| Some((name, error.extensions.as_ref()?.get(name)?.clone()));
        let mut fields = vec![("path", path_value(&error.path))];
        fields.extend(["code", "count", "paths"].into_iter().filter_map(extension));
        object(fields)
    });
    object(vec![("count", Value::from(errors.len())), ("errors", Value::List(placed.collect()))])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::error::Code;
    use crate::http::guard::coded;

    fn error(place: usize) -> ServerError {
        let mut error = coded(Code::ForbiddenField, "No.");
        let field = PathSegment::Field(format!("f{}", place % 12));
        error.path = vec![PathSegment::Field("deals".to_owned()), PathSegment::Index(place), field];
        error
    }

    #[test]
    fn places_of_one_field_are_told_by_one_error_and_the_cap_is_told() {
        let (errors, more) = gather((0..48).map(error).collect());
        let errors: Json = serde_json::to_value(&errors).unwrap();
        assert_eq!(errors.as_array().unwrap().len(), MOST_ERRORS);
        assert_eq!(errors[1]["path"], json!(["deals", 1, "f1"]));
        assert_eq!(errors[1]["extensions"]["count"], 4);
        assert_eq!(errors[1]["extensions"]["paths"][3], json!(["deals", 37, "f1"]));
        let more = serde_json::to_value(more.unwrap()).unwrap();
        assert_eq!(more["count"], 2);
        assert_eq!(more["errors"][1]["path"], json!(["deals", 11, "f11"]));
        assert_eq!((&more["errors"][1]["code"], &more["errors"][1]["count"]), (&json!("FORBIDDEN_FIELD"), &json!(4)));
    }

    #[test]
    fn errors_without_a_place_stay_apart_and_are_counted() {
        let (errors, more) = gather((0..50).map(|_| coded(Code::BadUserInput, "No.")).collect());
        assert_eq!(errors.len(), MOST_ERRORS);
        assert_eq!(serde_json::to_value(more.unwrap()).unwrap(), json!({ "count": 40, "errors": [] }));
        assert!(gather(vec![coded(Code::BadUserInput, "No.")]).1.is_none());
    }
}

//! The values that stand in a document: has each the structure of the type that is expected?

use std::collections::HashSet;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{BaseType, Type as Reference};
use async_graphql::{Name, Pos};
use async_graphql_value::Value;

use super::types::{Input, Kind, Type};
use super::{Judge, Use, Uses, meant, quoted};

/// The most values of an enum that are told.
const TOLD: usize = 8;

/// Where a value stands: in the document, in words, and inside of the argument.
pub(super) struct Place {
    pos: Pos,
    what: String,
    path: Vec<String>,
}

impl Place {
    pub(super) fn new(pos: Pos, what: String) -> Self {
        Self { pos, what, path: Vec::new() }
    }

    fn in_words(&self) -> String {
        if self.path.is_empty() { self.what.clone() } else { format!("{} at `{}`", self.what, self.path.join(".")) }
    }
}

impl<'a> Judge<'a> {
    /// The value of an argument or input field.
    pub(super) fn value(
        &mut self,
        value: &Value,
        input: &'a Input,
        one_of: bool,
        place: &mut Place,
        uses: &mut Uses<'a>,
    ) {
        self.typed(value, &input.ty, input.has_default, one_of, place, uses);
    }

    /// A value where a type is expected.
    pub(super) fn typed(
        &mut self,
        value: &Value,
        expected: &'a Reference,
        has_default: bool,
        one_of: bool,
        place: &mut Place,
        uses: &mut Uses<'a>,
    ) {
        match (value, &expected.base) {
            (Value::Variable(name), _) => uses.variables.push(Use {
                name: name.clone(),
                pos: place.pos,
                expected: Some(expected),
                has_default,
                one_of,
            }),
            (Value::Null, _) if expected.nullable => {}
            (Value::Null, _) => self.misfit(place, &format!("`{expected}` takes no null")),
            (Value::List(items), BaseType::List(item)) => {
                for (number, value) in items.iter().enumerate() {
                    place.path.push(number.to_string());
                    self.typed(value, item, false, false, place, uses);
                    place.path.pop();
                }
            }
            // One value stands for a list of it.
            (one, BaseType::List(item)) => self.typed(one, item, false, false, place, uses),
            (one, BaseType::Named(name)) => {
                if let Some(ty) = self.types.named(name) {
                    self.single(one, ty, place, uses);
                }
            }
        }
    }

    fn single(&mut self, value: &Value, ty: &'a Type, place: &mut Place, uses: &mut Uses<'a>) {
        match &ty.kind {
            Kind::Scalar if fits(&ty.name, value) => anything(value, place.pos, uses),
            Kind::Scalar => self.misfit(place, &expectation(&ty.name, kind_of(value))),
            Kind::Enum(values) => match value {
                Value::Enum(name) if values.iter().any(|value| value == name.as_str()) => {}
                Value::Enum(name) => {
                    let hint = self.values_like(name, values);
                    self.misfit(place, &format!("`{}` has no value `{name}`.{hint}", ty.name));
                }
                Value::String(text) if values.contains(text) => {
                    self.misfit(place, &format!("`{}` is an enum: write {text} without quotes", ty.name));
                }
                other => self.misfit(place, &expectation(&ty.name, kind_of(other))),
            },
            Kind::Input { fields, one_of } => match value {
                Value::Object(given) => self.object(given, (ty, fields, *one_of), place, uses),
                other => self.misfit(place, &expectation(&ty.name, kind_of(other))),
            },
            Kind::Composite { .. } => {}
        }
    }

    fn object(
        &mut self,
        given: &IndexMap<Name, Value>,
        (ty, fields, one_of): (&Type, &'a IndexMap<String, Input>, bool),
        place: &mut Place,
        uses: &mut Uses<'a>,
    ) {
        for (name, value) in given {
            let Some(input) = fields.get(name.as_str()) else {
                let hint = self.similar(name, fields.keys().map(String::as_str));
                self.misfit(place, &format!("`{}` has no field `{name}`.{hint}", ty.name));
                anything(value, place.pos, uses);
                continue;
            };
            place.path.push(name.to_string());
            if one_of && *value == Value::Null {
                self.misfit(place, &format!("what is given of `{}` is not null", ty.name));
            } else {
                self.value(value, input, one_of, place, uses);
            }
            place.path.pop();
        }
        let given_names: HashSet<&str> = given.keys().map(Name::as_str).collect();
        for (name, input) in fields.iter().filter(|(_, input)| input.is_required()) {
            if !given_names.contains(name.as_str()) {
                self.misfit(place, &format!("`{}` needs its field `{name}` of type `{}`", ty.name, input.ty));
            }
        }
        if one_of && given.len() != 1 {
            self.misfit(place, &exactly_one(&ty.name));
        }
    }

    fn values_like(&self, given: &str, values: &[String]) -> String {
        let hint = self.similar(given, values.iter().map(String::as_str));
        if !hint.is_empty() || values.len() > TOLD || self.mistakes.len() >= super::HINTED {
            return hint;
        }
        meant(&values.iter().map(|value| quoted(value)).collect::<Vec<_>>())
    }

    fn misfit(&mut self, place: &Place, what: &str) {
        let end = if what.ends_with(['.', '?']) { "" } else { "." };
        self.mistake(&[place.pos], format!("{}: {what}{end}", place.in_words()));
    }
}

/// A value that may be anything: only its variables count.
pub(super) fn anything(value: &Value, pos: Pos, uses: &mut Uses<'_>) {
    match value {
        Value::Variable(name) => {
            uses.variables.push(Use { name: name.clone(), pos, expected: None, has_default: false, one_of: false });
        }
        Value::List(items) => items.iter().for_each(|item| anything(item, pos, uses)),
        Value::Object(fields) => fields.values().for_each(|value| anything(value, pos, uses)),
        _ => {}
    }
}

/// Whether a literal is one of a scalar; the service's own scalars take any.
fn fits(scalar: &str, value: &Value) -> bool {
    match (scalar, value) {
        ("Int", Value::Number(number)) => number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        ("Float", value) => matches!(value, Value::Number(_)),
        ("String", value) => matches!(value, Value::String(_)),
        ("Boolean", value) => matches!(value, Value::Boolean(_)),
        ("ID", Value::Number(number)) => !number.is_f64(),
        ("ID", value) => matches!(value, Value::String(_)),
        ("Int", _) => false,
        _ => true,
    }
}

/// What was expected and what was found, in words that stand for literals and JSON alike.
pub fn expectation(ty: &str, found: &str) -> String {
    if ty == "Int" && found == "a number" {
        return "expected `Int`, a whole number of 32 bits".to_owned();
    }
    format!("expected `{ty}`, found {found}")
}

/// Of an input object that takes exactly one field.
pub fn exactly_one(ty: &str) -> String {
    format!("`{ty}` takes exactly one of its fields")
}

/// What a value is, in words.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Variable(_) => "a variable",
        Value::Null => "null",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Boolean(_) => "true or false",
        Value::Enum(_) => "a name",
        Value::List(_) => "a list",
        Value::Object(_) => "an object",
        Value::Binary(_) => "bytes",
    }
}

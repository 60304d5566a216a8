//! The values of variables as they came in JSON: made to fit their declarations, or refused with all mistakes before
//! anything runs. Custom scalars take anything here; what they hold is judged where it is used.

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{BaseType, Type as Reference};
use async_graphql::{Name, Number, Value};

use super::types::{Input, Kind, Type, Types};
use super::values::{exactly_one, expectation, kind_of};
use super::{hint, meant, quoted};

/// Most mistakes that are looked for in one variable.
const MOST: usize = 20;
/// The most values of an enum that are told.
const TOLD: usize = 8;

/// Makes a value fit a type: whole numbers that were written with a point become whole, numbers that are ids texts.
///
/// # Errors
/// What does not fit, each as its place in the value (empty for the whole of it) and a sentence without its end.
pub fn coerce(types: &Types, expected: &Reference, value: &mut Value) -> Result<(), Vec<(String, String)>> {
    let mut coercion = Coercion { types, path: Vec::new(), mistakes: Vec::new() };
    coercion.value(expected, value);
    if coercion.mistakes.is_empty() { Ok(()) } else { Err(coercion.mistakes) }
}

struct Coercion<'a> {
    types: &'a Types,
    path: Vec<String>,
    mistakes: Vec<(String, String)>,
}

impl<'a> Coercion<'a> {
    fn value(&mut self, expected: &Reference, value: &mut Value) {
        if self.mistakes.len() >= MOST {
            return;
        }
        match (&expected.base, value) {
            (_, Value::Null) if expected.nullable => {}
            (_, Value::Null) => self.mistake(format!("`{expected}` takes no null")),
            (BaseType::List(item), Value::List(values)) => {
                for (number, value) in values.iter_mut().enumerate() {
                    self.path.push(number.to_string());
                    self.value(item, value);
                    self.path.pop();
                }
            }
            // One value stands for a list of it.
            (BaseType::List(item), one) => self.value(item, one),
            (BaseType::Named(name), one) => {
                if let Some(ty) = self.types.named(name) {
                    self.single(ty, one);
                }
            }
        }
    }

    fn single(&mut self, ty: &'a Type, value: &mut Value) {
        match (&ty.kind, value) {
            (Kind::Scalar, value) => {
                if !fits(&ty.name, value) {
                    self.mistake(expectation(&ty.name, kind_of(&value.clone().into_value())));
                }
            }
            (Kind::Enum(values), Value::String(text)) => {
                if !values.contains(text) {
                    let mut hint = hint(text, values.iter().map(String::as_str), quoted);
                    if hint.is_empty() && values.len() <= TOLD {
                        hint = meant(&values.iter().map(|value| quoted(value)).collect::<Vec<_>>());
                    }
                    self.mistake(format!("this is no value of `{}`.{hint}", ty.name));
                }
            }
            (Kind::Input { fields, one_of }, Value::Object(given)) => self.object(ty, fields, *one_of, given),
            (_, other) => self.mistake(expectation(&ty.name, kind_of(&other.clone().into_value()))),
        }
    }

    fn object(
        &mut self,
        ty: &Type,
        fields: &'a IndexMap<String, Input>,
        one_of: bool,
        given: &mut IndexMap<Name, Value>,
    ) {
        for (name, value) in given.iter_mut() {
            let Some(input) = fields.get(name.as_str()) else {
                let hint = hint(name, fields.keys().map(String::as_str), quoted);
                self.mistake(format!("`{}` has no field `{}`.{hint}", ty.name, short(name)));
                continue;
            };
            self.path.push(name.to_string());
            if one_of && *value == Value::Null {
                self.mistake(format!("what is given of `{}` is not null", ty.name));
            } else {
                self.value(&input.ty, value);
            }
            self.path.pop();
        }
        for (name, input) in fields.iter().filter(|(_, input)| input.is_required()) {
            if !given.contains_key(name.as_str()) {
                self.mistake(format!("`{}` needs its field `{name}` of type `{}`", ty.name, input.ty));
            }
        }
        if one_of && given.len() != 1 {
            self.mistake(exactly_one(&ty.name));
        }
    }

    fn mistake(&mut self, what: String) {
        if self.mistakes.len() < MOST {
            self.mistakes.push((self.path.join("."), what));
        }
    }
}

/// A name that a client made up, as far as it is worth telling.
fn short(name: &str) -> &str {
    name.char_indices().nth(40).map_or(name, |(end, _)| name.get(..end).unwrap_or_default())
}

/// Whether a value is one of a scalar; the service's own scalars take any.
fn fits(scalar: &str, value: &mut Value) -> bool {
    match (scalar, &*value) {
        ("Int", Value::Number(number)) => {
            let whole = whole(number);
            if let Some(whole) = whole {
                *value = Value::from(whole);
            }
            whole.is_some()
        }
        ("Float", value) => matches!(value, Value::Number(_)),
        ("String", value) => matches!(value, Value::String(_)),
        ("Boolean", value) => matches!(value, Value::Boolean(_)),
        ("ID", Value::Number(number)) if !number.is_f64() => {
            *value = Value::from(number.to_string());
            true
        }
        ("ID", value) => matches!(value, Value::String(_)),
        ("Int", _) => false,
        _ => true,
    }
}

/// A whole number of 32 bits; JSON may write it with a point.
fn whole(number: &Number) -> Option<i32> {
    let whole = match number.as_i64() {
        Some(whole) => whole,
        None => {
            let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 1e10)?;
            format!("{float:.0}").parse().ok()?
        }
    };
    i32::try_from(whole).ok()
}

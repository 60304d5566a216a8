//! What a mutation is told, judged before anything is done: every value of its input by what stands there, all mistakes at
//! once, each at its field and in our words.
//!
//! The schema lets every value of a custom scalar pass, so that one malformed address refuses neither the other items of
//! a batch nor the other mutations of a document. [`Raw`] keeps an input as it came; [`Raw::told`] reads it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::LazyLock;

use async_graphql::indexmap::IndexMap;
use async_graphql::registry::{MetaField, MetaInputValue, MetaType, Registry};
use async_graphql::{InputType, InputValueResult, Name, Value};
use sea_orm::Value as Sql;

use super::cell::types;
use super::value::{items, parse, parse_money, print_time, scalar_of, text_of};
use crate::checks::Checks;
use crate::error::{Error, Result};
use crate::spelling::text::{self, control};
use crate::store::descriptor::{Descriptor, Shape, Text, parse_id_of};

/// The most characters of an idempotency key.
const LONGEST_KEY: usize = 255;
const KEY: &str = "idempotencyKey";
/// Marks a field of a hand-written input whose text is an internet domain; the schema calls it a String.
const DOMAIN: &str = "domain";

/// An input as it came; for the schema it is a `T`.
#[derive(Clone, Debug)]
pub struct Raw<T> {
    value: Value,
    read_as: PhantomData<fn() -> T>,
}

/// An input that was read.
pub struct Told<I> {
    /// The idempotency key it brings along.
    pub key: Option<String>,
    /// What to do.
    pub input: I,
    /// What it means, however it was written.
    pub meaning: Meaning,
}

/// What an input means: equal for two spellings of the same, different for everything else.
#[derive(Clone, Debug, Default)]
pub struct Meaning {
    /// All of it, apart from secrets.
    pub said: String,
    /// Passwords: told apart like the rest, and never kept in a form that helps to guess them.
    pub secrets: Vec<String>,
}

impl<T: InputType> Raw<T> {
    /// Reads the input.
    ///
    /// # Errors
    /// `Invalid` with every value that is not what its field holds.
    pub fn told(self) -> Result<Told<T>> {
        let ty = T::type_name();
        let (key, value) = judged(&ty, self.value)?;
        let input = T::parse(Some(value)).map_err(|_| Error::invalid("INVALID", "", format!("This is no {ty}.")))?;
        let meaning = meant(&ty, input.to_value());
        Ok(Told { key, input, meaning })
    }
}

/// An input of a type with everything in its place, and its idempotency key.
fn judged(ty: &str, value: Value) -> Result<(Option<String>, Value)> {
    let mut checks = Checks::new();
    let parts = if let Some(Input::Object(parts)) = INPUTS.get(ty) { parts.as_slice() } else { &[] };
    let judged_later = |name: &str| parts.iter().any(|part| part.name == name && part.is_list_of_inputs());
    let mut letters = characters(&value, judged_later);
    let value = read(&format!("{ty}!"), Some(value), "", &mut checks);
    let key = key(&value, &mut checks);
    letters.add_elsewhere(checks);
    letters.done()?;
    Ok((key, value))
}

fn meant(ty: &str, input: Value) -> Meaning {
    let mut secrets = Vec::new();
    let said = conceal(ty, input, &mut secrets).to_string();
    Meaning { said, secrets }
}

impl<T: InputType> InputType for Raw<T> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        Ok(Self { value: value.unwrap_or_default(), read_as: PhantomData })
    }

    /// As it is understood, if it is.
    fn to_value(&self) -> Value {
        let told = Self { value: self.value.clone(), read_as: PhantomData }.told();
        told.map_or_else(|_| self.value.clone(), |told| told.input.to_value())
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// Every text of an input that holds a control character is a mistake at its place, whatever the field holds. Fields that
/// are `judged_later` are left out.
pub fn characters(input: &Value, judged_later: impl Fn(&str) -> bool) -> Checks {
    let mut checks = Checks::new();
    if let Value::Object(fields) = input {
        fields
            .iter()
            .filter(|(name, _)| !judged_later(name))
            .for_each(|(name, value)| letters(value, name, &mut checks));
    }
    checks
}

fn letters(value: &Value, field: &str, checks: &mut Checks) {
    match value {
        Value::String(text) => {
            if let Some(found) = control(text) {
                let code = u32::from(found);
                let message = format!(
                    "{field} has the control character U+{code:04X}: only tabs and ends of lines may stand in a text."
                );
                checks.refuse("INVALID", field, message);
            }
        }
        Value::List(items) => {
            items.iter().enumerate().for_each(|(at, item)| letters(item, &format!("{field}.{at}"), checks));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| letters(value, &format!("{field}.{name}"), checks));
        }
        _ => {}
    }
}

/// The idempotency key in an input object; a blank one is none.
pub fn key(input: &Value, checks: &mut Checks) -> Option<String> {
    let Value::Object(fields) = input else { return None };
    let key = fields.get(KEY).and_then(text_of).filter(|key| text::said(key).is_some())?;
    let fits = key.chars().count() <= LONGEST_KEY;
    checks.expect(fits, "TOO_LONG", KEY, &format!("An idempotency key has at most {LONGEST_KEY} characters."));
    Some(key.to_owned())
}

/// A value of one column, or a mistake at its field. `ids_of` is the entity an id must belong to.
pub fn scalar(
    shape: Shape,
    value: &Value,
    ids_of: Option<&Descriptor>,
    field: &str,
    checks: &mut Checks,
) -> Option<Sql> {
    if let (Shape::Id, Some(of)) = (shape, ids_of) {
        let id = text_of(value).and_then(|text| parse_id_of(of, text));
        checks.expect(id.is_some(), "NOT_FOUND", field, &format!("There is no such {}.", of.name));
        return id.map(|id| Sql::Uuid(Some(id)));
    }
    if let Shape::TextList = shape {
        for (at, item) in items(value).iter().enumerate() {
            scalar(Shape::Text(Text::Plain), item, None, &format!("{field}.{at}"), checks)?;
        }
    }
    match parse(shape, value, ids_of, field) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            checks.refuse("INVALID", field, error.to_string());
            None
        }
    }
}

/// An amount with its currency, or mistakes at its parts.
pub fn money(value: &Value, field: &str, checks: &mut Checks) -> Option<(i64, String)> {
    let Value::Object(parts) = value else {
        checks.refuse("INVALID", field, format!("{field}: expected an amount with its currency."));
        return None;
    };
    let at = |part: &str| format!("{field}.{part}");
    let part = |name: &str| parts.get(name).cloned().unwrap_or_default();
    let currency = scalar(Shape::Text(Text::Currency), &part("currency"), None, &at("currency"), checks);
    let currency = currency.and_then(|currency| if let Sql::String(text) = currency { text } else { None });
    // Where the currency is wrong, the amount is judged by itself.
    let known = currency.clone().unwrap_or_else(|| "EUR".to_owned());
    let whole = [(Name::new("amount"), part("amount")), (Name::new("currency"), Value::from(known))];
    match parse_money(&Value::Object(whole.into_iter().collect()), &at("amount")) {
        Ok(amount) => currency.map(|_| amount),
        Err(error) => {
            checks.refuse("INVALID", &at("amount"), error.to_string());
            None
        }
    }
}

/// Blank fields of a form were left empty.
pub fn is_blank(value: &Value) -> bool {
    matches!(value, Value::String(told) if text::said(told).is_none())
}

/// An amount that was left empty, whatever currency the form had chosen beside it.
pub fn is_blank_money(value: &Value) -> bool {
    let Value::Object(parts) = value else { return false };
    parts.get("amount").is_some_and(is_blank)
}

/// The inputs of hand-written mutations, as far as their values are judged by them.
static INPUTS: LazyLock<HashMap<String, Input>> = LazyLock::new(|| {
    let types = types().types.into_iter();
    let known = types.filter_map(|(name, ty)| match ty {
        MetaType::InputObject { input_fields, .. } => {
            Some((name, Input::Object(input_fields.into_values().map(Part::of).collect())))
        }
        MetaType::Enum { enum_values, .. } => Some((name, Input::Choice(enum_values.into_keys().collect()))),
        _ => None,
    });
    known.collect()
});

enum Input {
    Object(Vec<Part>),
    Choice(Vec<String>),
}

/// A field of an input object.
struct Part {
    name: String,
    ty: String,
    has_default: bool,
    secret: bool,
    is_domain: bool,
}

impl Part {
    fn of(meta: MetaInputValue) -> Self {
        Self {
            has_default: meta.default_value.is_some(),
            secret: meta.is_secret,
            is_domain: meta.tags.iter().any(|tag| tag == DOMAIN),
            name: meta.name,
            ty: meta.ty,
        }
    }

    /// A list of inputs: each is judged where it is done.
    fn is_list_of_inputs(&self) -> bool {
        let item = self.ty.trim_end_matches('!').strip_prefix('[').and_then(|item| item.strip_suffix(']'));
        item.is_some_and(|item| matches!(INPUTS.get(item.trim_end_matches('!')), Some(Input::Object(_))))
    }
}

/// A value of a type as it is understood; what is wrong with it is noted.
fn read(ty: &str, value: Option<Value>, field: &str, checks: &mut Checks) -> Value {
    let (ty, required) = ty.strip_suffix('!').map_or((ty, false), |ty| (ty, true));
    let value = match value {
        None | Some(Value::Null) => {
            checks.expect(!required, "REQUIRED", field, &format!("{field} is required."));
            return Value::Null;
        }
        Some(value) => value,
    };
    if let Some(item) = ty.strip_prefix('[').and_then(|item| item.strip_suffix(']')) {
        let items = if let Value::List(items) = value { items } else { vec![value] };
        let items = items.into_iter().enumerate();
        return Value::List(items.map(|(at, one)| read(item, Some(one), &format!("{field}.{at}"), checks)).collect());
    }
    match INPUTS.get(ty) {
        Some(Input::Object(_)) if ty == "MoneyInput" => {
            money(&value, field, checks);
            value
        }
        Some(Input::Object(parts)) => object(parts, value, field, checks),
        Some(Input::Choice(values)) => {
            let known = text_of(&value).is_some_and(|text| values.iter().any(|value| value == text));
            checks.expect(known, "INVALID", field, &format!("{field}: expected one of {}.", values.join(", ")));
            value
        }
        None => plain(ty, value, field, checks),
    }
}

fn object(parts: &[Part], value: Value, field: &str, checks: &mut Checks) -> Value {
    let Value::Object(mut given) = value else {
        checks.refuse("INVALID", field, format!("{field}: expected an object."));
        return Value::Null;
    };
    let mut understood = IndexMap::new();
    for part in parts {
        let value = given.swap_remove(part.name.as_str());
        if value.is_none() && part.has_default {
            continue;
        }
        let optional = !part.ty.ends_with('!');
        let is_empty = |value: &Value| is_blank(value) || part.ty == "MoneyInput" && is_blank_money(value);
        let value = value.filter(|value| !(optional && is_empty(value)));
        let at = if field.is_empty() { part.name.clone() } else { format!("{field}.{}", part.name) };
        let value = match value {
            Some(value) if part.is_list_of_inputs() => value,
            Some(value) if part.is_domain && !matches!(value, Value::Null) => {
                print(scalar(Shape::Text(Text::Domain), &value, None, &at, checks), value)
            }
            value => read(&part.ty, value, &at, checks),
        };
        understood.insert(Name::new(&part.name), value);
    }
    Value::Object(understood)
}

/// A value of a scalar.
fn plain(ty: &str, value: Value, field: &str, checks: &mut Checks) -> Value {
    const TEXTS: [Text; 8] = [
        Text::Plain,
        Text::Email,
        Text::Phone,
        Text::Url,
        Text::Currency,
        Text::Country,
        Text::TimeZone,
        Text::Language,
    ];
    let shape = match ty {
        "Int" => Shape::Int,
        "Long" => Shape::Long,
        "Boolean" => Shape::Boolean,
        "DateTime" => Shape::DateTime,
        "Date" => Shape::Date,
        _ => match TEXTS.into_iter().find(|text| scalar_of(*text) == ty) {
            Some(text) => Shape::Text(text),
            None => return value,
        },
    };
    print(scalar(shape, &value, None, field, checks), value)
}

/// A value as its column keeps it.
fn print(parsed: Option<Sql>, given: Value) -> Value {
    match parsed {
        Some(Sql::String(text)) => text.map_or(Value::Null, Value::from),
        Some(Sql::ChronoDateTimeUtc(Some(time))) => Value::from(print_time(time)),
        Some(Sql::ChronoDate(Some(day))) => Value::from(day.to_string()),
        _ => given,
    }
}

/// What a mutation is told, in one spelling as far as it is known before the input is read, without secrets and keys.
pub fn told(mutation: &str, input: Option<Value>) -> String {
    let ty = INPUT_OF.get(mutation).map(String::as_str).unwrap_or_default();
    format!("{mutation} {}", conceal(ty, input.unwrap_or_default(), &mut Vec::new()))
}

/// The type of the input of each mutation.
static INPUT_OF: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let Some(MetaType::Object { fields, .. }) = types().types.remove("Mutation") else { return HashMap::new() };
    let input = |field: &MetaField| field.args.get("input").map(|input| input.ty.clone());
    fields.into_iter().filter_map(|(name, field)| Some((name, input(&field)?))).collect()
});

/// Takes the secrets and the keys out of an input, and puts its fields in the order of their declaration.
fn conceal(ty: &str, value: Value, secrets: &mut Vec<String>) -> Value {
    let ty = ty.trim_matches(['[', ']', '!']);
    match (INPUTS.get(ty), value) {
        (Some(Input::Object(_)), Value::List(items)) => {
            Value::List(items.into_iter().map(|item| conceal(ty, item, secrets)).collect())
        }
        (Some(Input::Object(parts)), Value::Object(mut fields)) => {
            let mut concealed = IndexMap::new();
            for part in parts.iter().filter(|part| part.name != KEY) {
                let Some(value) = fields.swap_remove(part.name.as_str()) else { continue };
                if part.secret {
                    secrets.push(format!("{} {value}", part.name));
                } else {
                    concealed.insert(Name::new(&part.name), conceal(&part.ty, value, secrets));
                }
            }
            Value::Object(concealed)
        }
        (_, value) => value,
    }
}

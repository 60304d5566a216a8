//! Values on their way in and out: from GraphQL to the database's types and back, checked by what they are.

use std::sync::{Arc, LazyLock};

use async_graphql::{Name, Number, Value};
use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::Value as Sql;

use super::cell::graph;
use crate::calendar::{YEARS, parse_day, parse_moment};
use crate::error::{Error, Result};
use crate::money;
use crate::spelling::{codes, spell, text};
use crate::store::descriptor::{Descriptor, Out, OutObject, OutType, Shape, Text, parse_id_of};
use crate::store::row::Cell;

impl std::fmt::Debug for Shape {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(&type_name(*self))
    }
}

/// The GraphQL type of a shape, without `!`.
pub fn type_name(shape: Shape) -> String {
    match shape {
        Shape::Id | Shape::AnyId => "ID".into(),
        Shape::Text(text) => scalar_of(text).into(),
        Shape::Int => "Int".into(),
        Shape::Long => "Long".into(),
        Shape::Boolean => "Boolean".into(),
        Shape::DateTime => "DateTime".into(),
        Shape::Date => "Date".into(),
        Shape::Decimal(_) => "Decimal".into(),
        Shape::Money => "Money".into(),
        Shape::Choice(choice) => (choice.name)().into_owned(),
        Shape::TextList => "[String!]".into(),
    }
}

/// The scalar of a kind of text.
pub const fn scalar_of(text: Text) -> &'static str {
    match text {
        Text::Plain | Text::Tag | Text::Domain | Text::Code => "String",
        Text::Email => "EmailAddress",
        Text::Phone => "PhoneNumber",
        Text::Url => "URL",
        Text::Currency => "CurrencyCode",
        Text::Country => "CountryCode",
        Text::TimeZone => "TimeZone",
        Text::Language => "LanguageTag",
    }
}

/// A cell as clients see it.
pub fn render(shape: Shape, cell: &Cell, of: &Descriptor) -> Value {
    match (shape, cell) {
        (_, Cell::Null) => Value::Null,
        (Shape::Decimal(scale), Cell::Int(number)) => Value::from(money::print_decimal(*number, scale)),
        (_, Cell::Id(id)) => Value::from(of.global_id(*id)),
        (Shape::Choice(_), Cell::Text(text)) => Value::Enum(Name::new(text)),
        (_, Cell::Text(text)) => Value::from(text.as_str()),
        (_, Cell::Int(number)) => Value::from(*number),
        (_, Cell::Bool(yes)) => Value::from(*yes),
        (_, Cell::Time(time)) => Value::from(print_time(*time)),
        (_, Cell::Day(day)) => Value::from(day.to_string()),
        // Places in an order stand in cursors only.
        (_, Cell::Bytes(_)) => Value::Null,
        (_, Cell::Json(json)) => Value::from_json(json.clone()).unwrap_or_default(),
    }
}

/// A field of `Money`.
pub fn money_part(minor: impl Into<i128>, currency: &str, part: &str) -> Value {
    match part {
        "amount" => Value::from(money::print_minor(minor, currency)),
        "currency" => Value::from(currency),
        _ => Value::from("Money"),
    }
}

/// `{ amount, currency }` as a value.
pub fn print_minor_value(minor: i64, currency: &str) -> Value {
    let fields = ["amount", "currency"].map(|part| (Name::new(part), money_part(minor, currency, part)));
    Value::Object(fields.into_iter().collect())
}

/// `Money` as a computed answer.
pub fn money_out(minor: impl Into<i128>, currency: &str) -> Out {
    let minor = minor.into();
    Out::Object(vec![
        Out::Value(money_part(minor, currency, "amount")),
        Out::Value(money_part(minor, currency, "currency")),
    ])
}

/// The type of an amount among computed answers.
pub fn money_type(required: bool) -> OutType {
    static MONEY: LazyLock<Arc<OutObject>> = LazyLock::new(|| {
        OutObject::new(
            "Money",
            "An amount of money in one currency.",
            vec![
                (
                    "amount",
                    "The amount in units of the currency, exact, as a decimal string.",
                    OutType::Scalar("Decimal!"),
                ),
                ("currency", "ISO 4217 code of the currency.", OutType::Scalar("CurrencyCode!")),
            ],
        )
    });
    OutType::Object(Arc::clone(&MONEY), required)
}

/// RFC 3339, UTC, with as many digits as it needs.
pub fn print_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// An input value as the database keeps it (an amount comes from [`parse_money`]). `ids_of` is the entity an id must
/// belong to; `what` names the input in the error.
///
/// # Errors
/// BAD_USER_INPUT: it is not what the field holds.
pub fn parse(shape: Shape, value: &Value, ids_of: Option<&Descriptor>, what: &str) -> Result<Sql> {
    let wrong = |expected: &str| Error::bad_input(format!("{what}: expected {expected}."));
    let text = || string_of(value).ok_or_else(|| wrong("a text"));
    match shape {
        Shape::Id => {
            let id = ids_of.and_then(|of| parse_id_of(of, text_of(value)?));
            let name = ids_of.map_or("this type", |of| of.name);
            id.map(|id| Sql::Uuid(Some(id))).ok_or_else(|| wrong(&format!("an id of {name}")))
        }
        Shape::AnyId => {
            let id = text_of(value).and_then(|text| graph().parse_id(text));
            id.map(|(_, id)| Sql::Uuid(Some(id))).ok_or_else(|| wrong("an id"))
        }
        Shape::Text(kind) => {
            let kept = spell(kind, text()?).map_err(|expected| wrong(&expected))?;
            // What a tracker reports in place of a URL is left out.
            Ok(Sql::String(Some(kept).filter(|kept| kind != Text::Url || !kept.is_empty())))
        }
        Shape::Int => int(value)
            .and_then(|number| i32::try_from(number).ok())
            .map(|number| Sql::Int(Some(number)))
            .ok_or_else(|| wrong("a whole number of 32 bits")),
        Shape::Long => {
            int(value).map(|number| Sql::BigInt(Some(number))).ok_or_else(|| wrong("a whole number of 64 bits"))
        }
        Shape::Boolean => match value {
            Value::Boolean(yes) => Ok(Sql::Bool(Some(*yes))),
            _ => Err(wrong("true or false")),
        },
        Shape::DateTime => {
            let expected = || wrong(&format!("a time like 2026-03-01T09:30:00Z ({YEARS})"));
            let time = parse_moment(text()?).ok_or_else(expected)?;
            Ok(Sql::ChronoDateTimeUtc(Some(time)))
        }
        Shape::Date => {
            let day = parse_day(text()?).ok_or_else(|| wrong(&format!("a day like 2026-03-01 ({YEARS})")))?;
            Ok(Sql::ChronoDate(Some(day)))
        }
        Shape::Decimal(scale) => {
            let text = decimal_text(value).ok_or_else(|| wrong("a decimal like \"1.25\""))?;
            let number = money::parse_decimal(&text, scale).map_err(|error| wrong(&format!("a decimal ({error})")))?;
            Ok(Sql::BigInt(Some(number)))
        }
        Shape::Money => Err(wrong("an amount with its currency")),
        Shape::Choice(choice) => {
            let values = (choice.values)();
            let spelled = text_of(value).filter(|text| values.iter().any(|value| value == text));
            spelled.map(Sql::from).ok_or_else(|| wrong(&format!("one of {}", values.join(", "))))
        }
        Shape::TextList => {
            let texts: Option<Vec<_>> = items(value).iter().map(|item| text_of(item).map(str::to_owned)).collect();
            texts
                .map(|texts| Sql::Json(Some(Box::new(serde_json::Value::from(texts)))))
                .ok_or_else(|| wrong("a list of texts"))
        }
    }
}

/// An empty value of the shape's type.
pub fn empty(shape: Shape) -> Sql {
    match shape {
        Shape::Id | Shape::AnyId => Sql::Uuid(None),
        Shape::Text(_) | Shape::Choice(_) => Sql::String(None),
        Shape::Int => Sql::Int(None),
        Shape::Long | Shape::Decimal(_) | Shape::Money => Sql::BigInt(None),
        Shape::Boolean => Sql::Bool(None),
        Shape::DateTime => Sql::ChronoDateTimeUtc(None),
        Shape::Date => Sql::ChronoDate(None),
        Shape::TextList => Sql::Json(None),
    }
}

/// Minor units and currency of `{ amount, currency }`.
///
/// # Errors
/// BAD_USER_INPUT.
pub fn parse_money(value: &Value, what: &str) -> Result<(i64, String)> {
    let Value::Object(fields) = value else {
        return Err(Error::bad_input(format!("{what}: expected an amount with its currency.")));
    };
    let currency = codes::upper(fields.get("currency").and_then(string_of).unwrap_or_default());
    let told = fields.get("amount").unwrap_or(&Value::Null);
    let amount = decimal_text(told).ok_or_else(|| {
        let told: String = told.to_string().chars().take(40).collect();
        Error::bad_input(format!(
            "{what}: expected a text of digits like \"1234.50\" (in quotes, so that it is exact), and there is {told}."
        ))
    })?;
    let minor =
        money::parse_minor(amount.trim(), &currency).map_err(|error| Error::bad_input(format!("{what}: {error}.")))?;
    Ok((minor, currency))
}

/// The items of a list; a single value stands for a list of it.
pub fn items(list: &Value) -> &[Value] {
    if let Value::List(items) = list { items } else { std::slice::from_ref(list) }
}

/// The text of a string: what stands without quotes in a document is no text.
pub fn string_of(value: &Value) -> Option<&str> {
    if let Value::String(text) = value { Some(text) } else { None }
}

/// The text of a string or of an enum value.
pub fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Enum(name) => Some(name.as_str()),
        _ => None,
    }
}

fn int(value: &Value) -> Option<i64> {
    if let Value::Number(number) = value { number.as_i64() } else { None }
}

/// A decimal comes as text; a whole number is taken too.
pub fn decimal_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Number::as_i64(number).map(|number| number.to_string()),
        _ => None,
    }
}

/// A text to look for as it would be kept. One that could not be kept is looked for as it is, and found nowhere.
///
/// # Errors
/// What was expected of any text.
pub fn kept_text(kind: Text, text: &str) -> Result<String, String> {
    let plain = spell(Text::Plain, text)?;
    Ok(spell(kind, &plain).ok().filter(|kept| !kept.is_empty()).unwrap_or(plain))
}

/// A part of a text to look for, without what is not kept of such texts.
///
/// # Errors
/// What was expected of any text.
pub fn kept_part(kind: Text, part: &str) -> Result<String, String> {
    let plain = spell(Text::Plain, part).map(|_| text::part(part))?;
    let kept = match kind {
        Text::Phone => plain.chars().filter(|letter| !" -()./".contains(*letter)).collect(),
        Text::Domain => {
            let whole = plain.trim().to_lowercase();
            let host = whole.split_once("://").map_or(whole.as_str(), |(_, host)| host);
            host.strip_prefix("www.").unwrap_or(host).to_owned()
        }
        Text::Language => plain.trim().replace('_', "-"),
        Text::Email => plain.trim().to_lowercase(),
        Text::Code => plain.split_whitespace().collect::<Vec<_>>().join("-").to_lowercase(),
        Text::Plain | Text::Tag => plain.clone(),
        _ => plain.trim().to_owned(),
    };
    // A part of nothing but what is not kept would be found everywhere.
    Ok(if kept.is_empty() { plain } else { kept })
}

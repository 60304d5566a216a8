//! The scalars as types of hand-written inputs. Their schema entries are made in [`super::register`].

use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    ContextSelectionSet, InputType, InputValueError, InputValueResult, OutputType, Positioned, ServerResult, Value,
};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::cell::graph;
use super::value::{parse, parse_money, print_minor_value, print_time, scalar_of, string_of, text_of};
use crate::calendar::{YEARS, parse_day, parse_moment};
use crate::store::Resource;
use crate::store::descriptor::{Shape, Text, parse_id_of};

/// The id of a row of one entity. An id of another type is as good as one that does not exist: it reads as nil, and
/// the store answers NOT_FOUND.
#[derive(Debug)]
pub struct Id<E> {
    uuid: Uuid,
    entity: PhantomData<fn() -> E>,
}

impl<E> Id<E> {
    /// The row's key.
    pub fn uuid(&self) -> Uuid {
        self.uuid
    }
}

impl<E> Clone for Id<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Id<E> {}

impl<E: Resource> InputType for Id<E> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        "ID".into()
    }

    fn create_type_info(_: &mut Registry) -> String {
        Self::qualified_type_name()
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let value = value.unwrap_or_default();
        let text = text_of(&value).ok_or_else(|| InputValueError::custom("expected an id"))?;
        Ok(Self { uuid: parse_id_of(graph().of(E::KIND), text).unwrap_or_default(), entity: PhantomData })
    }

    fn to_value(&self) -> Value {
        Value::from(graph().of(E::KIND).global_id(self.uuid))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// An amount: minor units of a currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoneyInput {
    /// Minor units.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

impl InputType for MoneyInput {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        "MoneyInput".into()
    }

    fn create_type_info(_: &mut Registry) -> String {
        Self::qualified_type_name()
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let (minor, currency) = parse_money(&value.unwrap_or_default(), "amount")
            .map_err(|error| InputValueError::custom(error.to_string()))?;
        Ok(Self { minor, currency })
    }

    fn to_value(&self) -> Value {
        print_minor_value(self.minor, &self.currency)
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(pub NaiveDate);

impl InputType for Day {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        "Date".into()
    }

    fn create_type_info(_: &mut Registry) -> String {
        Self::qualified_type_name()
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let value = value.unwrap_or_default();
        let day = string_of(&value).and_then(parse_day);
        day.map(Self).ok_or_else(|| InputValueError::custom(format!("expected a day like 2026-03-01 ({YEARS})")))
    }

    fn to_value(&self) -> Value {
        Value::from(self.0.to_string())
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// A moment, taken and spelt like every other moment of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub DateTime<Utc>);

impl InputType for Moment {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        "DateTime".into()
    }

    fn create_type_info(_: &mut Registry) -> String {
        <Self as InputType>::qualified_type_name()
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let value = value.unwrap_or_default();
        let moment = text_of(&value).and_then(parse_moment);
        let expected = || InputValueError::custom(format!("expected a time like 2026-03-01T09:30:00Z ({YEARS})"));
        moment.map(Self).ok_or_else(expected)
    }

    fn to_value(&self) -> Value {
        Value::from(print_time(self.0))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

impl OutputType for Moment {
    fn type_name() -> Cow<'static, str> {
        "DateTime".into()
    }

    fn create_type_info(_: &mut Registry) -> String {
        <Self as OutputType>::qualified_type_name()
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::from(print_time(self.0)))
    }
}

/// Checked texts as input types.
macro_rules! texts {
    ($( $(#[$doc:meta])+ $name:ident = $text:expr; )+) => { $(
        $(#[$doc])+
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(pub String);

        impl InputType for $name {
            type RawValueType = Self;

            fn type_name() -> Cow<'static, str> {
                scalar_of($text).into()
            }

            fn create_type_info(_: &mut Registry) -> String {
                Self::qualified_type_name()
            }

            fn parse(value: Option<Value>) -> InputValueResult<Self> {
                let what = scalar_of($text);
                match parse(Shape::Text($text), &value.unwrap_or_default(), None, what) {
                    Ok(sea_orm::Value::String(text)) => Ok(Self(text.unwrap_or_default())),
                    Ok(_) => Err(InputValueError::custom("expected a text")),
                    Err(error) => Err(InputValueError::custom(error.to_string())),
                }
            }

            fn to_value(&self) -> Value {
                Value::from(self.0.as_str())
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }
        }

        impl $name {
            /// The text, if it says anything.
            pub fn said(self) -> Option<String> {
                (!self.0.is_empty()).then_some(self.0)
            }
        }
    )+ };
}

texts! {
    /// An e-mail address in lower case.
    EmailAddress = Text::Email;
    /// A telephone number: E.164, or national digits that wait for their country.
    PhoneNumber = Text::Phone;
    /// An absolute URL; blank if what was told is none.
    Url = Text::Url;
    /// An ISO 4217 code.
    CurrencyCode = Text::Currency;
    /// An ISO 3166-1 alpha-2 code.
    CountryCode = Text::Country;
    /// An IANA time zone.
    TimeZone = Text::TimeZone;
    /// A BCP 47 tag.
    LanguageTag = Text::Language;
    /// The internet domain of a company, in lower case.
    DomainName = Text::Domain;
    /// Any text that fits: at most 10,000 characters.
    Words = Text::Plain;
}

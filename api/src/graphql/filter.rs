//! Reads filters, orders and pages from arguments.

use async_graphql::Value;
use chrono::{DateTime, Months, TimeDelta, Utc};
use sea_orm::Value as Sql;

use super::pick::Args;
use super::value::{parse, parse_money, text_of};
use crate::error::{Error, Result};
use crate::money;
use crate::store::descriptor::{Descriptor, Field, Graph, Key as LinkKey, Shape};
use crate::store::filter::{Comparison, Filter, Quantifier, Test};
use crate::store::page::{self, Key, Page};

/// How deep filters may nest.
const DEEPEST: usize = 8;
/// How many values an `in` list takes.
const LONGEST_LIST: usize = 1_000;
/// How long a text to look for may be.
const LONGEST_NEEDLE: usize = 500;
/// How many keys an order takes.
const MOST_KEYS: usize = 3;
/// Rows of a page that does not say how many.
pub const DEFAULT_PAGE: u64 = 25;
/// Rows of a page inside another list.
pub const NESTED_PAGE: u64 = 100;
/// Rows of a page at the root.
pub const ROOT_PAGE: u64 = 500;

/// What filters may refer to.
#[derive(Clone, Copy)]
pub struct Terms {
    /// All entities.
    pub graph: &'static Graph,
    /// Now, for relative dates.
    pub now: DateTime<Utc>,
}

impl Terms {
    /// Reads a filter of an entity.
    ///
    /// # Errors
    /// BAD_USER_INPUT with the place in the filter.
    pub fn filter(&self, of: &'static Descriptor, value: &Value) -> Result<Filter> {
        self.object(of, value, "filter", 0)
    }

    fn object(&self, of: &'static Descriptor, value: &Value, at: &str, depth: usize) -> Result<Filter> {
        let Value::Object(entries) = value else {
            return Err(Error::bad_input(format!("{at}: expected a {}Filter.", of.name)));
        };
        if depth >= DEEPEST {
            return Err(Error::bad_input(format!("{at}: filters nest at most {DEEPEST} deep.")));
        }
        let mut parts = Vec::with_capacity(entries.len());
        for (name, value) in entries.iter().filter(|(_, value)| **value != Value::Null) {
            let at = format!("{at}.{name}");
            parts.push(match name.as_str() {
                "and" => Filter::And(self.objects(of, value, &at, depth)?),
                "or" => Filter::Or(self.objects(of, value, &at, depth)?),
                "not" => Filter::Not(Box::new(self.object(of, value, &at, depth + 1)?)),
                name => self.member(of, name, value, &at, depth)?,
            });
        }
        Ok(Filter::And(parts))
    }

    fn objects(&self, of: &'static Descriptor, value: &Value, at: &str, depth: usize) -> Result<Vec<Filter>> {
        let one = std::slice::from_ref(value);
        let items = if let Value::List(items) = value { items.as_slice() } else { one };
        items.iter().map(|item| self.object(of, item, at, depth + 1)).collect()
    }

    fn member(&self, of: &'static Descriptor, name: &str, value: &Value, at: &str, depth: usize) -> Result<Filter> {
        if let Some(field) = of.field(name) {
            return self.tests(of, field, value, at);
        }
        let Some(link) = of.link(name) else {
            return Err(Error::bad_input(format!("{at}: {} has no such field to filter by.", of.name)));
        };
        let to = self.graph.of(link.to);
        if let LinkKey::One(_) = link.key {
            return Ok(Filter::One(link, Box::new(self.object(to, value, at, depth + 1)?)));
        }
        let Value::Object(entries) = value else {
            return Err(Error::bad_input(format!("{at}: expected some, none or every.")));
        };
        let mut parts = Vec::new();
        for (quantifier, inner) in entries.iter().filter(|(_, inner)| **inner != Value::Null) {
            let quantifier = match quantifier.as_str() {
                "some" => Quantifier::Some,
                "none" => Quantifier::None,
                "every" => Quantifier::Every,
                _ => return Err(Error::bad_input(format!("{at}: expected some, none or every."))),
            };
            parts.push(Filter::Many(quantifier, link, Box::new(self.object(to, inner, at, depth + 1)?)));
        }
        Ok(Filter::And(parts))
    }

    fn tests(&self, of: &'static Descriptor, field: &'static Field, value: &Value, at: &str) -> Result<Filter> {
        let Value::Object(entries) = value else {
            return Err(Error::bad_input(format!("{at}: expected tests like {{ eq: … }}.")));
        };
        let currency = entries.get("currency").and_then(text_of).map(str::to_owned);
        if let (Shape::Money, None) = (field.shape, &currency)
            && entries.keys().any(|name| name.as_str() != "isNull")
        {
            return Err(Error::bad_input(format!("{at}: say in which `currency` amounts are compared.")));
        }
        let mut parts = Vec::new();
        for (name, value) in entries {
            let at = format!("{at}.{name}");
            parts.extend(
                self.test(of, field, name, value, currency.as_deref(), &at)?
                    .into_iter()
                    .map(|test| Filter::Test(field, test)),
            );
        }
        Ok(Filter::And(parts))
    }

    fn test(
        &self,
        of: &'static Descriptor,
        field: &'static Field,
        name: &str,
        value: &Value,
        currency: Option<&str>,
        at: &str,
    ) -> Result<Vec<Test>> {
        let null = *value == Value::Null;
        let operand = |value: &Value| operand(of, field, value, currency, at);
        let compare = |comparison| Ok(vec![Test::Compare(comparison, operand(value)?, currency.map(str::to_owned))]);
        let text = || {
            let text = text_of(value).filter(|text| text.len() <= LONGEST_NEEDLE).map(str::to_owned);
            text.ok_or_else(|| Error::bad_input(format!("{at}: expected a text of at most {LONGEST_NEEDLE} bytes.")))
        };
        match name {
            "eq" if null => Ok(vec![Test::IsNull(true)]),
            "ne" if null => Ok(vec![Test::IsNull(false)]),
            "currency" if null => Ok(Vec::new()),
            _ if null => Err(Error::bad_input(format!("{at}: use isNull to test for empty fields."))),
            "eq" => compare(Comparison::Eq),
            "ne" => compare(Comparison::Ne),
            "lt" => compare(Comparison::Lt),
            "lte" => compare(Comparison::Lte),
            "gt" => compare(Comparison::Gt),
            "gte" => compare(Comparison::Gte),
            "in" | "notIn" => {
                Ok(vec![Test::In(list(value, at)?.iter().map(operand).collect::<Result<_>>()?, name == "notIn")])
            }
            "contains" => Ok(vec![Test::Contains(text()?)]),
            "startsWith" => Ok(vec![Test::StartsWith(text()?)]),
            "isNull" => Ok(vec![Test::IsNull(*value == Value::Boolean(true))]),
            "currency" => Ok(vec![Test::InCurrency(text()?)]),
            "last" | "next" => self.span(field, name == "last", value, at),
            _ => Err(Error::bad_input(format!("{at}: no such test."))),
        }
    }

    /// `last: { days: 30 }`: from 30 days ago until now, both ends in.
    fn span(&self, field: &Field, back: bool, value: &Value, at: &str) -> Result<Vec<Test>> {
        let wrong = || Error::bad_input(format!("{at}: expected one span like {{ days: 30 }}."));
        let Value::Object(entries) = value else { return Err(wrong()) };
        let given: Vec<_> = entries.iter().filter(|(_, value)| **value != Value::Null).collect();
        let [(unit, Value::Number(number))] = given.as_slice() else { return Err(wrong()) };
        let number = number.as_u64().and_then(|number| u32::try_from(number).ok()).ok_or_else(wrong)?;
        let moved = shift(self.now, unit.as_str(), number, back).ok_or_else(wrong)?;
        let (from, to) = if back { (moved, self.now) } else { (self.now, moved) };
        let bound = |time: DateTime<Utc>| match field.shape {
            Shape::Date => Sql::ChronoDate(Some(time.date_naive())),
            _ => Sql::ChronoDateTimeUtc(Some(time)),
        };
        Ok(vec![Test::Compare(Comparison::Gte, bound(from), None), Test::Compare(Comparison::Lte, bound(to), None)])
    }

    /// Reads `orderBy`; the entity's own order if there is none.
    ///
    /// # Errors
    /// BAD_USER_INPUT.
    pub fn order(&self, of: &'static Descriptor, args: &Args) -> Result<Vec<Key>> {
        let given = args.get("orderBy").filter(|value| **value != Value::Null);
        let Some(given) = given else {
            let (name, descending) = of.order;
            return Ok(of
                .field(name)
                .map(|field| Key { field, descending })
                .into_iter()
                .filter(|key| key.field.name != "id")
                .collect());
        };
        let items = list(given, "orderBy")?;
        if items.len() > MOST_KEYS {
            return Err(Error::bad_input(format!("orderBy: at most {MOST_KEYS} keys.")));
        }
        items.iter().map(|item| order_key(of, item)).collect()
    }

    /// Reads `first`, `last`, `after` and `before`.
    ///
    /// # Errors
    /// BAD_USER_INPUT.
    pub fn page(&self, of: &Descriptor, args: &Args, order: &[Key], most: u64) -> Result<Page> {
        let number = |name: &str| match args.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => match number.as_u64() {
                Some(number) if number <= most => Ok(Some(number)),
                _ => Err(Error::bad_input(format!("{name}: expected 0 to {most} rows here."))),
            },
            Some(_) => Err(Error::bad_input(format!("{name}: expected a whole number."))),
        };
        let (first, last) = (number("first")?, number("last")?);
        if first.is_some() && last.is_some() {
            return Err(Error::bad_input("Give either first or last."));
        }
        let name = order_name(of, order);
        let cursor = |arg: &str| match args.get(arg) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => page::decode(text_of(value).unwrap_or_default(), &name, order).map(Some),
        };
        Ok(Page {
            limit: first.or(last).unwrap_or(DEFAULT_PAGE.min(most)),
            backward: last.is_some(),
            after: cursor("after")?,
            before: cursor("before")?,
        })
    }
}

/// The name of an order inside its cursors: `Deal:closedAt-,name+`.
pub fn order_name(of: &Descriptor, order: &[Key]) -> String {
    let keys: Vec<_> =
        order.iter().map(|key| format!("{}{}", key.field.name, if key.descending { '-' } else { '+' })).collect();
    format!("{}:{}", of.name, keys.join(","))
}

fn order_key(of: &'static Descriptor, item: &Value) -> Result<Key> {
    let wrong = || {
        Error::bad_input(format!(
            "orderBy: expected keys like {{ field: CREATED_AT, direction: DESC }} of {}.",
            of.name
        ))
    };
    let Value::Object(entries) = item else { return Err(wrong()) };
    let name = entries.get("field").and_then(text_of).ok_or_else(wrong)?;
    let field = of.fields.iter().find(|field| field.sortable && shout(&field.name) == name).ok_or_else(wrong)?;
    let direction = entries.get("direction").and_then(text_of);
    match direction {
        None | Some("ASC") => Ok(Key { field, descending: false }),
        Some("DESC") => Ok(Key { field, descending: true }),
        Some(_) => Err(wrong()),
    }
}

fn operand(of: &'static Descriptor, field: &Field, value: &Value, currency: Option<&str>, at: &str) -> Result<Sql> {
    match (field.shape, currency) {
        (Shape::Money, Some(currency)) => {
            let mut money = async_graphql::indexmap::IndexMap::new();
            money.insert(async_graphql::Name::new("amount"), value.clone());
            money.insert(async_graphql::Name::new("currency"), Value::from(currency));
            parse_money(&Value::Object(money), at).map(|(minor, _)| Sql::BigInt(Some(minor)))
        }
        (Shape::Text(_), _) => {
            // Any text may be looked for, also one that could not be stored.
            let text = text_of(value).ok_or_else(|| Error::bad_input(format!("{at}: expected a text.")))?;
            Ok(Sql::String(Some(text.to_owned())))
        }
        (Shape::Decimal(scale), _) => {
            let text = super::value::decimal_text(value).unwrap_or_default();
            let number =
                money::parse_decimal(&text, scale).map_err(|error| Error::bad_input(format!("{at}: {error}.")))?;
            Ok(Sql::BigInt(Some(number)))
        }
        (shape, _) => parse(shape, value, Some(of), at),
    }
}

fn list<'a>(value: &'a Value, at: &str) -> Result<&'a [Value]> {
    let items = if let Value::List(items) = value { items.as_slice() } else { std::slice::from_ref(value) };
    if items.len() > LONGEST_LIST {
        return Err(Error::bad_input(format!("{at}: at most {LONGEST_LIST} values.")));
    }
    Ok(items)
}

fn shift(now: DateTime<Utc>, unit: &str, number: u32, back: bool) -> Option<DateTime<Utc>> {
    let months = |months: u32| {
        if back { now.checked_sub_months(Months::new(months)) } else { now.checked_add_months(Months::new(months)) }
    };
    let delta = |delta: TimeDelta| if back { now.checked_sub_signed(delta) } else { now.checked_add_signed(delta) };
    match unit {
        "minutes" => delta(TimeDelta::try_minutes(number.into())?),
        "hours" => delta(TimeDelta::try_hours(number.into())?),
        "days" => delta(TimeDelta::try_days(number.into())?),
        "weeks" => delta(TimeDelta::try_weeks(number.into())?),
        "months" => months(number),
        "years" => months(number.checked_mul(12)?),
        _ => None,
    }
}

/// `expectedCloseOn` -> `EXPECTED_CLOSE_ON`.
pub fn shout(name: &str) -> String {
    name.chars().fold(String::with_capacity(name.len() + 4), |mut shouted, letter| {
        if letter.is_ascii_uppercase() {
            shouted.push('_');
        }
        shouted.push(letter.to_ascii_uppercase());
        shouted
    })
}

//! Reads filters, orders and pages from arguments.

use async_graphql::Value;
use chrono::{DateTime, Days, Months, NaiveDateTime, TimeDelta, Utc};
use sea_orm::Value as Sql;
use uuid::Uuid;

use super::pick::Args;
use super::value::{items, kept_part, kept_text, parse, parse_money, text_of};
use crate::calendar::{self, Calendar, YEARS};
use crate::error::{Error, Result};
use crate::money;
use crate::store::bucket::Bucket;
use crate::store::cells;
use crate::store::descriptor::{Descriptor, Field, Graph, Key as LinkKey, Link, Shape, Text};
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
#[derive(Clone)]
pub struct Terms {
    /// All entities.
    pub graph: &'static Graph,
    /// Now, for relative dates.
    pub now: DateTime<Utc>,
    /// Days and clocks where the company is, for relative dates.
    pub calendar: Calendar,
    /// Who asks.
    pub me: Uuid,
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
        for (name, value) in entries {
            let at = format!("{at}.{name}");
            parts.push(match name.as_str() {
                "and" => Filter::And(self.objects(of, value, &at, depth)?),
                "or" => Filter::Or(self.objects(of, value, &at, depth)?),
                "not" => Filter::Not(Box::new(self.object(of, said(value, &at)?, &at, depth + 1)?)),
                "isNull" => Filter::Missing(yes(value, &at)?),
                "me" => self.me(of, yes(value, &at)?),
                "within" => within(of, value, &at)?,
                cells::FIELD => self.cell(of, value, &at)?,
                name => self.member(of, name, value, &at, depth)?,
            });
        }
        Ok(Filter::And(parts))
    }

    /// The rows of a cell. Its own filters nest by themselves.
    fn cell(&self, of: &'static Descriptor, value: &Value, at: &str) -> Result<Filter> {
        let opened = text_of(value).and_then(cells::open).filter(|(name, _)| name == of.name);
        let wrong = || Error::bad_input(format!("{at}: expected the `cell` of figures of {}.", of.plural));
        let (_, filters) = opened.ok_or_else(wrong)?;
        Ok(Filter::And(filters.iter().map(|filter| self.object(of, filter, at, 0)).collect::<Result<_>>()?))
    }

    fn me(&self, of: &'static Descriptor, wanted: bool) -> Filter {
        let test = Test::Compare(Comparison::Eq, Sql::Uuid(Some(self.me)), None);
        let me = Filter::And(of.field("id").map(|id| Filter::Test(id, test)).into_iter().collect());
        if wanted { me } else { Filter::Not(Box::new(me)) }
    }

    fn objects(&self, of: &'static Descriptor, value: &Value, at: &str, depth: usize) -> Result<Vec<Filter>> {
        items(said(value, at)?).iter().map(|item| self.object(of, item, at, depth + 1)).collect()
    }

    fn member(&self, of: &'static Descriptor, name: &str, value: &Value, at: &str, depth: usize) -> Result<Filter> {
        if let Some(field) = of.filterable(name) {
            return self.tests(of, field, value, at);
        }
        let Some(link) = of.link(name) else {
            return Err(Error::bad_input(format!("{at}: {} has no such field to filter by.", of.name)));
        };
        let to = self.graph.of(link.to);
        if *value == Value::Null {
            return Ok(empty(link));
        }
        if let LinkKey::One(_) = link.key {
            return Ok(Filter::One(link, Box::new(self.object(to, value, at, depth + 1)?)));
        }
        let Value::Object(entries) = value else {
            return Err(Error::bad_input(format!("{at}: expected some, none or every.")));
        };
        let mut parts = Vec::new();
        for (quantifier, inner) in entries {
            let inner = said(inner, &format!("{at}.{quantifier}"))?;
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
        if *value == Value::Null {
            return Ok(Filter::Test(field, Test::IsNull(true)));
        }
        let Value::Object(entries) = value else {
            return Err(Error::bad_input(format!("{at}: expected tests like {{ eq: … }}.")));
        };
        let currency = match entries.get("currency") {
            Some(value) if field_is_money(field) && *value != Value::Null => {
                Some(currency_of(value, &format!("{at}.currency"))?)
            }
            _ => None,
        };
        if let (Shape::Money, None) = (field.shape, &currency)
            && entries.iter().any(|(name, value)| name.as_str() != "isNull" && *value != Value::Null)
        {
            return Err(Error::bad_input(format!("{at}: say in which `currency` amounts are compared.")));
        }
        let mut parts = Vec::new();
        for (name, value) in entries {
            let at = format!("{at}.{name}");
            parts.push(self.test(of, field, name, value, currency.as_deref(), &at)?);
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
    ) -> Result<Filter> {
        let null = *value == Value::Null;
        let is = |test| Ok(Filter::Test(field, test));
        let operand = |value: &Value| operand(of, field, value, currency, at);
        let compare = |comparison| is(Test::Compare(comparison, operand(value)?, currency.map(str::to_owned)));
        match name {
            "eq" if null => is(Test::IsNull(true)),
            "ne" if null => is(Test::IsNull(false)),
            "currency" if null => Ok(Filter::And(Vec::new())),
            _ if null => {
                Err(Error::bad_input(format!("{at}: null is no value here; use isNull to test for empty fields.")))
            }
            "eq" => compare(Comparison::Eq),
            "ne" => compare(Comparison::Ne),
            "lt" => compare(Comparison::Lt),
            "lte" => compare(Comparison::Lte),
            "gt" => compare(Comparison::Gt),
            "gte" => compare(Comparison::Gte),
            "in" | "notIn" => {
                is(Test::In(list(value, at)?.iter().map(operand).collect::<Result<_>>()?, name == "notIn"))
            }
            "contains" => is(Test::Contains(needle(field, value, at)?)),
            "startsWith" => is(Test::StartsWith(needle(field, value, at)?)),
            "isNull" => is(Test::IsNull(yes(value, at)?)),
            "currency" => is(Test::InCurrency(currency_of(value, at)?)),
            "last" | "next" => self.span(field, name == "last", value, at),
            "today" => self.within(field, Bucket::Day, value, at),
            "thisWeek" => self.within(field, Bucket::Week, value, at),
            "thisMonth" => self.within(field, Bucket::Month, value, at),
            "thisQuarter" => self.within(field, Bucket::Quarter, value, at),
            "thisYear" => self.within(field, Bucket::Year, value, at),
            "thisFiscalQuarter" => self.within(field, Bucket::FiscalQuarter, value, at),
            "thisFiscalYear" => self.within(field, Bucket::FiscalYear, value, at),
            _ => Err(Error::bad_input(format!("{at}: no such test."))),
        }
    }

    /// `last: { days: 30 }`: from 30 days ago until now, both ends in.
    fn span(&self, field: &'static Field, back: bool, value: &Value, at: &str) -> Result<Filter> {
        let wrong = || Error::bad_input(format!("{at}: expected one span like {{ days: 30 }}."));
        let Value::Object(entries) = value else { return Err(wrong()) };
        let given: Vec<_> = entries.iter().filter(|(_, value)| **value != Value::Null).collect();
        let [(unit, Value::Number(number))] = given.as_slice() else { return Err(wrong()) };
        let number = number.as_u64().and_then(|number| u32::try_from(number).ok()).ok_or_else(wrong)?;
        let moved = self.moved(unit.as_str(), number, back);
        let moved = moved.ok_or_else(|| Error::bad_input(format!("{at}: reaches too far; {YEARS}.")))?;
        let (from, to) = if back { (moved, self.now) } else { (self.now, moved) };
        let bound = |time: DateTime<Utc>| match field.shape {
            Shape::Date => Sql::ChronoDate(Some(self.calendar.day(time))),
            _ => Sql::ChronoDateTimeUtc(Some(time)),
        };
        let tests = [(Comparison::Gte, bound(from)), (Comparison::Lte, bound(to))];
        Ok(all(field, tests))
    }

    /// Now, moved by a span. A day and what is longer is one of the company's calendar; if clocks do not show the time on
    /// that day, it is the next that they show.
    fn moved(&self, unit: &str, number: u32, back: bool) -> Option<DateTime<Utc>> {
        let by = |delta: Option<TimeDelta>| {
            let delta = delta?;
            if back { self.now.checked_sub_signed(delta) } else { self.now.checked_add_signed(delta) }
        };
        let clock = self.calendar.local(self.now);
        let days = |days| {
            let days = Days::new(days);
            self.shown(if back { clock.checked_sub_days(days) } else { clock.checked_add_days(days) })
        };
        let months = |months| {
            let months = Months::new(months);
            self.shown(if back { clock.checked_sub_months(months) } else { clock.checked_add_months(months) })
        };
        let moved = match unit {
            "minutes" => by(TimeDelta::try_minutes(number.into())),
            "hours" => by(TimeDelta::try_hours(number.into())),
            "days" => days(number.into()),
            "weeks" => days(u64::from(number) * 7),
            "months" => months(number),
            "years" => months(number.checked_mul(12)?),
            _ => None,
        };
        moved.and_then(calendar::moment)
    }

    fn shown(&self, clock: Option<NaiveDateTime>) -> Option<DateTime<Utc>> {
        self.calendar.first(clock?)
    }

    /// `thisWeek: true`: in the week that it is where the company is; `false`: any other value, or none.
    fn within(&self, field: &'static Field, bucket: Bucket, value: &Value, at: &str) -> Result<Filter> {
        let wanted = yes(value, at)?;
        let first = bucket.start(self.calendar.day(self.now), self.calendar.fiscal());
        let start = |day: chrono::NaiveDate| match field.shape {
            Shape::Date => Some(Sql::ChronoDate(Some(day))),
            _ => self.calendar.first(day.into()).map(|time| Sql::ChronoDateTimeUtc(Some(time))),
        };
        // A bucket that the calendar ends in has no end of its own.
        let ends = [(Comparison::Gte, Some(first)), (Comparison::Lt, bucket.next(first))];
        let tests = ends.into_iter().filter_map(|(comparison, day)| Some((comparison, start(day?)?)));
        let within = all(field, tests);
        Ok(if wanted { within } else { Filter::Not(Box::new(within)) })
    }

    /// Reads `orderBy`; the entity's own order if there is none.
    ///
    /// # Errors
    /// BAD_USER_INPUT.
    pub fn order(&self, of: &'static Descriptor, args: &Args) -> Result<Vec<Key>> {
        let given = args.get("orderBy").filter(|value| **value != Value::Null);
        let Some(given) = given else {
            let (name, descending) = of.order;
            let field = of.field(name).filter(|field| field.name != "id");
            return Ok(field.into_iter().flat_map(|field| Key::of(field, descending)).collect());
        };
        let items = list(given, "orderBy")?;
        if items.len() > MOST_KEYS {
            return Err(Error::bad_input(format!("orderBy: at most {MOST_KEYS} keys.")));
        }
        let keys = items.iter().map(|item| order_keys(of, item)).collect::<Result<Vec<_>>>()?;
        Ok(keys.into_iter().flatten().collect())
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
            // Clients that keep a cursor in a text begin with an empty one.
            Some(value) if text_of(value) == Some("") => Ok(None),
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

/// The name of an order inside its cursors: `Deal:amount.currency-,amount-,name+`.
pub fn order_name(of: &Descriptor, order: &[Key]) -> String {
    let name = |key: &Key| {
        let part = if key.by_currency { ".currency" } else { "" };
        format!("{}{part}{}", key.field.name, if key.descending { '-' } else { '+' })
    };
    let keys: Vec<_> = order.iter().map(name).collect();
    format!("{}:{}", of.name, keys.join(","))
}

fn order_keys(of: &'static Descriptor, item: &Value) -> Result<impl Iterator<Item = Key> + use<>> {
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
        None | Some("ASC") => Ok(Key::of(field, false)),
        Some("DESC") => Ok(Key::of(field, true)),
        Some(_) => Err(wrong()),
    }
}

/// The reference of a kind to its own rows by which they are parts of each other.
pub fn parent_of(of: &Descriptor) -> Option<&Link> {
    of.links.iter().find(|link| link.to == of.kind && link.name == "parent" && matches!(link.key, LinkKey::One(_)))
}

fn within(of: &'static Descriptor, value: &Value, at: &str) -> Result<Filter> {
    let link = parent_of(of).ok_or_else(|| Error::bad_input(format!("{at}: {} has no parts.", of.name)))?;
    match parse(Shape::Id, value, Some(of), at)? {
        Sql::Uuid(Some(id)) => Ok(Filter::Within(link, id)),
        _ => Err(Error::bad_input(format!("{at}: expected an id."))),
    }
}

/// A reference or a list in which there is nothing that the viewer may see.
fn empty(link: &'static Link) -> Filter {
    let any = Box::new(Filter::And(Vec::new()));
    match link.key {
        LinkKey::One(_) => Filter::Not(Box::new(Filter::One(link, any))),
        LinkKey::Many(_) => Filter::Many(Quantifier::None, link, any),
    }
}

fn all(field: &'static Field, tests: impl IntoIterator<Item = (Comparison, Sql)>) -> Filter {
    let test = |(comparison, value)| Filter::Test(field, Test::Compare(comparison, value, None));
    Filter::And(tests.into_iter().map(test).collect())
}

/// A condition that was left out says nothing; one that is null could be meant to find everything or nothing.
fn said<'a>(value: &'a Value, at: &str) -> Result<&'a Value> {
    if *value == Value::Null {
        return Err(Error::bad_input(format!("{at}: null is no condition; leave it out instead.")));
    }
    Ok(value)
}

fn yes(value: &Value, at: &str) -> Result<bool> {
    match value {
        Value::Boolean(yes) => Ok(*yes),
        _ => Err(Error::bad_input(format!("{at}: expected true or false."))),
    }
}

fn field_is_money(field: &Field) -> bool {
    matches!(field.shape, Shape::Money)
}

fn currency_of(value: &Value, at: &str) -> Result<String> {
    let text = text_of(value).ok_or_else(|| Error::bad_input(format!("{at}: expected a currency code like EUR.")))?;
    kept_text(Text::Currency, text).map_err(|expected| Error::bad_input(format!("{at}: expected {expected}.")))
}

/// A part of a text to look for.
fn needle(field: &Field, value: &Value, at: &str) -> Result<String> {
    let part = text_of(value).filter(|part| part.len() <= LONGEST_NEEDLE);
    let part = part.ok_or_else(|| format!("a text of at most {LONGEST_NEEDLE} bytes"));
    let kind = if let Shape::Text(kind) = field.shape { kind } else { Text::Plain };
    part.and_then(|part| kept_part(kind, part))
        .map_err(|expected| Error::bad_input(format!("{at}: expected {expected}.")))
}

fn operand(of: &'static Descriptor, field: &Field, value: &Value, currency: Option<&str>, at: &str) -> Result<Sql> {
    match (field.shape, currency) {
        (Shape::Money, Some(currency)) => {
            let mut money = async_graphql::indexmap::IndexMap::new();
            money.insert(async_graphql::Name::new("amount"), value.clone());
            money.insert(async_graphql::Name::new("currency"), Value::from(currency));
            parse_money(&Value::Object(money), at).map(|(minor, _)| Sql::BigInt(Some(minor)))
        }
        (Shape::Text(kind), _) => {
            let text = text_of(value).ok_or_else(|| Error::bad_input(format!("{at}: expected a text.")))?;
            let kept =
                kept_text(kind, text).map_err(|expected| Error::bad_input(format!("{at}: expected {expected}.")))?;
            Ok(Sql::String(Some(kept)))
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
    let items = items(value);
    if items.len() > LONGEST_LIST {
        return Err(Error::bad_input(format!("{at}: at most {LONGEST_LIST} values.")));
    }
    Ok(items)
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

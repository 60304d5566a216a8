//! A figure as an argument: `{ sum: { field: AMOUNT_IN_BASE, filter: { status: { eq: WON } } } }`.

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Value};

use super::key::group_value;
use crate::access::Action;
use crate::error::{Error, Result};
use crate::graphql::filter::shout;
use crate::graphql::plan::Planner;
use crate::graphql::value::{decimal_text, text_of};
use crate::money;
use crate::store::descriptor::{Descriptor, Field, Shape};
use crate::store::figures::{Function, Number};
use crate::store::select::BASE;
use crate::store::sql::Sql;

/// The fields whose values can be added up and compared as numbers: amounts only in the base currency.
pub fn numbers(of: &'static Descriptor) -> impl Iterator<Item = &'static Field> {
    of.fields.iter().filter(|field| is_number(field))
}

/// Is it a number in one unit?
pub fn is_number(field: &Field) -> bool {
    match field.shape {
        Shape::Int | Shape::Long => field.name != "version",
        Shape::Decimal(_) => true,
        Shape::Money => field.is_in_base(),
        _ => false,
    }
}

/// In what a number is counted: so many digits of it stand after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit(pub u32);

impl Unit {
    /// The unit of a field's values.
    pub fn of(field: &Field, base: &str) -> Self {
        match field.shape {
            Shape::Money => Self(money::minor_digits(base).unwrap_or(2)),
            Shape::Decimal(scale) => Self(scale),
            _ => Self(0),
        }
    }

    /// So many of the smallest parts, in whole ones.
    pub fn whole(self, parts: f64) -> f64 {
        parts / self.parts()
    }

    fn parts(self) -> f64 {
        10_f64.powi(i32::try_from(self.0).unwrap_or_default())
    }

    /// A sum of smallest parts as a decimal.
    pub fn print(self, parts: f64) -> String {
        #[expect(clippy::cast_possible_truncation, reason = "a sum of whole numbers; exact up to 2^53")]
        money::print_decimal(parts.round() as i128, self.0)
    }

    /// A threshold in whole ones as so many smallest parts.
    ///
    /// # Errors
    /// BAD_USER_INPUT: no number.
    pub fn parse(self, value: &Value, at: &str) -> Result<f64> {
        let plain = |text: &String| text.chars().all(|letter| letter.is_ascii_digit() || "-.".contains(letter));
        let number = decimal_text(value).filter(plain).and_then(|text| text.parse::<f64>().ok());
        let number = number.filter(|number| number.is_finite());
        let number = number.ok_or_else(|| Error::bad_input(format!("{at}: expected a number like \"100000.00\".")))?;
        Ok(number * self.parts())
    }
}

/// A figure that was asked for, read: the number, its unit, and whether numbers of it may be added up.
pub struct Figure {
    /// The number.
    pub number: Number,
    /// Its unit.
    pub unit: Unit,
    /// Is it a count or a sum?
    pub adds_up: bool,
}

/// Reads a figure of rows of an entity.
///
/// # Errors
/// BAD_USER_INPUT with the place; FORBIDDEN_FIELD.
pub fn read(planner: &Planner<'_>, of: &'static Descriptor, value: &Value, at: &str) -> Result<Figure> {
    let wrong = |what: &str| Error::bad_input(format!("{at}: expected {what}."));
    let one = "one figure like { count: {} } or { sum: { field: … } }";
    let Value::Object(entries) = value else { return Err(wrong(one)) };
    let mut given = entries.iter().filter(|(_, value)| **value != Value::Null);
    let (Some((name, Value::Object(input))), None) = (given.next(), given.next()) else { return Err(wrong(one)) };
    let filter = input.get("filter").filter(|value| **value != Value::Null);
    let only = condition(planner, of, filter, at)?;
    let narrowed = |value: Sql| match &only {
        Some(condition) => value.only_where(condition.clone()),
        None => value,
    };
    let field = input.get("field").and_then(text_of);
    let function = match name.as_str() {
        "count" => {
            let number = Number::of(Function::Count, narrowed(Sql::text("1")));
            return Ok(Figure { number, unit: Unit(0), adds_up: true });
        }
        "countDistinct" => {
            let (value, _) = group_value(planner.reader, of, field.unwrap_or_default(), at)?;
            let number = Number::of(Function::CountDistinct, narrowed(value));
            return Ok(Figure { number, unit: Unit(0), adds_up: false });
        }
        "ratio" => return ratio(planner, of, input, at),
        "sum" => Function::Sum,
        "avg" => Function::Avg,
        "min" => Function::Min,
        "max" => Function::Max,
        "median" => Function::Percentile(0.5),
        "percentile" => Function::Percentile(point(input.get("p"), at)?),
        _ => return Err(wrong(one)),
    };
    let field = numbers(of).find(|known| Some(shout(&known.name).as_str()) == field);
    let field = field.ok_or_else(|| wrong("a field that is a number"))?;
    let value = planner.reader.readable(of, field, BASE)?.value;
    let unit = Unit::of(field, planner.reader.base_currency());
    let adds_up = function == Function::Sum;
    Ok(Figure { number: Number::of(function, narrowed(value)), unit, adds_up })
}

/// One figure divided by another one, in whole ones of either.
fn ratio(planner: &Planner<'_>, of: &'static Descriptor, input: &IndexMap<Name, Value>, at: &str) -> Result<Figure> {
    let part = |name: &str| {
        let at = format!("{at}.ratio.{name}");
        let figure = read(planner, of, input.get(name).unwrap_or(&Value::Null), &at)?;
        match figure.number.over {
            None => Ok(figure),
            Some(_) => Err(Error::bad_input(format!("{at}: expected a figure that is no ratio itself."))),
        }
    };
    let (above, below) = (part("of")?, part("to")?);
    let power = below.unit.0.cast_signed() - above.unit.0.cast_signed();
    let number = Number { over: Some((Box::new(below.number), power)), ..above.number };
    Ok(Figure { number, unit: Unit(0), adds_up: false })
}

/// The rows that a figure is about, where it says so.
///
/// # Errors
/// BAD_USER_INPUT; FORBIDDEN_FIELD.
pub fn condition(
    planner: &Planner<'_>,
    of: &'static Descriptor,
    filter: Option<&Value>,
    at: &str,
) -> Result<Option<Sql>> {
    let Some(filter) = filter.filter(|filter| **filter != Value::Null) else { return Ok(None) };
    let filter = planner.terms().filter(of, filter).map_err(|error| error.within(at))?;
    planner.reader.condition(of, &filter, Action::Count, BASE).map(Some)
}

/// A percentile: a part of the whole.
///
/// # Errors
/// BAD_USER_INPUT: it is not between 0 and 1.
pub fn point(value: Option<&Value>, at: &str) -> Result<f64> {
    let point = if let Some(Value::Number(number)) = value { number.as_f64() } else { None };
    let point = point.filter(|point| (0.0..=1.0).contains(point));
    point.ok_or_else(|| Error::bad_input(format!("{at}: `p` is a number from 0 to 1, 0.9 for the 90th percentile.")))
}

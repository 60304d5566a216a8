//! What a row of a file says of each object, before anything is looked up.

use sea_orm::Value;

use super::cell::{Problem, known_by, whole};
use super::file::Row;
use super::mapping::{FieldMap, Mapping, ObjectMap};
use super::target::Target;
use crate::access::Kind;
use crate::money;
use crate::spelling::{Text, spell};

/// What a row says of one object.
#[derive(Debug)]
pub struct Draft<'m> {
    /// What the mapping says of the object.
    pub map: &'m ObjectMap,
    /// Its id in the system it comes from.
    pub external_id: Option<String>,
    /// The values of columns; what is empty is left out.
    pub values: Vec<(&'static str, Value)>,
    /// What it refers to.
    pub references: Vec<Reference<'m>>,
}

/// A reference that has to be looked up.
#[derive(Debug)]
pub struct Reference<'m> {
    /// The field of the mapping.
    pub field: &'m FieldMap,
    /// The column that holds it.
    pub column: &'static str,
    /// What it leads to.
    pub to: Kind,
    /// What the row there is known by.
    pub text: String,
}

/// A row with all that it says.
#[derive(Debug)]
pub struct Drafted<'m> {
    /// The row.
    pub row: Row,
    /// Its objects, in the order in which they are made.
    pub drafts: Vec<Draft<'m>>,
    /// What is wrong with its cells.
    pub problems: Vec<Problem>,
}

impl Draft<'_> {
    /// The value of a column.
    pub fn value(&self, column: &str) -> Option<&Value> {
        self.values.iter().find(|(name, _)| *name == column).map(|(_, value)| value)
    }

    /// The text of a column.
    pub fn text(&self, column: &str) -> Option<&str> {
        match self.value(column) {
            Some(Value::String(Some(text))) => Some(text),
            _ => None,
        }
    }

    /// The moment of a column.
    pub fn moment(&self, column: &str) -> Option<chrono::DateTime<chrono::Utc>> {
        match self.value(column) {
            Some(Value::ChronoDateTimeUtc(at)) => *at,
            _ => None,
        }
    }

    /// Does it refer to something by this column?
    pub fn refers(&self, column: &str) -> bool {
        self.references.iter().any(|reference| reference.column == column)
    }

    /// A problem with a field, at the column that it comes from.
    pub fn problem(&self, row: &Row, field: &str, reason: impl Into<String>) -> Problem {
        let reason = reason.into();
        match self.map.fields.iter().find(|known| known.name == field) {
            Some(known) => known.cell.source.problem(row, reason),
            None => whole(reason),
        }
    }
}

/// Reads a row. `counts` says whether the row is the one that counts for an object of which only one does.
pub fn draft<'m>(mapping: &'m Mapping, row: Row, counts: impl Fn(&Row, usize) -> bool) -> Drafted<'m> {
    let mut problems = Vec::new();
    let mut drafts = Vec::new();
    for (at, map) in mapping.objects.iter().enumerate() {
        match map.is_in(&row) {
            Ok(true) if counts(&row, at) => drafts.push(object(map, &row, &mut problems)),
            Ok(_) => {}
            Err(problem) => problems.push(problem),
        }
    }
    // One bad cell that is used twice is one problem.
    problems.dedup();
    Drafted { row, drafts, problems }
}

fn object<'m>(map: &'m ObjectMap, row: &Row, problems: &mut Vec<Problem>) -> Draft<'m> {
    let mut draft = Draft { map, external_id: None, values: Vec::new(), references: Vec::new() };
    for field in &map.fields {
        if let Err(problem) = read(field, row, &mut draft)
            && !problems.contains(&problem)
        {
            problems.push(problem);
        }
    }
    draft
}

fn read<'m>(field: &'m FieldMap, row: &Row, draft: &mut Draft<'m>) -> Result<(), Problem> {
    match field.target {
        Target::ExternalId => match field.cell.text(row)? {
            Some(id) if id.chars().count() > 200 => {
                return Err(field.cell.source.problem(row, "an id has at most 200 characters"));
            }
            Some(id) => draft.external_id = Some(id.into_owned()),
            None => return Err(field.cell.source.problem(row, "the id is missing: the row could not be known again")),
        },
        Target::Column(column) => draft.values.extend(field.cell.value(row)?.map(|value| (column, value))),
        Target::Reference(column, to) => {
            let text = field.cell.text(row)?.map(|text| known_by(field.by, &text));
            draft.references.extend(text.map(|text| Reference { field, column, to, text }));
        }
        Target::Money(column, currency_column) => {
            let (Some(text), Some(currency)) = (field.cell.text(row)?, &field.currency) else { return Ok(()) };
            let code = currency.text(row)?;
            let code = spell(Text::Currency, &code).unwrap_or_else(|_| code.into_owned());
            if money::minor_digits(&code).is_none() {
                return Err(currency.problem(row, money::MoneyError::UnknownCurrency(code).to_string()));
            }
            let minor = field.cell.reading.number(&text);
            let minor = minor.and_then(|number| money::parse_minor(&number, &code).map_err(|error| error.to_string()));
            let minor = minor.map_err(|reason| field.cell.source.problem(row, reason))?;
            if draft.text(currency_column).is_some_and(|other| other != code) {
                let reason =
                    format!("this amount is in {code} and another one of the row is not: they have one currency");
                return Err(field.cell.source.problem(row, reason));
            }
            draft.values.push((column, Value::BigInt(Some(minor))));
            draft.values.retain(|(name, _)| *name != currency_column);
            draft.values.push((currency_column, Value::String(Some(code))));
        }
    }
    Ok(())
}

//! Declarations name fields, columns, kinds and each other in words. Here the words are held against what there is,
//! once, at the start: either all of them stand for something, or the start ends with everything that does not.
//!
//! | stage | what is held against what |
//! | --- | --- |
//! | [`names`] | every kind is declared once, and nothing has the name of something else |
//! | [`links`] | columns, keys, currencies, orders and ownership are those of the tables; both ends of a link say the same |
//! | [`rights`] | the policy, and what actions demand of a row, speak of fields, states and rows that there are |
//! | [`verbs`] | every verb stands in one table, is written, and has its line in the policy |

mod links;
mod names;
mod relations;
#[cfg(test)]
mod resolve_tests;
mod rights;
mod verbs;

use std::fmt::{self, Display};

use super::descriptor::{Descriptor, Graph, Report, Source};
use crate::access::Kind;
use crate::access::policy::Said;
use crate::similar;

/// Everything that is wrong with the declarations, one line each, in the order of the stages.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<String>);

impl Mistakes {
    /// Something is wrong at a place.
    fn tell(&mut self, place: impl Display, what: impl Display) {
        self.0.push(format!("{place}: {what}"));
    }

    /// A name stands for nothing, though it may look like one that does.
    fn unknown<'a>(&mut self, place: impl Display, sort: &str, name: &str, known: impl Iterator<Item = &'a str>) {
        let hint = similar::hint(name, known, similar::quoted);
        self.tell(place, format!("there is no {sort} `{name}`.{hint}"));
    }
}

impl Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "{count} mistakes in the declarations:")?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

/// Everything that is declared, before it is held against what there is.
pub struct Declared {
    /// The entities.
    pub entities: Vec<Descriptor>,
    /// The reports.
    pub reports: Vec<Report>,
    /// The verbs that somebody has written, each a mutation of one thing.
    pub verbs: Vec<String>,
    /// The types that are made of the declarations and of verbs, each with whose it is.
    pub types: Vec<(String, String)>,
}

impl Graph {
    /// The graph that the declarations describe, under the rights that the policy says.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn resolve(declared: Declared, said: &Said) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        names::check(&declared, &mut mistakes);
        let all = Entities(&declared.entities);
        links::check(all, &mut mistakes);
        relations::check(all, &declared.reports, &mut mistakes);
        rights::check(all, said, &mut mistakes);
        verbs::check(all, &declared.verbs, said, &mut mistakes);
        let Declared { entities, reports, .. } = declared;
        if mistakes.0.is_empty() { Ok(Self::of_declared(entities, reports)) } else { Err(mistakes) }
    }
}

/// The declarations while they are looked through: some kinds may be missing.
#[derive(Clone, Copy)]
struct Entities<'a>(&'a [Descriptor]);

impl<'a> Entities<'a> {
    fn all(self) -> impl Iterator<Item = &'a Descriptor> {
        self.0.iter()
    }

    /// The declaration of a kind. A missing one has been told.
    fn of(self, kind: Kind) -> Option<&'a Descriptor> {
        self.0.iter().find(|of| of.kind == kind)
    }
}

/// The column is one of the table.
fn column(of: &Descriptor, name: &str, place: impl Display, mistakes: &mut Mistakes) {
    if !of.columns.contains(&name) {
        mistakes.unknown(place, &format!("column of `{}`", of.table), name, of.columns.iter().copied());
    }
}

/// The name is one that clients read: of a field, a reference or a computed field.
fn readable(of: &Descriptor, name: &str, place: impl Display, mistakes: &mut Mistakes) {
    if !readables(of).any(|known| known == name) {
        mistakes.unknown(place, &format!("field of {}", of.name), name, readables(of));
    }
}

/// Everything that clients read of an entity.
fn readables(of: &Descriptor) -> impl Iterator<Item = &str> {
    let fields = of.fields.iter().map(|field| field.name.as_str());
    let links = of.links.iter().map(|link| link.name.as_str());
    fields.chain(links).chain(of.derived.iter().map(|derived| derived.name))
}

/// The columns that an expression names after the place of the table's alias: `({}.a - {}.b)` names `a` and `b`.
fn named_in(sql: &str) -> impl Iterator<Item = &str> {
    sql.split("{}.").skip(1).map(|rest| {
        let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    })
}

/// The column that a field is read from, if it is one.
fn column_of(source: Source) -> Option<&'static str> {
    match source {
        Source::Column(name) => Some(name),
        Source::Money(..) | Source::Made(..) => None,
    }
}

//! Whether a document is valid by every rule of the specification (section 5), in our words.
//!
//! The rules are our own: the library's leave out some (a null where none may be, fields that cannot be merged, values
//! of enums written as strings), judge our scalars too early, and speak of Rust. A document is judged once and the
//! outcome kept with it (`documents.rs`). Custom scalars take anything here: what they hold is judged where it is used.
//!
//! [`selections`] walks over operations and fragments and judges fields, arguments, directives and fragments;
//! [`values`] the values that stand in the document; [`operations`] what an operation declares and uses; [`merging`]
//! whether fields under one key are one field; [`variables`] the values that come along with a request.

mod merging;
mod operations;
mod selections;
pub mod types;
mod values;
pub mod variables;

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{ExecutableDocument, Type as Reference};
use async_graphql::{ErrorExtensionValues, Name, Pos, ServerError};

use self::types::Types;
use crate::error::Code;
pub use crate::similar::{hint, meant, quoted};

/// After so many mistakes no similar names are looked for any more.
const HINTED: usize = 20;

/// What is known of a valid document.
#[derive(Clone, Debug, Default)]
pub struct Valid {
    not_null: HashMap<Option<Name>, HashSet<Name>>,
}

impl Valid {
    /// Whether a variable that may be null by its declaration stands where null may not be, because something stands
    /// for it when it is left out. Then null itself may not be given.
    pub fn takes_no_null(&self, operation: Option<&Name>, variable: &Name) -> bool {
        self.not_null.get(&operation.cloned()).is_some_and(|variables| variables.contains(variable))
    }
}

/// Judges a document by all rules.
///
/// # Errors
/// All mistakes, in the order of the document.
pub fn validate(types: &Types, document: &ExecutableDocument) -> Result<Valid, Vec<ServerError>> {
    let mut judge = Judge { types, document, mistakes: Vec::new() };
    let uses = judge.selections();
    let valid = judge.operations(&uses);
    judge.merging();
    if judge.mistakes.is_empty() {
        return Ok(valid);
    }
    let mut mistakes = judge.mistakes;
    mistakes.sort_by_key(|mistake| mistake.locations.first().copied());
    mistakes.dedup_by(|one, two| one.message == two.message && one.locations == two.locations);
    Err(mistakes)
}

/// Judges a document and collects its mistakes.
struct Judge<'a> {
    types: &'a Types,
    document: &'a ExecutableDocument,
    mistakes: Vec<ServerError>,
}

/// Where a variable is used.
struct Use<'a> {
    name: Name,
    pos: Pos,
    /// What is expected there; nothing where that is not known.
    expected: Option<&'a Reference>,
    /// Something stands for the place when it is left out.
    has_default: bool,
    /// The only field of an input object that takes exactly one: it may not be null.
    one_of: bool,
}

/// The variables that an operation or fragment uses itself, and the fragments that it spreads.
#[derive(Default)]
struct Uses<'a> {
    variables: Vec<Use<'a>>,
    spreads: Vec<&'a Name>,
}

/// The uses of each operation and fragment.
#[derive(Default)]
struct AllUses<'a> {
    operations: HashMap<Option<&'a Name>, Uses<'a>>,
    fragments: HashMap<&'a Name, Uses<'a>>,
}

impl Judge<'_> {
    fn mistake(&mut self, places: &[Pos], message: impl Into<String>) {
        self.coded(Code::GraphqlValidationFailed, places, message);
    }

    fn coded(&mut self, code: Code, places: &[Pos], message: impl Into<String>) {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", code.as_str());
        let mut error = ServerError::new(message, None);
        error.locations = places.to_vec();
        error.extensions = Some(extensions);
        self.mistakes.push(error);
    }

    /// The hint at similar names, as long as there are few mistakes.
    fn similar<'n>(&self, given: &str, known: impl Iterator<Item = &'n str>) -> String {
        if self.mistakes.len() < HINTED { hint(given, known, quoted) } else { String::new() }
    }
}

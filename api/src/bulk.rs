//! What the mutations of many items have in common.

use crate::error::{Error, Mistake, Result};

/// The most items of one mutation.
pub const MOST: usize = 1_000;

/// There are items, and not too many.
///
/// # Errors
/// `Invalid` at the list's field.
pub fn check_length(field: &str, length: usize) -> Result<()> {
    match length {
        0 => Err(Error::invalid("REQUIRED", field, format!("{field} may not be empty."))),
        1..=MOST => Ok(()),
        _ => Err(Error::invalid("TOO_LONG", field, format!("{field} may have at most {MOST} items."))),
    }
}

/// With `atomic`, one refused item refuses all of them.
///
/// # Errors
/// `Invalid` with the mistakes of the items.
pub fn all_or_none<'a>(atomic: bool, mistakes: impl Iterator<Item = &'a Mistake>) -> Result<()> {
    let mistakes: Vec<_> = mistakes.cloned().collect();
    if atomic && !mistakes.is_empty() { Err(Error::Invalid(mistakes)) } else { Ok(()) }
}

/// The refusal of one item as its mistakes, with their place in the list.
///
/// # Errors
/// What is no refusal of the item: it met others, or a fault of ours.
pub fn mistakes(list: &str, index: usize, error: Error) -> Result<Vec<Mistake>> {
    let place = |mut mistake: Mistake| {
        mistake.path.splice(0..0, [list.to_owned(), index.to_string()]);
        mistake
    };
    match error {
        Error::Invalid(mistakes) => Ok(mistakes.into_iter().map(place).collect()),
        Error::Refused { code, message, .. } => Ok(vec![place(Mistake::new(code.as_str(), "", message))]),
        Error::Raced(_) | Error::Internal(_) => Err(error),
    }
}

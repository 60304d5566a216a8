//! Places of rows in their order. Who is put where somebody stands does not push them out: those who stand there move up.

use crate::error::{Error, Result};

/// The last place.
pub const LAST: i32 = 10_000;

/// Which rows move up, and whereto, so that a place is free: the one that stands there and those right behind it.
/// `kept` is the place that the row itself has until it is saved; `others` come in their order.
///
/// # Errors
/// `Invalid` at `position`: there is no place left behind it.
pub fn make_room<T>(wanted: i32, kept: Option<i32>, others: &[T], place: impl Fn(&T) -> i32) -> Result<Vec<(&T, i32)>> {
    let (mut moved, mut taken) = (Vec::new(), wanted);
    for other in others.iter().filter(|other| place(other) >= wanted) {
        if place(other) > taken {
            break;
        }
        taken += if kept == Some(taken + 1) { 2 } else { 1 };
        moved.push((other, taken));
    }
    if taken > LAST {
        let message = "No place is left behind this one for those that stand here. Give a place further forward.";
        return Err(Error::invalid("INVALID", "position", message));
    }
    Ok(moved)
}

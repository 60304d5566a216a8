//! Names of operations as labels. Clients choose them, so there must not be any number of them.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

/// Most names that are told apart.
const MOST: usize = 200;
/// Longest name that is kept.
const LONGEST: usize = 64;
/// What stands for every other name.
const OTHER: &str = "other";

/// The names seen so far.
#[derive(Debug, Default)]
pub struct Names(RwLock<HashSet<String>>);

impl Names {
    /// The label of a name: itself while there is room, `other` afterwards, empty for none.
    pub fn label(&self, name: Option<&str>) -> String {
        let Some(name) = name else { return String::new() };
        if self.0.read().unwrap_or_else(PoisonError::into_inner).contains(name) {
            return name.to_owned();
        }
        let mut seen = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if name.len() > LONGEST || (seen.len() >= MOST && !seen.contains(name)) {
            return OTHER.to_owned();
        }
        seen.insert(name.to_owned());
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_an_end_to_names() {
        let names = Names::default();
        assert_eq!(names.label(None), "");
        assert_eq!(names.label(Some(&"x".repeat(LONGEST + 1))), OTHER);
        for number in 0..MOST {
            let name = format!("Query{number}");
            assert_eq!(names.label(Some(&name)), name);
        }
        assert_eq!(names.label(Some("OneMore")), OTHER);
        assert_eq!(names.label(Some("Query7")), "Query7");
    }
}

//! Which known names a misspelt one may stand for.

/// Longer names are not compared with all others.
const LONGEST: usize = 64;
/// Most names that are offered.
const MOST: usize = 3;

/// The hint that a mistake ends with: empty, or " Did you mean …?". What begins with these words is cut off for
/// readers who may not look at the schema.
pub fn hint<'a>(given: &str, known: impl Iterator<Item = &'a str>, quote: impl Fn(&str) -> String) -> String {
    let names: Vec<String> = similar(given, known).into_iter().map(quote).collect();
    meant(&names)
}

/// " Did you mean a, b or c?"
pub fn meant(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => format!(" Did you mean {only}?"),
        [first @ .., last] => format!(" Did you mean {} or {last}?", first.join(", ")),
    }
}

/// A name as it stands in messages.
pub fn quoted(name: &str) -> String {
    format!("`{name}`")
}

/// The known names that differ from the given one by little, the nearest first.
fn similar<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    if given.len() > LONGEST {
        return Vec::new();
    }
    let most = given.len() * 2 / 5 + 1;
    let near = known.filter(|name| name.len().abs_diff(given.len()) <= most);
    let mut near: Vec<_> =
        near.map(|name| (distance(given, name), name)).filter(|(distance, _)| *distance <= most).collect();
    near.sort_unstable();
    near.into_iter().take(MOST).map(|(_, name)| name).collect()
}

/// How many letters have to be changed, added, left out or swapped; another letter case counts as one change.
fn distance(one: &str, two: &str) -> usize {
    if one.eq_ignore_ascii_case(two) {
        return usize::from(one != two);
    }
    let (one, two) = (one.to_ascii_lowercase().into_bytes(), two.to_ascii_lowercase().into_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=two.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut here = vec![row + 1];
        for (column, other) in two.iter().enumerate() {
            let at = |line: &[usize], place: usize| line.get(place).copied().unwrap_or(usize::MAX / 2);
            let mut least = (at(&above, column) + usize::from(letter != other))
                .min(at(&above, column + 1) + 1)
                .min(at(&here, column) + 1);
            let swapped =
                row > 0 && column > 0 && two.get(column - 1) == Some(letter) && one.get(row - 1) == Some(other);
            if swapped {
                least = least.min(at(&before, column - 1) + 1);
            }
            here.push(least);
        }
        before = std::mem::replace(&mut above, here);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hinted(given: &str) -> String {
        hint(given, ["leads", "lead", "deals", "campaigns", "OPEN", "WON"].into_iter(), quoted)
    }

    #[test]
    fn the_nearest_names_are_offered() {
        assert_eq!(hinted("leadz"), " Did you mean `lead`, `leads` or `deals`?");
        assert_eq!(hinted("dealz"), " Did you mean `deals`, `lead` or `leads`?");
        assert_eq!(hinted("campagins"), " Did you mean `campaigns`?");
        assert_eq!(hinted("open"), " Did you mean `OPEN`?");
        assert_eq!(hinted("nothing"), "");
        assert_eq!(hinted(&"x".repeat(100_000)), "");
    }
}

//! Two texts line by line, for people.

use std::fmt::Write;

/// Lines around a difference that are shown with it.
const AROUND: usize = 3;

/// The lines that went (`-`) and came (`+`), with some around them.
pub fn diff(before: &str, after: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let lines = merged(&old, &new);
    let changed: Vec<_> = (0..lines.len()).filter(|at| lines[*at].0 != ' ').collect();
    let near = |at: usize| changed.iter().any(|change| change.abs_diff(at) <= AROUND);
    let mut shown = String::new();
    for (at, (sign, line)) in lines.iter().enumerate().filter(|(at, _)| near(*at)) {
        if at > 0 && !near(at - 1) {
            shown += "  …\n";
        }
        let _ = writeln!(shown, "{sign} {line}");
    }
    shown
}

/// Both texts in one, by their longest common subsequence.
fn merged<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    let common = table(old, new);
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            lines.push(('-', old[i]));
            i += 1;
        } else {
            lines.push(('+', new[j]));
            j += 1;
        }
    }
    lines
}

/// How many lines the texts have in common from these two on.
fn table(old: &[&str], new: &[&str]) -> Vec<Vec<usize>> {
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let skipped = common[i + 1][j].max(common[i][j + 1]);
            common[i][j] = if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { skipped };
        }
    }
    common
}

#[test]
fn a_difference_is_shown_with_what_is_around_it() {
    let before = "1\n2\n3\n4\n5\n6\nold\n8\n9\n10\n11\n12\n";
    let after = before.replace("old", "new");
    assert_eq!(diff(before, &after), "  …\n  4\n  5\n  6\n- old\n+ new\n  8\n  9\n  10\n");
    assert_eq!(diff(before, before), "");
}

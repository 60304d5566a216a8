//! The picture of the structure flows downwards: no circle of imports crosses a folder of the service. Read off the source.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::sources;

/// What each file imports: files by the path of their module.
struct Imports(BTreeMap<String, BTreeSet<String>>);

impl Imports {
    fn read() -> Self {
        let files: Vec<_> = sources("api/src").into_iter().map(|(name, code)| (module(&name), code)).collect();
        let known: BTreeSet<_> =
            files.iter().map(|(name, _)| name.clone()).filter(|name| name != "lib" && name != "main").collect();
        let of = |name: &str, code: &str| -> BTreeSet<String> {
            let paths = paths(code).into_iter().filter_map(|path| resolve(&known, name, &path));
            paths.filter(|to| to != name).collect()
        };
        Self(
            files
                .iter()
                .filter(|(name, _)| known.contains(name))
                .map(|(name, code)| (name.clone(), of(name, code)))
                .collect(),
        )
    }

    /// Everything that can be reached from a file.
    fn reach<'a>(&'a self, from: &'a str) -> BTreeSet<&'a str> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(next) = open.pop() {
            for to in self.0.get(next).into_iter().flatten() {
                if seen.insert(to.as_str()) {
                    open.push(to);
                }
            }
        }
        seen
    }
}

/// `store/resolve/mod.rs` -> `store::resolve`.
fn module(file: &str) -> String {
    let path = file.trim_end_matches(".rs").replace('/', "::");
    path.trim_end_matches("::mod").to_owned()
}

fn folder(module: &str) -> &str {
    module.split("::").next().unwrap_or(module)
}

/// Every path that a file names from `crate` or `super`, its lists written out.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            // The rest of a path that began before has been seen.
            if !code[..at].ends_with("super::")
                && !code[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_')
            {
                write_out("", &code[at..], &mut found);
            }
        }
    }
    found
}

/// Writes out `a::{b, c::{d, e}}`; answers how far it has read.
fn write_out(before: &str, text: &str, found: &mut Vec<String>) -> usize {
    let end =
        text.find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':')).unwrap_or(text.len());
    let path = format!("{before}{}", &text[..end]);
    if !(path.ends_with("::") && text[end..].starts_with('{')) {
        found.push(path);
        return end;
    }
    let mut at = end + 1;
    loop {
        at += text[at..].len()
            - text[at..].trim_start_matches(|letter: char| letter.is_whitespace() || letter == ',').len();
        if at >= text.len() || text[at..].starts_with('}') {
            return at + 1;
        }
        let read = write_out(&path, &text[at..], found);
        at += read;
        // What it is called here, or what stands in its place.
        let rest = &text[at..];
        at += rest.find([',', '}']).unwrap_or(rest.len());
    }
}

fn resolve(known: &BTreeSet<String>, from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = path.split("::").collect();
    let up = parts.iter().take_while(|part| **part == "super").count();
    let mut whole: Vec<&str> = if up == 0 { Vec::new() } else { from.split("::").collect() };
    whole.truncate(whole.len().saturating_sub(up));
    whole.extend(parts.drain(up.max(1)..));
    (1..=whole.len()).rev().map(|length| whole[..length].join("::")).find(|module| known.contains(module))
}

#[test]
fn no_circle_of_imports_crosses_a_folder() {
    let imports = Imports::read();
    let mut circles = BTreeSet::new();
    for file in imports.0.keys() {
        for to in imports.reach(file) {
            if folder(to) != folder(file) && imports.reach(to).contains(file.as_str()) {
                circles.insert(format!("{file} and {to}"));
            }
        }
    }
    assert!(circles.is_empty(), "these import each other, if on a way round:\n{circles:#?}");
}

#[test]
fn imports_are_read_as_they_are_written() {
    let code = "use crate::store::{Tx, sql::{Sql, nested}};\nlet row = super::super::lead::find(crate::error::Code::Conflict);";
    let expected = [
        "crate::error::Code::Conflict",
        "crate::store::Tx",
        "crate::store::sql::Sql",
        "crate::store::sql::nested",
        "super::super::lead::find",
    ];
    let mut found = paths(code);
    found.sort();
    assert_eq!(found, expected);
    // A start that reads nothing would find no circle.
    let imports = Imports::read();
    assert!(imports.0.len() > 150 && imports.0.values().map(BTreeSet::len).sum::<usize>() > 800, "imports were read");
}

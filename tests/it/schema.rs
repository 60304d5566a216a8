//! The schema and the policy as they are committed. `UPDATE=1 cargo test -p tests schema` writes them anew.

use std::path::PathBuf;

use tributary::graphql::schema::{builder, sdl};

fn check(file: &str, current: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, current).expect("the file can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "{file} is not current: run `UPDATE=1 cargo test -p tests schema` and look at the change"
    );
}

#[test]
fn the_committed_schema_is_current() {
    check("schema.graphql", &sdl(&builder().finish()));
}

#[test]
fn the_committed_policy_is_current() {
    check("tests/policy.txt", &tributary::access::print::table());
}

/// Every type, field, argument, input field and enum value says what it is.
#[test]
fn everything_is_described() {
    let text = sdl(&builder().finish());
    let mut missing = Vec::new();
    let (mut described, mut open, mut holder) = (false, false, String::new());
    for line in text.lines().map(str::trim) {
        match line {
            "\"\"\"" => {
                open = !open;
                described = !open;
            }
            _ if open || line.is_empty() || line == "}" || line == ")" => {}
            _ if line.starts_with('"') && line.ends_with('"') => described = true,
            _ if line.starts_with("schema") || line.starts_with("query:") || line.starts_with("mutation:") => {}
            _ if line.starts_with("subscription:") || line.starts_with("directive") => {}
            _ => {
                if line.ends_with('{') || line.starts_with("scalar") {
                    holder = line.to_owned();
                }
                if !described && !matches!(line, "): String!" | ") {") && !line.starts_with(')') {
                    missing.push(format!("{holder} … {line}"));
                }
                described = false;
            }
        }
    }
    assert!(missing.is_empty(), "{} elements without a description:\n{}", missing.len(), missing.join("\n"));
}

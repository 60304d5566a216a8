//! The schema and the policy as they are committed. `UPDATE=1 cargo test -p tests schema` writes them anew.

use std::path::PathBuf;

use tributary::graphql::evolution::{compare, undeclared};
use tributary::schema::{builder, sdl};

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

/// `tests/released.graphql` is the schema of the last release; what breaks its clients is declared, with the reason, in
/// `tests/breaking.txt`.
#[test]
fn clients_of_the_last_release_go_on_working() {
    let read = |file: &str| {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let changes = compare(&read("released.graphql"), &sdl(&builder().finish())).expect("two schemas");
    let wrong = undeclared(&changes, &read("breaking.txt"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

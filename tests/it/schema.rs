//! The schema and the policy as they are committed. `UPDATE=1 cargo test -p tests schema` writes them anew.

use std::collections::BTreeSet;
use std::path::PathBuf;

use tributary::access::print::table;
use tributary::graphql::evolution::{compare, undeclared};
use tributary::schema::lifecycles::lifecycles;
use tributary::schema::{GRAPH, builder, declared, registry, sdl};

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
    check("tests/policy.txt", &table(|kind, action| GRAPH.of(kind).mutations(action)));
}

#[test]
fn the_committed_lifecycles_are_current() {
    check("tests/lifecycles.md", &lifecycles());
}

/// Whatever is named after an entity is known to be made of it: else two declarations could make it, and nobody would be told.
#[test]
fn whose_a_type_is_is_known() {
    const COMPUTED: [&str; 1] = ["CampaignAttribution"];
    let declared = declared();
    let known: BTreeSet<_> = declared.types.iter().map(|(name, _)| name.as_str()).chain(COMPUTED).collect();
    let registry = registry();
    let made = registry.types.values().filter(|ty| ty.rust_typename().is_none()).map(|ty| ty.name());
    let named_after = |name: &str| GRAPH.all().any(|of| name.to_lowercase().contains(&of.name.to_lowercase()));
    let unknown: Vec<_> = made.filter(|name| named_after(name) && !known.contains(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(known.len() > 500, "{} types", known.len());
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

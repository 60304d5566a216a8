//! The layers of ARCHITECTURE.md, read off the source: who may import whom, and what stands in one place only.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Rust file below a folder but those of tests: its path from there, its code without comments and test modules.
pub fn sources(folder: &str) -> Vec<(String, String)> {
    let base = root().join(folder);
    let mut files = Vec::new();
    gather(&base, &mut files);
    assert!(!files.is_empty(), "no sources in {folder}");
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&base).expect("below it").display().to_string();
            (name, code(&fs::read_to_string(&path).expect("readable")))
        })
        .collect()
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(&path, files);
        } else if path.to_str().is_some_and(|path| path.ends_with(".rs") && !path.ends_with("_tests.rs")) {
            files.push(path);
        }
    }
    files.sort();
}

fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The slices: folders of `api/src` that are no shared layer.
fn slices() -> Vec<String> {
    let shared = ["access", "cli", "config", "graphql", "http", "observability", "schema", "spelling", "store"];
    let folders = fs::read_dir(root().join("api/src")).expect("a folder").filter_map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path.file_name()?.to_str()?.to_owned();
        (path.is_dir() && !shared.contains(&name.as_str())).then_some(name)
    });
    folders.collect()
}

fn slice_of(file: &str) -> Option<String> {
    let first = file.split('/').next()?.to_owned();
    slices().contains(&first).then_some(first)
}

#[track_caller]
fn forbid(files: &[(String, String)], which: impl Fn(&str) -> bool, words: &[&str], why: &str) {
    let mut wrong = Vec::new();
    for (name, code) in files.iter().filter(|(name, _)| which(name)) {
        for (number, line) in code.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                wrong.push(format!("{name}: `{word}` in code line {}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{why}\n{}", wrong.join("\n"));
}

#[test]
fn layers_import_downwards_only() {
    let api = sources("api/src");
    let of_slices: Vec<_> = slices().iter().map(|slice| format!("crate::{slice}::")).collect();
    let of_slices: Vec<_> = of_slices.iter().map(String::as_str).collect();
    let starts = |start: &'static str| move |name: &str| name.starts_with(start);

    forbid(&api, starts("store/"), &of_slices, "the store knows no slice");
    forbid(
        &api,
        starts("graphql/"),
        &[of_slices.as_slice(), &["crate::schema", "crate::app", "crate::http"]].concat(),
        "the machinery knows no slice, and nothing above it",
    );
    forbid(&api, starts("store/"), &["crate::graphql", "crate::http"], "the store knows nothing above it");
    forbid(
        &api,
        starts("access/"),
        &["crate::store", "crate::graphql", "crate::http", "sea_orm"],
        "rights are decided without a database",
    );
    forbid(&api, starts("http/"), &["entity::", "sea_orm", "crate::store"], "http knows no table");
    forbid(
        &api,
        |name| !name.starts_with("http/") && name != "server.rs",
        &["axum::", "tower_http::"],
        "axum stands in http",
    );
    forbid(
        &api,
        |name| slice_of(name).is_some(),
        &["crate::schema", "crate::app", "crate::http", "crate::server"],
        "slices know nothing above them",
    );
    forbid(&sources("migration/src"), |_| true, &["entity::"], "migrations do not change with the entities");
    forbid(&sources("entity/src"), |_| true, &["tributary::"], "entities know nothing of the service");
}

#[test]
fn rules_are_pure() {
    let rules = |name: &str| name.ends_with("rules.rs") || name == "money.rs" || name.starts_with("spelling/");
    let words = ["async ", ".await", "crate::store", "sea_orm", "std::env", "std::fs", "Utc::now"];
    forbid(&sources("api/src"), rules, &words, "rules decide and do nothing else");
}

#[test]
fn only_the_policy_names_roles() {
    // Who makes users and the service itself have to say which role they make.
    let makers = ["access/policy.rs", "auth/", "cli/", "demo/", "store/system.rs"];
    let other = |name: &str| !makers.iter().any(|maker| name.starts_with(maker));
    let roles = ["Admin", "SalesManager", "SalesRep", "MarketingManager", "Marketer", "Analyst", "Integration"];
    let words: Vec<_> = roles.iter().map(|role| format!("Role::{role}")).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    forbid(&sources("api/src"), other, &words, "ask the policy instead");
}

#[test]
fn rights_are_asked_of_the_viewer() {
    // The printed policy and the schema's texts speak of roles, and so does who asks what somebody else may do.
    let by_role = ["access/", "auth/matrix.rs", "store/words.rs", "store/taker.rs", "handoff/commands.rs", "demo/"];
    let other = |name: &str| !by_role.iter().any(|place| name.starts_with(place));
    let words = ["policy::reach(", "policy::read(", "policy::write("];
    forbid(&sources("api/src"), other, &words, "what narrows the rights of a viewer does so in one place");
}

#[test]
fn slices_leave_sql_and_connections_to_the_store() {
    let slice = |name: &str| slice_of(name).is_some();
    let words = [
        "Statement::",
        "execute_raw",
        "query_all_raw",
        "query_one_raw",
        "execute_unprepared",
        "DatabaseConnection",
        "Sql::text",
        ".begin_with_options",
    ];
    forbid(&sources("api/src"), slice, &words, "go through the store");
}

#[test]
fn nobody_reads_the_clock_or_the_environment_but_their_doors() {
    let api = sources("api/src");
    forbid(
        &api,
        |name| name != "clock.rs",
        &["Utc::now(", "SystemTime::now(", "Uuid::now_v7(", "Uuid::new_v4("],
        "time and ids come from the clock",
    );
    forbid(
        &api,
        |name| !name.starts_with("cli/") && name != "main.rs",
        &["env::var("],
        "settings come from the configuration",
    );
}

/// Commands call other slices' commands upstream only: campaign ← lead ← deal ← attribution.
#[test]
fn commands_call_upstream_only() {
    let api = sources("api/src");
    for (slice, downstream) in
        [("campaign/", vec!["crate::lead::", "crate::deal::"]), ("contact/", vec!["crate::lead::", "crate::deal::"])]
    {
        forbid(
            &api,
            |name| name.starts_with(slice) && name.ends_with("commands.rs"),
            &downstream,
            "commands call upstream only",
        );
    }
}

#[test]
fn no_drawer_is_called_miscellaneous() {
    for folder in ["api/src", "entity/src", "migration/src", "tests/src", "tests/it"] {
        for (name, _) in sources(folder) {
            for word in ["util", "helper", "common", "manager", "dto", "misc"] {
                assert!(
                    !name.to_lowercase().split(['/', '.', '_']).any(|part| part.trim_end_matches('s') == word),
                    "{folder}/{name} says nothing"
                );
            }
        }
    }
}

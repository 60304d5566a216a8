//! The tables of README.md are those of the program. `UPDATE=1 cargo test -p tests readme` writes the settings anew.

use std::fs;
use std::path::PathBuf;

use tributary::config::{VARIABLES, strays};

const HEAD: &str = "| setting | default | meaning |\n| --- | --- | --- |\n";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn every_setting_is_listed_with_its_default() {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).expect("readable");
    let (before, after) = readme.split_once(HEAD).expect("the table of settings");
    let end = after.find("\n\n").map_or(0, |at| at + 1);
    let rest = after[end..].trim_start_matches('\n');
    let rows: String = VARIABLES
        .iter()
        .map(|variable| {
            let default = if variable.default.is_empty() { String::new() } else { format!("`{}`", variable.default) };
            format!("| `{}` | {default} | {} |\n", variable.name, variable.meaning)
        })
        .collect();
    let current = format!("{before}{HEAD}{rows}\n{rest}");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &current).expect("writable");
    }
    let readme = fs::read_to_string(&path).expect("readable");
    assert!(readme == current, "the settings are not current: run `UPDATE=1 cargo test -p tests readme`");
}

/// A name that is no setting refuses the start, so the pages that people copy from must have none.
#[test]
fn what_is_copied_from_sets_only_what_there_is() {
    for file in ["README.md", "SECURITY.md", "docker-compose.yml", "api/Dockerfile"] {
        let text = fs::read_to_string(root().join(file)).expect("readable");
        let words = text.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_');
        for name in words.filter(|word| word.starts_with("TRIBUTARY_") && word.len() > "TRIBUTARY_".len()) {
            let strays = strays([(name.to_owned(), String::new())]);
            assert!(strays.is_empty(), "{file}: {strays:?}");
        }
    }
}

#[test]
fn every_error_code_is_explained() {
    let source = fs::read_to_string(root().join("api/src/error.rs")).expect("readable");
    let spellings = source.split("pub fn as_str").nth(1).and_then(|rest| rest.split("    }\n").next());
    let codes: Vec<&str> = spellings.expect("the spellings").split('"').skip(1).step_by(2).collect();
    let readme = fs::read_to_string(root().join("README.md")).expect("readable");
    let table = readme.split("### Errors").nth(1).and_then(|rest| rest.split("###").next()).expect("the section");
    let explained: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| line.split('`').next()).collect();
    assert_eq!(explained, codes);
}

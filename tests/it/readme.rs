//! The tables of README.md are those of the program, its operations those of `tests/cases/demo/1-readme.md`.
//! `UPDATE=1 cargo test -p tests readme` writes the settings, the operations and the first answer anew, as that page has them:
//! `cases::` renews it.

use std::fs;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tributary::config::{VARIABLES, strays};

use crate::cases::{examples, hold, spelt};

const HEAD: &str = "| setting | default | meaning |\n| --- | --- | --- |\n";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn every_setting_is_listed_with_its_default() {
    let rows: String = VARIABLES
        .iter()
        .map(|variable| {
            let default = if variable.default.is_empty() { String::new() } else { format!("`{}`", variable.default) };
            format!("| `{}` | {default} | {} |\n", variable.name, variable.meaning)
        })
        .collect();
    compare(HEAD, &rows, "the settings");
}

/// Puts the rows below the head of a table, and fails if others are there.
fn compare(head: &str, rows: &str, what: &str) {
    let readme = readme();
    let (before, after) = readme.split_once(head).unwrap_or_else(|| panic!("the table of {what}"));
    let end = if after.starts_with('\n') { 0 } else { after.find("\n\n").map_or(0, |at| at + 1) };
    let current = format!("{before}{head}{rows}\n{}", after[end..].trim_start_matches('\n'));
    hold(&root().join("README.md"), &current, &format!("is not current: {what}"));
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("readable")
}

/// Every operation of the page is one of the scenarios, where it is run; whoever runs it stands in its first line.
#[test]
fn the_operations_are_those_of_the_scenarios() {
    const OPENING: &str = "```graphql\n";
    let (readme, mut steps) = (readme(), examples::of_readme().into_iter());
    let (before, blocks) = readme.split_once(OPENING).expect("operations");
    let mut current = before.to_owned();
    for block in blocks.split(OPENING) {
        let step = steps.next().expect("README.md has no more operations than the scenarios");
        let (_, rest) = block.split_once("```").expect("the end of a block");
        current += &format!("{OPENING}# as {}\n{}```{rest}", spelt(step.role), step.operation.document);
    }
    assert!(steps.next().is_none(), "README.md has fewer operations than the scenarios");
    hold(&root().join("README.md"), &current, "shows other operations than tests/cases/demo/1-readme.md");
}

/// The day on which the company of the answer was made is that of the clock of all tests.
#[test]
fn the_first_query_is_answered_as_the_page_says() {
    let first = examples::of_readme().into_iter().next().expect("the first query");
    let data: Value = serde_json::from_str(&first.operation.data).expect("its answer");
    let start: DateTime<Utc> = tests::START.parse().expect("a time");
    let day = format!("Made on {}, it answers", start.format("%-d %B %Y"));
    assert!(readme().contains(&day), "the page does not say “{day}”");
    compare("| campaign | revenue | deals |\n| --- | --: | --: |\n", &table(&data["attribution"]), "the first answer");
    let picture = fs::metadata(root().join("api/playground/first-answer.png")).expect("the picture of the page");
    assert!(picture.len() < 200_000, "a picture of {} bytes", picture.len());
}

/// The campaigns that made most, the others together, and what no campaign made.
fn table(report: &Value) -> String {
    const MOST: usize = 5;
    let campaigns = report["byCampaign"].as_array().expect("campaigns");
    let cents = |amount: &Value| -> i64 {
        amount["amount"].as_str().expect("an amount").replace('.', "").parse().expect("a decimal")
    };
    let mut rows: Vec<String> = campaigns
        .iter()
        .take(MOST)
        .map(|one| {
            let name = one["campaign"]["name"].as_str().expect("a name");
            format!("| {name} | {} | {} |\n", euros(cents(&one["revenue"])), one["deals"])
        })
        .collect();
    let others = campaigns.iter().skip(MOST).map(|one| cents(&one["revenue"])).sum();
    rows.push(format!("| {} other campaigns | {} | |\n", campaigns.len().saturating_sub(MOST), euros(others)));
    rows.push(format!("| no campaign (`unattributed`) | {} | |\n", euros(cents(&report["unattributed"]))));
    rows.push(format!("| **all** (`revenue`) | **{}** | |\n", euros(cents(&report["revenue"]))));
    rows.concat()
}

/// `1234567` as €12,345.67.
fn euros(cents: i64) -> String {
    let whole = (cents / 100).to_string();
    let groups: Vec<&str> =
        whole.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).expect("digits")).collect();
    format!("€{}.{:02}", groups.join(","), cents % 100)
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
    let readme = readme();
    let table = readme.split("### Errors").nth(1).and_then(|rest| rest.split("###").next()).expect("the section");
    let explained: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| line.split('`').next()).collect();
    assert_eq!(explained, codes);
}

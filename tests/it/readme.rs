//! The tables of README.md are those of the program. `UPDATE=1 cargo test -p tests readme` writes the settings and the first
//! answer anew.

use std::fs;
use std::path::PathBuf;

use entity::user;
use sea_orm::EntityTrait;
use serde_json::Value;
use tests::World;
use tributary::access::Role;
use tributary::config::{VARIABLES, strays};
use tributary::demo;

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
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).expect("readable");
    let (before, after) = readme.split_once(head).unwrap_or_else(|| panic!("the table of {what}"));
    let end = if after.starts_with('\n') { 0 } else { after.find("\n\n").map_or(0, |at| at + 1) };
    let current = format!("{before}{head}{rows}\n{}", after[end..].trim_start_matches('\n'));
    if readme != current && std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &current).expect("writable");
    }
    let readme = fs::read_to_string(&path).expect("readable");
    assert!(readme == current, "{what}: README.md is not current, run `UPDATE=1 cargo test -p tests readme`");
}

/// The day on which the company of the answer was made is that of the clock of all tests.
#[tokio::test]
async fn the_first_query_is_answered_as_the_page_says() {
    tests::on_sqlite(async |world| {
        demo::seed(&world.app.store().system(), None, &|_| {}).await.expect("it loads");
        let readme = fs::read_to_string(root().join("README.md")).expect("readable");
        let query =
            readme.split("```graphql\n# as MARKETING_MANAGER\n").nth(1).and_then(|rest| rest.split("```").next());
        let answer = manager(&world).await.ask(query.expect("the first query")).await;
        let day = format!("Made on {}, it answers", world.now().format("%-d %B %Y"));
        assert!(readme.contains(&day), "the page does not say “{day}”");
        compare(
            "| campaign | revenue | deals |\n| --- | --: | --: |\n",
            &table(&answer.data()["attribution"]),
            "the first answer",
        );
        let picture = fs::metadata(root().join("api/playground/first-answer.png")).expect("the picture of the page");
        assert!(picture.len() < 200_000, "a picture of {} bytes", picture.len());
    })
    .await;
}

async fn manager(world: &World) -> tests::Actor {
    let users = user::Entity::find().all(&world.raw).await.expect("users");
    let manager = users.iter().find(|user| user.role == Role::MarketingManager).expect("a marketing manager");
    world.sign_in(manager.id, manager.role).await
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
    let readme = fs::read_to_string(root().join("README.md")).expect("readable");
    let table = readme.split("### Errors").nth(1).and_then(|rest| rest.split("###").next()).expect("the section");
    let explained: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| line.split('`').next()).collect();
    assert_eq!(explained, codes);
}

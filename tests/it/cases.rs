//! The scenarios in `tests/cases` are answered as they say, on both databases.
//! `UPDATE=1 cargo test -p tests --test it -- cases::` writes the answers, to be read before they are committed.

mod coverage;
mod diff;
pub mod examples;
mod json;
mod names;
pub mod page;
mod paths;
mod play;
mod scenario;
mod who;

use std::fs;

use self::diff::diff;
use self::page::Page;
use self::scenario::{Scenario, scenarios};
pub use self::who::{Who, spelt, who};
use tests::World;

/// Are files to be written anew?
pub fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some()
}

#[tokio::test]
async fn every_scenario_goes_as_its_pages_say() {
    for scenario in scenarios() {
        tests::on_sqlite(async |world| told(&scenario, &world, is_update()).await).await;
    }
    // Read anew: what SQLite has answered is what PostgreSQL has to answer.
    for scenario in scenarios() {
        tests::on_postgres(async |world| told(&scenario, &world, false).await).await;
    }
}

async fn told(scenario: &Scenario, world: &World, write: bool) {
    let mut scene = scenario.scene(world).await;
    for page in &scenario.pages {
        let played = scene.play(page).await;
        if write {
            fs::write(&page.path, played.to_string()).expect("writable");
        } else {
            compare(page, &played);
        }
    }
}

fn compare(page: &Page, played: &Page) {
    let (said, is, name) = (page.to_string(), played.to_string(), page.path.display());
    assert!(said == is, "{name} is answered otherwise (`UPDATE=1` accepts it):\n{}", diff(&said, &is));
}

/// What a file has to hold. `UPDATE=1` writes it.
pub fn hold(path: &std::path::Path, text: &str, why: &str) {
    let there = fs::read_to_string(path).unwrap_or_default();
    if there != text && is_update() {
        return fs::write(path, text).expect("writable");
    }
    assert!(there == text, "{} {why} (`UPDATE=1` writes it):\n{}", path.display(), diff(&there, text));
}

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
use std::path::Path;
use std::sync::Mutex;

use self::diff::diff;
use self::scenario::Scenario;
pub use self::scenario::scenarios;
pub use self::who::{Who, spelt, who};
use tests::World;

/// Are files to be written anew?
pub fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some()
}

#[tokio::test]
async fn every_scenario_goes_as_its_pages_say() {
    let otherwise = Mutex::new(String::new());
    for scenario in scenarios() {
        tests::on_sqlite(async |world| told(&scenario, &world, is_update(), &otherwise).await).await;
    }
    // Read anew: what SQLite has answered is what PostgreSQL has to answer.
    for scenario in scenarios() {
        tests::on_postgres(async |world| told(&scenario, &world, false, &otherwise).await).await;
    }
    let otherwise = otherwise.into_inner().expect("no page broke off");
    assert!(otherwise.is_empty(), "these are answered otherwise (`UPDATE=1` accepts it):\n{otherwise}");
}

/// Plays the pages of a scenario: writes them, or adds what is different now.
async fn told(scenario: &Scenario, world: &World, write: bool, otherwise: &Mutex<String>) {
    let mut scene = scenario.scene(world).await;
    for page in &scenario.pages {
        let (said, is) = (page.to_string(), scene.play(page).await.to_string());
        if write {
            fs::write(&page.path, is).expect("writable");
        } else if said != is {
            let database = if world.is_postgres() { "PostgreSQL" } else { "SQLite" };
            let different = format!("\n{} on {database}\n{}", page.path.display(), diff(&said, &is));
            otherwise.lock().expect("no page broke off").push_str(&different);
        }
    }
}

/// What a file has to hold. `UPDATE=1` writes it.
pub fn hold(path: &Path, text: &str, why: &str) {
    let there = fs::read_to_string(path).unwrap_or_default();
    if there != text && is_update() {
        return fs::write(path, text).expect("writable");
    }
    assert!(there == text, "{} {why} (`UPDATE=1` writes it):\n{}", path.display(), diff(&there, text));
}

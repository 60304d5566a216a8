//! The scenarios in `tests/cases`: each is a page, or a folder of pages that are told in the order of their names.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::Month;
use tests::World;
use tributary::demo;
use tributary::schema::GRAPH;

use super::names::Names;
use super::page::{Page, folder};
use super::play::Scene;
use super::who::People;

/// A scenario: its pages, told one after the other over one database.
pub struct Scenario {
    pub pages: Vec<Page>,
}

/// Every scenario.
pub fn scenarios() -> Vec<Scenario> {
    let told = entries(&folder()).into_iter().filter(|path| path.is_dir() || is_page(path));
    told.map(|path| Scenario { pages: pages(&path) }).collect()
}

fn pages(path: &Path) -> Vec<Page> {
    let paths = if path.is_dir() { entries(path) } else { vec![path.to_owned()] };
    paths.iter().filter(|path| is_page(path)).map(|path| Page::read(path)).collect()
}

/// The page that tells about the others is none of them.
fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "md") && !path.ends_with("cases/README.md")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

impl Scenario {
    /// Sets the scene as the first page says: `It begins with the small company.`
    pub async fn scene(&self, world: &World) -> Scene {
        let first = &self.pages[0];
        let begins: Vec<_> = first.lines("It begins with ").collect();
        let [begins] = begins[..] else { panic!("{}: with what does it begin?", first.path.display()) };
        match begins.split([' ', '.', ':', ',']).nth(1) {
            Some("people") => people(world).await,
            Some("small") => small_company(world).await,
            Some("demo") => demo_company(world, begins).await,
            _ => {
                panic!("{}: it can begin with the people, the small company or the demo company", first.path.display())
            }
        }
    }
}

async fn people(world: &World) -> Scene {
    let cast = world.cast().await;
    world.pipeline().await;
    let people = People::of_cast(world, &cast);
    Scene { world: world.clone(), people, names: known(world).await }
}

async fn small_company(world: &World) -> Scene {
    let cast = world.cast().await;
    let story = world.story(&cast).await;
    let mut names = known(world).await;
    for &(name, kind, id) in story.rows() {
        names.give(name.replace('_', " "), GRAPH.of(kind).global_id(id));
    }
    Scene { world: world.clone(), people: People::of_cast(world, &cast), names }
}

/// `… the demo company, whose fiscal year begins in April.`
async fn demo_company(world: &World, begins: &str) -> Scene {
    let world = match begins.split_once("whose fiscal year begins in ") {
        None => world.clone(),
        Some((_, month)) => {
            let named: Month = month.trim_end_matches('.').parse().unwrap_or_else(|_| panic!("{month} is no month"));
            world.again(&[("TRIBUTARY_FISCAL_YEAR_START", &named.number_from_month().to_string())]).await
        }
    };
    let offered = demo::seed(&world.app.store().system(), None, &|_| {}).await.expect("it loads");
    let people = People::of_demo(&world, &offered).await;
    Scene { world, people, names: Names::default() }
}

/// Users, teams and stages go by their own names.
async fn known(world: &World) -> Names {
    let mut names = Names::default();
    for (table, prefix) in [("app_user", "user"), ("team", "team"), ("stage", "stage")] {
        for row in world.rows(&format!("SELECT name, id FROM {table} ORDER BY id")).await {
            let name: String = row.try_get_by_index(0).expect("a name");
            let id: uuid::Uuid = row.try_get_by_index(1).expect("an id");
            names.give(name.to_lowercase(), format!("{prefix}_{}", id.simple()));
        }
    }
    names
}

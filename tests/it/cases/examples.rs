//! The examples of the README and of the playground: they stand in the pages about the demo company, and what shows them is
//! held against those.

use std::collections::BTreeMap;

use async_graphql::parser::parse_query;
use tributary::access::Role;

use super::page::{Operation, Page, Part, folder};
use super::{Who, spelt, who};

/// An operation of a page with what is said above it.
pub struct Step {
    /// The heading, if it does not just say who asks.
    pub title: String,
    /// The lines between the heading and the operation.
    pub prose: Vec<String>,
    /// Who asks.
    pub role: Role,
    /// What is asked and answered.
    pub operation: Operation,
}

/// The steps of the page about the README, in its order.
pub fn of_readme() -> Vec<Step> {
    steps(&Page::read(&folder().join("demo/1-readme.md")))
}

/// The steps of every desk of the playground, in the order in which the story passes from role to role.
pub fn of_playground() -> Vec<Step> {
    let entries = std::fs::read_dir(folder().join("demo")).expect("a folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().filter(|path| !path.ends_with("1-readme.md")).flat_map(|path| steps(&Page::read(path))).collect()
}

fn steps(page: &Page) -> Vec<Step> {
    let (mut title, mut prose, mut asking, mut steps) = (String::new(), Vec::new(), Vec::new(), Vec::new());
    for part in &page.parts {
        match part {
            Part::Operation(operation) => {
                let [Who::One(role)] = asking[..] else { panic!("one role stands above an example:\n{operation}") };
                let prose = std::mem::take(&mut prose);
                steps.push(Step { title: title.clone(), prose, role, operation: operation.clone() });
            }
            Part::Line(line) if line.starts_with('#') => {
                prose.clear();
                match who(line) {
                    Some(who) => asking = who,
                    None => title = line.trim_start_matches(['#', ' ']).to_owned(),
                }
            }
            Part::Line(line) => prose.extend((!line.is_empty()).then(|| line.clone())),
        }
    }
    steps
}

/// The files of the playground by their path (`analyst/1-funnel.graphql`): each is a step with its title and what to look at.
pub fn files() -> BTreeMap<String, String> {
    let (mut files, mut counts) = (BTreeMap::new(), BTreeMap::new());
    for step in of_playground() {
        let count = counts.entry(spelt(step.role)).or_insert(0);
        *count += 1;
        let folder = spelt(step.role).to_lowercase().replace('_', "-");
        let path = format!("{folder}/{count}-{}", dashed(&name(&step.operation.document)));
        let comment = [&step.title].into_iter().chain(&step.prose).map(|line| format!("# {line}\n"));
        files.insert(format!("{path}.graphql"), comment.collect::<String>() + &step.operation.document);
        files.extend(step.operation.find.map(|find| (format!("{path}.find.graphql"), find)));
    }
    files
}

fn name(document: &str) -> String {
    let parsed = parse_query(document).expect("a document");
    let name = parsed.operations.iter().find_map(|(name, _)| name).map(ToString::to_string);
    name.unwrap_or_else(|| panic!("an example has a name:\n{document}"))
}

/// `MarginInSum` as `margin-in-sum`.
fn dashed(name: &str) -> String {
    let dash = |letter: char| if letter.is_uppercase() { "-" } else { "" };
    let parts = name.chars().map(|letter| format!("{}{}", dash(letter), letter.to_lowercase()));
    parts.collect::<String>().trim_start_matches('-').to_owned()
}

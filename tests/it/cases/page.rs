//! A page of scenarios: Markdown, in which headings say who asks and blocks what is asked and answered.

use std::fmt::{self, Display};
use std::fs;
use std::path::{Path, PathBuf};

/// A page as it lies in `tests/cases`.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it lies.
    pub path: PathBuf,
    /// What it says, from the top down.
    pub parts: Vec<Part>,
}

/// A line for readers, or an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Line(String),
    Operation(Operation),
}

/// An operation with what stands beside it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Operation {
    /// The query whose first rows are the variables, if they are looked for.
    pub find: Option<String>,
    /// The document.
    pub document: String,
    /// The variables as JSON; empty if there are none.
    pub variables: String,
    /// Lists of the answer are shown whole, however long they are.
    pub whole: bool,
    /// The data as JSON; empty if there are none.
    pub data: String,
    /// The errors, one a line.
    pub errors: String,
}

const FENCE: &str = "```";

/// The folder of the pages.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases")
}

impl Page {
    /// Reads a page.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let parts = parse(&text).unwrap_or_else(|what| panic!("{}: {what}", path.display()));
        Self { path: path.to_owned(), parts }
    }

    /// The lines for readers that begin like this, without that beginning.
    pub fn lines<'a>(&'a self, start: &'a str) -> impl Iterator<Item = &'a str> {
        self.parts.iter().filter_map(move |part| match part {
            Part::Line(line) => line.strip_prefix(start),
            Part::Operation(_) => None,
        })
    }
}

fn parse(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        match line.strip_prefix(FENCE) {
            None => parts.push(Part::Line(line.to_owned())),
            Some(info) => {
                let inside = lines.by_ref().take_while(|line| *line != FENCE);
                let block: String = inside.flat_map(|line| [line, "\n"]).collect();
                put(&mut parts, info, block).map_err(|what| format!("{what}\n{FENCE}{info}"))?;
            }
        }
    }
    Ok(parts)
}

/// Puts a block where it belongs: it begins an operation, or goes on with the last one.
fn put(parts: &mut Vec<Part>, info: &str, block: String) -> Result<(), String> {
    let waits = last(parts).is_some_and(|operation| operation.document.is_empty());
    if info == "graphql find" || (info == "graphql" && !waits) {
        parts.push(Part::Operation(Operation::default()));
    }
    let operation = last_mut(parts).ok_or("a block that follows no operation")?;
    match info {
        "graphql find" => operation.find = Some(block),
        "graphql" => operation.document = block,
        "json variables" => operation.variables = block,
        "json" => operation.data = block,
        "json whole" => (operation.whole, operation.data) = (true, block),
        "text" => operation.errors = block,
        _ => return Err("a block of an unknown kind".to_owned()),
    }
    Ok(())
}

/// The operation that stands last, with nothing but empty lines behind it.
fn last(parts: &[Part]) -> Option<&Operation> {
    match parts.iter().rfind(|part| !is_empty(part)) {
        Some(Part::Operation(operation)) => Some(operation),
        _ => None,
    }
}

/// The same to go on with: the empty lines behind it go.
fn last_mut(parts: &mut Vec<Part>) -> Option<&mut Operation> {
    while parts.last().is_some_and(is_empty) {
        parts.pop();
    }
    match parts.last_mut() {
        Some(Part::Operation(operation)) => Some(operation),
        _ => None,
    }
}

fn is_empty(part: &Part) -> bool {
    *part == Part::Line(String::new())
}

impl Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Line(line) => writeln!(f, "{line}"),
            Part::Operation(operation) => write!(f, "{operation}"),
        })
    }
}

impl Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = if self.whole { "json whole" } else { "json" };
        let blocks = [
            ("graphql find", self.find.as_deref().unwrap_or_default()),
            ("graphql", &self.document),
            ("json variables", &self.variables),
            (data, &self.data),
            ("text", &self.errors),
        ];
        let there = blocks.iter().filter(|(_, block)| !block.is_empty());
        let printed: Vec<_> = there.map(|(info, block)| format!("{FENCE}{info}\n{block}{FENCE}\n")).collect();
        f.write_str(&printed.join("\n"))
    }
}

//! `tributary schema`: prints the schema, compares it with the committed one, or tells what a change does to clients.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Console, Failure, Outcome};
use crate::graphql::evolution::{Weight, compare, undeclared};
use crate::schema::{builder, sdl};

#[derive(Args)]
pub(super) struct Options {
    /// Compare with the file instead of printing; exit code 1 if they differ.
    #[arg(long)]
    check: bool,
    /// The file to compare with.
    #[arg(long, value_name = "PATH", default_value = "schema.graphql", requires = "check")]
    file: PathBuf,
    /// Tell what has changed for clients since the schema in this file; exit code 1 if a breaking change is not declared.
    #[arg(long, value_name = "PATH", conflicts_with = "check")]
    against: Option<PathBuf>,
    /// The breaking changes that are meant, one a line: `Deal.amount: why`.
    #[arg(long, value_name = "PATH", requires = "against")]
    declared: Option<PathBuf>,
}

pub(super) fn run(console: &mut Console<'_>, options: &Options) -> Outcome {
    let current = sdl(&builder().finish());
    match &options.against {
        Some(released) => tell_changes(console, &current, released, options.declared.as_deref()),
        None if options.check => check(console, &current, &options.file),
        None => Ok(console.out.write_all(current.as_bytes())?),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::Failed(format!("{} cannot be read: {error}", path.display())))
}

fn check(console: &mut Console<'_>, current: &str, path: &Path) -> Outcome {
    let (file, committed) = (path.display(), read(path)?);
    match first_difference(&committed, current) {
        None => console.say(format!("{file} is current.")),
        Some((line, committed, current)) => Err(Failure::Failed(format!(
            "{file} is not current. The first difference is in line {line}:\n  file:   {committed}\n  schema: {current}\n\
             Write it anew with: tributary schema > {file}"
        ))),
    }
}

fn tell_changes(console: &mut Console<'_>, current: &str, released: &Path, declared: Option<&Path>) -> Outcome {
    let changes = compare(&read(released)?, current).map_err(Failure::Failed)?;
    for change in &changes {
        let weight = if change.weight == Weight::Breaking { "breaking" } else { "dangerous" };
        console.say(format!("{weight:9}  {change}"))?;
    }
    let declarations = declared.map(read).transpose()?.unwrap_or_default();
    match undeclared(&changes, &declarations) {
        wrong if wrong.is_empty() => console.say("Clients of the released schema go on working."),
        wrong => Err(Failure::Failed(wrong.join("\n"))),
    }
}

/// The number of the first line that differs, and the line in both.
fn first_difference<'a>(committed: &'a str, current: &'a str) -> Option<(usize, &'a str, &'a str)> {
    if committed == current {
        return None;
    }
    let (mut old, mut new) = (committed.lines(), current.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (old.next(), new.next()) {
            // Only the end of the last line differs.
            (None, None) => return Some((number, "", "")),
            (left, right) if left != right => {
                return Some((number, left.unwrap_or("(end)"), right.unwrap_or("(end)")));
            }
            _ => {}
        }
    }
}

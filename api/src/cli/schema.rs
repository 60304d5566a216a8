//! `tributary schema`: prints the schema, or compares it with the committed one.

use std::path::PathBuf;

use clap::Args;

use super::{Console, Failure, Outcome};
use crate::graphql::schema::{builder, sdl};

#[derive(Args)]
pub(super) struct Options {
    /// Compare with the file instead of printing; exit code 1 if they differ.
    #[arg(long)]
    check: bool,
    /// The file to compare with.
    #[arg(long, value_name = "PATH", default_value = "schema.graphql", requires = "check")]
    file: PathBuf,
}

pub(super) fn run(console: &mut Console<'_>, options: &Options) -> Outcome {
    let current = sdl(&builder().finish());
    if !options.check {
        return Ok(console.out.write_all(current.as_bytes())?);
    }
    let file = options.file.display();
    let committed = std::fs::read_to_string(&options.file)
        .map_err(|error| Failure::Failed(format!("{file} cannot be read: {error}")))?;
    match first_difference(&committed, &current) {
        None => console.say(format!("{file} is current.")),
        Some((line, committed, current)) => Err(Failure::Failed(format!(
            "{file} is not current. The first difference is in line {line}:\n  file:   {committed}\n  schema: {current}\n\
             Write it anew with: tributary schema > {file}"
        ))),
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

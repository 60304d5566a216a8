//! Says what an import does: what was rejected in the answer, how far it is beside it.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

use indexmap::IndexMap;

use crate::error::{Error, Result};
use crate::import::{self, Loaded, Note, Problem, Progress, Rejection, Sheet};

/// So many letters of a bad value are shown.
const SHOWN: usize = 60;
/// So many examples of one mistake are shown.
const EXAMPLES: u64 = 3;
/// So many mistakes are told apart; what is beyond is told as it comes.
const GROUPS: usize = 10_000;

/// Files that an import writes.
pub(super) struct Sheets {
    pub rejects: Option<Sheet>,
    pub success: Option<Sheet>,
}

/// Equal mistakes are told three times, and counted at the end.
pub(super) struct Report<'a> {
    out: &'a mut dyn Write,
    sheets: Sheets,
    objects: Vec<&'static str>,
    groups: IndexMap<Group, Members>,
    began: Instant,
    watched: bool,
}

/// What makes mistakes equal: file, column (none for a note), reason.
type Group = (String, String);

/// How often, and where at first.
#[derive(Default)]
struct Members {
    count: u64,
    lines: Vec<String>,
}

impl<'a> Report<'a> {
    pub fn new(out: &'a mut dyn Write, sheets: Sheets, objects: Vec<&'static str>) -> Self {
        let watched = std::io::stderr().is_terminal();
        Self { out, sheets, objects, groups: IndexMap::new(), began: Instant::now(), watched }
    }

    /// The counts of what was not told in full, and the end of the files.
    pub fn done(self) -> Result<()> {
        self.clear();
        for ((place, reason), Members { count, lines }) in &self.groups {
            if *count > EXAMPLES {
                let lines = lines.join(", ");
                writeln!(self.out, "{place}: {reason}: {count} rows, the first on lines {lines}")
                    .map_err(Error::internal)?;
            }
        }
        let mut sheets = self.sheets.rejects.into_iter().chain(self.sheets.success);
        sheets.try_for_each(Sheet::done).map_err(Error::internal)
    }

    /// Tells of something unless it was told often enough.
    fn tell(&mut self, file: &Path, column: &str, line: u64, reason: &str, whole: &str) -> Result<()> {
        let place =
            if column.is_empty() { file.display().to_string() } else { format!("{}, {column}", file.display()) };
        let group = (place, reason.to_owned());
        if self.groups.len() < GROUPS || self.groups.contains_key(&group) {
            let members = self.groups.entry(group).or_default();
            members.count += 1;
            if members.count > EXAMPLES {
                return Ok(());
            }
            members.lines.push(line.to_string());
        }
        self.clear();
        writeln!(self.out, "{}, line {line}{whole}", file.display()).map_err(Error::internal)
    }

    /// Wipes the line that says how far the import is.
    fn clear(&self) {
        if self.watched {
            eprint!("\r\u{1b}[K");
        }
    }
}

impl import::Report for Report<'_> {
    fn rejected(&mut self, rejection: Rejection) -> Result<()> {
        let Rejection { file, line, problems, row } = &rejection;
        for problem in problems {
            self.tell(file, &problem.column, *line, &problem.reason, &told(problem))?;
        }
        let Some(rejects) = &mut self.sheets.rejects else { return Ok(()) };
        let join = |part: fn(&Problem) -> &str| {
            let mut parts: Vec<_> = problems.iter().map(part).filter(|part| !part.is_empty()).collect();
            parts.dedup();
            parts.join("; ")
        };
        let (columns, reasons) = (join(|problem| &problem.column), join(|problem| &problem.reason));
        rejects.write(row, &[line.to_string(), columns, reasons]).map_err(Error::internal)
    }

    fn loaded(&mut self, loaded: Loaded<'_>) -> Result<()> {
        let Some(success) = &mut self.sheets.success else { return Ok(()) };
        let id = |object: &&str| {
            let own = loaded.ids.iter().find(|(name, _)| name == object);
            own.map(|(_, id)| id.clone()).unwrap_or_default()
        };
        let added: Vec<_> = std::iter::once(loaded.line.to_string()).chain(self.objects.iter().map(id)).collect();
        success.write(&(loaded.row)(), &added).map_err(Error::internal)
    }

    fn noted(&mut self, note: Note<'_>) -> Result<()> {
        self.tell(note.file, "", note.line, note.text, &format!(": note: {}", note.text))
    }

    fn progress(&mut self, progress: Progress) {
        if self.watched {
            eprint!("\r\u{1b}[K{}", how_far(progress, self.began.elapsed().as_secs_f64()));
        }
    }
}

/// What is wrong in a row, after its place.
fn told(problem: &Problem) -> String {
    let value = excerpt(&problem.value);
    match (problem.column.as_str(), problem.value.as_str()) {
        ("", "") => format!(": {}", problem.reason),
        ("", _) => format!(": {value}: {}", problem.reason),
        (column, "") => format!(", {column}: empty: {}", problem.reason),
        (column, _) => format!(", {column}: {value}: {}", problem.reason),
    }
}

/// The beginning of a value, with everything in it that could upset a terminal spelt out.
fn excerpt(value: &str) -> String {
    let cut: String = value.chars().take(SHOWN).collect();
    let more = if cut.len() < value.len() { "…" } else { "" };
    format!("\"{}{more}\"", cut.escape_debug())
}

/// How far an import is, after so many seconds.
fn how_far(progress: Progress, seconds: f64) -> String {
    let Progress { rows, read, size } = progress;
    if size == 0 || read == 0 {
        return format!("import: {rows} rows");
    }
    let done = (read as f64 / size as f64).min(1.0);
    let left = (seconds / done - seconds).ceil();
    let left = if left >= 90.0 { format!("{:.0} minutes", left / 60.0) } else { format!("{left:.0} seconds") };
    format!("import: {rows} rows, {:.0} %, about {left} left", done * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_how_much_is_done_and_left() {
        let at = |read, seconds| how_far(Progress { rows: 5_000, read, size: 1_000 }, seconds);
        assert_eq!(at(0, 1.0), "import: 5000 rows");
        assert_eq!(at(250, 10.0), "import: 5000 rows, 25 %, about 30 seconds left");
        assert_eq!(at(100, 60.0), "import: 5000 rows, 10 %, about 9 minutes left");
        assert_eq!(at(1_000, 60.0), "import: 5000 rows, 100 %, about 0 seconds left");
    }
}

//! `tributary import`: people's own data, from CSV files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Console, Failure, Outcome, start};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::graphql::schema::GRAPH;
use crate::import::{self, ADDED, Mapping, Problem, Rejection, Tally};

/// So many letters of a bad value are shown.
const SHOWN: usize = 60;

#[derive(Args)]
pub(super) struct Options {
    /// What the columns mean, as TOML.
    mapping: PathBuf,
    /// The files; each has the columns of the mapping.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Say what would be loaded and what would not: everything is done and undone at the end.
    #[arg(long)]
    dry_run: bool,
    /// Write the rejected rows to this file, to be mended and loaded with the same mapping.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

pub(super) async fn run(console: &mut Console<'_>, config: Config, options: &Options) -> Outcome {
    let mapping = mapping(&options.mapping)?;
    let rejects = options.rejects.as_deref().map(|path| Rejects::create(path, &options.files)).transpose()?;
    let app = start(config).await?;
    let mut report = Report { out: &mut *console.out, rejects };
    let how = import::Options { dry_run: options.dry_run, ..import::Options::default() };
    let outcome = import::run(&app.store().system(), &mapping, &options.files, &how, &mut report).await;
    let kept = report.rejects.map_or(Ok(()), Rejects::done);
    app.store().database().close().await;
    let outcome = outcome?;
    kept?;
    let what_if = if options.dry_run { " (dry run: nothing was written)" } else { "" };
    console.say(format!("{} rows read, {} rejected{what_if}", outcome.rows, outcome.rejected))?;
    for (name, Tally { created, updated, unchanged, rejected }) in &outcome.tallies {
        console
            .say(format!("{name}: {created} created, {updated} updated, {unchanged} unchanged, {rejected} rejected"))?;
    }
    if outcome.rejected == 0 {
        Ok(())
    } else {
        Err(Failure::Partly(format!("{} rows were not loaded.", outcome.rejected)))
    }
}

fn mapping(path: &Path) -> Result<Mapping, Failure> {
    let place = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| Failure::Usage(vec![format!("{place}: {error}")]))?;
    Mapping::parse(&text, &GRAPH)
        .map_err(|mistakes| Failure::Usage(mistakes.into_iter().map(|mistake| format!("{place}: {mistake}")).collect()))
}

/// Says what happens: what was rejected in the answer, how far it is beside it.
struct Report<'a> {
    out: &'a mut dyn Write,
    rejects: Option<Rejects>,
}

impl import::Report for Report<'_> {
    fn rejected(&mut self, rejection: Rejection) -> Result<()> {
        for problem in &rejection.problems {
            writeln!(self.out, "{}", line(&rejection, problem)).map_err(Error::internal)?;
        }
        self.rejects.as_mut().map_or(Ok(()), |rejects| rejects.write(&rejection))
    }

    fn progress(&mut self, rows: u64) {
        eprintln!("import: {rows} rows");
    }
}

fn line(rejection: &Rejection, problem: &Problem) -> String {
    let place = format!("{}, line {}", rejection.file.display(), rejection.line);
    let value = excerpt(&problem.value);
    match (problem.column.as_str(), problem.value.as_str()) {
        ("", "") => format!("{place}: {}", problem.reason),
        ("", _) => format!("{place}: {value}: {}", problem.reason),
        (column, "") => format!("{place}, {column}: empty: {}", problem.reason),
        (column, _) => format!("{place}, {column}: {value}: {}", problem.reason),
    }
}

/// The beginning of a value, with everything in it that could upset a terminal spelt out.
fn excerpt(value: &str) -> String {
    let cut: String = value.chars().take(SHOWN).collect();
    let more = if cut.len() < value.len() { "…" } else { "" };
    format!("\"{}{more}\"", cut.escape_debug())
}

/// The rejected rows with their columns, and what is wrong with each.
struct Rejects {
    to: csv::Writer<BufWriter<File>>,
    head: Vec<String>,
}

impl Rejects {
    /// An empty file; none of those that are loaded.
    fn create(path: &Path, files: &[PathBuf]) -> Result<Self, Failure> {
        let itself = path.canonicalize().ok();
        if itself.is_some() && files.iter().any(|file| file.canonicalize().ok() == itself) {
            let mistake = format!("--rejects {}: this file is to be loaded; name another", path.display());
            return Err(Failure::Usage(vec![mistake]));
        }
        let file = File::create(path).map_err(|error| Failure::Usage(vec![format!("{}: {error}", path.display())]))?;
        Ok(Self { to: csv::Writer::from_writer(BufWriter::new(file)), head: Vec::new() })
    }

    fn write(&mut self, rejection: &Rejection) -> Result<()> {
        if self.head.is_empty() {
            self.head.clone_from(&rejection.head);
            let names = self.head.iter().map(String::as_str).chain(ADDED);
            self.to.write_record(names).map_err(Error::internal)?;
        }
        let of = |name: &String| {
            let place = rejection.head.iter().position(|own| own == name);
            place.and_then(|place| rejection.cells.get(place)).map_or("", String::as_str)
        };
        let line = rejection.line.to_string();
        let join = |part: fn(&Problem) -> &str| {
            let mut parts: Vec<_> = rejection.problems.iter().map(part).filter(|part| !part.is_empty()).collect();
            parts.dedup();
            parts.join("; ")
        };
        let (columns, reasons) = (join(|problem| &problem.column), join(|problem| &problem.reason));
        let cells = self.head.iter().map(of).chain([line.as_str(), columns.as_str(), reasons.as_str()]);
        self.to.write_record(cells).map_err(Error::internal)
    }

    fn done(mut self) -> Result<()> {
        self.to.flush().map_err(Error::internal)
    }
}

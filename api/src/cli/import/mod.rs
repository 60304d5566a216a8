//! `tributary import`: people's own data, from CSV files.

mod report;

use std::path::{Path, PathBuf};

use clap::Args;

use self::report::{Report, Sheets};
use super::{Console, Failure, Outcome, start};
use crate::config::Config;
use crate::import::{self, ADDED, LINE, Mapping, Sheet, Tally};
use crate::schema::GRAPH;

#[derive(Args)]
pub(super) struct Options {
    /// What the columns mean, as TOML.
    mapping: PathBuf,
    /// The files, as they are or packed by gzip; each has the columns of the mapping. `-` is standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Say what would be loaded and what would not: everything is worked out and nothing is written.
    #[arg(long)]
    dry_run: bool,
    /// Write the rejected rows to this file, to be mended and loaded with the same mapping.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Write the loaded rows to this file, with the ids of what they are in the graph.
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    success: Option<PathBuf>,
}

pub(super) async fn run(console: &mut Console<'_>, config: Config, options: &Options) -> Outcome {
    let mapping = mapping(&options.mapping)?;
    let objects: Vec<_> = mapping.objects.iter().map(|map| map.object.name).collect();
    let names: Vec<_> = objects.iter().map(|object| format!("_{object}")).collect();
    let made: Vec<_> = std::iter::once(LINE).chain(names.iter().map(String::as_str)).collect();
    let sheets = Sheets {
        rejects: sheet("--rejects", options.rejects.as_deref(), &options.files, &ADDED)?,
        success: sheet("--success", options.success.as_deref(), &options.files, &made)?,
    };
    let app = start(config).await?;
    let mut report = Report::new(&mut *console.out, sheets, objects);
    let how = import::Options { dry_run: options.dry_run, ..import::Options::default() };
    let outcome = import::run(&app.store().system(), &mapping, &options.files, &how, &mut report).await;
    let told = report.done();
    app.store().database().close().await;
    let outcome = outcome?;
    told?;
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

/// An empty file; none of those that are loaded.
fn sheet(option: &str, path: Option<&Path>, files: &[PathBuf], added: &[&str]) -> Result<Option<Sheet>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let itself = path.canonicalize().ok();
    if itself.is_some() && files.iter().any(|file| file.canonicalize().ok() == itself) {
        let mistake = format!("{option} {}: this file is to be loaded; name another", path.display());
        return Err(Failure::Usage(vec![mistake]));
    }
    let sheet = Sheet::create(path, added);
    sheet.map(Some).map_err(|error| Failure::Usage(vec![format!("{}: {error}", path.display())]))
}

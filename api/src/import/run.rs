//! A run: files, batches, transactions, and what is said of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use entity::transition;
use sea_orm::Value;

use super::apply::{Applied, apply};
use super::cell::Problem;
use super::desk::{Desk, VERB};
use super::draft::{Drafted, draft};
use super::file::{ADDED, File, Next, Row};
use super::follow::{Credits, project, time_steps};
use super::known;
use super::mapping::Mapping;
use super::table::Change;
use crate::error::{Code, Error, Mistake, Result};
use crate::history::{self, Batch, Happening};
use crate::store::Tx;
use crate::store::system::System;

/// So many rows of a file go into one transaction.
pub const BATCH: usize = 1_000;
/// A batch that stands in the way of others is tried so often.
const ATTEMPTS: usize = 5;

/// How a file is loaded.
#[derive(Clone, Debug)]
pub struct Options {
    /// Everything is done, and undone at the end.
    pub dry_run: bool,
    /// So many rows of a file go into one transaction.
    pub batch: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { dry_run: false, batch: BATCH }
    }
}

/// What became of the rows of one object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// New ones.
    pub created: u64,
    /// Changed ones.
    pub updated: u64,
    /// Those that were like this.
    pub unchanged: u64,
    /// Those of rejected rows.
    pub rejected: u64,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows read.
    pub rows: u64,
    /// Rows rejected.
    pub rejected: u64,
    /// By object, in the order of the mapping.
    pub tallies: Vec<(&'static str, Tally)>,
}

/// A row that was not loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Its file.
    pub file: PathBuf,
    /// Its line.
    pub line: u64,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// The names of its columns.
    pub head: Vec<String>,
    /// Its cells.
    pub cells: Vec<String>,
}

/// Where a run says what happens.
pub trait Report {
    /// A row was rejected.
    ///
    /// # Errors
    /// It cannot be told.
    fn rejected(&mut self, rejection: Rejection) -> Result<()>;

    /// So many rows have been read.
    fn progress(&mut self, rows: u64);
}

/// Loads files.
///
/// # Errors
/// `Invalid`: a file cannot be read, or lacks columns that the mapping asks for; database errors. Batches that were
/// committed before stay; the same run again finds them there.
pub async fn run(
    system: &System,
    mapping: &Mapping,
    files: &[PathBuf],
    options: &Options,
    report: &mut dyn Report,
) -> Result<Outcome> {
    if options.dry_run
        && let Some(rehearsal) = system.rehearse().await?
    {
        let outcome = run_on(&rehearsal.system(), mapping, files, options, report).await;
        rehearsal.end().await;
        return outcome;
    }
    run_on(system, mapping, files, options, report).await
}

async fn run_on(
    system: &System,
    mapping: &Mapping,
    files: &[PathBuf],
    options: &Options,
    report: &mut dyn Report,
) -> Result<Outcome> {
    check_files(mapping, files)?;
    let winners = winners(mapping, files)?;
    let mut run = Run {
        system,
        mapping,
        options,
        winners,
        held: None,
        outcome: Outcome {
            tallies: mapping.objects.iter().map(|map| (map.object.name, Tally::default())).collect(),
            ..Outcome::default()
        },
        report,
    };
    for (place, path) in files.iter().enumerate() {
        run.file(place, path).await?;
    }
    Ok(run.outcome)
}

fn unreadable(reason: String) -> Error {
    Error::invalid("INVALID", "file", reason)
}

fn open(mapping: &Mapping, path: &Path) -> Result<File> {
    File::open(path, mapping.delimiter, mapping.latin1).map_err(unreadable)
}

/// Every file has every column that the mapping asks for.
fn check_files(mapping: &Mapping, files: &[PathBuf]) -> Result<()> {
    let mut mistakes = Vec::new();
    for path in files {
        match open(mapping, path) {
            Err(Error::Invalid(more)) => mistakes.extend(more),
            Err(other) => return Err(other),
            Ok(file) => {
                mistakes.extend(mapping.columns().into_iter().filter(|name| !file.head().has(name)).map(|name| {
                    let has = file.head().names().join(", ");
                    let message = format!("{}: there is no column {name:?}; the file has {has}", path.display());
                    Mistake::new("REQUIRED", "file", message)
                }))
            }
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(Error::Invalid(mistakes)) }
}

/// For every object of which only the earliest row counts: which one that is.
type Winners = HashMap<usize, HashMap<String, (DateTime<Utc>, usize, u64)>>;

/// Reads the files once for the objects of which only the earliest row counts. Needs memory for each such group.
fn winners(mapping: &Mapping, files: &[PathBuf]) -> Result<Winners> {
    let mut winners = Winners::new();
    let choosy = || mapping.objects.iter().enumerate().filter_map(|(at, map)| Some((at, map, map.first_per.as_ref()?)));
    if choosy().next().is_none() {
        return Ok(winners);
    }
    for (place, path) in files.iter().enumerate() {
        let mut file = open(mapping, path)?;
        while let Some(next) = file.next().map_err(unreadable)? {
            let Next::Row(row) = next else { continue };
            for (at, map, first) in choosy() {
                let (Ok(true), Ok(group), Ok(Some(Value::ChronoDateTimeUtc(Some(date))))) =
                    (map.is_in(&row), row.text(&first.column), first.date.value(&row))
                else {
                    continue;
                };
                let this = (date, place, row.line);
                let best = winners.entry(at).or_default().entry(group.trim().to_owned()).or_insert(this);
                *best = this.min(*best);
            }
        }
    }
    Ok(winners)
}

struct Run<'a> {
    system: &'a System,
    mapping: &'a Mapping,
    options: &'a Options,
    winners: Winners,
    /// The one transaction of a dry run.
    held: Option<Tx>,
    outcome: Outcome,
    report: &'a mut dyn Report,
}

impl Run<'_> {
    async fn file(&mut self, place: usize, path: &Path) -> Result<()> {
        let mut file = open(self.mapping, path)?;
        let names = file.head().names().iter().filter(|name| !ADDED.contains(&name.as_str()));
        let origin = Origin { path: path.to_owned(), head: names.cloned().collect() };
        let mut rows: Vec<Drafted<'_>> = Vec::with_capacity(self.options.batch);
        loop {
            let next = file.next().map_err(unreadable)?;
            let ended = next.is_none();
            match next {
                None => {}
                Some(Next::Row(row)) => {
                    self.outcome.rows += 1;
                    match draft(self.mapping, row, |row, at| self.counts(place, row, at)) {
                        Ok(drafted) => rows.push(drafted),
                        Err((row, problems)) => self.reject(origin.rejection_of(&row, problems))?,
                    }
                }
                Some(Next::Broken(line, text, reason)) => {
                    self.outcome.rows += 1;
                    let problems = vec![Problem { column: String::new(), value: text.clone(), reason }];
                    self.reject(origin.rejection(line, vec![text], problems))?;
                }
            }
            if rows.len() >= self.options.batch || (ended && !rows.is_empty()) {
                self.batch(&origin, &rows).await?;
                rows.clear();
                self.report.progress(self.outcome.rows);
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// Is this the row that counts for an object, if only one does?
    fn counts(&self, place: usize, row: &Row, at: usize) -> bool {
        let Some(first) = self.mapping.objects.get(at).and_then(|map| map.first_per.as_ref()) else { return true };
        let best = row.text(&first.column).ok().and_then(|group| self.winners.get(&at)?.get(group.trim()));
        best.is_none_or(|(_, file, line)| (*file, *line) == (place, row.line))
    }

    /// Loads a batch in a transaction of its own.
    async fn batch(&mut self, origin: &Origin, rows: &[Drafted<'_>]) -> Result<()> {
        let mut attempt = 1;
        let applied = loop {
            let tx = match self.held.take() {
                Some(tx) => tx,
                None => self.system.begin(VERB).await?,
            };
            match load(self.system, self.mapping, self.options, &tx, rows).await {
                Ok(applied) if self.options.dry_run => {
                    self.held = Some(tx);
                    break applied;
                }
                Ok(applied) => {
                    tx.commit().await?;
                    break applied;
                }
                // Others were at the same rows: what they did is seen at the next attempt.
                Err(error) if error.code() == Code::Conflict && !self.options.dry_run && attempt < ATTEMPTS => {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        };
        for (drafted, outcome) in rows.iter().zip(applied) {
            match outcome {
                Ok(applied) => self.count(&applied),
                Err(problems) => self.reject(origin.rejection_of(&drafted.row, problems))?,
            }
        }
        Ok(())
    }

    fn count(&mut self, applied: &Applied) {
        for (name, change) in applied {
            let Some((_, tally)) = self.outcome.tallies.iter_mut().find(|(known, _)| known == name) else { continue };
            match change {
                Change::Made => tally.created += 1,
                Change::Changed => tally.updated += 1,
                Change::None => tally.unchanged += 1,
            }
        }
    }

    fn reject(&mut self, rejection: Rejection) -> Result<()> {
        self.outcome.rejected += 1;
        self.outcome.tallies.iter_mut().for_each(|(_, tally)| tally.rejected += 1);
        self.report.rejected(rejection)
    }
}

/// Where rows are from.
struct Origin {
    path: PathBuf,
    head: Vec<String>,
}

impl Origin {
    fn rejection_of(&self, row: &Row, problems: Vec<Problem>) -> Rejection {
        self.rejection(row.line, row.originals().map(str::to_owned).collect(), problems)
    }

    fn rejection(&self, line: u64, cells: Vec<String>, problems: Vec<Problem>) -> Rejection {
        Rejection { file: self.path.clone(), line, problems, head: self.head.clone(), cells }
    }
}

/// Loads rows in a transaction; answers what became of each.
async fn load(
    system: &System,
    mapping: &Mapping,
    options: &Options,
    tx: &Tx,
    rows: &[Drafted<'_>],
) -> Result<Vec<Result<Applied, Vec<Problem>>>> {
    let warrant = system.warrant();
    let mut desk = known::desk(system, tx, mapping, rows).await?;
    let applied = rows.iter().map(|row| apply(&mut desk, row)).collect();
    project(&mut desk);
    let steps = time_steps(tx, &warrant, &mut desk).await?;
    let credits = Credits::of(&desk);
    let mut batch = batch_of(system, desk, steps);
    if options.dry_run {
        // Nobody shall wait for a number of the log until a dry run ends.
        batch.happenings.clear();
    }
    let happenings = history::load(system, tx, batch).await?;
    credits.rebuild(tx, &warrant).await?;
    history::log(system, tx, happenings, &mut |_| system.store().clock().id()).await?;
    Ok(applied)
}

/// Everything that is new or different, with its events.
fn batch_of(system: &System, desk: Desk<'_>, steps: Vec<transition::Model>) -> Batch {
    let act = desk.act();
    let mut batch = Batch::default();
    desk.companies.keep(system, act, &mut batch);
    desk.campaigns.keep(system, act, &mut batch);
    desk.contacts.keep(system, act, &mut batch);
    desk.touchpoints.keep(system, act, &mut batch);
    desk.members.keep(system, act, &mut batch);
    desk.leads.keep(system, act, &mut batch);
    desk.deals.keep(system, act, &mut batch);
    desk.parts.keep(system, act, &mut batch);
    for step in steps {
        let (kind, changes) = system.changes::<transition::Entity>(None, &step);
        batch.happenings.push(Happening { act, kind, subject: step.id, changes });
        batch.transitions.made.push(step);
    }
    batch
}

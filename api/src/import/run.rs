//! A run: files, batches, transactions.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use entity::transition;

use super::apply::{Applied, apply};
use super::cell::Problem;
use super::desk::{Desk, VERB, subject};
use super::draft::{Drafted, draft};
use super::file::{File, Next};
use super::follow::{Credits, project, time_steps};
use super::input::Input;
use super::known::{self, Memory};
use super::mapping::Mapping;
use super::report::{Loaded, Note, Outcome, Progress, Rejection, Report, Tally};
use super::sheet::Original;
use super::table::Change;
use super::winners::Winners;
use crate::access::Kind;
use crate::error::{Code, Error, Mistake, Result};
use crate::history::{self, Batch, Happening};
use crate::similar::{hint, quoted};
use crate::store::Tx;
use crate::store::system::System;

/// So many rows of a file go into one transaction.
pub const BATCH: usize = 1_000;
/// What an import looks rows up in.
const TABLES: [Kind; 12] = [
    Kind::User,
    Kind::Team,
    Kind::ExchangeRate,
    Kind::Company,
    Kind::Campaign,
    Kind::Contact,
    Kind::Touchpoint,
    Kind::CampaignMember,
    Kind::Lead,
    Kind::Deal,
    Kind::DealContact,
    Kind::Transition,
];
/// A batch that stands in the way of others is tried so often.
const ATTEMPTS: usize = 5;

/// How a file is loaded.
#[derive(Clone, Debug)]
pub struct Options {
    /// Everything is worked out, and nothing is written.
    pub dry_run: bool,
    /// So many rows of a file go into one transaction.
    pub batch: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { dry_run: false, batch: BATCH }
    }
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
    let inputs = inputs(mapping, files)?;
    let tallies = mapping.objects.iter().map(|map| (map.object.name, Tally::default())).collect();
    let mut run = Run {
        system,
        mapping,
        options,
        winners: Winners::of(mapping, &inputs).map_err(unreadable)?,
        memory: Memory::default(),
        batches: 0,
        outcome: Outcome { tallies, ..Outcome::default() },
        report,
    };
    let size = inputs.iter().map(Input::size).sum();
    let mut progress = Progress { rows: 0, read: 0, size };
    for (place, input) in inputs.iter().enumerate() {
        run.file(place, input, progress).await?;
        progress.read += input.size();
    }
    Ok(run.outcome)
}

fn unreadable(reason: String) -> Error {
    Error::invalid("INVALID", "file", reason)
}

/// The files; every one has every column that the mapping asks for, once.
fn inputs(mapping: &Mapping, files: &[PathBuf]) -> Result<Vec<Input>> {
    let (mut inputs, mut mistakes) = (Vec::new(), Vec::new());
    for path in files {
        let opened = Input::of(path).and_then(|input| Ok((File::open(&input, mapping.writing)?, input)));
        match opened {
            Err(reason) => mistakes.push(Mistake::new("INVALID", "file", reason)),
            Ok((file, input)) => {
                let wrong = mapping.columns().into_iter().filter_map(|name| mistaken(&file, input.path(), name));
                mistakes.extend(wrong.map(|message| Mistake::new("REQUIRED", "file", message)));
                inputs.push(input);
            }
        }
    }
    if mistakes.is_empty() { Ok(inputs) } else { Err(Error::Invalid(mistakes)) }
}

/// What is wrong with a column that the mapping asks for.
fn mistaken(file: &File, path: &Path, name: &str) -> Option<String> {
    let (head, place) = (file.head(), path.display());
    match head.columns(name).as_slice() {
        [_] => None,
        [] => {
            let hint = hint(name, head.names().iter().map(String::as_str), quoted);
            Some(format!("{place}: there is no column {name:?}; the file has {}.{hint}", head.names().join(", ")))
        }
        more => {
            let more: Vec<_> = more.iter().map(usize::to_string).collect();
            Some(format!(
                "{place}: {name:?} is the name of more than one column ({}): rename all but one",
                more.join(", ")
            ))
        }
    }
}

struct Run<'a> {
    system: &'a System,
    mapping: &'a Mapping,
    options: &'a Options,
    winners: Winners,
    /// What a dry run would have written.
    memory: Memory,
    batches: u64,
    outcome: Outcome,
    report: &'a mut dyn Report,
}

/// On which line of a file a row of ours was spoken of first.
type Lines = HashMap<uuid::Uuid, u64>;

impl Run<'_> {
    async fn file(&mut self, place: usize, input: &Input, before: Progress) -> Result<()> {
        let mut file = File::open(input, self.mapping.writing).map_err(unreadable)?;
        let mut rows: Vec<Drafted<'_>> = Vec::with_capacity(self.options.batch);
        let mut lines = Lines::new();
        loop {
            let next = file.next().map_err(unreadable)?;
            let ended = next.is_none();
            self.outcome.rows += u64::from(!ended);
            match next {
                None => {}
                Some(Next::Row(row)) => {
                    let counts = |row: &_, at| self.winners.count(self.mapping, place, row, at);
                    let drafted = draft(self.mapping, row, counts);
                    if drafted.problems.is_empty() {
                        rows.push(drafted);
                    } else {
                        self.reject(input.path(), &drafted, drafted.problems.clone())?;
                    }
                }
                Some(Next::Broken(broken)) => {
                    let problem = Problem { column: String::new(), value: broken.text, reason: broken.reason };
                    let sure = self.mapping.objects.iter().filter(|map| map.when.is_none());
                    self.outcome.reject(sure.map(|map| map.object.name));
                    self.tell(input.path(), broken.line, vec![problem], broken.original)?;
                }
            }
            if rows.len() >= self.options.batch || (ended && !rows.is_empty()) {
                self.batch(input.path(), &rows, &mut lines).await?;
                rows.clear();
                let (rows, read) = (self.outcome.rows, before.read + file.read());
                self.report.progress(Progress { rows, read, ..before });
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// Loads a batch in a transaction of its own.
    async fn batch(&mut self, path: &Path, rows: &[Drafted<'_>], lines: &mut Lines) -> Result<()> {
        // The tables have grown to twice their size since the last time at most.
        if self.batches == 0 || (self.batches.is_power_of_two() && !self.options.dry_run) {
            self.system.learn(&TABLES).await;
        }
        self.batches += 1;
        let mut attempt = 1;
        let applied = loop {
            let loaded = if self.options.dry_run { self.rehearse(rows).await } else { self.load(rows).await };
            match loaded {
                // Others were at the same rows: what they did is seen at the next attempt.
                Err(error) if error.code() == Code::Conflict && attempt < ATTEMPTS => attempt += 1,
                applied => break applied?,
            }
        };
        for (drafted, Judged { outcome, notes }) in rows.iter().zip(applied) {
            match outcome {
                Ok(applied) => self.loaded(path, drafted, &applied, &notes, lines)?,
                Err(problems) => self.reject(path, drafted, problems)?,
            }
        }
        Ok(())
    }

    async fn load(&self, rows: &[Drafted<'_>]) -> Result<Vec<Judged>> {
        let tx = self.system.begin(VERB).await?;
        self.system.plan_by_index(&tx).await?;
        let mut desk = known::desk(self.system, &tx, self.mapping, rows, &self.memory).await?;
        let judged = judge(&mut desk, rows);
        write(self.system, &tx, desk).await?;
        tx.commit().await?;
        Ok(judged)
    }

    /// Works a batch out as if it was loaded, and remembers what it would have written.
    async fn rehearse(&mut self, rows: &[Drafted<'_>]) -> Result<Vec<Judged>> {
        let tx = self.system.look_on(VERB).await?;
        self.system.plan_by_index(&tx).await?;
        let mut desk = known::desk(self.system, &tx, self.mapping, rows, &self.memory).await?;
        let judged = judge(&mut desk, rows);
        let steps = desk.take_steps();
        self.memory.last.extend(steps.iter().filter_map(|step| Some((subject(step)?, step.at))));
        self.memory.tables.remember(desk.into_tables());
        Ok(judged)
    }

    fn loaded(
        &mut self,
        path: &Path,
        drafted: &Drafted<'_>,
        applied: &[Applied],
        notes: &[String],
        lines: &mut Lines,
    ) -> Result<()> {
        self.outcome.count(applied);
        let line = drafted.row.line;
        for text in notes {
            self.report.noted(Note { file: path, line, text })?;
        }
        for Applied { object, id, change, .. } in applied {
            if lines.contains_key(id) && *change == Change::Changed {
                let text = format!(
                    "{object}: an earlier line of the file is about the same one and says something else; \
                                    the last one counts"
                );
                self.report.noted(Note { file: path, line, text: &text })?;
            }
            lines.entry(*id).or_insert(line);
        }
        let graph = self.system.store().graph();
        let ids = applied.iter().map(|one| (one.object, graph.of(one.kind).global_id(one.id))).collect();
        self.report.loaded(Loaded { line, row: &|| drafted.row.original(), ids })
    }

    fn reject(&mut self, path: &Path, drafted: &Drafted<'_>, problems: Vec<Problem>) -> Result<()> {
        self.outcome.reject(drafted.drafts.iter().map(|draft| draft.map.object.name));
        self.tell(path, drafted.row.line, problems, drafted.row.original())
    }

    fn tell(&mut self, path: &Path, line: u64, problems: Vec<Problem>, row: Original) -> Result<()> {
        self.report.rejected(Rejection { file: path.to_owned(), line, problems, row })
    }
}

/// What was made of a row.
struct Judged {
    outcome: Result<Vec<Applied>, Vec<Problem>>,
    notes: Vec<String>,
}

/// Applies rows to the desk, with what follows for others.
fn judge(desk: &mut Desk<'_>, rows: &[Drafted<'_>]) -> Vec<Judged> {
    let judged = rows.iter().map(|row| Judged { outcome: apply(desk, row), notes: desk.take_notes() }).collect();
    project(desk);
    judged
}

/// Writes everything that is new or different, with its events.
async fn write(system: &System, tx: &Tx, mut desk: Desk<'_>) -> Result<()> {
    let warrant = system.warrant();
    let steps = time_steps(tx, &warrant, &mut desk).await?;
    let credits = Credits::of(&desk);
    let happenings = history::load(system, tx, batch_of(system, desk, steps)).await?;
    credits.rebuild(tx, &warrant).await?;
    history::log(system, tx, happenings, &mut |_| system.store().clock().id()).await
}

fn batch_of(system: &System, desk: Desk<'_>, steps: Vec<transition::Model>) -> Batch {
    let act = desk.act();
    let mut batch = Batch::default();
    desk.into_tables().keep(system, act, &mut batch);
    for step in steps {
        let (kind, changes) = system.changes::<transition::Entity>(None, &step);
        batch.happenings.push(Happening { act, kind, subject: step.id, changes });
        batch.transitions.made.push(step);
    }
    batch
}

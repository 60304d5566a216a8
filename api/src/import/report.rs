//! What a run says of itself.

use std::path::{Path, PathBuf};

use super::apply::Applied;
use super::cell::Problem;
use super::sheet::Original;
use super::table::Change;
use crate::error::Result;

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
    /// By object, in the order of the mapping; then leads, if deals of the files converted known ones.
    pub tallies: Vec<(&'static str, Tally)>,
}

impl Outcome {
    /// Counts what became of the objects of a row. What only follows from others (how far a person has come) is not counted.
    pub(super) fn count(&mut self, applied: &[Applied]) {
        for Applied { object, change, .. } in applied {
            self.tally(object, |tally| match change {
                Change::Made => tally.created += 1,
                Change::Changed => tally.updated += 1,
                Change::None => tally.unchanged += 1,
            });
        }
    }

    /// Counts a rejected row with these objects.
    pub(super) fn reject(&mut self, objects: impl Iterator<Item = &'static str>) {
        self.rejected += 1;
        objects.for_each(|object| self.tally(object, |tally| tally.rejected += 1));
    }

    fn tally(&mut self, object: &'static str, count: impl FnOnce(&mut Tally)) {
        if self.tallies.iter().all(|(known, _)| *known != object) {
            self.tallies.push((object, Tally::default()));
        }
        let own = self.tallies.iter_mut().find(|(known, _)| *known == object);
        if let Some((_, tally)) = own {
            count(tally);
        }
    }
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
    /// As it stands in the file.
    pub row: Original,
}

/// A row that was loaded.
pub struct Loaded<'a> {
    /// Its line.
    pub line: u64,
    /// Makes it as it stands in the file.
    pub row: &'a dyn Fn() -> Original,
    /// Its objects and their ids in the graph.
    pub ids: Vec<(&'static str, String)>,
}

/// Something to be said of a row that was loaded.
#[derive(Clone, Debug)]
pub struct Note<'a> {
    /// Its file.
    pub file: &'a Path,
    /// Its line.
    pub line: u64,
    /// What there is to say.
    pub text: &'a str,
}

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Rows read.
    pub rows: u64,
    /// Bytes read.
    pub read: u64,
    /// Bytes of all files.
    pub size: u64,
}

/// Where a run says what happens.
pub trait Report {
    /// A row was rejected.
    ///
    /// # Errors
    /// It cannot be told.
    fn rejected(&mut self, rejection: Rejection) -> Result<()>;

    /// A row was loaded.
    ///
    /// # Errors
    /// It cannot be told.
    fn loaded(&mut self, _: Loaded<'_>) -> Result<()> {
        Ok(())
    }

    /// There is something to be said of a row.
    ///
    /// # Errors
    /// It cannot be told.
    fn noted(&mut self, _: Note<'_>) -> Result<()> {
        Ok(())
    }

    /// So much has been done.
    fn progress(&mut self, progress: Progress);
}

//! What is read on behalf of one request, counted while it happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A running count, shared by everything that reads for the request.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    statements: AtomicU64,
    rows: AtomicU64,
    microseconds: AtomicU64,
}

impl Tally {
    /// How many statements were run.
    pub fn statements(&self) -> u64 {
        self.0.statements.load(Ordering::Relaxed)
    }

    /// How many rows they answered, those that were joined to them included.
    pub fn rows(&self) -> u64 {
        self.0.rows.load(Ordering::Relaxed)
    }

    /// How long they took together, those that ran at the same time one after the other.
    pub fn milliseconds(&self) -> u64 {
        self.0.microseconds.load(Ordering::Relaxed) / 1_000
    }

    pub(super) fn add_time(&self, took: Duration) {
        self.0.microseconds.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn add_statement(&self) {
        self.0.statements.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_rows(&self, rows: usize) {
        self.0.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }
}

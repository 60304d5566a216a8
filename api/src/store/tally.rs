//! What is read on behalf of one request, counted while it happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A running count, shared by everything that reads for the request.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    statements: AtomicU64,
    rows: AtomicU64,
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

    pub(super) fn add_statement(&self) {
        self.0.statements.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_rows(&self, rows: usize) {
        self.0.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }
}

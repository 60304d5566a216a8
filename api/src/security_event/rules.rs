//! How much of what is refused is kept one by one, whatever is tried: for each source and minute, and for all strangers
//! together.

use std::collections::HashMap;

use entity::security_event::Model;
use uuid::Uuid;

/// So many are kept of a source in a minute; after them, the last one.
const MOST_OF_A_SOURCE: u32 = 10;
/// So many are kept of all strangers in a minute.
const MOST_OF_STRANGERS: u32 = 30;
/// Of so many strange sources the last one is kept for itself; of all others together, one.
const MOST_LAST_ONES: usize = 10;
/// Most sources that are told apart within a minute.
const MOST_SOURCES: usize = 10_000;

/// Whose attempts are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A user.
    User(Uuid),
    /// Strangers of a network; none where they did not come over one.
    Network(Option<String>),
}

/// The minute, and what was kept of it.
#[derive(Debug, Default)]
pub struct Quota {
    minute: i64,
    sources: HashMap<Source, Window>,
    strangers: u32,
    /// Of sources that are not told apart any more.
    others: Window,
}

#[derive(Debug, Default)]
struct Window {
    kept: u32,
    /// What is not kept, with the last of it.
    dropped: i32,
    last: Option<Model>,
}

impl Window {
    fn drop(&mut self, row: Model) {
        self.dropped = self.dropped.saturating_add(1).saturating_add(row.dropped);
        self.last = Some(row);
    }

    /// The last one, for all that is not kept.
    fn last(self) -> Option<Model> {
        let dropped = self.dropped.saturating_sub(1);
        self.last.map(|row| Model { dropped, ..row })
    }
}

impl Quota {
    /// Takes an attempt of a minute; answers what is to be written now.
    pub fn take(&mut self, source: Source, row: Model, minute: i64) -> Vec<Model> {
        let mut rows = self.end_before(minute);
        let is_strange = matches!(source, Source::Network(_));
        if !self.sources.contains_key(&source) && self.sources.len() >= MOST_SOURCES {
            self.others.drop(row);
            return rows;
        }
        let window = self.sources.entry(source).or_default();
        let room = window.kept < MOST_OF_A_SOURCE && !(is_strange && self.strangers >= MOST_OF_STRANGERS);
        if room {
            window.kept += 1;
            self.strangers += u32::from(is_strange);
            rows.push(row);
        } else {
            window.drop(row);
        }
        rows
    }

    /// Ends the minutes before this one; answers what is left of them to be written.
    pub fn end_before(&mut self, minute: i64) -> Vec<Model> {
        if self.minute >= minute {
            return Vec::new();
        }
        let ended = std::mem::replace(self, Self { minute, ..Self::default() });
        let mut others = ended.others;
        let dropped = ended.sources.into_iter().filter(|(_, window)| window.dropped > 0);
        let (mut strange, users): (Vec<_>, Vec<_>) =
            dropped.partition(|(source, _)| matches!(source, Source::Network(_)));
        strange.sort_by_key(|(_, window)| std::cmp::Reverse(window.dropped));
        for (_, window) in strange.drain(MOST_LAST_ONES.min(strange.len())..) {
            others.dropped = others.dropped.saturating_add(window.dropped);
            others.last = window.last;
        }
        // They came from anywhere.
        others.last = others.last.map(|row| Model { network: None, address: None, ..row });
        let windows = users.into_iter().chain(strange).map(|(_, window)| window);
        windows.chain([others]).filter_map(Window::last).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: usize) -> Source {
        Source::Network(Some(format!("network {number}")))
    }

    fn row(number: i32) -> Model {
        Model { network: Some("a network".to_owned()), subject_id: Some(number.to_string()), ..Model::default() }
    }

    #[test]
    fn of_a_source_the_first_ones_are_kept_and_the_last_one() {
        for source in [network(1), Source::User(Uuid::from_u128(1))] {
            let mut quota = Quota::default();
            let kept: usize = (0..500).map(|at| quota.take(source.clone(), row(at), 7).len()).sum();
            assert_eq!(kept, 10);
            assert_eq!(quota.end_before(7), []);
            assert_eq!(quota.end_before(8), [Model { dropped: 489, ..row(499) }]);
            assert_eq!(quota.end_before(9), []);
            assert_eq!(quota.take(source, row(1), 9), [row(1)], "a new minute");
        }
    }

    #[test]
    fn what_was_not_kept_of_a_minute_is_told_with_the_next_attempt() {
        let mut quota = Quota::default();
        for at in 0..12 {
            quota.take(network(1), row(at), 7);
        }
        assert_eq!(quota.take(network(2), row(50), 8), [Model { dropped: 1, ..row(11) }, row(50)]);
    }

    #[test]
    fn a_batch_counts_with_all_its_items() {
        let mut quota = Quota::default();
        let user = Source::User(Uuid::from_u128(1));
        for at in 0..12 {
            quota.take(user.clone(), Model { dropped: 999, ..row(at) }, 7);
        }
        assert_eq!(quota.end_before(8), [Model { dropped: 1_999, ..row(11) }]);
    }

    #[test]
    fn strangers_from_everywhere_fill_neither_the_memory_nor_the_table() {
        let mut quota = Quota::default();
        let sources = 3 * MOST_SOURCES;
        let kept: usize = (0..sources).map(|at| quota.take(network(at), row(0), 7).len()).sum();
        assert_eq!(kept, 30);
        assert!(quota.sources.len() <= MOST_SOURCES);
        // Whoever is signed in is not drowned by them, as long as there is any room.
        let last = quota.end_before(8);
        assert_eq!(last.len(), MOST_LAST_ONES + 1);
        let told: usize = last.iter().map(|row| usize::try_from(row.dropped).unwrap() + 1).sum();
        assert_eq!(kept + told, sources, "each is counted");
        assert_eq!(last.last().unwrap().network, None);
    }
}

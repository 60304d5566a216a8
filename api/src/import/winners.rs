//! Of which rows only the earliest counts.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::Value;

use super::file::{File, Next, Row};
use super::input::Input;
use super::mapping::Mapping;

/// For every object of which only the earliest row counts: which one that is.
#[derive(Default)]
pub struct Winners(HashMap<usize, HashMap<String, Best>>);

/// The earliest row of a group: its moment, the place of its file, its line.
type Best = (DateTime<Utc>, usize, u64);

impl Winners {
    /// Reads the files once, if there are such objects. Needs memory for each group of rows.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn of(mapping: &Mapping, inputs: &[Input]) -> Result<Self, String> {
        let mut winners = Self::default();
        let choosy =
            || mapping.objects.iter().enumerate().filter_map(|(at, map)| Some((at, map, map.first_per.as_ref()?)));
        if choosy().next().is_none() {
            return Ok(winners);
        }
        for (place, input) in inputs.iter().enumerate() {
            let mut file = File::open(input, mapping.writing)?;
            while let Some(next) = file.next()? {
                let Next::Row(row) = next else { continue };
                for (at, map, first) in choosy() {
                    let (Ok(true), Ok(group), Ok(Some(Value::ChronoDateTimeUtc(Some(date))))) =
                        (map.is_in(&row), row.text(&first.column), first.date.value(&row))
                    else {
                        continue;
                    };
                    let this = (date, place, row.line);
                    let best = winners.0.entry(at).or_default().entry(group.trim().to_owned()).or_insert(this);
                    *best = this.min(*best);
                }
            }
        }
        Ok(winners)
    }

    /// Is this the row that counts for an object, if only one does?
    pub fn count(&self, mapping: &Mapping, place: usize, row: &Row, at: usize) -> bool {
        let Some(first) = mapping.objects.get(at).and_then(|map| map.first_per.as_ref()) else { return true };
        let best = row.text(&first.column).ok().and_then(|group| self.0.get(&at)?.get(group.trim()));
        best.is_none_or(|(_, file, line)| (*file, *line) == (place, row.line))
    }
}

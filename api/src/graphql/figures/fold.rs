//! What the statements found, put together for each group of the client's.

use std::collections::{BTreeMap, HashMap};

use async_graphql::indexmap::IndexMap;
use chrono::NaiveDate;
use sea_orm::Value as Bound;
use uuid::Uuid;

use super::MOST_GROUPS;
use super::ask::Asked;
use super::key::Keys;
use super::window::Window;
use crate::error::{Error, Result};
use crate::graphql::cell::graph;
use crate::store::Reader;
use crate::store::figures::{Group, Measured, Question, Relation};
use crate::store::filter::{Filter, Test};
use crate::store::row::Cell;
use crate::store::select::Of;

/// The groups of each parent (nil without one), in their order.
pub struct Found {
    /// By the parent.
    pub by_parent: HashMap<Uuid, Vec<Folded>>,
    /// What is true of the rows of its groups, where only some are answered.
    pub narrowed: Vec<Filter>,
    /// Are only some groups answered?
    cut: bool,
    relations: Vec<Relation>,
    /// What the relations are of no rows, where that does not depend on other groups: a count or a sum is 0.
    nothing: Vec<Option<f64>>,
}

/// One group.
#[derive(Clone, Default)]
pub struct Folded {
    /// The values of its keys.
    pub keys: Vec<Cell>,
    /// Its rows.
    pub count: i64,
    /// What each measure of each statement found, by currency.
    measured: HashMap<(usize, usize), BTreeMap<String, Measured>>,
    /// What relates it to other groups.
    pub relations: Vec<Option<f64>>,
    /// The group of the days compared with.
    pub then: Option<Box<Folded>>,
}

impl Folded {
    /// What a measure found in each currency ("" where it has none).
    pub fn measured(&self, slot: (usize, usize)) -> Option<&BTreeMap<String, Measured>> {
        self.measured.get(&slot)
    }
}

type ByKey = IndexMap<String, Folded>;

impl Asked {
    /// Asks all questions.
    ///
    /// # Errors
    /// BAD_USER_INPUT: too many groups; FORBIDDEN_FIELD in the filter; database errors.
    pub async fn load(
        &self,
        reader: &Reader,
        rows: Of<'_>,
        filter: Option<&Filter>,
        most: Option<u64>,
        weight: u64,
    ) -> Result<Found> {
        let mut found: HashMap<Uuid, ByKey> = HashMap::new();
        let (mut relations, mut nothing, mut narrowed) = (Vec::new(), Vec::new(), Vec::new());
        for (number, question) in self.questions.iter().enumerate() {
            let filter = all_of(filter, &narrowed);
            let groups = reader.figures(question, rows, filter.as_ref(), most, weight).await?;
            for group in groups {
                let by_key = found.entry(group.parent).or_default();
                let key = format!("{:?}", group.keys);
                let folded = match by_key.get_mut(&key) {
                    Some(known) => known,
                    // The first question says which groups there are.
                    None if number > 0 => continue,
                    None => by_key.entry(key).or_default(),
                };
                folded.add(self, number, group);
            }
            if number == 0 {
                relations.clone_from(&question.relations);
                nothing = question.of_nothing();
                narrowed = narrow(question, &found);
            }
        }
        let cut = self.questions.first().is_some_and(Question::is_cut);
        let by_parent = found.into_iter().map(|(parent, groups)| (parent, groups.into_values().collect()));
        Ok(Found { by_parent: by_parent.collect(), narrowed, cut, relations, nothing })
    }
}

/// A filter, and more that must hold.
pub fn all_of(filter: Option<&Filter>, more: &[Filter]) -> Option<Filter> {
    let parts: Vec<_> = filter.into_iter().chain(more).cloned().collect();
    (!parts.is_empty()).then_some(Filter::And(parts))
}

/// If only some groups are answered, further questions need not look at the rows of others: those that point at something
/// else by a key that is a reference.
fn narrow(first: &Question<'_>, found: &HashMap<Uuid, ByKey>) -> Vec<Filter> {
    let mut parts = Vec::new();
    for (at, key) in first.keys.iter().enumerate().filter(|_| first.is_cut()) {
        let Some(link) = key.reference else { continue };
        let ids: Option<Vec<_>> =
            found.values().flat_map(ByKey::values).map(|group| group.keys.get(at)?.id()).collect();
        if let (Some(id), Some(ids)) = (graph().of(link.to).field("id"), ids) {
            let ids = ids.into_iter().map(|id| Bound::Uuid(Some(id))).collect();
            parts.push(Filter::One(link, Box::new(Filter::Test(id, Test::In(ids, false)))));
        }
    }
    parts
}

impl Folded {
    fn add(&mut self, asked: &Asked, number: usize, group: Group) {
        if number == 0 {
            self.count += group.count;
            self.relations = group.relations;
        }
        self.keys = group.keys;
        for (measure, found) in group.measures.into_iter().enumerate() {
            let currency = match asked.currency_of(number, measure) {
                None => String::new(),
                Some(at) => match group.currencies.get(at).and_then(Cell::text) {
                    Some(currency) => currency.to_owned(),
                    // Without a currency no row of the group has the amount.
                    None => continue,
                },
            };
            let by_currency = self.measured.entry((number, measure)).or_default();
            match by_currency.get_mut(&currency) {
                Some(known) => merge(known, found),
                None => {
                    by_currency.insert(currency, found);
                }
            }
        }
    }
}

fn merge(known: &mut Measured, more: Measured) {
    known.count += more.count;
    known.sum += more.sum;
    if less(&more.min, &known.min) {
        known.min = more.min;
    }
    if more.max != Cell::Null && (less(&known.max, &more.max) || known.max == Cell::Null) {
        known.max = more.max;
    }
}

/// Is `a` less than `b`? Nothing is less than an empty cell but any value.
fn less(a: &Cell, b: &Cell) -> bool {
    match (a, b) {
        (Cell::Null, _) => false,
        (_, Cell::Null) => true,
        (Cell::Int(a), Cell::Int(b)) => a < b,
        (Cell::Time(a), Cell::Time(b)) => a < b,
        (Cell::Day(a), Cell::Day(b)) => a < b,
        _ => false,
    }
}

impl Found {
    /// Sets what was found of other days beside this: `counterpart` says as which key each of theirs counts here. Groups that
    /// had rows then and have none now come last, unless only some groups are answered.
    pub fn beside(&mut self, other: Self, counterpart: impl Fn(&Cell, usize) -> Option<Cell>) {
        for (parent, groups) in other.by_parent {
            let mut by_key: IndexMap<String, (Vec<Cell>, Folded)> = groups
                .into_iter()
                .filter_map(|group| {
                    let keys = group.keys.iter().enumerate().map(|(at, cell)| counterpart(cell, at));
                    let keys: Vec<_> = keys.collect::<Option<_>>()?;
                    Some((format!("{keys:?}"), (keys, group)))
                })
                .collect();
            let here = self.by_parent.entry(parent).or_default();
            for group in here.iter_mut() {
                let then = by_key.shift_remove(&format!("{:?}", group.keys));
                group.then = then.map(|(_, then)| Box::new(then));
            }
            if !self.cut {
                let gone = by_key.into_values().map(|(keys, then)| Folded {
                    keys,
                    relations: self.nothing.clone(),
                    then: Some(Box::new(then)),
                    ..Folded::default()
                });
                here.extend(gone);
            }
        }
    }

    /// Adds the buckets of the window that have no rows.
    ///
    /// # Errors
    /// BAD_USER_INPUT: they are too many.
    pub fn fill(&mut self, rows: Of<'_>, keys: &Keys, window: &Window) -> Result<()> {
        let Some((_, bucket)) = keys.bucket(window) else { return Ok(()) };
        let mut calendar = window.buckets(bucket, MOST_GROUPS);
        if calendar.len() > MOST_GROUPS {
            return Err(Error::bad_input(format!("window: more than {MOST_GROUPS} buckets. Use longer ones.")));
        }
        if window.backwards {
            calendar.reverse();
        }
        let parents: Vec<_> = match rows {
            Of::Parents(_, parents) => parents.to_vec(),
            _ => vec![Uuid::nil()],
        };
        for parent in parents {
            let groups = self.by_parent.remove(&parent).unwrap_or_default();
            let filled = self.filled(groups, &calendar, keys.len());
            self.by_parent.insert(parent, filled);
        }
        Ok(())
    }

    fn filled(&self, groups: Vec<Folded>, calendar: &[NaiveDate], keys: usize) -> Vec<Folded> {
        let mut before: IndexMap<String, (Vec<Cell>, Vec<Folded>)> = IndexMap::new();
        if keys == 1 {
            before.insert("[]".to_owned(), (Vec::new(), Vec::new()));
        }
        for mut group in groups {
            let day = group.keys.pop();
            let entry = before.entry(format!("{:?}", group.keys)).or_insert_with(|| (group.keys.clone(), Vec::new()));
            group.keys.extend(day);
            entry.1.push(group);
        }
        let told = |at: usize| move |group: &Folded| group.relations.get(at).is_some_and(Option::is_some);
        let shares: Vec<_> =
            (0..self.relations.len()).map(|at| before.values().flat_map(|(_, groups)| groups).any(told(at))).collect();
        let mut so_far: Vec<Option<f64>> = vec![Some(0.0); self.relations.len()];
        let mut filled = Vec::new();
        for (first, groups) in before.into_values() {
            let mut groups = groups.into_iter().peekable();
            for day in calendar {
                let day = Cell::Day(*day);
                let there = groups.next_if(|group| group.keys.last() == Some(&day));
                let group = there.unwrap_or_else(|| {
                    let keys = first.iter().cloned().chain([day]).collect();
                    let relations = self.relations.iter().enumerate().map(|(at, relation)| match relation {
                        Relation::Number(_) => self.nothing.get(at).copied().flatten(),
                        Relation::Share(_) => Some(0.0).filter(|_| shares.get(at) == Some(&true)),
                        Relation::Running(_) => so_far.get(at).copied().flatten(),
                    });
                    Folded { keys, relations: relations.collect(), ..Folded::default() }
                });
                so_far.clone_from(&group.relations);
                filled.push(group);
            }
        }
        filled
    }

    /// The most groups that a parent has.
    pub fn largest(&self) -> usize {
        self.by_parent.values().map(Vec::len).max().unwrap_or_default()
    }
}

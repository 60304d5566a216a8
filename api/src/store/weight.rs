//! What a statement may have to look at, as a figure: reading one row in passing weighs 1, about a tenth of a microsecond.
//!
//! | what | weighs |
//! | --- | --- |
//! | a row of the table that is asked about | 1; 10 where other rows decide who sees it |
//! | a test of the filter, for each row it is put to | 1 |
//! | searching a text (`contains`, `startsWith`) | 5 more |
//! | a row at the other end of a step of the filter (a reference, `some`) | 10 |
//! | the same of `none` and `every`, which have to see all of them | 20 |
//! | planning a filter of so many steps | 10 times their number cubed |
//!
//! A list has twice as many rows as the tables say on average (whoever wants to do harm asks about the long ones), and never
//! more than its table. Steps within steps are asked of the whole of their tables.

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Value};

use super::cells;
use super::descriptor::{Descriptor, Graph, Key, Link};
use super::select::Of;
use super::sizes::Sizes;

/// The weight that one point pays for.
pub const A_POINT: u64 = 10_000;

const FOUND: u64 = 10;
const SEARCHED: u64 = 5;
const PLANNED: u64 = 10;
const UNEVEN: u64 = 2;
const VALUES_A_TEST: u64 = 100;

/// The weight of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// For each row that the list hangs on.
    pub each: u64,
    /// At most, however many these are.
    pub whole: u64,
}

impl Weight {
    /// Of a statement that asks for these rows.
    pub fn of(self, rows: Of<'_>) -> u64 {
        match rows {
            Of::All => self.whole,
            Of::Parents(_, parents) => self.each.saturating_mul(parents.len() as u64).min(self.whole),
            Of::Ids(_) => 0,
        }
    }
}

/// How many tests a filter puts to a row: each comparison of a field, with one for each hundred values of a list, and each
/// condition that asks for nothing.
pub fn tests(filter: &Value) -> u64 {
    match filter {
        Value::Object(entries) => {
            let entry = |(name, value): (&Name, &Value)| match opened(name, value) {
                Some(filters) => filters.iter().map(tests).fold(0, u64::saturating_add),
                None => tests(value),
            };
            entries.iter().map(entry).fold(0, u64::saturating_add).max(1)
        }
        Value::List(items) if items.iter().any(|item| matches!(item, Value::Object(_))) => {
            items.iter().map(tests).fold(0, u64::saturating_add)
        }
        Value::List(items) => (items.len() as u64).div_ceil(VALUES_A_TEST).max(1),
        _ => 1,
    }
}

/// The filters that a cell stands for.
fn opened(name: &Name, value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::String(id) if name == cells::FIELD => cells::open(id).map(|(_, filters)| filters),
        _ => None,
    }
}

/// Weighs statements by the sizes of their tables.
pub struct Scale {
    graph: &'static Graph,
    sizes: Sizes,
}

impl Scale {
    /// By these sizes.
    pub fn new(graph: &'static Graph, sizes: Sizes) -> Self {
        Self { graph, sizes }
    }

    /// A statement that looks at a whole list: all rows of an entity, or those that hang on rows of another one.
    pub fn list(&self, of: &Descriptor, parent: Option<&Descriptor>, filter: Option<&Value>) -> Weight {
        let all = self.sizes.rows(of);
        let weight = |rows: u64| {
            let row = if of.ownership.is_elsewhere() { FOUND } else { 1 };
            let filter = filter.map_or(0, |filter| self.filter(of, filter, rows));
            rows.saturating_mul(row).saturating_add(filter)
        };
        Weight { each: weight(parent.map_or(all, |parent| self.below(parent, of, 1))), whole: weight(all) }
    }

    /// A filter that is asked about so many rows.
    pub fn filter(&self, of: &Descriptor, filter: &Value, rows: u64) -> u64 {
        let mut steps = 0;
        let weight = self.object(of, filter, rows, 0, &mut steps);
        weight.saturating_add(PLANNED.saturating_mul(steps.saturating_pow(3)))
    }

    fn object(&self, of: &Descriptor, filter: &Value, rows: u64, depth: u32, steps: &mut u64) -> u64 {
        let mut weight = 0_u64;
        match filter {
            Value::List(items) => {
                for item in items {
                    weight = weight.saturating_add(self.object(of, item, rows, depth, steps));
                }
            }
            Value::Object(entries) => {
                for (name, value) in entries {
                    weight = weight.saturating_add(match name.as_str() {
                        cells::FIELD => opened(name, value).iter().flatten().fold(0, |weight, filter| {
                            self.object(of, filter, rows, depth, steps).saturating_add(weight)
                        }),
                        "and" | "or" | "not" => self.object(of, value, rows, depth, steps),
                        name => self.member(of, name, value, rows, depth, steps),
                    });
                }
            }
            _ => {}
        }
        weight
    }

    fn member(&self, of: &Descriptor, name: &str, value: &Value, rows: u64, depth: u32, steps: &mut u64) -> u64 {
        let none = IndexMap::new();
        let entries = if let Value::Object(entries) = value { entries } else { &none };
        let Some(link) = of.link(name) else {
            let searches = entries.keys().filter(|test| matches!(test.as_str(), "contains" | "startsWith"));
            let each = tests(value).saturating_add(SEARCHED.saturating_mul(searches.count() as u64));
            return rows.saturating_mul(each);
        };
        if let Key::One(_) = link.key {
            return self.step(of, link, value, (rows, FOUND), depth, steps);
        }
        if *value == Value::Null {
            return self.step(of, link, value, (rows, 2 * FOUND), depth, steps);
        }
        entries.iter().fold(0, |weight, (quantifier, inner)| {
            let found = if quantifier == "some" { FOUND } else { 2 * FOUND };
            weight.saturating_add(self.step(of, link, inner, (rows, found), depth, steps))
        })
    }

    fn step(
        &self,
        of: &Descriptor,
        link: &Link,
        inner: &Value,
        (rows, found): (u64, u64),
        depth: u32,
        steps: &mut u64,
    ) -> u64 {
        *steps += 1;
        let to = self.graph.of(link.to);
        let seen = match link.key {
            _ if depth > 0 => self.sizes.rows(to),
            Key::One(_) => rows,
            Key::Many(_) => self.below(of, to, rows),
        };
        seen.saturating_mul(found).saturating_add(self.object(to, inner, seen, depth + 1, steps))
    }

    /// How many rows of one table hang on so many of another one.
    fn below(&self, parent: &Descriptor, child: &Descriptor, parents: u64) -> u64 {
        let all = self.sizes.rows(child);
        all.div_ceil(self.sizes.rows(parent)).saturating_mul(UNEVEN).saturating_mul(parents).min(all)
    }
}

//! What a statement may have to look at, as a figure: reading one row in passing weighs 1, about a tenth of a microsecond.
//!
//! | what | weighs |
//! | --- | --- |
//! | a row of the table that is asked about | 1; 10 where other rows decide who sees it |
//! | searching its text (`contains`, `startsWith`) | 5 |
//! | a row at the other end of a step of the filter (a reference, `some`) | 10 |
//! | the same of `none` and `every`, which have to see all of them | 20 |
//! | planning a filter of so many steps | 10 times their number cubed |
//!
//! A list has twice as many rows as the tables say on average (whoever wants to do harm asks about the long ones), and never
//! more than its table. Steps within steps are asked of the whole of their tables.

use async_graphql::Value;

use super::descriptor::{Descriptor, Graph, Key, Link};
use super::select::Of;
use super::sizes::Sizes;

/// The weight that one point pays for.
pub const A_POINT: u64 = 10_000;

const FOUND: u64 = 10;
const SEARCHED: u64 = 5;
const PLANNED: u64 = 10;
const UNEVEN: u64 = 2;

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
    fn filter(&self, of: &Descriptor, filter: &Value, rows: u64) -> u64 {
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
        let Value::Object(entries) = value else { return 0 };
        let Some(link) = of.link(name) else {
            let searches = entries.keys().filter(|test| matches!(test.as_str(), "contains" | "startsWith"));
            return rows.saturating_mul(SEARCHED).saturating_mul(searches.count() as u64);
        };
        if let Key::One(_) = link.key {
            return self.step(of, link, value, (rows, FOUND), depth, steps);
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

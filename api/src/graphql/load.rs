//! Runs a plan: level by level, one statement each.

use std::collections::{HashMap, HashSet};

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::plan::{Child, Computed, Connection, Level, ListOutput, OutPlan};
use crate::error::Result;
use crate::store::Reader;
use crate::store::descriptor::{Ask, Out};
use crate::store::row::Cell;
use crate::store::select::{Groups, ListSql, Of, Row};

/// The rows of a level with everything below them.
pub struct Loaded {
    /// Rows by parent (nil: no parent).
    pub rows: Groups,
    /// The lists below, in the order of the plan.
    pub children: Vec<LoadedList>,
    /// The computed answers, in the order of the plan.
    pub computed: Vec<Answers>,
}

/// A list with everything below it.
pub struct LoadedList {
    /// The rows, if they were wanted.
    pub rows: Option<Loaded>,
    /// How many rows there are, by parent.
    pub totals: HashMap<Uuid, i64>,
    /// The answers of `aggregate` and `groupBy`, in the order of the outputs, by parent.
    pub figures: Vec<Answers>,
}

/// Computed answers by row or parent, with the rows of the graph they name.
#[derive(Default)]
pub struct Answers {
    /// The answers.
    pub by_row: HashMap<Uuid, Out>,
    /// The named rows, in the order in which a walk through the plan meets them.
    pub named: Vec<Named>,
}

/// The rows of one entity that answers name.
pub struct Named {
    /// Everything below them.
    pub loaded: Loaded,
    /// Where each stands.
    pub place: HashMap<Uuid, usize>,
}

/// Loads a level and everything below it.
///
/// # Errors
/// Database errors; refusals that the planner could not see.
pub fn load<'a>(
    reader: &'a Reader,
    level: &'a Level,
    of: Of<'a>,
    list: Option<&'a ListSql>,
) -> BoxFuture<'a, Result<Loaded>> {
    Box::pin(async move {
        let mut rows = reader.load(&level.select, of, list).await?;
        if let Some(list) = list {
            rows.values_mut().for_each(|rows| trim(rows, list));
        }
        let mut children = Vec::with_capacity(level.children.len());
        for child in &level.children {
            children.push(load_child(reader, child, &rows).await?);
        }
        let mut computed = Vec::with_capacity(level.computed.len());
        for one in &level.computed {
            computed.push(compute(reader, one, &rows).await?);
        }
        Ok(Loaded { rows, children, computed })
    })
}

/// The statement fetched one row more than the page; whether there was one stays known by the length.
fn trim(rows: &mut [Row], list: &ListSql) {
    if list.page.backward {
        rows.reverse();
    }
}

/// The rows of a page, without the one that only shows that there are more.
pub fn page<'a>(rows: &'a [Row], list: &ListSql) -> (&'a [Row], bool) {
    let limit = usize::try_from(list.page.limit).unwrap_or(usize::MAX);
    if rows.len() <= limit {
        return (rows, false);
    }
    let extra = rows.len() - limit;
    let part = if list.page.backward { rows.get(extra..) } else { rows.get(..limit) };
    (part.unwrap_or_default(), true)
}

async fn load_child<'a>(reader: &'a Reader, child: &'a Child, rows: &Groups) -> Result<LoadedList> {
    let parents = ids(rows.values().flatten(), child.parent);
    load_list(reader, &child.connection, Of::Parents(child.column, &parents)).await
}

/// Loads a list and everything below it.
///
/// # Errors
/// As [`load`].
pub async fn load_list<'a>(reader: &'a Reader, connection: &'a Connection, of: Of<'a>) -> Result<LoadedList> {
    let nobody = matches!(of, Of::Parents(_, parents) if parents.is_empty());
    let filter = connection.list.filter.as_ref();
    let rows = match &connection.rows {
        Some(level) if !nobody => Some(load(reader, level, of, Some(&connection.list)).await?),
        Some(_) => Some(Loaded { rows: Groups::new(), children: Vec::new(), computed: Vec::new() }),
        None => None,
    };
    let weight = connection.weight.of(of);
    let wants_total = connection.outputs.iter().any(|(_, output)| matches!(output, ListOutput::Total));
    let totals =
        if wants_total && !nobody { reader.count(connection.of, of, filter, weight).await? } else { HashMap::new() };
    let mut figures = Vec::new();
    for (_, output) in &connection.outputs {
        let answers = match output {
            _ if nobody => Answers::default(),
            ListOutput::Aggregate(plan) | ListOutput::Groups(plan) => {
                refused_at(plan.load(reader, of, filter, weight).await, parents(of))?
            }
            _ => Answers::default(),
        };
        figures.push(answers);
    }
    Ok(LoadedList { rows, totals, figures })
}

async fn compute(reader: &Reader, computed: &Computed, rows: &Groups) -> Result<Answers> {
    let ids = ids(rows.values().flatten(), computed.row);
    if ids.is_empty() {
        return Ok(Answers::default());
    }
    let ask = Ask { reader, ids: &ids, args: &computed.args };
    let answers = match (computed.derived.load)(ask).await {
        Ok(by_row) => name_rows(reader, &computed.out, by_row).await,
        Err(error) => Err(error),
    };
    refused_at(answers, &ids)
}

/// A refusal is the answer of every row that was asked about: it costs nothing beside it. Other errors stay errors.
fn refused_at(answers: Result<Answers>, rows: &[Uuid]) -> Result<Answers> {
    answers.or_else(|error| {
        let (code, message) = error.refusal()?;
        let by_row = rows.iter().map(|row| (*row, Out::Refused(code, message.clone()))).collect();
        Ok(Answers { by_row, named: Vec::new() })
    })
}

/// The parents of a list's answers; nil at the root.
fn parents(of: Of<'_>) -> &[Uuid] {
    const ROOT: &[Uuid] = &[Uuid::nil()];
    match of {
        Of::Parents(_, parents) => parents,
        _ => ROOT,
    }
}

/// Loads the rows of the graph that answers name.
///
/// # Errors
/// As [`load`].
pub async fn name_rows(reader: &Reader, plan: &OutPlan, by_row: HashMap<Uuid, Out>) -> Result<Answers> {
    let mut levels = Vec::new();
    node_levels(plan, &mut levels);
    let mut wanted: Vec<HashSet<Uuid>> = vec![HashSet::new(); levels.len()];
    for out in by_row.values() {
        note_ids(plan, out, &mut 0, &mut wanted);
    }
    let mut named = Vec::with_capacity(levels.len());
    for (level, ids) in levels.into_iter().zip(wanted) {
        let mut ids: Vec<_> = ids.into_iter().collect();
        ids.sort_unstable();
        let seen = !ids.is_empty() && reader.may_read(level.select.of);
        let loaded = if seen {
            load(reader, level, Of::Ids(&ids), None).await?
        } else {
            Loaded { rows: Groups::new(), children: Vec::new(), computed: Vec::new() }
        };
        let rows = loaded.rows.get(&Uuid::nil()).map(Vec::as_slice).unwrap_or_default();
        let place = rows.iter().enumerate().filter_map(|(at, row)| Some((row.get(level.id)?.id()?, at))).collect();
        named.push(Named { loaded, place });
    }
    Ok(Answers { by_row, named })
}

/// The levels of the rows a plan names, in the order of a walk.
fn node_levels<'p>(plan: &'p OutPlan, levels: &mut Vec<&'p Level>) {
    match plan {
        OutPlan::Scalar | OutPlan::Refused(..) => {}
        OutPlan::Node(level, _) => levels.push(level),
        OutPlan::List(item) => node_levels(item, levels),
        OutPlan::Object(_, fields) => fields.iter().for_each(|(_, _, plan)| node_levels(plan, levels)),
    }
}

/// How many levels a plan names.
pub fn count_levels(plan: &OutPlan) -> usize {
    let mut levels = Vec::new();
    node_levels(plan, &mut levels);
    levels.len()
}

fn note_ids(plan: &OutPlan, out: &Out, at: &mut usize, wanted: &mut [HashSet<Uuid>]) {
    let start = *at;
    match (plan, out) {
        (OutPlan::Node(..), Out::Node(id)) => {
            if let Some(ids) = wanted.get_mut(start) {
                ids.insert(*id);
            }
        }
        (OutPlan::List(item), Out::List(outs)) => {
            for out in outs {
                *at = start;
                note_ids(item, out, at, wanted);
            }
        }
        (OutPlan::Object(_, fields), Out::Object(outs)) => {
            for (_, place, plan) in fields {
                let begin = *at;
                if let Some(out) = place.and_then(|place| outs.get(place)) {
                    note_ids(plan, out, at, wanted);
                }
                *at = begin + count_levels(plan);
            }
        }
        _ => {}
    }
    *at = start + count_levels(plan);
}

fn ids<'r>(rows: impl Iterator<Item = &'r Row>, cell: usize) -> Vec<Uuid> {
    let mut seen = HashSet::new();
    rows.filter_map(|row| row.get(cell).and_then(Cell::id)).filter(|id| seen.insert(*id)).collect()
}

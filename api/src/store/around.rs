//! Whose the rows around a change are: the users and teams by which rights tell viewers of one role apart.
//!
//! Rights depend on who looks in two ways only (see [`super::reach`]): a row is their own, or it is their teams'. So among the
//! viewers of a role those are alike for a change who own the same of the rows around it and have the same of their
//! teams. A viewer who is reduced to that sees of these rows what they saw before, and of others never more.

use std::collections::{HashMap, HashSet};

use serde_json::Value as Json;
use uuid::Uuid;

use super::Store;
use super::database::classify;
use super::descriptor::{Descriptor, Graph, Key, Ownership};
use super::feed::Entry;
use super::sql::Sql;
use crate::access::{Kind, Viewer};
use crate::error::Result;

/// The users and teams that rows belong to.
#[derive(Debug, Default)]
pub struct Around {
    users: HashSet<Uuid>,
    teams: HashSet<Uuid>,
}

impl Around {
    /// The viewer, reduced to what matters to the rights on these rows.
    pub fn reduce(&self, viewer: &Viewer) -> Viewer {
        let mut teams: Vec<Uuid> = viewer.teams.iter().copied().filter(|team| self.teams.contains(team)).collect();
        // In one order, so that viewers who have the same are the same.
        teams.sort_unstable();
        let id = if self.users.contains(&viewer.id) { viewer.id } else { Uuid::nil() };
        Viewer { id, role: viewer.role, team: None, teams: teams.into(), session: Uuid::nil() }
    }
}

impl Store {
    /// Whose the changed rows are, and the rows that the changes name: one statement for the changes, one for each kind of
    /// row.
    ///
    /// # Errors
    /// Database errors.
    pub async fn around(&self, entries: &[Entry]) -> Result<Around> {
        let mut rows: HashMap<Kind, HashSet<Uuid>> = HashMap::new();
        for entry in entries {
            entry.kind.into_iter().for_each(|kind| _ = rows.entry(kind).or_default().insert(entry.subject));
        }
        for (kind, id) in self.named(entries).await? {
            rows.entry(kind).or_default().insert(id);
        }
        let mut around = Around::default();
        for (kind, ids) in rows {
            let ids: Vec<Uuid> = ids.into_iter().collect();
            self.add_owners(&mut around, self.graph.of(kind), &ids).await?;
        }
        Ok(around)
    }

    /// The rows that changed references name.
    async fn named(&self, entries: &[Entry]) -> Result<Vec<(Kind, Uuid)>> {
        let ids: Vec<Uuid> = entries.iter().map(|entry| entry.id).collect();
        let mut sql = Sql::text("SELECT subject_type, changes FROM event WHERE ");
        sql.append(self.database.dialect().is_any("id", &ids));
        let statement = sql.planned_once(self.database.backend());
        let mut named = Vec::new();
        for row in self.database.reading().read(statement).await.map_err(classify)?.iter() {
            let kind: String = row.get(0).map_err(classify)?;
            let changes: Json = row.get(1).map_err(classify)?;
            let Some(of) = self.graph.named(&kind) else { continue };
            for (field, sides) in changes.as_object().into_iter().flatten() {
                if of.link(field).is_some_and(|link| matches!(link.key, Key::One(_))) {
                    let ids = sides.as_array().into_iter().flatten().filter_map(Json::as_str);
                    named.extend(ids.filter_map(|id| self.graph.parse_id(id)).map(|(of, id)| (of.kind, id)));
                }
            }
        }
        Ok(named)
    }

    async fn add_owners(&self, around: &mut Around, of: &Descriptor, ids: &[Uuid]) -> Result<()> {
        let mut owners = Owners::default();
        owners.of(self.graph, of, "t0");
        if owners.cells.is_empty() {
            return Ok(());
        }
        let cells = owners.cells.iter().map(|(cell, _)| Sql::text(cell.as_str())).collect();
        let mut sql = Sql::text("SELECT ");
        sql.append(Sql::listed(cells)).push(&format!(" FROM {} t0{} WHERE ", of.table, owners.joins));
        sql.append(self.database.dialect().is_any("t0.id", ids));
        let statement = sql.planned_once(self.database.backend());
        for row in self.database.reading().read(statement).await.map_err(classify)?.iter() {
            for (at, (_, is_team)) in owners.cells.iter().enumerate() {
                let id: Option<Uuid> = row.get(at).map_err(classify)?;
                let known = if *is_team { &mut around.teams } else { &mut around.users };
                known.extend(id);
            }
        }
        Ok(())
    }
}

/// The columns that say whose a row is: its own, and those of the rows it belongs to.
#[derive(Default)]
struct Owners {
    /// Each with whether it is a team.
    cells: Vec<(String, bool)>,
    joins: String,
    joined: usize,
}

impl Owners {
    fn of(&mut self, graph: &Graph, of: &Descriptor, alias: &str) {
        match &of.ownership {
            Ownership::Columns { own, team, pool } => {
                self.cells.extend(own.iter().map(|column| (format!("{alias}.{column}"), false)));
                let teams = team.iter().copied().chain(pool.map(|(_, team)| team));
                self.cells.extend(teams.map(|column| (format!("{alias}.{column}"), true)));
            }
            Ownership::Parents(parents) => {
                for (column, kind) in *parents {
                    self.joined += 1;
                    let (parent, other) = (graph.of(*kind), format!("t{}", self.joined));
                    self.joins += &format!(" LEFT JOIN {} {other} ON {other}.id = {alias}.{column}", parent.table);
                    self.of(graph, parent, &other);
                }
            }
            // Nothing is told of events of events.
            Ownership::Nobody | Ownership::Subject { .. } => {}
        }
    }
}

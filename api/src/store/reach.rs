//! From a line of the policy to a condition on rows. The only place that does it.

use chrono::TimeDelta;
use sea_orm::Value;

use super::Reader;
use super::descriptor::{Descriptor, Field, Ownership};
use super::sql::{Sql, nested};
use crate::access::{Action, Grant, Kind, Reach, When};

impl Reader {
    /// What rows of an entity the viewer may see: live ones within the reach of `action` (read or count).
    pub(crate) fn visible(&self, of: &Descriptor, action: Action, alias: &str) -> Vec<Sql> {
        let mut conditions = Vec::new();
        if of.soft_delete {
            conditions.push(Sql::text(format!("{alias}.deleted_at IS NULL")));
        }
        conditions.extend(self.reachable(of, action, alias));
        conditions
    }

    /// The condition that `action` puts on rows; none when it covers every row.
    pub(crate) fn reachable(&self, of: &Descriptor, action: Action, alias: &str) -> Option<Sql> {
        self.within(of, self.viewer().reach(of.kind, action), action, alias)
    }

    /// The condition of a reach; none when it covers every row.
    pub(crate) fn within(&self, of: &Descriptor, reach: Reach, action: Action, alias: &str) -> Option<Sql> {
        let rows = if reach.all { None } else { Some(self.rows(of, reach, action, alias)) };
        let state = reach.when.map(|when| self.state(when, alias));
        match (rows, state) {
            (Some(rows), Some(state)) => Some(Sql::all(vec![rows, state])),
            (one, None) | (None, one) => one,
        }
    }

    fn rows(&self, of: &Descriptor, reach: Reach, action: Action, alias: &str) -> Sql {
        let viewer = self.viewer();
        let mut ways = Vec::new();
        match &of.ownership {
            Ownership::Nobody => {}
            Ownership::Columns { own, team, pool } => {
                if reach.own {
                    ways.extend(own.iter().map(|column| {
                        let mut sql = Sql::text(format!("{alias}.{column} = "));
                        sql.bind(viewer.id);
                        sql
                    }));
                }
                let in_teams =
                    |column: &str| self.dialect().is_any(format!("{alias}.{column}").as_str(), &viewer.teams);
                if reach.team {
                    ways.extend(team.iter().map(|column| in_teams(column)));
                }
                if let (true, Some((owner, team))) = (reach.pool, pool) {
                    ways.push(Sql::all(vec![Sql::text(format!("{alias}.{owner} IS NULL")), in_teams(team)]));
                }
            }
            Ownership::Parents(parents) if reach.parent => {
                let parent_action = if is_reading(action) { Action::Read } else { Action::Update };
                for (column, kind) in *parents {
                    let parent = self.graph().of(*kind);
                    let inner = nested(alias);
                    let mut conditions = vec![Sql::text(format!("{inner}.id = {alias}.{column}"))];
                    conditions.extend(self.visible(parent, parent_action, &inner));
                    ways.push(exists(parent, &inner, conditions));
                }
            }
            Ownership::Subject { kind, id } if reach.parent => {
                for subject in self.graph().all().filter(|subject| subject.kind != of.kind) {
                    if viewer.reach(subject.kind, Action::Read).is_none() {
                        continue;
                    }
                    let inner = nested(alias);
                    let mut conditions = vec![Sql::text(format!("{inner}.id = {alias}.{id}"))];
                    conditions.extend(self.visible(subject, Action::Read, &inner));
                    let named = Sql::text(format!("{alias}.{kind} = '{}'", subject.kind.as_str()));
                    ways.push(Sql::all(vec![named, exists(subject, &inner, conditions)]));
                }
            }
            Ownership::Parents(_) | Ownership::Subject { .. } => {}
        }
        Sql::any(ways)
    }

    /// There is a live row of the kind that is tied to the row like this, and for which the condition holds.
    fn other(&self, kind: Kind, when: When, alias: &str, tie: String) -> Sql {
        let of = self.graph().of(kind);
        let mut conditions = vec![Sql::text(tie), self.state(when, alias)];
        if of.soft_delete {
            conditions.push(Sql::text(format!("{alias}.deleted_at IS NULL")));
        }
        exists(of, alias, conditions)
    }

    /// The condition as it stands in a statement.
    pub(crate) fn state(&self, when: When, alias: &str) -> Sql {
        match when {
            When::Empty(column) => Sql::text(format!("{alias}.{column} IS NULL")),
            When::All(all) => Sql::all(all.iter().map(|when| self.state(*when, alias)).collect()),
            When::Viewer(column) => {
                let mut sql = Sql::text(format!("{alias}.{column} = "));
                sql.bind(self.viewer().id);
                sql
            }
            When::Within(column, days) => {
                let mut sql = Sql::text(format!("{alias}.{column} >= "));
                sql.bind(self.now() - TimeDelta::days(days));
                sql
            }
            When::Like(kind, columns) => {
                let other = nested(alias);
                let same = columns.iter().map(|column| format!(" AND {other}.{column} = {alias}.{column}"));
                let tie = format!("{other}.id <> {alias}.id{}", same.collect::<String>());
                self.other(kind, *When::ALWAYS, &other, tie)
            }
            When::Sets(kind, field) => {
                let may = self.viewer().writes(kind, field) == Grant::Yes;
                Sql::text(if may { "1 = 1" } else { "1 = 0" })
            }
            When::Is(column) => Sql::text(format!("{alias}.{column}")),
            When::Not(not) => {
                let mut sql = Sql::text("(");
                sql.append(self.state(*not, alias)).push(") IS NOT TRUE");
                sql
            }
            When::Any(kind, column, when) => {
                let other = nested(alias);
                self.other(kind, *when, &other, format!("{other}.{column} = {alias}.id"))
            }
            When::At(column, kind, when) => {
                let other = nested(alias);
                self.other(kind, *when, &other, format!("{other}.id = {alias}.{column}"))
            }
            When::In(column, values) => {
                let values = values.iter().map(|value| Sql::value(Value::from(*value))).collect();
                let mut sql = Sql::text(format!("{alias}.{column} IN ("));
                sql.append(Sql::listed(values)).push(")");
                sql
            }
        }
    }

    /// What the viewer may do with a value: as [`Self::field_grant`], and what it is rolled up from must be open as well.
    pub(crate) fn value_grant(&self, of: &Descriptor, field: &Field, alias: &str) -> FieldGrant {
        if self.may_roll_up(field) { self.field_grant(of, &field.name, alias) } else { FieldGrant::Closed }
    }

    /// What the viewer may do with a field: the policy's grant, with rows narrowed to a condition.
    pub(crate) fn field_grant(&self, of: &Descriptor, name: &str, alias: &str) -> FieldGrant {
        match self.viewer().reads(of.kind, name) {
            Grant::Yes => FieldGrant::Open,
            Grant::No => FieldGrant::Closed,
            Grant::Sums => FieldGrant::SumsOnly,
            Grant::Rows(reach) => match self.within(of, reach, Action::Read, alias) {
                None => FieldGrant::Open,
                Some(condition) => FieldGrant::Where(condition),
            },
        }
    }
}

/// A [`Grant`] as it applies to one table of a statement.
pub(crate) enum FieldGrant {
    /// Read with the row.
    Open,
    /// Never read.
    Closed,
    /// Only in sums over enough rows.
    SumsOnly,
    /// Read where this holds; empty elsewhere.
    Where(Sql),
}

fn is_reading(action: Action) -> bool {
    matches!(action, Action::Read | Action::Count)
}

fn exists(table: &Descriptor, alias: &str, conditions: Vec<Sql>) -> Sql {
    let mut sql = Sql::text(format!("EXISTS (SELECT 1 FROM {} {alias} WHERE ", table.table));
    sql.append(Sql::all(conditions)).push(")");
    sql
}

//! Who is behind access tokens, as the database has it at this moment.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use super::database::classify;
use super::sql::Sql;
use super::system::System;
use crate::access::token::Pass;
use crate::access::{Role, Viewer};
use crate::error::Result;

/// Who is behind an access token.
#[derive(Clone, Debug)]
pub struct Present {
    /// The viewer.
    pub viewer: Viewer,
    /// Nobody has noted yet that the token has been used.
    pub is_first_use: bool,
}

/// The team of a user and all below it, as `below`.
fn teams_below(user: Uuid) -> Sql {
    let mut sql = Sql::text("WITH RECURSIVE below(id) AS (SELECT team_id FROM app_user WHERE id = ");
    sql.bind(user);
    sql.push(" UNION SELECT team.id FROM team JOIN below ON team.parent_id = below.id WHERE team.deleted_at IS NULL)");
    sql
}

impl System {
    /// Who is behind an access token, as the database has it now: an active user of a session that was not ended, with the
    /// teams below their own. The refresh token that was issued with it must not have been withdrawn. One statement: as a
    /// rule that refresh token is there, and then it is what shows that the session goes on. Where it does not show that
    /// (it has been cleaned away, or the answer is no), the others of the session are asked as well.
    ///
    /// # Errors
    /// Database errors.
    pub async fn viewer(&self, pass: Pass) -> Result<Option<Present>> {
        let Pass { user, session, token } = pass;
        let mut sql = teams_below(user);
        sql.push(" SELECT t0.role, t0.team_id, below.id, k.confirmed_at IS NULL FROM refresh_token k");
        sql.push(" JOIN app_user t0 ON t0.id = k.user_id LEFT JOIN below ON below.id IS NOT NULL WHERE k.id = ");
        sql.bind(token).push(" AND k.family_id = ").bind(session).push(" AND k.user_id = ").bind(user);
        sql.push(" AND k.revoked_at IS NULL AND t0.deleted_at IS NULL AND t0.status = 'ACTIVE'");
        match self.present(pass, sql).await? {
            Some(present) => Ok(Some(present)),
            None => Box::pin(self.viewer_of_session(pass)).await,
        }
    }

    async fn viewer_of_session(&self, pass: Pass) -> Result<Option<Present>> {
        let Pass { user, session, token } = pass;
        let mut sql = teams_below(user);
        sql.push(" SELECT t0.role, t0.team_id, below.id, (k.id IS NOT NULL AND k.confirmed_at IS NULL)");
        sql.push(" FROM app_user t0 LEFT JOIN below ON below.id IS NOT NULL LEFT JOIN refresh_token k ON k.id = ");
        sql.bind(token).push(" AND k.family_id = ").bind(session);
        sql.push(" WHERE t0.id = ").bind(user).push(" AND k.revoked_at IS NULL");
        sql.push(" AND t0.deleted_at IS NULL AND t0.status = 'ACTIVE' AND EXISTS (SELECT 1 FROM refresh_token s");
        sql.push(" WHERE s.family_id = ").bind(session).push(" AND s.user_id = t0.id AND s.revoked_at IS NULL)");
        self.present(pass, sql).await
    }

    async fn present(&self, pass: Pass, sql: Sql) -> Result<Option<Present>> {
        let database = self.store().database();
        let statement = sql.planned_once(database.backend());
        let rows = database.reading().read(statement).await.map_err(classify)?;
        let Some(first) = rows.first() else { return Ok(None) };
        let role = first.choice::<Role>(0).map_err(classify)?;
        let team = first.get::<Option<Uuid>>(1).map_err(classify)?;
        let is_first_use = first.get(3).map_err(classify)?;
        let mut teams = Vec::new();
        for row in rows.iter() {
            teams.extend(row.get::<Option<Uuid>>(2).map_err(classify)?);
        }
        let viewer = Viewer { id: pass.user, role, team, teams: teams.into(), session: pass.session };
        Ok(Some(Present { viewer, is_first_use }))
    }

    /// Who is behind these access tokens, as [`Self::viewer`] would say: one statement for a thousand of them, and one
    /// for the teams.
    ///
    /// # Errors
    /// Database errors.
    pub async fn viewers(&self, passes: &[Pass]) -> Result<HashMap<Pass, Present>> {
        if let [pass] = passes {
            return Ok(self.viewer(*pass).await?.map(|present| (*pass, present)).into_iter().collect());
        }
        let database = self.store().database();
        let mut trees = Trees::of(&self.teams().await?);
        let mut found = HashMap::with_capacity(passes.len());
        for chunk in passes.chunks(1_000) {
            let families: Vec<Uuid> = chunk.iter().map(|pass| pass.session).collect();
            let tokens: Vec<Uuid> = chunk.iter().map(|pass| pass.token).collect();
            let mut sql = Sql::text(
                "SELECT DISTINCT t0.id, s.family_id, t0.role, t0.team_id, k.id, k.revoked_at IS NOT NULL, \
                 k.confirmed_at IS NULL FROM app_user t0 JOIN refresh_token s \
                 ON s.user_id = t0.id AND s.revoked_at IS NULL \
                 LEFT JOIN refresh_token k ON k.family_id = s.family_id AND ",
            );
            sql.append(database.dialect().is_any("k.id", &tokens));
            sql.push(" WHERE t0.deleted_at IS NULL AND t0.status = 'ACTIVE' AND ");
            sql.append(database.dialect().is_any("s.family_id", &families));
            let statement = sql.planned_once(database.backend());
            let (mut sessions, mut states) = (HashMap::new(), HashMap::new());
            for row in database.reading().read(statement).await.map_err(classify)?.iter() {
                let id: Uuid = row.get(0).map_err(classify)?;
                let session: Uuid = row.get(1).map_err(classify)?;
                let role = row.choice::<Role>(2).map_err(classify)?;
                let team: Option<Uuid> = row.get(3).map_err(classify)?;
                sessions.insert((id, session), Viewer { id, role, team, teams: trees.below(team), session });
                if let Some(token) = row.get::<Option<Uuid>>(4).map_err(classify)? {
                    let withdrawn: bool = row.get(5).map_err(classify)?;
                    let unused: bool = row.get(6).map_err(classify)?;
                    states.insert((session, token), (withdrawn, unused));
                }
            }
            for pass in chunk {
                let Some(viewer) = sessions.get(&(pass.user, pass.session)) else { continue };
                let (withdrawn, unused) = states.get(&(pass.session, pass.token)).copied().unwrap_or_default();
                if !withdrawn {
                    found.insert(*pass, Present { viewer: viewer.clone(), is_first_use: unused });
                }
            }
        }
        Ok(found)
    }

    /// The live teams, each with the one above it.
    async fn teams(&self) -> Result<Vec<(Uuid, Option<Uuid>)>> {
        let database = self.store().database();
        let sql = Sql::text("SELECT id, parent_id FROM team WHERE deleted_at IS NULL");
        let rows = database.reading().read(sql.statement(database.backend())).await.map_err(classify)?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_, _>>().map_err(classify)
    }
}

/// Teams with those below them.
struct Trees {
    children: HashMap<Uuid, Vec<Uuid>>,
    known: HashMap<Uuid, Arc<[Uuid]>>,
}

impl Trees {
    fn of(teams: &[(Uuid, Option<Uuid>)]) -> Self {
        let mut children: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for (team, parent) in teams {
            parent.iter().for_each(|parent| children.entry(*parent).or_default().push(*team));
        }
        Self { children, known: HashMap::new() }
    }

    /// A team and all below it.
    fn below(&mut self, team: Option<Uuid>) -> Arc<[Uuid]> {
        let Some(team) = team else { return Arc::new([]) };
        if let Some(known) = self.known.get(&team) {
            return Arc::clone(known);
        }
        let (mut all, mut seen, mut at) = (vec![team], HashSet::from([team]), 0);
        while let Some(next) = all.get(at) {
            let below = self.children.get(next).into_iter().flatten().copied();
            let new: Vec<Uuid> = below.filter(|team| seen.insert(*team)).collect();
            all.extend(new);
            at += 1;
        }
        let all: Arc<[Uuid]> = all.into();
        self.known.insert(team, Arc::clone(&all));
        all
    }
}

//! The unscoped door: for signing in, for start-up and for jobs. Resolvers never hold a [`System`].

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sea_orm::sea_query::IntoCondition;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IdenStatic, QueryFilter, QuerySelect, Value};
use serde_json::Value as Json;
use uuid::Uuid;

use super::database::classify;
use super::sql::{Dialect, Sql};
use super::tx::{Resource, insert_sql};
use super::{Reader, Store, Tx, Warrant};
use crate::access::token::Pass;
use crate::access::{Action, Kind, Role, Viewer};
use crate::error::{Error, Result};

/// The setting that marks a database with demo data.
const DEMO: &str = "demo";

/// Tables that are no part of the graph: sessions, keys, settings.
pub trait Platform: EntityTrait {}

impl Platform for entity::refresh_token::Entity {}
impl Platform for entity::signing_key::Entity {}
impl Platform for entity::setting::Entity {}
impl Platform for entity::idempotency_record::Entity {}
impl Platform for entity::known_network::Entity {}
impl Platform for entity::security_event::Entity {}

/// Who is behind an access token.
#[derive(Clone, Debug)]
pub struct Present {
    /// The viewer.
    pub viewer: Viewer,
    /// Nobody has noted yet that the token has been used.
    pub is_first_use: bool,
}

/// The service itself as an actor.
#[derive(Clone)]
pub struct System {
    store: Store,
}

impl Store {
    /// The unscoped door. Only the app and the sign-in hold a store.
    pub fn system(&self) -> System {
        System { store: self.clone() }
    }
}

impl Tx {
    /// Ends the sessions of a user, but for the one that this mutation comes from.
    ///
    /// # Errors
    /// Database errors.
    pub async fn end_sessions(&self, _: &Warrant, user: Uuid) -> Result<()> {
        let mut sql = Sql::text("UPDATE refresh_token SET revoked_at = ");
        sql.bind(self.now()).push(" WHERE user_id = ").bind(user).push(" AND revoked_at IS NULL AND family_id <> ");
        sql.bind(self.reader().viewer().session);
        self.execute(sql).await.map_err(classify).map(|_| ())
    }
}

impl System {
    /// A transaction of the service itself; `verb` names what it does in the event log.
    ///
    /// # Errors
    /// UNAVAILABLE, TIMEOUT.
    pub async fn begin(&self, verb: &str) -> Result<Tx> {
        Tx::begin(self.reader(), verb).await
    }

    /// A transaction of the service in which something is worked out and nothing is written; it holds nobody up.
    ///
    /// # Errors
    /// UNAVAILABLE, TIMEOUT.
    pub async fn look_on(&self, verb: &str) -> Result<Tx> {
        Tx::look(self.reader(), verb).await
    }

    fn reader(&self) -> Reader {
        let service =
            Viewer { id: Uuid::nil(), role: Role::Admin, team: None, teams: Arc::new([]), session: Uuid::nil() };
        self.store.reader(service)
    }

    /// The service may affect any row.
    pub fn warrant(&self) -> Warrant {
        Warrant { action: Action::Update }
    }

    /// The store behind the door.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Rows of a platform table, locked for the transaction.
    ///
    /// # Errors
    /// Database errors.
    pub async fn rows<E: Platform>(&self, tx: &Tx, condition: impl IntoCondition) -> Result<Vec<E::Model>> {
        let select = E::find().filter(condition);
        let select = if tx.reader().dialect() == Dialect::Postgres { select.lock_exclusive() } else { select };
        select.all(&tx.session()).await.map_err(classify)
    }

    /// The first such row of a platform table, as it stands outside any transaction.
    ///
    /// # Errors
    /// Database errors.
    pub async fn look<E: Platform>(&self, condition: impl IntoCondition) -> Result<Option<E::Model>> {
        E::find().filter(condition).one(&self.store.database.reading()).await.map_err(classify)
    }

    /// Rows of a platform table as they stand outside any transaction.
    ///
    /// # Errors
    /// Database errors.
    pub async fn list<E: Platform>(&self, condition: impl IntoCondition) -> Result<Vec<E::Model>> {
        E::find().filter(condition).all(&self.store.database.reading()).await.map_err(classify)
    }

    /// The live account with this address, whatever its status.
    ///
    /// # Errors
    /// Database errors.
    pub async fn account(&self, email: &str) -> Result<Option<entity::user::Model>> {
        use entity::user::{Column, Entity};
        let live = Entity::find().filter(Column::Email.eq(email)).filter(Column::DeletedAt.is_null());
        live.one(&self.store.database.reading()).await.map_err(classify)
    }

    /// Adds rows to a platform table.
    ///
    /// # Errors
    /// Database errors.
    pub async fn put<E: Platform>(&self, tx: &Tx, rows: &[E::Model]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        tx.execute(insert_sql::<E>(&[], rows)).await.map_err(classify).map(|_| ())
    }

    /// Sets columns of the rows of a platform table; answers how many.
    ///
    /// # Errors
    /// Database errors.
    pub async fn set<E: Platform>(
        &self,
        tx: &Tx,
        condition: impl IntoCondition,
        columns: Vec<(E::Column, Value)>,
    ) -> Result<u64> {
        let mut update = E::update_many().filter(condition);
        for (column, value) in columns {
            update = update.col_expr(column, sea_orm::sea_query::Expr::val(value));
        }
        Ok(update.exec(&tx.session()).await.map_err(classify)?.rows_affected)
    }

    /// Removes rows of a platform table; answers how many.
    ///
    /// # Errors
    /// Database errors.
    pub async fn remove<E: Platform>(&self, tx: &Tx, condition: impl IntoCondition) -> Result<u64> {
        Ok(E::delete_many().filter(condition).exec(&tx.session()).await.map_err(classify)?.rows_affected)
    }

    /// Fills in a reference of rows that were loaded before those they refer to: pairs of row and target.
    ///
    /// # Errors
    /// Database errors.
    pub async fn refer<E: Resource>(&self, tx: &Tx, column: E::Column, pairs: &[(Uuid, Uuid)]) -> Result<()> {
        let (table, column) = (tx.descriptor::<E>().table, column.as_str());
        for chunk in pairs.chunks(10_000) {
            let pairs = chunk.iter().map(|(row, target)| {
                let mut pair = Sql::text("(");
                pair.bind(*row).push(", ").bind(*target).push(")");
                pair
            });
            let mut sql = Sql::text(format!("UPDATE {table} SET {column} = v.column2 FROM (VALUES "));
            sql.append(Sql::listed(pairs.collect())).push(&format!(") AS v WHERE {table}.id = v.column1"));
            tx.execute(sql).await.map_err(classify)?;
        }
        Ok(())
    }

    /// What the event log says of a row that is loaded: its kind, and the fields that differ from `before`.
    pub fn changes<E: Resource>(&self, before: Option<&E::Model>, after: &E::Model) -> (Kind, Json) {
        let graph = self.store.graph();
        let of = graph.of(E::KIND);
        (of.kind, super::event::changes::<E>(graph, of, before, after))
    }

    /// Takes `count` numbers of the event log for rows that are loaded; answers the last.
    ///
    /// # Errors
    /// Database errors.
    pub async fn take_sequence(&self, tx: &Tx, count: i64) -> Result<i64> {
        super::event::advance(tx, count).await
    }

    /// Is there a row in this table at all?
    ///
    /// # Errors
    /// Database errors.
    pub async fn is_empty<E: EntityTrait>(&self, tx: &Tx) -> Result<bool> {
        let first = E::find().limit(1).one(&tx.session()).await.map_err(classify)?;
        Ok(first.is_none())
    }

    /// Who is behind an access token, as the database has it now: an active user of a session that was not ended, with the
    /// teams below their own. The refresh token that was issued with it must not have been withdrawn. One statement.
    ///
    /// # Errors
    /// Database errors.
    pub async fn viewer(&self, pass: Pass) -> Result<Option<Present>> {
        let Pass { user, session, token } = pass;
        let mut sql = Sql::text("WITH RECURSIVE below(id) AS (SELECT team_id FROM app_user WHERE id = ");
        sql.bind(user);
        sql.push(
            " UNION SELECT team.id FROM team JOIN below ON team.parent_id = below.id WHERE team.deleted_at IS NULL)",
        );
        sql.push(" SELECT t0.role, t0.team_id, below.id, (k.id IS NOT NULL AND k.confirmed_at IS NULL)");
        sql.push(" FROM app_user t0 LEFT JOIN below ON below.id IS NOT NULL LEFT JOIN refresh_token k ON k.id = ");
        sql.bind(token).push(" AND k.family_id = ").bind(session);
        sql.push(" WHERE t0.id = ").bind(user).push(" AND k.revoked_at IS NULL");
        sql.push(" AND t0.deleted_at IS NULL AND t0.status = 'ACTIVE' AND EXISTS (SELECT 1 FROM refresh_token s");
        sql.push(" WHERE s.family_id = ").bind(session).push(" AND s.user_id = t0.id AND s.revoked_at IS NULL)");
        let database = self.store.database();
        let statement = sql.planned_once(database.backend());
        let rows = database.reading().query_all_raw(statement).await.map_err(classify)?;
        let Some(first) = rows.first() else { return Ok(None) };
        let role = first.try_get_by_index::<Role>(0).map_err(classify)?;
        let team = first.try_get_by_index::<Option<Uuid>>(1).map_err(classify)?;
        let is_first_use = first.try_get_by_index(3).map_err(classify)?;
        let mut teams = Vec::new();
        for row in &rows {
            teams.extend(row.try_get_by_index::<Option<Uuid>>(2).map_err(classify)?);
        }
        let viewer = Viewer { id: user, role, team, teams: teams.into(), session };
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
        let database = self.store.database();
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
            for row in database.reading().query_all_raw(statement).await.map_err(classify)? {
                let id: Uuid = row.try_get_by_index(0).map_err(classify)?;
                let session: Uuid = row.try_get_by_index(1).map_err(classify)?;
                let role = row.try_get_by_index::<Role>(2).map_err(classify)?;
                let team: Option<Uuid> = row.try_get_by_index(3).map_err(classify)?;
                sessions.insert((id, session), Viewer { id, role, team, teams: trees.below(team), session });
                if let Some(token) = row.try_get_by_index::<Option<Uuid>>(4).map_err(classify)? {
                    let withdrawn: bool = row.try_get_by_index(5).map_err(classify)?;
                    let unused: bool = row.try_get_by_index(6).map_err(classify)?;
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
        let database = self.store.database();
        let sql = Sql::text("SELECT id, parent_id FROM team WHERE deleted_at IS NULL");
        let rows = database.reading().query_all_raw(sql.statement(database.backend())).await.map_err(classify)?;
        rows.iter()
            .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
            .collect::<Result<_, _>>()
            .map_err(classify)
    }

    /// Does this database hold demo data?
    ///
    /// # Errors
    /// Database errors.
    pub async fn is_demo(&self) -> Result<bool> {
        use entity::setting::{Column, Entity};
        Ok(self.look::<Entity>(Column::Key.eq(DEMO)).await?.is_some())
    }

    /// Marks the database as one with demo data, for good: production refuses it from now on.
    ///
    /// # Errors
    /// Database errors.
    pub async fn mark_demo(&self, tx: &Tx) -> Result<()> {
        use entity::setting::{Column, Entity, Model};
        if self.rows::<Entity>(tx, Column::Key.eq(DEMO)).await?.is_empty() {
            self.put::<Entity>(tx, &[Model { key: DEMO.to_owned(), value: "true".to_owned() }]).await?;
        }
        Ok(())
    }

    /// Brings the base currency into the database, or refuses to start with another than it was made with.
    ///
    /// # Errors
    /// CONFLICT: the database was made with another base currency.
    pub async fn fix_base_currency(&self) -> Result<()> {
        use entity::setting;
        const NAME: &str = "base_currency";
        let tx = self.begin("start").await?;
        // Replicas that start together on a new database: the first one writes, the others read.
        tx.take_turns("start").await?;
        let known = self.rows::<setting::Entity>(&tx, setting::Column::Key.eq(NAME)).await?;
        let wanted = self.store.base_currency();
        match known.first() {
            Some(known) if known.value == wanted => Ok(()),
            Some(known) => Err(Error::conflict(format!(
                "This database keeps its revenue in {}; set TRIBUTARY_BASE_CURRENCY to that, not to {wanted}.",
                known.value
            ))),
            None => {
                let row = setting::Model { key: NAME.to_owned(), value: wanted.to_owned() };
                self.put::<setting::Entity>(&tx, &[row]).await?;
                tx.commit().await
            }
        }
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

//! The unscoped door: for signing in, for start-up and for jobs. Resolvers never hold a [`System`].

use std::sync::Arc;

use sea_orm::sea_query::IntoCondition;
use sea_orm::{ColumnTrait, EntityTrait, IdenStatic, QueryFilter, QuerySelect, QueryTrait, Select, Value};
use serde_json::Value as Json;
use uuid::Uuid;

use super::database::classify;
use super::sql::{Dialect, Sql};
use super::tx::{Resource, insert_sql};
use super::{Reader, Store, Tx, Warrant};
use crate::access::{Action, Kind, Role, Viewer};
use crate::error::{Error, Result};

/// The setting that marks a database with demo data.
const DEMO: &str = "demo";

/// Tables that the service writes by itself, without events: sessions, keys, settings, what was refused.
pub trait Platform: EntityTrait<Model: Default> {}

impl Platform for entity::refresh_token::Entity {}
impl Platform for entity::signing_key::Entity {}
impl Platform for entity::setting::Entity {}
impl Platform for entity::idempotency_record::Entity {}
impl Platform for entity::known_network::Entity {}
impl Platform for entity::security_event::Entity {}

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
        Warrant { of: None, action: Action::Update }
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
        Ok(self.found(E::find().filter(condition).limit(1)).await?.pop())
    }

    /// Rows of a platform table as they stand outside any transaction.
    ///
    /// # Errors
    /// Database errors.
    pub async fn list<E: Platform>(&self, condition: impl IntoCondition) -> Result<Vec<E::Model>> {
        self.found(E::find().filter(condition)).await
    }

    async fn found<E: EntityTrait<Model: Default>>(&self, select: Select<E>) -> Result<Vec<E::Model>> {
        let database = self.store.database();
        let found = database.reading().read(select.build(database.backend())).await.map_err(classify)?;
        found.iter().map(|row| row.model::<E>().map_err(classify)).collect()
    }

    /// The live account with this address, whatever its status.
    ///
    /// # Errors
    /// Database errors.
    pub async fn account(&self, email: &str) -> Result<Option<entity::user::Model>> {
        use entity::user::{Column, Entity};
        let live = Entity::find().filter(Column::Email.eq(email)).filter(Column::DeletedAt.is_null());
        Ok(self.found(live.limit(1)).await?.pop())
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

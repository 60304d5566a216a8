//! Writing: one transaction, one event for every changed row.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic, Iterable, ModelTrait, SqlErr, Value};
use tracing::Instrument;
use uuid::Uuid;

use super::Reader;
use super::database::{Session, classify};
use super::descriptor::{Descriptor, Given};
use super::event::{self, Entry};
use super::holder;
use super::idempotency::Record;
use super::keys::TextKey;
use super::sql::Sql;
use super::transaction::Transaction;
use super::words;
use crate::access::{Action, Kind};
use crate::checks::Checks;
use crate::error::{Error, Mistake, Result};

/// An entity that can be read and written through the store.
pub trait Resource: EntityTrait<Model: Default + Send + Sync> {
    /// Its line in the policy.
    const KIND: Kind;

    /// Fills in defaults and checks the rules of a row that a plain mutation makes or changes
    /// (`before` is the row as it was). The verbs of the entity's life check theirs themselves.
    ///
    /// # Errors
    /// What a person can mend, as `Error::Invalid`.
    fn prepare(
        tx: &Tx,
        warrant: &Warrant,
        row: &mut Self::Model,
        before: Option<&Self::Model>,
        given: &Given,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (tx, warrant, row, before, given);
        async { Ok(()) }
    }

    /// Refuses to delete a row that is still needed.
    ///
    /// # Errors
    /// CONFLICT with the reason.
    fn may_delete(tx: &Tx, warrant: &Warrant, row: &Self::Model) -> impl Future<Output = Result<()>> + Send {
        let _ = (tx, warrant, row);
        async { Ok(()) }
    }

    /// Brings other rows in step after a plain mutation: `before` is none at creation, a deletion shows in the row.
    ///
    /// # Errors
    /// Database errors.
    fn effects(
        tx: &Tx,
        warrant: &Warrant,
        before: Option<&Self::Model>,
        row: &Self::Model,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (tx, warrant, before, row);
        async { Ok(()) }
    }
}

/// Proof that the policy allowed an action on a kind in this transaction; opens the rows that the action affects, which are
/// those of the kind and of the kinds that its declaration names.
#[derive(Clone, Copy, Debug)]
pub struct Warrant {
    /// The kind; none: the service itself acts.
    pub(super) of: Option<Kind>,
    pub(super) action: Action,
}

impl Warrant {
    /// The action that was allowed.
    pub fn action(&self) -> Action {
        self.action
    }
}

/// A row that may be changed and saved; it reads and writes like the row.
#[derive(Debug)]
#[must_use]
pub struct Change<E: EntityTrait> {
    before: E::Model,
    after: E::Model,
    warrant: Warrant,
    plain: bool,
}

impl<E: EntityTrait> Change<E> {
    /// The row as it was.
    pub fn before(&self) -> &E::Model {
        &self.before
    }

    /// Proof of the allowed action, for its effects on other rows.
    pub fn warrant(&self) -> Warrant {
        self.warrant
    }
}

impl<E: EntityTrait> Deref for Change<E> {
    type Target = E::Model;

    fn deref(&self) -> &E::Model {
        &self.after
    }
}

impl<E: EntityTrait> DerefMut for Change<E> {
    fn deref_mut(&mut self) -> &mut E::Model {
        &mut self.after
    }
}

/// A write transaction of one viewer. Dropped without [`Tx::commit`], it leaves nothing.
pub struct Tx {
    reader: Reader,
    transaction: Transaction,
    verb: String,
    entries: Mutex<Vec<Entry>>,
    reason: Mutex<Option<String>>,
    pub(super) record: Option<Record>,
    /// It writes nothing, and so it locks nothing.
    pub(super) looks: bool,
}

impl Tx {
    /// Begins a transaction for a mutation.
    ///
    /// # Errors
    /// UNAVAILABLE, TIMEOUT.
    pub async fn begin(reader: Reader, verb: &str) -> Result<Self> {
        let transaction = reader.store.database.begin().await?;
        Ok(Self::of(reader, transaction, verb, false))
    }

    /// Begins a transaction in which a mutation is worked out and nothing is written.
    ///
    /// # Errors
    /// UNAVAILABLE, TIMEOUT.
    pub async fn look(reader: Reader, verb: &str) -> Result<Self> {
        let transaction = reader.store.database.look().await?;
        Ok(Self::of(reader, transaction, verb, true))
    }

    fn of(reader: Reader, transaction: Transaction, verb: &str, looks: bool) -> Self {
        let (entries, reason) = (Mutex::default(), Mutex::default());
        Self { reader, transaction, verb: verb.to_owned(), entries, reason, record: None, looks }
    }

    /// The viewer's eyes (they look outside the transaction).
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The moment of the mutation.
    pub fn now(&self) -> DateTime<Utc> {
        self.reader.now
    }

    /// The company's day at the moment of the mutation.
    pub fn today(&self) -> NaiveDate {
        self.reader.calendar().day(self.reader.now)
    }

    /// A new id.
    pub fn id(&self) -> Uuid {
        self.reader.store.clock.id()
    }

    /// Notes why, in every event of this transaction.
    pub fn because(&self, reason: &str) {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
    }

    /// May the viewer do this to any row of the entity?
    ///
    /// # Errors
    /// FORBIDDEN.
    pub fn may<E: Resource>(&self, action: Action) -> Result<Warrant> {
        let reach = self.reader.viewer.reach(E::KIND, action);
        if reach.is_none() { Err(self.forbidden::<E>(action)) } else { Ok(Warrant { of: Some(E::KIND), action }) }
    }

    /// A row that the viewer may see.
    ///
    /// # Errors
    /// NOT_FOUND: it is missing or hidden.
    pub async fn get<E: Resource>(&self, id: Uuid) -> Result<E::Model> {
        self.find::<E>()?.with_id(id).one().await?.ok_or_else(|| self.missing::<E>(id))
    }

    /// A row the viewer may do `action` to, locked for the change.
    ///
    /// # Errors
    /// NOT_FOUND: missing or hidden; FORBIDDEN: visible, but not to be changed like this; CONFLICT: `expected_version`
    /// is stale.
    pub async fn edit<E: Resource>(&self, id: Uuid, action: Action, expected_version: i32) -> Result<Change<E>> {
        let change = self.claim::<E>(id, action).await?;
        let version = version::<E>(&change.before);
        if version != expected_version {
            return Err(Error::stale(self.descriptor::<E>().name, version));
        }
        Ok(change)
    }

    /// As [`Tx::edit`], for verbs that judge the version themselves (idempotent ones).
    ///
    /// # Errors
    /// NOT_FOUND, FORBIDDEN.
    pub async fn claim<E: Resource>(&self, id: Uuid, action: Action) -> Result<Change<E>> {
        let of = self.descriptor::<E>();
        let reach = self.own_reach(of, action);
        let row = match self.find::<E>() {
            Ok(rows) => rows.with_id(id).one_locked_and(reach).await?,
            Err(_) => None,
        };
        let (before, reached) = row.ok_or_else(|| self.missing::<E>(id))?;
        if !reached || !self.reaches_by_others(of, id, action).await? {
            return Err(self.forbidden_at::<E>(action, id));
        }
        let plain = matches!(action, Action::Update | Action::Create);
        Ok(Change { after: before.clone(), before, warrant: Warrant { of: Some(E::KIND), action }, plain })
    }

    /// A row that an allowed action affects, locked for the change.
    ///
    /// # Errors
    /// NOT_FOUND: there is no such row.
    pub async fn affect<E: Resource>(&self, warrant: &Warrant, id: Uuid) -> Result<Change<E>> {
        let row = self.all::<E>(warrant).with_id(id).one_locked().await?;
        let before = row.ok_or_else(|| self.missing::<E>(id))?;
        Ok(self.affected(warrant, before))
    }

    /// A row, already read under the warrant, that an allowed action changes.
    pub fn affected<E: Resource>(&self, warrant: &Warrant, row: E::Model) -> Change<E> {
        Change { after: row.clone(), before: row, warrant: *warrant, plain: false }
    }

    /// Saves a changed row and notes the event. An unchanged row is left alone.
    ///
    /// # Errors
    /// CONFLICT: someone else changed it meanwhile; FORBIDDEN: the viewer may not leave it like this;
    /// `Invalid` with `TAKEN`: a unique value is in use.
    pub async fn save<E: Resource>(&self, change: Change<E>) -> Result<E::Model> {
        let Change { before, mut after, warrant, plain } = change;
        let of = self.descriptor::<E>();
        let changes = event::changes::<E>(self.reader.graph(), of, Some(&before), &after);
        if changed::<E>(&before, &after).next().is_none() {
            return Ok(after);
        }
        self.check_affects::<E>(&warrant)?;
        check_source::<E>(&after)?;
        let old_version = version::<E>(&before);
        let version = old_version.checked_add(1).ok_or_else(|| Error::internal("the versions of a row are used up"))?;
        set::<E>(&mut after, "version", Value::Int(Some(version)));
        set::<E>(&mut after, "updated_at", Value::ChronoDateTimeUtc(Some(self.now())));
        let id = id_of::<E>(&after);
        let sets = changed::<E>(&before, &after).map(|column| {
            let mut sql = Sql::text(format!("\"{}\" = ", column.as_str()));
            sql.bind(after.get(column));
            sql
        });
        let stale = |key: &&TextKey| changed::<E>(&before, &after).any(|column| key.from.contains(&column.as_str()));
        let sets = sets.chain(of.keys.iter().filter(stale).map(|key| key.set(key.of_row(&after))));
        let mut sql = Sql::text(format!("UPDATE {} SET ", of.table));
        sql.append(Sql::listed(sets.collect())).push(" WHERE id = ").bind(id);
        if of.versioned {
            sql.push(" AND version = ").bind(old_version);
        }
        let written = self.write_one(of, id, sql, plain.then_some(warrant.action)).await;
        match written.map_err(|error| holder::refusal::<E>(of, &after, error))? {
            Written::Within => {}
            Written::Outside => return Err(self.forbidden_at::<E>(warrant.action, id)),
            Written::Nothing => {
                // A row that the client named is locked; this one was read without a lock.
                return Err(Error::raced(format!(
                    "{} was changed by someone else meanwhile. Read it again, then retry.",
                    of.name
                )));
            }
        }
        self.note(of, id, changes);
        Ok(after)
    }

    /// An action writes rows of its kind, and of the kinds that it is declared to affect.
    pub(super) fn check_affects<E: Resource>(&self, warrant: &Warrant) -> Result<()> {
        let affects = |kind| kind == E::KIND || self.reader.graph().of(kind).affects.contains(&E::KIND);
        if warrant.of.is_none_or(affects) {
            return Ok(());
        }
        Err(Error::internal(format!(
            "{:?} of {:?} is not declared to affect {:?}",
            warrant.action,
            warrant.of,
            E::KIND
        )))
    }

    /// Makes a row that the viewer may make; id, times, author and version are filled in.
    ///
    /// # Errors
    /// FORBIDDEN; `Invalid` with `TAKEN`.
    pub async fn create<E: Resource>(&self, row: E::Model) -> Result<E::Model> {
        self.may::<E>(Action::Create)?;
        self.insert::<E>(row, Some(Action::Create)).await
    }

    /// Makes a row as the effect of an allowed action.
    ///
    /// # Errors
    /// `Invalid` with `TAKEN`.
    pub async fn add<E: Resource>(&self, warrant: &Warrant, row: E::Model) -> Result<E::Model> {
        self.check_affects::<E>(warrant)?;
        self.insert::<E>(row, None).await
    }

    /// Makes a row, which must then lie within the reach of the action if there is one.
    async fn insert<E: Resource>(&self, mut row: E::Model, action: Option<Action>) -> Result<E::Model> {
        let of = self.descriptor::<E>();
        check_source::<E>(&row)?;
        let id = self.stamp::<E>(&mut row);
        let sql = insert_sql::<E>(&of.keys, std::slice::from_ref(&row));
        let written =
            self.write_one(of, id, sql, action).await.map_err(|error| holder::refusal::<E>(of, &row, error))?;
        if let (Written::Outside, Some(action)) = (written, action) {
            return Err(self.forbidden::<E>(action));
        }
        self.note(of, id, event::changes::<E>(self.reader.graph(), of, None, &row));
        Ok(row)
    }

    /// Fills in what every new row has: id, times, author and version.
    pub(super) fn stamp<E: Resource>(&self, row: &mut E::Model) -> Uuid {
        if id_of::<E>(row).is_nil() {
            set::<E>(row, "id", Value::Uuid(Some(self.id())));
        }
        let author = Some(self.reader.viewer.id).filter(|id| !id.is_nil());
        set::<E>(row, "created_at", Value::ChronoDateTimeUtc(Some(self.now())));
        set::<E>(row, "updated_at", Value::ChronoDateTimeUtc(Some(self.now())));
        set::<E>(row, "created_by", Value::Uuid(author));
        set::<E>(row, "version", Value::Int(Some(1)));
        id_of::<E>(row)
    }

    /// Runs a statement that writes one row, which must then lie within the reach of the action, if there is one.
    async fn write_one(&self, of: &Descriptor, id: Uuid, mut sql: Sql, action: Option<Action>) -> Result<Written> {
        let reach = action.and_then(|action| self.own_reach(of, action));
        let within = match reach {
            None => (self.execute(sql).await.map_err(|error| taken(of, error))? > 0).then_some(true),
            Some(reach) => {
                sql.push(" RETURNING ((").append(reach).push(") IS TRUE)");
                let row = self.session().query_one_raw(sql.statement(self.backend())).await;
                let row = row.map_err(|error| taken(of, error))?;
                row.map(|row| row.try_get_by_index(0)).transpose().map_err(classify)?
            }
        };
        Ok(match (within, action) {
            (None, _) => Written::Nothing,
            (Some(false), _) => Written::Outside,
            (Some(true), Some(action)) if !self.reaches_by_others(of, id, action).await? => Written::Outside,
            (Some(true), _) => Written::Within,
        })
    }

    /// The reach of an action as far as a row shows it by itself: a condition for the statement that reads or writes it.
    fn own_reach(&self, of: &Descriptor, action: Action) -> Option<Sql> {
        if of.ownership.is_elsewhere() { None } else { self.reader.reachable(of, action, of.table) }
    }

    /// Does the row lie within reach, as far as other rows decide? A statement of its own: one that waited for a lock has
    /// seen the others as they were before.
    async fn reaches_by_others(&self, of: &Descriptor, id: Uuid, action: Action) -> Result<bool> {
        if of.ownership.is_elsewhere() { self.reaches(of.kind, id, action).await } else { Ok(true) }
    }

    /// Removes derived rows (they carry no history of their own, so no event).
    ///
    /// # Errors
    /// Database errors.
    pub async fn drop_derived<E: Resource>(&self, warrant: &Warrant, column: E::Column, ids: &[Uuid]) -> Result<()> {
        self.check_affects::<E>(warrant)?;
        let mut sql = Sql::text(format!("DELETE FROM {} WHERE ", E::default().table_name()));
        sql.append(self.reader.dialect().is_any(column.as_str(), ids));
        self.execute(sql).await.map_err(classify).map(|_| ())
    }

    /// Adds derived rows (they carry no history of their own, so no event).
    ///
    /// # Errors
    /// Database errors.
    pub async fn add_derived<E: Resource>(&self, warrant: &Warrant, rows: &[E::Model]) -> Result<()> {
        self.check_affects::<E>(warrant)?;
        let keys = &self.descriptor::<E>().keys;
        for chunk in rows.chunks(chunk_size::<E>(keys)) {
            self.execute(insert_sql::<E>(keys, chunk)).await.map_err(classify)?;
        }
        Ok(())
    }

    /// Does the row lie within the reach of `action`?
    ///
    /// # Errors
    /// Database errors.
    pub async fn reaches(&self, kind: Kind, id: Uuid, action: Action) -> Result<bool> {
        let of = self.reader.graph().of(kind);
        match self.reader.reachable(of, action, "t0") {
            None => Ok(true),
            Some(condition) => self.exists(of, id, vec![condition]).await,
        }
    }

    /// May the viewer see this row?
    ///
    /// # Errors
    /// Database errors.
    pub async fn sees(&self, kind: Kind, id: Uuid) -> Result<bool> {
        let of = self.reader.graph().of(kind);
        self.exists(of, id, self.reader.visible(of, Action::Read, "t0")).await
    }

    pub(super) async fn exists(&self, of: &Descriptor, id: Uuid, conditions: Vec<Sql>) -> Result<bool> {
        let mut sql = Sql::text(format!("SELECT 1 FROM {} t0 WHERE t0.id = ", of.table));
        sql.bind(id).push(" AND ").append(Sql::all(conditions));
        let found = self.session().query_one_raw(sql.planned_once(self.backend())).await.map_err(classify)?;
        Ok(found.is_some())
    }

    /// Writes the events and commits.
    ///
    /// # Errors
    /// Database errors; then nothing was written, unless the error says that this is not known.
    pub async fn commit(self) -> Result<()> {
        let entries = std::mem::take(&mut *self.entries.lock().unwrap_or_else(PoisonError::into_inner));
        let store = self.reader.store.clone();
        let turn = if entries.is_empty() { None } else { Some(store.database.turn().await?) };
        let last = event::write(&self, entries).await?;
        let transaction = self.transaction;
        // A client that leaves in this moment stops neither the commit nor the news of it.
        let commit = async move {
            store.database.commit(transaction).await?;
            drop(turn);
            if let Some(last) = last {
                store.feed.grown(last);
            }
            Ok(())
        };
        tokio::spawn(commit.in_current_span()).await.map_err(Error::internal)?
    }

    /// Notes the event of a changed row; it is written at the commit.
    pub(super) fn note(&self, of: &Descriptor, subject: Uuid, changes: serde_json::Value) {
        let reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let entry = Entry { action: self.verb.clone(), kind: of.kind, subject, changes, reason };
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// The declaration of an entity.
    pub fn descriptor<E: Resource>(&self) -> &'static Descriptor {
        self.reader.graph().of(E::KIND)
    }

    fn missing<E: Resource>(&self, id: Uuid) -> Error {
        Error::not_found(format!("{} {}", self.descriptor::<E>().name, self.descriptor::<E>().global_id(id)))
    }

    /// The refusal of an action: which rows the right covers, if the viewer has it at all.
    pub fn forbidden<E: Resource>(&self, action: Action) -> Error {
        self.reader.forbidden(self.descriptor::<E>(), action)
    }

    /// The refusal of an action on a row that the viewer sees.
    fn forbidden_at<E: Resource>(&self, action: Action, id: Uuid) -> Error {
        let of = self.descriptor::<E>();
        self.forbidden::<E>(action).for_want_of(words::right(of, action), Some(of.global_id(id)))
    }

    pub(super) async fn execute(&self, sql: Sql) -> Result<u64, DbErr> {
        Ok(self.session().execute_raw(sql.statement(self.backend())).await?.rows_affected())
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.reader.store.database.backend()
    }

    pub(super) fn session(&self) -> Session<'_, Transaction> {
        self.reader.store.database.within(&self.transaction)
    }
}

/// What a statement made of the row it was to write.
enum Written {
    /// There was no such row.
    Nothing,
    /// A row that the viewer may not leave like this; the transaction must not be committed.
    Outside,
    /// A row within reach.
    Within,
}

/// The column of that name.
pub(super) fn column<E: EntityTrait>(name: &str) -> Option<E::Column> {
    E::Column::iter().find(|column| column.as_str() == name)
}

/// Sets a column if the table has it.
fn set<E: EntityTrait>(row: &mut E::Model, name: &str, value: Value) {
    if let Some(column) = column::<E>(name) {
        // The common columns have one type in every table; a mismatch would leave the default, which the tests see.
        let _ = row.try_set(column, value);
    }
}

pub(super) fn id_of<E: EntityTrait>(row: &E::Model) -> Uuid {
    match column::<E>("id").map(|column| row.get(column)) {
        Some(Value::Uuid(Some(id))) => id,
        _ => Uuid::nil(),
    }
}

/// A row that another system knows has its name and its id there.
pub(super) fn check_source<E: EntityTrait>(row: &E::Model) -> Result<()> {
    let text = |name: &str| match column::<E>(name).map(|column| row.get(column)) {
        Some(Value::String(text)) => text,
        _ => None,
    };
    let mut checks = Checks::new();
    checks.source("", text("source_system").as_deref(), text("external_id").as_deref());
    checks.done()
}

fn version<E: EntityTrait>(row: &E::Model) -> i32 {
    match column::<E>("version").map(|column| row.get(column)) {
        Some(Value::Int(Some(version))) => version,
        _ => 0,
    }
}

fn changed<'a, E: EntityTrait>(before: &'a E::Model, after: &'a E::Model) -> impl Iterator<Item = E::Column> + 'a {
    E::Column::iter().filter(|column| before.get(*column) != after.get(*column))
}

/// As many rows as fit into one statement of either database (SQLite: 32,766 values).
pub(super) fn chunk_size<E: EntityTrait>(keys: &[TextKey]) -> usize {
    30_000 / (E::Column::iter().count() + keys.len()).max(1)
}

/// The columns of a table, quoted, with those of its keys at the end.
pub(super) fn columns<E: EntityTrait>(keys: &[TextKey]) -> Vec<String> {
    let own = E::Column::iter().map(|column| format!("\"{}\"", column.as_str()));
    own.chain(keys.iter().map(|key| format!("\"{}\"", key.column))).collect()
}

/// Inserts rows with the keys of their texts.
pub(super) fn insert_sql<E: EntityTrait>(keys: &[TextKey], rows: &[E::Model]) -> Sql {
    let names = columns::<E>(keys);
    let mut sql = Sql::text(format!("INSERT INTO {} ({}) VALUES ", E::default().table_name(), names.join(", ")));
    for (place, row) in rows.iter().enumerate() {
        let mut separator = if place == 0 { "(" } else { ", (" };
        for column in E::Column::iter() {
            sql.push(separator).bind(row.get(column));
            separator = ", ";
        }
        for key in keys {
            sql.push(", ").bind(key.of_row(row));
        }
        sql.push(")");
    }
    sql
}

/// A unique value that is in use is a mistake a person can mend; it names the field and nothing of the other row.
fn taken(of: &Descriptor, error: DbErr) -> Error {
    let Some(SqlErr::UniqueConstraintViolation(text)) = error.sql_err() else { return classify(error) };
    // A source names its rows by their id there; the system alone is never what is taken.
    let columns = unique_columns(of.table, &text).into_iter().filter(|column| column != "source_system");
    let mut names: Vec<_> = columns.filter_map(|column| of.name_of_column(&column).map(str::to_owned)).collect();
    if names.is_empty() {
        names.push("id".to_owned());
    }
    let message = format!("Another {} has this {} already.", of.name, names.join(" and "));
    Error::Invalid(vec![Mistake::new("TAKEN", &names.swap_remove(0), message)])
}

/// The columns of the violated rule: `uq_rate__currency__date` on PostgreSQL, `rate.currency, rate.date` on SQLite.
fn unique_columns(table: &str, text: &str) -> Vec<String> {
    let named = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let word = |text: &str| text.chars().take_while(|letter| named(*letter)).collect::<String>();
    if let Some((_, rule)) = text.split_once(&format!("uq_{table}__")) {
        return word(rule).split("__").map(str::to_owned).collect();
    }
    text.split(&format!("{table}.")).skip(1).map(word).collect()
}

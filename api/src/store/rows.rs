//! Rows inside a transaction: narrowed to what the viewer may see, or, with a warrant, all of them.

use sea_orm::sea_query::{IntoCondition, LockType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IdenStatic, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
};
use uuid::Uuid;

use super::database::classify;
use super::sql::{Dialect, Sql};
use super::tx::{Resource, Tx, Warrant};
use crate::access::Action;
use crate::error::Result;
use crate::spelling::fold;

/// A select that the policy has narrowed (or a warrant opened). Only the store makes one.
#[must_use]
pub struct Rows<'a, E: EntityTrait> {
    select: Select<E>,
    tx: &'a Tx,
}

impl Tx {
    /// The rows of an entity that the viewer may see.
    ///
    /// # Errors
    /// FORBIDDEN: none, ever.
    pub fn find<E: Resource>(&self) -> Result<Rows<'_, E>> {
        let of = self.descriptor::<E>();
        let reader = self.reader();
        if !reader.may_read(of) {
            return Err(crate::error::Error::forbidden(format!("{}.read", of.name)));
        }
        let mut select = E::find();
        for condition in reader.visible(of, Action::Read, of.table) {
            select = select.filter(condition.into_expr(self.backend()));
        }
        Ok(Rows { select, tx: self })
    }

    /// All live rows of an entity, for the effects of an action that was allowed.
    pub fn all<E: Resource>(&self, _: &Warrant) -> Rows<'_, E> {
        self.live()
    }

    /// All rows of an entity, deleted ones too, for the rules that hold for them as well.
    pub fn all_ever<E: Resource>(&self, _: &Warrant) -> Rows<'_, E> {
        Rows { select: E::find(), tx: self }
    }

    pub(super) fn live<E: Resource>(&self) -> Rows<'_, E> {
        let of = self.descriptor::<E>();
        let mut select = E::find();
        if of.soft_delete {
            let live = Sql::text(format!("{}.deleted_at IS NULL", of.table));
            select = select.filter(live.into_expr(self.backend()));
        }
        Rows { select, tx: self }
    }
}

impl<E: EntityTrait> Rows<'_, E> {
    /// Narrows further.
    pub fn filter(self, condition: impl IntoCondition) -> Self {
        Self { select: self.select.filter(condition), ..self }
    }

    /// Smallest first.
    pub fn order_by(self, column: E::Column) -> Self {
        Self { select: self.select.order_by_asc(column), ..self }
    }

    /// Largest first.
    pub fn order_by_desc(self, column: E::Column) -> Self {
        Self { select: self.select.order_by_desc(column), ..self }
    }

    /// At most so many.
    pub fn limit(self, limit: u64) -> Self {
        Self { select: self.select.limit(limit), ..self }
    }

    /// The rows one of whose ids stands in `column`.
    pub fn any_of(self, column: E::Column, ids: &[Uuid]) -> Self {
        let (table, live) = (E::default().table_name(), live::<E>(&[]));
        let condition = self.dialect().is_among(table, column.as_str(), &live, ids);
        self.only(condition)
    }

    /// The rows that have one of these texts in `column`, and nothing in those columns; a name that rows are matched by,
    /// however it is written.
    pub fn any_of_texts(self, column: E::Column, texts: Vec<String>, without: &[E::Column]) -> Self
    where
        E: Resource,
    {
        let (table, live) = (E::default().table_name(), live::<E>(without));
        let condition = match self.tx.descriptor::<E>().match_key(column.as_str()) {
            Some(key) => {
                let texts = texts.iter().map(|text| fold::same(text)).collect();
                self.dialect().is_among_texts(table, &key.column, &live, texts)
            }
            None => self.dialect().is_among_texts(table, column.as_str(), &live, texts),
        };
        without.iter().fold(self, |rows, column| rows.filter(column.is_null())).only(condition)
    }

    /// The rows that a source system knows by one of these ids.
    pub fn known_as(self, source: &str, ids: Vec<String>) -> Self {
        let condition = self.dialect().is_known_as(E::default().table_name(), &live::<E>(&[]), source, ids);
        self.only(condition)
    }

    fn only(self, condition: Sql) -> Self {
        let condition = condition.into_expr(self.tx.backend());
        Self { select: self.select.filter(condition), ..self }
    }

    fn dialect(&self) -> Dialect {
        self.tx.reader().dialect()
    }

    /// The first.
    ///
    /// # Errors
    /// Database errors.
    pub async fn one(self) -> Result<Option<E::Model>> {
        self.select.one(&self.tx.session()).await.map_err(classify)
    }

    /// Every one.
    ///
    /// # Errors
    /// Database errors.
    pub async fn all(self) -> Result<Vec<E::Model>> {
        self.select.all(&self.tx.session()).await.map_err(classify)
    }

    /// The first, locked until the transaction ends.
    pub(super) async fn one_locked(self) -> Result<Option<E::Model>> {
        let tx = self.tx;
        self.locked().one(&tx.session()).await.map_err(classify)
    }

    /// The first, locked until the transaction ends, and whether it fulfils a condition, if there is one.
    pub(super) async fn one_locked_and(self, condition: Option<Sql>) -> Result<Option<(E::Model, bool)>> {
        const FULFILLED: &str = "fulfilled";
        let Some(condition) = condition else { return Ok(self.one_locked().await?.map(|row| (row, true))) };
        let tx = self.tx;
        let mut fulfilled = Sql::text("((");
        fulfilled.append(condition).push(") IS TRUE)");
        let select = self.locked().limit(1).expr_as(fulfilled.into_expr(tx.backend()), FULFILLED);
        let Some(row) = tx.session().query_one_raw(select.build(tx.backend())).await.map_err(classify)? else {
            return Ok(None);
        };
        let fulfilled = row.try_get("", FULFILLED).map_err(classify)?;
        Ok(Some((E::Model::from_query_result(&row, "").map_err(classify)?, fulfilled)))
    }

    /// Every one, locked until the transaction ends: in the order of their ids, so that two transactions that want the
    /// same rows wait for each other and do not block each other.
    ///
    /// # Errors
    /// Database errors.
    pub async fn all_locked(self, id: E::Column) -> Result<Vec<E::Model>> {
        let tx = self.tx;
        self.order_by(id).locked().all(&tx.session()).await.map_err(classify)
    }

    /// Against every change, but not against new rows that refer to these: keys never change. Who only looks locks nothing.
    fn locked(self) -> Select<E> {
        match self.dialect() {
            Dialect::Postgres if !self.tx.looks => self.select.lock(LockType::NoKeyUpdate),
            _ => self.select,
        }
    }

    /// How many.
    ///
    /// # Errors
    /// Database errors.
    pub async fn count(self) -> Result<u64>
    where
        E::Model: Sync,
    {
        self.select.count(&self.tx.session()).await.map_err(classify)
    }

    /// The row with this id.
    pub fn with_id(self, id: Uuid) -> Self {
        let mut condition = Sql::text(format!("{}.id = ", E::default().table_name()));
        condition.bind(id);
        self.only(condition)
    }

    /// The rows with this value in a column.
    pub fn matching(self, column: E::Column, value: impl Into<sea_orm::Value>) -> Self {
        Self { select: self.select.filter(column.eq(value.into())), ..self }
    }
}

/// Which rows count, of those that are called `one`: the live ones with nothing in these columns.
fn live<E: EntityTrait>(without: &[E::Column]) -> String {
    let deleted = super::tx::column::<E>("deleted_at");
    let columns: Vec<_> =
        without.iter().copied().chain(deleted).map(|column| format!("one.{}", column.as_str())).collect();
    if columns.is_empty() { "TRUE".to_owned() } else { columns.join(" IS NULL AND ") + " IS NULL" }
}

//! Parts of a whole: stages of a pipeline, the people of a deal. Whoever makes, changes or removes a part holds the whole
//! first, so that what is judged over all parts of one (there is one primary person, one WON stage) is judged by one at a
//! time, and so that two who want the same rows come to them in the same order.

use sea_orm::{ConnectionTrait, DbBackend, ModelTrait, Value};
use uuid::Uuid;

use super::Tx;
use super::database::classify;
use super::descriptor::{Demand, Part};
use super::sql::Sql;
use super::tx::{Resource, column};
use crate::access::Action;
use crate::error::{Error, Result};

/// The whole of a part, locked until the transaction ends; or there is none.
#[derive(Default)]
pub(super) struct Whole {
    /// What it does not permit in its state.
    refused: Vec<&'static Demand>,
    /// Its name, where it was deleted.
    gone: Option<&'static str>,
}

impl Whole {
    /// Refuses what the state of the whole does not permit. A part of what is gone can only be removed.
    ///
    /// # Errors
    /// CONFLICT; NOT_FOUND: the whole was deleted.
    pub(super) fn permit(self, action: Action) -> Result<()> {
        if let Some(demand) = self.refused.iter().find(|demand| demand.action == action) {
            return Err(Error::conflict(demand.why.clone()));
        }
        match self.gone.filter(|_| action != Action::Delete) {
            Some(name) => Err(Error::not_found(format!("The {name} that it is part of"))),
            None => Ok(()),
        }
    }
}

impl Tx {
    /// Holds the whole that new parts are to belong to, if the entity is a part of something.
    ///
    /// # Errors
    /// CONFLICT: its state takes no new parts; NOT_FOUND: it was deleted.
    pub async fn hold_whole<E: Resource>(&self, id: Uuid) -> Result<()> {
        match &self.descriptor::<E>().part_of {
            Some(part) => self.hold(part, Sql::value(id)).await?.permit(Action::Create),
            None => Ok(()),
        }
    }

    /// Holds the whole of a new part.
    pub(super) async fn hold_whole_of_new<E: Resource>(&self, row: &E::Model) -> Result<()> {
        let column = self.descriptor::<E>().part_of.as_ref().and_then(|part| column::<E>(part.column));
        match column.map(|column| row.get(column)) {
            Some(Value::Uuid(Some(id))) => self.hold_whole::<E>(id).await,
            _ => Ok(()),
        }
    }

    /// Holds the whole of a part that is there; the part itself is judged afterwards, as what it is part of never changes.
    pub(super) async fn hold_whole_of<E: Resource>(&self, part: Uuid) -> Result<Whole> {
        let of = self.descriptor::<E>();
        let Some(declared) = &of.part_of else { return Ok(Whole::default()) };
        let mut id = Sql::text(format!("(SELECT {} FROM {} WHERE id = ", declared.column, of.table));
        id.bind(part).push(")");
        self.hold(declared, id).await
    }

    /// One statement that locks the whole and tells which demands its state does not meet.
    async fn hold(&self, part: &'static Part, id: Sql) -> Result<Whole> {
        let of = self.reader().graph().of(part.of);
        let mut sql = Sql::text("SELECT 1");
        for demand in &part.demands {
            sql.push(", ((").append(self.reader().state(demand.when, of.table)).push(") IS TRUE)");
        }
        sql.push(&format!(" FROM {} WHERE {}.id = ", of.table, of.table)).append(id);
        if of.soft_delete {
            sql.push(&format!(" AND {}.deleted_at IS NULL", of.table));
        }
        if self.backend() == DbBackend::Postgres && !self.looks {
            // Against every change, but not against rows that refer to it.
            sql.push(" FOR NO KEY UPDATE");
        }
        let found = self.session().query_one_raw(sql.statement(self.backend())).await.map_err(classify)?;
        let Some(found) = found else { return Ok(Whole { refused: Vec::new(), gone: Some(of.name) }) };
        let mut refused = Vec::new();
        for (place, demand) in part.demands.iter().enumerate() {
            if !found.try_get_by_index::<bool>(place + 1).map_err(classify)? {
                refused.push(demand);
            }
        }
        Ok(Whole { refused, gone: None })
    }
}

//! Who has a unique value already: named to whoever may see that row, and to nobody else.

use sea_orm::{IdenStatic, Iterable, ModelTrait, Value};
use uuid::Uuid;

use super::descriptor::{Descriptor, Source};
use super::sql::Sql;
use super::{Reader, Resource, database::classify};
use crate::access::{Action, Grant};
use crate::error::{Error, Holder, Mistake, Result};

/// Says in a refusal as TAKEN how the other row is found, if texts alone tell.
pub(super) fn refusal<E: Resource>(of: &'static Descriptor, row: &E::Model, error: Error) -> Error {
    let Error::Invalid(mut mistakes) = error else { return error };
    for mistake in mistakes.iter_mut().filter(|mistake| mistake.code == "TAKEN") {
        mistake.holder = mistake.path.first().and_then(|field| holder::<E>(of, row, field)).map(Box::new);
    }
    Error::Invalid(mistakes)
}

fn holder<E: Resource>(of: &'static Descriptor, row: &E::Model, field: &str) -> Option<Holder> {
    let column = |name: &'static str| {
        let column = E::Column::iter().find(|column| column.as_str() == name)?;
        if let Value::String(Some(text)) = row.get(column) { Some((name, text)) } else { None }
    };
    let values = match (field, of.field(field)?.source) {
        ("externalId", _) => vec![column("source_system")?, column("external_id")?],
        (_, Source::Column(name)) => vec![column(name)?],
        _ => return None,
    };
    Some(Holder { of: of.name, values })
}

impl Reader {
    /// Names in each refusal as TAKEN the row that has the value, where the viewer may see it and read its value.
    ///
    /// # Errors
    /// Database errors.
    pub async fn name_holders(&self, mistakes: &mut [Mistake]) -> Result<()> {
        for mistake in mistakes {
            let Some(holder) = mistake.holder.take() else { continue };
            let Some(of) = self.graph().named(holder.of) else { continue };
            if let Some(id) = self.find_holder(of, &holder).await? {
                let id = of.global_id(id);
                mistake.message = format!("{} It is {id}.", mistake.message);
                mistake.id = Some(id.into());
            }
        }
        Ok(())
    }

    async fn find_holder(&self, of: &Descriptor, holder: &Holder) -> Result<Option<Uuid>> {
        let readable = |column: &str| {
            let name = of.name_of_column(column).unwrap_or_default();
            self.viewer().reads(of.kind, name) == Grant::Yes
        };
        if !self.may_read(of) || !holder.values.iter().all(|(column, _)| readable(column)) {
            return Ok(None);
        }
        let mut conditions = self.visible(of, Action::Read, "t0");
        for (column, text) in &holder.values {
            let mut is = Sql::text(format!("t0.\"{column}\" = "));
            is.bind(text.clone());
            conditions.push(is);
        }
        let mut sql = Sql::text(format!("SELECT t0.id FROM {} t0 WHERE ", of.table));
        sql.append(Sql::all(conditions));
        let found = self.session().read(sql.statement(self.backend())).await.map_err(classify)?;
        found.first().map(|row| row.get(0)).transpose().map_err(classify)
    }
}

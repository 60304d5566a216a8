//! Where the company is: a setting that belongs to the data, so that every replica and every later start has it.

use chrono_tz::Tz;
use entity::setting::{Column, Entity, Model};
use sea_orm::ColumnTrait;

use super::system::System;
use crate::error::{Error, Result};

const TIME_ZONE: &str = "company_time_zone";

impl System {
    /// The company's time zone, if one was set.
    ///
    /// # Errors
    /// CONFLICT: what is kept is no time zone that this version knows; database errors.
    pub async fn company_time_zone(&self) -> Result<Option<Tz>> {
        let Some(kept) = self.look::<Entity>(Column::Key.eq(TIME_ZONE)).await? else { return Ok(None) };
        kept.value.parse().map(Some).map_err(|_| {
            Error::conflict(format!(
                "This database keeps {} as the company's time zone, which is unknown. Set TRIBUTARY_COMPANY_TIME_ZONE.",
                kept.value
            ))
        })
    }

    /// Keeps the company's time zone: from the next start on every process has it. Days that are stored stay as they are.
    ///
    /// # Errors
    /// Database errors.
    pub async fn keep_company_time_zone(&self, zone: Tz) -> Result<()> {
        let tx = self.begin("start").await?;
        tx.take_turns("start").await?;
        let value = zone.name();
        match self.rows::<Entity>(&tx, Column::Key.eq(TIME_ZONE)).await?.first() {
            Some(kept) if kept.value == value => return Ok(()),
            Some(kept) => {
                tracing::warn!("the company's time zone was {} and is {value} from now on", kept.value);
                self.set::<Entity>(&tx, Column::Key.eq(TIME_ZONE), vec![(Column::Value, value.into())]).await?;
            }
            None => self.put::<Entity>(&tx, &[Model { key: TIME_ZONE.to_owned(), value: value.to_owned() }]).await?,
        }
        tx.commit().await
    }
}

//! Where the company is and how it counts its years: settings that belong to the data, so that every replica and every later
//! start has them.

use std::str::FromStr;

use entity::setting::{Column, Entity, Model};
use sea_orm::ColumnTrait;

use super::system::System;
use crate::error::{Error, Result};

/// A setting that is kept with the data.
pub struct Setting {
    key: &'static str,
    /// What people call it.
    name: &'static str,
    /// What sets it.
    variable: &'static str,
}

/// The company's time zone.
pub const TIME_ZONE: Setting =
    Setting { key: "company_time_zone", name: "time zone", variable: "TRIBUTARY_COMPANY_TIME_ZONE" };

/// The month that the company's fiscal year begins with.
pub const FISCAL_YEAR: Setting =
    Setting { key: "fiscal_year_start", name: "first fiscal month", variable: "TRIBUTARY_FISCAL_YEAR_START" };

impl System {
    /// What is kept of a setting.
    ///
    /// # Errors
    /// CONFLICT: what is kept is nothing that this version knows; database errors.
    pub async fn kept<T: FromStr>(&self, setting: &Setting) -> Result<Option<T>> {
        let Some(kept) = self.look::<Entity>(Column::Key.eq(setting.key)).await? else { return Ok(None) };
        kept.value.parse().map(Some).map_err(|_| {
            Error::conflict(format!(
                "This database keeps {} as the company's {}, which is unknown. Set {}.",
                kept.value, setting.name, setting.variable
            ))
        })
    }

    /// Keeps a setting: from the next start on every process has it. Days that are stored stay as they are.
    ///
    /// # Errors
    /// Database errors.
    pub async fn keep(&self, setting: &Setting, value: &str) -> Result<()> {
        let tx = self.begin("start").await?;
        tx.take_turns("start").await?;
        match self.rows::<Entity>(&tx, Column::Key.eq(setting.key)).await?.first() {
            Some(kept) if kept.value == value => return Ok(()),
            Some(kept) => {
                tracing::warn!("the company's {} was {} and is {value} from now on", setting.name, kept.value);
                self.set::<Entity>(&tx, Column::Key.eq(setting.key), vec![(Column::Value, value.into())]).await?;
            }
            None => {
                let kept = Model { key: setting.key.to_owned(), value: value.to_owned() };
                self.put::<Entity>(&tx, &[kept]).await?;
            }
        }
        tx.commit().await
    }
}

//! The facts behind attribution: deals with their milestones, and the touches of their people.
//!
//! One definition for both uses: credits that are computed when a deal is read, and credits that are stored when one is
//! won. Two statements, whatever the number of deals.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::enums::{Channel, DealStatus};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult};
use uuid::Uuid;

use super::database::classify;
use super::sql::{Dialect, Sql};
use super::{Reader, Tx, Warrant};
use crate::access::{Action, Kind};
use crate::error::Result;

/// A deal as attribution sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Journey {
    /// The deal.
    pub deal: Uuid,
    /// Open, won or lost.
    pub status: DealStatus,
    /// When the lead was made that the deal grew out of.
    pub lead_created_at: Option<DateTime<Utc>>,
    /// When the deal was made.
    pub deal_created_at: DateTime<Utc>,
    /// When it was won or lost.
    pub closed_at: Option<DateTime<Utc>>,
    /// What the customer is to pay, in minor units of `currency`.
    pub amount_minor: Option<i64>,
    /// ISO 4217 code of the amount.
    pub currency: String,
    /// The amount in minor units of the base currency, once it is won.
    pub base_amount_minor: Option<i64>,
    /// Every creditable touch of every person linked to it, in order; of any date.
    pub touches: Vec<JourneyTouch>,
}

/// A creditable touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JourneyTouch {
    /// The touch.
    pub id: Uuid,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// Where it happened.
    pub channel: Channel,
    /// The campaign that caused it.
    pub campaign: Option<Uuid>,
}

impl Reader {
    /// The journeys of those of these deals that the viewer may see. A journey is whole for everybody who sees the
    /// deal: shares would not add up over a part of it. Who may see a touch or campaign itself is asked where it is
    /// shown.
    ///
    /// # Errors
    /// Database errors.
    pub async fn journeys(&self, deals: &[Uuid]) -> Result<Vec<Journey>> {
        let visible = self.visible(self.graph().of(Kind::Deal), Action::Read, DEAL);
        let _place = self.place(0).await?;
        read(&self.session(), self.backend(), deals, visible).await.map_err(classify)
    }
}

impl Tx {
    /// The journeys of these live deals, for the effects of an action that was allowed.
    ///
    /// # Errors
    /// Database errors.
    pub async fn journeys(&self, _: &Warrant, deals: &[Uuid]) -> Result<Vec<Journey>> {
        let live = vec![Sql::text(format!("{DEAL}.deleted_at IS NULL"))];
        read(&self.session(), self.backend(), deals, live).await.map_err(classify)
    }
}

const DEAL: &str = "t0";

async fn read<C: ConnectionTrait>(
    session: &C,
    backend: DbBackend,
    deals: &[Uuid],
    mut conditions: Vec<Sql>,
) -> Result<Vec<Journey>, DbErr> {
    let dialect = Dialect::of(backend);
    conditions.insert(0, dialect.is_any(format!("{DEAL}.id").as_str(), deals));
    let mut sql = Sql::text(format!(
        "SELECT {DEAL}.id, {DEAL}.status, lead.created_at, {DEAL}.created_at, {DEAL}.closed_at, {DEAL}.amount_minor, \
         {DEAL}.currency, {DEAL}.base_amount_minor FROM deal {DEAL} \
         LEFT JOIN lead ON lead.id = {DEAL}.lead_id AND lead.deleted_at IS NULL WHERE "
    ));
    sql.append(Sql::all(conditions));
    let rows = session.query_all_raw(sql.statement(backend)).await?;
    let mut journeys = rows.iter().map(journey).collect::<Result<Vec<_>, _>>()?;
    let found: Vec<_> = journeys.iter().map(|journey| journey.deal).collect();
    if found.is_empty() {
        return Ok(journeys);
    }
    let mut touches: HashMap<Uuid, Vec<JourneyTouch>> = HashMap::new();
    for row in session.query_all_raw(touches_sql(dialect, &found).statement(backend)).await? {
        touches.entry(row.try_get_by_index(0)?).or_default().push(touch(&row)?);
    }
    for journey in &mut journeys {
        journey.touches = touches.remove(&journey.deal).unwrap_or_default();
    }
    Ok(journeys)
}

/// The touches of the contacts of each deal and of the contact of its lead. A person linked in both ways counts once. A
/// touch reported by somebody who may not record touches joins no journey that had ended by then.
fn touches_sql(dialect: Dialect, deals: &[Uuid]) -> Sql {
    let mut sql = Sql::text(
        "SELECT person.deal_id, touch.id, touch.occurred_at, touch.channel, touch.campaign_id FROM (\
         SELECT part.deal_id AS deal_id, part.contact_id AS contact_id FROM deal_contact part \
         WHERE part.deleted_at IS NULL AND ",
    );
    sql.append(dialect.is_any("part.deal_id", deals));
    sql.push(
        " UNION SELECT origin.id, lead.contact_id FROM deal origin \
         JOIN lead ON lead.id = origin.lead_id AND lead.deleted_at IS NULL WHERE ",
    );
    sql.append(dialect.is_any("origin.id", deals));
    sql.push(
        ") person JOIN deal journey ON journey.id = person.deal_id \
         JOIN touchpoint touch ON touch.contact_id = person.contact_id AND touch.creditable \
         AND (touch.counts_from IS NULL OR journey.closed_at IS NULL OR journey.closed_at > touch.counts_from) \
         ORDER BY touch.occurred_at, touch.id",
    );
    sql
}

fn journey(row: &QueryResult) -> Result<Journey, DbErr> {
    Ok(Journey {
        deal: row.try_get_by_index(0)?,
        status: row.try_get_by_index(1)?,
        lead_created_at: row.try_get_by_index(2)?,
        deal_created_at: row.try_get_by_index(3)?,
        closed_at: row.try_get_by_index(4)?,
        amount_minor: row.try_get_by_index(5)?,
        currency: row.try_get_by_index(6)?,
        base_amount_minor: row.try_get_by_index(7)?,
        touches: Vec::new(),
    })
}

fn touch(row: &QueryResult) -> Result<JourneyTouch, DbErr> {
    Ok(JourneyTouch {
        id: row.try_get_by_index(1)?,
        occurred_at: row.try_get_by_index(2)?,
        channel: row.try_get_by_index(3)?,
        campaign: row.try_get_by_index(4)?,
    })
}

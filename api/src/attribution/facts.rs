//! The facts behind attribution: deals with their milestones, the touches of their people, and what credits add up to.
//!
//! One definition for both uses: credits that are computed when a deal is read, and credits that are stored when one is
//! won. Two statements, whatever the number of deals.

use std::cmp::Reverse;
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::enums::{Channel, DealStatus};
use sea_orm::DbErr;
use uuid::Uuid;

use crate::access::Kind;
use crate::error::Result;
use crate::store::filter::Filter;
use crate::store::found::{Cells, Listed};
use crate::store::relation::{Given, Relation, Table};
use crate::store::sql::exact;
use crate::store::weight::Scale;
use crate::store::{Reader, Tx, Warrant};

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

/// A creditable touch in the journey of a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JourneyTouch {
    /// The deal.
    pub deal: Uuid,
    /// The touch.
    pub id: Uuid,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// Where it happened.
    pub channel: Channel,
    /// The campaign that caused it.
    pub campaign: Option<Uuid>,
}

/// Deals with the moments that attribution looks at.
pub const DEALS: Relation = Relation {
    sql: "SELECT deal.id AS deal, deal.status, lead.created_at AS lead_created_at, deal.created_at AS deal_created_at, \
          deal.closed_at, deal.amount_minor, deal.currency, deal.base_amount_minor \
          FROM {deal} LEFT JOIN {lead} ON lead.id = deal.lead_id WHERE {deal.id in deals}",
    tables: &[("deal", Table::Seen(Kind::Deal)), ("lead", Table::Whole(Kind::Lead))],
};

/// The touches of the contacts of each deal and of the contact of its lead. A person linked in both ways counts once. A
/// touch reported by somebody who may not record touches joins no journey that had ended by then.
pub const TOUCHES: Relation = Relation {
    sql: "SELECT person.deal, touch.id, touch.occurred_at, touch.channel, touch.campaign_id AS campaign FROM (\
          SELECT part.deal_id AS deal, part.contact_id AS contact FROM {part} WHERE {part.deal_id in deals} \
          UNION SELECT deal.id, lead.contact_id FROM {deal} JOIN {lead} ON lead.id = deal.lead_id \
          WHERE {deal.id in deals}) AS person JOIN {journey} ON journey.id = person.deal \
          JOIN {touch} ON touch.contact_id = person.contact AND touch.creditable \
          AND (touch.counts_from IS NULL OR journey.closed_at IS NULL OR journey.closed_at > touch.counts_from) \
          ORDER BY touch.occurred_at, touch.id",
    tables: &[
        ("part", Table::Whole(Kind::DealContact)),
        ("deal", Table::Whole(Kind::Deal)),
        ("lead", Table::Whole(Kind::Lead)),
        ("journey", Table::Whole(Kind::Deal)),
        ("touch", Table::Whole(Kind::Touchpoint)),
    ],
};

/// Credits by campaign and by channel, at one moment: so both add up to the same revenue, whatever is won meanwhile.
pub const CREDITS: Relation = Relation {
    sql: "SELECT 1 AS sort, credit.campaign_id AS campaign, CAST(NULL AS varchar) AS channel, \
          COUNT(DISTINCT credit.deal_id) AS deals, {sum credit.amount_minor} AS amount FROM {credit} GROUP BY credit.campaign_id \
          UNION ALL SELECT 2, CAST(NULL AS uuid), credit.channel, COUNT(DISTINCT credit.deal_id), {sum credit.amount_minor} \
          FROM {credit} GROUP BY credit.channel ORDER BY 1, 2 NULLS LAST, 3 NULLS LAST",
    tables: &[("credit", Table::Counted(Kind::AttributionCredit))],
};

impl Listed for Journey {
    fn of(cells: &mut Cells<'_>) -> Result<Self, DbErr> {
        Ok(Self {
            deal: cells.take()?,
            status: cells.choice()?,
            lead_created_at: cells.take()?,
            deal_created_at: cells.take()?,
            closed_at: cells.take()?,
            amount_minor: cells.take()?,
            currency: cells.take()?,
            base_amount_minor: cells.take()?,
            touches: Vec::new(),
        })
    }
}

impl Listed for JourneyTouch {
    fn of(cells: &mut Cells<'_>) -> Result<Self, DbErr> {
        Ok(Self {
            deal: cells.take()?,
            id: cells.take()?,
            occurred_at: cells.take()?,
            channel: cells.choice()?,
            campaign: cells.take()?,
        })
    }
}

/// The journeys of those of these deals that the viewer may see. A journey is whole for everybody who sees the deal: shares
/// would not add up over a part of it. Who may see a touch or campaign itself is asked where it is shown.
///
/// # Errors
/// Database errors.
pub async fn seen(reader: &Reader, deals: &[Uuid]) -> Result<Vec<Journey>> {
    let journeys: Vec<Journey> =
        reader.rows_of(&DEALS, Given { ids: &[("deals", deals)], ..Given::default() }, 0).await?;
    let found: Vec<_> = journeys.iter().map(|journey| journey.deal).collect();
    let touches = match found.as_slice() {
        [] => Vec::new(),
        found => reader.rows_of(&TOUCHES, Given { ids: &[("deals", found)], ..Given::default() }, 0).await?,
    };
    Ok(with_touches(journeys, touches))
}

/// The journeys of these live deals, for the effects of an action that was allowed.
///
/// # Errors
/// Database errors.
pub async fn whole(tx: &Tx, warrant: &Warrant, deals: &[Uuid]) -> Result<Vec<Journey>> {
    let given = Given { ids: &[("deals", deals)], ..Given::default() };
    let journeys = tx.rows_of(warrant, &DEALS, given).await?;
    Ok(with_touches(journeys, tx.rows_of(warrant, &TOUCHES, given).await?))
}

fn with_touches(mut journeys: Vec<Journey>, touches: Vec<JourneyTouch>) -> Vec<Journey> {
    let mut by_deal: HashMap<Uuid, Vec<JourneyTouch>> = HashMap::new();
    for touch in touches {
        by_deal.entry(touch.deal).or_default().push(touch);
    }
    for journey in &mut journeys {
        journey.touches = by_deal.remove(&journey.deal).unwrap_or_default();
    }
    journeys
}

/// What the credits of one campaign or one channel add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credited {
    /// The campaign or channel.
    pub of: CreditOf,
    /// How many deals have a part in it.
    pub deals: i64,
    /// The sum in minor units of the base currency.
    pub amount_minor: i128,
}

/// What credits are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditOf {
    /// A campaign; none: no touch, or a touch without a campaign.
    Campaign(Option<Uuid>),
    /// A channel; none: no touch.
    Channel(Option<Channel>),
}

struct CreditRow {
    sort: i32,
    campaign: Option<Uuid>,
    channel: Option<Channel>,
    deals: i64,
    amount: Option<String>,
}

impl Listed for CreditRow {
    fn of(cells: &mut Cells<'_>) -> Result<Self, DbErr> {
        Ok(Self {
            sort: cells.take()?,
            campaign: cells.take()?,
            channel: cells.choice_or_none()?,
            deals: cells.take()?,
            amount: cells.take()?,
        })
    }
}

/// The credits that the viewer may count, grouped in both ways. Largest first.
///
/// # Errors
/// FORBIDDEN; FORBIDDEN_FIELD in the filter; database errors.
pub async fn credited(reader: &Reader, filter: &Filter) -> Result<Vec<Credited>> {
    let weight =
        Scale::new(reader.graph(), reader.sizes()).list(reader.graph().of(Kind::AttributionCredit), None, None);
    let given = Given { filters: &[("credit", filter)], ..Given::default() };
    let rows: Vec<CreditRow> = reader.rows_of(&CREDITS, given, weight.whole).await?;
    let group = |row: CreditRow| Credited {
        of: if row.sort == 1 { CreditOf::Campaign(row.campaign) } else { CreditOf::Channel(row.channel) },
        deals: row.deals,
        amount_minor: exact(row.amount.as_deref()),
    };
    let mut groups: Vec<_> = rows.into_iter().map(group).collect();
    groups.sort_by_key(|group| (matches!(group.of, CreditOf::Channel(_)), Reverse(group.amount_minor)));
    Ok(groups)
}

//! Sums of stored credits by campaign and by channel, at one moment.

use std::cmp::Reverse;

use uuid::Uuid;

use entity::enums::Channel;

use super::Reader;
use super::database::classify;
use super::filter::Filter;
use super::select::BASE;
use super::sql::{Sql, exact};
use super::weight::Scale;
use crate::access::{Action, Kind};
use crate::error::{Error, Result};

/// What the credits of one campaign or one channel add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditGroup {
    /// The campaign or channel; none for credits without one.
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

impl Reader {
    /// The credits that the viewer may see, grouped in both ways by one statement: so both add up to the same
    /// revenue, whatever is won meanwhile. Largest first.
    ///
    /// # Errors
    /// FORBIDDEN; FORBIDDEN_FIELD in the filter; database errors.
    pub async fn credit_groups(&self, filter: &Filter) -> Result<Vec<CreditGroup>> {
        let of = self.graph().of(Kind::AttributionCredit);
        if !self.may_count(of) {
            return Err(Error::forbidden(format!("{}.read", of.name)));
        }
        let mut sql = self.groups_sql("1, t0.campaign_id, CAST(NULL AS varchar)", "campaign_id", filter)?;
        sql.push(" UNION ALL ").append(self.groups_sql("2, CAST(NULL AS uuid), t0.channel", "channel", filter)?);
        sql.push(" ORDER BY 1, 2 NULLS LAST, 3 NULLS LAST");
        let weight = Scale::new(self.graph(), self.sizes()).list(of, None, None).whole;
        let rows = self.read(sql.statement(self.backend()), weight).await?;
        let group = |row: &sea_orm::QueryResult| {
            let by_campaign = row.try_get_by_index::<i32>(0)? == 1;
            let of = if by_campaign {
                CreditOf::Campaign(row.try_get_by_index(1)?)
            } else {
                CreditOf::Channel(row.try_get_by_index(2)?)
            };
            let amount: Option<String> = row.try_get_by_index(4)?;
            Ok(CreditGroup { of, deals: row.try_get_by_index(3)?, amount_minor: exact(amount.as_deref()) })
        };
        let mut groups: Vec<_> = rows.iter().map(group).collect::<Result<_, _>>().map_err(classify)?;
        groups.sort_by_key(|group| (matches!(group.of, CreditOf::Channel(_)), Reverse(group.amount_minor)));
        Ok(groups)
    }

    fn groups_sql(&self, keys: &str, by: &str, filter: &Filter) -> Result<Sql> {
        let of = self.graph().of(Kind::AttributionCredit);
        let mut conditions = self.visible(of, Action::Count, BASE);
        conditions.push(self.condition(of, filter, Action::Count, BASE)?);
        let mut sql = Sql::text(format!("SELECT {keys}, COUNT(DISTINCT {BASE}.deal_id), "));
        let dialect = self.dialect();
        sql.append(dialect.exact_sum(&dialect.parts(Sql::text(format!("{BASE}.amount_minor")))));
        sql.push(&format!(" FROM {} {BASE} WHERE ", of.table)).append(Sql::all(conditions));
        sql.push(&format!(" GROUP BY {BASE}.{by}"));
        Ok(sql)
    }
}

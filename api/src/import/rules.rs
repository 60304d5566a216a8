//! What the past of a lead was, decided without a database.

use chrono::{DateTime, Utc};
use entity::lead::{LeadStatus, Model};

use crate::access::Action;
use crate::lead::rules::LIFE;

/// May an import take a lead that stands at `from` on to `to`? Only forwards: who has come further than a file says
/// stays there.
pub fn goes_on(from: LeadStatus, to: LeadStatus) -> bool {
    from.is_open() && (to as u8) > (from as u8)
}

/// May an import take a lead back? Only to where sales gives an accepted one back.
pub fn goes_back(from: LeadStatus, to: LeadStatus) -> bool {
    LIFE.leads(Action::Recycle, from, to)
}

/// How far the moments of a lead show that it has come.
pub fn furthest(lead: &Model) -> LeadStatus {
    match lead {
        Model { sql_at: Some(_), .. } => LeadStatus::Sql,
        Model { sal_at: Some(_), .. } => LeadStatus::Sal,
        Model { mql_at: Some(_), .. } => LeadStatus::Mql,
        _ => LeadStatus::New,
    }
}

/// The states a new lead has gone through, with the moments that are known, in order; the last is where it stands.
/// No moment lies before the one before it.
pub fn past(lead: &Model) -> Vec<(LeadStatus, DateTime<Utc>)> {
    let stages = [(LeadStatus::Mql, lead.mql_at), (LeadStatus::Sal, lead.sal_at), (LeadStatus::Sql, lead.sql_at)];
    let known: Vec<_> = stages.into_iter().filter_map(|(status, at)| Some((status, at?))).collect();
    let first = known.iter().map(|(_, at)| *at).chain([lead.created_at]).min().unwrap_or(lead.created_at);
    let mut past = vec![(LeadStatus::New, first)];
    past.extend(known.into_iter().filter(|(status, _)| *status != lead.status));
    if lead.status != LeadStatus::New {
        let entered = match lead.status {
            LeadStatus::Mql => lead.mql_at,
            LeadStatus::Sal => lead.sal_at,
            LeadStatus::Sql => lead.sql_at,
            LeadStatus::Converted => lead.converted_at,
            LeadStatus::Disqualified => lead.closed_at,
            LeadStatus::New | LeadStatus::Nurturing => None,
        };
        past.push((lead.status, entered.unwrap_or(lead.created_at)));
    }
    let mut last = first;
    for (_, at) in &mut past {
        *at = last.max(*at);
        last = *at;
    }
    past
}

/// The earliest of the moments that are known; now if none is.
pub fn earliest(moments: impl IntoIterator<Item = Option<DateTime<Utc>>>, now: DateTime<Utc>) -> DateTime<Utc> {
    moments.into_iter().flatten().min().unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> DateTime<Utc> {
        format!("2026-01-{day:02}T00:00:00Z").parse().expect("a moment")
    }

    #[test]
    fn leads_go_forwards_and_ended_ones_stay() {
        assert!(goes_on(LeadStatus::New, LeadStatus::Sql));
        assert!(goes_on(LeadStatus::Sal, LeadStatus::Disqualified));
        assert!(!goes_on(LeadStatus::Sql, LeadStatus::Mql));
        assert!(!goes_on(LeadStatus::Mql, LeadStatus::Mql));
        assert!(!goes_on(LeadStatus::Converted, LeadStatus::Disqualified));
    }

    #[test]
    fn sales_gives_leads_back() {
        assert!(goes_back(LeadStatus::Sql, LeadStatus::Nurturing));
        assert!(!goes_back(LeadStatus::Sql, LeadStatus::New));
        assert!(!goes_back(LeadStatus::Disqualified, LeadStatus::Nurturing));
    }

    #[test]
    fn the_past_is_in_order_and_ends_where_the_lead_stands() {
        let lead = Model { created_at: day(3), status: LeadStatus::Sql, ..Model::default() };
        assert_eq!(past(&lead), [(LeadStatus::New, day(3)), (LeadStatus::Sql, day(3))]);
        let lead = Model { mql_at: Some(day(2)), sql_at: Some(day(9)), ..lead };
        let all = [(LeadStatus::New, day(2)), (LeadStatus::Mql, day(2)), (LeadStatus::Sql, day(9))];
        assert_eq!(past(&lead), all);
        let back = Model { status: LeadStatus::Nurturing, sql_at: None, ..lead };
        let states: Vec<_> = past(&back).into_iter().map(|(status, _)| status).collect();
        assert_eq!(states, [LeadStatus::New, LeadStatus::Mql, LeadStatus::Nurturing]);
        assert_eq!(past(&Model { created_at: day(1), ..Model::default() }), [(LeadStatus::New, day(1))]);
    }
}

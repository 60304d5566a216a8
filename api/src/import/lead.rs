//! What a row of a file makes of a lead.

use chrono::{DateTime, Utc};
use entity::campaign_member::{self, MemberStatus};
use entity::enums::HandoffReason;
use entity::lead::{self, LeadStatus};
use entity::transition;
use sea_orm::ActiveEnum;
use uuid::Uuid;

use super::apply::{Made, changed_at, fill, identify, is_old, problems, start};
use super::cell::{Problem, whole};
use super::desk::Desk;
use super::draft::Draft;
use super::file::Row;
use super::rules;
use super::table::{id_key, membership};
use crate::campaign_member::rules as members;
use crate::lead::rules as life;

/// What is no simple value of a lead.
const APART: [&str; 8] =
    ["status", "mql_at", "sal_at", "sql_at", "converted_at", "closed_at", "disqualify_reason", "updated_at"];

/// The moments of a lead that are told once.
#[derive(Default)]
struct Moments {
    mql: Option<DateTime<Utc>>,
    sal: Option<DateTime<Utc>>,
    sql: Option<DateTime<Utc>>,
    closed: Option<DateTime<Utc>>,
}

impl Moments {
    fn of(draft: &Draft<'_>) -> Self {
        Self {
            mql: draft.moment("mql_at"),
            sal: draft.moment("sal_at"),
            sql: draft.moment("sql_at"),
            closed: draft.moment("closed_at"),
        }
    }

    /// When the lead entered a state, as the file has it.
    fn entered(&self, status: LeadStatus) -> Option<DateTime<Utc>> {
        match status {
            LeadStatus::Mql => self.mql,
            LeadStatus::Sal => self.sal,
            LeadStatus::Sql => self.sql,
            _ => None,
        }
    }

    fn fill(&self, lead: &mut lead::Model) {
        lead.mql_at = lead.mql_at.or(self.mql);
        lead.sal_at = lead.sal_at.or(self.sal);
        lead.sql_at = lead.sql_at.or(self.sql);
    }
}

/// Applies the lead of a row.
///
/// # Errors
/// What is wrong with it.
pub fn apply(desk: &mut Desk<'_>, row: &Row, draft: &Draft<'_>, made: &mut Made) -> Result<Uuid, Vec<Problem>> {
    let moments = Moments::of(draft);
    made.converted_at = draft.moment("converted_at");
    let Ok(status) = LeadStatus::try_from_value(&draft.text("status").unwrap_or_default().to_owned()) else {
        return Err(vec![draft.problem(row, "status", "say where the lead stands")]);
    };
    if status.is_open() && moments.closed.is_some() {
        let reason = format!("the lead is {}, so it has no closing date", status.as_str());
        return Err(vec![draft.problem(row, "closedAt", reason)]);
    }
    let known = identify(&desk.leads, desk.source, draft, row)?;
    if let Some(id) = known.filter(|id| is_old(desk, draft, *id)) {
        desk.note("the lead has come further since the time that the file says: it stays as it is");
        made.lead = Some(id);
        return Ok(id);
    }
    let before = known.and_then(|id| desk.leads.get(id)).cloned();
    let mut lead: lead::Model = start(desk, &desk.leads, known);
    fill(desk, row, draft, &mut lead, known.is_some(), &APART)?;
    complete(desk, row, draft, made, before.as_ref(), &mut lead)?;
    life::check_fields(&lead).map_err(|error| problems(draft, row, error))?;
    match &before {
        None => begin(desk, row, draft, &moments, status, &mut lead)?,
        Some(before) if before.status.is_open() => go_on(desk, row, draft, &moments, status, &mut lead)?,
        Some(before) => {
            life::check_update(before, &lead, true).map_err(|error| problems(draft, row, error))?;
            if before.status == LeadStatus::Disqualified && status != before.status {
                desk.note("the lead was disqualified and the file says something else: it stays as it is");
            }
        }
    }
    made.must_convert = status == LeadStatus::Converted && lead.status != LeadStatus::Converted;
    made.lead = Some(lead.id);
    if before.is_none() {
        respond(desk, &lead);
        for step in past(&lead) {
            desk.step(step);
        }
    }
    let id = lead.id;
    desk.leads.put(lead);
    Ok(id)
}

/// Fills in what the other objects of the row say.
fn complete(
    desk: &Desk<'_>,
    row: &Row,
    draft: &Draft<'_>,
    made: &Made,
    before: Option<&lead::Model>,
    lead: &mut lead::Model,
) -> Result<(), Vec<Problem>> {
    if !draft.refers("contact_id")
        && let Some(contact) = made.contact
    {
        lead.contact_id = contact;
    }
    let Some(contact) = desk.contacts.get(lead.contact_id) else {
        return Err(vec![draft.problem(row, "contact", "say whose lead it is")]);
    };
    if before.is_some_and(|before| before.contact_id != lead.contact_id) {
        return Err(vec![draft.problem(row, "contact", "the lead is somebody else's: a lead stays with its person")]);
    }
    if draft.text("source").is_none() && before.is_none() {
        return Err(vec![draft.problem(row, "source", "say where the lead came from")]);
    }
    let company = if draft.refers("company_id") { lead.company_id } else { made.company };
    lead.company_id = company.or(lead.company_id).or(contact.company_id.filter(|_| before.is_none()));
    if before.is_none() {
        lead.source_campaign_id = lead.source_campaign_id.or(made.campaign);
    }
    Ok(())
}

/// A new lead, as far as it has come.
fn begin(
    desk: &Desk<'_>,
    row: &Row,
    draft: &Draft<'_>,
    moments: &Moments,
    status: LeadStatus,
    lead: &mut lead::Model,
) -> Result<(), Vec<Problem>> {
    if draft.value("created_at").is_none() {
        let Moments { mql, sal, sql, closed } = moments;
        lead.created_at = rules::earliest([*mql, *sal, *sql, *closed], desk.now);
    }
    moments.fill(lead);
    // The deal of the row converts it.
    lead.status = if status == LeadStatus::Converted { rules::furthest(lead) } else { status };
    if lead.status.is_open() {
        life::stamp(lead, lead.created_at);
        return only_open(desk, lead);
    }
    end(row, draft, lead, moments.closed.unwrap_or(lead.created_at))
}

/// A lead that was open goes on.
fn go_on(
    desk: &mut Desk<'_>,
    row: &Row,
    draft: &Draft<'_>,
    moments: &Moments,
    status: LeadStatus,
    lead: &mut lead::Model,
) -> Result<(), Vec<Problem>> {
    let from = lead.status;
    moments.fill(lead);
    if status == LeadStatus::Converted || status == from {
        return Ok(());
    }
    let told = changed_at(desk, row, draft)?;
    let goes_back = rules::goes_back(from, status) && draft.moment("updated_at").is_some();
    if !(goes_back || rules::goes_on(from, status)) {
        desk.note("the lead has come further than the file says: its status stays as it is");
        return Ok(());
    }
    lead.status = status;
    let at = if status.is_open() {
        life::stamp(lead, told);
        if goes_back {
            lead.recycled_count += 1;
        }
        moments.entered(status).unwrap_or(told)
    } else {
        let at = moments.closed.unwrap_or(told);
        end(row, draft, lead, at)?;
        at
    };
    desk.step(step(lead, Some(from), status, at));
    Ok(())
}

fn end(row: &Row, draft: &Draft<'_>, lead: &mut lead::Model, at: DateTime<Utc>) -> Result<(), Vec<Problem>> {
    let reason = draft.text("disqualify_reason").and_then(|text| HandoffReason::try_from_value(&text.to_owned()).ok());
    if reason.is_none() {
        return Err(vec![draft.problem(row, "disqualifyReason", "say why the lead was disqualified")]);
    }
    lead.disqualify_reason = reason;
    lead.closed_at = Some(at);
    Ok(())
}

/// A person has one open lead at a time.
fn only_open(desk: &Desk<'_>, lead: &lead::Model) -> Result<(), Vec<Problem>> {
    let contact = id_key("contact", lead.contact_id);
    if desk.leads.all(&contact).any(|other| other.id != lead.id && other.status.is_open()) {
        return Err(vec![whole("the person has another open lead already: only one is open at a time")]);
    }
    Ok(())
}

/// Whoever became a lead by a campaign has answered it.
fn respond(desk: &mut Desk<'_>, lead: &lead::Model) {
    let Some(campaign) = lead.source_campaign_id else { return };
    let row = match desk.members.find(&membership(campaign, lead.contact_id)) {
        Some(member) => {
            let mut member = member.clone();
            members::respond(&mut member, lead.created_at);
            member
        }
        None => desk.begin(campaign_member::Model {
            campaign_id: campaign,
            contact_id: lead.contact_id,
            status: MemberStatus::Responded,
            first_responded_at: Some(lead.created_at),
            source: lead.source,
            ..campaign_member::Model::default()
        }),
    };
    desk.members.put(row);
}

fn past(lead: &lead::Model) -> Vec<transition::Model> {
    let past = rules::past(lead);
    let before = std::iter::once(None).chain(past.iter().map(|(status, _)| Some(*status)));
    before.zip(&past).map(|(from, (to, at))| step(lead, from, *to, *at)).collect()
}

/// A change of state of a lead.
pub fn step(lead: &lead::Model, from: Option<LeadStatus>, to: LeadStatus, at: DateTime<Utc>) -> transition::Model {
    transition::Model {
        lead_id: Some(lead.id),
        from_state: from.map(|from| from.as_str().to_owned()),
        to_state: to.as_str().to_owned(),
        at,
        ..transition::Model::default()
    }
}

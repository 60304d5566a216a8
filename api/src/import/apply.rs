//! What a row of a file makes of the rows on the desk.

use chrono::{DateTime, Utc};
use entity::{campaign, company, contact, touchpoint};
use sea_orm::{EntityTrait, IdenStatic, Iterable, Value};
use uuid::Uuid;

use super::cell::{Problem, known_by, whole};
use super::desk::Desk;
use super::draft::{Draft, Drafted};
use super::file::Row;
use super::table::{Change, Keyed, Table, external, key};
use super::target::CHANGED;
use crate::access::Kind;
use crate::checks::Checks;
use crate::clock::happened;
use crate::company::rules::domain_of;
use crate::error::Error;
use crate::history::Record;

/// What became of an object of a row.
#[derive(Clone, Copy, Debug)]
pub struct Applied {
    /// The object in the mapping.
    pub object: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Which row it is.
    pub id: Uuid,
    /// What became of that.
    pub change: Change,
}

/// What a row has made so far; later objects refer to it.
#[derive(Debug, Default)]
pub struct Made {
    /// The company.
    pub company: Option<Uuid>,
    /// The campaign.
    pub campaign: Option<Uuid>,
    /// The contact.
    pub contact: Option<Uuid>,
    /// The lead.
    pub lead: Option<Uuid>,
    /// When the file says that the lead became a deal.
    pub converted_at: Option<DateTime<Utc>>,
    /// The file says that the lead became a deal.
    pub must_convert: bool,
    /// The lead that the deal of the row has converted.
    pub converted: Option<Uuid>,
}

/// Applies a row, with all its objects or not at all.
///
/// # Errors
/// What is wrong with it; then the desk is as it was.
pub fn apply(desk: &mut Desk<'_>, drafted: &Drafted<'_>) -> Result<Vec<Applied>, Vec<Problem>> {
    let outcome = objects(desk, drafted);
    if outcome.is_ok() {
        desk.settle()
    } else {
        desk.undo()
    }
    outcome
}

fn objects(desk: &mut Desk<'_>, drafted: &Drafted<'_>) -> Result<Vec<Applied>, Vec<Problem>> {
    let Drafted { row, drafts, .. } = drafted;
    let mut made = Made::default();
    let mut ids = Vec::with_capacity(drafts.len() + 1);
    for draft in drafts {
        let id = match draft.map.object.kind {
            Kind::Company => company(desk, row, draft, &mut made)?,
            Kind::Campaign => campaign(desk, row, draft, &mut made)?,
            Kind::Contact => contact(desk, row, draft, &mut made)?,
            Kind::Lead => super::lead::apply(desk, row, draft, &mut made)?,
            Kind::Touchpoint => touchpoint(desk, row, draft, &made)?,
            Kind::Deal => super::deal::apply(desk, row, draft, &mut made)?,
            _ => continue,
        };
        ids.push((draft.map.object.name, draft.map.object.kind, id));
    }
    if made.must_convert {
        return Err(vec![whole("a converted lead needs the deal it became: say in the same row which")]);
    }
    // The lead that became the deal, if the row says nothing else of it.
    let converted = made.converted.filter(|lead| ids.iter().all(|(.., id)| id != lead));
    ids.extend(converted.map(|lead| ("lead", Kind::Lead, lead)));
    Ok(ids.into_iter().map(|(object, kind, id)| Applied { object, kind, id, change: change(desk, kind, id) }).collect())
}

fn change(desk: &Desk<'_>, kind: Kind, id: Uuid) -> Change {
    match kind {
        Kind::Company => desk.companies.change(id),
        Kind::Campaign => desk.campaigns.change(id),
        Kind::Contact => desk.contacts.change(id),
        Kind::Lead => desk.leads.change(id),
        Kind::Touchpoint => desk.touchpoints.change(id),
        Kind::Deal => desk.deals.change(id),
        _ => Change::None,
    }
}

fn company(desk: &mut Desk<'_>, row: &Row, draft: &Draft<'_>, made: &mut Made) -> Result<Uuid, Vec<Problem>> {
    let known = identify(&desk.companies, desk.source, draft, row)?;
    let mut company: company::Model = start(desk, &desk.companies, known);
    fill(desk, row, draft, &mut company, known.is_some(), &[])?;
    let mut checks = Checks::new();
    crate::company::rules::check(&mut company, &mut checks);
    checks.done().map_err(|error| problems(draft, row, error))?;
    let id = company.id;
    made.company = Some(id);
    desk.companies.put(company);
    Ok(id)
}

fn campaign(desk: &mut Desk<'_>, row: &Row, draft: &Draft<'_>, made: &mut Made) -> Result<Uuid, Vec<Problem>> {
    let known = identify(&desk.campaigns, desk.source, draft, row)?;
    let before = known.and_then(|id| desk.campaigns.get(id)).cloned();
    let mut campaign: campaign::Model = start(desk, &desk.campaigns, known);
    fill(desk, row, draft, &mut campaign, known.is_some(), &[])?;
    if let Some(before) = &before {
        // Where it stands is changed by those who run it.
        if campaign.status != before.status {
            desk.note("the campaign stands elsewhere than the file says: those who run it change that");
        }
        campaign.status = before.status;
    }
    crate::campaign::check_fields(&mut campaign, before.as_ref()).map_err(|error| problems(draft, row, error))?;
    let parent = campaign.parent_id.and_then(|parent| desk.campaigns.get(parent));
    let inside = parent.is_none_or(|parent| crate::campaign::rules::lies_inside(parent, &campaign));
    let is_part = |other: &campaign::Model| other.parent_id == Some(campaign.id);
    let sticks_out = |other: &campaign::Model| is_part(other) && !crate::campaign::rules::lies_inside(&campaign, other);
    if !inside || desk.campaigns.rows().any(sticks_out) {
        return Err(vec![draft.problem(
            row,
            "startsOn",
            "the days must lie inside those of the campaign it is part of",
        )]);
    }
    let id = campaign.id;
    made.campaign = Some(id);
    desk.campaigns.put(campaign);
    Ok(id)
}

fn contact(desk: &mut Desk<'_>, row: &Row, draft: &Draft<'_>, made: &mut Made) -> Result<Uuid, Vec<Problem>> {
    let known = identify(&desk.contacts, desk.source, draft, row)?;
    let mut contact: contact::Model = start(desk, &desk.contacts, known);
    if contact.merged_into_id.is_some() {
        return Err(vec![whole("the contact was merged into another one: mend the id")]);
    }
    if contact.erased_at.is_some() {
        return Err(vec![whole("the person's data were erased on request, and stay erased")]);
    }
    let old_email = contact.email.clone();
    fill(desk, row, draft, &mut contact, known.is_some(), &[])?;
    if !draft.refers("company_id") {
        contact.company_id = made.company.or(contact.company_id);
    }
    let company = contact.company_id.and_then(|id| desk.companies.get(id));
    let mut checks = Checks::new();
    crate::contact::rules::check(&mut contact, company.and_then(|company| company.country.as_deref()), &mut checks);
    checks.done().map_err(|error| problems(draft, row, error))?;
    if let (None, Some(email)) = (contact.company_id, contact.email.as_ref().filter(|_| contact.email != old_email)) {
        let employer = domain_of(email).and_then(|domain| desk.companies.find(&key("domain", domain)));
        contact.company_id = employer.map(|company| company.id);
    }
    let id = contact.id;
    made.contact = Some(id);
    desk.contacts.put(contact);
    Ok(id)
}

fn touchpoint(desk: &mut Desk<'_>, row: &Row, draft: &Draft<'_>, made: &Made) -> Result<Uuid, Vec<Problem>> {
    let known = identify(&desk.touchpoints, desk.source, draft, row)?;
    let mut touch: touchpoint::Model = desk.begin(touchpoint::Model::default());
    fill(desk, row, draft, &mut touch, false, &[])?;
    touch.creditable = touch.kind.is_creditable();
    touch.contact_id = touch.contact_id.or(made.contact);
    let tagged = touch.utm_campaign.as_deref().map(|code| key("code", &known_by("code", code)));
    let tagged = tagged.and_then(|code| desk.campaigns.find(&code)).map(|campaign| campaign.id);
    touch.campaign_id = touch.campaign_id.or(made.campaign).or(tagged);
    let mut wrong = Vec::new();
    match happened(touch.occurred_at, desk.now) {
        _ if draft.value("occurred_at").is_none() => wrong.push(draft.problem(row, "occurredAt", "say when it was")),
        Some(at) => touch.occurred_at = at,
        None => wrong.push(draft.problem(row, "occurredAt", "a touch cannot lie in the future")),
    }
    for field in ["kind", "channel"] {
        if draft.value(field).is_none() {
            wrong.push(draft.problem(row, field, format!("say which {field} it was")));
        }
    }
    if touch.contact_id.is_none() && touch.visitor_key.is_none() {
        wrong.push(whole("say whose touch it is: by a contact or by a visitor key"));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let Some(known) = known.and_then(|id| desk.touchpoints.get(id)) else {
        let id = touch.id;
        desk.touchpoints.put(touch);
        return Ok(id);
    };
    let same = touchpoint::Model {
        id: known.id,
        created_at: known.created_at,
        created_by: known.created_by,
        contact_id: known.contact_id.and(touch.contact_id),
        campaign_id: known.campaign_id,
        counts_from: known.counts_from,
        ..touch.clone()
    };
    if same != *known {
        return Err(vec![whole("the touch was recorded before and said something else: facts do not change")]);
    }
    // The one change a touch allows: whose it was turns out later.
    let adopted = touchpoint::Model { contact_id: known.contact_id.or(touch.contact_id), ..known.clone() };
    let id = adopted.id;
    desk.touchpoints.put(adopted);
    Ok(id)
}

/// The row that an object is, by its id in the other system or by what else such a row is known by.
///
/// # Errors
/// The two lead to different rows.
pub fn identify<M: Keyed>(
    table: &Table<M>,
    source: &str,
    draft: &Draft<'_>,
    row: &Row,
) -> Result<Option<Uuid>, Vec<Problem>> {
    let by_id = draft.external_id.as_deref().and_then(|id| table.find(&external(source, id))).map(Record::id);
    for by in draft.map.object.known_by {
        let Some(text) = draft.text(by) else { continue };
        let Some(other) = table.find(&key(by, &known_by(by, text))) else { continue };
        let ids_of_source = external(source, "");
        let has_other_id = draft.external_id.as_deref().is_some_and(|id| {
            other.keys().iter().any(|key| key.starts_with(&ids_of_source) && *key != external(source, id))
        });
        if by_id.is_some_and(|id| id != other.id()) || has_other_id {
            let name = draft.map.object.name;
            return Err(vec![draft.problem(row, by, format!("another {name} has this {by} already"))]);
        }
        if by_id.is_none() {
            return Ok(Some(other.id()));
        }
    }
    Ok(by_id)
}

/// The known row, or a new one.
pub fn start<M: Keyed + Default>(desk: &Desk<'_>, table: &Table<M>, known: Option<Uuid>) -> M {
    known.and_then(|id| table.get(id)).cloned().unwrap_or_else(|| desk.begin(M::default()))
}

/// Fills in what the draft says, but for the columns that are decided `apart`. What is empty in the file stays as it is
/// known.
///
/// # Errors
/// References that lead nowhere.
pub fn fill<M: Keyed>(
    desk: &Desk<'_>,
    row: &Row,
    draft: &Draft<'_>,
    into: &mut M,
    known: bool,
    apart: &[&str],
) -> Result<(), Vec<Problem>> {
    if let Some(id) = &draft.external_id
        && is_empty(into, "external_id")
    {
        set(into, "source_system", Value::String(Some(desk.source.to_owned())));
        set(into, "external_id", Value::String(Some(id.clone())));
    }
    for (column, value) in &draft.values {
        // When a row was made is told once.
        let told = known && *column == "created_at";
        if !told && !apart.contains(column) {
            set(into, column, value.clone());
        }
        if let ("created_at", Value::ChronoDateTimeUtc(Some(at))) = (*column, value)
            && happened(*at, desk.now).is_none()
        {
            return Err(vec![draft.problem(row, "createdAt", "it cannot have been made in the future")]);
        }
    }
    let mut wrong = Vec::new();
    for reference in &draft.references {
        match desk.look_up(reference, row) {
            Ok(id) => set(into, reference.column, Value::Uuid(Some(id))),
            // Stages are looked up by the deal, in its pipeline.
            Err(_) if reference.to == Kind::Stage => {}
            Err(problem) => wrong.push(problem),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let owner = draft.references.iter().find(|reference| reference.column == "owner_id");
    if let Some(owner) = owner.filter(|_| !draft.refers("team_id"))
        && let Ok(id) = desk.look_up(owner, row)
    {
        let team = desk.users.iter().find(|user| user.id == id).and_then(|user| user.team_id);
        set(into, "team_id", Value::Uuid(team));
    }
    Ok(())
}

/// When the file says that a row was changed; now unless it does.
///
/// # Errors
/// That is still to come.
pub fn changed_at(desk: &Desk<'_>, row: &Row, draft: &Draft<'_>) -> Result<DateTime<Utc>, Vec<Problem>> {
    let Some(told) = draft.moment("updated_at") else { return Ok(desk.now) };
    happened(told, desk.now)
        .ok_or_else(|| vec![draft.problem(row, CHANGED, "it cannot have been changed in the future")])
}

/// Does the file say how a lead or a deal stood before it last changed here?
pub fn is_old(desk: &Desk<'_>, draft: &Draft<'_>, id: Uuid) -> bool {
    let last = desk.last_step(id);
    draft.moment("updated_at").is_some_and(|told| last.is_some_and(|last| told < last))
}

/// Sets a column if the table has it.
fn set<M: Record>(row: &mut M, name: &str, value: Value) {
    if let Some(column) = column::<M>(name) {
        // The mapping was checked against the declarations, which are made from the columns.
        let _ = row.try_set(column, value);
    }
}

fn is_empty<M: Record>(row: &M, name: &str) -> bool {
    column::<M>(name).is_some_and(|column| row.get(column) == Value::String(None))
}

fn column<M: Record>(name: &str) -> Option<<M::Entity as EntityTrait>::Column> {
    <M::Entity as EntityTrait>::Column::iter().find(|column| column.as_str() == name)
}

/// What a rule of the domain says, at the columns of the file.
pub fn problems(draft: &Draft<'_>, row: &Row, error: Error) -> Vec<Problem> {
    match error {
        Error::Invalid(mistakes) => {
            mistakes.into_iter().map(|mistake| draft.problem(row, &mistake.path.join("."), mistake.message)).collect()
        }
        other => vec![whole(other.to_string())],
    }
}

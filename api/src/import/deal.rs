//! What a row of a file makes of a deal, and of the lead it grew out of.

use chrono::{DateTime, Utc};
use entity::campaign_member::{self, MemberStatus};
use entity::deal;
use entity::enums::{DealStatus, LossReason};
use entity::lead::LeadStatus;
use entity::{deal_contact, lead, stage, transition};
use sea_orm::ActiveEnum;
use uuid::Uuid;

use super::apply::{Made, changed_at, fill, identify, is_old, problems, start};
use super::cell::{Problem, whole};
use super::desk::Desk;
use super::draft::Draft;
use super::file::Row;
use super::table::{id_key, membership};
use super::target::DEAL_CONTACT;
use crate::access::Kind;
use crate::campaign_member::rules::is_out;
use crate::deal::rules;
use crate::error::Error;
use crate::exchange_rate::commands::at_rate;
use crate::spelling::fold;

/// What is no simple value of a deal.
const APART: [&str; 5] = ["status", "closed_at", "loss_reason", "loss_comment", "updated_at"];

/// Applies the deal of a row.
///
/// # Errors
/// What is wrong with it.
pub fn apply(desk: &mut Desk<'_>, row: &Row, draft: &Draft<'_>, made: &mut Made) -> Result<Uuid, Vec<Problem>> {
    let known = identify(&desk.deals, desk.source, draft, row)?;
    if let Some(id) = known.filter(|id| is_old(desk, draft, *id)) {
        desk.note("the deal has moved since the time that the file says: it stays as it is");
        return Ok(id);
    }
    let before = known.and_then(|id| desk.deals.get(id)).cloned();
    let mut deal: deal::Model = start(desk, &desk.deals, known);
    fill(desk, row, draft, &mut deal, known.is_some(), &APART)?;
    let lead = origin(desk, row, draft, made, before.as_ref(), &mut deal)?;
    let base = desk.system.store().base_currency();
    deal.currency = rules::currency(&deal, before.as_ref(), currencies(draft), base)
        .map_err(|error| problems(draft, row, error))?;
    rules::check(&mut deal).map_err(|error| problems(draft, row, error))?;
    if let Some(before) = &before {
        let itemised = desk.itemised.contains(&deal.id);
        rules::enters_amount(&deal, before, itemised).map_err(|error| problems(draft, row, error))?;
    }
    match &before {
        None => begin(desk, row, draft, &mut deal)?,
        Some(before) => go_on(desk, row, draft, before, &mut deal)?,
    }
    let contact = partner(desk, row, draft, made, lead.as_ref())?;
    if let Some(contact) = contact {
        take_part(desk, deal.id, contact);
    }
    if let Some(lead) = lead {
        convert(desk, row, draft, made, &lead, &deal)?;
    }
    let id = deal.id;
    desk.deals.put(deal);
    Ok(id)
}

/// The currencies of the amounts in the row.
fn currencies<'d>(draft: &'d Draft<'_>) -> rules::Currencies<'d> {
    let of = |amount: &str| draft.value(amount).and(draft.text("currency"));
    rules::Currencies { amount: of("amount_minor"), cost: of("cost_minor") }
}

/// The lead that the deal grew out of, and what the deal has from it.
fn origin(
    desk: &Desk<'_>,
    row: &Row,
    draft: &Draft<'_>,
    made: &Made,
    before: Option<&deal::Model>,
    deal: &mut deal::Model,
) -> Result<Option<lead::Model>, Vec<Problem>> {
    if !draft.refers("lead_id") {
        deal.lead_id = made.lead.or(deal.lead_id);
    }
    if !draft.refers("company_id") {
        deal.company_id = made.company.or(deal.company_id);
    }
    if before.is_some_and(|before| before.lead_id.is_some() && before.lead_id != deal.lead_id) {
        return Err(vec![draft.problem(row, "lead", "the deal grew out of another lead")]);
    }
    let Some(lead) = deal.lead_id.and_then(|lead| desk.leads.get(lead)).cloned() else {
        deal.source_campaign_id = deal.source_campaign_id.or(made.campaign.filter(|_| before.is_none()));
        return Ok(None);
    };
    if desk.deals.all(&id_key("lead", lead.id)).any(|other| other.id != deal.id) {
        return Err(vec![draft.problem(row, "lead", "another deal grew out of this lead already")]);
    }
    if before.is_none() {
        let contact = desk.contacts.get(lead.contact_id);
        let company = lead.company_id.or(contact.and_then(|contact| contact.company_id));
        deal.company_id = deal.company_id.or(company);
        deal.source_campaign_id = deal.source_campaign_id.or(lead.source_campaign_id);
        if deal.owner_id.is_none() && deal.team_id.is_none() {
            (deal.owner_id, deal.team_id) = (lead.owner_id, lead.team_id);
        }
    }
    Ok(Some(lead))
}

/// Whom the deal is with: who is named, else the person of the lead, else that of the row.
fn partner(
    desk: &Desk<'_>,
    row: &Row,
    draft: &Draft<'_>,
    made: &Made,
    lead: Option<&lead::Model>,
) -> Result<Option<Uuid>, Vec<Problem>> {
    let named = draft.references.iter().find(|reference| reference.column == DEAL_CONTACT);
    let named = named.map(|named| desk.look_up(named, row)).transpose().map_err(|problem| vec![problem])?;
    Ok(named.or(lead.map(|lead| lead.contact_id)).or(made.contact))
}

/// What the file says of where a deal stands.
#[derive(Debug)]
struct Said {
    stage: Option<stage::Model>,
    status: Option<DealStatus>,
    closed_at: Option<DateTime<Utc>>,
}

impl Said {
    /// The stage decides the status; the file may say both if they agree. A lost deal may stand in the open stage that it was
    /// lost in.
    fn of(desk: &Desk<'_>, row: &Row, draft: &Draft<'_>, deal: &deal::Model) -> Result<Self, Vec<Problem>> {
        let stage = wanted_stage(desk, row, draft, deal)?;
        let told = draft.text("status").map(|text| DealStatus::try_from_value(&text.to_owned()));
        let told = told.transpose().map_err(|_| vec![draft.problem(row, "status", "say how the deal stands")])?;
        let status = match (told, &stage) {
            (Some(DealStatus::Lost), Some(stage)) if stage.category == DealStatus::Open => Some(DealStatus::Lost),
            (Some(told), Some(stage)) if told != stage.category => {
                let (name, category) = (&stage.name, stage.category.as_str());
                let reason = format!("the stage {name} is {category}: leave the status out, or mend one of the two");
                return Err(vec![draft.problem(row, "status", reason)]);
            }
            (told, stage) => told.or(stage.as_ref().map(|stage| stage.category)),
        };
        Ok(Self { stage, status, closed_at: draft.moment("closed_at") })
    }

    /// A deal that was not decided has no closing date.
    fn open(&self, row: &Row, draft: &Draft<'_>) -> Result<(), Vec<Problem>> {
        if self.closed_at.is_none() {
            return Ok(());
        }
        let why = match (&self.stage, self.status) {
            (Some(stage), _) => format!("the stage {} is open", stage.name),
            (None, Some(_)) => "the status says that the deal is open".to_owned(),
            (None, None) => "neither stage nor status says that the deal was won or lost".to_owned(),
        };
        let reason = format!("{why}, so it has no closing date; when it is expected to close is expectedCloseOn");
        Err(vec![draft.problem(row, "closedAt", reason)])
    }
}

/// A new deal, as far as it has come: it begins in an open stage, however it ended.
fn begin(desk: &mut Desk<'_>, row: &Row, draft: &Draft<'_>, deal: &mut deal::Model) -> Result<(), Vec<Problem>> {
    if deal.pipeline_id.is_nil() {
        let usual = desk.pipelines.iter().find(|pipeline| pipeline.is_default);
        let usual =
            usual.ok_or_else(|| vec![draft.problem(row, "pipeline", "there is no default pipeline: say which")])?;
        deal.pipeline_id = usual.id;
    }
    let said = Said::of(desk, row, draft, deal)?;
    if draft.value("created_at").is_none() {
        deal.created_at = said.closed_at.unwrap_or(desk.now);
    }
    let first = stage_of(desk, deal, DealStatus::Open, None)
        .ok_or_else(|| vec![draft.problem(row, "pipeline", "the pipeline has no open stage")])?;
    let open = said.stage.clone().filter(|stage| stage.category == DealStatus::Open).unwrap_or(first);
    (deal.stage_id, deal.status) = (open.id, DealStatus::Open);
    let created = step(desk, None, deal, &open, deal.created_at);
    desk.step(created);
    match said.status {
        None | Some(DealStatus::Open) => said.open(row, draft),
        Some(status) => close(desk, row, draft, &said, status, deal),
    }
}

/// A deal that is known goes where the file says that it went.
fn go_on(
    desk: &mut Desk<'_>,
    row: &Row,
    draft: &Draft<'_>,
    before: &deal::Model,
    deal: &mut deal::Model,
) -> Result<(), Vec<Problem>> {
    if deal.pipeline_id != before.pipeline_id {
        return Err(vec![draft.problem(
            row,
            "pipeline",
            "the deal is in another pipeline, and a deal stays in its own",
        )]);
    }
    // Stages are looked up in the pipeline, and the step is made below.
    deal.stage_id = before.stage_id;
    let told = changed_at(desk, row, draft)?;
    let said = Said::of(desk, row, draft, deal)?;
    match (before.status, said.status) {
        (DealStatus::Open, None | Some(DealStatus::Open)) => {
            said.open(row, draft)?;
            move_on(desk, said.stage.as_ref(), told, deal);
            Ok(())
        }
        (DealStatus::Open, Some(status)) => close(desk, row, draft, &said, status, deal),
        (_, Some(DealStatus::Open)) => reopen(desk, row, draft, &said, told, deal),
        (_, status) => stays(row, draft, &said, status, before, deal),
    }
}

/// Moves an open deal to another stage.
fn move_on(desk: &mut Desk<'_>, stage: Option<&stage::Model>, at: DateTime<Utc>, deal: &mut deal::Model) {
    let Some(stage) = stage.filter(|stage| stage.id != deal.stage_id) else { return };
    let from = deal.clone();
    deal.stage_id = stage.id;
    let moved = step(desk, Some(&from), deal, stage, at);
    desk.step(moved);
}

/// Opens a decided deal again, where the file says that it stands in an open stage.
fn reopen(
    desk: &mut Desk<'_>,
    row: &Row,
    draft: &Draft<'_>,
    said: &Said,
    at: DateTime<Utc>,
    deal: &mut deal::Model,
) -> Result<(), Vec<Problem>> {
    said.open(row, draft)?;
    let Some(stage) = &said.stage else {
        let reason = format!("the deal is {}: to open it again the file has to say its stage", deal.status.as_str());
        return Err(vec![draft.problem(row, "status", reason)]);
    };
    let from = deal.clone();
    (deal.stage_id, deal.status, deal.closed_at) = (stage.id, DealStatus::Open, None);
    (deal.base_amount_minor, deal.rate_date) = (None, None);
    (deal.loss_reason, deal.loss_comment) = (None, None);
    let opened = step(desk, Some(&from), deal, stage, at);
    desk.step(opened);
    Ok(())
}

/// Of a decided deal nothing changes that was decided.
fn stays(
    row: &Row,
    draft: &Draft<'_>,
    said: &Said,
    status: Option<DealStatus>,
    before: &deal::Model,
    deal: &mut deal::Model,
) -> Result<(), Vec<Problem>> {
    rules::amount_is_open(deal, before).map_err(|error| problems(draft, row, error))?;
    let other_stage = said.stage.as_ref().is_some_and(|stage| {
        stage.category != DealStatus::Open && stage.category == before.status && stage.id != before.stage_id
    });
    let (field, differs) = if status.is_some_and(|status| status != before.status) {
        (if draft.text("status").is_some() { "status" } else { "stage" }, true)
    } else if other_stage {
        ("stage", true)
    } else {
        ("closedAt", said.closed_at.is_some_and(|at| Some(at) != before.closed_at))
    };
    if !differs {
        // Why it was lost may become clearer later.
        return if before.status == DealStatus::Lost { explain(row, draft, deal) } else { Ok(()) };
    }
    let how = if before.status == DealStatus::Won { "won" } else { "lost" };
    let reason = format!("the deal is {how} already, and that stays as it was; reopen it first (reopenDeal)");
    Err(vec![draft.problem(row, field, reason)])
}

/// Decides an open deal as the file says.
fn close(
    desk: &mut Desk<'_>,
    row: &Row,
    draft: &Draft<'_>,
    said: &Said,
    status: DealStatus,
    deal: &mut deal::Model,
) -> Result<(), Vec<Problem>> {
    let closed_at =
        said.closed_at.ok_or_else(|| vec![draft.problem(row, "closedAt", "say when the deal was decided")])?;
    let closed_at = rules::closing(deal, Some(closed_at), desk.now).map_err(|error| problems(draft, row, error))?;
    let stage = stage_of(desk, deal, status, said.stage.as_ref().map(|stage| stage.id));
    let stage = stage.ok_or_else(|| {
        vec![draft.problem(row, "status", format!("the deal's pipeline has no {} stage for it", status.as_str()))]
    })?;
    if status == DealStatus::Won {
        let amount = rules::won_amount(deal).map_err(|error| problems(draft, row, error))?;
        let (base, day) =
            in_base(desk, amount, &deal.currency, closed_at).map_err(|error| problems(draft, row, error))?;
        (deal.base_amount_minor, deal.rate_date) = (Some(base), Some(day));
    } else {
        explain(row, draft, deal)?;
    }
    let from = deal.clone();
    (deal.stage_id, deal.status, deal.closed_at) = (stage.id, status, Some(closed_at));
    let last = desk.last_step(deal.id).unwrap_or(closed_at);
    let decided = step(desk, Some(&from), deal, &stage, closed_at.max(last));
    desk.step(decided);
    Ok(())
}

/// Why a deal was lost, as the file says, or as it is known.
fn explain(row: &Row, draft: &Draft<'_>, deal: &mut deal::Model) -> Result<(), Vec<Problem>> {
    let told = draft.text("loss_reason").and_then(|text| LossReason::try_from_value(&text.to_owned()).ok());
    let reason = told.or(deal.loss_reason);
    let reason = reason.ok_or_else(|| vec![draft.problem(row, "lossReason", "say why the deal was lost")])?;
    let comment = draft.text("loss_comment").map(str::to_owned).or_else(|| deal.loss_comment.clone());
    rules::explained(reason, comment.as_deref()).map_err(|error| problems(draft, row, error))?;
    (deal.loss_reason, deal.loss_comment) = (Some(reason), comment);
    Ok(())
}

/// The stage that the file names, in the deal's pipeline.
fn wanted_stage(
    desk: &Desk<'_>,
    row: &Row,
    draft: &Draft<'_>,
    deal: &deal::Model,
) -> Result<Option<stage::Model>, Vec<Problem>> {
    let Some(named) = draft.references.iter().find(|reference| reference.to == Kind::Stage) else { return Ok(None) };
    let stages = || desk.stages.iter().filter(|stage| stage.pipeline_id == deal.pipeline_id);
    let mut same = stages().filter(|stage| fold::same(&stage.name) == fold::same(&named.text));
    let exact = stages().find(|stage| stage.name == named.text);
    match (exact, same.next(), same.next()) {
        (Some(stage), ..) | (None, Some(stage), None) => Ok(Some(stage.clone())),
        (None, None, _) => Err(vec![draft.problem(row, "stage", "the deal's pipeline has no such stage")]),
        (None, Some(_), Some(_)) => {
            Err(vec![draft.problem(row, "stage", "the deal's pipeline has several stages of this name")])
        }
    }
}

/// The wanted stage if it is of the category, else the first of it.
fn stage_of(desk: &Desk<'_>, deal: &deal::Model, category: DealStatus, wanted: Option<Uuid>) -> Option<stage::Model> {
    let fits = |stage: &&stage::Model| stage.pipeline_id == deal.pipeline_id && stage.category == category;
    let wanted = desk.stages.iter().filter(fits).find(|stage| Some(stage.id) == wanted);
    wanted.or_else(|| desk.stages.iter().find(fits)).cloned()
}

/// An amount in the base currency at the rate of a day.
fn in_base(desk: &Desk<'_>, minor: i64, code: &str, at: DateTime<Utc>) -> Result<(i64, chrono::NaiveDate), Error> {
    let (base, day) = (desk.system.store().base_currency(), desk.system.store().calendar().day(at));
    if code == base {
        return Ok((minor, day));
    }
    let rate = desk.rates.iter().find(|rate| rate.currency == code && rate.date <= day);
    let rate = rate.ok_or_else(|| {
        Error::invalid(
            "NO_RATE",
            "amount",
            format!("there is no exchange rate from {code} to {base} at or before {day}"),
        )
    })?;
    at_rate(minor, base, rate)
}

fn step(
    desk: &Desk<'_>,
    from: Option<&deal::Model>,
    deal: &deal::Model,
    stage: &stage::Model,
    at: DateTime<Utc>,
) -> transition::Model {
    let worth = deal.base_amount_minor.or_else(|| {
        let in_base = deal.amount_minor.map(|amount| in_base(desk, amount, &deal.currency, at));
        in_base.and_then(|found| found.ok()).map(|(base, _)| base)
    });
    transition::Model {
        deal_id: Some(deal.id),
        from_state: from.map(|from| from.status.as_str().to_owned()),
        to_state: deal.status.as_str().to_owned(),
        from_stage_id: from.map(|from| from.stage_id),
        to_stage_id: Some(stage.id),
        at,
        amount_base_minor: worth,
        probability: Some(rules::chance(deal, stage)),
        ..transition::Model::default()
    }
}

/// The person takes part in the deal; as the first to talk to if there is nobody yet.
fn take_part(desk: &mut Desk<'_>, deal: Uuid, contact: Uuid) {
    let of_deal = id_key("deal", deal);
    let has_primary = desk.parts.all(&of_deal).any(|part| part.is_primary);
    if desk.parts.all(&of_deal).any(|part| part.contact_id == contact) {
        return;
    }
    let part = desk.begin(deal_contact::Model {
        deal_id: deal,
        contact_id: contact,
        is_primary: !has_primary,
        ..deal_contact::Model::default()
    });
    desk.parts.put(part);
}

/// The lead became the deal.
fn convert(
    desk: &mut Desk<'_>,
    row: &Row,
    draft: &Draft<'_>,
    made: &mut Made,
    lead: &lead::Model,
    deal: &deal::Model,
) -> Result<(), Vec<Problem>> {
    made.must_convert = false;
    made.converted = Some(lead.id);
    match (lead.status, lead.deal_id) {
        (LeadStatus::Converted, Some(known)) if known == deal.id => return Ok(()),
        (LeadStatus::Converted, _) => return Err(vec![draft.problem(row, "lead", "the lead became another deal")]),
        (LeadStatus::Disqualified, _) => {
            return Err(vec![draft.problem(row, "lead", "the lead was disqualified: it cannot have become a deal")]);
        }
        _ => {}
    }
    if desk.contacts.get(lead.contact_id).is_none() {
        return Err(vec![whole("the lead's contact was deleted")]);
    }
    let at = made.converted_at.unwrap_or(deal.created_at);
    let converted = lead::Model {
        status: LeadStatus::Converted,
        deal_id: Some(deal.id),
        converted_at: lead.converted_at.or(Some(at)),
        ..lead.clone()
    };
    let last = desk.last_step(lead.id).unwrap_or(at);
    desk.step(super::lead::step(lead, Some(lead.status), LeadStatus::Converted, at.max(last)));
    if let Some(campaign) = lead.source_campaign_id
        && let Some(member) = desk.members.find(&membership(campaign, lead.contact_id))
        && !is_out(member.status)
    {
        let member = campaign_member::Model { status: MemberStatus::Converted, ..member.clone() };
        desk.members.put(member);
    }
    desk.leads.put(converted);
    Ok(())
}

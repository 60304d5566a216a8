//! The verbs of a deal's life, and what follows from them on other rows.

use chrono::{DateTime, Utc};
use entity::enums::DealStatus;
use entity::{deal, deal_contact, line_item, stage, transition};
use sea_orm::ColumnTrait;
use uuid::Uuid;

use super::graphql::{LoseDealInput, MoveDealInput, ReopenDealInput, WinDealInput};
use super::rules;
use crate::access::Action;
use crate::error::{Error, Result};
use crate::graphql::mutation::Changed;
use crate::graphql::scalar::Id;
use crate::store::{Change, Tx, Warrant};
use crate::transition::{Step, Subject, record};
use crate::{attribution, company, contact, exchange_rate};

/// Moves an open deal to another open stage.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN, CONFLICT; `Invalid`: not a stage to move to, or exit criteria are missing.
pub async fn move_to(tx: &Tx, input: MoveDealInput) -> Result<Changed<deal::Entity>> {
    let mut deal = tx.edit::<deal::Entity>(input.id.uuid(), Action::Move, input.expected_version).await?;
    rules::LIFE.check(Action::Move, deal.status)?;
    let stages = stages(tx, &deal.warrant(), deal.pipeline_id).await?;
    rules::may_move(&stages, deal.stage_id, input.stage_id.uuid(), &input.exit_criteria_met)?;
    deal.stage_id = input.stage_id.uuid();
    save_step(tx, deal, &stages).await
}

/// Closes an open deal as won.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN, CONFLICT; `Invalid`: no amount, no exchange rate, a closing in the future.
pub async fn win(tx: &Tx, input: WinDealInput) -> Result<Changed<deal::Entity>> {
    let mut deal = tx.edit::<deal::Entity>(input.id.uuid(), Action::Win, input.expected_version).await?;
    let warrant = deal.warrant();
    rules::LIFE.check(Action::Win, deal.status)?;
    let closed_at = rules::closing(&deal, input.closed_at.map(|at| at.0), tx.now())?;
    if let Some(amount) = input.amount {
        if !super::reads_cost(tx) {
            rules::keeps_currency(&deal, &amount.currency)?;
        } else if deal.cost_minor.is_some() && deal.currency != amount.currency {
            let message = format!("The cost of the deal is in {}: give the amount in it, too.", deal.currency);
            return Err(Error::invalid("CURRENCY", "amount", message));
        }
        deal.amount_minor = Some(amount.minor);
        deal.currency = amount.currency;
        enters_amount(tx, &warrant, &deal, deal.before()).await?;
    }
    let amount = rules::won_amount(&deal)?;
    let stages = stages(tx, &warrant, deal.pipeline_id).await?;
    let stage = closing_stage(&stages, DealStatus::Won, None)?;
    let (base, day) =
        exchange_rate::commands::to_base(tx, &warrant, amount, &deal.currency, tx.reader().calendar().day(closed_at))
            .await?;
    deal.base_amount_minor = Some(base);
    deal.rate_date = Some(day);
    close(&mut deal, stage, closed_at);
    save_step(tx, deal, &stages).await
}

/// Closes an open deal as lost.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN, CONFLICT; `Invalid`: an unexplained reason, a closing in the future.
pub async fn lose(tx: &Tx, input: LoseDealInput) -> Result<Changed<deal::Entity>> {
    let mut deal = tx.edit::<deal::Entity>(input.id.uuid(), Action::Lose, input.expected_version).await?;
    rules::LIFE.check(Action::Lose, deal.status)?;
    rules::explained(input.loss_reason, input.loss_comment.as_deref())?;
    let closed_at = rules::closing(&deal, input.closed_at.map(|at| at.0), tx.now())?;
    let stages = stages(tx, &deal.warrant(), deal.pipeline_id).await?;
    let stage = closing_stage(&stages, DealStatus::Lost, input.stage_id)?;
    deal.loss_reason = Some(input.loss_reason);
    deal.loss_comment = input.loss_comment;
    deal.competitor = input.competitor.or_else(|| deal.competitor.take());
    close(&mut deal, stage, closed_at);
    save_step(tx, deal, &stages).await
}

/// Opens a closed deal again.
///
/// # Errors
/// NOT_FOUND, FORBIDDEN, CONFLICT.
pub async fn reopen(tx: &Tx, input: ReopenDealInput) -> Result<Changed<deal::Entity>> {
    let mut deal = tx.edit::<deal::Entity>(input.id.uuid(), Action::Reopen, input.expected_version).await?;
    rules::LIFE.check(Action::Reopen, deal.status)?;
    if let Some(reason) = &input.reason {
        tx.because(reason);
    }
    let stages = stages(tx, &deal.warrant(), deal.pipeline_id).await?;
    deal.stage_id = last_open_stage(tx, &deal, &stages).await?;
    deal.status = DealStatus::Open;
    deal.closed_at = None;
    deal.base_amount_minor = None;
    deal.rate_date = None;
    deal.loss_reason = None;
    deal.loss_comment = None;
    save_step(tx, deal, &stages).await
}

/// Refuses to enter another amount for a deal that has lines. The deal is held.
///
/// # Errors
/// `Invalid` at `amount`.
pub async fn enters_amount(tx: &Tx, warrant: &Warrant, deal: &deal::Model, before: &deal::Model) -> Result<()> {
    if rules::has_same_amount(deal, before) {
        return Ok(());
    }
    let lines = tx.all::<line_item::Entity>(warrant).matching(line_item::Column::DealId, deal.id);
    rules::enters_amount(deal, before, lines.limit(1).count().await? > 0)
}

/// The lines of a deal go with it, so that no figure counts them.
///
/// # Errors
/// Database errors.
pub async fn remove_lines(tx: &Tx, warrant: &Warrant, deal: Uuid) -> Result<()> {
    let lines = tx.all::<line_item::Entity>(warrant).matching(line_item::Column::DealId, deal);
    for line in lines.order_by(line_item::Column::Id).all().await? {
        let mut line = tx.affected::<line_item::Entity>(warrant, line);
        line.deleted_at = Some(tx.now());
        tx.save(line).await?;
    }
    Ok(())
}

/// Records that a deal was made, in its first stage.
///
/// # Errors
/// Database errors.
pub async fn record_creation(tx: &Tx, warrant: &Warrant, deal: &deal::Model) -> Result<()> {
    let stages = stages(tx, warrant, deal.pipeline_id).await?;
    let step = step(tx, warrant, None, deal, &stages).await?;
    record(tx, warrant, Subject::Deal(deal.id), step).await
}

/// Brings credits, people and companies in step with a deal that was made, changed, closed, opened or deleted.
///
/// # Errors
/// Database errors.
pub async fn follow(tx: &Tx, warrant: &Warrant, before: Option<&deal::Model>, deal: &deal::Model) -> Result<()> {
    let was_won = before.is_some_and(|before| before.status == DealStatus::Won);
    if was_won || deal.status == DealStatus::Won {
        attribution::commands::rebuild(tx, warrant, &[deal.id]).await?;
    }
    let contacts = tx.all::<deal_contact::Entity>(warrant).matching(deal_contact::Column::DealId, deal.id);
    for part in contacts.order_by(deal_contact::Column::ContactId).all().await? {
        contact::commands::project_lifecycle(tx, warrant, part.contact_id).await?;
    }
    let mut companies: Vec<_> =
        before.and_then(|before| before.company_id).into_iter().chain(deal.company_id).collect();
    companies.sort_unstable();
    companies.dedup();
    for company in companies {
        company::commands::project_lifecycle(tx, warrant, company).await?;
    }
    Ok(())
}

/// The stages of a pipeline, in their order.
///
/// # Errors
/// Database errors.
pub async fn stages(tx: &Tx, warrant: &Warrant, pipeline: Uuid) -> Result<Vec<stage::Model>> {
    let stages = tx.all::<stage::Entity>(warrant).matching(stage::Column::PipelineId, pipeline);
    stages.order_by(stage::Column::Position).all().await
}

fn close(deal: &mut deal::Model, stage: &stage::Model, closed_at: DateTime<Utc>) {
    deal.stage_id = stage.id;
    deal.status = stage.category;
    deal.closed_at = Some(closed_at);
}

fn closing_stage(
    stages: &[stage::Model],
    category: DealStatus,
    wanted: Option<Id<stage::Entity>>,
) -> Result<&stage::Model> {
    let mut closing = stages.iter().filter(|stage| stage.category == category);
    match wanted {
        None => closing.next().ok_or_else(|| {
            Error::conflict(format!("The deal's pipeline has no {} stage. Add one first.", category.as_str()))
        }),
        Some(wanted) => closing.find(|stage| stage.id == wanted.uuid()).ok_or_else(|| {
            let message = format!("The stage is no {} stage of the deal's pipeline.", category.as_str());
            Error::invalid("INVALID", "stageId", message)
        }),
    }
}

/// Saves a deal in its new stage, records the step, and brings the rest in step.
async fn save_step(tx: &Tx, deal: Change<deal::Entity>, stages: &[stage::Model]) -> Result<Changed<deal::Entity>> {
    let (warrant, before) = (deal.warrant(), deal.before().clone());
    let deal = tx.save(deal).await?;
    let step = step(tx, &warrant, Some(&before), &deal, stages).await?;
    record(tx, &warrant, Subject::Deal(deal.id), step).await?;
    if before.status != deal.status {
        follow(tx, &warrant, Some(&before), &deal).await?;
    }
    Ok(Changed::row(deal.id))
}

async fn step(
    tx: &Tx,
    warrant: &Warrant,
    before: Option<&deal::Model>,
    deal: &deal::Model,
    stages: &[stage::Model],
) -> Result<Step> {
    let stage = stages.iter().find(|stage| stage.id == deal.stage_id);
    Ok(Step {
        from: before.map(|before| before.status.as_str().to_owned()),
        to: deal.status.as_str().to_owned(),
        from_stage: before.map(|before| before.stage_id),
        to_stage: Some(deal.stage_id),
        amount_base_minor: worth(tx, warrant, deal).await?,
        probability: stage.map(|stage| rules::chance(deal, stage)),
    })
}

/// What a deal is worth in the base currency now; unknown without an amount or a rate.
async fn worth(tx: &Tx, warrant: &Warrant, deal: &deal::Model) -> Result<Option<i64>> {
    let Some(amount) = deal.amount_minor.filter(|_| deal.base_amount_minor.is_none()) else {
        return Ok(deal.base_amount_minor);
    };
    let today = tx.today();
    match exchange_rate::commands::find_base(tx, warrant, amount, &deal.currency, today).await {
        Ok(found) => Ok(found.map(|(base, _)| base)),
        // Too large to be told in the base currency: no reason to refuse the step.
        Err(Error::Invalid(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The last open stage that the deal was in and that still exists, else the first.
async fn last_open_stage(tx: &Tx, deal: &Change<deal::Entity>, stages: &[stage::Model]) -> Result<Uuid> {
    use transition::Column;
    let open: Vec<_> = stages.iter().filter(|stage| stage.category == DealStatus::Open).map(|stage| stage.id).collect();
    let past = tx.all::<transition::Entity>(&deal.warrant()).matching(Column::DealId, deal.id);
    let past = past.filter(Column::ToStageId.is_in(open.iter().copied()));
    let last = past.order_by_desc(Column::At).order_by_desc(Column::Id).limit(1).one().await?;
    last.and_then(|last| last.to_stage_id)
        .or_else(|| open.first().copied())
        .ok_or_else(|| Error::conflict("The deal's pipeline has no open stage. Add one first."))
}

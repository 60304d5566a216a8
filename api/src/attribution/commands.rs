//! Keeping the stored credits of won deals in step with their journeys.

use entity::attribution_credit::{self, AttributionModel};
use entity::enums::DealStatus;
use entity::{deal, deal_contact, lead};
use sea_orm::Iterable;
use uuid::Uuid;

use super::facts::{self, Journey};
use super::journey;
use crate::error::Result;
use crate::store::{Tx, Warrant};

/// Computes the credits of these deals anew: rows for every model if the deal is won, none otherwise.
///
/// A constant number of statements, however many deals (rows are added by the thousand). The deals are locked, so that
/// of two transactions that change the same journey the second sees what the first has done.
///
/// # Errors
/// Database errors.
pub async fn rebuild(tx: &Tx, warrant: &Warrant, deals: &[Uuid]) -> Result<()> {
    if deals.is_empty() {
        return Ok(());
    }
    let locked = tx.all::<deal::Entity>(warrant).any_of(deal::Column::Id, deals).all_locked(deal::Column::Id).await?;
    let won: Vec<_> = locked.iter().filter(|deal| deal.status == DealStatus::Won).map(|deal| deal.id).collect();
    tx.drop_derived::<attribution_credit::Entity>(warrant, attribution_credit::Column::DealId, deals).await?;
    if won.is_empty() {
        return Ok(());
    }
    let journeys = facts::whole(tx, warrant, &won).await?;
    let rows: Vec<_> = journeys.iter().flat_map(|journey| credits(tx, journey)).collect();
    tx.add_derived::<attribution_credit::Entity>(warrant, &rows).await
}

/// Computes the credits of the won deals of these contacts anew, after a touch of theirs was recorded.
///
/// Their open deals are locked as well: one that is being won at this moment would miss the touch.
///
/// # Errors
/// Database errors.
pub async fn rebuild_for_contacts(tx: &Tx, warrant: &Warrant, contacts: &[Uuid]) -> Result<()> {
    if contacts.is_empty() {
        return Ok(());
    }
    let parts = tx.all::<deal_contact::Entity>(warrant).any_of(deal_contact::Column::ContactId, contacts).all().await?;
    let leads = tx.all::<lead::Entity>(warrant).any_of(lead::Column::ContactId, contacts).all().await?;
    let leads: Vec<_> = leads.into_iter().map(|lead| lead.id).collect();
    let grown = match leads.as_slice() {
        [] => Vec::new(),
        leads => tx.all::<deal::Entity>(warrant).any_of(deal::Column::LeadId, leads).all().await?,
    };
    let mut deals: Vec<_> = parts.into_iter().map(|part| part.deal_id).collect();
    deals.extend(grown.into_iter().map(|deal| deal.id));
    deals.sort_unstable();
    deals.dedup();
    rebuild(tx, warrant, &deals).await
}

/// The rows of a won deal: for every model, every touch that gets something.
fn credits(tx: &Tx, journey: &Journey) -> Vec<attribution_credit::Model> {
    let (Some(amount), Some(closed_at)) = (journey.base_amount_minor, journey.closed_at) else { return Vec::new() };
    let mut rows = Vec::new();
    for model in AttributionModel::iter() {
        for share in journey::shares(journey, model, super::rules::DEFAULT_LOOK_BACK, closed_at, amount) {
            // A share too small for a basis point may still be money.
            if share.credit.weight_bp == 0 && share.credit.amount_minor == 0 {
                continue;
            }
            rows.push(attribution_credit::Model {
                id: tx.id(),
                deal_id: journey.deal,
                touchpoint_id: share.touch.map(|touch| touch.id),
                campaign_id: share.touch.and_then(|touch| touch.campaign),
                channel: share.touch.map(|touch| touch.channel),
                model,
                weight_bp: i32::try_from(share.credit.weight_bp).unwrap_or(i32::MAX),
                amount_minor: share.credit.amount_minor,
                closed_at,
            });
        }
    }
    rows
}

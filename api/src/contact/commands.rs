//! Writes that other slices cause on contacts, and finding the person behind an id.

use std::collections::HashMap;

use entity::{company, contact, deal, deal_contact, lead};
use sea_orm::ColumnTrait;
use uuid::Uuid;

use super::rules;
use crate::error::{Code, Result};
use crate::store::{Tx, Warrant};

/// How many merges in a row are followed.
const MERGES: usize = 8;

/// Brings the contact's lifecycle in step with its leads and deals.
///
/// # Errors
/// Database errors.
pub async fn project_lifecycle(tx: &Tx, warrant: &Warrant, contact: Uuid) -> Result<()> {
    // Locked before looking, so that of two projections the later one sees what the earlier one saw.
    let mut contact = match tx.affect::<contact::Entity>(warrant, contact).await {
        Ok(contact) => contact,
        // A deleted contact keeps what it was.
        Err(error) if error.code() == Code::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let leads = tx.all::<lead::Entity>(warrant).matching(lead::Column::ContactId, contact.id).all().await?;
    let parts = tx.all::<deal_contact::Entity>(warrant).matching(deal_contact::Column::ContactId, contact.id);
    let mut deals: Vec<_> = parts.all().await?.into_iter().map(|part| part.deal_id).collect();
    deals.extend(leads.iter().filter_map(|lead| lead.deal_id));
    let deals = tx.all::<deal::Entity>(warrant).any_of(deal::Column::Id, &deals).all().await?;
    let leads: Vec<_> = leads.iter().map(|lead| lead.status).collect();
    let deals: Vec<_> = deals.iter().map(|deal| deal.status).collect();
    contact.lifecycle = rules::lifecycle(&leads, &deals);
    tx.save(contact).await?;
    Ok(())
}

/// The visible contacts by the id they were asked for; a duplicate that was merged answers as the one that was kept.
///
/// # Errors
/// Database errors.
pub async fn reachable(tx: &Tx, ids: &[Uuid]) -> Result<HashMap<Uuid, contact::Model>> {
    let mut found: HashMap<Uuid, contact::Model> = HashMap::new();
    let mut wanted = ids.to_vec();
    for _ in 0..MERGES {
        wanted.retain(|id| !found.contains_key(id));
        if wanted.is_empty() {
            break;
        }
        let rows = tx.find::<contact::Entity>()?.any_of(contact::Column::Id, &wanted).all().await?;
        wanted = rows.iter().filter_map(|row| row.merged_into_id).collect();
        found.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    let kept = |id: &Uuid| {
        let mut contact = found.get(id)?;
        for _ in 0..MERGES {
            match contact.merged_into_id {
                Some(into) => contact = found.get(&into)?,
                None => return Some((*id, contact.clone())),
            }
        }
        None
    };
    Ok(ids.iter().filter_map(kept).collect())
}

/// The country in which a telephone number without a country code is dialled: that of the company, if it is seen.
///
/// # Errors
/// Database errors.
pub async fn country_of_number(tx: &Tx, contact: &contact::Model) -> Result<Option<String>> {
    let national = contact.phone.as_deref().is_some_and(|phone| !phone.starts_with('+'));
    let (Some(company), true) = (contact.company_id, national) else { return Ok(None) };
    let company = tx.find::<company::Entity>()?.with_id(company).one().await?;
    Ok(company.and_then(|company| company.country))
}

/// Does the person have an open lead or deal?
///
/// # Errors
/// Database errors.
pub async fn has_open_business(tx: &Tx, warrant: &Warrant, contact: Uuid) -> Result<bool> {
    let leads = tx.all::<lead::Entity>(warrant).matching(lead::Column::ContactId, contact).all().await?;
    if leads.iter().any(|lead| lead.status.is_open()) {
        return Ok(true);
    }
    let parts = tx.all::<deal_contact::Entity>(warrant).matching(deal_contact::Column::ContactId, contact);
    let deals: Vec<_> = parts.all().await?.into_iter().map(|part| part.deal_id).collect();
    let open = deal::Column::Status.eq(entity::enums::DealStatus::Open);
    Ok(tx.all::<deal::Entity>(warrant).any_of(deal::Column::Id, &deals).filter(open).limit(1).count().await? > 0)
}

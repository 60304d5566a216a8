//! Writes that other slices cause on companies, and finding the company behind an address.

use entity::{company, deal};
use uuid::Uuid;

use super::rules::{self, Dealing};
use crate::error::{Code, Result};
use crate::store::{Tx, Warrant};

/// Brings the company's lifecycle in step with its deals.
///
/// # Errors
/// Database errors.
pub async fn project_lifecycle(tx: &Tx, warrant: &Warrant, company: Uuid) -> Result<()> {
    // Locked before looking, so that of two projections the later one sees what the earlier one saw.
    let mut company = match tx.affect::<company::Entity>(warrant, company).await {
        Ok(company) => company,
        // A deleted company keeps what it was.
        Err(error) if error.code() == Code::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let deals = tx.all::<deal::Entity>(warrant).matching(deal::Column::CompanyId, company.id).all().await?;
    let deals: Vec<_> =
        deals.iter().map(|deal| Dealing { kind: deal.kind, status: deal.status, closed_at: deal.closed_at }).collect();
    company.lifecycle = rules::lifecycle(&deals);
    tx.save(company).await?;
    Ok(())
}

/// The visible company that an e-mail address belongs to; none for a free mail service.
///
/// # Errors
/// Database errors.
pub async fn of_address(tx: &Tx, email: &str) -> Result<Option<company::Model>> {
    let Some(domain) = rules::domain_of(email) else { return Ok(None) };
    tx.find::<company::Entity>()?.matching(company::Column::Domain, domain).one().await
}

//! Writes that other slices cause on companies.

use entity::company::CompanyLifecycle;
use entity::deal::DealKind;
use entity::enums::DealStatus;
use entity::{company, deal};
use sea_orm::ColumnTrait;
use uuid::Uuid;

use crate::error::Result;
use crate::store::{Tx, Warrant};

/// Brings the company's lifecycle in step with its deals: a customer once a deal is won, a former one when a renewal
/// was lost after the last deal that was won.
///
/// # Errors
/// Database errors.
pub async fn project_lifecycle(tx: &Tx, warrant: &Warrant, company: Uuid) -> Result<()> {
    use deal::Column;
    let closed = || {
        let deals = tx.all::<deal::Entity>(warrant).matching(Column::CompanyId, company);
        deals.order_by_desc(Column::ClosedAt).limit(1)
    };
    let won = closed().filter(Column::Status.eq(DealStatus::Won)).one().await?;
    let not_renewed =
        closed().filter(Column::Status.eq(DealStatus::Lost)).filter(Column::Kind.eq(DealKind::Renewal)).one().await?;
    let last = |deal: Option<deal::Model>| deal.and_then(|deal| deal.closed_at);
    let lifecycle = match (last(won), last(not_renewed)) {
        (None, _) => CompanyLifecycle::Prospect,
        (Some(won), Some(lost)) if lost > won => CompanyLifecycle::Former,
        (Some(_), _) => CompanyLifecycle::Customer,
    };
    let Some(row) = tx.all::<company::Entity>(warrant).with_id(company).one().await? else { return Ok(()) };
    if row.lifecycle == lifecycle {
        return Ok(());
    }
    let mut row = tx.affect::<company::Entity>(warrant, company).await?;
    row.lifecycle = lifecycle;
    tx.save(row).await.map(|_| ())
}

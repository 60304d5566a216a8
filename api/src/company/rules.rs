//! Whose domain identifies a company, and how far a company is from being a customer.

use chrono::{DateTime, Utc};
use entity::company::{CompanyLifecycle, Model};
use entity::deal::DealKind;
use entity::enums::DealStatus;

use crate::checks::Checks;
use crate::spelling::{domain, email, mail_service};

/// Trims the texts and checks the plain fields of a company.
pub fn check(company: &mut Model, checks: &mut Checks) {
    checks.name("name", &mut company.name);
    checks.label("industry", &mut company.industry);
    checks.amount("annualRevenue", company.annual_revenue_minor, &mut company.annual_revenue_currency);
    let free = company.domain.as_deref().is_some_and(mail_service::is_one);
    checks.expect(!free, "NOT_ALLOWED", "domain", "The domain of a free mail service belongs to no company.");
}

/// The domain of the company that an e-mail address belongs to; none at a mail service that anybody can use.
pub fn domain_of(address: &str) -> Option<&str> {
    domain::of_company(email::host(address)?)
}

/// A deal as far as the lifecycle of its company needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dealing {
    /// First business, more of it, or the same again.
    pub kind: DealKind,
    /// Open, won or lost.
    pub status: DealStatus,
    /// When it was won or lost.
    pub closed_at: Option<DateTime<Utc>>,
}

/// PROSPECT until a deal is won, then CUSTOMER; FORMER once a renewal was lost after the last deal that was won, until
/// another is won.
pub fn lifecycle(deals: &[Dealing]) -> CompanyLifecycle {
    let last = |status, renewals_only: bool| {
        deals
            .iter()
            .filter(|deal| deal.status == status && (!renewals_only || deal.kind == DealKind::Renewal))
            .map(|deal| deal.closed_at)
            .max()
    };
    match (last(DealStatus::Won, false), last(DealStatus::Lost, true)) {
        (None, _) => CompanyLifecycle::Prospect,
        (Some(won), Some(lost)) if lost > won => CompanyLifecycle::Former,
        (Some(_), _) => CompanyLifecycle::Customer,
    }
}

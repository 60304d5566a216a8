//! Whose domain identifies a company, and how far a company is from being a customer.

use chrono::{DateTime, Utc};
use entity::company::{CompanyLifecycle, Model};
use entity::deal::DealKind;
use entity::enums::DealStatus;

use super::free_mail::is_free_mail;
use crate::checks::{Checks, NAME};

/// Trims the texts and checks the plain fields of a company.
pub fn check(company: &mut Model, checks: &mut Checks) {
    checks.name("name", &mut company.name);
    checks.optional("industry", &mut company.industry, NAME);
    checks.amount("annualRevenue", company.annual_revenue_minor, &mut company.annual_revenue_currency);
    let free = company.domain.as_deref().is_some_and(is_free_mail);
    checks.expect(!free, "NOT_ALLOWED", "domain", "The domain of a free mail service belongs to no company.");
}

/// The domain of an e-mail address, if it identifies a company.
pub fn domain_of(email: &str) -> Option<&str> {
    let (_, domain) = email.rsplit_once('@')?;
    (!is_free_mail(domain)).then_some(domain)
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

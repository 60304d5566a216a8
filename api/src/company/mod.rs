//! Companies: organisations we sell to. A company is known by its domain.

pub mod commands;
pub mod free_mail;

use entity::{activity, company, contact, deal, lead};

use crate::access::Kind;
use crate::store::Resource;
use crate::store::descriptor::{Currency, Declare, Descriptor, Text};

impl Resource for company::Entity {
    const KIND: Kind = Kind::Company;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use company::Column;
    let annual = Currency::Column("annual_revenue_currency");
    Declare::<company::Entity>::new(Kind::Company, "Company", "companies", "company", "An organisation we sell to.")
        .field(Column::Name, "The name.")
        .text(Column::Domain, Text::Domain, "The internet domain, unique among live companies.")
        .field(Column::Industry, "The industry.")
        .choice::<_, company::SizeBand>(Column::SizeBand, "How many people work there.")
        .money("annualRevenue", Column::AnnualRevenueMinor, annual, "What the company turns over in a year.")
        .text(Column::Country, Text::Country, "Where it is seated.")
        .choice::<_, company::CompanyLifecycle>(
            Column::Lifecycle,
            "How far it is from being a customer; follows its deals.",
        )
        .one(Column::ParentId, Kind::Company, "The company it belongs to.")
        .many("contacts", Kind::Contact, contact::Column::CompanyId, "The people we know there.")
        .many("leads", Kind::Lead, lead::Column::CompanyId, "Leads of its people.")
        .many("deals", Kind::Deal, deal::Column::CompanyId, "Deals with it.")
        .many("activities", Kind::Activity, activity::Column::CompanyId, "What was done and planned with it.")
        .done()
}

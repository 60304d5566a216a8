//! Companies: organisations we sell to. A company is known by its domain.

pub mod commands;
pub mod rules;

use entity::lead::LeadStatus;
use entity::{activity, company, contact, deal, lead};
use sea_orm::ColumnTrait;

use crate::access::{Action, Kind, When};
use crate::checks::Checks;
use crate::error::{Error, Result};
use crate::store::descriptor::{Currency, Declare, Descriptor, Given, Shape, Text};
use crate::store::expression::Rolled;
use crate::store::writes::{default_owner, writes};
use crate::store::{Resource, Tx, Warrant};

impl Resource for company::Entity {
    const KIND: Kind = Kind::Company;

    async fn prepare(
        tx: &Tx,
        _: &Warrant,
        row: &mut company::Model,
        before: Option<&company::Model>,
        given: &Given,
    ) -> Result<()> {
        if before.is_none() {
            default_owner(tx, given, &mut row.owner_id, &mut row.team_id);
        }
        let mut checks = Checks::new();
        rules::check(row, &mut checks);
        if let (Some(parent), Some(before)) = (row.parent_id, before)
            && before.parent_id != row.parent_id
            && tx.closes_circle::<Self>(row.id, parent, company::Column::ParentId).await?
        {
            checks.refuse("INVALID", "parentId", "A company cannot belong to itself or to one that belongs to it.");
        }
        checks.done()
    }

    async fn may_delete(tx: &Tx, warrant: &Warrant, row: &company::Model) -> Result<()> {
        let deals = tx.all::<deal::Entity>(warrant).matching(deal::Column::CompanyId, row.id);
        if deals.limit(1).count().await? > 0 {
            return Err(Error::conflict("There are deals with this company; it stays in their history."));
        }
        let closed = [LeadStatus::Converted, LeadStatus::Disqualified];
        let leads = tx.all::<lead::Entity>(warrant).matching(lead::Column::CompanyId, row.id);
        if leads.filter(lead::Column::Status.is_not_in(closed)).limit(1).count().await? > 0 {
            return Err(Error::conflict("Open leads are for this company: close them or move them to another first."));
        }
        let contacts = tx.all::<contact::Entity>(warrant).matching(contact::Column::CompanyId, row.id);
        if contacts.limit(1).count().await? > 0 {
            return Err(Error::conflict("People work there: move or delete its contacts first."));
        }
        Ok(())
    }
}

/// Its deals that are decided in our favour, and those that are not decided.
const WON: When = When::In("status", &["WON"]);
const OPEN: When = When::In("status", &["OPEN"]);

/// The declaration.
pub fn describe() -> Descriptor {
    use company::Column;
    let annual = Currency::Column("annual_revenue_currency");
    Declare::<company::Entity>::new(Kind::Company, "Company", "companies", "company", "An organisation we sell to.")
        .field(Column::Name, "The name.")
        .matched()
        .editable()
        .required()
        .text(Column::Domain, Text::Domain, "The internet domain that was registered, unique among live companies: `mail.example.co.uk` is kept as `example.co.uk`.")
        .editable()
        .field(Column::Industry, "The industry.")
        .editable()
        .choice::<_, company::SizeBand>(Column::SizeBand, "How many people work there.")
        .editable()
        .money("annualRevenue", Column::AnnualRevenueMinor, annual, "What the company turns over in a year.")
        .editable()
        .text(Column::Country, Text::Country, "The country it is based in.")
        .editable()
        .choice::<_, company::CompanyLifecycle>(
            Column::Lifecycle,
            "How close it is to being a customer; follows from its deals.",
        )
        .one(Column::ParentId, Kind::Company, "The company it belongs to.")
        .editable()
        .many("contacts", Kind::Contact, contact::Column::CompanyId, "The people we know there.")
        .many("leads", Kind::Lead, lead::Column::CompanyId, "Leads of the company's people.")
        .many("deals", Kind::Deal, deal::Column::CompanyId, "Deals with the company.")
        .many("activities", Kind::Activity, activity::Column::CompanyId, "What was done and planned with it.")
        .and(crate::activity::dates)
        .rollup(
            "revenue",
            "deals",
            Rolled::Sum("baseAmount"),
            Shape::Money,
            WON,
            "What it has bought, in the base currency: the sum over its won deals that the viewer may see.",
        )
        .rollup("wonDealCount", "deals", Rolled::Count, Shape::Int, WON, "How many of its deals that the viewer may see are won.")
        .rollup("openDealCount", "deals", Rolled::Count, Shape::Int, OPEN, "How many of its deals that the viewer may see are open.")
        .rollup(
            "firstPurchaseAt",
            "deals",
            Rolled::Min("closedAt"),
            Shape::DateTime,
            WON,
            "When the first of its deals that the viewer may see was won.",
        )
        .rollup(
            "lastPurchaseAt",
            "deals",
            Rolled::Max("closedAt"),
            Shape::DateTime,
            WON,
            "When the last of its deals that the viewer may see was won.",
        )
        .writes(writes::<company::Entity>())
        .demands(
            Action::Delete,
            When::Not(&When::Any(Kind::Deal, "company_id", When::ALWAYS)),
            "There are deals with this company; it stays in their history.",
        )
        .demands(
            Action::Delete,
            When::Not(&When::Any(Kind::Lead, "company_id", &crate::lead::OPEN)),
            "Open leads are for this company: close them or move them to another first.",
        )
        .demands(
            Action::Delete,
            When::Not(&When::Any(Kind::Contact, "company_id", When::ALWAYS)),
            "People work there: move or delete its contacts first.",
        )
        .done()
}

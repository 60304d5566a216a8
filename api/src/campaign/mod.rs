//! Campaigns: what marketing does, for whom, at what budget, with what result.

pub mod commands;
pub mod graphql;
pub mod rules;

use entity::{attribution_credit, campaign, campaign_member, deal, lead, touchpoint, transition};
use sea_orm::ColumnTrait;

use crate::access::{Action, Kind, When};
use crate::checks::Checks;
use crate::error::{Error, Result};
use crate::store::descriptor::{Currency, Declare, Descriptor, Given, Text};
use crate::store::writes::{default_owner, writes};
use crate::store::{Resource, Tx, Warrant};

impl Resource for campaign::Entity {
    const KIND: Kind = Kind::Campaign;

    async fn prepare(
        tx: &Tx,
        warrant: &Warrant,
        row: &mut campaign::Model,
        before: Option<&campaign::Model>,
        given: &Given,
    ) -> Result<()> {
        if before.is_none() {
            default_owner(tx, given, &mut row.owner_id, &mut row.team_id);
        }
        check_fields(row, before)?;
        check_family(tx, warrant, row, before).await
    }

    async fn may_delete(tx: &Tx, warrant: &Warrant, row: &campaign::Model) -> Result<()> {
        use transition::Column;
        let launches = tx.all::<transition::Entity>(warrant).matching(Column::CampaignId, row.id);
        let launches = launches.filter(Column::ToState.eq(campaign::CampaignStatus::Active.as_str()));
        if rules::was_launched(row.status, launches.limit(1).count().await? > 0) {
            return Err(Error::conflict(LAUNCHED));
        }
        let children = tx.all::<Self>(warrant).matching(campaign::Column::ParentId, row.id);
        if children.limit(1).count().await? > 0 {
            return Err(Error::conflict("Other campaigns are part of this one: delete or move them first."));
        }
        Ok(())
    }
}

/// Trims the texts and checks the plain fields; `before` is the row as it was.
///
/// # Errors
/// `Invalid`: what a person has to mend.
pub fn check_fields(row: &mut campaign::Model, before: Option<&campaign::Model>) -> Result<()> {
    let mut checks = Checks::new();
    checks.name("name", &mut row.name);
    match rules::normalise_code(&row.code) {
        Ok(code) => row.code = code,
        Err(expected) => checks.refuse("INVALID", "code", expected),
    }
    // Links in the world bear the code.
    let published = before.is_some_and(|before| rules::was_launched(before.status, true) && before.code != row.code);
    checks.expect(!published, "NOT_ALLOWED", "code", "The code of a launched campaign stands in links and stays.");
    if let (Some(from), Some(to)) = (row.starts_on, row.ends_on) {
        checks.expect(from <= to, "INVALID", "endsOn", "The last day may not lie before the first.");
    }
    checks.amount("budget", row.budget_minor, &mut row.budget_currency);
    checks.amount("expectedRevenue", row.expected_revenue_minor, &mut row.expected_revenue_currency);
    let leads = row.expected_leads.is_none_or(|leads| leads >= 0);
    checks.expect(leads, "INVALID", "expectedLeads", "expectedLeads may not be negative.");
    checks.done()
}

/// The days of a part lie inside those of the whole, and no campaign is part of itself.
async fn check_family(
    tx: &Tx,
    warrant: &Warrant,
    row: &campaign::Model,
    before: Option<&campaign::Model>,
) -> Result<()> {
    let mut checks = Checks::new();
    if let Some(parent) = row.parent_id {
        let moved = before.is_some_and(|before| before.parent_id != row.parent_id);
        if moved && tx.closes_circle::<campaign::Entity>(row.id, parent, campaign::Column::ParentId).await? {
            checks.refuse("INVALID", "parentId", "A campaign cannot be part of itself or of one of its parts.");
        }
        let parent = tx.all::<campaign::Entity>(warrant).with_id(parent).one().await?;
        let inside = parent.is_none_or(|parent| rules::lies_inside(&parent, row));
        checks.expect(inside, "INVALID", "startsOn", "The days must lie inside those of the parent campaign.");
    }
    let narrowed = before.is_some_and(|before| (before.starts_on, before.ends_on) != (row.starts_on, row.ends_on));
    if narrowed {
        let children = tx.all::<campaign::Entity>(warrant).matching(campaign::Column::ParentId, row.id).all().await?;
        let inside = children.iter().all(|child| rules::lies_inside(row, child));
        checks.expect(inside, "INVALID", "startsOn", "The days must cover those of the campaigns that are part of it.");
    }
    checks.done()
}

/// It never ran: it is being planned, or was cancelled before it began.
const NEVER_LAUNCHED: When = When::All(&[
    When::In("status", &["DRAFT", "SCHEDULED", "CANCELLED"]),
    When::Not(&When::Any(Kind::Transition, "campaign_id", &When::In("to_state", &["ACTIVE"]))),
]);
/// What is told of one that did.
const LAUNCHED: &str = "A campaign that was launched stays in history: complete and archive it instead.";

/// The declaration.
pub fn describe() -> Descriptor {
    use campaign::Column;
    let (budget, expected) = (Currency::Column("budget_currency"), Currency::Column("expected_revenue_currency"));
    Declare::<campaign::Entity>::new(Kind::Campaign, "Campaign", "campaigns", "campaign", "A marketing campaign.")
        .field(Column::Name, "The name.")
        .matched()
        .editable()
        .required()
        .text(
            Column::Code,
            Text::Code,
            "Short unique code in lower case; equals `utm_campaign` in tagged links. Fixed once launched.",
        )
        .editable()
        .required()
        .choice::<_, entity::enums::Objective>(Column::Objective, "What it is for.")
        .editable()
        .required()
        .choice::<_, entity::enums::Channel>(Column::Channel, "Where it runs.")
        .editable()
        .required()
        .choice::<_, entity::enums::Horizon>(Column::Horizon, "How soon it is meant to pay off.")
        .editable()
        .required()
        .choice::<_, campaign::CampaignStatus>(Column::Status, "Where it stands; changed by its verbs.")
        .field(Column::StartsOn, "First day.")
        .editable()
        .field(Column::EndsOn, "Last day, inclusive.")
        .editable()
        .one(Column::ParentId, Kind::Campaign, "The campaign it is part of.")
        .editable()
        .money("budget", Column::BudgetMinor, budget, "What may be spent.")
        .editable()
        .field(Column::ExpectedLeads, "How many leads it is expected to bring.")
        .editable()
        .money("expectedRevenue", Column::ExpectedRevenueMinor, expected, "What revenue it is expected to bring.")
        .editable()
        .many("children", Kind::Campaign, Column::ParentId, "The campaigns that are part of it.")
        .many("members", Kind::CampaignMember, campaign_member::Column::CampaignId, "Its audience.")
        .many("touchpoints", Kind::Touchpoint, touchpoint::Column::CampaignId, "Interactions it caused.")
        .many("leads", Kind::Lead, lead::Column::SourceCampaignId, "Leads it brought.")
        .many("deals", Kind::Deal, deal::Column::SourceCampaignId, "Deals that grew out of its leads.")
        .many("credits", Kind::AttributionCredit, attribution_credit::Column::CampaignId, "Its shares in won deals.")
        .many("transitions", Kind::Transition, transition::Column::CampaignId, "Its changes of state.")
        .writes(writes::<campaign::Entity>())
        .derived(crate::attribution::graphql::campaign_revenue())
        .demands(
            Action::Delete,
            When::Not(&When::Any(Kind::Campaign, "parent_id", When::ALWAYS)),
            "Other campaigns are part of this one: delete or move them first.",
        )
        .demands(Action::Delete, NEVER_LAUNCHED, LAUNCHED)
        .life(Column::Status, &rules::LIFE)
        .affects(&[Kind::Transition])
        .done()
}

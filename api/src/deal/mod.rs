//! Deals: sales on their way to won or lost.

pub mod commands;
pub mod figures;
pub mod graphql;
pub mod rules;

use entity::enums::DealStatus;
use entity::{activity, attribution_credit, deal, deal_contact, lead, line_item, pipeline, transition};
use sea_orm::ColumnTrait;

use crate::access::{Action, Grant, Kind, When};
use crate::error::{Error, Result};
use crate::store::descriptor::{Currency, Declare, Descriptor, Given, Shape};
use crate::store::writes::{default_owner, writes};
use crate::store::{Resource, Tx, Warrant};

impl Resource for deal::Entity {
    const KIND: Kind = Kind::Deal;

    async fn prepare(
        tx: &Tx,
        warrant: &Warrant,
        row: &mut deal::Model,
        before: Option<&deal::Model>,
        given: &Given,
    ) -> Result<()> {
        let currencies = rules::Currencies { amount: given.currency("amount"), cost: given.currency("cost") };
        if let (Some(before), Some(amount), false) = (before, currencies.amount, reads_cost(tx)) {
            rules::keeps_currency(before, amount)?;
        }
        row.currency = rules::currency(row, before, currencies, tx.reader().base_currency())?;
        rules::check(row)?;
        match before {
            Some(before) => {
                rules::amount_is_open(row, before)?;
                commands::enters_amount(tx, warrant, row, before).await
            }
            None => {
                default_owner(tx, given, &mut row.owner_id, &mut row.team_id);
                complete(tx, warrant, row).await
            }
        }
    }

    async fn may_delete(tx: &Tx, warrant: &Warrant, row: &deal::Model) -> Result<()> {
        if row.status != DealStatus::Open {
            return Err(Error::conflict(
                "A closed deal is history. Reopen it first (reopenDeal), if it was a mistake.",
            ));
        }
        let leads = tx.all::<lead::Entity>(warrant).matching(lead::Column::DealId, row.id);
        if leads.count().await? > 0 {
            return Err(Error::conflict("Leads were converted into this deal: unconvertLead comes first."));
        }
        Ok(())
    }

    async fn effects(tx: &Tx, warrant: &Warrant, before: Option<&deal::Model>, row: &deal::Model) -> Result<()> {
        if before.is_none() {
            commands::record_creation(tx, warrant, row).await?;
        }
        if row.deleted_at.is_some() {
            commands::remove_lines(tx, warrant, row.id).await?;
        }
        commands::follow(tx, warrant, before, row).await
    }
}

/// May the caller read what the deals cost that they change?
pub fn reads_cost(tx: &Tx) -> bool {
    !matches!(tx.reader().viewer().reads(Kind::Deal, "cost"), Grant::No | Grant::Sums)
}

/// Fills in what was not said of a new deal: the default pipeline, its first open stage.
///
/// # Errors
/// `Invalid`: a pipeline or stage that new deals do not go to.
pub async fn complete(tx: &Tx, warrant: &Warrant, row: &mut deal::Model) -> Result<()> {
    let wrong = |field: &str, message: &str| Err(Error::invalid("INVALID", field, message));
    let pipelines = tx.all::<pipeline::Entity>(warrant);
    let pipeline = match row.pipeline_id {
        id if !id.is_nil() => pipelines.with_id(id).one().await?,
        _ if !row.stage_id.is_nil() => {
            let stage = tx.all::<entity::stage::Entity>(warrant).with_id(row.stage_id).one().await?;
            pipelines.with_id(stage.map(|stage| stage.pipeline_id).unwrap_or_default()).one().await?
        }
        _ => pipelines.filter(pipeline::Column::IsDefault.eq(true)).one().await?,
    };
    let Some(pipeline) = pipeline else {
        return wrong("pipelineId", "There is no such pipeline, or no default one: say which.");
    };
    if !pipeline.is_active {
        return wrong("pipelineId", "No new deals go into this pipeline: it is not active.");
    }
    row.pipeline_id = pipeline.id;
    let stages = commands::stages(tx, warrant, pipeline.id).await?;
    let mut open = stages.iter().filter(|stage| stage.category == DealStatus::Open);
    if row.stage_id.is_nil() {
        let Some(first) = open.next() else { return wrong("pipelineId", "The pipeline has no open stage.") };
        row.stage_id = first.id;
    } else if !open.any(|stage| stage.id == row.stage_id) {
        return wrong("stageId", "A new deal starts in an open stage of its pipeline.");
    }
    row.status = DealStatus::Open;
    Ok(())
}

/// A deal that is not decided yet.
pub const OPEN: When = When::In("status", &["OPEN"]);

/// The declaration.
pub fn describe() -> Descriptor {
    use deal::Column;
    let own = Currency::Column("currency");
    Declare::<deal::Entity>::new(Kind::Deal, "Deal", "deals", "deal", "A sale on its way to won or lost.")
        .field(Column::Name, "What is sold, to whom.")
        .editable()
        .required()
        .choice::<_, deal::DealKind>(Column::Kind, "First business with the customer, more of it, or the same again.")
        .editable()
        .choice::<_, entity::enums::DealStatus>(Column::Status, "Open, won or lost: the category of its stage.")
        .one(Column::CompanyId, Kind::Company, "The customer.")
        .editable()
        .one(Column::PipelineId, Kind::Pipeline, "The pipeline it goes through.")
        .on_create()
        .one(Column::StageId, Kind::Stage, "Where it stands.")
        .on_create()
        .money("amount", Column::AmountMinor, own, "What the customer is to pay: the sum of its lines, or what is entered as long as there are none. Amount and cost have one currency: roles that cannot read the cost do not change it.")
        .editable()
        .money("cost", Column::CostMinor, own, "What it costs us.")
        .editable()
        .computed_money("margin", "({}.amount_minor - {}.cost_minor)", own, "Amount less cost.")
        .field(Column::ProbabilityOverride, "Chance in percent that it is won, where it differs from the stage's.")
        .editable()
        .field(Column::ExpectedCloseOn, "When it is expected to close.")
        .editable()
        .field(Column::ClosedAt, "When it was won or lost.")
        .money(
            "baseAmount",
            Column::BaseAmountMinor,
            Currency::Base,
            "The amount in the base currency, fixed when it was won.",
        )
        .expression(
            "amountInBase",
            figures::amount_in_base,
            Shape::Money,
            "The amount in the base currency: as fixed when it was won, else at today's rate; empty without a rate.",
        )
        .expression(
            "probability",
            figures::probability,
            Shape::Int,
            "Chance in percent that it is won: 100 if it is, 0 if it is lost, else its own, or that of its stage.",
        )
        .expression(
            "weightedAmount",
            figures::weighted_amount,
            Shape::Money,
            "The amount in the base currency times the probability, rounded half-even for each deal, so that parts add up.",
        )
        .expression(
            "daysToClose",
            figures::days_to_close,
            Shape::Decimal(6),
            "Days with fraction from its creation until it was won or lost; empty while it is open.",
        )
        .expression(
            "isFirstPurchase",
            figures::is_first_purchase,
            Shape::Boolean,
            "Whether it is the first that its customer bought, among the deals that the viewer may see; empty unless it is won.",
        )
        .field(Column::RateDate, "The day whose exchange rate fixed the base amount.")
        .choice::<_, entity::enums::LossReason>(Column::LossReason, "Why it was lost.")
        .field(Column::LossComment, "More on why it was lost.")
        .field(Column::Competitor, "Who else is in the race, or won it.")
        .editable()
        .one(Column::LeadId, Kind::Lead, "The lead it grew out of.")
        .one(Column::SourceCampaignId, Kind::Campaign, "The campaign it came from.")
        .editable()
        .many("leads", Kind::Lead, lead::Column::DealId, "All leads that were converted into it.")
        .many("contacts", Kind::DealContact, deal_contact::Column::DealId, "The people who decide.")
        .many("lineItems", Kind::LineItem, line_item::Column::DealId, "What is sold. The amount follows from it.")
        .many("activities", Kind::Activity, activity::Column::DealId, "What was done and planned for it.")
        .and(crate::activity::dates)
        .many("transitions", Kind::Transition, transition::Column::DealId, "Its changes of stage.")
        .many(
            "credits",
            Kind::AttributionCredit,
            attribution_credit::Column::DealId,
            "The touches' shares, once it is won.",
        )
        .derived(crate::attribution::graphql::shares())
        .writes(writes::<deal::Entity>())
        .derived(crate::activity::next::of_deal())
        .life(Column::Status, &rules::LIFE)
        .affects(&[Kind::Transition, Kind::AttributionCredit, Kind::Contact, Kind::Company, Kind::LineItem])
        .demands(Action::Delete, OPEN, "A closed deal is history. Reopen it first (reopenDeal), if it was a mistake.")
        .demands(
            Action::Delete,
            When::Not(&When::Any(Kind::Lead, "deal_id", When::ALWAYS)),
            "Leads were converted into this deal: unconvertLead comes first.",
        )
        .done()
}

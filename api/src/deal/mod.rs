//! Deals: sales on their way to won or lost.

use entity::{activity, attribution_credit, deal, deal_contact, lead, transition};

use crate::access::{Action, Kind};
use crate::store::Resource;
use crate::store::descriptor::{Currency, Declare, Descriptor};

impl Resource for deal::Entity {
    const KIND: Kind = Kind::Deal;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use deal::Column;
    let own = Currency::Column("currency");
    Declare::<deal::Entity>::new(Kind::Deal, "Deal", "deals", "deal", "A sale on its way to won or lost.")
        .field(Column::Name, "What is sold, to whom.")
        .choice::<_, deal::DealKind>(Column::Kind, "First business with the customer, more of it, or the same again.")
        .choice::<_, entity::enums::DealStatus>(Column::Status, "Open, won or lost: the category of its stage.")
        .one(Column::CompanyId, Kind::Company, "The customer.")
        .one(Column::PipelineId, Kind::Pipeline, "The pipeline it goes through.")
        .one(Column::StageId, Kind::Stage, "Where it stands.")
        .money("amount", Column::AmountMinor, own, "What the customer is to pay.")
        .money("cost", Column::CostMinor, own, "What it costs us.")
        .computed_money("margin", "({}.amount_minor - {}.cost_minor)", own, "Amount less cost.")
        .field(Column::ProbabilityOverride, "Chance in percent that it is won, where it differs from the stage's.")
        .field(Column::ExpectedCloseOn, "When it is expected to close.")
        .field(Column::ClosedAt, "When it was won or lost.")
        .money(
            "baseAmount",
            Column::BaseAmountMinor,
            Currency::Base,
            "The amount in the base currency, fixed when it was won.",
        )
        .field(Column::RateDate, "The day whose exchange rate fixed the base amount.")
        .choice::<_, entity::enums::LossReason>(Column::LossReason, "Why it was lost.")
        .field(Column::LossComment, "More on why it was lost.")
        .field(Column::Competitor, "Who else is in the race, or won it.")
        .one(Column::LeadId, Kind::Lead, "The lead it grew out of.")
        .one(Column::SourceCampaignId, Kind::Campaign, "The campaign it came from.")
        .many("leads", Kind::Lead, lead::Column::DealId, "All leads that were converted into it.")
        .many("contacts", Kind::DealContact, deal_contact::Column::DealId, "The people who decide.")
        .many("activities", Kind::Activity, activity::Column::DealId, "What was done and planned for it.")
        .many("transitions", Kind::Transition, transition::Column::DealId, "Its changes of stage.")
        .many(
            "credits",
            Kind::AttributionCredit,
            attribution_credit::Column::DealId,
            "The touches' shares, once it is won.",
        )
        .verb("moveDeal", Action::Move)
        .verb("winDeal", Action::Win)
        .verb("loseDeal", Action::Lose)
        .verb("reopenDeal", Action::Reopen)
        .done()
}

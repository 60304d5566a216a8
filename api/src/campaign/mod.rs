//! Campaigns: what marketing does, for whom, at what budget, with what result.

use entity::{attribution_credit, campaign, campaign_member, deal, lead, touchpoint, transition};

use crate::access::{Action, Kind};
use crate::store::Resource;
use crate::store::descriptor::{Currency, Declare, Descriptor};

impl Resource for campaign::Entity {
    const KIND: Kind = Kind::Campaign;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use campaign::Column;
    let (budget, expected) = (Currency::Column("budget_currency"), Currency::Column("expected_revenue_currency"));
    Declare::<campaign::Entity>::new(Kind::Campaign, "Campaign", "campaigns", "campaign", "A marketing campaign.")
        .field(Column::Name, "The name.")
        .field(Column::Code, "Short unique code; equals `utm_campaign` in tagged links.")
        .choice::<_, entity::enums::Objective>(Column::Objective, "What it is for.")
        .choice::<_, entity::enums::Channel>(Column::Channel, "Where it runs.")
        .choice::<_, entity::enums::Horizon>(Column::Horizon, "How soon it is to pay off.")
        .choice::<_, campaign::CampaignStatus>(Column::Status, "Where it stands; changed by its verbs.")
        .field(Column::StartsOn, "First day.")
        .field(Column::EndsOn, "Last day.")
        .one(Column::ParentId, Kind::Campaign, "The campaign it is part of.")
        .money("budget", Column::BudgetMinor, budget, "What may be spent.")
        .field(Column::ExpectedLeads, "How many leads it is to bring.")
        .money("expectedRevenue", Column::ExpectedRevenueMinor, expected, "What revenue it is to bring.")
        .many("children", Kind::Campaign, Column::ParentId, "The campaigns that are part of it.")
        .many("members", Kind::CampaignMember, campaign_member::Column::CampaignId, "Its audience.")
        .many("touchpoints", Kind::Touchpoint, touchpoint::Column::CampaignId, "Interactions it caused.")
        .many("leads", Kind::Lead, lead::Column::SourceCampaignId, "Leads it brought.")
        .many("deals", Kind::Deal, deal::Column::SourceCampaignId, "Deals that grew out of its leads.")
        .many("credits", Kind::AttributionCredit, attribution_credit::Column::CampaignId, "Its shares in won deals.")
        .many("transitions", Kind::Transition, transition::Column::CampaignId, "Its changes of state.")
        .verb("scheduleCampaign", Action::Schedule)
        .verb("launchCampaign", Action::Launch)
        .verb("pauseCampaign", Action::Pause)
        .verb("resumeCampaign", Action::Resume)
        .verb("completeCampaign", Action::Complete)
        .verb("archiveCampaign", Action::Archive)
        .verb("cancelCampaign", Action::Cancel)
        .done()
}

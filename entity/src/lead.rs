//! Leads: one row per qualification episode of a contact. Nothing about the person is copied here.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::enums::{HandoffReason, LeadSource};

choices! {
    /// Where a lead stands on its way to a deal.
    pub enum LeadStatus {
        /// A fresh inquiry that nobody has looked at yet.
        New,
        /// Not ready to buy; marketing keeps in touch.
        Nurturing,
        /// Marketing-qualified: good enough to be handed to sales.
        Mql,
        /// Sales-accepted: sales has taken the lead over.
        Sal,
        /// Sales-qualified: need, budget or timing is known.
        Sql,
        /// Became part of a deal. Final.
        Converted,
        /// Will not buy. Final: a new interest opens a new lead.
        Disqualified,
    }

    /// How soon a person means to buy.
    pub enum BuyingHorizon {
        /// At once.
        Immediate,
        /// Within the current quarter.
        ThisQuarter,
        /// Within the current year.
        ThisYear,
        /// Later than this year.
        Later,
    }

    /// How well a lead fits what we offer, apart from how interested it is.
    pub enum FitGrade {
        /// Exactly the kind of customer we sell to.
        A,
        /// A good fit.
        B,
        /// A weak fit.
        C,
        /// Hardly a fit.
        D,
    }
}

impl LeadStatus {
    /// Whether the lead is still being worked on; a contact has at most one such lead.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Converted | Self::Disqualified)
    }
}

/// One attempt to find out whether a contact will buy; at most one is open per contact.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "lead")]
pub struct Model {
    /// Primary key, UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// When the row was last changed.
    pub updated_at: DateTimeUtc,
    /// Who wrote the row: a user or an API key; none for the system itself.
    pub created_by: Option<Uuid>,
    /// Counts the changes of the row; a change must name the version it was based on.
    pub version: i32,
    /// When the row was deleted; a deleted row stays in the table.
    pub deleted_at: Option<DateTimeUtc>,
    /// The user who is responsible; none while the row waits in the pool of its team.
    pub owner_id: Option<Uuid>,
    /// The team the row belongs to.
    pub team_id: Option<Uuid>,
    /// The system the row was brought in from.
    pub source_system: Option<String>,
    /// The id of the row in that system; unique within it while the row lives.
    pub external_id: Option<String>,
    /// The person.
    pub contact_id: Uuid,
    /// The company on whose behalf the person asks.
    pub company_id: Option<Uuid>,
    /// Where the lead stands; changes by verbs only.
    pub status: LeadStatus,
    /// How the lead came to us.
    pub source: LeadSource,
    /// The campaign that brought the lead.
    pub source_campaign_id: Option<Uuid>,
    /// What the person is interested in, in their own words.
    pub interest: Option<String>,
    /// What the person needs.
    #[sea_orm(column_type = "Text", nullable)]
    pub need: Option<String>,
    /// What the person can spend.
    #[sea_orm(column_type = "Text", nullable)]
    pub budget: Option<String>,
    /// Who decides.
    #[sea_orm(column_type = "Text", nullable)]
    pub authority: Option<String>,
    /// By when the person wants it.
    #[sea_orm(column_type = "Text", nullable)]
    pub timing: Option<String>,
    /// What a deal might be worth, in minor units of its currency.
    pub estimated_value_minor: Option<i64>,
    /// ISO 4217 code of that amount; set together with it.
    pub estimated_value_currency: Option<String>,
    /// How soon the person means to buy.
    pub buying_horizon: Option<BuyingHorizon>,
    /// Quality of the lead, 0 to 100; written by the scoring rules.
    pub score: i32,
    /// How well company and person fit what we offer.
    pub fit_grade: Option<FitGrade>,
    /// Why the lead was disqualified.
    pub disqualify_reason: Option<HandoffReason>,
    /// How often sales gave the lead back to marketing.
    pub recycled_count: i32,
    /// When the lead was last handed to sales.
    pub handed_off_at: Option<DateTimeUtc>,
    /// When marketing qualified the lead; set once.
    pub mql_at: Option<DateTimeUtc>,
    /// When sales accepted the lead; set once.
    pub sal_at: Option<DateTimeUtc>,
    /// When sales qualified the lead; set once.
    pub sql_at: Option<DateTimeUtc>,
    /// When the lead became part of a deal; set once.
    pub converted_at: Option<DateTimeUtc>,
    /// When the lead was converted or disqualified.
    pub closed_at: Option<DateTimeUtc>,
    /// The deal the lead went into; set if and only if the lead is converted.
    pub deal_id: Option<Uuid>,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

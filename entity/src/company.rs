//! Organisations: customers, and those who may become customers.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

choices! {
    /// Head count of a company, in bands.
    pub enum SizeBand {
        /// 1 person.
        Solo,
        /// 2 to 49 people.
        Small,
        /// 50 to 249 people.
        Medium,
        /// 250 to 999 people.
        Large,
        /// 1,000 people or more.
        Enterprise,
    }

    /// Where a company stands with us.
    pub enum CompanyLifecycle {
        /// Has not bought yet.
        Prospect,
        /// Has bought, and is still a customer.
        Customer,
        /// Bought in the past and no longer does.
        Former,
    }
}

/// An organisation one does business with.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "company")]
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
    /// Trading name.
    pub name: String,
    /// Main web domain, normalised; unique among live companies. Domains of free mail services are
    /// never stored.
    pub domain: Option<String>,
    /// Line of business, in free words.
    pub industry: Option<String>,
    /// Head count, in bands.
    pub size_band: Option<SizeBand>,
    /// Yearly turnover, in minor units of its currency.
    pub annual_revenue_minor: Option<i64>,
    /// ISO 4217 code of that amount; set together with it.
    pub annual_revenue_currency: Option<String>,
    /// ISO 3166-1 alpha-2 code of the head office.
    pub country: Option<String>,
    /// Where the company stands with us; follows from its deals.
    pub lifecycle: CompanyLifecycle,
    /// The company that owns this one.
    pub parent_id: Option<Uuid>,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

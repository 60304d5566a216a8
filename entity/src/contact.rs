//! People outside the company; one row per person, whatever happens to them.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::enums::Channel;

choices! {
    /// How far a person has come on the way from stranger to customer.
    pub enum ContactLifecycle {
        /// Known to us, without a lead.
        Subscriber,
        /// Has an open lead that is not qualified yet.
        Lead,
        /// Has a lead that marketing has qualified (marketing-qualified lead).
        Mql,
        /// Has a lead that sales has accepted (sales-accepted lead).
        Sal,
        /// Takes part in an open deal.
        Opportunity,
        /// Has bought.
        Customer,
    }
}

/// A person one talks to.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "contact")]
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
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// E-mail address, normalised; unique among contacts that are not deleted, merged or erased.
    pub email: Option<String>,
    /// Telephone number in E.164 form, such as `+442071838750`.
    pub phone: Option<String>,
    /// What the person does at work.
    pub job_title: Option<String>,
    /// The company the person works for.
    pub company_id: Option<Uuid>,
    /// How the person likes to be reached.
    pub preferred_channel: Option<Channel>,
    /// BCP 47 tag of the language the person likes to be addressed in.
    pub preferred_language: Option<String>,
    /// IANA time zone of the person.
    pub time_zone: Option<String>,
    /// How far the person has come; follows from leads and deals.
    pub lifecycle: ContactLifecycle,
    /// The contact this duplicate was merged into; asking for the duplicate answers that one.
    pub merged_into_id: Option<Uuid>,
    /// When the personal data were erased at the request of the person.
    pub erased_at: Option<DateTimeUtc>,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! What sales and marketing do, or plan to do, with customers: pitches, calls, meetings, messages,
//! notes.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

choices! {
    /// What is done in an activity.
    pub enum ActivityKind {
        /// Presenting what we offer.
        Pitch,
        /// Showing the product.
        Demo,
        /// A telephone or video call.
        Call,
        /// A meeting.
        Meeting,
        /// An e-mail.
        Email,
        /// A message on a social network.
        SocialMessage,
        /// Talking about price and terms.
        Negotiation,
        /// Getting in touch again.
        FollowUp,
        /// Something worth remembering.
        Note,
    }

    /// Who got in touch with whom.
    pub enum Direction {
        /// They got in touch with us.
        Inbound,
        /// We got in touch with them.
        Outbound,
    }

    /// Whether an activity is still to be done.
    pub enum ActivityStatus {
        /// Still to be done.
        Planned,
        /// Has taken place.
        Done,
        /// The other side did not turn up.
        NoShow,
        /// Will not take place.
        Cancelled,
    }

    /// How urgent an activity is.
    pub enum Priority {
        /// Takes its turn: the usual case.
        Normal,
        /// Can wait.
        Low,
        /// Goes first.
        High,
    }

    /// What came of an activity.
    pub enum ActivityOutcome {
        /// Spoke to the person.
        Reached,
        /// Could not get hold of the person.
        NotReached,
        /// The person wants to know more.
        Interested,
        /// The person does not want to go on.
        NotInterested,
        /// Something was agreed.
        Agreed,
        /// The person raised an objection.
        Objection,
        /// Put off to another time.
        Rescheduled,
        /// Anything else; see the notes.
        Other,
    }
}

/// One piece of work; linked to at least one contact, lead, deal, company or campaign.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "activity")]
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
    /// What is done.
    pub kind: ActivityKind,
    /// In one line, what it is about.
    pub subject: String,
    /// Notes, or the text of the message. Restricted on deals.
    pub body: Option<String>,
    /// Who got in touch with whom.
    pub direction: Option<Direction>,
    /// Whether it is still to be done.
    pub status: ActivityStatus,
    /// How urgent it is.
    pub priority: Priority,
    /// When it is to be done by.
    pub due_at: Option<DateTimeUtc>,
    /// When it began.
    pub started_at: Option<DateTimeUtc>,
    /// When it ended.
    pub ended_at: Option<DateTimeUtc>,
    /// What came of it.
    pub outcome: Option<ActivityOutcome>,
    /// The contact it concerns.
    pub contact_id: Option<Uuid>,
    /// The lead it concerns.
    pub lead_id: Option<Uuid>,
    /// The deal it concerns.
    pub deal_id: Option<Uuid>,
    /// The company it concerns.
    pub company_id: Option<Uuid>,
    /// The campaign it concerns.
    pub campaign_id: Option<Uuid>,
    /// The activity this one follows up.
    pub follows_id: Option<Uuid>,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

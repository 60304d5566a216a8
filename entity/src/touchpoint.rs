//! Touches between people and our marketing. Append-only: a fact is never changed, but that an anonymous one finds its
//! person.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::enums::Channel;

choices! {
    /// What happened between a person and our marketing.
    pub enum TouchpointKind {
        /// An advertisement was shown. Recorded, but earns no credit for revenue.
        Impression,
        /// An advertisement was clicked.
        AdClick,
        /// An e-mail was opened. Recorded, but earns no credit for revenue: mail programs open by themselves.
        EmailOpen,
        /// A link in an e-mail was clicked.
        EmailClick,
        /// A page of our website was viewed.
        PageView,
        /// A form was sent in.
        FormSubmission,
        /// A file was downloaded.
        Download,
        /// A social post of ours was liked, shared or commented on.
        SocialEngagement,
        /// A webinar was attended.
        WebinarAttendance,
        /// An event was attended in person.
        EventAttendance,
        /// A telephone conversation.
        Call,
        /// A meeting.
        Meeting,
        /// A conversation in a chat.
        Chat,
        /// Somebody recommended us.
        Referral,
        /// Anything else.
        Other,
    }
}

impl TouchpointKind {
    /// Whether a touch of this kind may earn credit for revenue: all but those that need no
    /// deliberate act of the person.
    pub fn is_creditable(self) -> bool {
        !matches!(self, Self::Impression | Self::EmailOpen)
    }
}

/// One touch of a person, known or anonymous.
#[derive(Clone, Debug, Default, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "touchpoint")]
pub struct Model {
    /// Primary key, UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// Who wrote the row: a user or an API key; none for the system itself.
    pub created_by: Option<Uuid>,
    /// The system the row was brought in from.
    pub source_system: Option<String>,
    /// The id of the row in that system; unique within it while the row lives.
    pub external_id: Option<String>,
    /// When it happened.
    pub occurred_at: DateTimeUtc,
    /// What happened.
    pub kind: TouchpointKind,
    /// Where it happened.
    pub channel: Channel,
    /// The person, once known.
    pub contact_id: Option<Uuid>,
    /// Pseudonymous key of an anonymous visitor; lets a contact adopt earlier touches.
    pub visitor_key: Option<String>,
    /// The campaign that caused the touch.
    pub campaign_id: Option<Uuid>,
    /// `utm_source` of the link.
    pub utm_source: Option<String>,
    /// `utm_medium` of the link.
    pub utm_medium: Option<String>,
    /// `utm_campaign` of the link.
    pub utm_campaign: Option<String>,
    /// `utm_term` of the link.
    pub utm_term: Option<String>,
    /// `utm_content` of the link.
    pub utm_content: Option<String>,
    /// The page that was visited.
    pub url: Option<String>,
    /// The page the visitor came from.
    pub referrer: Option<String>,
    /// Whether the touch may earn credit for revenue: a stored copy of `kind.is_creditable()`, so
    /// that queries can use it.
    pub creditable: bool,
    /// Deals that were closed by then give it no credit; none: it counts for every deal.
    pub counts_from: Option<DateTimeUtc>,
}

/// None: the graph declares its relations where it reads them.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

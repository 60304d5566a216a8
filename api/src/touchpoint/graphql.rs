//! Recording touches.

use async_graphql::{InputObject, SimpleObject};
use entity::enums::Channel;
use entity::touchpoint::TouchpointKind;
use entity::{campaign, contact, touchpoint};
use serde::{Deserialize, Serialize};

use crate::error::Mistake;
use crate::graphql::judge::Raw;
use crate::graphql::mutation::{Payload, verbs};
use crate::graphql::node::{Node, RowRef};
use crate::graphql::scalar::{Id, Moment, Url};

verbs! {
    /// Facts about people and our marketing.
    TouchpointVerbs {
        /// Records one touch. A touch that its source has sent before (`sourceSystem`, `externalId`) is answered as it
        /// was recorded.
        record_touchpoint(RecordTouchpointInput) -> RecordTouchpointPayload = super::commands::record_one;
        /// Records up to 1,000 touches; each gets its own answer.
        record_touchpoints(RecordTouchpointsInput) -> RecordTouchpointsPayload = super::commands::record_many;
    }
}

/// One touch as it is recorded.
#[derive(Clone, Debug, Default, InputObject)]
pub struct TouchpointInput {
    /// When it happened; now unless given. Not in the future; up to five minutes ahead count as now.
    pub occurred_at: Option<Moment>,
    /// What happened.
    pub kind: TouchpointKind,
    /// Where it happened. Left out, it follows from `utmMedium` and `utmSource`, else from the campaign.
    pub channel: Option<Channel>,
    /// The person; this or `visitorKey` is required.
    pub contact_id: Option<Id<contact::Entity>>,
    /// The pseudonymous key of an anonymous visitor, up to 200 characters.
    pub visitor_key: Option<String>,
    /// The campaign that caused it. Left out, it is the one whose code is `utmCampaign`, if there is one.
    pub campaign_id: Option<Id<campaign::Entity>>,
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
    /// The page.
    pub url: Option<Url>,
    /// The page before.
    pub referrer: Option<Url>,
    /// The system that observed it; goes with `externalId`.
    pub source_system: Option<String>,
    /// The touch's id in that system: the same touch sent again is recorded once.
    pub external_id: Option<String>,
}

/// The input of recordTouchpoint.
#[derive(Clone, InputObject)]
pub struct RecordTouchpointInput {
    /// What happened.
    pub touchpoint: TouchpointInput,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The input of recordTouchpoints.
#[derive(Clone, InputObject)]
pub struct RecordTouchpointsInput {
    /// What happened: 1 to 1,000 touches.
    pub touchpoints: Vec<Raw<TouchpointInput>>,
    /// True: all of them or none.
    #[graphql(default)]
    pub atomic: bool,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// The outcome of recordTouchpoint.
#[derive(Debug, SimpleObject, Serialize, Deserialize)]
pub struct RecordTouchpointPayload {
    /// The recorded touch; null if it was refused.
    pub touchpoint: Node<touchpoint::Entity>,
    /// Its source had sent it before.
    pub already_recorded: bool,
    /// What has to be corrected first; empty when it was done.
    pub user_errors: Vec<Mistake>,
}

/// The outcome of recordTouchpoints.
#[derive(Debug, SimpleObject, Serialize, Deserialize)]
pub struct RecordTouchpointsPayload {
    /// One for each touch, in the order of the input; empty if nothing was done.
    pub results: Vec<TouchpointResult>,
    /// What has to be corrected first; empty when the touches were looked at one by one.
    pub user_errors: Vec<Mistake>,
}

/// What came of one touch.
#[derive(Debug, SimpleObject, Serialize, Deserialize)]
pub struct TouchpointResult {
    /// The place in `touchpoints`, from 0.
    pub index: i32,
    /// The recorded touch; null if it was refused.
    pub touchpoint: Node<touchpoint::Entity>,
    /// Its source had sent it before.
    pub already_recorded: bool,
    /// Why it was refused.
    pub user_errors: Vec<Mistake>,
}

impl Payload for RecordTouchpointPayload {
    fn refused(mistakes: Vec<Mistake>) -> Self {
        Self { touchpoint: Node::none(), already_recorded: false, user_errors: mistakes }
    }

    fn rows(&mut self) -> Vec<&mut RowRef> {
        vec![self.touchpoint.row()]
    }
}

impl Payload for RecordTouchpointsPayload {
    fn refused(mistakes: Vec<Mistake>) -> Self {
        Self { results: Vec::new(), user_errors: mistakes }
    }

    fn rows(&mut self) -> Vec<&mut RowRef> {
        self.results.iter_mut().map(|result| result.touchpoint.row()).collect()
    }
}

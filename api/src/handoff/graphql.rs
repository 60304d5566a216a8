//! The verbs of a hand-off that are not verbs of its lead.

use async_graphql::InputObject;
use entity::handoff;

use crate::graphql::mutation::{Changed, verbs};
use crate::graphql::scalar::{Id, Words};

verbs! {
    /// What marketing does with the answers of sales.
    HandoffVerbs {
        /// Takes note of sales' answer to a hand-off (or of its silence), with what marketing changed because of it.
        /// Until then it stands in marketing's inbox. It has to be accepted, rejected or expired, else CONFLICT.
        acknowledge_handoff(AcknowledgeHandoffInput) -> Changed<handoff::Entity> = super::commands::acknowledge,
            many acknowledge_handoffs(AcknowledgeHandoffsInput) -> AcknowledgeHandoffsPayload;
    }
}

/// The input of acknowledgeHandoff.
#[derive(Clone, InputObject)]
pub struct AcknowledgeHandoffInput {
    /// The hand-off.
    pub id: Id<handoff::Entity>,
    /// The `version` of the hand-off the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// What marketing changed because of the answer, if anything.
    pub action_taken: Option<Words>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

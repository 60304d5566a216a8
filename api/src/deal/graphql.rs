//! The verbs of a deal's life.

use async_graphql::InputObject;
use entity::enums::LossReason;
use entity::{deal, stage};

use crate::graphql::mutation::{Changed, verbs};
use crate::graphql::scalar::{Id, Moment, MoneyInput};

verbs! {
    /// The verbs of a deal's life.
    DealVerbs {
        /// Moves an open deal to another open stage of its pipeline, in any direction; recorded as a transition. A move
        /// forward needs the exit criteria of the stages that are left.
        move_deal(MoveDealInput) -> Changed<deal::Entity> = super::commands::move_to,
            many move_deals(MoveDealsInput) -> MoveDealsPayload;

        /// Closes an open deal as won: it goes to its pipeline's WON stage, its revenue is fixed in the base currency
        /// at the rate of the closing day, its people and company become customers, and the touches that led to it get
        /// their credit.
        win_deal(WinDealInput) -> Changed<deal::Entity> = super::commands::win,
            many win_deals(WinDealsInput) -> WinDealsPayload;

        /// Closes an open deal as lost, with the reason.
        lose_deal(LoseDealInput) -> Changed<deal::Entity> = super::commands::lose,
            many lose_deals(LoseDealsInput) -> LoseDealsPayload;

        /// Opens a closed deal again in the last open stage it was in; its fixed revenue and credits are withdrawn.
        reopen_deal(ReopenDealInput) -> Changed<deal::Entity> = super::commands::reopen,
            many reopen_deals(ReopenDealsInput) -> ReopenDealsPayload;
    }
}

/// What moveDeal takes.
#[derive(Clone, InputObject)]
pub struct MoveDealInput {
    /// The deal.
    pub id: Id<deal::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// The stage it goes to: an open one of its pipeline.
    pub stage_id: Id<stage::Entity>,
    /// What is known now: for a move forward, every exit criterion of the stages that are left, word for word.
    #[graphql(default)]
    pub exit_criteria_met: Vec<String>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// What winDeal takes.
#[derive(Clone, InputObject)]
pub struct WinDealInput {
    /// The deal.
    pub id: Id<deal::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// What the customer is to pay, if the deal does not say so yet or not rightly; above zero.
    pub amount: Option<MoneyInput>,
    /// When it was won, not in the future; now unless given.
    pub closed_at: Option<Moment>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// What loseDeal takes.
#[derive(Clone, InputObject)]
pub struct LoseDealInput {
    /// The deal.
    pub id: Id<deal::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// Why it was lost.
    pub loss_reason: LossReason,
    /// More on why; required when the reason is OTHER.
    pub loss_comment: Option<String>,
    /// Who won it instead.
    pub competitor: Option<String>,
    /// The LOST stage, for a pipeline that has several; its first one unless given.
    pub stage_id: Option<Id<stage::Entity>>,
    /// When it was lost, not in the future; now unless given.
    pub closed_at: Option<Moment>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// What reopenDeal takes.
#[derive(Clone, InputObject)]
pub struct ReopenDealInput {
    /// The deal.
    pub id: Id<deal::Entity>,
    /// The `version` the decision is based on; a stale one is CONFLICT.
    pub expected_version: i32,
    /// Why it is opened again; kept in the event log.
    pub reason: Option<String>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

//! The mutations of a campaign's life.

use async_graphql::InputObject;
use entity::campaign;

use crate::graphql::mutation::{Changed, verbs};
use crate::graphql::scalar::Id;

verbs! {
    /// The verbs of a campaign's life.
    CampaignVerbs {
        /// Plans the start of a draft: DRAFT -> SCHEDULED. Both dates must be set, and a budget where the channel is
        /// paid.
        schedule_campaign(ScheduleCampaignInput) -> Changed<campaign::Entity> = super::commands::schedule,
            many schedule_campaigns(ScheduleCampaignsInput) -> ScheduleCampaignsPayload;
        /// Starts a campaign: DRAFT, SCHEDULED -> ACTIVE. A channel that addresses chosen people (EMAIL, PHONE, SMS,
        /// DIRECT_MAIL) needs members, a paid one a budget, which the launch approves.
        launch_campaign(LaunchCampaignInput) -> Changed<campaign::Entity> = super::commands::launch,
            many launch_campaigns(LaunchCampaignsInput) -> LaunchCampaignsPayload;
        /// Halts a running campaign: ACTIVE -> PAUSED.
        pause_campaign(PauseCampaignInput) -> Changed<campaign::Entity> = super::commands::pause,
            many pause_campaigns(PauseCampaignsInput) -> PauseCampaignsPayload;
        /// Goes on with a halted campaign: PAUSED -> ACTIVE; its last day must not have passed.
        resume_campaign(ResumeCampaignInput) -> Changed<campaign::Entity> = super::commands::resume,
            many resume_campaigns(ResumeCampaignsInput) -> ResumeCampaignsPayload;
        /// Ends a campaign: ACTIVE, PAUSED -> COMPLETED. Before its last day it takes a reason.
        complete_campaign(CompleteCampaignInput) -> Changed<campaign::Entity> = super::commands::complete,
            many complete_campaigns(CompleteCampaignsInput) -> CompleteCampaignsPayload;
        /// Puts an ended campaign away: COMPLETED, CANCELLED -> ARCHIVED.
        archive_campaign(ArchiveCampaignInput) -> Changed<campaign::Entity> = super::commands::archive,
            many archive_campaigns(ArchiveCampaignsInput) -> ArchiveCampaignsPayload;
        /// Gives a campaign up: DRAFT, SCHEDULED, PAUSED -> CANCELLED.
        cancel_campaign(CancelCampaignInput) -> Changed<campaign::Entity> = super::commands::cancel,
            many cancel_campaigns(CancelCampaignsInput) -> CancelCampaignsPayload;
    }
}

/// Inputs that name the campaign and the version, and what else the verb takes.
macro_rules! inputs {
    ($( $(#[$doc:meta])+ $name:ident { $( $(#[$field_doc:meta])+ $field:ident: $ty:ty, )* } )+) => { $(
        $(#[$doc])+
        #[derive(Clone, InputObject)]
        pub struct $name {
            /// The campaign.
            pub id: Id<campaign::Entity>,
            /// The `version` the decision is based on; a stale one is CONFLICT.
            pub expected_version: i32,
            $( $(#[$field_doc])+ pub $field: $ty, )*
            /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
            pub idempotency_key: Option<String>,
        }
    )+ };
}

inputs! {
    /// The input of scheduleCampaign.
    ScheduleCampaignInput {}
    /// The input of launchCampaign.
    LaunchCampaignInput {}
    /// The input of pauseCampaign.
    PauseCampaignInput {}
    /// The input of resumeCampaign.
    ResumeCampaignInput {}
    /// The input of completeCampaign.
    CompleteCampaignInput {
        /// Why it ends before its last day; kept in the event log.
        reason: Option<String>,
    }
    /// The input of archiveCampaign.
    ArchiveCampaignInput {}
    /// The input of cancelCampaign.
    CancelCampaignInput {
        /// Why it is given up; kept in the event log.
        reason: Option<String>,
    }
}

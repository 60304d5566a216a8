//! The verbs of a campaign's life: guards first, then the new state and its record.

use entity::campaign::CampaignStatus;
use entity::{campaign, campaign_member};
use uuid::Uuid;

use super::graphql::{
    ArchiveCampaignInput, CancelCampaignInput, CompleteCampaignInput, LaunchCampaignInput, PauseCampaignInput,
    ResumeCampaignInput, ScheduleCampaignInput,
};
use super::rules;
use crate::access::Action;
use crate::error::Result;
use crate::graphql::mutation::Changed;
use crate::spelling::text;
use crate::store::{Change, Tx};
use crate::transition::{self, Step, Subject};

/// A changed campaign.
type Outcome = Result<Changed<campaign::Entity>>;

/// Plans the start.
///
/// # Errors
/// CONFLICT: not a draft; `Invalid`: dates or budget are missing.
pub async fn schedule(tx: &Tx, input: ScheduleCampaignInput) -> Outcome {
    let (campaign, to) = begin(tx, input.id.uuid(), Action::Schedule, input.expected_version).await?;
    rules::may_schedule(&campaign)?;
    step(tx, campaign, to).await
}

/// Starts it.
///
/// # Errors
/// CONFLICT: neither draft nor scheduled; `Invalid`: no audience, no budget, or over.
pub async fn launch(tx: &Tx, input: LaunchCampaignInput) -> Outcome {
    let (campaign, to) = begin(tx, input.id.uuid(), Action::Launch, input.expected_version).await?;
    let members = tx
        .all::<campaign_member::Entity>(&campaign.warrant())
        .matching(campaign_member::Column::CampaignId, campaign.id)
        .limit(1)
        .count()
        .await?;
    rules::may_launch(&campaign, members, tx.today())?;
    step(tx, campaign, to).await
}

/// Halts it.
///
/// # Errors
/// CONFLICT: not active.
pub async fn pause(tx: &Tx, input: PauseCampaignInput) -> Outcome {
    let (campaign, to) = begin(tx, input.id.uuid(), Action::Pause, input.expected_version).await?;
    step(tx, campaign, to).await
}

/// Goes on with it.
///
/// # Errors
/// CONFLICT: not paused; `Invalid`: its last day has passed.
pub async fn resume(tx: &Tx, input: ResumeCampaignInput) -> Outcome {
    let (campaign, to) = begin(tx, input.id.uuid(), Action::Resume, input.expected_version).await?;
    rules::may_resume(&campaign, tx.today())?;
    step(tx, campaign, to).await
}

/// Ends it.
///
/// # Errors
/// CONFLICT: neither active nor paused; `Invalid`: before its last day and without a reason.
pub async fn complete(tx: &Tx, input: CompleteCampaignInput) -> Outcome {
    let (campaign, to) = begin(tx, input.id.uuid(), Action::Complete, input.expected_version).await?;
    let reason = given(input.reason.as_deref());
    rules::may_complete(&campaign, reason, tx.today())?;
    note(tx, reason);
    step(tx, campaign, to).await
}

/// Puts it away.
///
/// # Errors
/// CONFLICT: neither completed nor cancelled.
pub async fn archive(tx: &Tx, input: ArchiveCampaignInput) -> Outcome {
    let (campaign, to) = begin(tx, input.id.uuid(), Action::Archive, input.expected_version).await?;
    step(tx, campaign, to).await
}

/// Gives it up.
///
/// # Errors
/// CONFLICT: it runs, or is over.
pub async fn cancel(tx: &Tx, input: CancelCampaignInput) -> Outcome {
    let (campaign, to) = begin(tx, input.id.uuid(), Action::Cancel, input.expected_version).await?;
    note(tx, given(input.reason.as_deref()));
    step(tx, campaign, to).await
}

/// The campaign and the state that the verb leads to.
async fn begin(
    tx: &Tx,
    id: Uuid,
    action: Action,
    expected_version: i32,
) -> Result<(Change<campaign::Entity>, CampaignStatus)> {
    let campaign = tx.edit::<campaign::Entity>(id, action, expected_version).await?;
    let to = rules::LIFE.next(action, campaign.status)?;
    Ok((campaign, to))
}

async fn step(tx: &Tx, mut campaign: Change<campaign::Entity>, to: CampaignStatus) -> Outcome {
    let warrant = campaign.warrant();
    let from = campaign.status;
    campaign.status = to;
    let campaign = tx.save(campaign).await?;
    let step = Step { from: Some(from.as_str().to_owned()), to: to.as_str().to_owned(), ..Step::default() };
    transition::record(tx, &warrant, Subject::Campaign(campaign.id), step).await?;
    Ok(Changed::row(campaign.id))
}

fn given(reason: Option<&str>) -> Option<&str> {
    reason.and_then(text::said)
}

fn note(tx: &Tx, reason: Option<&str>) {
    if let Some(reason) = reason {
        tx.because(reason);
    }
}

//! What may happen to a campaign, decided without looking anything up.

use chrono::NaiveDate;
use entity::campaign::{CampaignStatus, Model};
use entity::enums::Channel;

use crate::access::Action;
use crate::checks::Checks;
use crate::error::Result;
use crate::lifecycle::{Lifecycle, Verb};

/// The life of a campaign.
pub const LIFE: Lifecycle<CampaignStatus> = Lifecycle { what: "campaign", verbs: VERBS };

#[rustfmt::skip]
const VERBS: &[Verb<CampaignStatus>] = {
    use CampaignStatus::*;
    &[
        Verb::new("scheduleCampaign", Action::Schedule, &[Draft],                    &[Scheduled]),
        Verb::new("launchCampaign",   Action::Launch,   &[Draft, Scheduled],         &[Active]),
        Verb::new("pauseCampaign",    Action::Pause,    &[Active],                   &[Paused]),
        Verb::new("resumeCampaign",   Action::Resume,   &[Paused],                   &[Active]),
        Verb::new("completeCampaign", Action::Complete, &[Active, Paused],           &[Completed]),
        Verb::new("archiveCampaign",  Action::Archive,  &[Completed, Cancelled],     &[Archived]),
        Verb::new("cancelCampaign",   Action::Cancel,   &[Draft, Scheduled, Paused], &[Cancelled]),
    ]
};

/// Money is spent on every contact there.
pub fn is_paid(channel: Channel) -> bool {
    matches!(channel, Channel::PaidSearch | Channel::PaidSocial | Channel::Display)
}

/// The channel reaches only people who were chosen before; every other finds its audience itself.
pub fn addresses_members(channel: Channel) -> bool {
    matches!(channel, Channel::Email | Channel::Phone | Channel::Sms | Channel::DirectMail)
}

/// Is the plan complete enough to be scheduled?
///
/// # Errors
/// The fields that are missing.
pub fn may_schedule(campaign: &Model) -> Result<()> {
    let mut checks = Checks::new();
    checks.expect(campaign.starts_on.is_some(), "REQUIRED", "startsOn", "Say on which day the campaign starts.");
    checks.expect(campaign.ends_on.is_some(), "REQUIRED", "endsOn", "Say on which day the campaign ends.");
    check_budget(campaign, &mut checks);
    checks.done()
}

/// Is there somebody to reach, money to spend and time left? Whoever may launch approves the budget by doing so.
///
/// # Errors
/// The fields that a person has to mend.
pub fn may_launch(campaign: &Model, members: u64, today: NaiveDate) -> Result<()> {
    let mut checks = Checks::new();
    checks.expect(
        members > 0 || !addresses_members(campaign.channel),
        "REQUIRED",
        "members",
        "The campaign has no audience: add members first.",
    );
    check_budget(campaign, &mut checks);
    check_not_over(campaign, today, &mut checks);
    checks.done()
}

/// Is there time left to go on?
///
/// # Errors
/// The last day has passed.
pub fn may_resume(campaign: &Model, today: NaiveDate) -> Result<()> {
    let mut checks = Checks::new();
    check_not_over(campaign, today, &mut checks);
    checks.done()
}

/// Has the end been reached, or is there a reason to end before it?
///
/// # Errors
/// A reason is missing.
pub fn may_complete(campaign: &Model, reason: Option<&str>, today: NaiveDate) -> Result<()> {
    let over = campaign.ends_on.is_some_and(|end| end <= today);
    let mut checks = Checks::new();
    checks.expect(
        over || reason.is_some(),
        "REQUIRED",
        "reason",
        "The campaign has not reached its last day: say why it is completed now.",
    );
    checks.done()
}

fn check_budget(campaign: &Model, checks: &mut Checks) {
    checks.expect(
        campaign.budget_minor.is_some() || !is_paid(campaign.channel),
        "REQUIRED",
        "budget",
        "A campaign in a paid channel needs a budget.",
    );
}

fn check_not_over(campaign: &Model, today: NaiveDate, checks: &mut Checks) {
    let over = campaign.ends_on.is_some_and(|end| end < today);
    checks.expect(!over, "INVALID", "endsOn", "The last day has passed: set a later one first.");
}

/// `Spring Sale 2026` -> `spring-sale-2026`: lower case, and hyphens for blanks, so that links can bear it.
///
/// # Errors
/// What a code may look like.
pub fn normalise_code(code: &str) -> Result<String, &'static str> {
    let code = code.split_whitespace().collect::<Vec<_>>().join("-").to_lowercase();
    let fits = (1..=64).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte));
    if fits { Ok(code) } else { Err("A code has 1 to 64 letters a to z, digits, hyphens, underscores or points.") }
}

/// Does the second span lie inside the first, as far as days are set?
pub fn lies_inside(outer: &Model, inner: &Model) -> bool {
    let begins = match (outer.starts_on, inner.starts_on) {
        (Some(outer), Some(inner)) => inner >= outer,
        _ => true,
    };
    let ends = match (outer.ends_on, inner.ends_on) {
        (Some(outer), Some(inner)) => inner <= outer,
        _ => true,
    };
    // A span that is open at one end must not lie wholly beyond the other.
    let overlaps = match (outer.starts_on, inner.ends_on, outer.ends_on, inner.starts_on) {
        (Some(from), Some(to), _, _) if to < from => false,
        (_, _, Some(to), Some(from)) if from > to => false,
        _ => true,
    };
    begins && ends && overlaps
}

/// Has the campaign run, or may it have? Then it stays.
pub fn was_launched(status: CampaignStatus, ever_active: bool) -> bool {
    match status {
        CampaignStatus::Draft | CampaignStatus::Scheduled => false,
        CampaignStatus::Cancelled => ever_active,
        _ => true,
    }
}

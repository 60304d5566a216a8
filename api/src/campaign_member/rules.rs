//! How far a campaign may come with one contact.

use entity::campaign::CampaignStatus;
use entity::campaign_member::MemberStatus;

/// May a person set this status by hand? Answers only go forward; CONVERTED is written by the conversion of a lead.
pub fn may_become(from: MemberStatus, to: MemberStatus) -> bool {
    use MemberStatus::*;
    match (from, to) {
        (from, to) if from == to => true,
        (_, Converted) => false,
        (Targeted | Excluded, Targeted | Excluded) => true,
        (Targeted, Sent | Responded | OptedOut) | (Sent, Responded | OptedOut) | (Responded, OptedOut) => true,
        _ => false,
    }
}

/// May a new member start with this status?
pub fn may_start_as(status: MemberStatus) -> bool {
    status != MemberStatus::Converted
}

/// Does the campaign still take members?
pub fn takes_members(status: CampaignStatus) -> bool {
    use CampaignStatus::*;
    matches!(status, Draft | Scheduled | Active | Paused)
}

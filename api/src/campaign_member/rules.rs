//! How far a campaign may come with one contact.

use chrono::{DateTime, Utc};
use entity::campaign_member::{MemberStatus, Model};

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

/// The person has responded. The first response keeps its moment; who opted out or has come further stays so.
pub fn respond(member: &mut Model, at: DateTime<Utc>) {
    member.first_responded_at.get_or_insert(at);
    if matches!(member.status, MemberStatus::Targeted | MemberStatus::Sent) {
        member.status = MemberStatus::Responded;
    }
}

/// Is the person out of the campaign, whatever happens to a lead? Who opted out or is excluded stays so.
pub fn is_out(status: MemberStatus) -> bool {
    matches!(status, MemberStatus::OptedOut | MemberStatus::Excluded)
}

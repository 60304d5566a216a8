//! Filling a campaign's audience.

use std::collections::{BTreeSet, HashMap, HashSet};

use entity::campaign_member::MemberStatus;
use entity::{campaign, campaign_member, contact};
use uuid::Uuid;

use super::graphql::{AddCampaignMembersInput, AddCampaignMembersPayload, CampaignMemberResult};
use super::rules;
use crate::access::Action;
use crate::bulk;
use crate::contact::commands::reachable;
use crate::error::{Error, Mistake, Result};
use crate::graphql::node::Node;
use crate::store::Tx;

/// Adds contacts to the audience.
///
/// # Errors
/// NOT_FOUND: the campaign; FORBIDDEN; CONFLICT: it is over; `Invalid`: too many or too few, or one of all.
pub async fn add(tx: &Tx, input: AddCampaignMembersInput) -> Result<AddCampaignMembersPayload> {
    tx.may::<campaign_member::Entity>(Action::Create)?;
    bulk::check_length("contactIds", input.contact_ids.len())?;
    if !rules::may_start_as(input.status) {
        return Err(Error::invalid("NOT_ALLOWED", "status", "A member becomes CONVERTED with the lead, not by hand."));
    }
    let campaign = tx.get::<campaign::Entity>(input.campaign_id.uuid()).await?;
    tx.hold_whole::<campaign_member::Entity>(campaign.id).await?;
    let ids: Vec<_> = input.contact_ids.iter().map(|id| id.uuid()).collect();
    let found = contacts(tx, &ids).await?;
    let checked = |(index, id)| found.get(id).ok_or_else(|| nobody(index)).and_then(|contact| living(contact, index));
    let asked: Vec<_> = ids.iter().enumerate().map(checked).collect();
    let wanted: BTreeSet<_> = asked.iter().flatten().copied().collect();
    let mut members = members(tx, campaign.id, &wanted).await?;
    let missing = wanted.iter().filter(|contact| !members.contains_key(contact));
    let rows: Vec<_> = missing.map(|contact| row(tx, &input, campaign.id, *contact)).collect();
    let made = tx.create_new::<campaign_member::Entity, _>(rows.clone(), |member| member.contact_id).await?;
    let (ours, theirs): (Vec<_>, Vec<_>) = rows.iter().partition(|member| made.contains(&member.id));
    members.extend(ours.iter().map(|member| (member.contact_id, member.id)));
    // Whom others added at this moment.
    let theirs = theirs.iter().map(|member| member.contact_id).collect();
    members.extend(self::members(tx, campaign.id, &theirs).await?);
    let mut told = HashSet::new();
    let results: Vec<_> = asked
        .into_iter()
        .enumerate()
        .map(|(index, contact)| {
            let added = contact.and_then(|contact| members.get(&contact).copied().ok_or_else(|| gone(index)));
            result(index, added.map(|member| (member, !made.contains(&member) || !told.insert(member))))
        })
        .collect();
    bulk::all_or_none(input.atomic, results.iter().flat_map(|result| &result.user_errors))?;
    Ok(AddCampaignMembersPayload { results, user_errors: Vec::new() })
}

fn row(tx: &Tx, input: &AddCampaignMembersInput, campaign: Uuid, contact: Uuid) -> campaign_member::Model {
    campaign_member::Model {
        id: tx.id(),
        campaign_id: campaign,
        contact_id: contact,
        status: input.status,
        first_responded_at: (input.status == MemberStatus::Responded).then(|| tx.now()),
        source: input.source,
        ..campaign_member::Model::default()
    }
}

/// The visible contacts by the id they were asked for; a merged one answers as the one it was merged into.
async fn contacts(tx: &Tx, ids: &[Uuid]) -> Result<HashMap<Uuid, contact::Model>> {
    reachable(tx, ids).await
}

/// The memberships of these contacts, by contact.
async fn members(tx: &Tx, campaign: Uuid, contacts: &BTreeSet<Uuid>) -> Result<HashMap<Uuid, Uuid>> {
    use campaign_member::Column;
    if contacts.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<_> = contacts.iter().copied().collect();
    let warrant = tx.may::<campaign_member::Entity>(Action::Create)?;
    let rows = tx.all::<campaign_member::Entity>(&warrant).matching(Column::CampaignId, campaign);
    let rows = rows.any_of(Column::ContactId, &ids).all().await?;
    Ok(rows.into_iter().map(|member| (member.contact_id, member.id)).collect())
}

fn living(contact: &contact::Model, index: usize) -> Result<Uuid, Mistake> {
    if contact.erased_at.is_some() {
        let field = format!("contactIds.{index}");
        return Err(Mistake::new("NOT_ALLOWED", &field, "The person's data were erased on request."));
    }
    Ok(contact.id)
}

fn nobody(index: usize) -> Mistake {
    Mistake::new("NOT_FOUND", &format!("contactIds.{index}"), "There is no such Contact.")
}

/// Somebody took them out of the audience at this moment.
fn gone(index: usize) -> Mistake {
    Mistake::new("CONFLICT", &format!("contactIds.{index}"), "The member was removed just now. Try again.")
}

fn result(index: usize, added: Result<(Uuid, bool), Mistake>) -> CampaignMemberResult {
    let index = i32::try_from(index).unwrap_or(i32::MAX);
    match added {
        Ok((member, already_member)) => {
            CampaignMemberResult { index, member: Node::at(member), already_member, user_errors: Vec::new() }
        }
        Err(mistake) => {
            CampaignMemberResult { index, member: Node::none(), already_member: false, user_errors: vec![mistake] }
        }
    }
}

//! Filling a campaign's audience.

use std::collections::HashMap;

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
    if !rules::takes_members(campaign.status) {
        return Err(Error::conflict(format!(
            "The campaign is {}: only one that is still to run or running takes members.",
            campaign.status.as_str()
        )));
    }
    let ids: Vec<_> = input.contact_ids.iter().map(|id| id.uuid()).collect();
    let contacts = contacts(tx, &ids).await?;
    let mut known = members(tx, campaign.id, &contacts).await?;
    let mut results = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        let contact = contacts.get(id).ok_or_else(|| nobody(index)).and_then(|contact| living(contact, index));
        let added = match contact {
            Err(mistake) => Err(vec![mistake]),
            Ok(contact) => match known.get(&contact) {
                Some(member) => Ok((*member, true)),
                None => Ok((create(tx, &input, campaign.id, contact).await?, false)),
            }
            .inspect(|(member, _)| {
                known.insert(contact, *member);
            }),
        };
        results.push(result(index, added));
    }
    let mistakes = results.iter().flat_map(|result| &result.user_errors);
    bulk::all_or_none(input.atomic, mistakes)?;
    Ok(AddCampaignMembersPayload { results, user_errors: Vec::new() })
}

async fn create(tx: &Tx, input: &AddCampaignMembersInput, campaign: Uuid, contact: Uuid) -> Result<Uuid> {
    let row = campaign_member::Model {
        campaign_id: campaign,
        contact_id: contact,
        status: input.status,
        first_responded_at: (input.status == MemberStatus::Responded).then(|| tx.now()),
        source: input.source,
        ..campaign_member::Model::default()
    };
    Ok(tx.create::<campaign_member::Entity>(row).await?.id)
}

/// The visible contacts by the id they were asked for; a merged one answers as the one it was merged into.
async fn contacts(tx: &Tx, ids: &[Uuid]) -> Result<HashMap<Uuid, contact::Model>> {
    reachable(tx, ids).await
}

/// The memberships of these contacts, by contact.
async fn members(tx: &Tx, campaign: Uuid, contacts: &HashMap<Uuid, contact::Model>) -> Result<HashMap<Uuid, Uuid>> {
    use campaign_member::Column;
    let ids: Vec<_> = contacts.values().map(|contact| contact.id).collect();
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

fn result(index: usize, added: Result<(Uuid, bool), Vec<Mistake>>) -> CampaignMemberResult {
    let index = i32::try_from(index).unwrap_or(i32::MAX);
    match added {
        Ok((member, already_member)) => {
            CampaignMemberResult { index, member: Node::at(member), already_member, user_errors: Vec::new() }
        }
        Err(user_errors) => CampaignMemberResult { index, member: Node::none(), already_member: false, user_errors },
    }
}

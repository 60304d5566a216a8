//! Recording touches.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::{campaign, contact, touchpoint};
use sea_orm::ColumnTrait;
use uuid::Uuid;

use super::graphql::{
    RecordTouchpointInput, RecordTouchpointPayload, RecordTouchpointsInput, RecordTouchpointsPayload, TouchpointInput,
    TouchpointResult,
};
use super::rules;
use crate::access::Action;
use crate::bulk;
use crate::checks::Checks;
use crate::clock::happened;
use crate::contact::commands::reachable;
use crate::error::{Mistake, Result};
use crate::graphql::node::Node;
use crate::graphql::scalar::Url;
use crate::store::{Tx, Warrant};

/// The most characters of a tag of a link, of a visitor's key, of an id in another system.
const TAG: usize = 200;

/// Records a touch and brings the credits it changes up to date.
///
/// # Errors
/// `Invalid` with `TAKEN`: the source recorded it already.
pub async fn record(tx: &Tx, warrant: &Warrant, touch: touchpoint::Model) -> Result<touchpoint::Model> {
    let touch = touchpoint::Model { counts_from: counts_from(tx), ..touch };
    let touch = tx.add::<touchpoint::Entity>(warrant, touch).await?;
    if let Some(contact) = touch.contact_id {
        crate::attribution::commands::rebuild_for_contacts(tx, warrant, &[contact]).await?;
    }
    Ok(touch)
}

/// Makes touches of an unknown visitor the person's: the one change that a touch allows. The credits that they change
/// are for the caller to bring up to date.
///
/// # Errors
/// Database errors.
pub async fn adopt(tx: &Tx, warrant: &Warrant, anonymous: Vec<touchpoint::Model>, contact: Uuid) -> Result<()> {
    for touch in anonymous {
        let mut touch = tx.affected::<touchpoint::Entity>(warrant, touch);
        touch.contact_id = Some(contact);
        touch.counts_from = counts_from(tx);
        tx.save(touch).await?;
    }
    Ok(())
}

/// From when on a touch counts that the viewer makes a person's: what was credited for closed deals is changed only by
/// whoever may record touches.
fn counts_from(tx: &Tx) -> Option<DateTime<Utc>> {
    tx.may::<touchpoint::Entity>(Action::Create).is_err().then(|| tx.now())
}

/// Records one touch.
///
/// # Errors
/// FORBIDDEN; `Invalid`: what a person has to mend.
pub async fn record_one(tx: &Tx, input: RecordTouchpointInput) -> Result<RecordTouchpointPayload> {
    let warrant = tx.may::<touchpoint::Entity>(Action::Create)?;
    let touches = [input.touchpoint];
    let known = Known::of(tx, &touches).await?;
    let [touch] = touches;
    let model = known.model(tx, touch).map_err(|error| error.within("touchpoint"))?;
    if let Some(id) = known.recorded(&model) {
        return Ok(RecordTouchpointPayload {
            touchpoint: Node::at(id),
            already_recorded: true,
            user_errors: Vec::new(),
        });
    }
    let touch = record(tx, &warrant, model).await.map_err(|error| error.within("touchpoint"))?;
    Ok(RecordTouchpointPayload { touchpoint: Node::at(touch.id), already_recorded: false, user_errors: Vec::new() })
}

/// Records many touches, each for itself; the credits are brought up to date once, at the end.
///
/// # Errors
/// FORBIDDEN; `Invalid`: too many or too few, or one of all.
pub async fn record_many(tx: &Tx, input: RecordTouchpointsInput) -> Result<RecordTouchpointsPayload> {
    const LIST: &str = "touchpoints";
    let warrant = tx.may::<touchpoint::Entity>(Action::Create)?;
    bulk::check_length(LIST, input.touchpoints.len())?;
    let touches: Vec<_> = input.touchpoints.into_iter().map(|touch| touch.told().map(|told| told.input)).collect();
    let mut known = Known::of(tx, touches.iter().flatten()).await?;
    let mut results = Vec::with_capacity(touches.len());
    let mut contacts = HashSet::new();
    for (index, touch) in touches.into_iter().enumerate() {
        let outcome = match touch.and_then(|touch| known.model(tx, touch)) {
            Err(error) => Err(error),
            Ok(model) => match known.recorded(&model) {
                Some(id) => Ok((id, true)),
                None => tx.attempt(tx.add::<touchpoint::Entity>(&warrant, model)).await?.map(|touch| {
                    contacts.extend(touch.contact_id);
                    known.note(&touch);
                    (touch.id, false)
                }),
            },
        };
        results.push(match outcome {
            Ok((id, already_recorded)) => result(index, Node::at(id), already_recorded, Vec::new()),
            Err(error) => result(index, Node::none(), false, bulk::mistakes(LIST, index, error)?),
        });
    }
    bulk::all_or_none(input.atomic, results.iter().flat_map(|result| &result.user_errors))?;
    let contacts: Vec<_> = contacts.into_iter().collect();
    crate::attribution::commands::rebuild_for_contacts(tx, &warrant, &contacts).await?;
    Ok(RecordTouchpointsPayload { results, user_errors: Vec::new() })
}

fn result(
    index: usize,
    touchpoint: Node<touchpoint::Entity>,
    already_recorded: bool,
    user_errors: Vec<Mistake>,
) -> TouchpointResult {
    TouchpointResult { index: i32::try_from(index).unwrap_or(i32::MAX), touchpoint, already_recorded, user_errors }
}

/// What the touches of one mutation refer to, looked up together.
struct Known {
    contacts: HashMap<Uuid, contact::Model>,
    campaigns: Vec<campaign::Model>,
    touches: HashMap<(String, String), Uuid>,
}

impl Known {
    async fn of<'a>(tx: &Tx, touches: impl IntoIterator<Item = &'a TouchpointInput>) -> Result<Self> {
        let touches: Vec<_> = touches.into_iter().collect();
        let contacts: Vec<_> = touches.iter().filter_map(|touch| Some(touch.contact_id?.uuid())).collect();
        Ok(Self {
            contacts: reachable(tx, &contacts).await?,
            campaigns: campaigns(tx, &touches).await?,
            touches: recorded(tx, &touches).await?,
        })
    }

    fn recorded(&self, touch: &touchpoint::Model) -> Option<Uuid> {
        self.touches.get(&fact(touch.source_system.as_deref(), touch.external_id.as_deref())?).copied()
    }

    fn note(&mut self, touch: &touchpoint::Model) {
        if let Some(fact) = fact(touch.source_system.as_deref(), touch.external_id.as_deref()) {
            self.touches.insert(fact, touch.id);
        }
    }

    /// The row to record.
    fn model(&self, tx: &Tx, touch: TouchpointInput) -> Result<touchpoint::Model> {
        let mut checks = Checks::new();
        let occurred_at = happened(touch.occurred_at.map_or_else(|| tx.now(), |at| at.0), tx.now());
        checks.expect(occurred_at.is_some(), "INVALID", "occurredAt", "A touch cannot lie in the future.");
        let contact_id = touch.contact_id.and_then(|id| self.contact(id.uuid(), &mut checks));
        let campaign = self.campaign(&touch, &mut checks);
        let channel = rules::channel(
            touch.channel,
            touch.utm_source.as_deref(),
            touch.utm_medium.as_deref(),
            campaign.map(|campaign| campaign.channel),
        );
        let mut model = touchpoint::Model {
            occurred_at: occurred_at.unwrap_or_else(|| tx.now()),
            kind: touch.kind,
            creditable: touch.kind.is_creditable(),
            channel,
            contact_id,
            campaign_id: campaign.map(|campaign| campaign.id),
            visitor_key: touch.visitor_key,
            utm_source: touch.utm_source,
            utm_medium: touch.utm_medium,
            utm_campaign: touch.utm_campaign,
            utm_term: touch.utm_term,
            utm_content: touch.utm_content,
            url: touch.url.and_then(Url::said),
            referrer: touch.referrer.and_then(Url::said),
            source_system: touch.source_system,
            external_id: touch.external_id,
            ..touchpoint::Model::default()
        };
        for (field, text) in [
            ("visitorKey", &mut model.visitor_key),
            ("utmSource", &mut model.utm_source),
            ("utmMedium", &mut model.utm_medium),
            ("utmCampaign", &mut model.utm_campaign),
            ("utmTerm", &mut model.utm_term),
            ("utmContent", &mut model.utm_content),
            ("sourceSystem", &mut model.source_system),
            ("externalId", &mut model.external_id),
        ] {
            checks.optional(field, text, TAG);
        }
        let somebody = touch.contact_id.is_some() || model.visitor_key.is_some();
        checks.expect(somebody, "REQUIRED", "contactId", "Say whose touch it is: give contactId or visitorKey.");
        checks.source("", model.source_system.as_deref(), model.external_id.as_deref());
        checks.done().map(|()| model)
    }

    fn contact(&self, id: Uuid, checks: &mut Checks) -> Option<Uuid> {
        let Some(contact) = self.contacts.get(&id) else {
            checks.refuse("NOT_FOUND", "contactId", "There is no such Contact.");
            return None;
        };
        let erased = contact.erased_at.is_some();
        checks.expect(!erased, "NOT_ALLOWED", "contactId", "The person's data were erased on request.");
        Some(contact.id)
    }

    /// By id, else by the code in the link. An unknown code is kept as text and is no mistake.
    fn campaign(&self, touch: &TouchpointInput, checks: &mut Checks) -> Option<&campaign::Model> {
        if let Some(id) = touch.campaign_id {
            let campaign = self.campaigns.iter().find(|campaign| campaign.id == id.uuid());
            checks.expect(campaign.is_some(), "NOT_FOUND", "campaignId", "There is no such Campaign.");
            return campaign;
        }
        let code = code_of_link(touch)?;
        self.campaigns.iter().find(|campaign| campaign.code == code)
    }
}

fn code_of_link(touch: &TouchpointInput) -> Option<String> {
    crate::campaign::rules::normalise_code(touch.utm_campaign.as_deref()?).ok()
}

fn fact(source: Option<&str>, id: Option<&str>) -> Option<(String, String)> {
    Some((source?.trim().to_owned(), id?.trim().to_owned()))
}

/// The visible campaigns that the touches name, by id or code.
async fn campaigns(tx: &Tx, touches: &[&TouchpointInput]) -> Result<Vec<campaign::Model>> {
    use campaign::Column;
    let ids: Vec<_> = touches.iter().filter_map(|touch| Some(touch.campaign_id?.uuid())).collect();
    let codes: HashSet<_> = touches.iter().copied().filter_map(code_of_link).collect();
    let mut found = Vec::new();
    if !ids.is_empty() {
        found = tx.find::<campaign::Entity>()?.any_of(Column::Id, &ids).all().await?;
    }
    if !codes.is_empty() {
        found.extend(tx.find::<campaign::Entity>()?.filter(Column::Code.is_in(codes)).all().await?);
    }
    Ok(found)
}

/// What their sources have sent before.
async fn recorded(tx: &Tx, touches: &[&TouchpointInput]) -> Result<HashMap<(String, String), Uuid>> {
    use touchpoint::Column;
    let facts: HashSet<_> =
        touches.iter().filter_map(|touch| fact(touch.source_system.as_deref(), touch.external_id.as_deref())).collect();
    let systems: HashSet<_> = facts.iter().map(|(system, _)| system.as_str()).collect();
    let mut known = HashMap::new();
    for system in systems {
        let ids = facts.iter().filter(|(of, _)| of == system).map(|(_, id)| id.as_str());
        let rows = tx.find::<touchpoint::Entity>()?.matching(Column::SourceSystem, system);
        for row in rows.filter(Column::ExternalId.is_in(ids)).all().await? {
            if let Some(fact) = fact(row.source_system.as_deref(), row.external_id.as_deref()) {
                known.insert(fact, row.id);
            }
        }
    }
    Ok(known)
}

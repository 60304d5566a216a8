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
use crate::error::{Error, Mistake, Result};
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
    let outcome = record_all(tx, &warrant, vec![Ok(input.touchpoint)]).await?.pop();
    let (id, already_recorded) = outcome.unwrap_or_else(|| Err(taken())).map_err(|error| error.within("touchpoint"))?;
    Ok(RecordTouchpointPayload { touchpoint: Node::at(id), already_recorded, user_errors: Vec::new() })
}

/// Records many touches, each for itself; the credits are brought up to date once, at the end.
///
/// # Errors
/// FORBIDDEN; `Invalid`: too many or too few, or one of all.
pub async fn record_many(tx: &Tx, input: RecordTouchpointsInput) -> Result<RecordTouchpointsPayload> {
    const LIST: &str = "touchpoints";
    let warrant = tx.may::<touchpoint::Entity>(Action::Create)?;
    bulk::check_length(LIST, input.touchpoints.len())?;
    let touches = input.touchpoints.into_iter().map(|touch| touch.told().map(|told| told.input)).collect();
    let mut results = Vec::new();
    for (index, outcome) in record_all(tx, &warrant, touches).await?.into_iter().enumerate() {
        results.push(match outcome {
            Ok((id, already_recorded)) => result(index, Node::at(id), already_recorded, Vec::new()),
            Err(error) => result(index, Node::none(), false, bulk::mistakes(LIST, index, error)?),
        });
    }
    bulk::all_or_none(input.atomic, results.iter().flat_map(|result| &result.user_errors))?;
    Ok(RecordTouchpointsPayload { results, user_errors: Vec::new() })
}

/// Records each touch that is good and was not recorded before, by anybody up to this moment. Answers for each which row
/// it is and whether it was there already.
async fn record_all(
    tx: &Tx,
    warrant: &Warrant,
    touches: Vec<Result<TouchpointInput>>,
) -> Result<Vec<Result<(Uuid, bool)>>> {
    let mut known = Known::of(tx, touches.iter().flatten()).await?;
    let models = touches.into_iter().map(|touch| Ok(touchpoint::Model { id: tx.id(), ..known.model(tx, touch?)? }));
    let models: Vec<Result<_>> = models.collect();
    // One row for each fact: the first that tells it.
    let mut facts = HashSet::new();
    let mut is_new = |fact: Fact| !known.touches.contains_key(&fact) && facts.insert(fact);
    let fresh = models.iter().flatten().filter(|touch| fact_of(touch).is_none_or(&mut is_new));
    let fresh: Vec<touchpoint::Model> = fresh.cloned().collect();
    let made = tx.add_new::<touchpoint::Entity, _>(warrant, fresh.clone(), fact_of).await?;
    let (ours, theirs): (Vec<_>, Vec<_>) = fresh.iter().partition(|touch| made.contains(&touch.id));
    known.touches.extend(ours.iter().filter_map(|touch| Some((fact_of(touch)?, touch.id))));
    // What others recorded at this moment.
    known.touches.extend(recorded(tx, theirs.into_iter().filter_map(fact_of).collect()).await?);

    let contacts: HashSet<_> = ours.iter().filter_map(|touch| touch.contact_id).collect();
    let contacts: Vec<_> = contacts.into_iter().collect();
    crate::attribution::commands::rebuild_for_contacts(tx, warrant, &contacts).await?;
    let row = |touch: touchpoint::Model| {
        if made.contains(&touch.id) {
            return Ok((touch.id, false));
        }
        let id = fact_of(&touch).and_then(|fact| known.touches.get(&fact).copied()).ok_or_else(taken)?;
        Ok((id, true))
    };
    Ok(models.into_iter().map(|model| model.and_then(row)).collect())
}

/// Somebody recorded it whose touches the caller does not see.
fn taken() -> Error {
    Error::invalid("TAKEN", "externalId", "Another Touchpoint has this externalId already.")
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
    touches: HashMap<Fact, Uuid>,
}

impl Known {
    async fn of<'a>(tx: &Tx, touches: impl IntoIterator<Item = &'a TouchpointInput>) -> Result<Self> {
        let touches: Vec<_> = touches.into_iter().collect();
        let contacts: Vec<_> = touches.iter().filter_map(|touch| Some(touch.contact_id?.uuid())).collect();
        Ok(Self {
            contacts: reachable(tx, &contacts).await?,
            campaigns: campaigns(tx, &touches).await?,
            touches: recorded(tx, touches.iter().filter_map(|touch| told(touch)).collect()).await?,
        })
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

/// What a source system calls a touch.
type Fact = (String, String);

fn fact(source: Option<&str>, id: Option<&str>) -> Option<Fact> {
    Some((source?.trim().to_owned(), id?.trim().to_owned()))
}

fn told(touch: &TouchpointInput) -> Option<Fact> {
    fact(touch.source_system.as_deref(), touch.external_id.as_deref())
}

fn fact_of(touch: &touchpoint::Model) -> Option<Fact> {
    fact(touch.source_system.as_deref(), touch.external_id.as_deref())
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

/// Which of these were recorded, and as what.
async fn recorded(tx: &Tx, facts: HashSet<Fact>) -> Result<HashMap<Fact, Uuid>> {
    use touchpoint::Column;
    let systems: HashSet<_> = facts.iter().map(|(system, _)| system.as_str()).collect();
    let mut known = HashMap::new();
    for system in systems {
        let ids = facts.iter().filter(|(of, _)| of == system).map(|(_, id)| id.as_str());
        let rows = tx.find::<touchpoint::Entity>()?.matching(Column::SourceSystem, system);
        let rows = rows.filter(Column::ExternalId.is_in(ids)).all().await?;
        known.extend(rows.iter().filter_map(|row| Some((fact_of(row)?, row.id))));
    }
    Ok(known)
}

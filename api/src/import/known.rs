//! Fetching what a batch is about: one statement for every kind of row and way it is known by, whatever the number of
//! rows.

use std::collections::{BTreeMap, BTreeSet};

use entity::{exchange_rate, pipeline, stage, team, user};
use sea_orm::{EntityTrait, IdenStatic, Iterable};
use uuid::Uuid;

use super::cell::known_by;
use super::desk::Desk;
use super::draft::Drafted;
use super::mapping::Mapping;
use super::table::{Keyed, Table};
use crate::access::Kind;
use crate::company::rules::domain_of;
use crate::error::{Error, Result};
use crate::store::system::System;
use crate::store::{Tx, Warrant};

/// Texts by the kind of row, what it is known by, and (for external ids) the system.
type Wanted<'a> = BTreeMap<(usize, &'static str, &'a str), BTreeSet<String>>;

/// The desk with everything on it that these rows are about.
///
/// # Errors
/// Database errors.
pub async fn desk<'a>(system: &'a System, tx: &Tx, mapping: &'a Mapping, rows: &[Drafted<'_>]) -> Result<Desk<'a>> {
    let mut desk = Desk::new(system, &mapping.source, tx.now());
    let warrant = system.warrant();
    for ((kind, by, source), texts) in wanted(&mapping.source, rows) {
        let texts: Vec<_> = texts.into_iter().collect();
        let Some(kind) = Kind::ALL.get(kind).copied() else { continue };
        match kind {
            Kind::Company => fetch(tx, &warrant, &mut desk.companies, by, source, texts).await?,
            Kind::Campaign => fetch(tx, &warrant, &mut desk.campaigns, by, source, texts).await?,
            Kind::Contact => fetch(tx, &warrant, &mut desk.contacts, by, source, texts).await?,
            Kind::Lead => fetch(tx, &warrant, &mut desk.leads, by, source, texts).await?,
            Kind::Touchpoint => {
                fetch(tx, &warrant, &mut desk.touchpoints, by, source, texts).await?;
            }
            Kind::Deal => fetch(tx, &warrant, &mut desk.deals, by, source, texts).await?,
            Kind::User => {
                let column = column::<user::Entity>(by)?;
                desk.users.extend(tx.all::<user::Entity>(&warrant).any_of_texts(column, texts).all().await?);
            }
            Kind::Team => {
                let named = tx.all::<team::Entity>(&warrant).any_of_texts(team::Column::Name, texts);
                desk.teams.extend(named.all().await?);
            }
            _ => {}
        }
    }
    let has = |kind: Kind| mapping.objects.iter().any(|map| map.object.kind == kind);
    if has(Kind::Deal) {
        desk.pipelines = tx.all::<pipeline::Entity>(&warrant).all().await?;
        desk.stages = tx.all::<stage::Entity>(&warrant).order_by(stage::Column::Position).all().await?;
        desk.rates = tx.all::<exchange_rate::Entity>(&warrant).order_by_desc(exchange_rate::Column::Date).all().await?;
    }
    if has(Kind::Campaign) {
        families(tx, &warrant, &mut desk).await?;
    }
    if has(Kind::Lead) || has(Kind::Deal) {
        people(tx, &warrant, &mut desk).await?;
    }
    if has(Kind::Deal) {
        customers(tx, &warrant, &mut desk).await?;
    }
    Ok(desk)
}

fn wanted<'a>(source: &'a str, rows: &'a [Drafted<'_>]) -> Wanted<'a> {
    let mut wanted = Wanted::new();
    let mut want = |kind: Kind, by: &'static str, of: &'a str, text: String| {
        let of = if by == "externalId" { of } else { "" };
        wanted.entry((kind as usize, by, of)).or_default().insert(text);
    };
    for draft in rows.iter().flat_map(|row| &row.drafts) {
        let kind = draft.map.object.kind;
        if let Some(id) = &draft.external_id {
            want(kind, "externalId", source, id.clone());
        }
        for by in draft.map.object.known_by {
            if let Some(text) = draft.text(by) {
                want(kind, by, "", known_by(by, text));
            }
        }
        if let Some(domain) = draft.text("email").and_then(domain_of) {
            want(Kind::Company, "domain", "", domain.to_owned());
        }
        if let Some(code) = draft.text("utm_campaign") {
            want(Kind::Campaign, "code", "", known_by("code", code));
        }
        for reference in &draft.references {
            want(reference.to, reference.field.by, &reference.field.of_source, reference.text.clone());
        }
    }
    wanted
}

fn column<E: EntityTrait>(by: &str) -> Result<E::Column> {
    let name = if by == "externalId" { "external_id" } else { by };
    let found = E::Column::iter().find(|column| column.as_str() == name);
    found.ok_or_else(|| Error::internal(format!("no column {name}")))
}

async fn fetch<M: Keyed>(
    tx: &Tx,
    warrant: &Warrant,
    table: &mut Table<M>,
    by: &str,
    source: &str,
    texts: Vec<String>,
) -> Result<()> {
    let rows = tx.all::<M::Entity>(warrant);
    let rows = match by {
        "externalId" => rows.known_as(source, texts),
        _ => rows.any_of_texts(column::<M::Entity>(by)?, texts),
    };
    rows.all_locked(column::<M::Entity>("id")?).await?.into_iter().for_each(|row| table.fetch(row));
    Ok(())
}

/// The rows that have one of these ids in a column.
async fn fetch_any<M: Keyed>(
    tx: &Tx,
    warrant: &Warrant,
    table: &mut Table<M>,
    by: &str,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<()> {
    let ids: BTreeSet<Uuid> = ids.into_iter().collect();
    let missing: Vec<_> = ids.into_iter().filter(|id| by != "id" || table.get(*id).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let rows = tx.all::<M::Entity>(warrant).any_of(column::<M::Entity>(by)?, &missing);
    rows.all_locked(column::<M::Entity>("id")?).await?.into_iter().for_each(|row| table.fetch(row));
    Ok(())
}

/// Campaigns with those that they are part of and those that are part of them.
async fn families(tx: &Tx, warrant: &Warrant, desk: &mut Desk<'_>) -> Result<()> {
    let (known, above) = (desk.campaigns.known(), parents(desk));
    fetch_any(tx, warrant, &mut desk.campaigns, "id", above).await?;
    fetch_any(tx, warrant, &mut desk.campaigns, "parent_id", known).await
}

fn parents(desk: &Desk<'_>) -> Vec<Uuid> {
    desk.campaigns.rows().filter_map(|campaign| campaign.parent_id).collect()
}

/// The people of leads and deals, with everything that says how far they have come.
async fn people(tx: &Tx, warrant: &Warrant, desk: &mut Desk<'_>) -> Result<()> {
    let deals = desk.deals.known();
    fetch_any(tx, warrant, &mut desk.parts, "deal_id", deals).await?;
    let origins: Vec<_> = desk.deals.rows().filter_map(|deal| deal.lead_id).collect();
    fetch_any(tx, warrant, &mut desk.leads, "id", origins).await?;
    let people: Vec<_> =
        desk.parts.rows().map(|part| part.contact_id).chain(desk.leads.rows().map(|lead| lead.contact_id)).collect();
    fetch_any(tx, warrant, &mut desk.contacts, "id", people).await?;

    let people = desk.contacts.known();
    fetch_any(tx, warrant, &mut desk.leads, "contact_id", people.iter().copied()).await?;
    fetch_any(tx, warrant, &mut desk.parts, "contact_id", people.iter().copied()).await?;
    fetch_any(tx, warrant, &mut desk.members, "contact_id", people).await?;
    let deals: Vec<_> =
        desk.parts.rows().map(|part| part.deal_id).chain(desk.leads.rows().filter_map(|lead| lead.deal_id)).collect();
    fetch_any(tx, warrant, &mut desk.deals, "id", deals).await?;
    let leads = desk.leads.known();
    fetch_any(tx, warrant, &mut desk.deals, "lead_id", leads).await
}

/// The companies that may buy, with everything they have bought.
async fn customers(tx: &Tx, warrant: &Warrant, desk: &mut Desk<'_>) -> Result<()> {
    let of_deals = desk.deals.rows().filter_map(|deal| deal.company_id);
    let of_leads = desk.leads.rows().filter_map(|lead| lead.company_id);
    let of_people = desk.contacts.rows().filter_map(|contact| contact.company_id);
    let companies: Vec<_> = of_deals.chain(of_leads).chain(of_people).collect();
    fetch_any(tx, warrant, &mut desk.companies, "id", companies).await?;
    let companies = desk.companies.known();
    fetch_any(tx, warrant, &mut desk.deals, "company_id", companies).await
}

//! Fetching what a batch is about: one statement for every kind of row and way it is known by, whatever the number of
//! rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use entity::{
    campaign, campaign_member, company, contact, deal, deal_contact, exchange_rate, lead, line_item, pipeline, stage,
    team, touchpoint, transition, user,
};
use sea_orm::{EntityTrait, IdenStatic, Iterable};
use uuid::Uuid;

use super::cell::known_by;
use super::desk::{Desk, subject};
use super::draft::Drafted;
use super::mapping::Mapping;
use super::table::{self, Keyed, Tables, id_key};
use crate::access::Kind;
use crate::company::rules::domain_of;
use crate::error::{Error, Result};
use crate::store::system::System;
use crate::store::{Resource, Rows, Tx, Warrant};

/// Texts by the kind of row, what it is known by, and (for external ids) the system.
type Wanted<'a> = BTreeMap<(Kind, &'static str, &'a str), BTreeSet<String>>;

/// What a dry run would have written so far: later rows of the file find it, as if it was in the database.
#[derive(Default)]
pub struct Memory {
    /// Rows.
    pub tables: Tables,
    /// When leads and deals last changed their state.
    pub last: HashMap<Uuid, DateTime<Utc>>,
}

/// Where rows are found.
struct Seeker<'a> {
    tx: &'a Tx,
    warrant: Warrant,
    memory: &'a Memory,
}

/// The desk with everything on it that these rows are about.
///
/// # Errors
/// Database errors.
pub async fn desk<'a>(
    system: &'a System,
    tx: &Tx,
    mapping: &'a Mapping,
    rows: &[Drafted<'_>],
    memory: &Memory,
) -> Result<Desk<'a>> {
    let mut desk = Desk::new(system, &mapping.source, tx.now());
    let seeker = Seeker { tx, warrant: system.warrant(), memory };
    for ((kind, by, source), texts) in wanted(&mapping.source, rows) {
        let texts: Vec<_> = texts.into_iter().collect();
        match kind {
            Kind::Company => seeker.fetch::<company::Model>(&mut desk, by, source, texts).await?,
            Kind::Campaign => seeker.fetch::<campaign::Model>(&mut desk, by, source, texts).await?,
            Kind::Contact if by == "email" => seeker.addressees(&mut desk, texts).await?,
            Kind::Contact => seeker.fetch::<contact::Model>(&mut desk, by, source, texts).await?,
            Kind::Lead => seeker.fetch::<lead::Model>(&mut desk, by, source, texts).await?,
            Kind::Touchpoint => seeker.fetch::<touchpoint::Model>(&mut desk, by, source, texts).await?,
            Kind::Deal => seeker.fetch::<deal::Model>(&mut desk, by, source, texts).await?,
            Kind::User => {
                let column = column::<user::Entity>(by)?;
                desk.users.extend(seeker.all::<user::Entity>().any_of_texts(column, texts, &[]).all().await?);
            }
            Kind::Team => {
                let named = seeker.all::<team::Entity>().any_of_texts(team::Column::Name, texts, &[]);
                desk.teams.extend(named.all().await?);
            }
            _ => {}
        }
    }
    let has = |kind: Kind| mapping.objects.iter().any(|map| map.object.kind == kind);
    if has(Kind::Deal) {
        desk.pipelines = seeker.all::<pipeline::Entity>().all().await?;
        desk.stages = seeker.all::<stage::Entity>().order_by(stage::Column::Position).all().await?;
    }
    if has(Kind::Campaign) {
        seeker.families(&mut desk).await?;
    }
    if has(Kind::Lead) || has(Kind::Deal) {
        seeker.people(&mut desk).await?;
    }
    if has(Kind::Deal) {
        seeker.customers(&mut desk).await?;
        seeker.rates(&mut desk, rows).await?;
        let (of, deals) = (line_item::Column::DealId, desk.deals.known());
        let lines = tx.all::<line_item::Entity>(&seeker.warrant).any_of(of, &deals).all().await?;
        desk.itemised = lines.into_iter().map(|line| line.deal_id).collect();
    }
    if mapping.tells_changes() {
        let ids = [desk.leads.known(), desk.deals.known()];
        desk.last = last_steps(tx, &seeker.warrant, ids).await?;
    }
    desk.last.extend(&memory.last);
    Ok(desk)
}

fn wanted<'a>(source: &'a str, rows: &'a [Drafted<'_>]) -> Wanted<'a> {
    let mut wanted = Wanted::new();
    let mut want = |kind: Kind, by: &'static str, of: &'a str, text: String| {
        let of = if by == "externalId" { of } else { "" };
        wanted.entry((kind, by, of)).or_default().insert(text);
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

impl Seeker<'_> {
    fn all<E: Resource>(&self) -> Rows<'_, E> {
        self.tx.all::<E>(&self.warrant)
    }

    async fn fetch<M: Keyed>(&self, desk: &mut Desk<'_>, by: &str, source: &str, texts: Vec<String>) -> Result<()> {
        let keys: Vec<_> = texts.iter().map(|text| table::of(by, source, text)).collect();
        let rows = self.all::<M::Entity>();
        let rows = match by {
            "externalId" => rows.known_as(source, texts),
            _ => rows.any_of_texts(column::<M::Entity>(by)?, texts, &[]),
        };
        self.put::<M>(desk, rows, &keys).await
    }

    /// The people whom an e-mail reaches: whoever was merged or erased has given the address free (and is not in its index).
    async fn addressees(&self, desk: &mut Desk<'_>, addresses: Vec<String>) -> Result<()> {
        use contact::Column;
        let keys: Vec<_> = addresses.iter().map(|address| table::key("email", address)).collect();
        let gone = [Column::MergedIntoId, Column::ErasedAt];
        let rows = self.all::<contact::Entity>().any_of_texts(Column::Email, addresses, &gone);
        self.put::<contact::Model>(desk, rows, &keys).await
    }

    /// The rows that have one of these ids in a column.
    async fn fetch_any<M: Keyed>(
        &self,
        desk: &mut Desk<'_>,
        by: &str,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<()> {
        let ids: BTreeSet<Uuid> = ids.into_iter().collect();
        let missing = ids.into_iter().filter(|id| by != "id" || M::among(desk).get(*id).is_none());
        let missing: Vec<_> = missing.collect();
        if missing.is_empty() {
            return Ok(());
        }
        if by == "id" {
            let remembered = missing.iter().filter_map(|id| M::among(&self.memory.tables).get(*id));
            remembered.cloned().for_each(|row| M::among_mut(desk).fetch(row));
        }
        let keys: Vec<_> = missing.iter().map(|id| id_key(by.trim_end_matches("_id"), *id)).collect();
        let rows = self.all::<M::Entity>().any_of(column::<M::Entity>(by)?, &missing);
        self.put::<M>(desk, rows, &keys).await
    }

    /// Puts rows on the desk: as they are remembered, else as they are in the database.
    async fn put<M: Keyed>(&self, desk: &mut Desk<'_>, rows: Rows<'_, M::Entity>, keys: &[String]) -> Result<()> {
        let (remembered, table) = (M::among(&self.memory.tables), M::among_mut(desk));
        for row in rows.all_locked(column::<M::Entity>("id")?).await? {
            table.fetch(remembered.get(row.id()).cloned().unwrap_or(row));
        }
        keys.iter().flat_map(|key| remembered.all(key)).cloned().for_each(|row| table.fetch(row));
        Ok(())
    }

    /// Campaigns with those that they are part of and those that are part of them.
    async fn families(&self, desk: &mut Desk<'_>) -> Result<()> {
        let known = desk.campaigns.known();
        let above: Vec<_> = desk.campaigns.rows().filter_map(|campaign| campaign.parent_id).collect();
        self.fetch_any::<campaign::Model>(desk, "id", above).await?;
        self.fetch_any::<campaign::Model>(desk, "parent_id", known).await
    }

    /// The people of leads and deals, with everything that says how far they have come.
    async fn people(&self, desk: &mut Desk<'_>) -> Result<()> {
        let deals = desk.deals.known();
        self.fetch_any::<deal_contact::Model>(desk, "deal_id", deals).await?;
        let origins: Vec<_> = desk.deals.rows().filter_map(|deal| deal.lead_id).collect();
        self.fetch_any::<lead::Model>(desk, "id", origins).await?;
        let of_parts = desk.parts.rows().map(|part| part.contact_id);
        let people: Vec<_> = of_parts.chain(desk.leads.rows().map(|lead| lead.contact_id)).collect();
        self.fetch_any::<contact::Model>(desk, "id", people).await?;

        let people = desk.contacts.known();
        self.fetch_any::<lead::Model>(desk, "contact_id", people.iter().copied()).await?;
        self.fetch_any::<deal_contact::Model>(desk, "contact_id", people.iter().copied()).await?;
        self.fetch_any::<campaign_member::Model>(desk, "contact_id", people).await?;
        let of_parts = desk.parts.rows().map(|part| part.deal_id);
        let deals: Vec<_> = of_parts.chain(desk.leads.rows().filter_map(|lead| lead.deal_id)).collect();
        self.fetch_any::<deal::Model>(desk, "id", deals).await?;
        let leads = desk.leads.known();
        self.fetch_any::<deal::Model>(desk, "lead_id", leads).await
    }

    /// The companies that may buy, with everything they have bought.
    async fn customers(&self, desk: &mut Desk<'_>) -> Result<()> {
        let of_deals = desk.deals.rows().filter_map(|deal| deal.company_id);
        let of_leads = desk.leads.rows().filter_map(|lead| lead.company_id);
        let of_people = desk.contacts.rows().filter_map(|contact| contact.company_id);
        let companies: Vec<_> = of_deals.chain(of_leads).chain(of_people).collect();
        self.fetch_any::<company::Model>(desk, "id", companies).await?;
        let companies = desk.companies.known();
        self.fetch_any::<deal::Model>(desk, "company_id", companies).await
    }

    /// The rates of the currencies of these deals.
    async fn rates(&self, desk: &mut Desk<'_>, rows: &[Drafted<'_>]) -> Result<()> {
        use exchange_rate::Column;
        let told = rows.iter().flat_map(|row| &row.drafts).filter_map(|draft| draft.text("currency"));
        let known = desk.deals.rows().map(|deal| deal.currency.as_str());
        let base = desk.system.store().base_currency();
        let codes: BTreeSet<_> = told.chain(known).filter(|code| *code != base).map(str::to_owned).collect();
        if codes.is_empty() {
            return Ok(());
        }
        let rates =
            self.all::<exchange_rate::Entity>().any_of_texts(Column::Currency, codes.into_iter().collect(), &[]);
        desk.rates = rates.order_by_desc(Column::Date).all().await?;
        Ok(())
    }
}

/// When leads and deals that were there before last changed their state.
///
/// # Errors
/// Database errors.
pub async fn last_steps(
    tx: &Tx,
    warrant: &Warrant,
    [leads, deals]: [Vec<Uuid>; 2],
) -> Result<HashMap<Uuid, DateTime<Utc>>> {
    use transition::Column;
    let mut last: HashMap<Uuid, DateTime<Utc>> = HashMap::new();
    for (column, ids) in [(Column::LeadId, leads), (Column::DealId, deals)] {
        if ids.is_empty() {
            continue;
        }
        for step in tx.all::<transition::Entity>(warrant).any_of(column, &ids).all().await? {
            let at = last.entry(subject(&step).unwrap_or_default()).or_insert(step.at);
            *at = step.at.max(*at);
        }
    }
    Ok(last)
}

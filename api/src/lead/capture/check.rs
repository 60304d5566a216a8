//! What a capture is told, found good: everything that a person can mend is found here, before anything is written.

use std::collections::BTreeSet;

use entity::campaign;
use entity::enums::LeadSource;
use entity::touchpoint;
use entity::{lead, team, user};
use uuid::Uuid;

use super::input::{CaptureCompanyInput, CaptureContactInput, CaptureLeadInput, CaptureTouchInput};
use crate::access::{Action, Kind};
use crate::campaign::rules::normalise_code;
use crate::checks::Checks;
use crate::clock::happened;
use crate::company::rules::domain_of;
use crate::error::{Error, Result};
use crate::graphql::scalar::{
    CountryCode, DomainName, EmailAddress, Id, LanguageTag, MoneyInput, PhoneNumber, TimeZone, Url, Words,
};
use crate::lead::matching::{Interest, Person};
use crate::spelling::{fold, mail_service};
use crate::store::Tx;
use crate::store::taker::taker;

/// How many different turns captures take.
const DIFFERENT_TURNS: u32 = 1_024;

/// A capture whose input was found good.
pub struct Capture {
    /// Who got in touch.
    pub person: Person,
    /// Where the person works.
    pub company: Organisation,
    /// What the person wants.
    pub interest: Interest,
    /// How the lead came to us.
    pub source: LeadSource,
    /// The campaign that brought the lead.
    pub source_campaign: Option<Uuid>,
    /// The interaction, not yet anybody's.
    pub touch: Option<touchpoint::Model>,
    /// Who is to be responsible.
    pub owner: Option<Uuid>,
    /// The team.
    pub team: Option<Uuid>,
    /// Whether the caller is one who accepts leads.
    pub by_sales: bool,
}

/// A company as captured.
#[derive(Clone, Debug, Default)]
pub struct Organisation {
    /// The domain, as told; never that of a mail service.
    pub domain: Option<String>,
    /// The name, as told.
    pub name: Option<String>,
    /// The domain of the person's e-mail address, unless it is that of a mail service.
    pub mail_domain: Option<String>,
    /// The country it is based in.
    pub country: Option<String>,
    /// The industry.
    pub industry: Option<String>,
}

impl Organisation {
    /// Was a company named, rather than guessed from an address?
    pub fn is_told(&self) -> bool {
        self.domain.is_some() || self.name.is_some()
    }

    /// Is there anything to find a company by?
    pub fn is_known_by_anything(&self) -> bool {
        self.is_told() || self.mail_domain.is_some()
    }
}

impl Capture {
    /// What two captures at once must not both take for new, in the order to take turns in.
    ///
    /// The database holds such turns in a table of limited size until the transaction ends; therefore there are only
    /// so many different ones, and now and then two captures wait for each other that need not.
    pub fn turns(&self) -> BTreeSet<String> {
        let (company, touch) = (&self.company, self.touch.as_ref());
        let keys = [
            ("email", self.person.email.clone()),
            ("phone", self.person.phone.clone()),
            ("domain", company.domain.clone()),
            ("domain", company.mail_domain.clone()),
            ("company", company.name.as_deref().map(fold::same)),
            ("visitor", touch.and_then(|touch| touch.visitor_key.clone())),
            ("touch", touch.and_then(|touch| touch.external_id.clone())),
        ];
        let turn = |kind: &str, key: &str| {
            let bytes = kind.bytes().chain(key.bytes());
            let hash = bytes.fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
            format!("capture {:04}", hash % DIFFERENT_TURNS)
        };
        keys.iter().filter_map(|(kind, key)| Some(turn(kind, key.as_deref()?))).collect()
    }

    /// The campaigns that the person responded to.
    pub fn campaigns(&self) -> Vec<Uuid> {
        let touched = self.touch.as_ref().and_then(|touch| touch.campaign_id);
        let mut campaigns: Vec<_> = self.source_campaign.into_iter().chain(touched).collect();
        campaigns.dedup();
        campaigns
    }

    /// Who looks after a new person and company: their seller. Those of marketing wait for theirs.
    pub fn customer_owner(&self) -> Option<Uuid> {
        self.owner.filter(|_| self.by_sales)
    }
}

/// Finds the input good.
///
/// # Errors
/// `Invalid`.
pub async fn check(tx: &Tx, input: CaptureLeadInput) -> Result<Capture> {
    let mut checks = Checks::new();
    let mut company = organisation(input.company, &mut checks);
    let person = person(input.contact, company.country.as_deref(), &mut checks);
    company.mail_domain = person.email.as_deref().and_then(domain_of).map(str::to_owned);
    checks.done()?;
    let interest = Interest {
        interest: input.interest.and_then(Words::said),
        estimated_value: input.estimated_value.map(estimate).transpose()?,
        buying_horizon: input.buying_horizon,
    };
    let (owner, team) = assignment(tx, input.owner_id, input.team_id).await?;
    let touch = match input.touch {
        Some(touch) => Some(interaction(tx, touch).await?),
        None => None,
    };
    let source_campaign = match input.source_campaign_id {
        Some(id) => Some(campaign(tx, id, "sourceCampaignId").await?),
        None => touch.as_ref().and_then(|touch| touch.campaign_id),
    };
    let by_sales = tx.may::<lead::Entity>(Action::Accept).is_ok();
    Ok(Capture { person, company, interest, source: input.source, source_campaign, touch, owner, team, by_sales })
}

fn person(told: CaptureContactInput, country: Option<&str>, checks: &mut Checks) -> Person {
    let mut person = Person {
        first_name: told.first_name.and_then(Words::said),
        last_name: told.last_name.and_then(Words::said),
        email: told.email.and_then(EmailAddress::said),
        phone: told.phone.and_then(PhoneNumber::said),
        job_title: told.job_title.and_then(Words::said),
        preferred_language: told.preferred_language.and_then(LanguageTag::said),
        time_zone: told.time_zone.and_then(TimeZone::said),
    };
    checks.label("contact.firstName", &mut person.first_name);
    checks.label("contact.lastName", &mut person.last_name);
    checks.label("contact.jobTitle", &mut person.job_title);
    let known = person.email.is_some() || person.phone.is_some();
    checks.phone("contact.phone", &mut person.phone, country);
    let message = "An e-mail address or a telephone number is needed to know the person by.";
    checks.expect(known, "REQUIRED", "contact.email", message);
    person
}

fn organisation(told: Option<CaptureCompanyInput>, checks: &mut Checks) -> Organisation {
    let Some(told) = told else { return Organisation::default() };
    let mut company = Organisation {
        domain: told.domain.and_then(DomainName::said).filter(|domain| !mail_service::is_one(domain)),
        name: told.name.and_then(Words::said),
        mail_domain: None,
        country: told.country.and_then(CountryCode::said),
        industry: told.industry.and_then(Words::said),
    };
    checks.label("company.name", &mut company.name);
    checks.label("company.industry", &mut company.industry);
    company
}

fn estimate(value: MoneyInput) -> Result<(i64, String)> {
    if value.minor < 0 {
        return Err(Error::invalid("INVALID", "estimatedValue", "A deal cannot be worth less than nothing."));
    }
    Ok((value.minor, value.currency))
}

/// Owner and team as told; the caller where nobody is.
async fn assignment(
    tx: &Tx,
    owner: Option<Id<user::Entity>>,
    team: Option<Id<team::Entity>>,
) -> Result<(Option<Uuid>, Option<Uuid>)> {
    let team = team.map(|team| team.uuid());
    if let Some(team) = team
        && !tx.sees(Kind::Team, team).await?
    {
        return Err(Error::invalid("NOT_FOUND", "teamId", "There is no such team."));
    }
    let Some(owner) = owner.map(|owner| owner.uuid()) else {
        let caller = tx.reader().viewer();
        return Ok(if team.is_some() { (None, team) } else { (Some(caller.id), caller.team) });
    };
    let user = taker(tx, Kind::Lead, owner, "ownerId").await?;
    Ok((Some(user.id), team.or(user.team_id)))
}

async fn campaign(tx: &Tx, id: Id<campaign::Entity>, field: &str) -> Result<Uuid> {
    if tx.sees(Kind::Campaign, id.uuid()).await? {
        return Ok(id.uuid());
    }
    Err(Error::invalid("NOT_FOUND", field, "There is no such campaign."))
}

async fn interaction(tx: &Tx, told: CaptureTouchInput) -> Result<touchpoint::Model> {
    let Some(occurred_at) = happened(told.occurred_at.map_or_else(|| tx.now(), |at| at.0), tx.now()) else {
        return Err(Error::invalid("INVALID", "touch.occurredAt", "It cannot have happened in the future."));
    };
    let (source_system, external_id) =
        (told.source_system.and_then(Words::said), told.external_id.and_then(Words::said));
    let mut checks = Checks::new();
    checks.source("touch.", source_system.as_deref(), external_id.as_deref());
    checks.done()?;
    let utm_campaign = told.utm_campaign.and_then(Words::said);
    let campaign_id = match (told.campaign_id, &utm_campaign) {
        (Some(id), _) => Some(campaign(tx, id, "touch.campaignId").await?),
        (None, Some(code)) => tagged_campaign(tx, code).await?,
        (None, None) => None,
    };
    Ok(touchpoint::Model {
        source_system,
        external_id,
        occurred_at,
        kind: told.kind,
        channel: told.channel,
        visitor_key: told.visitor_key.and_then(Words::said),
        campaign_id,
        utm_source: told.utm_source.and_then(Words::said),
        utm_medium: told.utm_medium.and_then(Words::said),
        utm_campaign,
        utm_term: told.utm_term.and_then(Words::said),
        utm_content: told.utm_content.and_then(Words::said),
        url: told.url.and_then(Url::said),
        referrer: told.referrer.and_then(Url::said),
        creditable: told.kind.is_creditable(),
        ..touchpoint::Model::default()
    })
}

/// The campaign that a tagged link names; links may name anything.
async fn tagged_campaign(tx: &Tx, code: &str) -> Result<Option<Uuid>> {
    let (Ok(rows), Ok(code)) = (tx.find::<campaign::Entity>(), normalise_code(code)) else { return Ok(None) };
    let campaign = rows.matching(campaign::Column::Code, code).one().await?;
    Ok(campaign.map(|campaign| campaign.id))
}

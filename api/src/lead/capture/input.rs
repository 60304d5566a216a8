//! What captureLead is told, and what it answers.

use async_graphql::{Enum, InputObject, SimpleObject};
use entity::enums::{Channel, LeadSource};
use entity::lead::BuyingHorizon;
use entity::touchpoint::TouchpointKind;
use entity::{campaign, contact, lead, team, user};
use serde::{Deserialize, Serialize};

use crate::error::Mistake;
use crate::graphql::mutation::Payload;
use crate::graphql::node::{Node, RowRef};
use crate::graphql::scalar::{
    CountryCode, DomainName, EmailAddress, Id, LanguageTag, Moment, MoneyInput, PhoneNumber, TimeZone, Url, Words,
};

/// The input of captureLead.
#[derive(Clone, InputObject)]
pub struct CaptureLeadInput {
    /// Who got in touch.
    pub contact: CaptureContactInput,
    /// Where the person works. Left out, the domain of the e-mail address tells, unless it is that of a mail service.
    pub company: Option<CaptureCompanyInput>,
    /// How the lead came to us. OUTBOUND by a seller starts at SAL: nobody has to hand it over.
    pub source: LeadSource,
    /// The campaign that brought the lead. Left out, the campaign of `touch`.
    pub source_campaign_id: Option<Id<campaign::Entity>>,
    /// What the person wants, in their own words.
    pub interest: Option<Words>,
    /// What a deal might be worth.
    pub estimated_value: Option<MoneyInput>,
    /// How soon the person wants to buy.
    pub buying_horizon: Option<BuyingHorizon>,
    /// What the person did when getting in touch.
    pub touch: Option<CaptureTouchInput>,
    /// Who is to be responsible. Left out together with `teamId`: the caller.
    pub owner_id: Option<Id<user::Entity>>,
    /// The team. Left out: the owner's; without an owner the lead waits in this team's pool.
    pub team_id: Option<Id<team::Entity>>,
    /// Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// A person as captured: an e-mail address or a telephone number is required.
#[derive(Clone, InputObject)]
pub struct CaptureContactInput {
    /// The e-mail address: the first thing a person is known by.
    pub email: Option<EmailAddress>,
    /// The telephone number with country code: the second. It is not the same person if both have another e-mail
    /// address.
    pub phone: Option<PhoneNumber>,
    /// The given name.
    pub first_name: Option<Words>,
    /// The family name.
    pub last_name: Option<Words>,
    /// What the person does.
    pub job_title: Option<Words>,
    /// The language the person likes to be addressed in.
    pub preferred_language: Option<LanguageTag>,
    /// The person's time zone.
    pub time_zone: Option<TimeZone>,
}

/// A company as captured.
#[derive(Clone, InputObject)]
pub struct CaptureCompanyInput {
    /// The internet domain: the first thing a company is known by. That of a mail service is ignored.
    #[graphql(tag = "domain")]
    pub domain: Option<DomainName>,
    /// The name: the second, whatever the case of its letters.
    pub name: Option<Words>,
    /// The country it is based in; only for a company that is new.
    pub country: Option<CountryCode>,
    /// The industry; only for a company that is new.
    pub industry: Option<Words>,
}

/// An interaction as captured.
#[derive(Clone, InputObject)]
pub struct CaptureTouchInput {
    /// What happened.
    pub kind: TouchpointKind,
    /// Where it happened.
    pub channel: Channel,
    /// When; now unless given. Not in the future; up to five minutes ahead count as now.
    pub occurred_at: Option<Moment>,
    /// The campaign that caused it. Left out, the one whose code is `utmCampaign`, if there is one.
    pub campaign_id: Option<Id<campaign::Entity>>,
    /// `utm_source` of the link.
    pub utm_source: Option<Words>,
    /// `utm_medium` of the link.
    pub utm_medium: Option<Words>,
    /// `utm_campaign` of the link; equals the code of a campaign.
    pub utm_campaign: Option<Words>,
    /// `utm_term` of the link.
    pub utm_term: Option<Words>,
    /// `utm_content` of the link.
    pub utm_content: Option<Words>,
    /// The page.
    pub url: Option<Url>,
    /// The page before.
    pub referrer: Option<Url>,
    /// The visitor's key on the website: earlier interactions under this key that belong to nobody become the
    /// person's.
    pub visitor_key: Option<Words>,
    /// The system that reports it; together with `externalId`.
    pub source_system: Option<Words>,
    /// Its id there. Reported again for the same person, it is not recorded again.
    pub external_id: Option<Words>,
}

/// What a capture came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Enum)]
pub enum CaptureOutcome {
    /// A new lead was opened.
    Created,
    /// The person had an open lead; what was empty in it is filled, the interaction is recorded.
    Enriched,
    /// It was recorded. Whoever may not read e-mail addresses is told nothing else, whether the person was known
    /// or not.
    Received,
}

/// The outcome of captureLead.
#[derive(Debug, SimpleObject, Serialize, Deserialize)]
pub struct CaptureLeadPayload {
    /// The lead as it is now; null if nothing was done, or the outcome is RECEIVED.
    pub lead: Node<lead::Entity>,
    /// The person as known now; null if nothing was done, or the outcome is RECEIVED.
    pub contact: Node<contact::Entity>,
    /// What it came to; null if nothing was done.
    pub outcome: Option<CaptureOutcome>,
    /// What has to be corrected first; empty when it was done.
    pub user_errors: Vec<Mistake>,
}

impl Payload for CaptureLeadPayload {
    fn refused(mistakes: Vec<Mistake>) -> Self {
        Self { lead: Node::none(), contact: Node::none(), outcome: None, user_errors: mistakes }
    }

    fn rows(&mut self) -> Vec<&mut RowRef> {
        vec![self.lead.row(), self.contact.row()]
    }
}

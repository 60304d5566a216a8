//! A small business for tests about rights: rows that belong to the rep, to the other rep, to the pool and to marketing.

use chrono::Duration;
use entity::enums::{Channel, DealStatus, Horizon, LeadSource, Objective};
use entity::{
    activity, attribution_credit, campaign, campaign_member, company, contact, deal, deal_contact, event,
    exchange_rate, handoff, lead, line_item, pipeline, product, security_event, stage, touchpoint, transition,
};
use serde_json::json;
use tributary::access::Kind;
use uuid::Uuid;

use crate::{Cast, World};

/// Makes [`Story`] from the one list of its rows: name and kind.
macro_rules! story {
    ($($name:ident: $kind:ident,)*) => {
        /// The rows, by what they are for. `mine` is the rep's, `theirs` the other rep's.
        #[derive(Clone, Debug)]
        pub struct Story {
            $(pub $name: Uuid,)*
        }

        impl Story {
            /// Every row: its name, its kind and its id.
            pub fn rows(&self) -> Vec<(&'static str, Kind, Uuid)> {
                vec![$((stringify!($name), Kind::$kind, self.$name),)*]
            }
        }
    };
}

story! {
    campaign: Campaign,
    draft_campaign: Campaign,
    member: CampaignMember,
    company: Company,
    contact: Contact,
    other_contact: Contact,
    touch: Touchpoint,
    anonymous_touch: Touchpoint,
    pipeline: Pipeline,
    open_stage: Stage,
    second_stage: Stage,
    won_stage: Stage,
    lost_stage: Stage,
    my_lead: Lead,
    their_lead: Lead,
    pool_lead: Lead,
    marketing_lead: Lead,
    my_handoff: Handoff,
    their_handoff: Handoff,
    my_deal: Deal,
    their_deal: Deal,
    my_deal_contact: DealContact,
    their_deal_contact: DealContact,
    product: Product,
    my_line: LineItem,
    their_line: LineItem,
    my_activity: Activity,
    their_activity: Activity,
    lead_activity: Activity,
    my_transition: Transition,
    their_transition: Transition,
    my_credit: AttributionCredit,
    their_credit: AttributionCredit,
    rate: ExchangeRate,
    my_event: Event,
    their_event: Event,
    refusal: SecurityEvent,
}

/// Fills the columns that every mutable row has.
#[macro_export]
macro_rules! row {
    ($world:expr, $entity:ident { $($field:ident $(: $value:expr)?),* $(,)? }) => {
        $entity::Model {
            id: $world.id(),
            created_at: $world.now(),
            updated_at: $world.now(),
            version: 1,
            $($field $(: $value)?,)*
            ..$entity::Model::default()
        }
    };
}

impl World {
    /// A pipeline with an open, a won and a lost stage; the default one.
    pub async fn pipeline(&self) -> (Uuid, [Uuid; 4]) {
        let line = row!(self, pipeline { name: "Sales".to_owned(), is_default: true, is_active: true });
        let line = self.insert(line).await.id;
        let mut stages = [Uuid::nil(); 4];
        let plan = [
            ("Discovery", DealStatus::Open, 20),
            ("Proposal", DealStatus::Open, 60),
            ("Won", DealStatus::Won, 100),
            ("Lost", DealStatus::Lost, 0),
        ];
        for (at, (name, category, probability)) in plan.into_iter().enumerate() {
            let stage = row!(
                self,
                stage {
                    pipeline_id: line,
                    name: name.to_owned(),
                    position: i32::try_from(at).expect("few stages") + 1,
                    category: category,
                    probability: probability,
                    exit_criteria: json!([]),
                }
            );
            stages[at] = self.insert(stage).await.id;
        }
        (line, stages)
    }

    /// The rows of [`Story`].
    #[expect(clippy::too_many_lines, reason = "a list of rows")]
    pub async fn story(&self, cast: &Cast) -> Story {
        let (pipeline, [open_stage, second_stage, won_stage, lost_stage]) = self.pipeline().await;
        let (rep, other, marketer) = (cast.rep.id, cast.other_rep.id, cast.marketer.id);
        let campaign = self
            .insert(row!(
                self,
                campaign {
                    owner_id: Some(marketer),
                    team_id: Some(cast.marketing),
                    created_by: Some(marketer),
                    name: "Spring".to_owned(),
                    code: "spring-2026".to_owned(),
                    objective: Objective::LeadGeneration,
                    channel: Channel::Email,
                    horizon: Horizon::ShortTerm,
                    status: campaign::CampaignStatus::Active,
                    budget_minor: Some(1_000_000),
                    budget_currency: Some("EUR".to_owned()),
                    expected_revenue_minor: Some(9_000_000),
                    expected_revenue_currency: Some("EUR".to_owned()),
                }
            ))
            .await
            .id;
        let draft_campaign = self
            .insert(row!(
                self,
                campaign {
                    owner_id: Some(cast.marketing_manager.id),
                    team_id: Some(cast.marketing),
                    created_by: Some(cast.marketing_manager.id),
                    name: "Autumn".to_owned(),
                    code: "autumn-2026".to_owned(),
                    budget_minor: Some(2_000_000),
                    budget_currency: Some("EUR".to_owned()),
                }
            ))
            .await
            .id;
        let company = self
            .insert(row!(
                self,
                company {
                    owner_id: Some(rep),
                    team_id: Some(cast.north),
                    name: "Acme".to_owned(),
                    domain: Some("acme.example".to_owned()),
                }
            ))
            .await
            .id;
        let person = |first: &str, last: &str, email: &str| {
            row!(
                self,
                contact {
                    first_name: Some(first.to_owned()),
                    last_name: Some(last.to_owned()),
                    email: Some(email.to_owned()),
                    phone: Some(format!("+4915{:08}", email.len())),
                    company_id: Some(company),
                }
            )
        };
        let contact = self.insert(person("Carla", "Customer", "carla@acme.example")).await.id;
        let other_contact = self.insert(person("Carl", "Client", "carl.client@acme.example")).await.id;
        let member = self
            .insert(row!(
                self,
                campaign_member {
                    campaign_id: campaign,
                    contact_id: contact,
                    status: campaign_member::MemberStatus::Responded,
                    first_responded_at: Some(self.now()),
                    source: LeadSource::Campaign,
                }
            ))
            .await
            .id;
        let touch = |contact: Option<Uuid>, campaign: Option<Uuid>, hours: i64| touchpoint::Model {
            id: self.id(),
            created_at: self.now(),
            occurred_at: self.now() - Duration::hours(hours),
            kind: touchpoint::TouchpointKind::FormSubmission,
            channel: Channel::Email,
            contact_id: contact,
            campaign_id: campaign,
            visitor_key: Some(format!("visitor-{hours}")),
            creditable: true,
            ..touchpoint::Model::default()
        };
        let anonymous_touch = self.insert(touch(None, Some(campaign), 50)).await.id;
        let their_touch = self.insert(touch(Some(other_contact), Some(campaign), 30)).await.id;
        let touch = self.insert(touch(Some(contact), Some(campaign), 40)).await.id;
        let deal = |name: &str, owner: Uuid, team: Uuid| {
            row!(
                self,
                deal {
                    created_by: Some(owner),
                    owner_id: Some(owner),
                    team_id: Some(team),
                    name: name.to_owned(),
                    company_id: Some(company),
                    pipeline_id: pipeline,
                    stage_id: open_stage,
                    amount_minor: Some(500_000),
                    currency: "EUR".to_owned(),
                    cost_minor: Some(200_000),
                    source_campaign_id: Some(campaign),
                }
            )
        };
        let my_deal = self.insert(deal("Mine", rep, cast.north)).await.id;
        let mut their_deal = deal("Theirs", other, cast.south);
        their_deal.stage_id = won_stage;
        their_deal.status = DealStatus::Won;
        their_deal.closed_at = Some(self.now());
        their_deal.base_amount_minor = Some(500_000);
        their_deal.rate_date = Some(self.now().date_naive());
        let their_deal = self.insert(their_deal).await.id;
        let lead = |contact: Uuid, owner: Option<Uuid>, team: Uuid, status: lead::LeadStatus| {
            row!(
                self,
                lead {
                    owner_id: owner,
                    team_id: Some(team),
                    contact_id: contact,
                    company_id: Some(company),
                    status: status,
                    source: LeadSource::Campaign,
                    source_campaign_id: Some(campaign),
                    interest: Some("a quote".to_owned()),
                    handed_off_at: matches!(status, lead::LeadStatus::Sal | lead::LeadStatus::Sql).then(|| self.now()),
                    sal_at: matches!(status, lead::LeadStatus::Sal | lead::LeadStatus::Sql).then(|| self.now()),
                }
            )
        };
        let mut people = Vec::new();
        for at in 0..2 {
            people.push(self.insert(person("Nora", "Next", &format!("nora{at}@acme.example"))).await.id);
        }
        let my_lead = self.insert(lead(contact, Some(rep), cast.north, lead::LeadStatus::Sql)).await.id;
        let their_lead = self.insert(lead(other_contact, Some(other), cast.south, lead::LeadStatus::Sal)).await.id;
        let pool_lead = self.insert(lead(people[0], None, cast.north, lead::LeadStatus::Mql)).await.id;
        let marketing_lead =
            self.insert(lead(people[1], Some(marketer), cast.marketing, lead::LeadStatus::Nurturing)).await.id;
        let handoff = |lead: Uuid, to: Option<Uuid>, team: Uuid, status: handoff::HandoffStatus| {
            row!(
                self,
                handoff {
                    lead_id: lead,
                    from_user_id: Some(marketer),
                    from_team_id: Some(cast.marketing),
                    to_owner_id: to,
                    to_team_id: Some(team),
                    status: status,
                    handed_at: self.now(),
                    due_at: self.now() + Duration::hours(24),
                    comment: Some("sounds good".to_owned()),
                }
            )
        };
        let my_handoff = self.insert(handoff(pool_lead, None, cast.north, handoff::HandoffStatus::Pending)).await.id;
        let their_handoff =
            self.insert(handoff(their_lead, Some(other), cast.south, handoff::HandoffStatus::Accepted)).await.id;
        let part = |deal: Uuid, contact: Uuid| {
            row!(self, deal_contact { deal_id: deal, contact_id: contact, is_primary: true })
        };
        let my_deal_contact = self.insert(part(my_deal, contact)).await.id;
        let their_deal_contact = self.insert(part(their_deal, other_contact)).await.id;
        let product = self
            .insert(row!(
                self,
                product {
                    sku: "PUMP-1".to_owned(),
                    name: "Pump".to_owned(),
                    family: Some("Pumps".to_owned()),
                    unit_price_minor: 250_000,
                    unit_cost_minor: Some(100_000),
                    currency: "EUR".to_owned(),
                    is_active: true,
                }
            ))
            .await
            .id;
        let line = |deal: Uuid| {
            row!(
                self,
                line_item {
                    deal_id: deal,
                    product_id: Some(product),
                    description: "Pump".to_owned(),
                    quantity_e3: 2_000,
                    unit_price_minor: 250_000,
                    list_price_minor: 250_000,
                    unit_cost_minor: Some(100_000),
                    total_minor: 500_000,
                    currency: "EUR".to_owned(),
                    position: 1,
                }
            )
        };
        let my_line = self.insert(line(my_deal)).await.id;
        let their_line = self.insert(line(their_deal)).await.id;
        let activity = |subject: &str, owner: Uuid, team: Uuid, deal: Option<Uuid>, lead: Option<Uuid>| {
            row!(
                self,
                activity {
                    created_by: Some(owner),
                    owner_id: Some(owner),
                    team_id: Some(team),
                    kind: activity::ActivityKind::Note,
                    subject: subject.to_owned(),
                    body: Some(format!("secret of {subject}")),
                    deal_id: deal,
                    lead_id: lead,
                    status: activity::ActivityStatus::Done,
                }
            )
        };
        let my_activity = self.insert(activity("mine", rep, cast.north, Some(my_deal), None)).await.id;
        let their_activity = self.insert(activity("theirs", other, cast.south, Some(their_deal), None)).await.id;
        let lead_activity =
            self.insert(activity("warm up", marketer, cast.marketing, None, Some(marketing_lead))).await.id;
        let transition = |deal: Uuid| transition::Model {
            id: self.id(),
            created_at: self.now(),
            deal_id: Some(deal),
            to_state: "OPEN".to_owned(),
            at: self.now(),
            ..transition::Model::default()
        };
        let my_transition = self.insert(transition(my_deal)).await.id;
        let their_transition = self.insert(transition(their_deal)).await.id;
        let credit = |deal: Uuid, touch: Uuid| attribution_credit::Model {
            id: self.id(),
            deal_id: deal,
            touchpoint_id: Some(touch),
            campaign_id: Some(campaign),
            channel: Some(Channel::Email),
            model: attribution_credit::AttributionModel::FirstTouch,
            weight_bp: 10_000,
            amount_minor: 500_000,
            closed_at: self.now(),
        };
        let my_credit = self.insert(credit(my_deal, touch)).await.id;
        let their_credit = self.insert(credit(their_deal, their_touch)).await.id;
        let rate = self
            .insert(row!(
                self,
                exchange_rate { currency: "USD".to_owned(), date: self.now().date_naive(), rate_e8: 92_000_000 }
            ))
            .await
            .id;
        let event = |seq: i64, deal: Uuid| event::Model {
            seq,
            id: self.id(),
            at: self.now(),
            action: "createDeal".to_owned(),
            subject_type: "DEAL".to_owned(),
            subject_id: deal,
            changes: json!({ "name": [null, "a name"], "cost": [null, 200_000] }),
            ..event::Model::default()
        };
        let my_event = self.insert(event(1, my_deal)).await.id;
        let their_event = self.insert(event(2, their_deal)).await.id;
        self.execute("UPDATE event_sequence SET value = 2").await;
        let refusal = security_event::Model {
            id: self.id(),
            at: self.now(),
            action: security_event::SecurityAction::AccessRefused,
            actor_id: Some(rep),
            network: Some("192.0.2.1".to_owned()),
            operation: "createUser".to_owned(),
            missing_right: Some("User.create".to_owned()),
            ..security_event::Model::default()
        };
        let refusal = self.insert(refusal).await.id;
        Story {
            campaign,
            draft_campaign,
            member,
            company,
            contact,
            other_contact,
            touch,
            anonymous_touch,
            pipeline,
            open_stage,
            second_stage,
            won_stage,
            lost_stage,
            my_lead,
            their_lead,
            pool_lead,
            marketing_lead,
            my_handoff,
            their_handoff,
            my_deal,
            their_deal,
            my_deal_contact,
            their_deal_contact,
            product,
            my_line,
            their_line,
            my_activity,
            their_activity,
            lead_activity,
            my_transition,
            their_transition,
            my_credit,
            their_credit,
            rate,
            my_event,
            their_event,
            refusal,
        }
    }
}

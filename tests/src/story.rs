//! A small business for tests about rights: rows that belong to the rep, to the other rep, to the pool and to marketing.

use chrono::Duration;
use entity::enums::{Channel, DealStatus, Horizon, LeadSource, Objective};
// All tables: a row of a new one is one entry of the list below, and nothing else.
use entity::*;
use sea_orm::{EntityTrait, IdenStatic, IntoActiveModel, Iterable, ModelTrait, Value};
use serde_json::json;
use tributary::access::Kind;
use tributary::store::Resource;
use uuid::Uuid;

use crate::{Cast, World};

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

/// Makes [`Story`], and [`World::story`], from the one list of its rows: what a row is called, and the row. They are written
/// in this order, so what a row refers to stands above it.
macro_rules! story {
    ($world:ident, $cast:ident, $($name:ident = $row:expr),+ $(,)?) => {
        /// The rows, by what they are for. `mine` is the rep's, `theirs` the other rep's.
        #[derive(Clone, Debug)]
        pub struct Story {
            $(pub $name: Uuid,)+
            rows: Vec<(&'static str, Kind, Uuid)>,
        }

        impl World {
            /// The rows of [`Story`].
            pub async fn story(&self, $cast: &Cast) -> Story {
                let $world = self;
                let mut rows = Vec::new();
                $(
                    let (kind, $name) = self.put($row).await;
                    rows.push((stringify!($name), kind, $name));
                )+
                self.execute("UPDATE event_sequence SET value = 2").await;
                Story { $($name,)+ rows }
            }
        }
    };
}

story!(
    world,
    cast,
    pipeline = a_pipeline(world),
    open_stage = a_stage(world, pipeline, 0),
    second_stage = a_stage(world, pipeline, 1),
    won_stage = a_stage(world, pipeline, 2),
    lost_stage = a_stage(world, pipeline, 3),
    campaign = row!(
        world,
        campaign {
            owner_id: Some(cast.marketer.id),
            team_id: Some(cast.marketing),
            created_by: Some(cast.marketer.id),
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
    ),
    draft_campaign = row!(
        world,
        campaign {
            owner_id: Some(cast.marketing_manager.id),
            team_id: Some(cast.marketing),
            created_by: Some(cast.marketing_manager.id),
            name: "Autumn".to_owned(),
            code: "autumn-2026".to_owned(),
            budget_minor: Some(2_000_000),
            budget_currency: Some("EUR".to_owned()),
        }
    ),
    company = row!(
        world,
        company {
            owner_id: Some(cast.rep.id),
            team_id: Some(cast.north),
            name: "Acme".to_owned(),
            domain: Some("acme.example".to_owned()),
        }
    ),
    contact = a_person(world, company, "Carla", "Customer", "carla@acme.example"),
    other_contact = a_person(world, company, "Carl", "Client", "carl.client@acme.example"),
    member = row!(
        world,
        campaign_member {
            campaign_id: campaign,
            contact_id: contact,
            status: campaign_member::MemberStatus::Responded,
            first_responded_at: Some(world.now()),
            source: LeadSource::Campaign,
        }
    ),
    touch = a_touch(world, Some(contact), campaign, 40),
    anonymous_touch = a_touch(world, None, campaign, 50),
    their_touch = a_touch(world, Some(other_contact), campaign, 30),
    my_deal = deal::Model {
        name: "Mine".to_owned(),
        company_id: Some(company),
        source_campaign_id: Some(campaign),
        ..a_deal(world, cast.rep.id, cast.north, pipeline, open_stage)
    },
    their_deal = deal::Model {
        name: "Theirs".to_owned(),
        company_id: Some(company),
        source_campaign_id: Some(campaign),
        status: DealStatus::Won,
        closed_at: Some(world.now()),
        base_amount_minor: Some(500_000),
        rate_date: Some(world.now().date_naive()),
        ..a_deal(world, cast.other_rep.id, cast.south, pipeline, won_stage)
    },
    pool_contact = a_person(world, company, "Nora", "Next", "nora0@acme.example"),
    marketing_contact = a_person(world, company, "Nora", "Next", "nora1@acme.example"),
    my_lead = lead::Model {
        owner_id: Some(cast.rep.id),
        team_id: Some(cast.north),
        ..a_lead(world, contact, company, campaign, lead::LeadStatus::Sql)
    },
    their_lead = lead::Model {
        owner_id: Some(cast.other_rep.id),
        team_id: Some(cast.south),
        ..a_lead(world, other_contact, company, campaign, lead::LeadStatus::Sal)
    },
    pool_lead = lead::Model {
        team_id: Some(cast.north),
        ..a_lead(world, pool_contact, company, campaign, lead::LeadStatus::Mql)
    },
    marketing_lead = lead::Model {
        owner_id: Some(cast.marketer.id),
        team_id: Some(cast.marketing),
        ..a_lead(world, marketing_contact, company, campaign, lead::LeadStatus::Nurturing)
    },
    my_handoff = handoff::Model { to_team_id: Some(cast.north), ..a_handoff(world, cast, pool_lead) },
    their_handoff = handoff::Model {
        to_owner_id: Some(cast.other_rep.id),
        to_team_id: Some(cast.south),
        status: handoff::HandoffStatus::Accepted,
        ..a_handoff(world, cast, their_lead)
    },
    my_deal_contact = row!(world, deal_contact { deal_id: my_deal, contact_id: contact, is_primary: true }),
    their_deal_contact = row!(world, deal_contact { deal_id: their_deal, contact_id: other_contact, is_primary: true }),
    product = row!(
        world,
        product {
            sku: "PUMP-1".to_owned(),
            name: "Pump".to_owned(),
            family: Some("Pumps".to_owned()),
            unit_price_minor: 250_000,
            unit_cost_minor: Some(100_000),
            currency: "EUR".to_owned(),
            is_active: true,
        }
    ),
    my_line = a_line(world, my_deal, product),
    their_line = a_line(world, their_deal, product),
    my_activity = activity::Model { deal_id: Some(my_deal), ..an_activity(world, "mine", cast.rep.id, cast.north) },
    their_activity =
        activity::Model { deal_id: Some(their_deal), ..an_activity(world, "theirs", cast.other_rep.id, cast.south) },
    lead_activity = activity::Model {
        lead_id: Some(marketing_lead),
        ..an_activity(world, "warm up", cast.marketer.id, cast.marketing)
    },
    my_transition = a_transition(world, my_deal),
    their_transition = a_transition(world, their_deal),
    my_credit = a_credit(world, my_deal, touch, campaign),
    their_credit = a_credit(world, their_deal, their_touch, campaign),
    rate =
        row!(world, exchange_rate { currency: "USD".to_owned(), date: world.now().date_naive(), rate_e8: 92_000_000 }),
    my_event = an_event(world, 1, my_deal),
    their_event = an_event(world, 2, their_deal),
    refusal = security_event::Model {
        id: world.id(),
        at: world.now(),
        action: security_event::SecurityAction::AccessRefused,
        actor_id: Some(cast.rep.id),
        network: Some("192.0.2.1".to_owned()),
        operation: "createUser".to_owned(),
        missing_right: Some("User.create".to_owned()),
        ..security_event::Model::default()
    },
);

impl Story {
    /// Every row: its name, its kind and its id.
    pub fn rows(&self) -> &[(&'static str, Kind, Uuid)] {
        &self.rows
    }

    /// A row of the kind that whoever may see some of them sees, and the rep as their own: the first of the list. Users and
    /// teams are of the cast.
    ///
    /// # Panics
    /// The kind is new: give it a row in the list.
    pub fn specimen(&self, cast: &Cast, kind: Kind) -> Uuid {
        let told = self.rows.iter().find(|(_, of, _)| *of == kind).map(|(_, _, id)| *id);
        match kind {
            Kind::User => cast.manager.id,
            Kind::Team => cast.north,
            _ => told.unwrap_or_else(|| panic!("{kind:?} is new: give the story a row of it")),
        }
    }
}

impl World {
    /// A pipeline with an open, a won and a lost stage; the default one.
    pub async fn pipeline(&self) -> (Uuid, [Uuid; 4]) {
        let line = self.insert(a_pipeline(self)).await.id;
        let mut stages = [Uuid::nil(); 4];
        for (at, stage) in stages.iter_mut().enumerate() {
            *stage = self.insert(a_stage(self, line, at)).await.id;
        }
        (line, stages)
    }

    /// As [`World::insert`]; answers what it is and its id.
    async fn put<M>(&self, row: M) -> (Kind, Uuid)
    where
        M: ModelTrait<Entity: Resource> + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel> + Clone,
        <M::Entity as EntityTrait>::ActiveModel: Send,
    {
        let row = self.insert(row).await;
        let id = <M::Entity as EntityTrait>::Column::iter().find(|column| column.as_str() == "id").expect("an id");
        match row.get(id) {
            Value::Uuid(Some(id)) => (<M::Entity as Resource>::KIND, id),
            other => panic!("{other:?} is no id"),
        }
    }
}

fn a_pipeline(world: &World) -> pipeline::Model {
    row!(world, pipeline { name: "Sales".to_owned(), is_default: true, is_active: true })
}

/// One of the stages of the pipeline, by its place.
fn a_stage(world: &World, pipeline: Uuid, at: usize) -> stage::Model {
    let (name, category, probability) = [
        ("Discovery", DealStatus::Open, 20),
        ("Proposal", DealStatus::Open, 60),
        ("Won", DealStatus::Won, 100),
        ("Lost", DealStatus::Lost, 0),
    ][at];
    row!(
        world,
        stage {
            pipeline_id: pipeline,
            name: name.to_owned(),
            position: i32::try_from(at).expect("few stages") + 1,
            category: category,
            probability: probability,
            exit_criteria: json!([]),
        }
    )
}

fn a_person(world: &World, company: Uuid, first: &str, last: &str, email: &str) -> contact::Model {
    row!(
        world,
        contact {
            first_name: Some(first.to_owned()),
            last_name: Some(last.to_owned()),
            email: Some(email.to_owned()),
            phone: Some(format!("+4915{:08}", email.len())),
            company_id: Some(company),
        }
    )
}

fn a_touch(world: &World, contact: Option<Uuid>, campaign: Uuid, hours: i64) -> touchpoint::Model {
    touchpoint::Model {
        id: world.id(),
        created_at: world.now(),
        occurred_at: world.now() - Duration::hours(hours),
        kind: touchpoint::TouchpointKind::FormSubmission,
        channel: Channel::Email,
        contact_id: contact,
        campaign_id: Some(campaign),
        visitor_key: Some(format!("visitor-{hours}")),
        creditable: true,
        ..touchpoint::Model::default()
    }
}

fn a_deal(world: &World, owner: Uuid, team: Uuid, pipeline: Uuid, stage: Uuid) -> deal::Model {
    row!(
        world,
        deal {
            created_by: Some(owner),
            owner_id: Some(owner),
            team_id: Some(team),
            pipeline_id: pipeline,
            stage_id: stage,
            amount_minor: Some(500_000),
            currency: "EUR".to_owned(),
            cost_minor: Some(200_000),
        }
    )
}

fn a_lead(world: &World, contact: Uuid, company: Uuid, campaign: Uuid, status: lead::LeadStatus) -> lead::Model {
    let accepted = matches!(status, lead::LeadStatus::Sal | lead::LeadStatus::Sql).then(|| world.now());
    row!(
        world,
        lead {
            contact_id: contact,
            company_id: Some(company),
            status: status,
            source: LeadSource::Campaign,
            source_campaign_id: Some(campaign),
            interest: Some("a quote".to_owned()),
            handed_off_at: accepted,
            sal_at: accepted,
        }
    )
}

fn a_handoff(world: &World, cast: &Cast, lead: Uuid) -> handoff::Model {
    row!(
        world,
        handoff {
            lead_id: lead,
            from_user_id: Some(cast.marketer.id),
            from_team_id: Some(cast.marketing),
            status: handoff::HandoffStatus::Pending,
            handed_at: world.now(),
            due_at: world.now() + Duration::hours(24),
            comment: Some("sounds good".to_owned()),
        }
    )
}

fn a_line(world: &World, deal: Uuid, product: Uuid) -> line_item::Model {
    row!(
        world,
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
}

fn an_activity(world: &World, subject: &str, owner: Uuid, team: Uuid) -> activity::Model {
    row!(
        world,
        activity {
            created_by: Some(owner),
            owner_id: Some(owner),
            team_id: Some(team),
            kind: activity::ActivityKind::Note,
            subject: subject.to_owned(),
            body: Some(format!("secret of {subject}")),
            status: activity::ActivityStatus::Done,
        }
    )
}

fn a_transition(world: &World, deal: Uuid) -> transition::Model {
    transition::Model {
        id: world.id(),
        created_at: world.now(),
        deal_id: Some(deal),
        to_state: "OPEN".to_owned(),
        at: world.now(),
        ..transition::Model::default()
    }
}

fn a_credit(world: &World, deal: Uuid, touch: Uuid, campaign: Uuid) -> attribution_credit::Model {
    attribution_credit::Model {
        id: world.id(),
        deal_id: deal,
        touchpoint_id: Some(touch),
        campaign_id: Some(campaign),
        channel: Some(Channel::Email),
        model: attribution_credit::AttributionModel::FirstTouch,
        weight_bp: 10_000,
        amount_minor: 500_000,
        closed_at: world.now(),
    }
}

fn an_event(world: &World, seq: i64, deal: Uuid) -> event::Model {
    event::Model {
        seq,
        id: world.id(),
        at: world.now(),
        action: "createDeal".to_owned(),
        subject_type: "DEAL".to_owned(),
        subject_id: deal,
        changes: json!({ "name": [null, "a name"], "cost": [null, 200_000] }),
        ..event::Model::default()
    }
}

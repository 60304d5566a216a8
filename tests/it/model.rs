//! Random lives of leads and deals, tried by random people, against a model that was thought through without a
//! database; after every step the invariants of the domain are asked of the tables themselves.
//!
//! `TRIBUTARY_SEED` repeats a run, `TRIBUTARY_STEPS` makes it longer.

pub mod invariants;
mod pure;

use chrono::Duration;
use entity::lead::LeadStatus;
use entity::{campaign, deal, lead};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tests::{Actor, Answer, Cast, World, row};
use uuid::Uuid;

use crate::gid;
use invariants::Past;
use pure::{EVERYBODY, Model, Outcome, Step, Team, Who};

/// How many people get in touch.
const PEOPLE: usize = 5;
/// How many of the 17 kinds of step must have succeeded in a run.
const ENOUGH_KINDS: usize = 10;

#[tokio::test]
async fn any_life_of_leads_and_deals_keeps_the_invariants_on_sqlite() {
    tests::on_sqlite(live).await;
}

#[tokio::test]
async fn any_life_of_leads_and_deals_keeps_the_invariants_on_postgres() {
    tests::on_postgres(live).await;
}

async fn live(world: World) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = number("TRIBUTARY_SEED").unwrap_or_else(|| Uuid::new_v4().as_u64_pair().0 & 0xffff_ffff);
    println!("TRIBUTARY_SEED={seed}");
    let mut play = Play::begin(world, seed).await;
    let steps = number("TRIBUTARY_STEPS").unwrap_or(120);
    // An unlucky run goes on until enough different things have happened in it.
    for turn in 0..10 * steps {
        if turn >= steps && play.kinds_done() >= ENOUGH_KINDS {
            break;
        }
        play.turn(turn).await;
    }
    invariants::hold(&play.world, "the end").await;
    assert!(play.kinds_done() >= ENOUGH_KINDS, "too little was done: {:?} (seed {seed})", play.done);
}

/// A run: the service, the model, and the ids of what the model calls by number.
struct Play {
    world: World,
    cast: Cast,
    dice: Dice,
    seed: u64,
    model: Model,
    past: Past,
    leads: Vec<Uuid>,
    deals: Vec<Uuid>,
    stages: [Uuid; 4],
    campaigns: Vec<Uuid>,
    /// How often each kind of step succeeded.
    done: [usize; 17],
}

impl Play {
    async fn begin(world: World, seed: u64) -> Self {
        let cast = world.cast().await;
        let (_, stages) = world.pipeline().await;
        let mut model = Model::default();
        let mut deals = Vec::new();
        for (who, actor) in [(Who::Rep, &cast.rep), (Who::OtherRep, &cast.other_rep)] {
            model.add_deal(who);
            let input = json!({ "name": "Old", "amount": { "amount": "700", "currency": "EUR" } });
            let answer = actor.mutate("createDeal", input, "deal { id }").await;
            deals.push(crate::lead::key(&answer.payload()["deal"]["id"]));
        }
        let mut campaigns = Vec::new();
        for number in 0..4 {
            let row = row!(
                world,
                campaign {
                    name: format!("Campaign {number}"),
                    code: format!("code-{number}"),
                    status: if number == 0 {
                        campaign::CampaignStatus::Active
                    } else {
                        campaign::CampaignStatus::Draft
                    },
                    starts_on: Some(day(1)),
                    ends_on: Some(day(20)),
                }
            );
            campaigns.push(world.insert(row).await.id);
        }
        let mut past = Past::default();
        past.check(&world, "the beginning").await;
        let (leads, done, dice) = (Vec::new(), [0; 17], Dice(seed));
        Self { world, cast, dice, seed, model, past, leads, deals, stages, campaigns, done }
    }

    /// One step by one person: the service and the model must agree, and the invariants hold.
    async fn turn(&mut self, turn: u64) {
        self.world.clock.advance(Duration::seconds(1));
        if self.dice.one_in(10) {
            self.change_a_campaign(turn).await;
            return;
        }
        let step = self.choose();
        let by = self.somebody_for(step);
        let stale = self.dice.one_in(12) && !matches!(step, Step::Capture { .. });
        let told = format!("turn {turn}: {by:?} {step:?}{} (seed {})", if stale { " stale" } else { "" }, self.seed);
        let events = self.world.number("SELECT count(*) FROM event").await;
        let expected = self.model.apply(by, step, stale);
        let answer = self.run(by, step, stale).await;
        let outcome = outcome(&answer, &told);
        assert_eq!(outcome, expected, "{told}: {:#}", answer.body);
        if outcome == Outcome::Done {
            self.learn_ids(step, &answer);
            self.done[kind(step)] += 1;
        } else {
            let now = self.world.number("SELECT count(*) FROM event").await;
            assert_eq!(now, events, "12: a refusal leaves no event; {told}");
        }
        self.compare(&told).await;
        self.past.check(&self.world, &told).await;
    }

    fn kinds_done(&self) -> usize {
        self.done.iter().filter(|count| **count > 0).count()
    }

    /// Mostly somebody who can do it, so that lives get somewhere; else anybody, so that refusals are tried as well.
    fn somebody_for(&mut self, step: Step) -> Who {
        let can = |who: &Who| self.model.clone().apply(*who, step, false) == Outcome::Done;
        let able: Vec<Who> = EVERYBODY.into_iter().filter(can).collect();
        if able.is_empty() || self.dice.one_in(3) { self.dice.of(&EVERYBODY) } else { self.dice.of(&able) }
    }

    fn choose(&mut self) -> Step {
        let dice = &mut self.dice;
        if self.leads.is_empty() || dice.one_in(6) {
            return Step::Capture { person: dice.below(PEOPLE), outbound: dice.one_in(3) };
        }
        let lead = dice.below(self.leads.len());
        let deal = dice.below(self.deals.len());
        // Half of the time what the state of the lead invites to, else anything.
        let pick = if dice.one_in(2) { dice.below(17) } else { self.inviting(lead) };
        let dice = &mut self.dice;
        match pick {
            0 => Step::Nurture(lead),
            1 | 2 => Step::Qualify(lead),
            3 => {
                let targets = [
                    (Some(Who::Rep), Team::North),
                    (Some(Who::OtherRep), Team::South),
                    (Some(Who::Manager), Team::Sales),
                    (None, Team::North),
                    (None, Team::Sales),
                ];
                let (owner, team) = dice.of(&targets);
                Step::HandOff(lead, owner, team)
            }
            4 => Step::Accept(lead),
            5 => Step::Reject(lead, dice.one_in(3)),
            6 => Step::Recall(lead),
            7 => Step::QualifyForSales(lead),
            8 => Step::Disqualify(lead),
            9 => Step::Recycle(lead),
            10 => Step::Convert(lead),
            11 => Step::Join(lead, deal),
            12 => Step::Unconvert(lead),
            13 => Step::Move(deal),
            14 => Step::Win(deal),
            15 => Step::Lose(deal),
            _ => Step::Reopen(deal),
        }
    }

    fn inviting(&mut self, lead: usize) -> usize {
        let lead = &self.model.leads[lead];
        let dice = &mut self.dice;
        match (lead.status, lead.pending) {
            (LeadStatus::New, _) => dice.below(2),
            (LeadStatus::Nurturing, _) => 1,
            (LeadStatus::Mql, None) => 3,
            (LeadStatus::Mql, Some(_)) => 4 + dice.below(2),
            (LeadStatus::Sal, _) => dice.of(&[7, 9, 10, 11]),
            (LeadStatus::Sql, _) => 10 + dice.below(2),
            (LeadStatus::Converted, _) => 12 + dice.below(4),
            (LeadStatus::Disqualified, _) => dice.below(17),
        }
    }

    async fn run(&mut self, by: Who, step: Step, stale: bool) -> Answer {
        let actor = self.fresh(by).await;
        match step {
            Step::Capture { person, outbound } => {
                let mut input = json!({
                    "contact": { "email": format!("person{person}@firm{}.example", person % 3) },
                    "source": if outbound { "OUTBOUND" } else { "CAMPAIGN" },
                    "estimatedValue": { "amount": "1000", "currency": "EUR" },
                    "touch": { "kind": "FORM_SUBMISSION", "channel": "WEBSITE" },
                });
                // The first campaign runs and is never deleted.
                if self.dice.one_in(2) {
                    input["sourceCampaignId"] = json!(gid("campaign", self.campaigns[0]));
                }
                actor.mutate("captureLead", input, "lead { id }").await
            }
            Step::Nurture(lead) => self.on_lead(&actor, "nurtureLead", lead, stale, json!({})).await,
            Step::Qualify(lead) => self.on_lead(&actor, "qualifyLead", lead, stale, json!({ "reason": "so" })).await,
            Step::HandOff(lead, owner, team) => {
                let to = match owner {
                    Some(owner) => json!({ "ownerId": gid("user", self.actor(owner).id) }),
                    None => json!({ "teamId": gid("team", self.team(team)) }),
                };
                self.on_lead(&actor, "handOffLead", lead, stale, to).await
            }
            Step::Accept(lead) => self.on_lead(&actor, "acceptLead", lead, stale, json!({ "rating": 3 })).await,
            Step::Reject(lead, end) => {
                let more = json!({ "reason": "NO_NEED", "to": if end { "DISQUALIFIED" } else { "NURTURING" } });
                self.on_lead(&actor, "rejectLead", lead, stale, more).await
            }
            Step::Recall(lead) => self.on_lead(&actor, "recallHandoff", lead, stale, json!({})).await,
            Step::QualifyForSales(lead) => {
                self.on_lead(&actor, "qualifyForSales", lead, stale, json!({ "need": "a CRM" })).await
            }
            Step::Disqualify(lead) => {
                self.on_lead(&actor, "disqualifyLead", lead, stale, json!({ "reason": "NO_NEED" })).await
            }
            Step::Recycle(lead) => {
                self.on_lead(&actor, "recycleLead", lead, stale, json!({ "reason": "BAD_TIMING" })).await
            }
            Step::Convert(lead) => self.on_lead(&actor, "convertLead", lead, stale, json!({})).await,
            Step::Join(lead, deal) => {
                let into = json!({ "existingDealId": gid("deal", self.deals[deal]) });
                self.on_lead(&actor, "convertLead", lead, stale, into).await
            }
            Step::Unconvert(lead) => {
                self.on_lead(&actor, "unconvertLead", lead, stale, json!({ "reason": "too early" })).await
            }
            Step::Move(deal) => {
                let row = self.stored_deal(deal).await;
                let to = if row.stage_id == self.stages[0] { self.stages[1] } else { self.stages[0] };
                self.on_deal(&actor, "moveDeal", deal, stale, json!({ "stageId": gid("stage", to) })).await
            }
            Step::Win(deal) => self.on_deal(&actor, "winDeal", deal, stale, json!({})).await,
            Step::Lose(deal) => self.on_deal(&actor, "loseDeal", deal, stale, json!({ "lossReason": "PRICE" })).await,
            Step::Reopen(deal) => self.on_deal(&actor, "reopenDeal", deal, stale, json!({})).await,
        }
    }

    async fn on_lead(&self, actor: &Actor, verb: &str, lead: usize, stale: bool, more: Value) -> Answer {
        let row = self.stored_lead(lead).await;
        let by_lead = ["recallHandoff", "convertLead", "unconvertLead"].contains(&verb);
        let input = json!({
            if by_lead { "leadId" } else { "id" }: gid("lead", row.id),
            "expectedVersion": row.version - i32::from(stale),
        });
        let fields = if verb == "convertLead" { "deal { id } alreadyConverted" } else { "lead { id }" };
        actor.mutate(verb, merged(input, more), fields).await
    }

    async fn on_deal(&self, actor: &Actor, verb: &str, deal: usize, stale: bool, more: Value) -> Answer {
        let row = self.stored_deal(deal).await;
        let input = json!({ "id": gid("deal", row.id), "expectedVersion": row.version - i32::from(stale) });
        actor.mutate(verb, merged(input, more), "deal { id }").await
    }

    /// Anything may be tried with campaigns; whether it is refused is another test's matter.
    async fn change_a_campaign(&mut self, turn: u64) {
        let manager = self.fresh(Who::MarketingManager).await;
        let id = self.dice.of(&self.campaigns);
        let row = campaign::Entity::find_by_id(id).one(&self.world.raw).await.expect("a query").expect("a campaign");
        let target = json!({ "id": gid("campaign", id), "expectedVersion": row.version });
        let told = format!("turn {turn}: campaign {id} (seed {})", self.seed);
        let answer = if self.dice.one_in(8) {
            manager.mutate("deleteCampaign", target, "campaign { id }").await
        } else {
            let (from, to) = (1 + self.dice.below(20) as u32, 1 + self.dice.below(25) as u32);
            let change = match self.dice.below(3) {
                0 => json!({ "startsOn": day(from), "endsOn": day(to) }),
                1 => json!({ "endsOn": day(to) }),
                _ => json!({ "parentId": gid("campaign", self.dice.of(&self.campaigns)) }),
            };
            manager.mutate("updateCampaign", merged(target, change), "campaign { id }").await
        };
        let codes = answer.codes();
        assert!(
            codes.iter().all(|code| ["CONFLICT", "NOT_FOUND"].contains(&code.as_str())),
            "{told}: {:#}",
            answer.body
        );
        self.past.check(&self.world, &told).await;
    }

    /// New rows get their numbers.
    fn learn_ids(&mut self, step: Step, answer: &Answer) {
        match step {
            Step::Capture { .. } if self.leads.len() < self.model.leads.len() => {
                self.leads.push(crate::lead::key(&answer.outcome()["lead"]["id"]));
            }
            Step::Convert(_) if self.deals.len() < self.model.deals.len() => {
                self.deals.push(crate::lead::key(&answer.outcome()["deal"]["id"]));
            }
            _ => {}
        }
    }

    /// The tables say what the model says.
    async fn compare(&self, told: &str) {
        for (number, wanted) in self.model.leads.iter().enumerate() {
            let row = self.stored_lead(number).await;
            let owner = wanted.owner.map(|owner| self.actor(owner).id);
            let deal = wanted.deal.map(|deal| self.deals[deal]);
            assert_eq!(
                (row.status, row.owner_id, row.team_id, row.recycled_count, row.deal_id),
                (wanted.status, owner, Some(self.team(wanted.team)), wanted.recycled, deal),
                "lead {number}; {told}"
            );
        }
        for (number, wanted) in self.model.deals.iter().enumerate() {
            let row = self.stored_deal(number).await;
            let origin = wanted.origin.map(|lead| self.leads[lead]);
            assert_eq!(
                (row.status, row.owner_id, row.lead_id, row.deleted_at.is_some()),
                (wanted.status, Some(self.actor(wanted.owner).id), origin, wanted.deleted),
                "deal {number}; {told}"
            );
        }
        let pending = self.model.leads.iter().filter(|lead| lead.pending.is_some()).count();
        let stored = self.world.number("SELECT count(*) FROM handoff WHERE status = 'PENDING'").await;
        assert_eq!(stored, i64::try_from(pending).expect("few"), "{told}");
    }

    async fn stored_lead(&self, number: usize) -> lead::Model {
        crate::lead::stored(&self.world, self.leads[number]).await
    }

    async fn stored_deal(&self, number: usize) -> deal::Model {
        deal::Entity::find_by_id(self.deals[number]).one(&self.world.raw).await.expect("a query").expect("a deal")
    }

    fn actor(&self, who: Who) -> &Actor {
        match who {
            Who::Manager => &self.cast.manager,
            Who::Rep => &self.cast.rep,
            Who::OtherRep => &self.cast.other_rep,
            Who::MarketingManager => &self.cast.marketing_manager,
            Who::Marketer => &self.cast.marketer,
        }
    }

    /// The person, signed in again every few minutes of the run.
    async fn fresh(&self, who: Who) -> Actor {
        let actor = self.actor(who);
        self.world.sign_in(actor.id, actor.role.expect("a role")).await
    }

    fn team(&self, team: Team) -> Uuid {
        match team {
            Team::Sales => self.cast.sales,
            Team::North => self.cast.north,
            Team::South => self.cast.south,
            Team::Marketing => self.cast.marketing,
        }
    }
}

fn kind(step: Step) -> usize {
    match step {
        Step::Capture { .. } => 0,
        Step::Nurture(_) => 1,
        Step::Qualify(_) => 2,
        Step::HandOff(..) => 3,
        Step::Accept(_) => 4,
        Step::Reject(..) => 5,
        Step::Recall(_) => 6,
        Step::QualifyForSales(_) => 7,
        Step::Disqualify(_) => 8,
        Step::Recycle(_) => 9,
        Step::Convert(_) => 10,
        Step::Join(..) => 11,
        Step::Unconvert(_) => 12,
        Step::Move(_) => 13,
        Step::Win(_) => 14,
        Step::Lose(_) => 15,
        Step::Reopen(_) => 16,
    }
}

fn outcome(answer: &Answer, told: &str) -> Outcome {
    match answer.codes().as_slice() {
        [] => match answer.mistakes().as_slice() {
            [] => Outcome::Done,
            [one] if one.starts_with("TAKEN") => Outcome::Taken,
            other => panic!("{told}: {other:?}"),
        },
        [one] => match one.as_str() {
            "NOT_FOUND" => Outcome::NotFound,
            "FORBIDDEN" => Outcome::Forbidden,
            "CONFLICT" => Outcome::Conflict,
            other => panic!("{told}: {other}: {:#}", answer.body),
        },
        other => panic!("{told}: {other:?}"),
    }
}

fn merged(mut input: Value, more: Value) -> Value {
    if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
        input.extend(more);
    }
    input
}

fn day(number: u32) -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(2026, 5, number).expect("a day of May")
}

/// Numbers that repeat with their seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("small")
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

//! One set of rows, the same on both databases: odd texts, days at the ends of the calendar and around changes of the
//! clock, amounts of nothing, below it and as large as they may be.

use entity::enums::DealStatus;
use entity::{
    activity, attribution_credit, campaign, campaign_member, company, contact, deal, deal_contact, exchange_rate,
    handoff, lead, touchpoint, transition,
};
use sea_orm::Iterable;
use tests::{Cast, World, row};
use uuid::Uuid;

use super::dice::Dice;

pub const TEXTS: [&str; 40] = [
    "",
    " ",
    "a",
    "A",
    "Adler",
    "abel",
    "Ärzte",
    "ärzte",
    "ÄRZTE GMBH",
    "Arzte",
    "Zimmer",
    "zimmer",
    "Straße",
    "STRASSE",
    "O'Brien",
    "say \"hi\"",
    "50% off_",
    "50%",
    "a_b",
    "aXb",
    "back\\slash",
    "\\",
    "%",
    "_",
    "é",
    "e\u{301}",
    "😀",
    "😀 smile",
    "İstanbul",
    "ı",
    "日本",
    "Ǆ",
    "ﬁ",
    "a b",
    "a-b",
    "a.b",
    "10",
    "9",
    "  padded  ",
    "line\nfeed\ttab",
];
pub const DAYS: [&str; 11] = [
    "0001-01-01",
    "0999-12-31",
    "1900-02-28",
    "2024-02-29",
    "2025-12-31",
    "2026-02-28",
    "2026-03-01",
    "2026-03-02",
    "2026-06-30",
    "2100-03-01",
    "9999-12-31",
];
pub const MOMENTS: [&str; 20] = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T23:30:00Z",
    "1500-06-15T12:00:00Z",
    "1883-11-18T17:00:00Z",
    "1893-03-31T23:06:31.5Z",
    "1969-12-31T23:59:59.999999Z",
    "1989-07-01T22:30:00Z",
    "2011-12-30T10:00:00Z",
    "2024-02-29T23:59:59Z",
    "2025-03-30T00:59:59.999999Z",
    "2025-03-30T01:00:00Z",
    "2025-10-26T00:30:00Z",
    "2025-10-26T01:30:00.5Z",
    "2026-02-28T23:30:00Z",
    "2026-03-01T00:00:00Z",
    "2026-03-01T08:59:59.999999Z",
    "2026-03-01T09:00:00Z",
    "2026-03-02T00:00:00Z",
    "2150-07-01T22:30:00Z",
    "9999-12-31T23:59:59.999999Z",
];
pub const AMOUNTS: [i64; 9] = [0, 1, -1, 99, 100, 12_345, -9_999, 5_000_000, 1_000_000_000_000_000];
pub const CURRENCIES: [&str; 3] = ["EUR", "JPY", "KWD"];

fn text(dice: &mut Dice) -> String {
    dice.pick(&TEXTS).to_owned()
}

fn maybe_text(dice: &mut Dice) -> Option<String> {
    dice.chance(75).then(|| text(dice))
}

fn moment(dice: &mut Dice) -> chrono::DateTime<chrono::Utc> {
    dice.pick(&MOMENTS).parse().expect("a moment")
}

fn maybe_moment(dice: &mut Dice) -> Option<chrono::DateTime<chrono::Utc>> {
    dice.chance(70).then(|| moment(dice))
}

fn maybe_day(dice: &mut Dice) -> Option<chrono::NaiveDate> {
    dice.chance(75).then(|| dice.pick(&DAYS).parse().expect("a day"))
}

fn maybe_amount(dice: &mut Dice) -> (Option<i64>, Option<String>) {
    if dice.chance(75) { (Some(dice.pick(&AMOUNTS)), Some(dice.pick(&CURRENCIES).to_owned())) } else { (None, None) }
}

fn any<T: Iterable + Copy>(dice: &mut Dice) -> T {
    dice.pick(&T::iter().collect::<Vec<_>>())
}

fn maybe<T: Iterable + Copy>(dice: &mut Dice) -> Option<T> {
    dice.chance(70).then(|| any(dice))
}

fn one_of(dice: &mut Dice, ids: &[Uuid]) -> Option<Uuid> {
    dice.chance(75).then(|| dice.pick(ids))
}

/// Fills the world; everybody in it is signed in.
#[expect(clippy::too_many_lines, reason = "a list of rows")]
pub async fn fill(world: &World) -> Cast {
    let dice = &mut Dice::new(1);
    let cast = world.cast().await;
    let story = world.story(&cast).await;
    let people = [
        (Some(cast.rep.id), Some(cast.north)),
        (Some(cast.other_rep.id), Some(cast.south)),
        (Some(cast.marketer.id), Some(cast.marketing)),
        (Some(cast.manager.id), Some(cast.sales)),
        (None, Some(cast.north)),
        (None, None),
    ];
    let stages = [
        (story.open_stage, DealStatus::Open),
        (story.won_stage, DealStatus::Won),
        (story.lost_stage, DealStatus::Lost),
    ];
    let (mut companies, mut contacts, mut campaigns, mut leads, mut deals, mut touches) = (
        vec![story.company],
        vec![story.contact],
        vec![story.campaign],
        vec![story.my_lead],
        vec![story.my_deal],
        vec![story.touch],
    );
    for at in 0..30 {
        let (owner_id, team_id) = dice.pick(&people);
        let (annual_revenue_minor, annual_revenue_currency) = maybe_amount(dice);
        let parent_id = one_of(dice, &companies);
        let mut model = row!(
            world,
            company {
                owner_id,
                team_id,
                name: text(dice),
                domain: dice.chance(70).then(|| format!("firm{at}.example")),
                industry: maybe_text(dice),
                size_band: maybe(dice),
                annual_revenue_minor,
                annual_revenue_currency,
                country: dice.chance(70).then(|| dice.pick(&["DE", "AT", "CH"]).to_owned()),
                lifecycle: any(dice),
                parent_id,
            }
        );
        (model.created_at, model.version) = (moment(dice), at % 4 + 1);
        companies.push(world.insert(model).await.id);
    }
    for at in 0..40 {
        let (owner_id, team_id) = dice.pick(&people);
        let email = dice.chance(80).then(|| {
            format!(
                "{}{at}@{}",
                dice.pick(&["ada", "Zoë", "o'brien", "a_b"]).to_lowercase(),
                dice.pick(&["a.example", "müller.example"])
            )
        });
        let mut model = row!(
            world,
            contact {
                owner_id,
                team_id,
                first_name: maybe_text(dice),
                last_name: maybe_text(dice),
                email,
                phone: dice.chance(60).then(|| format!("+49151{:08}", at * 37)),
                job_title: maybe_text(dice),
                company_id: one_of(dice, &companies),
                preferred_channel: maybe(dice),
                preferred_language: dice.chance(60).then(|| dice.pick(&["de", "de-AT", "en"]).to_owned()),
                lifecycle: any(dice),
            }
        );
        model.created_at = moment(dice);
        contacts.push(world.insert(model).await.id);
    }
    for at in 0..12 {
        let (owner_id, team_id) = dice.pick(&people);
        let ((budget_minor, budget_currency), (expected_revenue_minor, expected_revenue_currency)) =
            (maybe_amount(dice), maybe_amount(dice));
        let (starts_on, ends_on) = (maybe_day(dice), maybe_day(dice));
        let mut model = row!(
            world,
            campaign {
                owner_id,
                team_id,
                name: text(dice),
                code: format!("code-{at}"),
                objective: any(dice),
                channel: any(dice),
                horizon: any(dice),
                status: any(dice),
                starts_on: starts_on.filter(|start| ends_on.is_none_or(|end| *start <= end)),
                ends_on,
                parent_id: one_of(dice, &campaigns),
                budget_minor,
                budget_currency,
                expected_leads: dice.chance(60).then(|| dice.pick(&[0, 1, 50, i32::MAX])),
                expected_revenue_minor,
                expected_revenue_currency,
            }
        );
        model.created_at = moment(dice);
        campaigns.push(world.insert(model).await.id);
    }
    for contact_id in contacts.clone().into_iter().skip(1) {
        for campaign_id in [campaigns[1], campaigns[2]] {
            let mut model = row!(
                world,
                campaign_member {
                    campaign_id,
                    contact_id,
                    status: any(dice),
                    source: any(dice),
                    first_responded_at: maybe_moment(dice)
                }
            );
            model.created_at = moment(dice);
            world.insert(model).await;
        }
        let (owner_id, team_id) = dice.pick(&people);
        let (estimated_value_minor, estimated_value_currency) = maybe_amount(dice);
        let status = any::<lead::LeadStatus>(dice);
        let mut model = row!(
            world,
            lead {
                owner_id,
                team_id,
                contact_id,
                company_id: one_of(dice, &companies),
                status: if status == lead::LeadStatus::Converted { lead::LeadStatus::Mql } else { status },
                source: any(dice),
                source_campaign_id: one_of(dice, &campaigns),
                interest: maybe_text(dice),
                estimated_value_minor,
                estimated_value_currency,
                buying_horizon: maybe(dice),
                score: dice.pick(&[0, 1, 50, 100]),
                fit_grade: maybe(dice),
                disqualify_reason: maybe(dice),
                recycled_count: dice.pick(&[0, 0, 1, 7]),
                mql_at: maybe_moment(dice),
                sal_at: maybe_moment(dice),
                closed_at: maybe_moment(dice),
            }
        );
        model.created_at = moment(dice);
        leads.push(world.insert(model).await.id);
    }
    for at in 0..50 {
        let (owner_id, team_id) = dice.pick(&people);
        let (stage_id, status) = dice.pick(&stages);
        let won = status == DealStatus::Won;
        let amount_minor =
            if won { Some(dice.pick(&[1, 12_345, 1_000_000_000_000_000])) } else { maybe_amount(dice).0 };
        let mut model = row!(
            world,
            deal {
                owner_id,
                team_id,
                created_by: owner_id,
                name: text(dice),
                kind: any(dice),
                company_id: one_of(dice, &companies),
                pipeline_id: story.pipeline,
                stage_id,
                status,
                amount_minor,
                currency: dice.pick(&CURRENCIES).to_owned(),
                cost_minor: maybe_amount(dice).0,
                probability_override: dice.chance(40).then(|| dice.pick(&[0, 33, 100])),
                expected_close_on: maybe_day(dice),
                closed_at: (status != DealStatus::Open).then(|| moment(dice)),
                base_amount_minor: won.then(|| dice.pick(&[1, 12_345, 1_000_000_000_000_000])),
                rate_date: if won { maybe_day(dice) } else { None },
                loss_reason: (status == DealStatus::Lost).then(|| any(dice)),
                loss_comment: maybe_text(dice),
                competitor: maybe_text(dice),
                lead_id: leads.get(at + 1).copied().filter(|_| at % 3 == 0),
                source_campaign_id: one_of(dice, &campaigns),
            }
        );
        model.created_at = moment(dice);
        deals.push(world.insert(model).await.id);
    }
    for (at, deal_id) in deals.clone().into_iter().enumerate().skip(1) {
        let mut linked = vec![contacts[at % contacts.len()], contacts[(at * 7 + 3) % contacts.len()]];
        linked.dedup();
        for (place, contact_id) in linked.into_iter().enumerate() {
            world
                .insert(row!(world, deal_contact { deal_id, contact_id, role: any(dice), is_primary: place == 0 }))
                .await;
        }
        world
            .insert(transition::Model {
                id: world.id(),
                created_at: moment(dice),
                deal_id: Some(deal_id),
                from_state: maybe_text(dice),
                to_state: "OPEN".to_owned(),
                to_stage_id: Some(story.open_stage),
                at: moment(dice),
                by_id: one_of(dice, &[cast.rep.id, cast.other_rep.id]),
                amount_base_minor: maybe_amount(dice).0,
                probability: dice.chance(50).then_some(20),
                seconds_in_previous: dice.chance(60).then(|| dice.pick(&[0, 1, 9_000_000_000])),
                ..transition::Model::default()
            })
            .await;
    }
    for at in 0..60 {
        let (owner_id, team_id) = dice.pick(&people);
        let mut model = row!(
            world,
            activity {
                owner_id,
                team_id,
                created_by: owner_id,
                kind: any(dice),
                subject: text(dice),
                body: maybe_text(dice),
                direction: maybe(dice),
                status: any(dice),
                priority: any(dice),
                due_at: maybe_moment(dice),
                started_at: maybe_moment(dice),
                ended_at: maybe_moment(dice),
                outcome: maybe(dice),
                contact_id: one_of(dice, &contacts),
                lead_id: one_of(dice, &leads),
                deal_id: one_of(dice, &deals),
                company_id: Some(companies[at % companies.len()]),
                campaign_id: one_of(dice, &campaigns),
            }
        );
        model.created_at = moment(dice);
        world.insert(model).await;
        let touch = touchpoint::Model {
            id: world.id(),
            created_at: moment(dice),
            occurred_at: moment(dice),
            kind: any(dice),
            channel: any(dice),
            contact_id: one_of(dice, &contacts),
            visitor_key: maybe_text(dice),
            campaign_id: one_of(dice, &campaigns),
            utm_source: maybe_text(dice),
            utm_campaign: maybe_text(dice),
            url: dice.chance(40).then(|| "https://shop.example/a?b=%C3%A9".to_owned()),
            creditable: dice.chance(50),
            ..touchpoint::Model::default()
        };
        touches.push(world.insert(touch).await.id);
    }
    for (at, lead_id) in leads.iter().copied().enumerate().skip(1).take(25) {
        let (to_owner_id, to_team_id) = dice.pick(&people);
        world
            .insert(row!(
                world,
                handoff {
                    lead_id,
                    from_user_id: Some(cast.marketer.id),
                    from_team_id: Some(cast.marketing),
                    to_owner_id,
                    to_team_id,
                    status: any(dice),
                    handed_at: moment(dice),
                    due_at: moment(dice),
                    responded_at: maybe_moment(dice),
                    reason: maybe(dice),
                    rating: dice.chance(50).then(|| dice.pick(&[1, 3, 5])),
                    comment: maybe_text(dice),
                }
            ))
            .await;
        let credit = attribution_credit::Model {
            id: world.id(),
            deal_id: deals[at],
            touchpoint_id: Some(touches[at]),
            campaign_id: one_of(dice, &campaigns),
            channel: maybe(dice),
            model: any(dice),
            weight_bp: dice.pick(&[0, 3_333, 10_000]),
            amount_minor: dice.pick(&AMOUNTS),
            closed_at: moment(dice),
        };
        world.insert(credit).await;
    }
    for day in DAYS {
        world
            .insert(row!(
                world,
                exchange_rate {
                    currency: "JPY".to_owned(),
                    date: day.parse().expect("a day"),
                    rate_e8: dice.pick(&[1, 600_000, 100_000_000])
                }
            ))
            .await;
    }
    // As a database does by itself within a minute.
    world.execute("ANALYZE").await;
    cast
}

//! The two ways a sale can go: new business, and renewals.

use entity::enums::DealStatus;
use entity::stage::ForecastCategory;
use entity::{pipeline, stage};
use serde_json::json;
use uuid::Uuid;

use super::calendar::Calendar;
use super::chronicle::{Act, Chronicle};

use ForecastCategory::{BestCase, Closed, Commit, Omitted, Pipeline as Possible};

/// A stage as deals go through it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Step {
    /// The stage.
    pub id: Uuid,
    /// Chance of winning there, in percent.
    pub probability: i32,
}

/// A pipeline as deals go through it.
#[derive(Debug)]
pub struct Way {
    /// The pipeline.
    pub id: Uuid,
    /// Its open stages in order.
    pub open: Vec<Step>,
    /// Where won deals end.
    pub won: Step,
    /// Where lost deals end.
    pub lost: Step,
}

/// Name, category, chance in percent, forecast, days until it rots, what must be known before a deal moves on.
type Plan = (&'static str, DealStatus, i32, ForecastCategory, Option<i32>, &'static [&'static str]);

const NEW_BUSINESS: [Plan; 6] = [
    ("Discovery", DealStatus::Open, 10, Omitted, Some(21), &["The need is written down in the customer's words."]),
    (
        "Qualification",
        DealStatus::Open,
        25,
        Possible,
        Some(21),
        &["The budget is known or being applied for.", "We have spoken with the person who decides."],
    ),
    ("Proposal", DealStatus::Open, 50, BestCase, Some(14), &["The customer has a written offer with a price."]),
    (
        "Negotiation",
        DealStatus::Open,
        75,
        Commit,
        Some(14),
        &["Price and terms are agreed.", "A date for signing is set."],
    ),
    ("Won", DealStatus::Won, 100, Closed, None, &[]),
    ("Lost", DealStatus::Lost, 0, Closed, None, &[]),
];

const RENEWALS: [Plan; 4] = [
    ("Due for renewal", DealStatus::Open, 70, BestCase, Some(45), &["The customer knows the date and the new price."]),
    ("Terms agreed", DealStatus::Open, 90, Commit, Some(21), &["The customer has confirmed in writing."]),
    ("Renewed", DealStatus::Won, 100, Closed, None, &[]),
    ("Not renewed", DealStatus::Lost, 0, Closed, None, &[]),
];

/// Sets up the pipelines: for new business (the default one) and for renewals.
pub fn set_up(book: &mut Chronicle, calendar: &Calendar, manager: Uuid) -> (Way, Way) {
    let act = Act::new(calendar.ago(750, 9), Some(manager), "createPipeline");
    (pipeline(book, act, "New business", true, &NEW_BUSINESS), pipeline(book, act, "Renewals", false, &RENEWALS))
}

fn pipeline(book: &mut Chronicle, act: Act, name: &str, is_default: bool, plans: &[Plan]) -> Way {
    let row = pipeline::Model { name: name.to_owned(), is_default, is_active: true, ..pipeline::Model::default() };
    let id = book.add(act, row);
    let mut way = Way { id, open: Vec::new(), won: Step::default(), lost: Step::default() };
    for (position, (name, category, probability, forecast_category, rotting_days, criteria)) in (1..).zip(plans) {
        let row = stage::Model {
            pipeline_id: id,
            name: (*name).to_owned(),
            position,
            category: *category,
            probability: *probability,
            forecast_category: *forecast_category,
            rotting_days: *rotting_days,
            exit_criteria: json!(criteria),
            ..stage::Model::default()
        };
        let step = Step { id: book.add(Act { verb: "createStage", ..act }, row), probability: *probability };
        match category {
            DealStatus::Open => way.open.push(step),
            DealStatus::Won => way.won = step,
            DealStatus::Lost => way.lost = step,
        }
    }
    way
}

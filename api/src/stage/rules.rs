//! What a stage of each category looks like.

use entity::enums::DealStatus;
use entity::stage::{ForecastCategory, Model};

use crate::checks::Checks;
use crate::error::Result;
use crate::places::LAST;
use crate::spelling::text;

/// Why the WON stage of a pipeline stays.
pub const ONE_WON: &str = "A pipeline has exactly one WON stage: this one stays.";
/// Why the last stage of another category stays.
pub const LAST_OF_ITS_KIND: &str =
    "A pipeline has at least one LOST stage, and new deals need an open one: add another first.";

/// The fields of a stage.
///
/// # Errors
/// `Invalid`: what a person has to mend.
pub fn check(stage: &mut Model) -> Result<()> {
    let mut checks = Checks::new();
    checks.name("name", &mut stage.name);
    checks.expect((1..=LAST).contains(&stage.position), "INVALID", "position", "Positions are 1 to 10,000.");
    let chance = (0..=100).contains(&stage.probability);
    checks.expect(chance, "INVALID", "probability", "A chance is 0 to 100 percent.");
    let days = stage.rotting_days.is_none_or(|days| days >= 1);
    checks.expect(days, "INVALID", "rottingDays", "Give at least 1 day, or none.");
    let forecast = stage.category != DealStatus::Open || stage.forecast_category != ForecastCategory::Closed;
    checks.expect(forecast, "INVALID", "forecastCategory", "Only won and lost deals are CLOSED in the forecast.");
    let spoken = criteria(stage).iter().all(|criterion| text::said(criterion).is_some());
    checks.expect(spoken, "INVALID", "exitCriteria", "An exit criterion is a sentence.");
    checks.done()
}

/// Won and lost are certain and no longer part of a forecast.
pub fn settle(stage: &mut Model) {
    let chance = match stage.category {
        DealStatus::Open => return,
        DealStatus::Won => 100,
        DealStatus::Lost => 0,
    };
    stage.probability = chance;
    stage.forecast_category = ForecastCategory::Closed;
}

/// The exit criteria as texts.
pub fn criteria(stage: &Model) -> Vec<&str> {
    stage.exit_criteria.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
}

//! What a stage of each category looks like.

use entity::enums::DealStatus;
use entity::stage::{ForecastCategory, Model};

use crate::error::Mistake;

/// What a person has to mend in a stage.
pub fn mistakes(stage: &Model) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut wrong = |field: &str, message: &str| mistakes.push(Mistake::new("INVALID", field, message.to_owned()));
    if stage.name.trim().is_empty() {
        wrong("name", "A stage needs a name.");
    }
    if stage.position < 1 {
        wrong("position", "Positions start at 1.");
    }
    if !(0..=100).contains(&stage.probability) {
        wrong("probability", "A chance is 0 to 100 percent.");
    }
    if stage.rotting_days.is_some_and(|days| days < 1) {
        wrong("rottingDays", "Give at least 1 day, or none.");
    }
    if stage.category == DealStatus::Open && stage.forecast_category == ForecastCategory::Closed {
        wrong("forecastCategory", "Only won and lost deals are CLOSED in the forecast.");
    }
    if criteria(stage).iter().any(|criterion| criterion.trim().is_empty()) {
        wrong("exitCriteria", "An exit criterion is a sentence.");
    }
    mistakes
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

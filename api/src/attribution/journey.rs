//! From the facts of a deal to its shares: the one way, for shares that are shown and shares that are stored.

use chrono::{DateTime, TimeDelta, Utc};
use entity::attribution_credit::AttributionModel;
use entity::enums::Channel;

use super::facts::{Journey, JourneyTouch};
use super::rules::{self, Credit, Milestones, Model, Options, Touch, Window};

/// What a touch gets; no touch: what nothing can be credited with.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// The touch.
    pub touch: Option<JourneyTouch>,
    /// Its part.
    pub credit: Credit,
}

/// The shares of a deal: one for every touch of its journey, in order, with nothing for some; one without a touch
/// where there is none.
pub fn shares(
    journey: &Journey,
    model: AttributionModel,
    look_back: TimeDelta,
    cutoff: DateTime<Utc>,
    amount_minor: i64,
) -> Vec<Share> {
    let touches: Vec<_> = journey.touches.iter().map(touch).collect();
    let milestones =
        Milestones { lead_created_at: journey.lead_created_at, deal_created_at: journey.deal_created_at, cutoff };
    let considered = rules::journey(&touches, &milestones, &Window { look_back });
    let credits = rules::credits(&considered, &milestones, rule(model), &Options::default(), amount_minor);
    let find =
        |credit: &Credit| credit.touch.and_then(|id| journey.touches.iter().find(|touch| touch.id == id).copied());
    credits.into_iter().map(|credit| Share { touch: find(&credit), credit }).collect()
}

fn touch(touch: &JourneyTouch) -> Touch {
    Touch { id: touch.id, occurred_at: touch.occurred_at, channel_is_direct: touch.channel == Channel::Direct }
}

/// The rule behind a model that credits are stored for.
fn rule(model: AttributionModel) -> Model {
    match model {
        AttributionModel::FirstTouch => Model::FirstTouch,
        AttributionModel::LastTouch => Model::LastTouch,
        AttributionModel::Linear => Model::Linear,
        AttributionModel::UShaped => Model::UShaped,
        AttributionModel::TimeDecay => Model::TimeDecay,
    }
}

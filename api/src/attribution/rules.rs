//! Who gets the credit for a deal: journeys, the nine models that work deal by deal, and credits.
//!
//! A journey is the dated touches of the people of one deal. A model gives every touch of it a whole
//! number as weight; the touch's share is its weight over the sum of all weights of the journey. Shares
//! of the positional models are therefore exact fractions, and only the last step, the split into
//! basis points and minor units, rounds. It rounds so that nothing is lost: see [`crate::money::split`].
//!
//! Everything here is a pure function of its arguments. The order of the rows handed in never matters.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::money::split;

/// The whole credit of a deal in basis points.
pub const WHOLE_BP: u32 = 10_000;

/// After so many days a touch counts half in [`Model::TimeDecay`], unless asked otherwise.
pub const DEFAULT_HALF_LIFE_DAYS: f64 = 7.0;

/// How far back a journey reaches, unless asked otherwise.
pub const DEFAULT_LOOK_BACK: TimeDelta = TimeDelta::days(365);

const SECONDS_PER_DAY: f64 = 86_400.0;

/// The weight of a touch that has not decayed: 2^62, large enough to keep every bit of the decay of a
/// younger touch, and small enough for the sums and products of the split.
const UNDECAYED: f64 = 4_611_686_018_427_387_904.0;

/// How the credit for a deal is shared among the touches of its journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Model {
    /// All to the first touch.
    FirstTouch,
    /// All to the last touch.
    LastTouch,
    /// All to the last touch that is not direct; to the last one when all are direct.
    LastNonDirect,
    /// The same to every touch.
    Linear,
    /// First 40 %, last 40 %, the touches between them 20 %.
    PositionBased,
    /// First 40 %, lead creation 40 %, the touches between them 20 %.
    ///
    /// Products differ here: some give 50 % and 50 % and nothing to the touches between.
    UShaped,
    /// First, lead creation and deal creation 30 % each, the touches between them 10 %.
    WShaped,
    /// First, lead creation, deal creation and closing 22.5 % each, the touches between them 10 %.
    FullPath,
    /// The more recent, the more: half as much for every half-life of distance.
    TimeDecay,
}

impl Model {
    /// Every model, in the order of their names above.
    pub const ALL: [Self; 9] = [
        Self::FirstTouch,
        Self::LastTouch,
        Self::LastNonDirect,
        Self::Linear,
        Self::PositionBased,
        Self::UShaped,
        Self::WShaped,
        Self::FullPath,
        Self::TimeDecay,
    ];
}

/// One dated interaction of one person with one campaign, content or channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    /// The touch.
    pub id: Uuid,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// The person came straight to us.
    pub channel_is_direct: bool,
}

/// The moments of a deal that give a touch its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestones {
    /// When the lead was created that the deal came from, if it came from one.
    pub lead_created_at: Option<DateTime<Utc>>,
    /// When the deal was created.
    pub deal_created_at: DateTime<Utc>,
    /// When the deal was closed; for an open deal, now.
    pub cutoff: DateTime<Utc>,
}

/// How far back a journey reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Touches before the cutoff less this do not count.
    pub look_back: TimeDelta,
}

impl Default for Window {
    fn default() -> Self {
        Self { look_back: DEFAULT_LOOK_BACK }
    }
}

/// What a caller may ask of the models.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// The half-life of [`Model::TimeDecay`] in days. Only a number above zero can be meant; for any
    /// other the default is taken.
    pub half_life_days: f64,
    /// Removes direct touches from a journey that has any other touch, for every model.
    pub exclude_direct: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { half_life_days: DEFAULT_HALF_LIFE_DAYS, exclude_direct: false }
    }
}

/// Why a touch has its credit. A touch without credit has no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, async_graphql::Enum)]
#[graphql(name = "AttributionReason")]
pub enum Reason {
    /// The first touch.
    First,
    /// The last touch.
    Last,
    /// The last touch that is not direct.
    LastNonDirect,
    /// The last touch at or before the lead was created.
    LeadCreation,
    /// The last touch at or before the deal was created.
    DealCreation,
    /// The last touch at or before the deal was closed.
    Closing,
    /// No milestone itself, but before the last milestone of the model.
    Middle,
    /// By its distance in time.
    Decay,
    /// The same as every other touch.
    Even,
    /// The deal has no touch to credit.
    Unattributed,
}

/// The exact part of one touch: `weight` over the sum of the weights of all shares of the journey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The touch.
    pub touch: Uuid,
    /// Its part of the sum of all weights.
    pub weight: u64,
    /// Why it has it.
    pub reasons: Vec<Reason>,
}

/// What one touch gets of a deal. Over a deal, basis points add up to 10,000 and money to the amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// The touch; `None` for the unattributed credit of a deal without touches.
    pub touch: Option<Uuid>,
    /// The share in basis points.
    pub weight_bp: u32,
    /// The share in minor units.
    pub amount_minor: i64,
    /// Why the touch has it.
    pub reasons: Vec<Reason>,
}

/// The touches that count for a deal: from the cutoff less the look-back to the cutoff, both included.
///
/// In order of time; touches at the same instant are all kept, in order of their ids. A touch handed
/// in twice, as happens when one person is linked to a deal in two ways, counts once.
#[must_use]
pub fn journey(touches: &[Touch], milestones: &Milestones, window: &Window) -> Vec<Touch> {
    let cutoff = milestones.cutoff;
    let start = cutoff.checked_sub_signed(window.look_back).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let within = |touch: &&Touch| start <= touch.occurred_at && touch.occurred_at <= cutoff;
    let mut journey = in_order(touches.iter().filter(within).copied().collect());
    journey.dedup_by_key(|touch| touch.id);
    journey
}

/// The credits of a deal: one row per touch of the journey, in order, with a zero row for a touch that
/// gets nothing; without touches one row for the unattributed whole.
///
/// Basis points and money are each split from the exact shares by largest remainder, ties to the
/// earlier touch, so neither inherits the rounding of the other and both add up exactly. Direct touches
/// removed by [`Options::exclude_direct`] are no longer part of the journey and have no row.
#[must_use]
pub fn credits(
    journey: &[Touch],
    milestones: &Milestones,
    model: Model,
    options: &Options,
    amount_minor: i64,
) -> Vec<Credit> {
    let shares = shares(journey, milestones, model, options);
    if shares.is_empty() {
        return vec![unattributed(amount_minor)];
    }
    let weights: Vec<u64> = shares.iter().map(|share| share.weight).collect();
    let basis_points = split_basis_points(&weights);
    let amounts = split(amount_minor, &weights);
    shares
        .into_iter()
        .zip(basis_points)
        .zip(amounts)
        .map(|((share, weight_bp), amount_minor)| Credit {
            touch: Some(share.touch),
            weight_bp,
            amount_minor,
            reasons: share.reasons,
        })
        .collect()
}

/// The unrounded shares of a journey, one per touch in order; none for a journey without touches.
///
/// At least one weight is above zero. Rational models have small exact weights; time decay has its
/// powers of two scaled to whole numbers.
#[must_use]
pub fn shares(journey: &[Touch], milestones: &Milestones, model: Model, options: &Options) -> Vec<Share> {
    let journey = considered(journey, options);
    let first = (Reason::First, (!journey.is_empty()).then_some(0));
    let last = (Reason::Last, journey.len().checked_sub(1));
    let lead_creation = (Reason::LeadCreation, lead_creation(&journey, milestones));
    let deal_creation = (Reason::DealCreation, last_until(&journey, milestones.deal_created_at));
    let closing = (Reason::Closing, last_until(&journey, milestones.cutoff));
    match model {
        Model::FirstTouch => all_to(&journey, first),
        Model::LastTouch => all_to(&journey, last),
        Model::LastNonDirect => all_to(&journey, last_non_direct(&journey).unwrap_or(last)),
        Model::Linear => evenly(&journey),
        Model::PositionBased => by_milestones(&journey, &[first, last], TWO_MILESTONES),
        Model::UShaped => by_milestones(&journey, &[first, lead_creation], TWO_MILESTONES),
        Model::WShaped => by_milestones(&journey, &[first, lead_creation, deal_creation], THREE_MILESTONES),
        Model::FullPath => by_milestones(&journey, &[first, lead_creation, deal_creation, closing], FOUR_MILESTONES),
        Model::TimeDecay => by_decay(&journey, half_life(options)),
    }
}

/// A role in the journey, and the position of the touch that has it, if there is one.
type Milestone = (Reason, Option<usize>);

/// The shares of a positional model in tenths of a per cent.
#[derive(Clone, Copy)]
struct Shape {
    /// For every milestone.
    milestone: u64,
    /// For all middle touches together.
    middle: u64,
}

/// 40-20-40, known as position-based from web analytics.
const TWO_MILESTONES: Shape = Shape { milestone: 400, middle: 200 };
/// 30-30-30-10, as in Adobe's published description of the W-shaped model of Marketo Measure.
const THREE_MILESTONES: Shape = Shape { milestone: 300, middle: 100 };
/// Four times 22.5 and 10, as in the same source's description of the full path model.
const FOUR_MILESTONES: Shape = Shape { milestone: 225, middle: 100 };

/// Milestones get their share, the middle touches divide theirs equally.
///
/// - A touch that is several milestones gets the sum of their shares.
/// - A milestone without a touch falls away, and so does the middle share without middle touches.
/// - Middle touches are no milestone and lie before the last milestone of the model; the ones after
///   it get nothing.
///
/// What remains is scaled to a whole: with m middle touches a milestone weighs m times its share and a
/// middle touch the whole middle share, so dividing by the sum of the weights does both at once.
fn by_milestones(journey: &[Touch], milestones: &[Milestone], shape: Shape) -> Vec<Share> {
    let roles_at = |position: usize| -> Vec<Reason> {
        milestones.iter().filter(|(_, at)| *at == Some(position)).map(|(reason, _)| *reason).collect()
    };
    let last_milestone = milestones.iter().filter_map(|(_, at)| *at).max();
    let is_middle = |position: usize| Some(position) < last_milestone && roles_at(position).is_empty();
    let middles = count((0..journey.len()).filter(|position| is_middle(*position)));
    shares_of(journey, |position, _| {
        if is_middle(position) {
            return (shape.middle, vec![Reason::Middle]);
        }
        let roles = roles_at(position);
        (shape.milestone * middles.max(1) * count(&roles), roles)
    })
}

/// All to one touch.
fn all_to(journey: &[Touch], (reason, chosen): Milestone) -> Vec<Share> {
    shares_of(journey, |position, _| if chosen == Some(position) { (1, vec![reason]) } else { (0, Vec::new()) })
}

/// 1/n to each of n touches; a channel that comes twice is two touches.
fn evenly(journey: &[Touch]) -> Vec<Share> {
    shares_of(journey, |_, _| (1, vec![Reason::Even]))
}

/// Exponential decay: a touch weighs 2^(-d / h), d being its distance in days with fraction, h the half-life.
///
/// Distance is counted from the last touch of the journey, not from the closing of the deal. That
/// multiplies every weight by the same factor, which the division by their sum takes out again; but the
/// last touch weighs exactly 1 however long ago it was, so the weights cannot all vanish.
fn by_decay(journey: &[Touch], half_life_days: f64) -> Vec<Share> {
    let last = journey.last().map(|touch| touch.occurred_at);
    shares_of(journey, |_, touch| {
        let distance = last.map_or(TimeDelta::zero(), |last| last - touch.occurred_at);
        let decay = (-days(distance) / half_life_days).exp2();
        ((UNDECAYED * decay).round() as u64, vec![Reason::Decay])
    })
}

fn shares_of(journey: &[Touch], part: impl Fn(usize, &Touch) -> (u64, Vec<Reason>)) -> Vec<Share> {
    journey
        .iter()
        .enumerate()
        .map(|(position, touch)| {
            let (weight, reasons) = part(position, touch);
            Share { touch: touch.id, weight, reasons }
        })
        .collect()
}

/// The journey that the models see: in order, and without direct touches if the caller wants that and
/// any other touch is left.
fn considered(journey: &[Touch], options: &Options) -> Vec<Touch> {
    let mut journey = in_order(journey.to_vec());
    if options.exclude_direct && journey.iter().any(|touch| !touch.channel_is_direct) {
        journey.retain(|touch| !touch.channel_is_direct);
    }
    journey
}

fn in_order(mut touches: Vec<Touch>) -> Vec<Touch> {
    touches.sort_by_key(|touch| (touch.occurred_at, touch.id));
    touches
}

fn lead_creation(journey: &[Touch], milestones: &Milestones) -> Option<usize> {
    milestones.lead_created_at.and_then(|instant| last_until(journey, instant))
}

/// The position of the last touch at or before an instant.
fn last_until(journey: &[Touch], instant: DateTime<Utc>) -> Option<usize> {
    journey.iter().rposition(|touch| touch.occurred_at <= instant)
}

fn last_non_direct(journey: &[Touch]) -> Option<Milestone> {
    let position = journey.iter().rposition(|touch| !touch.channel_is_direct)?;
    Some((Reason::LastNonDirect, Some(position)))
}

fn half_life(options: &Options) -> f64 {
    if options.half_life_days > 0.0 { options.half_life_days } else { DEFAULT_HALF_LIFE_DAYS }
}

fn days(distance: TimeDelta) -> f64 {
    distance.as_seconds_f64() / SECONDS_PER_DAY
}

fn split_basis_points(weights: &[u64]) -> impl Iterator<Item = u32> {
    split(i64::from(WHOLE_BP), weights).into_iter().map(|part| u32::try_from(part).unwrap_or(WHOLE_BP))
}

fn unattributed(amount_minor: i64) -> Credit {
    Credit { touch: None, weight_bp: WHOLE_BP, amount_minor, reasons: vec![Reason::Unattributed] }
}

fn count<T>(items: impl IntoIterator<Item = T>) -> u64 {
    items.into_iter().fold(0, |counted, _| counted + 1)
}

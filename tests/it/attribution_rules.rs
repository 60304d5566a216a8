//! Attribution of one deal: the worked examples to the last fraction, and what holds for any data.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tributary::attribution::rules::{
    Credit, Milestones, Model, Options, Reason, Share, Touch, Window, credits, journey, shares,
};
use uuid::Uuid;

// Worked examples ---------------------------------------------------------------------------------

/// One deal of the worked examples: small enough to check with a pencil.
struct Example {
    milestones: Milestones,
    touches: Vec<Touch>,
    amount_minor: i64,
}

#[test]
fn worked_examples_come_out_for_every_model() {
    let Some(folder) = worked_examples() else {
        return;
    };
    let examples = read_examples(&folder);
    let mut rows = 0;
    for (name, example) in &examples {
        for model in Model::ALL {
            let expected = read_expected(&folder, name, model);
            check_example(example, model, &expected, &format!("{name} {model:?}"));
            rows += expected.len();
        }
    }
    assert_eq!(examples.len(), 10);
    assert_eq!(rows, rows_in(&folder.join("expected/credits.csv")), "every expected row was compared");
}

struct Expected {
    touch: Option<Uuid>,
    fraction: Option<(u128, u128)>,
    weight: f64,
    credit: f64,
}

fn check_example(example: &Example, model: Model, expected: &[Expected], what: &str) {
    let journey = journey(&example.touches, &example.milestones, &Window::default());
    let options = Options::default();
    let credits = credits(&journey, &example.milestones, model, &options, example.amount_minor);
    let shares = shares(&journey, &example.milestones, model, &options);
    assert_eq!(
        credits.iter().map(|credit| credit.touch).collect::<Vec<_>>(),
        expected.iter().map(|row| row.touch).collect::<Vec<_>>(),
        "{what}: one row per touch, in order"
    );
    for (credit, row) in credits.iter().zip(expected) {
        assert!((f64::from(credit.weight_bp) - row.weight * 10_000.0).abs() <= 1.0, "{what}: {credit:?}");
        assert!((credit.amount_minor as f64 - row.credit * 100.0).abs() <= 1.0, "{what}: {credit:?}");
    }
    let whole = whole_of(&shares);
    for (share, row) in shares.iter().zip(expected) {
        match row.fraction {
            Some((numerator, denominator)) => {
                assert_eq!(u128::from(share.weight) * denominator, numerator * whole, "{what}: {share:?}");
            }
            None => assert!((fraction_of(share, whole) - row.weight).abs() < 1e-6, "{what}: {share:?}"),
        }
    }
    assert_adds_up(&credits, example.amount_minor);
}

fn read_examples(folder: &Path) -> Vec<(String, Example)> {
    let touches = records(&folder.join("touches.csv"));
    let example = |deal: &HashMap<String, String>| Example {
        milestones: Milestones {
            lead_created_at: (!deal["lead_created_at"].is_empty()).then(|| instant(&deal["lead_created_at"])),
            deal_created_at: instant(&deal["deal_created_at"]),
            cutoff: instant(&deal["closed_at"]),
        },
        touches: touches.iter().filter(|row| row["journey"] == deal["journey"]).map(touch_of).collect(),
        amount_minor: deal["revenue"].parse::<i64>().unwrap() * 100,
    };
    records(&folder.join("deals.csv")).iter().map(|deal| (deal["journey"].clone(), example(deal))).collect()
}

fn read_expected(folder: &Path, journey: &str, model: Model) -> Vec<Expected> {
    records(&folder.join("expected/credits.csv"))
        .iter()
        .filter(|row| row["journey"] == journey && row["model"] == name_in_examples(model))
        .map(|row| Expected {
            touch: (!row["touch_id"].is_empty()).then(|| touch_id(&row["touch_id"])),
            fraction: parse_fraction(&row["weight_fraction"]),
            weight: row["weight"].parse().unwrap(),
            credit: row["revenue_credit"].parse().unwrap(),
        })
        .collect()
}

fn name_in_examples(model: Model) -> &'static str {
    match model {
        Model::FirstTouch => "first_touch",
        Model::LastTouch => "last_touch",
        Model::LastNonDirect => "last_non_direct",
        Model::Linear => "linear",
        Model::PositionBased => "position_based",
        Model::UShaped => "u_shaped",
        Model::WShaped => "w_shaped",
        Model::FullPath => "full_path",
        Model::TimeDecay => "time_decay_7d",
    }
}

/// The folder of the worked examples, or `None`, said aloud, where the data is not at hand.
fn worked_examples() -> Option<PathBuf> {
    let beside_the_workspace = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let data = std::env::var_os("TRIBUTARY_DATA").map_or_else(beside_the_workspace, PathBuf::from);
    let folder = data.join("attribution_worked_examples");
    if folder.is_dir() {
        return Some(folder);
    }
    say(&format!(
        "SKIPPED: worked examples of attribution: none in {}; set TRIBUTARY_DATA to the data folder",
        data.display()
    ));
    None
}

/// Writes past the test runner, which keeps what a passing test prints to itself.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn records(file: &Path) -> Vec<HashMap<String, String>> {
    csv::Reader::from_path(file).unwrap().deserialize().map(Result::unwrap).collect()
}

fn rows_in(file: &Path) -> usize {
    records(file).len()
}

fn touch_of(row: &HashMap<String, String>) -> Touch {
    Touch {
        id: touch_id(&row["touch_id"]),
        occurred_at: instant(&row["occurred_at"]),
        channel_is_direct: row["channel"] == "direct",
    }
}

fn touch_id(text: &str) -> Uuid {
    Uuid::from_u128(text.parse().unwrap())
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn parse_fraction(text: &str) -> Option<(u128, u128)> {
    let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
    Some((numerator.parse().ok()?, denominator.parse().ok()?))
}

// Single cases ------------------------------------------------------------------------------------

#[test]
fn reasons_name_every_role_of_a_touch() {
    let days = [1, 3, 5, 9, 12, 16];
    let journey: Vec<Touch> = days.iter().map(|day| touch_on(*day)).collect();
    let milestones = Milestones { lead_created_at: Some(day(2)), deal_created_at: day(13), cutoff: day(20) };
    let reasons = |model| -> Vec<Vec<Reason>> {
        credits(&journey, &milestones, model, &Options::default(), 100).into_iter().map(|row| row.reasons).collect()
    };
    use Reason::{Closing, DealCreation, Decay, Even, First, Last, LastNonDirect, LeadCreation, Middle};
    let middle = || vec![Middle];
    let none = Vec::new;
    assert_eq!(reasons(Model::FirstTouch), [vec![First], none(), none(), none(), none(), none()]);
    assert_eq!(reasons(Model::LastTouch), [none(), none(), none(), none(), none(), vec![Last]]);
    assert_eq!(reasons(Model::LastNonDirect), [none(), none(), none(), none(), none(), vec![LastNonDirect]]);
    assert_eq!(reasons(Model::Linear), vec![vec![Even]; 6]);
    assert_eq!(reasons(Model::TimeDecay), vec![vec![Decay]; 6]);
    assert_eq!(reasons(Model::PositionBased), [vec![First], middle(), middle(), middle(), middle(), vec![Last]]);
    assert_eq!(reasons(Model::UShaped), [vec![First, LeadCreation], none(), none(), none(), none(), none()]);
    assert_eq!(
        reasons(Model::WShaped),
        [vec![First, LeadCreation], middle(), middle(), middle(), vec![DealCreation], none()]
    );
    assert_eq!(
        reasons(Model::FullPath),
        [vec![First, LeadCreation], middle(), middle(), middle(), vec![DealCreation], vec![Closing]]
    );
}

#[test]
fn a_deal_without_touches_is_unattributed() {
    for model in Model::ALL {
        let rows = credits(&[], &milestones_at(10), model, &Options::default(), -1_234);
        let whole =
            Credit { touch: None, weight_bp: 10_000, amount_minor: -1_234, reasons: vec![Reason::Unattributed] };
        assert_eq!(rows, [whole]);
        assert!(shares(&[], &milestones_at(10), model, &Options::default()).is_empty());
    }
}

#[test]
fn money_is_not_split_from_rounded_basis_points() {
    let three: Vec<Touch> = [1, 2, 3].map(touch_on).to_vec();
    let rows = credits(&three, &milestones_at(10), Model::Linear, &Options::default(), 1_000_000_000);
    assert_eq!(rows.iter().map(|row| row.weight_bp).collect::<Vec<_>>(), [3_334, 3_333, 3_333]);
    assert_eq!(rows.iter().map(|row| row.amount_minor).collect::<Vec<_>>(), [333_333_334, 333_333_333, 333_333_333]);
}

#[test]
fn both_ends_of_the_window_belong_to_the_journey() {
    let week = Window { look_back: TimeDelta::days(7) };
    let millisecond = TimeDelta::milliseconds(1);
    let at = |id: u128, occurred_at| Touch { id: Uuid::from_u128(id), occurred_at, channel_is_direct: false };
    let touches = [at(1, day(3) - millisecond), at(2, day(3)), at(3, day(10)), at(4, day(10) + millisecond)];
    assert_eq!(journey(&touches, &milestones_at(10), &week), touches[1..3]);
    let endless = Window { look_back: TimeDelta::MAX };
    assert_eq!(journey(&touches, &milestones_at(10), &endless), touches[..3]);
    assert_eq!(Window::default().look_back, TimeDelta::days(365));
}

#[test]
fn a_touch_found_in_two_ways_counts_once() {
    let touches = [touch_on(1), touch_on(2), touch_on(1), touch_on(2)];
    assert_eq!(journey(&touches, &milestones_at(10), &Window::default()), touches[..2]);
}

#[test]
fn excluded_direct_touches_leave_the_journey_unless_they_are_all_of_it() {
    let without_direct = Options { exclude_direct: true, ..Options::default() };
    let mixed = [direct_on(1), touch_on(2), direct_on(3)];
    let only_direct = [direct_on(1), direct_on(3)];
    for model in Model::ALL {
        let rows = credits(&mixed, &milestones_at(10), model, &without_direct, 500);
        assert_eq!(rows.len(), 1, "{model:?}");
        assert_eq!((rows[0].touch, rows[0].amount_minor), (Some(mixed[1].id), 500), "{model:?}");
        assert_eq!(
            credits(&only_direct, &milestones_at(10), model, &without_direct, 500),
            credits(&only_direct, &milestones_at(10), model, &Options::default(), 500),
        );
    }
}

#[test]
fn when_all_touches_are_direct_the_last_of_them_is_credited() {
    let rows =
        credits(&[direct_on(1), direct_on(3)], &milestones_at(10), Model::LastNonDirect, &Options::default(), 500);
    assert_eq!(rows[1].amount_minor, 500);
    assert_eq!(rows[1].reasons, [Reason::Last]);
}

#[test]
fn a_half_life_halves() {
    let journey = [touch_on(0), touch_on(7), touch_on(14)];
    let weights = |half_life_days| -> Vec<u64> {
        let options = Options { half_life_days, ..Options::default() };
        shares(&journey, &milestones_at(20), Model::TimeDecay, &options).iter().map(|share| share.weight).collect()
    };
    let seven = weights(7.0);
    assert_eq!(seven[1], 2 * seven[0]);
    assert_eq!(seven[2], 4 * seven[0]);
    assert_eq!(weights(14.0)[2], 2 * weights(14.0)[0]);
    for senseless in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
        assert_eq!(weights(senseless), seven, "{senseless}");
    }
    assert_eq!(weights(f64::INFINITY), vec![weights(f64::INFINITY)[0]; 3]);
    assert_eq!(weights(f64::MIN_POSITIVE)[..2], [0, 0]);
}

#[test]
fn decay_survives_a_journey_of_centuries() {
    let century = 36_525;
    let journey = [touch_on(0), touch_on(century), touch_on(9 * century)];
    let milestones = Milestones { lead_created_at: None, deal_created_at: day(0), cutoff: day(90 * century) };
    let rows = credits(&journey, &milestones, Model::TimeDecay, &Options::default(), 999);
    assert_eq!(rows.iter().map(|row| row.amount_minor).collect::<Vec<_>>(), [0, 0, 999]);
    assert_adds_up(&rows, 999);
}

// What holds for any data -------------------------------------------------------------------------

proptest! {
    #[test]
    fn credits_add_up_exactly((touches, milestones) in deals(), options in options(), amount: i64) {
        for model in Model::ALL {
            assert_adds_up(&credits_of(&touches, &milestones, model, &options, amount), amount);
        }
    }

    #[test]
    fn credits_of_many_deals_with_unattributed_are_the_revenue(
        deals in prop::collection::vec((deals(), -1_000_000..1_000_000_i64), 0..6),
    ) {
        for model in Model::ALL {
            let rows: Vec<Credit> = deals
                .iter()
                .flat_map(|((touches, milestones), amount)| {
                    credits_of(touches, milestones, model, &Options::default(), *amount)
                })
                .collect();
            let (unattributed, credited): (Vec<Credit>, Vec<Credit>) =
                rows.into_iter().partition(|row| row.touch.is_none());
            let revenue: i64 = deals.iter().map(|(_, amount)| amount).sum();
            prop_assert_eq!(money_of(&credited) + money_of(&unattributed), i128::from(revenue));
        }
    }

    #[test]
    fn there_is_one_row_per_touch_in_order((touches, milestones) in deals(), options in options()) {
        let journey = journey(&touches, &milestones, &Window::default());
        let only_some = options.exclude_direct && journey.iter().any(|touch| !touch.channel_is_direct);
        let expected: Vec<Option<Uuid>> = if journey.is_empty() {
            vec![None]
        } else {
            journey.iter().filter(|touch| !(only_some && touch.channel_is_direct)).map(|touch| Some(touch.id)).collect()
        };
        for model in Model::ALL {
            let rows = credits(&journey, &milestones, model, &options, 100);
            prop_assert_eq!(rows.iter().map(|row| row.touch).collect::<Vec<_>>(), expected.clone());
        }
    }

    #[test]
    fn shares_are_between_nothing_and_all((touches, milestones) in deals(), options in options(), amount in 0..i64::MAX) {
        for model in Model::ALL {
            for row in credits_of(&touches, &milestones, model, &options, amount) {
                prop_assert!(row.weight_bp <= 10_000);
                prop_assert!((0..=amount).contains(&row.amount_minor));
                prop_assert!(!row.reasons.is_empty() || (row.weight_bp == 0 && row.amount_minor == 0));
            }
        }
    }

    #[test]
    fn basis_points_and_money_are_within_one_unit_of_the_exact_share(
        (touches, milestones) in deals(), options in options(), amount in -1_000_000_000..1_000_000_000_i64,
    ) {
        let journey = journey(&touches, &milestones, &Window::default());
        for model in Model::ALL {
            let shares = shares(&journey, &milestones, model, &options);
            let whole = whole_of(&shares) as i128;
            let rows = credits(&journey, &milestones, model, &options, amount);
            for (share, row) in shares.iter().zip(rows) {
                let weight = i128::from(share.weight);
                prop_assert!((i128::from(row.weight_bp) * whole - 10_000 * weight).abs() < whole);
                prop_assert!((i128::from(row.amount_minor) * whole - i128::from(amount) * weight).abs() < whole);
            }
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(
        ((touches, milestones), shuffled) in deals().prop_flat_map(|(touches, milestones)| {
            let shuffled = Just(touches.clone()).prop_shuffle();
            (Just((touches, milestones)), shuffled)
        }),
        options in options(),
        amount: i64,
    ) {
        for model in Model::ALL {
            let rows = credits_of(&touches, &milestones, model, &options, amount);
            prop_assert_eq!(&credits_of(&shuffled, &milestones, model, &options, amount), &rows);
            let journey = journey(&touches, &milestones, &Window::default());
            let within: Vec<Touch> = shuffled.iter().filter(|touch| journey.contains(touch)).copied().collect();
            prop_assert_eq!(&credits(&within, &milestones, model, &options, amount), &rows);
        }
    }

    #[test]
    fn one_touch_gets_all_whatever_the_model(touch in touches(1..2), milestones in milestones(), amount: i64) {
        let milestones = Milestones { cutoff: touch[0].occurred_at + TimeDelta::days(1), ..milestones };
        for model in Model::ALL {
            let rows = credits_of(&touch, &milestones, model, &Options::default(), amount);
            prop_assert_eq!(rows.len(), 1);
            prop_assert_eq!((rows[0].touch, rows[0].weight_bp, rows[0].amount_minor), (Some(touch[0].id), 10_000, amount));
        }
    }

    #[test]
    fn touches_of_one_channel_give_it_all_whatever_the_model(
        touches in touches(1..12), direct: bool, milestones in milestones(), options in options(), amount: i64,
    ) {
        let of_one_channel: Vec<Touch> =
            touches.into_iter().map(|touch| Touch { channel_is_direct: direct, ..touch }).collect();
        let latest = of_one_channel.iter().map(|touch| touch.occurred_at).max();
        let milestones = Milestones { cutoff: latest.unwrap(), ..milestones };
        for model in Model::ALL {
            let rows = credits_of(&of_one_channel, &milestones, model, &options, amount);
            prop_assert!(rows.iter().all(|row| row.touch.is_some()));
            prop_assert_eq!(money_of(&rows), i128::from(amount));
        }
    }

    #[test]
    fn moving_all_dates_changes_nothing(
        (touches, milestones) in deals(), seconds in -4_000_000_000..4_000_000_000_i64, options in options(), amount: i64,
    ) {
        let by = TimeDelta::seconds(seconds);
        let moved: Vec<Touch> =
            touches.iter().map(|touch| Touch { occurred_at: touch.occurred_at + by, ..*touch }).collect();
        let moved_milestones = Milestones {
            lead_created_at: milestones.lead_created_at.map(|at| at + by),
            deal_created_at: milestones.deal_created_at + by,
            cutoff: milestones.cutoff + by,
        };
        for model in Model::ALL {
            prop_assert_eq!(
                credits_of(&moved, &moved_milestones, model, &options, amount),
                credits_of(&touches, &milestones, model, &options, amount)
            );
        }
    }

    #[test]
    fn a_touch_after_closing_changes_nothing(
        (touches, milestones) in deals(), late in 1..1_000_000_i64, direct: bool, options in options(), amount: i64,
    ) {
        let mut more = touches.clone();
        more.push(Touch {
            id: Uuid::from_u128(0),
            occurred_at: milestones.cutoff + TimeDelta::milliseconds(late),
            channel_is_direct: direct,
        });
        for model in Model::ALL {
            prop_assert_eq!(
                credits_of(&more, &milestones, model, &options, amount),
                credits_of(&touches, &milestones, model, &options, amount)
            );
        }
    }

    #[test]
    fn other_names_change_the_names_and_nothing_else((touches, milestones) in deals(), options in options(), amount: i64) {
        let renamed_id = |id: Uuid| Uuid::from_u128(id.as_u128() * 3 + 1_000);
        let renamed: Vec<Touch> =
            touches.iter().map(|touch| Touch { id: renamed_id(touch.id), ..*touch }).collect();
        for model in Model::ALL {
            let mut expected = credits_of(&touches, &milestones, model, &options, amount);
            expected.iter_mut().for_each(|row| row.touch = row.touch.map(renamed_id));
            prop_assert_eq!(credits_of(&renamed, &milestones, model, &options, amount), expected);
        }
    }

    /// With distinct channels in a journey the Shapley value, too, divides a deal equally among them.
    #[test]
    fn linear_gives_the_same_to_each((touches, milestones) in deals()) {
        let journey = journey(&touches, &milestones, &Window::default());
        let shares = shares(&journey, &milestones, Model::Linear, &Options::default());
        for share in &shares {
            prop_assert_eq!(u128::from(share.weight) * shares.len() as u128, whole_of(&shares));
        }
    }

    #[test]
    fn decay_does_not_depend_on_the_cutoff((touches, milestones) in deals(), later in 0..100_000_i64, amount: i64) {
        let journey = journey(&touches, &milestones, &Window::default());
        let postponed = Milestones { cutoff: milestones.cutoff + TimeDelta::days(later), ..milestones };
        prop_assert_eq!(
            credits(&journey, &milestones, Model::TimeDecay, &Options::default(), amount),
            credits(&journey, &postponed, Model::TimeDecay, &Options::default(), amount)
        );
    }

    #[test]
    fn decay_follows_its_formula_counted_from_the_cutoff((touches, milestones) in deals(), half_life_days in 2.0..90.0_f64) {
        let journey = journey(&touches, &milestones, &Window::default());
        let options = Options { half_life_days, ..Options::default() };
        let shares = shares(&journey, &milestones, Model::TimeDecay, &options);
        let weight = |touch: &Touch| {
            (-(milestones.cutoff - touch.occurred_at).as_seconds_f64() / 86_400.0 / half_life_days).exp2()
        };
        let sum: f64 = journey.iter().map(weight).sum();
        for (share, touch) in shares.iter().zip(&journey) {
            prop_assert!((fraction_of(share, whole_of(&shares)) - weight(touch) / sum).abs() < 1e-9);
        }
    }

    #[test]
    fn a_later_touch_never_decays_more((touches, milestones) in deals()) {
        let journey = journey(&touches, &milestones, &Window::default());
        let shares = shares(&journey, &milestones, Model::TimeDecay, &Options::default());
        prop_assert!(shares.is_sorted_by_key(|share| share.weight));
    }

    #[test]
    fn the_journey_is_in_order_and_inside_its_window((touches, milestones) in deals(), look_back in 0..400_i64) {
        let window = Window { look_back: TimeDelta::days(look_back) };
        let journey = journey(&touches, &milestones, &window);
        let start = milestones.cutoff - window.look_back;
        let inside = |touch: &Touch| (start..=milestones.cutoff).contains(&touch.occurred_at);
        prop_assert!(journey.is_sorted_by_key(|touch| (touch.occurred_at, touch.id)));
        prop_assert!(touches.iter().all(|touch| journey.contains(touch) == inside(touch)));
    }
}

// Data --------------------------------------------------------------------------------------------

/// A deal whose touches and milestones fall in any order, some of them at the same instant.
fn deals() -> impl Strategy<Value = (Vec<Touch>, Milestones)> {
    (touches(0..12), milestones())
}

fn touches(how_many: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Touch>> {
    prop::collection::vec((instants(), any::<bool>()), how_many).prop_map(|rows| {
        let touch =
            |(id, (occurred_at, channel_is_direct))| Touch { id: Uuid::from_u128(id), occurred_at, channel_is_direct };
        (1..).zip(rows).map(touch).collect()
    })
}

fn milestones() -> impl Strategy<Value = Milestones> {
    (prop::option::of(instants()), instants(), instants())
        .prop_map(|(lead_created_at, deal_created_at, cutoff)| Milestones { lead_created_at, deal_created_at, cutoff })
}

/// Whole days, where instants often meet, or any millisecond of two years.
fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    let whole_days = (0..20_i64).prop_map(day);
    let milliseconds = (0..63_072_000_000_i64).prop_map(|after| day(0) + TimeDelta::milliseconds(after));
    prop_oneof![2 => whole_days, 1 => milliseconds]
}

fn options() -> impl Strategy<Value = Options> {
    (0.01..1_000.0_f64, any::<bool>())
        .prop_map(|(half_life_days, exclude_direct)| Options { half_life_days, exclude_direct })
}

fn day(number: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + number)
}

fn touch_on(number: i64) -> Touch {
    Touch { id: Uuid::from_u128(number.unsigned_abs().into()), occurred_at: day(number), channel_is_direct: false }
}

fn direct_on(number: i64) -> Touch {
    Touch { channel_is_direct: true, ..touch_on(number) }
}

fn milestones_at(cutoff: i64) -> Milestones {
    Milestones { lead_created_at: Some(day(2)), deal_created_at: day(5), cutoff: day(cutoff) }
}

fn credits_of(
    touches: &[Touch],
    milestones: &Milestones,
    model: Model,
    options: &Options,
    amount_minor: i64,
) -> Vec<Credit> {
    credits(&journey(touches, milestones, &Window::default()), milestones, model, options, amount_minor)
}

fn assert_adds_up(credits: &[Credit], amount_minor: i64) {
    assert_eq!(credits.iter().map(|credit| credit.weight_bp).sum::<u32>(), 10_000);
    assert_eq!(money_of(credits), i128::from(amount_minor));
}

fn money_of(credits: &[Credit]) -> i128 {
    credits.iter().map(|credit| i128::from(credit.amount_minor)).sum()
}

fn whole_of(shares: &[Share]) -> u128 {
    shares.iter().map(|share| u128::from(share.weight)).sum()
}

fn fraction_of(share: &Share, whole: u128) -> f64 {
    share.weight as f64 / whole as f64
}

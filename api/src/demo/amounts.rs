//! What deals are worth: few are large, and none is a figure that nobody would write into an offer.

use entity::company::{self, SizeBand};

use super::chance::Chance;

/// What the company would pay for a year, in whole units of its currency.
pub fn typical(chance: &mut Chance, company: &company::Model) -> i64 {
    let median = match company.size_band {
        Some(SizeBand::Solo) => 2_200.0,
        Some(SizeBand::Small) | None => 7_500.0,
        Some(SizeBand::Medium) => 21_000.0,
        Some(SizeBand::Large) => 58_000.0,
        Some(SizeBand::Enterprise) => 150_000.0,
    };
    let worth = median * chance.factor(0.55);
    asked(chance, worth)
}

/// The figure in the offer for what is worth about this: round, or just below a round one.
pub fn asked(chance: &mut Chance, worth: f64) -> i64 {
    let step = match worth {
        ..2_000.0 => 50,
        ..10_000.0 => 100,
        ..50_000.0 => 500,
        ..150_000.0 => 1_000,
        _ => 5_000,
    };
    let round = ((worth / f64::from(step)).round() as i64 * i64::from(step)).max(600);
    let magnitude = if round < 10_000 { 1_000 } else { 10_000 };
    // 9,900 is asked more often than 10,000.
    let threshold = (round + magnitude / 2) / magnitude * magnitude;
    if (round - threshold).abs() <= magnitude / 10 && chance.percent(60.0) {
        return threshold - magnitude / 100;
    }
    round
}

/// How many seats one gets for that.
pub fn seats(whole: i64) -> i64 {
    const A_YEAR: i64 = 540;
    let seats = whole / A_YEAR;
    if seats < 20 { seats.max(3) } else { seats / 5 * 5 }
}

//! How deals end, decided when they begin: by where they come from, who sells, to whom, and for how much.

use entity::company::SizeBand;
use entity::enums::LossReason;
use entity::lead::FitGrade;

use super::account::Account;
use super::chance::Chance;

/// How a deal is going to end.
#[derive(Clone, Copy, Debug)]
pub struct Fate {
    /// The stage it is lost in, counted from the first, and why; none if it is won.
    pub lost: Option<(usize, LossReason)>,
    /// The stage in which it is stuck for long.
    pub stuck: Option<usize>,
    /// How long it stays in a stage, in days.
    pub pace: f64,
}

/// What a sale depends on besides the account.
#[derive(Clone, Copy, Debug)]
pub struct Prospect {
    /// The chance of winning, in percent, as it is for such sources.
    pub odds: f64,
    /// What it is worth, in whole units.
    pub whole: i64,
    /// Whether somebody else is asked for an offer.
    pub rivalled: bool,
    /// In which stages deals like this are lost: as often as said.
    pub lost_in: &'static [(usize, f64)],
}

/// Decides the end of a deal.
pub fn fate(chance: &mut Chance, account: &Account, prospect: Prospect) -> Fate {
    let seller = account.seller;
    let fit = match account.fit {
        FitGrade::A => 1.18,
        FitGrade::B => 1.0,
        FitGrade::C => 0.8,
        FitGrade::D => 0.6,
    };
    // Twice the money: a twentieth less likely, and an eighth longer.
    let size = (prospect.whole as f64 / 20_000.0).max(0.05);
    let rival = if prospect.rivalled { 0.8 } else { 1.08 };
    let odds = prospect.odds * fit * seller.skill * rival * size.powf(-0.07);
    let lost = (!chance.percent(odds.clamp(4.0, 92.0))).then(|| {
        let place = chance.weighted(prospect.lost_in);
        (place, reason(chance, account, place, prospect.rivalled))
    });
    // What is lost has been quiet before.
    let stuck = match lost {
        Some((place, LossReason::NoDecision | LossReason::LostContact | LossReason::Timing)) => Some(place),
        _ => None,
    };
    Fate { lost, stuck, pace: 17.0 * seller.pace * size.powf(0.17) }
}

/// Why a deal is lost in a stage: early, because it never was one; late, for price or because of somebody else.
fn reason(chance: &mut Chance, account: &Account, place: usize, rivalled: bool) -> LossReason {
    let (early, late) = if place < 2 { (2.0, 0.6) } else { (0.5, 1.6) };
    let small = matches!(account.company.size_band, Some(SizeBand::Solo | SizeBand::Small));
    chance.weighted(&[
        (LossReason::Price, 18.0 * late),
        (LossReason::Competitor, if rivalled { 48.0 * late } else { 0.0 }),
        (LossReason::NoDecision, 19.0),
        (LossReason::Timing, 12.0 * early),
        (LossReason::NoBudget, if small { 15.0 } else { 9.0 }),
        (LossReason::ProductGap, 8.0),
        (LossReason::LostContact, 7.0 * early),
        (LossReason::NotAFit, 5.0 * early),
        (LossReason::Other, 1.5),
    ])
}

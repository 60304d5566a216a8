//! What may happen to a deal, decided without a database.

use chrono::{DateTime, Utc};
use entity::enums::{DealStatus, LossReason};
use entity::{deal, stage};
use uuid::Uuid;

use crate::access::{Action, Kind};
use crate::checks::Checks;
use crate::clock::happened;
use crate::error::{Error, Mistake, Result};
use crate::lifecycle::{Lifecycle, Verb};
use crate::spelling::text;
use crate::stage::rules::criteria;

use DealStatus::{Lost, Open, Won};

/// The life of a deal: it is decided once, and until then it moves.
pub const LIFE: Lifecycle<DealStatus> = Lifecycle { what: "deal", verbs: VERBS };

#[rustfmt::skip]
const VERBS: &[Verb<DealStatus>] = &[
    Verb::new("convertLead", Action::Create, &[],          &[Open]).along(Kind::Lead),
    Verb::new("moveDeal",    Action::Move,   &[Open],      &[]),
    Verb::new("winDeal",     Action::Win,    &[Open],      &[Won]),
    Verb::new("loseDeal",    Action::Lose,   &[Open],      &[Lost]),
    Verb::new("reopenDeal",  Action::Reopen, &[Won, Lost], &[Open]),
];

/// The plain fields of a deal.
///
/// # Errors
/// `Invalid`: what a person has to mend.
pub fn check(deal: &mut deal::Model) -> Result<()> {
    let mut checks = Checks::new();
    checks.name("name", &mut deal.name);
    checks.label("competitor", &mut deal.competitor);
    let not_negative = |minor: Option<i64>| minor.is_none_or(|minor| minor >= 0);
    checks.expect(not_negative(deal.amount_minor), "INVALID", "amount", "amount may not be negative.");
    checks.expect(not_negative(deal.cost_minor), "INVALID", "cost", "cost may not be negative.");
    let chance = deal.probability_override.is_none_or(|chance| (0..=100).contains(&chance));
    checks.expect(chance, "INVALID", "probabilityOverride", "A chance is 0 to 100 percent.");
    checks.done()
}

/// The currencies in which a plain mutation gives amounts of a deal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Currencies<'a> {
    /// That of the amount, if it is given.
    pub amount: Option<&'a str>,
    /// That of the cost, if it is given.
    pub cost: Option<&'a str>,
}

/// Refuses another currency from somebody who cannot read every amount of the deal: the others would have to follow, and
/// any answer that depended on them would tell of them. So it depends on the deal's currency alone.
///
/// # Errors
/// `Invalid`.
pub fn keeps_currency(before: &deal::Model, given: &str) -> Result<()> {
    if before.currency == given {
        return Ok(());
    }
    let message = "Your role cannot change the currency of a deal: whoever does has to read all of its amounts.";
    Err(Error::invalid("CURRENCY", "amount", message))
}

/// The currency of a deal: amount and cost have one. Given ones must agree with each other, and one that is given alone
/// with the one that stays. A new deal that has neither is in the base currency.
///
/// # Errors
/// `Invalid` at the field that does not fit.
pub fn currency(deal: &deal::Model, before: Option<&deal::Model>, given: Currencies<'_>, base: &str) -> Result<String> {
    let kept = |minor: Option<i64>| minor.and(before).map(|before| before.currency.as_str());
    let amount = given.amount.or_else(|| kept(deal.amount_minor));
    let cost = given.cost.or_else(|| kept(deal.cost_minor));
    if let (Some(amount), Some(cost)) = (amount, cost)
        && amount != cost
    {
        let field = if given.cost.is_some() { "cost" } else { "amount" };
        return Err(Error::invalid(
            "CURRENCY",
            field,
            format!("Amount ({amount}) and cost ({cost}) of a deal are in one currency. Give both."),
        ));
    }
    let kept = before.map(|before| before.currency.as_str());
    Ok(amount.or(cost).or(kept).unwrap_or(base).to_owned())
}

/// The amount of a closed deal is history.
///
/// # Errors
/// CONFLICT.
pub fn amount_is_open(deal: &deal::Model, before: &deal::Model) -> Result<()> {
    if has_same_amount(deal, before) || before.status == DealStatus::Open {
        return Ok(());
    }
    Err(Error::conflict("The amount of a closed deal stays as it was decided. Reopen the deal first (reopenDeal)."))
}

/// Has the deal the amount that it had?
pub fn has_same_amount(deal: &deal::Model, before: &deal::Model) -> bool {
    deal.amount_minor == before.amount_minor && deal.currency == before.currency
}

/// Refuses to enter another amount for a deal that has lines.
///
/// # Errors
/// `Invalid` at `amount`.
pub fn enters_amount(deal: &deal::Model, before: &deal::Model, has_lines: bool) -> Result<()> {
    if has_same_amount(deal, before) || !has_lines {
        return Ok(());
    }
    let message = "The amount of this deal is the sum of its lines: change those (updateLineItem).";
    Err(Error::invalid("NOT_ALLOWED", "amount", message))
}

/// May the deal go from one stage to another, given what is said to be known? `stages` are those of its pipeline.
///
/// # Errors
/// `Invalid`: the stage is none the deal can move to, or exit criteria of the stages it leaves are not met.
pub fn may_move(stages: &[stage::Model], from: Uuid, to: Uuid, met: &[String]) -> Result<()> {
    let find = |id: Uuid| stages.iter().find(|stage| stage.id == id);
    let wrong = |message: &str| Err(Error::invalid("INVALID", "stageId", message));
    let Some(target) = find(to) else { return wrong("The stage is not one of the deal's pipeline.") };
    match target.category {
        DealStatus::Won => return wrong("Use winDeal to take a deal there."),
        DealStatus::Lost => return wrong("Use loseDeal to take a deal there."),
        DealStatus::Open => {}
    }
    if from == to {
        return wrong("The deal is in this stage already.");
    }
    let Some(current) = find(from) else { return Ok(()) };
    let left = stages.iter().filter(|stage| {
        stage.category == DealStatus::Open && (current.position..target.position).contains(&stage.position)
    });
    let met: Vec<_> = met.iter().map(|criterion| criterion.trim()).collect();
    let missing = left.flat_map(|stage| criteria(stage).into_iter().map(move |criterion| (stage, criterion)));
    let missing = missing.filter(|(_, criterion)| !met.contains(&criterion.trim()));
    let mistakes: Vec<_> = missing
        .map(|(stage, criterion)| {
            let message = format!(
                "Before the deal leaves {}, this has to hold: {}.",
                stage.name,
                criterion.trim_end_matches('.')
            );
            Mistake::new("EXIT_CRITERION", "exitCriteriaMet", message)
        })
        .collect();
    if mistakes.is_empty() { Ok(()) } else { Err(Error::Invalid(mistakes)) }
}

/// When a deal was decided: the given moment, which has come, else now. A deal from another system may be older than
/// its row.
///
/// # Errors
/// `Invalid` at `closedAt`.
pub fn closing(deal: &deal::Model, given: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    match given.map(|given| happened(given, now)) {
        Some(None) => Err(Error::invalid("INVALID", "closedAt", "The deal cannot have been decided in the future.")),
        Some(Some(earlier)) if earlier < deal.created_at && deal.source_system.is_none() => {
            Err(Error::invalid("INVALID", "closedAt", "The deal cannot have been decided before it was created."))
        }
        given => Ok(given.flatten().unwrap_or(now)),
    }
}

/// What a won deal is worth.
///
/// # Errors
/// `Invalid` at `amount`: none, or nothing.
pub fn won_amount(deal: &deal::Model) -> Result<i64> {
    match deal.amount_minor {
        Some(amount) if amount > 0 => Ok(amount),
        Some(_) => Err(Error::invalid("INVALID", "amount", "A won deal is worth more than nothing.")),
        None => Err(Error::invalid("REQUIRED", "amount", "Say what the deal is worth before it is won.")),
    }
}

/// A loss without a listed reason is explained.
///
/// # Errors
/// `Invalid` at `lossComment`.
pub fn explained(reason: LossReason, comment: Option<&str>) -> Result<()> {
    let empty = comment.and_then(text::said).is_none();
    if reason == LossReason::Other && empty {
        return Err(Error::invalid("REQUIRED", "lossComment", "Say why the deal was lost: the reason is OTHER."));
    }
    Ok(())
}

/// The chance of a deal in a stage, in percent.
pub fn chance(deal: &deal::Model, stage: &stage::Model) -> i32 {
    match stage.category {
        DealStatus::Open => deal.probability_override.unwrap_or(stage.probability),
        DealStatus::Won => 100,
        DealStatus::Lost => 0,
    }
}

//! What sales finds out about a lead: need, budget, authority, timing.

use super::chronicle::Chronicle;
use super::needs::Need;
use crate::lead::rules::Findings;

/// What sales finds out about a lead.
pub fn findings(book: &mut Chronicle, need: &Need) -> Findings {
    let chance = &mut book.chance;
    let mut said = |percent: f64, texts: &[&str]| chance.percent(percent).then(|| chance.pick(texts).to_owned());
    let budget = said(55.0, &BUDGETS);
    let authority = said(60.0, &AUTHORITIES);
    let timing = said(65.0, &TIMINGS);
    // One of the four is always known: what they need.
    Findings { need: Some(need.need.to_owned()), budget, authority, timing }
}

const BUDGETS: [&str; 5] = [
    "Approved.",
    "Applied for; decision next month.",
    "Comes out of the marketing budget.",
    "What the old tool costs today.",
    "Not yet, but nobody expects a problem.",
];
const AUTHORITIES: [&str; 5] = [
    "The head of sales decides.",
    "The CFO signs.",
    "IT and purchasing together.",
    "Managing director, on the recommendation of marketing.",
    "Our contact decides alone up to 10,000.",
];
const TIMINGS: [&str; 5] = [
    "This quarter.",
    "The old contract ends in three months.",
    "Before the trade fair in autumn.",
    "Start with the new financial year.",
    "As soon as two more sellers have begun.",
];

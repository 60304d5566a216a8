//! Why leads come back and deals are lost, in the words of who was there. What is said fits the reason it is said for.

use entity::enums::{HandoffReason, LossReason};

use super::chance::Chance;
use super::needs::Need;

/// What a seller writes about a lost deal. `{rival}` and `{missing}` stand for the competitor and for what we lack.
fn of_loss(reason: LossReason) -> &'static [&'static str] {
    match reason {
        LossReason::Price => &[
            "The other offer was a fifth cheaper.",
            "Purchasing wanted 30 % off; we stopped at 15.",
            "Too expensive for the few people who would use it.",
            "They liked it, but not at that price per seat.",
        ],
        LossReason::Competitor => &[
            "Went to {rival}.",
            "{rival} was in the house already and threw it in.",
            "Chose {rival} after a comparison of both.",
            "Their new head of sales had worked with {rival} before.",
        ],
        LossReason::Timing => &[
            "The project was put off by a year.",
            "They are merging two divisions first; back in autumn.",
            "Everybody is busy with the new ERP until summer.",
        ],
        LossReason::NoBudget => &[
            "The budget was cut in the second half.",
            "The board did not release the money.",
            "Freeze on spending until the next financial year.",
        ],
        LossReason::NoDecision => &[
            "They will carry on as before.",
            "Three heads of department, no common view; put on ice.",
            "The board wants to wait and see.",
            "Nobody wanted to take the decision.",
        ],
        LossReason::ProductGap => {
            &["They need {missing}.", "Without {missing} it is of no use to them.", "Missing: {missing}."]
        }
        LossReason::NotAFit => &[
            "Two people in sales: a calendar is enough for them.",
            "They sell to consumers only; we are no help there.",
            "They are looking for a shop system, not a CRM.",
        ],
        LossReason::LostContact => &[
            "Our contact has left the company, the successor does not call back.",
            "No answer to five mails and four calls.",
            "Nobody has picked up since the proposal.",
        ],
        LossReason::Other => &["Decided by the parent company abroad."],
    }
}

/// What hints at a reason while the deal is still open.
pub fn hint(reason: LossReason) -> &'static [&'static str] {
    match reason {
        LossReason::Price => &["Asked for the price three times.", "Says our price is above what they had planned."],
        LossReason::Competitor => &["They are talking to {rival} as well.", "{rival} has shown them a pilot."],
        LossReason::Timing => &["The start is put off again.", "Another project comes first."],
        LossReason::NoBudget => &["The money is not released yet.", "Finance asks for another round."],
        LossReason::NoDecision => &["No decision; they will come back to us.", "Everybody likes it, nobody signs."],
        LossReason::ProductGap => &["Insists on {missing}.", "Asked again about {missing}."],
        LossReason::NotAFit => {
            &["Hardly any of it is of use to them.", "Wants something quite different from what we offer."]
        }
        LossReason::LostContact => &["Did not pick up.", "No answer to the last two mails."],
        LossReason::Other => &["The parent company has a say in it."],
    }
}

/// What the seller writes about a lost deal.
pub fn loss(chance: &mut Chance, reason: LossReason, need: &Need, rival: Option<&str>) -> String {
    filled(chance.pick(of_loss(reason)), need, rival)
}

/// A text with the names in place of their marks.
pub fn filled(text: &str, need: &Need, rival: Option<&str>) -> String {
    if !text.contains('{') {
        return text.to_owned();
    }
    text.replace("{rival}", rival.unwrap_or("a competitor"))
        .replace("{missing}", need.missing)
        .replace("{shown}", need.shown)
        .replace("{topic}", need.topic)
        .replace("{need}", need.need)
}

/// What sales writes beside a rejected hand-off.
pub fn rejection(reason: HandoffReason) -> &'static [&'static str] {
    match reason {
        HandoffReason::NotOurMarket => {
            &["Sells to consumers only.", "A public office; we do not take part in tenders.", "No sales team at all."]
        }
        HandoffReason::NoBudget => {
            &["No budget before next year.", "Expected it to be free.", "Has 2,000 a year for all tools together."]
        }
        HandoffReason::NoAuthority => &[
            "Trainee; the head of department knows nothing of it.",
            "Was asked to collect brochures.",
            "Decisions are made at the parent company.",
        ],
        HandoffReason::NoNeed => &[
            "Only wanted the white paper.",
            "Has just introduced another system.",
            "Was curious about the webinar, no project.",
        ],
        HandoffReason::BadTiming => &[
            "Asks again after the ERP project.",
            "Not before autumn.",
            "The contract of the old system runs another year.",
        ],
        HandoffReason::BadData => {
            &["The number belongs to somebody else.", "The mail comes back.", "The company does not exist any more."]
        }
        HandoffReason::Duplicate => &["We are already talking to a colleague of theirs.", "Is in the system twice."],
        HandoffReason::Unreachable => {
            &["No answer after four calls.", "Voicemail three times, two mails, no reply.", "Never in the office."]
        }
        HandoffReason::StudentOrCompetitor => &[
            "Is writing a thesis about CRM systems.",
            "Works for a competitor of ours.",
            "Student, needs it for a seminar.",
        ],
        HandoffReason::Other => &["Wants to become our partner, not a customer.", "Is looking for a job with us."],
    }
}

/// What marketing changes because of such a rejection.
pub fn mended(reason: HandoffReason) -> &'static [&'static str] {
    match reason {
        HandoffReason::NotOurMarket => &["Narrowed the audience of the campaign.", "Took these industries out."],
        HandoffReason::NoBudget => &["The landing page now says what it costs.", "The second mail now has the prices."],
        HandoffReason::NoAuthority => &["The form now asks for the role.", "Titles count more in the score."],
        HandoffReason::NoNeed => &["A download alone no longer makes an MQL.", "Raised the score a lead needs."],
        HandoffReason::BadTiming => &["Goes into the quarterly mailing.", "Set a reminder for the date they named."],
        HandoffReason::BadData => &["The form now checks addresses.", "Had the provider correct the data."],
        HandoffReason::Duplicate => &["Merged both.", "Running talks are now checked before a hand-off."],
        HandoffReason::Unreachable => &["The form now offers times for a call.", "Put back into nurturing."],
        HandoffReason::StudentOrCompetitor => {
            &["Free-mail addresses no longer count as leads.", "Excluded universities."]
        }
        HandoffReason::Other => &["Passed on to the right place."],
    }
}

/// What sales writes beside a lead that it takes.
pub const GOOD: [&str; 5] = [
    "Knows what is needed, and by when.",
    "Called back the same day.",
    "Good talk; decides together with finance.",
    "Meeting arranged for next week.",
    "Had read everything before the call.",
];

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::Iterable;

    #[test]
    fn every_mark_is_filled() {
        let need = super::super::needs::need(&mut Chance::about(1, 2));
        for reason in LossReason::iter() {
            for text in of_loss(reason).iter().chain(hint(reason)) {
                let told = filled(text, need, Some("Kontor One"));
                assert!(!told.contains('{') && told.ends_with('.'), "{told}");
            }
        }
    }
}

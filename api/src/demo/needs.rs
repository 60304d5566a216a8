//! What customers need: one thread from the first question over the talks to the name of the deal.

use super::chance::Chance;

/// Why somebody looks for something like what we sell.
#[derive(Debug)]
pub struct Need {
    /// As they say it when they ask.
    pub interest: &'static str,
    /// As sales writes it down.
    pub need: &'static str,
    /// What the deal is about.
    pub topic: &'static str,
    /// What they look at in a demonstration.
    pub shown: &'static str,
    /// What they would like and we do not have.
    pub missing: &'static str,
    /// How common it is.
    share: f64,
}

#[rustfmt::skip]
macro_rules! needs {
    ($($share:literal $interest:literal $need:literal $topic:literal $shown:literal $missing:literal)*) => {
        [$(Need { interest: $interest, need: $need, topic: $topic, shown: $shown, missing: $missing, share: $share }),*]
    };
}

static NEEDS: [Need; 10] = needs! {
    22.0 "Wants to know which campaigns bring revenue."
        "See which campaigns bring revenue, not only clicks."
        "campaign attribution" "the credit that each campaign gets for a deal" "costs imported from the ad accounts"

    18.0 "Replaces a spreadsheet that three people edit at once."
        "One list of customers instead of a shared spreadsheet."
        "CRM instead of spreadsheets" "the import of their own spreadsheet" "editing in bulk as in a spreadsheet"

    14.0 "Looks for a forecast that can be trusted."
        "A forecast that the board believes."
        "sales forecast" "the pipeline by stage and month" "a forecast by product line"

    11.0 "Leads from marketing sit untouched for days."
        "Every lead answered within a day."
        "lead hand-over" "the hand-off with its due time and answer" "routing of leads by postcode"

    9.0 "Wants one place for campaigns and deals."
        "Marketing and sales look at the same figures."
        "one view of marketing and sales" "the way from the first touch to the deal" "a connection to their web shop"

    8.0 "The contract for the old CRM ends; compares three systems."
        "Move to another CRM before the old contract ends."
        "replacement of the old CRM" "how their history is migrated" "a screen designer like the old one"

    7.0 "Spends two days a month on the report for the board."
        "Monthly figures without two days of copying."
        "management reporting" "last month's report, put together live" "a connection to their data warehouse"

    5.0 "Is building a sales team and needs a tool for it."
        "New sellers who know on the first day whom to call."
        "CRM for the new sales team" "the working day of a seller" "an app for tablets that works offline"

    3.5 "Sells through partners and does not see their deals."
        "See early on what partners are going to order."
        "partner pipeline" "what a partner may see and what not" "a portal of its own for each partner"

    2.5 "Customer data must stay on servers of their own."
        "A CRM that runs on their own servers."
        "CRM on own servers" "the installation on a single machine" "sign-in through their directory"
};

/// A need, some far more common than others.
pub fn need(chance: &mut Chance) -> &'static Need {
    let weighted = NEEDS.each_ref().map(|need| (Some(need), need.share));
    chance.weighted(&weighted).unwrap_or(&NEEDS[0])
}

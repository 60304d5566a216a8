//! What is said and done in each part of a sale. `{need}`, `{topic}` and `{shown}` stand for what the customer needs,
//! is to get and has seen.

use entity::activity::ActivityKind::{
    self, Call, Demo, Email, FollowUp, Meeting, Negotiation, Note, Pitch, SocialMessage,
};

/// The part of a story in which something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Marketing looks after a lead.
    Nurture,
    /// A lead is to be reached.
    Outreach,
    /// The first stage of a deal, and so on.
    Discovery,
    /// Budget and people are found out.
    Qualification,
    /// There is an offer.
    Proposal,
    /// The offer is talked over.
    Terms,
    /// A contract is about to end.
    Renewal,
    /// The new terms are agreed.
    RenewalTerms,
    /// A campaign is planned.
    Plan,
    /// A campaign runs.
    Watch,
    /// A campaign is over.
    Review,
}

/// Something that is done: its kind, what it is about, what is noted of it.
pub type Line = (ActivityKind, &'static str, &'static str);

/// What is done in a phase; what comes first is done most.
#[rustfmt::skip]
pub fn lines(phase: Phase) -> &'static [Line] {
    match phase {
        Phase::Nurture => &[
            (Email, "Sent a case from their industry", "Matches what they asked for: {need}"),
            (Email, "Invited to the next webinar", "Subject of the webinar: {topic}."),
            (Email, "Sent the guide", "Guide on {topic}."),
            (Call, "Asked what they are looking for", "{need}"),
        ],
        Phase::Outreach => &[
            (Call, "First call", "{need}"),
            (Email, "Answer to the inquiry", "Offered three times for a call about {topic}."),
            (Call, "Call about the inquiry", "Had looked around our website; {topic} is what matters."),
            (SocialMessage, "Message on the business network", "Referred to {topic} in a company like theirs."),
        ],
        Phase::Discovery => &[
            (Call, "Discovery call", "In their words: {need}"),
            (Meeting, "First meeting", "Five people at the table; all want {topic}, for different reasons."),
            (Demo, "Short demo", "Showed {shown}. Wants the colleagues to see it."),
            (Email, "Summary of the call", "Sent what we understood: {need}"),
            (Note, "How they work today", "Two tools and a spreadsheet; nobody trusts the figures."),
        ],
        Phase::Qualification => &[
            (Demo, "Demo for the team", "Showed {shown}. Twelve questions, most of them about rights."),
            (Meeting, "Meeting with the head of department", "The budget is applied for; decision in the next round."),
            (Demo, "Second demo with IT", "Showed {shown}, sign-in and backups. IT has no objection."),
            (Call, "Call about budget and time plan", "Wants to start with {topic}, the rest later."),
            (Email, "Sent a reference customer", "Same size, same need; may be called."),
        ],
        Phase::Proposal => &[
            (Pitch, "Presented the proposal", "Went through {topic}, roll-out and price with the decision makers."),
            (Email, "Sent the proposal", "Two variants: {topic} alone, and with onboarding."),
            (Pitch, "Pitch to the management", "Twenty minutes; the question was what happens if they do nothing."),
            (Call, "Questions on the proposal", "Asked what is included in the price per seat."),
            (Meeting, "Workshop on the roll-out", "Plan: {topic} in four weeks, one team first."),
        ],
        Phase::Terms => &[
            (Negotiation, "Talked about the price", "Wants the price of the larger package; offered a two-year term instead."),
            (Negotiation, "Went through the contract", "Open: notice period and data processing agreement."),
            (Meeting, "Meeting with purchasing", "They have to show savings; agreed on payment in advance."),
            (Email, "Sent the contract", "As agreed, valid until the end of the month."),
            (Call, "Call about the signature", "Two signatures are needed, one is there."),
        ],
        Phase::Renewal => &[
            (Call, "How did the year go?", "Uses it every day; {shown} most of all."),
            (Email, "Sent the renewal offer", "Same seats, price as announced."),
            (Meeting, "Review of the year", "Wants to show more people {shown}."),
        ],
        Phase::RenewalTerms => &[
            (Negotiation, "Talked about the new price", "Accepts the increase for a fixed price over two years."),
            (Email, "Sent the renewal for signature", "Confirmed by mail, signature to follow."),
            (Call, "Reminded them to sign", "Will be done this week."),
        ],
        Phase::Plan => &[
            (Meeting, "Planning meeting", "Audience, message, budget and who does what."),
            (Call, "Call with the agency", "First drafts in two weeks; price stays within the budget."),
            (Meeting, "Briefing of sales", "Sales knows what is promised and who calls whom."),
            (Note, "Budget approved", "As planned, with a tenth kept in reserve."),
        ],
        Phase::Watch => &[
            (Meeting, "Weekly review of the figures", "Cost per lead on plan; moved budget to what works."),
            (Call, "Call with the agency", "Two variants stopped, two new ones started."),
            (Note, "Test of the landing page", "The shorter form brings more leads, not worse ones."),
            (Meeting, "Meeting with sales about the leads", "Went through what was rejected, and why."),
        ],
        Phase::Review => &[
            (Meeting, "Review with sales", "What the leads were worth, and what to do differently."),
            (Note, "Results", "Leads, accepted leads and pipeline compared with the plan; kept for next time."),
        ],
    }
}

/// What follows up something done in a phase.
#[rustfmt::skip]
pub fn follow_ups(phase: Phase) -> &'static [Line] {
    match phase {
        Phase::Nurture | Phase::Outreach => &[
            (FollowUp, "Tried again", "Left a message: {topic}."),
            (FollowUp, "Reminded them of the call", "Suggested two other times."),
            (FollowUp, "Asked whether it is still relevant", "{need}"),
        ],
        Phase::Discovery | Phase::Qualification => &[
            (FollowUp, "Asked how the demo was received", "Liked best: {shown}."),
            (FollowUp, "Sent the answers to their questions", "Everything on {topic} answered, one question open."),
            (FollowUp, "Arranged the next step", "Next: a meeting with the decision makers."),
        ],
        Phase::Proposal | Phase::Terms => &[
            (FollowUp, "Asked where the decision stands", "On the agenda of the next management meeting."),
            (FollowUp, "Reminded them of the date", "Wants to start at the beginning of the quarter."),
            (FollowUp, "Answered the legal questions", "Data processing agreement goes through."),
        ],
        Phase::Renewal | Phase::RenewalTerms => &[
            (FollowUp, "Asked about the renewal", "It is with finance."),
            (FollowUp, "Reminded them that the contract ends", "Knows the date."),
        ],
        Phase::Plan | Phase::Watch | Phase::Review => &[
            (FollowUp, "Did what was agreed", "Done as decided in the meeting."),
        ],
    }
}

/// What is still to be done in a phase.
#[rustfmt::skip]
pub fn to_come(phase: Phase) -> &'static [Line] {
    match phase {
        Phase::Nurture | Phase::Outreach => &[(Call, "Call again", ""), (FollowUp, "Send the case", "")],
        Phase::Discovery => &[(Call, "Discovery call", ""), (Demo, "Demo", ""), (FollowUp, "Ask for the next date", "")],
        Phase::Qualification => &[(Meeting, "Meet the decision makers", ""), (Demo, "Demo with IT", ""), (Call, "Ask about the budget", "")],
        Phase::Proposal => &[(Pitch, "Present the proposal", ""), (FollowUp, "Ask about the proposal", ""), (Call, "Questions on the proposal", "")],
        Phase::Terms => &[(Negotiation, "Agree on terms", ""), (Call, "Ask for the signature", ""), (FollowUp, "Send the contract again", "")],
        Phase::Renewal => &[(Call, "Call about the renewal", ""), (Meeting, "Review of the year", "")],
        Phase::RenewalTerms => &[(FollowUp, "Remind them to sign", "")],
        Phase::Plan => &[(Meeting, "Planning meeting", ""), (Call, "Call with the agency", "")],
        Phase::Watch | Phase::Review => &[(Meeting, "Weekly review of the figures", ""), (Call, "Call with the agency", "")],
    }
}

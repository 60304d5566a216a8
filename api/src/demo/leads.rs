//! Leads: from the first inquiry through marketing's hands into sales', or to the end.

use chrono::{DateTime, TimeDelta, Utc};
use entity::activity::{ActivityKind, Direction};
use entity::enums::{HandoffReason, LeadSource};
use entity::handoff::{self, HandoffStatus};
use entity::lead::{self, BuyingHorizon, FitGrade, LeadStatus};
use entity::transition;
use uuid::Uuid;

use super::World;
use super::account::{Account, LeadStory};
use super::activities::{self, Work};
use super::chronicle::{Act, Chronicle};
use super::journeys::Origin;
use super::sales;

/// How long sales may take to answer a hand-off.
const ANSWER_WITHIN: TimeDelta = TimeDelta::hours(24);

const INTERESTS: [&str; 8] = [
    "Wants one place for campaigns and deals.",
    "Looks for a forecast that can be trusted.",
    "Asked for prices for fifteen seats.",
    "Wants to know which campaigns bring revenue.",
    "Replaces a spreadsheet.",
    "Needs a tool for a new sales team.",
    "Asked how leads are handed over.",
    "Compares us with two others.",
];

/// A lead on its way.
struct Way<'a, 'b> {
    book: &'a mut Chronicle<'b>,
    world: &'a World,
    account: &'a mut Account,
    person: usize,
    lead: lead::Model,
    states: Vec<(Act, LeadStatus)>,
    quality: f64,
    marketer: Uuid,
}

/// Takes a lead from its capture as far as it has come until today.
pub fn live(book: &mut Chronicle, world: &World, account: &mut Account, person: usize, origin: Origin, capture: Act) {
    let outbound = origin.source() == LeadSource::Outbound;
    let marketer = world.staff.any_marketer(&mut book.chance);
    let seller = account.seller;
    let fit = match account.fit {
        FitGrade::A => 1.25,
        FitGrade::B => 1.05,
        FitGrade::C => 0.75,
        FitGrade::D => 0.4,
    };
    let quality: f64 = origin.quality() * fit;
    let status = if outbound { LeadStatus::Sal } else { LeadStatus::New };
    let Some(contact) = account.people.get(person).map(|person| person.contact.id) else { return };
    let score = 12 + (24.0 * quality) as i64;
    let row = lead::Model {
        owner_id: Some(if outbound { seller.user } else { marketer }),
        team_id: Some(if outbound { seller.team } else { world.staff.marketing() }),
        contact_id: contact,
        company_id: Some(account.company.id),
        status,
        source: origin.source(),
        source_campaign_id: match origin {
            Origin::Campaign(campaign) => Some(campaign.id),
            Origin::Other(..) => None,
        },
        interest: book.chance.percent(55.0).then(|| book.chance.pick(&INTERESTS).to_owned()),
        score: points(book.chance.between(score - 8, score + 8)),
        fit_grade: Some(account.fit),
        sal_at: outbound.then_some(capture.at),
        ..lead::Model::default()
    };
    let lead = book.make(capture, row);
    let mut way = Way { book, world, account, person, lead, states: Vec::new(), quality, marketer };
    way.moved(capture, None);
    // It ends where the next thing has not happened yet; then the lead is left as it is.
    let _ = way.go(capture.at, outbound);
    let Way { lead, states, .. } = way;
    account.leads.push(LeadStory { lead, states });
}

/// What the lead ended as, or `None` while it has not.
type Until<T> = Option<T>;

impl Way<'_, '_> {
    fn go(&mut self, captured: DateTime<Utc>, outbound: bool) -> Until<()> {
        if outbound {
            return self.sell(captured);
        }
        let mut since = captured;
        // Sales may give a lead back; the third time it stays where it is.
        for round in 0..3 {
            let handed = self.qualify(since, round)?;
            match self.hand_off(handed)? {
                Answer::Accepted(at) => return self.sell(at),
                Answer::BackToMarketing(at) => since = at,
                Answer::Disqualified => return Some(()),
            }
        }
        None
    }

    /// Marketing looks after the lead until it is worth handing over, or gives it up.
    fn qualify(&mut self, since: DateTime<Utc>, round: u32) -> Until<DateTime<Utc>> {
        let mut since = since;
        let promising = self.book.chance.percent(66.0 * self.quality.powf(0.6));
        let ripe = promising && self.book.chance.percent(55.0);
        if round == 0 && !ripe {
            let act = self.next(since, 1.5, self.marketer, "nurtureLead")?;
            self.go_to(act, LeadStatus::Nurturing, |_| {});
            since = act.at;
        }
        if round == 0 && !promising || round > 0 && self.book.chance.percent(50.0) {
            let act = self.next(since, 75.0, self.marketer, "disqualifyLead")?;
            let reason = self.book.chance.weighted(&[
                (HandoffReason::NoNeed, 35.0),
                (HandoffReason::NotOurMarket, 25.0),
                (HandoffReason::StudentOrCompetitor, 20.0),
                (HandoffReason::BadData, 12.0),
                (HandoffReason::Duplicate, 8.0),
            ]);
            self.disqualify(act, reason);
            return None;
        }
        let days = if ripe { 1.2 } else { 16.0 };
        let act = self.next(since, days, self.marketer, "qualifyLead")?;
        let score = points(58 + self.book.chance.between(0, 22) + (12.0 * self.quality) as i64);
        self.go_to(act, LeadStatus::Mql, |lead| {
            lead.mql_at = lead.mql_at.or(Some(act.at));
            lead.score = score;
        });
        Some(act.at)
    }

    /// Marketing hands the lead to sales, and sales answers.
    fn hand_off(&mut self, since: DateTime<Utc>) -> Until<Answer> {
        let act = self.next(since, 0.15, self.marketer, "handOffLead")?;
        let seller = self.account.seller;
        let pooled = self.book.chance.percent(12.0);
        let owner = Some(seller.user).filter(|_| !pooled);
        self.book.change(act, &mut self.lead, |lead| {
            lead.handed_off_at = Some(act.at);
            lead.owner_id = owner;
            lead.team_id = Some(seller.team);
        });
        let row = handoff::Model {
            lead_id: self.lead.id,
            from_user_id: act.by,
            from_team_id: Some(self.world.staff.marketing()),
            to_owner_id: owner,
            to_team_id: Some(seller.team),
            status: HandoffStatus::Pending,
            handed_at: act.at,
            due_at: act.at + ANSWER_WITHIN,
            ..handoff::Model::default()
        };
        let mut handoff = self.book.make(act, row);
        let answer = self.answer(&mut handoff);
        self.book.keep(handoff);
        answer
    }

    fn answer(&mut self, handoff: &mut handoff::Model) -> Until<Answer> {
        if self.book.chance.percent(2.5) {
            let manager = self.world.staff.marketing_manager();
            let act = self.next(handoff.handed_at, 1.0, manager, "recallHandoff")?;
            self.book.change(act, handoff, |handoff| handoff.status = HandoffStatus::Recalled);
            self.back_to_marketing(act, None);
            return Some(Answer::BackToMarketing(act.at));
        }
        let slow = self.book.chance.percent(14.0);
        let at = self.later(handoff.handed_at, if slow { 4.0 } else { 0.4 })?;
        let taken = self.book.chance.percent((57.0 * self.quality.powf(0.55)).min(92.0));
        let seller = self.account.seller;
        let reason = self.book.chance.weighted(&REJECTIONS);
        let rated = self.book.chance.percent(75.0);
        let mean = if taken { 3.4 } else { 1.5 } + 0.7 * self.quality.min(1.6);
        let rating = (mean * self.book.chance.factor(0.2)).round().clamp(1.0, 5.0) as i32;
        let verb = if taken { "acceptLead" } else { "rejectLead" };
        let act = Act::new(at, Some(seller.user), verb);
        let comment = self.comment(taken, reason);
        self.book.change(act, handoff, |handoff| {
            handoff.status = if taken { HandoffStatus::Accepted } else { HandoffStatus::Rejected };
            handoff.responded_at = Some(at);
            handoff.responded_by_id = act.by;
            handoff.rating = rated.then_some(rating);
            handoff.reason = (!taken).then_some(reason);
            handoff.comment = comment;
        });
        if taken {
            self.go_to(act, LeadStatus::Sal, |lead| {
                lead.sal_at = lead.sal_at.or(Some(at));
                lead.owner_id = act.by;
            });
            return Some(Answer::Accepted(at));
        }
        let hopeless = matches!(reason, HandoffReason::StudentOrCompetitor | HandoffReason::NotOurMarket);
        self.back_to_marketing(act, hopeless.then_some(reason));
        self.acknowledge(handoff, at);
        Some(if hopeless { Answer::Disqualified } else { Answer::BackToMarketing(at) })
    }

    /// Marketing takes note of a rejection, most of the time.
    fn acknowledge(&mut self, handoff: &mut handoff::Model, rejected: DateTime<Utc>) -> Until<()> {
        const CHANGES: [Option<&str>; 4] = [
            None,
            Some("Narrowed the audience of the campaign."),
            Some("The form now asks for the size of the company."),
            Some("Raised the score a lead needs."),
        ];
        if self.book.chance.percent(15.0) {
            return None;
        }
        let act = self.next(rejected, 2.0, self.marketer, "acknowledgeHandoff")?;
        let action_taken = self.book.chance.pick(&CHANGES).map(str::to_owned);
        self.book.change(act, handoff, |handoff| {
            handoff.acknowledged_at = Some(act.at);
            handoff.acknowledged_by_id = act.by;
            handoff.action_taken = action_taken;
        });
        Some(())
    }

    /// Marketing has the lead again; `reason` is why nobody will buy, if that is so.
    fn back_to_marketing(&mut self, act: Act, reason: Option<HandoffReason>) {
        let (owner, team) = (self.marketer, self.world.staff.marketing());
        let given_back = act.verb != "recallHandoff";
        let to = if reason.is_some() { LeadStatus::Disqualified } else { LeadStatus::Nurturing };
        self.go_to(act, to, |lead| {
            lead.recycled_count += i32::from(given_back);
            lead.handed_off_at = None;
            lead.owner_id = Some(owner);
            lead.team_id = Some(team);
            lead.disqualify_reason = reason;
            lead.closed_at = reason.map(|_| act.at);
        });
    }

    /// Sales finds out whether there is a need, and makes a deal of it.
    fn sell(&mut self, accepted: DateTime<Utc>) -> Until<()> {
        let seller = self.account.seller;
        let work = Work { contact: Some(self.lead.contact_id), lead: Some(self.lead.id), ..Work::of(seller) };
        let first = [ActivityKind::Call, ActivityKind::Email, ActivityKind::SocialMessage, ActivityKind::Call];
        let kind = self.book.chance.pick(&first);
        activities::series(self.book, self.world, work, kind, Direction::Outbound, accepted, 0.8);
        let real = self.book.chance.percent((43.0 * self.quality.powf(0.6)).min(90.0));
        if !real {
            let at = self.later(accepted, 18.0)?;
            if self.book.chance.percent(30.0) {
                let act = Act::new(at, Some(seller.user), "recycleLead");
                self.back_to_marketing(act, None);
                return None;
            }
            let reason = self.book.chance.weighted(&REJECTIONS);
            let act = Act::new(at, Some(seller.user), "disqualifyLead");
            self.disqualify(act, reason);
            return Some(());
        }
        let act = self.next(accepted, 8.0, seller.user, "qualifyForSales")?;
        let horizon = self.book.chance.weighted(&[
            (BuyingHorizon::Immediate, 20.0),
            (BuyingHorizon::ThisQuarter, 45.0),
            (BuyingHorizon::ThisYear, 30.0),
            (BuyingHorizon::Later, 5.0),
        ]);
        let whole = sales::typical_amount(&mut self.book.chance, &self.account.company);
        let value = self.world.money.minor(whole, self.world.money.base());
        let base = self.world.money.base();
        let found = activities::findings(self.book);
        let facts = found.clone();
        self.go_to(act, LeadStatus::Sql, |lead| {
            lead.sql_at = Some(act.at);
            (lead.need, lead.budget) = (facts.need, facts.budget);
            (lead.authority, lead.timing) = (facts.authority, facts.timing);
            lead.buying_horizon = Some(horizon);
            lead.estimated_value_minor = Some(value);
            lead.estimated_value_currency = Some(base.to_owned());
        });
        activities::finding(self.book, work, act, &found);
        if self.book.chance.percent(9.0) {
            let act = self.next(act.at, 25.0, seller.user, "disqualifyLead")?;
            self.disqualify(act, HandoffReason::NoBudget);
            return Some(());
        }
        let act = self.next(act.at, 3.5, seller.user, "convertLead")?;
        let deal = sales::convert(self.book, self.world, self.account, self.person, &self.lead, self.quality, act);
        self.go_to(act, LeadStatus::Converted, |lead| {
            lead.converted_at = Some(act.at);
            lead.closed_at = Some(act.at);
            lead.deal_id = Some(deal);
        });
        Some(())
    }

    fn disqualify(&mut self, act: Act, reason: HandoffReason) {
        self.go_to(act, LeadStatus::Disqualified, |lead| {
            lead.disqualify_reason = Some(reason);
            lead.closed_at = Some(act.at);
        });
    }

    fn comment(&mut self, taken: bool, reason: HandoffReason) -> Option<String> {
        if taken {
            let good =
                ["Knows what is needed.", "Called back the same day.", "Good talk, decides together with finance."];
            return self.book.chance.percent(25.0).then(|| self.book.chance.pick(&good).to_owned());
        }
        // A rejection for another reason says which.
        let said = reason == HandoffReason::Other || self.book.chance.percent(40.0);
        let bad = [
            "Was only curious about the prize.",
            "No answer after four calls.",
            "Has just signed with somebody else.",
            "Asked for a product we do not have.",
        ];
        said.then(|| self.book.chance.pick(&bad).to_owned())
    }

    fn go_to(&mut self, act: Act, to: LeadStatus, how: impl FnOnce(&mut lead::Model)) {
        let from = self.lead.status;
        self.book.change(act, &mut self.lead, |lead| {
            lead.status = to;
            how(lead);
        });
        self.moved(act, Some(from));
    }

    fn moved(&mut self, act: Act, from: Option<LeadStatus>) {
        let since = self.states.last().map(|(last, _)| (act.at - last.at).num_seconds());
        let row = transition::Model {
            lead_id: Some(self.lead.id),
            from_state: from.map(|from| from.as_str().to_owned()),
            to_state: self.lead.status.as_str().to_owned(),
            at: act.at,
            by_id: act.by,
            seconds_in_previous: since,
            ..transition::Model::default()
        };
        self.book.add(act, row);
        self.states.push((act, self.lead.status));
    }

    fn later(&mut self, from: DateTime<Utc>, median_days: f64) -> Until<DateTime<Utc>> {
        self.world.calendar.later(&mut self.book.chance, from, median_days)
    }

    /// What somebody does some days later, unless that has not come yet.
    fn next(&mut self, from: DateTime<Utc>, median_days: f64, by: Uuid, verb: &'static str) -> Until<Act> {
        Some(Act::new(self.later(from, median_days)?, Some(by), verb))
    }
}

/// What became of a hand-off.
enum Answer {
    /// Sales has the lead.
    Accepted(DateTime<Utc>),
    /// Marketing has it again.
    BackToMarketing(DateTime<Utc>),
    /// Nobody wants it.
    Disqualified,
}

const REJECTIONS: [(HandoffReason, f64); 9] = [
    (HandoffReason::Unreachable, 22.0),
    (HandoffReason::BadTiming, 20.0),
    (HandoffReason::NoBudget, 16.0),
    (HandoffReason::NoNeed, 14.0),
    (HandoffReason::NoAuthority, 9.0),
    (HandoffReason::StudentOrCompetitor, 8.0),
    (HandoffReason::NotOurMarket, 6.0),
    (HandoffReason::BadData, 3.0),
    (HandoffReason::Other, 2.0),
];

fn points(score: i64) -> i32 {
    i32::try_from(score.clamp(0, 100)).unwrap_or_default()
}

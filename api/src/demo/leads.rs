//! Leads: from the first inquiry through marketing's hands into sales', or to the end.

use chrono::{DateTime, TimeDelta, Utc};
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
use super::needs::{self, Need};
use super::staff::Worker;
use super::talk::Phase;
use super::work::at_work;
use super::{amounts, findings, openings, reasons};

/// How long sales may take to answer a hand-off.
const ANSWER_WITHIN: TimeDelta = TimeDelta::hours(24);

/// A lead on its way.
struct Way<'a, 'b> {
    book: &'a mut Chronicle<'b>,
    world: &'a World,
    account: &'a mut Account,
    person: usize,
    lead: lead::Model,
    states: Vec<(Act, LeadStatus)>,
    quality: f64,
    /// The chance that a deal with it is won, in percent, as it is for such sources.
    odds: f64,
    need: &'static Need,
    marketer: Worker,
}

/// Takes a lead from its capture as far as it has come until today.
pub fn live(book: &mut Chronicle, world: &World, account: &mut Account, person: usize, origin: Origin, capture: Act) {
    let outbound = origin.source() == LeadSource::Outbound;
    let marketer = world.staff.marketer(&mut book.chance);
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
    let need = needs::need(&mut book.chance);
    // Nobody has seen some of the last months' leads: they have no owner and get stale.
    let forgotten = !outbound && capture.at > world.calendar.ago(150, 0) && book.chance.percent(3.0);
    let row = lead::Model {
        owner_id: Some(if outbound { seller.user() } else { marketer.user }).filter(|_| !forgotten),
        team_id: Some(if outbound { seller.team() } else { marketer.team }),
        contact_id: contact,
        company_id: Some(account.company.id),
        status,
        source: origin.source(),
        source_campaign_id: match origin {
            Origin::Campaign(campaign) => Some(campaign.id),
            Origin::Other(..) => None,
        },
        interest: book.chance.percent(55.0).then(|| need.interest.to_owned()),
        score: points(book.chance.between(score - 8, score + 8)),
        fit_grade: Some(account.fit),
        sal_at: outbound.then_some(capture.at),
        ..lead::Model::default()
    };
    let lead = book.make(capture, row);
    let odds = origin.odds();
    let mut way = Way { book, world, account, person, lead, states: Vec::new(), quality, odds, need, marketer };
    way.moved(capture, None);
    if !forgotten {
        // It ends where the next thing has not happened yet; then the lead is left as it is.
        let _ = way.go(at_work(capture.at), outbound);
    }
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
            let act = self.next(since, 1.5, self.marketer.user, "nurtureLead")?;
            self.go_to(act, LeadStatus::Nurturing, |_| {});
            if self.book.chance.percent(20.0) {
                let work = Work { lead: Some(self.lead.id), ..self.work(self.marketer) };
                activities::series(self.book, self.world, work, Phase::Nurture, act.at, 0.3);
            }
            since = act.at;
        }
        if round == 0 && !promising || round > 0 && self.book.chance.percent(50.0) {
            let act = self.next(since, 75.0, self.marketer.user, "disqualifyLead")?;
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
        let act = self.next(since, days, self.marketer.user, "qualifyLead")?;
        let score = points(58 + self.book.chance.between(0, 22) + (12.0 * self.quality) as i64);
        self.go_to(act, LeadStatus::Mql, |lead| {
            lead.mql_at = lead.mql_at.or(Some(act.at));
            lead.score = score;
        });
        Some(act.at)
    }

    /// Marketing hands the lead to sales, and sales answers.
    fn hand_off(&mut self, since: DateTime<Utc>) -> Until<Answer> {
        let act = self.next(since, 0.15, self.marketer.user, "handOffLead")?;
        let seller = self.account.seller;
        let pooled = self.book.chance.percent(12.0);
        let owner = Some(seller.user()).filter(|_| !pooled);
        self.book.change(act, &mut self.lead, |lead| {
            lead.handed_off_at = Some(act.at);
            lead.owner_id = owner;
            lead.team_id = Some(seller.team());
        });
        let row = handoff::Model {
            lead_id: self.lead.id,
            from_user_id: act.by,
            from_team_id: Some(self.world.staff.marketing()),
            to_owner_id: owner,
            to_team_id: Some(seller.team()),
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
        // Some of the last ones lie around: nobody has looked at them yet.
        let recent = handoff.handed_at > self.world.calendar.ago(16, 0);
        if recent && self.book.chance.percent(24.0) {
            return None;
        }
        // Most are answered on the same day, few are forgotten over other things.
        let slow = self.book.chance.percent(13.0 * self.account.seller.pace.powi(2));
        let at = self.later(handoff.handed_at, if slow { 3.5 } else { 0.25 * self.account.seller.pace })?;
        let taken = self.book.chance.percent((57.0 * self.quality.powf(0.55)).min(92.0));
        let seller = self.account.seller;
        let reason = self.book.chance.weighted(&REJECTIONS);
        let rated = self.book.chance.percent(75.0);
        let mean = if taken { 3.4 } else { 1.5 } + 0.7 * self.quality.min(1.6);
        let rating = (mean * self.book.chance.factor(0.2)).round().clamp(1.0, 5.0) as i32;
        let verb = if taken { "acceptLead" } else { "rejectLead" };
        let act = Act::new(at, Some(seller.user()), verb);
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
        if self.book.chance.percent(15.0) {
            return None;
        }
        let act = self.next(rejected, 2.0, self.marketer.user, "acknowledgeHandoff")?;
        let action_taken = handoff.reason.filter(|_| self.book.chance.percent(70.0));
        let action_taken = action_taken.map(|reason| self.book.chance.pick(reasons::mended(reason)).to_owned());
        self.book.change(act, handoff, |handoff| {
            handoff.acknowledged_at = Some(act.at);
            handoff.acknowledged_by_id = act.by;
            handoff.action_taken = action_taken;
        });
        Some(())
    }

    /// Marketing has the lead again; `reason` is why nobody will buy, if that is so.
    fn back_to_marketing(&mut self, act: Act, reason: Option<HandoffReason>) {
        let Worker { user: owner, team } = self.marketer;
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
        let work = Work { lead: Some(self.lead.id), ..self.work(seller.worker) };
        activities::series(self.book, self.world, work, Phase::Outreach, accepted, 0.6);
        let real = self.book.chance.percent((48.0 * self.quality.powf(0.6)).min(90.0));
        if !real {
            let at = self.later(accepted, 18.0)?;
            if self.book.chance.percent(30.0) {
                let act = Act::new(at, Some(seller.user()), "recycleLead");
                self.back_to_marketing(act, None);
                return None;
            }
            let reason = self.book.chance.weighted(&REJECTIONS);
            let act = Act::new(at, Some(seller.user()), "disqualifyLead");
            self.disqualify(act, reason);
            return Some(());
        }
        let act = self.next(accepted, 8.0, seller.user(), "qualifyForSales")?;
        let horizon = self.book.chance.weighted(&[
            (BuyingHorizon::Immediate, 20.0),
            (BuyingHorizon::ThisQuarter, 45.0),
            (BuyingHorizon::ThisYear, 30.0),
            (BuyingHorizon::Later, 5.0),
        ]);
        let whole = amounts::typical(&mut self.book.chance, &self.account.company);
        let value = self.world.money.minor(whole, self.world.money.base());
        let base = self.world.money.base();
        let found = findings::findings(self.book, self.need);
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
        if self.book.chance.percent(7.0) {
            let act = self.next(act.at, 25.0, seller.user(), "disqualifyLead")?;
            self.disqualify(act, HandoffReason::NoBudget);
            return Some(());
        }
        let act = self.next(act.at, 3.5, seller.user(), "convertLead")?;
        let thread = (self.odds, self.need);
        let deal = openings::convert(self.book, self.world, self.account, self.person, &self.lead, thread, act);
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
        // A rejection for another reason says which.
        let said = if taken { 25.0 } else { 60.0 };
        let texts = if taken { &reasons::GOOD } else { reasons::rejection(reason) };
        let must = !taken && reason == HandoffReason::Other;
        (must || self.book.chance.percent(said)).then(|| self.book.chance.pick(texts).to_owned())
    }

    /// Work on the lead's person.
    fn work(&self, by: Worker) -> Work<'static> {
        Work { contact: Some(self.lead.contact_id), ..Work::of(by, self.need) }
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

//! The state machines of leads and hand-offs, for any sequence of verbs.

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::HandoffReason;
use entity::handoff::{self, HandoffStatus};
use entity::lead::{self, LeadStatus};
use proptest::prelude::*;
use tributary::access::Action;
use tributary::company::rules::domain_of;
use tributary::handoff::rules as handoffs;
use tributary::lead::matching::{self, Interest, Person};
use tributary::lead::rules::{self, Findings, LIFE};
use tributary::lifecycle::Verb;
use uuid::Uuid;

const STATES: [LeadStatus; 7] = [
    LeadStatus::New,
    LeadStatus::Nurturing,
    LeadStatus::Mql,
    LeadStatus::Sal,
    LeadStatus::Sql,
    LeadStatus::Converted,
    LeadStatus::Disqualified,
];

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

/// The lines of the table that take a lead.
fn steps() -> impl Iterator<Item = &'static Verb<LeadStatus>> {
    LIFE.verbs.iter().filter(|verb| !verb.from.is_empty())
}

fn action() -> impl Strategy<Value = Action> {
    prop::sample::select(steps().map(|verb| verb.action).collect::<Vec<_>>())
}

fn status() -> impl Strategy<Value = LeadStatus> {
    prop::sample::select(STATES.to_vec())
}

fn text() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[a-z]{1,8}")
}

#[test]
fn every_state_is_reached() {
    let mut reached = vec![LeadStatus::New];
    for _ in STATES {
        let more: Vec<_> = steps()
            .filter(|verb| verb.from.iter().any(|from| reached.contains(from)))
            .flat_map(|verb| verb.to.iter().copied())
            .collect();
        reached.extend(more);
    }
    assert!(STATES.iter().all(|state| reached.contains(state)));
}

#[test]
fn the_end_is_the_end() {
    let out_of = |state| steps().filter(move |verb| verb.from.contains(&state)).map(|verb| verb.action);
    assert_eq!(out_of(LeadStatus::Disqualified).count(), 0);
    assert_eq!(out_of(LeadStatus::Converted).collect::<Vec<_>>(), [Action::Unconvert]);
}

#[test]
fn a_refusal_says_which_states_it_takes_and_what_leads_there() {
    let refusal = |action, from| LIFE.check(action, from).expect_err("refused").to_string();
    assert_eq!(
        refusal(Action::Convert, LeadStatus::Mql),
        "The lead is MQL; convertLead takes one that is SAL or SQL. acceptLead leads there."
    );
    assert_eq!(
        refusal(Action::Accept, LeadStatus::Disqualified),
        "The lead is DISQUALIFIED; acceptLead takes one that is MQL."
    );
    assert_eq!(
        refusal(Action::Qualify, LeadStatus::Mql),
        "The lead is MQL; qualifyLead takes one that is NEW or NURTURING. rejectLead and recallHandoff lead there."
    );
}

#[test]
fn a_low_score_needs_a_reason() {
    assert!(rules::check_qualification(60, None).is_ok());
    assert!(rules::check_qualification(59, None).is_err());
    assert!(rules::check_qualification(59, Some("   ")).is_err());
    assert!(rules::check_qualification(0, Some("met at the fair")).is_ok());
}

#[test]
fn other_needs_a_comment() {
    assert!(rules::check_comment(HandoffReason::NoBudget, None).is_ok());
    assert!(rules::check_comment(HandoffReason::Other, Some(" ")).is_err());
    assert!(rules::check_comment(HandoffReason::Other, Some("moved away")).is_ok());
}

#[test]
fn findings_are_kept_and_become_a_note() {
    let mut lead = lead::Model::default();
    assert!(Findings::default().note().is_none() && Findings::default().keep(&mut lead).is_err());
    let blank = Findings { need: Some(" ".to_owned()), ..Findings::default() };
    assert!(blank.note().is_none() && blank.keep(&mut lead).is_err());
    let text = |text: &str| Some(text.to_owned());
    let found = Findings { need: text(" a CRM "), authority: text("the board"), timing: text("May"), budget: None };
    assert_eq!(found.note().as_deref(), Some("Need: a CRM\nAuthority: the board\nTiming: May"));
    assert!(found.keep(&mut lead).is_ok());
    assert_eq!((lead.need.as_deref(), lead.budget.as_deref()), (Some("a CRM"), None));
    assert!(Findings::default().keep(&mut lead).is_ok(), "it is known from before");
    assert_eq!(lead.timing.as_deref(), Some("May"));
}

#[test]
fn sales_has_a_day() {
    assert_eq!(handoffs::due_at(at(0)), at(24 * 60));
}

proptest! {
    /// Whatever is tried in whatever order: only steps of the table are taken, a refusal changes nothing, and the
    /// first moments never move.
    #[test]
    fn a_lead_walks_along_the_table(tries in prop::collection::vec((action(), status()), 0..60)) {
        let mut lead = lead::Model::default();
        for (minute, (action, to)) in tries.into_iter().enumerate() {
            let before = lead.clone();
            let now = at(minute as i64);
            match rules::enter(&mut lead, action, to, now) {
                Ok(()) => {
                    prop_assert!(LIFE.leads(action, before.status, to));
                    prop_assert_eq!(lead.status, to);
                }
                Err(_) => {
                    prop_assert!(!LIFE.leads(action, before.status, to));
                    prop_assert_eq!(&lead, &before);
                }
            }
            for (old, new) in [
                (before.mql_at, lead.mql_at),
                (before.sal_at, lead.sal_at),
                (before.sql_at, lead.sql_at),
                (before.converted_at, lead.converted_at),
            ] {
                prop_assert!(old.is_none() || old == new);
            }
            prop_assert_eq!(lead.status == LeadStatus::Mql && before.status != LeadStatus::Mql && before.mql_at.is_none(),
                lead.mql_at == Some(now) && before.mql_at.is_none());
            if lead.status == LeadStatus::Nurturing {
                prop_assert_eq!(lead.handed_off_at, None);
            }
            if lead.status == LeadStatus::Disqualified {
                prop_assert!(lead.closed_at.is_some());
            }
        }
    }

    /// A check is the same answer as trying.
    #[test]
    fn a_check_tells_whether_any_step_exists(action in action(), from in status()) {
        let exists = STATES.iter().any(|to| LIFE.leads(action, from, *to));
        prop_assert_eq!(LIFE.check(action, from).is_ok(), exists);
    }

    /// A hand-off is answered once, whatever is tried; it is acknowledged once, and only when there is an answer.
    #[test]
    fn a_handoff_is_answered_once(tries in prop::collection::vec(0..4_u8, 0..20), rating in -2..9_i32) {
        let feedback = handoffs::Feedback { rating: Some(rating), ..handoffs::Feedback::default() };
        prop_assert_eq!(feedback.check().is_ok(), (1..=5).contains(&rating));
        let mut handoff = handoff::Model::default();
        for (minute, what) in tries.into_iter().enumerate() {
            let before = handoff.clone();
            let (by, now) = (Uuid::from_u128(minute as u128 + 1), at(minute as i64));
            let done = match what {
                0 => handoffs::answer(&mut handoff, Action::Accept, by, now, feedback.clone()),
                1 => handoffs::answer(&mut handoff, Action::Reject, by, now, feedback.clone()),
                2 => handoffs::recall(&mut handoff),
                _ => handoffs::acknowledge(&mut handoff, by, now, None),
            };
            if done.is_err() {
                prop_assert_eq!(&handoff, &before);
            } else if what == 3 {
                prop_assert!(matches!(before.status, HandoffStatus::Accepted | HandoffStatus::Rejected));
                prop_assert!(before.acknowledged_at.is_none());
                prop_assert_eq!(handoff.acknowledged_by_id, Some(by));
            } else {
                prop_assert_eq!(before.status, HandoffStatus::Pending);
                prop_assert_eq!(handoff.responded_at.is_some(), what < 2);
            }
        }
    }

    /// Filling never overwrites, and leaves nothing empty that was told.
    #[test]
    fn filling_never_overwrites(
        known in (text(), text(), text(), text()),
        told in (text(), text(), text(), text()),
        values in (prop::option::of(0..9_i64), prop::option::of(0..9_i64)),
    ) {
        let mut contact = entity::contact::Model {
            first_name: known.0.clone(), last_name: known.1.clone(), email: known.2.clone(), phone: known.3.clone(),
            ..entity::contact::Model::default()
        };
        Person {
            first_name: told.0.clone(), last_name: told.1.clone(), email: told.2.clone(), phone: told.3.clone(),
            ..Person::default()
        }
        .fill(&mut contact);
        prop_assert_eq!(contact.first_name, known.0.clone().or(told.0.clone()));
        prop_assert_eq!(contact.last_name, known.1.or(told.1));
        prop_assert_eq!(contact.email, known.2.or(told.2));
        prop_assert_eq!(contact.phone, known.3.or(told.3));
        let mut lead = lead::Model {
            interest: known.0.clone(),
            estimated_value_minor: values.0,
            estimated_value_currency: values.0.map(|_| "EUR".to_owned()),
            ..lead::Model::default()
        };
        Interest {
            interest: told.0.clone(),
            estimated_value: values.1.map(|minor| (minor, "USD".to_owned())),
            buying_horizon: None,
        }
        .fill(&mut lead);
        prop_assert_eq!(lead.interest, known.0.or(told.0));
        prop_assert_eq!(lead.estimated_value_minor, values.0.or(values.1));
        let currency = values.0.map(|_| "EUR").or(values.1.map(|_| "USD"));
        prop_assert_eq!(lead.estimated_value_currency.as_deref(), currency);
    }
}

#[test]
fn a_mail_service_names_no_company() {
    assert_eq!(domain_of("ada@gmail.com"), None);
    assert_eq!(domain_of("ada@mail.acme.example"), Some("acme.example"));
}

#[test]
fn another_address_is_another_person() {
    let known = |email: Option<&str>| entity::contact::Model {
        email: email.map(str::to_owned),
        ..entity::contact::Model::default()
    };
    assert!(matching::same_person(&known(None), Some("a@x.example")));
    assert!(matching::same_person(&known(Some("a@x.example")), None));
    assert!(!matching::same_person(&known(Some("a@x.example")), Some("b@x.example")));
}

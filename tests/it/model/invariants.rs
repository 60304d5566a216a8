//! What holds of the database after every step, asked past the service.

use std::collections::HashMap;
use std::fmt::Debug;

use entity::{campaign, campaign_member, event, lead, touchpoint, transition};
use sea_orm::{EntityTrait, QueryOrder};
use tests::World;
use uuid::Uuid;

/// What may not be there: the rule, and a query that counts what breaks it.
const NONE_OF: &[(&str, &str)] = &[
    (
        "1: live e-mail addresses are unique",
        "SELECT count(*) FROM (SELECT email FROM contact WHERE email IS NOT NULL AND deleted_at IS NULL \
         AND merged_into_id IS NULL AND erased_at IS NULL GROUP BY email HAVING count(*) > 1) twice",
    ),
    (
        "1: live domains are unique",
        "SELECT count(*) FROM (SELECT domain FROM company WHERE domain IS NOT NULL AND deleted_at IS NULL \
         GROUP BY domain HAVING count(*) > 1) twice",
    ),
    (
        "2: at most one open lead per contact",
        "SELECT count(*) FROM (SELECT contact_id FROM lead WHERE deleted_at IS NULL \
         AND status NOT IN ('CONVERTED', 'DISQUALIFIED') GROUP BY contact_id HAVING count(*) > 1) twice",
    ),
    (
        "2: at most one pending hand-off per lead",
        "SELECT count(*) FROM (SELECT lead_id FROM handoff WHERE deleted_at IS NULL AND status = 'PENDING' \
         GROUP BY lead_id HAVING count(*) > 1) twice",
    ),
    (
        "2: a pending hand-off is of an MQL and goes where the lead is",
        "SELECT count(*) FROM handoff h JOIN lead l ON l.id = h.lead_id WHERE h.status = 'PENDING' \
         AND (l.status <> 'MQL' OR l.handed_off_at IS NULL OR h.to_team_id IS NULL OR h.to_team_id <> l.team_id)",
    ),
    (
        "2: at most one primary contact per deal",
        "SELECT count(*) FROM (SELECT deal_id FROM deal_contact WHERE deleted_at IS NULL AND is_primary \
         GROUP BY deal_id HAVING count(*) > 1) twice",
    ),
    (
        "2: exactly one default pipeline",
        "SELECT abs(count(*) - 1) FROM pipeline WHERE deleted_at IS NULL AND is_default",
    ),
    (
        "3: a lead has a deal if and only if it is converted",
        "SELECT count(*) FROM lead WHERE (status = 'CONVERTED') <> (deal_id IS NOT NULL)",
    ),
    (
        "3: a converted lead is part of a deal that lives",
        "SELECT count(*) FROM lead l JOIN deal d ON d.id = l.deal_id WHERE d.deleted_at IS NOT NULL",
    ),
    (
        "3: a deal's lead is part of it",
        "SELECT count(*) FROM deal d JOIN lead l ON l.id = d.lead_id WHERE d.deleted_at IS NULL \
         AND (l.deal_id IS NULL OR l.deal_id <> d.id)",
    ),
    (
        "4: a deal's status is its stage's category",
        "SELECT count(*) FROM deal d JOIN stage s ON s.id = d.stage_id WHERE d.status <> s.category",
    ),
    (
        "4: closed deals have a closing date, open ones none",
        "SELECT count(*) FROM deal WHERE (status = 'OPEN') <> (closed_at IS NULL)",
    ),
    ("4: a lost deal has a reason", "SELECT count(*) FROM deal WHERE status = 'LOST' AND loss_reason IS NULL"),
    (
        "4: a won deal has an amount and a base amount",
        "SELECT count(*) FROM deal WHERE status = 'WON' AND (coalesce(amount_minor, 0) <= 0 OR base_amount_minor IS NULL)",
    ),
    ("8: a campaign ends after it starts", "SELECT count(*) FROM campaign WHERE starts_on > ends_on"),
    (
        "8: a campaign's days lie inside its parent's",
        "SELECT count(*) FROM campaign c JOIN campaign p ON p.id = c.parent_id WHERE c.deleted_at IS NULL \
         AND (c.starts_on < p.starts_on OR c.ends_on > p.ends_on OR c.starts_on > p.ends_on OR c.ends_on < p.starts_on)",
    ),
    (
        "8: a campaign that was launched is not deleted",
        "SELECT count(*) FROM campaign WHERE deleted_at IS NOT NULL AND status NOT IN ('DRAFT', 'SCHEDULED', 'CANCELLED')",
    ),
    (
        "9: the moments of a lead's stages stand in its transitions",
        "SELECT count(*) FROM lead l WHERE l.created_by IS NOT NULL AND l.mql_at IS NOT NULL AND NOT EXISTS \
         (SELECT 1 FROM transition t WHERE t.lead_id = l.id AND t.to_state = 'MQL' AND t.at = l.mql_at)",
    ),
    (
        "the last transition of a lead led to its status",
        "SELECT count(*) FROM lead l WHERE l.status <> (SELECT t.to_state FROM transition t \
         WHERE t.lead_id = l.id ORDER BY t.at DESC, t.id DESC LIMIT 1)",
    ),
    (
        "12: events are numbered without gaps",
        "SELECT abs(s.value - (SELECT count(*) FROM event)) + abs(s.value - (SELECT coalesce(max(seq), 0) FROM event)) \
         FROM event_sequence s",
    ),
    (
        "12: every transition has one event",
        "SELECT count(*) FROM transition t WHERE 1 <> (SELECT count(*) FROM event e \
         WHERE e.subject_id = t.id AND e.subject_type = 'TRANSITION')",
    ),
];

/// Tables with versions and the types of their rows: each change is one version and one event.
const VERSIONED: &[(&str, &str)] = &[
    ("contact", "CONTACT"),
    ("company", "COMPANY"),
    ("lead", "LEAD"),
    ("handoff", "HANDOFF"),
    ("deal", "DEAL"),
    ("deal_contact", "DEAL_CONTACT"),
    ("campaign", "CAMPAIGN"),
    ("campaign_member", "CAMPAIGN_MEMBER"),
    ("activity", "ACTIVITY"),
];

/// Asks every rule that can be asked of one moment, and what texts are sorted and searched by.
pub async fn hold(world: &World, step: &str) {
    rules(world, step).await;
    world.assert_keys().await;
}

async fn rules(world: &World, step: &str) {
    for (rule, query) in NONE_OF {
        assert_eq!(world.number(query).await, 0, "{rule}; after {step}");
    }
}

/// What was there after the last step and may not change any more.
#[derive(Default)]
pub struct Past {
    moments: HashMap<(&'static str, Uuid), chrono::DateTime<chrono::Utc>>,
    transitions: Vec<transition::Model>,
    events: Vec<event::Model>,
    touches: HashMap<Uuid, touchpoint::Model>,
}

impl Past {
    /// Asks every rule. `step` is what was done last.
    pub async fn check(&mut self, world: &World, step: &str) {
        rules(world, step).await;
        for (table, kind) in VERSIONED {
            // Rows that were there before the first step have no event of their making.
            let query = format!(
                "SELECT count(*) FROM {table} r WHERE r.version <> (SELECT count(*) FROM event e \
                 WHERE e.subject_id = r.id AND e.subject_type = '{kind}') \
                 + (CASE WHEN r.created_by IS NULL THEN 1 ELSE 0 END)"
            );
            assert_eq!(world.number(&query).await, 0, "12: one event for every version of a {kind}; after {step}");
        }
        self.no_circles(world, step).await;
        self.moments_stay(world, step).await;
        self.facts_stay(world, step).await;
    }

    async fn no_circles(&self, world: &World, step: &str) {
        let campaigns = campaign::Entity::find().all(&world.raw).await.expect("a query");
        let above: HashMap<_, _> = campaigns.iter().map(|row| (row.id, row.parent_id)).collect();
        for start in above.keys() {
            let up = std::iter::successors(Some(*start), |row| above.get(row).copied().flatten());
            assert!(up.take(above.len() + 1).count() <= above.len(), "8: no circle of campaigns; after {step}");
        }
    }

    async fn moments_stay(&mut self, world: &World, step: &str) {
        let leads = lead::Entity::find().all(&world.raw).await.expect("a query");
        let members = campaign_member::Entity::find().all(&world.raw).await.expect("a query");
        let of_leads = leads.iter().flat_map(|row| {
            let moments = [("mqlAt", row.mql_at), ("salAt", row.sal_at), ("sqlAt", row.sql_at)];
            moments.map(|(name, at)| (name, row.id, at))
        });
        for row in &leads {
            let converted = row.status == lead::LeadStatus::Converted;
            assert_eq!(
                row.converted_at.is_some(),
                converted,
                "9: convertedAt is that of a converted lead; after {step}"
            );
        }
        let of_members = members.iter().map(|row| ("firstRespondedAt", row.id, row.first_responded_at));
        for (name, row, at) in of_leads.chain(of_members) {
            if let Some(known) = self.moments.get(&(name, row)) {
                assert_eq!(at, Some(*known), "9: {name} never changes; after {step}");
            } else if let Some(at) = at {
                self.moments.insert((name, row), at);
            }
        }
    }

    async fn facts_stay(&mut self, world: &World, step: &str) {
        let transitions =
            transition::Entity::find().order_by_asc(transition::Column::Id).all(&world.raw).await.expect("a query");
        starts_with(&transitions, &self.transitions, step);
        self.transitions = transitions;
        let events = event::Entity::find().order_by_asc(event::Column::Seq).all(&world.raw).await.expect("a query");
        starts_with(&events, &self.events, step);
        self.events = events;
        let touches = touchpoint::Entity::find().all(&world.raw).await.expect("a query");
        for touch in &touches {
            if let Some(known) = self.touches.get(&touch.id) {
                let mut adopted = known.clone();
                if known.contact_id.is_none() && touch.contact_id.is_some() {
                    (adopted.contact_id, adopted.counts_from) = (touch.contact_id, touch.counts_from);
                }
                assert_eq!(*touch, adopted, "9: a touch never changes but for whose it is; after {step}");
            }
        }
        assert!(self.touches.len() <= touches.len(), "9: a touch never goes; after {step}");
        self.touches = touches.into_iter().map(|touch| (touch.id, touch)).collect();
    }
}

fn starts_with<T: Debug + PartialEq>(now: &[T], before: &[T], step: &str) {
    assert!(now.len() >= before.len() && now[..before.len()] == *before, "9: facts are only added; after {step}");
}

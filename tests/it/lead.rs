//! The life of a lead through the front door: capture, the verbs of marketing and sales, the plain mutations.

use entity::enums::{Channel, LeadSource};
use entity::lead::LeadStatus;
use entity::touchpoint::TouchpointKind;
use entity::{contact, lead, touchpoint};
use futures_util::future::join_all;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tests::{Actor, Answer, Cast, World, each_database, row};
use tributary::access::{Action, Kind, Role, policy};
use uuid::Uuid;

use crate::gid;

/// The key in an id as clients see it.
#[track_caller]
pub fn key(id: &Value) -> Uuid {
    let text = id.as_str().unwrap_or_else(|| panic!("no id: {id}"));
    text.split_once('_').and_then(|(_, key)| key.parse().ok()).unwrap_or_else(|| panic!("no id: {id}"))
}

/// A lead as it stands in its table.
pub async fn stored(world: &World, id: Uuid) -> lead::Model {
    lead::Entity::find_by_id(id).one(&world.raw).await.expect("a query").expect("a lead")
}

/// A lead in some state, of somebody.
pub async fn some_lead(world: &World, status: LeadStatus, owner: Option<Uuid>, team: Uuid) -> lead::Model {
    let id = world.id();
    let person = row!(
        world,
        contact { email: Some(format!("{}@people.example", id.simple())), first_name: Some("Paula".to_owned()) }
    );
    let contact_id = world.insert(person).await.id;
    let started = row!(
        world,
        lead {
            contact_id: contact_id,
            owner_id: owner,
            team_id: Some(team),
            status: status,
            source: LeadSource::Inbound,
            closed_at: (!status.is_open()).then(|| world.now()),
        }
    );
    world.insert(started).await
}

/// Runs a verb on the lead as it stands now.
pub async fn act(actor: &Actor, verb: &str, id: Uuid, more: Value) -> Answer {
    let version = stored(&actor.world, id).await.version;
    act_on(actor, verb, id, version, more).await
}

/// Runs a verb on a version of the lead.
pub async fn act_on(actor: &Actor, verb: &str, id: Uuid, version: i32, more: Value) -> Answer {
    let name = if verb == "recallHandoff" { "leadId" } else { "id" };
    let mut input = json!({ name: gid("lead", id), "expectedVersion": version });
    if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
        input.extend(more);
    }
    actor.mutate(verb, input, "lead { id status version }").await
}

pub async fn capture(actor: &Actor, input: Value) -> Answer {
    actor.mutate("captureLead", input, "outcome lead { id status } contact { id }").await
}

fn web(email: &str) -> Value {
    json!({ "contact": { "email": email }, "source": "INBOUND" })
}

async fn count(world: &World, table: &str) -> i64 {
    world.number(&format!("SELECT count(*) FROM {table}")).await
}

#[tokio::test]
async fn a_capture_makes_person_company_touch_membership_and_lead() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let answer = capture(
            &cast.marketer,
            json!({
                "contact": { "email": " Dora@Newco.example ", "firstName": "Dora", "phone": "+49 151 1111111" },
                "company": { "name": "Newco" },
                "source": "CAMPAIGN",
                "interest": "a demo",
                "estimatedValue": { "amount": "1200.50", "currency": "EUR" },
                "buyingHorizon": "THIS_QUARTER",
                "touch": {
                    "kind": "FORM_SUBMISSION", "channel": "WEBSITE", "utmCampaign": "Spring-2026",
                    "occurredAt": "2026-02-28T10:00:00Z", "url": "https://tributary.example/demo"
                },
            }),
        )
        .await;
        let payload = answer.payload();
        assert_eq!(payload["outcome"], "CREATED");
        let lead = stored(&world, key(&payload["lead"]["id"])).await;
        assert_eq!((lead.status, lead.source), (LeadStatus::New, LeadSource::Campaign));
        assert_eq!(lead.source_campaign_id, Some(story.campaign));
        assert_eq!((lead.owner_id, lead.team_id), (Some(cast.marketer.id), Some(cast.marketing)));
        assert_eq!((lead.estimated_value_minor, lead.version), (Some(120_050), 1));
        let query = format!(
            r#"{{ lead(id: "{}") {{ mqlAt contact {{ email phone company {{ name domain }}
                touchpoints {{ nodes {{ kind creditable campaign {{ code }} occurredAt }} }}
                memberships {{ nodes {{ status firstRespondedAt }} }} }} company {{ name }}
                transitions {{ nodes {{ fromState toState by {{ name }} }} }} }} }}"#,
            gid("lead", lead.id)
        );
        assert_eq!(
            cast.marketer.ask(&query).await.data()["lead"],
            json!({
                "mqlAt": null,
                "contact": {
                    "email": "dora@newco.example",
                    "phone": "+491511111111",
                    "company": { "name": "Newco", "domain": "newco.example" },
                    "touchpoints": { "nodes": [{
                        "kind": "FORM_SUBMISSION", "creditable": true, "campaign": { "code": "spring-2026" },
                        "occurredAt": "2026-02-28T10:00:00Z"
                    }] },
                    "memberships": { "nodes": [{ "status": "RESPONDED", "firstRespondedAt": "2026-02-28T10:00:00Z" }] },
                },
                "company": { "name": "Newco" },
                "transitions": { "nodes": [{ "fromState": null, "toState": "NEW", "by": { "name": "Mark" } }] },
            })
        );
        let events = world.number("SELECT count(*) FROM event WHERE action = 'captureLead'").await;
        assert!(events >= 6, "contact, company, touch, member, lead, transition: {events}");
    })
    .await;
}

#[tokio::test]
async fn a_second_capture_enriches_and_never_overwrites() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let first = capture(
            &cast.marketer,
            json!({ "contact": { "email": "dora@newco.example", "firstName": "Dora" }, "source": "INBOUND" }),
        )
        .await;
        let before = count(&world, "lead").await;
        let second = capture(
            &cast.marketer,
            json!({
                "contact": { "email": "DORA@newco.example", "firstName": "Theodora", "lastName": "Duck" },
                "source": "EVENT",
                "sourceCampaignId": gid("campaign", story.campaign),
                "interest": "a quote",
                "touch": { "kind": "EVENT_ATTENDANCE", "channel": "EVENT" },
            }),
        )
        .await;
        assert_eq!(second.payload()["outcome"], "ENRICHED");
        assert_eq!(second.payload()["lead"]["id"], first.payload()["lead"]["id"]);
        assert_eq!(second.payload()["contact"]["id"], first.payload()["contact"]["id"]);
        assert_eq!(count(&world, "lead").await, before);
        let lead = stored(&world, key(&first.payload()["lead"]["id"])).await;
        assert_eq!(lead.interest.as_deref(), Some("a quote"));
        assert_eq!((lead.source, lead.source_campaign_id), (LeadSource::Inbound, None), "an episode keeps its source");
        let person = contact::Entity::find_by_id(lead.contact_id).one(&world.raw).await.unwrap().unwrap();
        assert_eq!((person.first_name.as_deref(), person.last_name.as_deref()), (Some("Dora"), Some("Duck")));
        let touches = world.number("SELECT count(*) FROM touchpoint WHERE kind = 'EVENT_ATTENDANCE'").await;
        assert_eq!(touches, 1);
        // A response keeps its first moment.
        world.clock.advance(chrono::Duration::minutes(10));
        let third = json!({
            "contact": { "email": "dora@newco.example" }, "source": "EVENT",
            "sourceCampaignId": gid("campaign", story.campaign),
        });
        capture(&cast.marketer, third).await.payload();
        let responses = world
            .number(
                "SELECT count(*) FROM campaign_member m JOIN contact c ON c.id = m.contact_id \
                 WHERE c.email = 'dora@newco.example' AND m.first_responded_at = m.created_at AND m.version = 1",
            )
            .await;
        assert_eq!(responses, 1);
    })
    .await;
}

#[tokio::test]
async fn a_closed_lead_is_followed_by_a_new_one() {
    each_database(async |world| {
        let cast = world.cast().await;
        let first = capture(&cast.marketer, web("dora@newco.example")).await;
        let first = key(&first.payload()["lead"]["id"]);
        act(&cast.marketer, "disqualifyLead", first, json!({ "reason": "NO_NEED" })).await.payload();
        let second = capture(&cast.marketer, web("dora@newco.example")).await;
        assert_eq!(second.payload()["outcome"], "CREATED");
        assert_ne!(key(&second.payload()["lead"]["id"]), first);
        assert_eq!(count(&world, "contact").await, 1);
    })
    .await;
}

#[tokio::test]
async fn people_and_companies_are_known_by_their_keys() {
    each_database(async |world| {
        let cast = world.cast().await;
        let person = |answer: &Answer| answer.payload()["contact"]["id"].clone();
        let phone = json!({ "contact": { "phone": "+4915112345678" }, "source": "INBOUND" });
        let first = capture(&cast.marketer, phone.clone()).await;
        let second = capture(&cast.marketer, phone).await;
        assert_eq!(person(&first), person(&second), "by telephone number");
        // The first address of a known number belongs to the same person; the second to somebody else.
        let with = |email: &str| json!({ "contact": { "phone": "+49 151 12345678", "email": email }, "source": "INBOUND" });
        let third = capture(&cast.marketer, with("eve@gmail.com")).await;
        assert_eq!(person(&first), person(&third));
        let fourth = capture(&cast.marketer, with("adam@gmail.com")).await;
        assert_ne!(person(&first), person(&fourth));
        assert_eq!(count(&world, "company").await, 0, "a mail service is no company");

        capture(&cast.marketer, web("a@acme.example")).await.payload();
        capture(&cast.marketer, web("b@acme.example")).await.payload();
        assert_eq!(count(&world, "company").await, 1, "by the domain of the address");
        let named = |name: &str, email: &str| {
            json!({ "contact": { "email": email }, "company": { "name": name }, "source": "INBOUND" })
        };
        capture(&cast.marketer, named("Ärzte GmbH", "c@gmail.com")).await.payload();
        capture(&cast.marketer, named("Ärzte GmbH", "d@gmail.com")).await.payload();
        capture(&cast.marketer, named("Bolt AG", "e@gmail.com")).await.payload();
        capture(&cast.marketer, named("BOLT ag", "f@gmail.com")).await.payload();
        assert_eq!(count(&world, "company").await, 3, "by name, whatever the case");
        let domain = json!({
            "contact": { "email": "g@gmail.com" },
            "company": { "name": "Acme", "domain": "https://WWW.acme.example/about" },
            "source": "INBOUND"
        });
        capture(&cast.marketer, domain).await.payload();
        assert_eq!(count(&world, "company").await, 3, "by domain");
    })
    .await;
}

#[tokio::test]
async fn a_visitor_turns_out_to_be_a_person() {
    each_database(async |world| {
        let cast = world.cast().await;
        let visit = |hours: i64, visitor: &str, external: Option<&str>| touchpoint::Model {
            id: world.id(),
            created_at: world.now(),
            occurred_at: world.now() - chrono::Duration::hours(hours),
            kind: TouchpointKind::PageView,
            channel: Channel::Website,
            visitor_key: Some(visitor.to_owned()),
            source_system: external.map(|_| "web".to_owned()),
            external_id: external.map(str::to_owned),
            creditable: true,
            ..touchpoint::Model::default()
        };
        world.insert(visit(5, "v-1", None)).await;
        world.insert(visit(4, "v-1", Some("42"))).await;
        world.insert(visit(3, "v-2", None)).await;
        let touch = |email: &str, external: &str| {
            json!({
                "contact": { "email": email }, "source": "INBOUND",
                "touch": {
                    "kind": "PAGE_VIEW", "channel": "WEBSITE", "visitorKey": "v-1", "sourceSystem": "web",
                    "externalId": external
                }
            })
        };
        // It was reported before, when nobody knew whose it was: it is adopted, not recorded twice.
        capture(&cast.integration, touch("dora@newco.example", "42")).await.payload();
        let known = "SELECT count(*) FROM touchpoint WHERE contact_id IS NOT NULL";
        assert_eq!((world.number(known).await, count(&world, "touchpoint").await), (2, 3));
        capture(&cast.integration, touch("dora@newco.example", "42")).await.payload();
        assert_eq!((world.number(known).await, count(&world, "touchpoint").await), (2, 3));
        capture(&cast.integration, touch("dora@newco.example", "43")).await.payload();
        assert_eq!((world.number(known).await, count(&world, "touchpoint").await), (3, 4));
        let other = capture(&cast.integration, touch("eve@newco.example", "43")).await;
        assert_eq!(other.mistakes(), ["TAKEN touch.externalId"]);
        assert_eq!(world.number("SELECT count(*) FROM contact WHERE email LIKE 'eve%'").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_seller_s_own_lead_needs_no_hand_off() {
    each_database(async |world| {
        let cast = world.cast().await;
        let outbound = |email: &str| json!({ "contact": { "email": email }, "source": "OUTBOUND" });
        let mine = capture(&cast.rep, outbound("a@cold.example")).await;
        assert_eq!(mine.payload()["lead"]["status"], "SAL");
        let mine = stored(&world, key(&mine.payload()["lead"]["id"])).await;
        assert_eq!((mine.owner_id, mine.sal_at), (Some(cast.rep.id), Some(world.now())));
        assert_eq!((mine.mql_at, mine.handed_off_at), (None, None));
        assert_eq!(count(&world, "handoff").await, 0);
        let inbound = capture(&cast.rep, web("b@cold.example")).await;
        assert_eq!(inbound.payload()["lead"]["status"], "NEW");
        let marketing = capture(&cast.marketer, outbound("c@cold.example")).await;
        assert_eq!(marketing.payload()["lead"]["status"], "NEW");
        // It is past marketing, though nobody handed it over.
        let update = json!({ "id": gid("lead", mine.id), "expectedVersion": 1, "interest": "mine now" });
        assert_eq!(cast.marketer.mutate("updateLead", update, "lead { id }").await.code(), "FORBIDDEN");
        let person = contact::Entity::find_by_id(mine.contact_id).one(&world.raw).await.unwrap().unwrap();
        assert_eq!(person.owner_id, Some(cast.rep.id), "the seller looks after the person");
    })
    .await;
}

#[tokio::test]
async fn a_hidden_lead_is_named_by_its_team_and_nothing_else() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let before = world.number("SELECT value FROM event_sequence").await;
        let answer = capture(
            &cast.rep,
            json!({
                "contact": { "email": "carl.client@acme.example", "lastName": "Nosy" }, "source": "INBOUND",
                "touch": { "kind": "CALL", "channel": "PHONE" }
            }),
        )
        .await;
        assert_eq!(answer.mistakes(), ["TAKEN contact.email"]);
        let payload = answer.outcome();
        assert_eq!(
            (&payload["lead"], &payload["contact"], &payload["outcome"]),
            (&json!(null), &json!(null), &json!(null))
        );
        let text = answer.body.to_string();
        assert!(text.contains("South"), "{text}");
        for secret in ["Carl", "Client", "Otto", "SAL", &story.their_lead.simple().to_string()] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert_eq!(world.number("SELECT value FROM event_sequence").await, before, "nothing was written");
        let seen = capture(&cast.manager, web("carl.client@acme.example")).await;
        assert_eq!(seen.payload()["outcome"], "ENRICHED");
    })
    .await;
}

#[tokio::test]
async fn what_the_caller_may_not_change_is_not_filled() {
    each_database(async |world| {
        let cast = world.cast().await;
        let team = some_lead(&world, LeadStatus::Sal, None, cast.sales).await;
        world.execute("UPDATE lead SET handed_off_at = created_at").await;
        let email = contact::Entity::find_by_id(team.contact_id).one(&world.raw).await.unwrap().unwrap().email;
        let told = json!({
            "contact": { "email": email }, "source": "INBOUND", "interest": "more",
            "touch": { "kind": "CALL", "channel": "PHONE" }
        });
        assert_eq!(capture(&cast.marketer, told.clone()).await.payload()["outcome"], "ENRICHED");
        assert_eq!((stored(&world, team.id).await.interest, count(&world, "touchpoint").await), (None, 1));
        capture(&cast.manager, told).await.payload();
        assert_eq!(stored(&world, team.id).await.interest.as_deref(), Some("more"));
    })
    .await;
}

#[tokio::test]
async fn a_capture_says_what_to_mend_and_writes_nothing() {
    each_database(async |world| {
        let cast = world.cast().await;
        let gone = world.person("Gone", Role::SalesRep, Some(cast.north)).await;
        world.execute("UPDATE app_user SET status = 'SUSPENDED' WHERE name = 'Gone'").await;
        let with = |more: Value| {
            let mut input = web("dora@newco.example");
            if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
                input.extend(more);
            }
            input
        };
        let touch = |more: Value| {
            let mut touch = json!({ "kind": "CALL", "channel": "PHONE" });
            if let (Value::Object(touch), Value::Object(more)) = (&mut touch, more) {
                touch.extend(more);
            }
            with(json!({ "touch": touch }))
        };
        let cases = [
            (with(json!({ "contact": { "firstName": "Dora" } })), "REQUIRED contact.email"),
            (with(json!({ "estimatedValue": { "amount": "-1", "currency": "EUR" } })), "INVALID estimatedValue"),
            (with(json!({ "sourceCampaignId": gid("campaign", world.id()) })), "NOT_FOUND sourceCampaignId"),
            (with(json!({ "ownerId": gid("user", world.id()) })), "NOT_FOUND ownerId"),
            (with(json!({ "ownerId": gid("user", gone.id) })), "NOT_ALLOWED ownerId"),
            (with(json!({ "teamId": gid("user", cast.north) })), "NOT_FOUND teamId"),
            (touch(json!({ "occurredAt": "2030-01-01T00:00:00Z" })), "INVALID touch.occurredAt"),
            (touch(json!({ "externalId": "1" })), "REQUIRED touch.sourceSystem"),
            (touch(json!({ "campaignId": "nonsense" })), "NOT_FOUND touch.campaignId"),
        ];
        for (input, mistake) in cases {
            assert_eq!(capture(&cast.marketer, input).await.mistakes(), [mistake]);
        }
        let bad = capture(&cast.marketer, json!({ "contact": { "email": "nonsense" }, "source": "INBOUND" })).await;
        assert_eq!(bad.mistakes(), ["INVALID contact.email"]);
        assert_eq!(capture(&cast.analyst, web("a@b.example")).await.code(), "FORBIDDEN");
        assert_eq!(capture(&world.stranger(), web("a@b.example")).await.code(), "UNAUTHENTICATED");
        for table in ["contact", "company", "lead", "touchpoint", "event"] {
            assert_eq!(count(&world, table).await, 0, "{table}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_repeated_capture_has_one_effect() {
    each_database(async |world| {
        let cast = world.cast().await;
        let mut input = json!({
            "contact": { "email": "dora@newco.example" }, "source": "INBOUND", "idempotencyKey": "form-7",
            "touch": { "kind": "FORM_SUBMISSION", "channel": "WEBSITE" }
        });
        let first = capture(&cast.integration, input.clone()).await;
        let again = capture(&cast.integration, input.clone()).await;
        assert_eq!(first.payload(), again.payload(), "the first answer, CREATED included");
        assert_eq!(count(&world, "touchpoint").await, 1);
        input["interest"] = json!("else");
        assert_eq!(capture(&cast.integration, input).await.code(), "IDEMPOTENCY_CONFLICT");
    })
    .await;
}

#[tokio::test]
async fn captures_at_once_make_one_person_and_one_lead() {
    each_database(async |world| {
        let cast = world.cast().await;
        let input = json!({
            "contact": { "email": "dora@newco.example", "phone": "+4915112345678" }, "source": "INBOUND",
            "touch": { "kind": "FORM_SUBMISSION", "channel": "WEBSITE", "visitorKey": "v-9" }
        });
        let answers = join_all((0..8).map(|_| capture(&cast.marketer, input.clone()))).await;
        let created = answers.iter().filter(|answer| answer.payload()["outcome"] == "CREATED").count();
        assert_eq!(created, 1);
        assert_eq!(count(&world, "contact").await, 1);
        assert_eq!(count(&world, "company").await, 1);
        assert_eq!(count(&world, "lead").await, 1);
        assert_eq!(count(&world, "touchpoint").await, 8);
        // A number without an address has no unique index to fall back on.
        let phone = json!({ "contact": { "phone": "+4915187654321" }, "source": "INBOUND" });
        let answers = join_all((0..8).map(|_| capture(&cast.marketer, phone.clone()))).await;
        answers.iter().for_each(|answer| _ = answer.payload());
        assert_eq!(count(&world, "contact").await, 2);
        assert_eq!(count(&world, "lead").await, 2);
    })
    .await;
}

async fn capture_many(actor: &Actor, input: Value) -> Answer {
    let fields = "results { outcome lead { status } userErrors { code field message } }";
    actor.mutate("captureLeads", input, fields).await
}

#[tokio::test]
async fn a_batch_answers_item_by_item() {
    each_database(async |world| {
        let cast = world.cast().await;
        world.story(&cast).await;
        let before = count(&world, "lead").await;
        let items = json!([
            web("a@batch.example"),
            { "contact": { "firstName": "Nobody" }, "source": "INBOUND" },
            web("carl.client@acme.example"),
            web("A@batch.example"),
        ]);
        let answer = capture_many(&cast.rep, json!({ "items": items })).await;
        let results = &answer.outcome()["results"];
        assert_eq!((&results[0]["outcome"], &results[3]["outcome"]), (&json!("CREATED"), &json!("ENRICHED")));
        assert_eq!(results[1]["userErrors"][0]["code"], "REQUIRED");
        assert_eq!(results[2]["userErrors"][0]["code"], "TAKEN");
        assert_eq!(count(&world, "lead").await, before + 1);

        let atomic =
            json!({ "items": [web("b@batch.example"), { "contact": {}, "source": "INBOUND" }], "atomic": true });
        let answer = capture_many(&cast.rep, atomic).await;
        let results = &answer.outcome()["results"];
        assert_eq!(results[0]["userErrors"][0]["code"], "NOT_DONE");
        assert_eq!(results[1]["userErrors"][0]["code"], "REQUIRED");
        assert_eq!(count(&world, "lead").await, before + 1, "all or nothing");
        let atomic = json!({ "items": [web("b@batch.example"), web("c@batch.example")], "atomic": true });
        capture_many(&cast.rep, atomic).await.data();
        assert_eq!(count(&world, "lead").await, before + 3);

        let denied = capture_many(&cast.analyst, json!({ "items": [web("d@batch.example")] })).await;
        assert_eq!(denied.outcome()["results"][0]["userErrors"][0]["code"], "FORBIDDEN");
        let many: Vec<_> = (0..1_001).map(|_| web("e@batch.example")).collect();
        assert_eq!(capture_many(&cast.rep, json!({ "items": many })).await.mistakes(), ["TOO_MANY items"]);
    })
    .await;
}

#[tokio::test]
async fn a_batch_can_be_retried() {
    each_database(async |world| {
        let cast = world.cast().await;
        let touch = json!({ "kind": "FORM_SUBMISSION", "channel": "WEBSITE" });
        let item = |email: &str| json!({ "contact": { "email": email }, "source": "INBOUND", "touch": touch });
        for atomic in [false, true] {
            let before = count(&world, "touchpoint").await;
            let input = json!({
                "items": [item("a@batch.example"), item("b@batch.example")], "atomic": atomic,
                "idempotencyKey": format!("batch-{atomic}")
            });
            let first = capture_many(&cast.integration, input.clone()).await;
            let again = capture_many(&cast.integration, input).await;
            assert_eq!(first.data(), again.data());
            assert_eq!(count(&world, "touchpoint").await, before + 2);
        }
    })
    .await;
}

#[tokio::test]
async fn marketing_nurtures_and_qualifies() {
    each_database(async |world| {
        let cast = world.cast().await;
        let lead = some_lead(&world, LeadStatus::New, Some(cast.marketer.id), cast.marketing).await;
        let done = act(&cast.marketer, "nurtureLead", lead.id, json!({})).await;
        assert_eq!(done.payload()["lead"]["status"], "NURTURING");
        assert_eq!(done.payload()["lead"]["version"], 2);
        assert_eq!(act(&cast.marketer, "nurtureLead", lead.id, json!({})).await.code(), "CONFLICT");
        let low = act(&cast.marketer, "qualifyLead", lead.id, json!({})).await;
        assert_eq!(low.mistakes(), ["REQUIRED reason"]);
        world.clock.advance(chrono::Duration::minutes(10));
        act(&cast.marketer, "qualifyLead", lead.id, json!({ "reason": "asked twice" })).await.payload();
        let lead = stored(&world, lead.id).await;
        assert_eq!((lead.status, lead.mql_at), (LeadStatus::Mql, Some(world.now())));
        let seconds = world
            .number("SELECT seconds_in_previous FROM transition WHERE from_state = 'NURTURING' AND to_state = 'MQL'")
            .await;
        assert_eq!(seconds, 600);
        let reasons = world.number("SELECT count(*) FROM event WHERE CAST(changes AS TEXT) LIKE '%asked twice%'").await;
        assert!(reasons >= 1);

        let hot = some_lead(&world, LeadStatus::New, None, cast.marketing).await;
        world.execute("UPDATE lead SET score = 60 WHERE status = 'NEW'").await;
        act(&cast.integration, "qualifyLead", hot.id, json!({})).await.payload();
    })
    .await;
}

#[tokio::test]
async fn sales_qualifies_recycles_and_disqualifies() {
    each_database(async |world| {
        let cast = world.cast().await;
        let lead = some_lead(&world, LeadStatus::Sal, Some(cast.rep.id), cast.north).await;
        let blank = act(&cast.rep, "qualifyForSales", lead.id, json!({ "need": "  " })).await;
        assert_eq!(blank.mistakes(), ["REQUIRED need"]);
        act(&cast.rep, "qualifyForSales", lead.id, json!({ "need": "a CRM", "timing": "May" })).await.payload();
        assert_eq!(stored(&world, lead.id).await.sql_at, Some(world.now()));
        let notes =
            format!(r#"{{ lead(id: "{}") {{ activities {{ nodes {{ kind body }} }} }} }}"#, gid("lead", lead.id));
        assert_eq!(
            cast.marketer.ask(&notes).await.data()["lead"]["activities"]["nodes"],
            json!([{ "kind": "NOTE", "body": "Need: a CRM\nTiming: May" }])
        );
        let why = act(&cast.rep, "recycleLead", lead.id, json!({ "reason": "OTHER" })).await;
        assert_eq!(why.mistakes(), ["REQUIRED comment"]);
        act(&cast.rep, "recycleLead", lead.id, json!({ "reason": "BAD_TIMING" })).await.payload();
        let back = stored(&world, lead.id).await;
        assert_eq!((back.status, back.recycled_count, back.owner_id), (LeadStatus::Nurturing, 1, Some(cast.rep.id)));

        let lead = some_lead(&world, LeadStatus::Sql, None, cast.north).await;
        act(&cast.rep, "disqualifyLead", lead.id, json!({ "reason": "NO_BUDGET" })).await.payload();
        let ended = stored(&world, lead.id).await;
        assert_eq!((ended.status, ended.closed_at), (LeadStatus::Disqualified, Some(world.now())));
        assert_eq!(ended.disqualify_reason.map(|reason| reason.as_str()), Some("NO_BUDGET"));
        // The end: no verb leads out of it.
        for (actor, verb, more) in every_verb(&cast) {
            assert_eq!(act(actor, verb, lead.id, more).await.code(), "CONFLICT", "{verb}");
        }
    })
    .await;
}

/// Every verb with somebody who may do it on a lead of North, and an input that is good.
fn every_verb(cast: &Cast) -> Vec<(&Actor, &'static str, Value)> {
    vec![
        (&cast.marketer, "nurtureLead", json!({})),
        (&cast.marketer, "qualifyLead", json!({ "reason": "so" })),
        (&cast.marketer, "handOffLead", json!({ "teamId": gid("team", cast.north) })),
        (&cast.manager, "acceptLead", json!({ "rating": 4 })),
        (&cast.manager, "rejectLead", json!({ "reason": "NO_NEED" })),
        (&cast.marketing_manager, "recallHandoff", json!({})),
        (&cast.manager, "qualifyForSales", json!({ "budget": "10k" })),
        (&cast.manager, "disqualifyLead", json!({ "reason": "NO_NEED" })),
        (&cast.manager, "recycleLead", json!({ "reason": "NO_NEED" })),
    ]
}

fn action(verb: &str) -> Action {
    match verb {
        "nurtureLead" => Action::Nurture,
        "qualifyLead" => Action::Qualify,
        "handOffLead" => Action::HandOff,
        "acceptLead" => Action::Accept,
        "rejectLead" => Action::Reject,
        "recallHandoff" => Action::Recall,
        "qualifyForSales" => Action::QualifyForSales,
        "disqualifyLead" => Action::Disqualify,
        "recycleLead" => Action::Recycle,
        verb => panic!("no such verb: {verb}"),
    }
}

#[tokio::test]
async fn no_verb_is_for_a_role_without_the_right() {
    each_database(async |world| {
        let cast = world.cast().await;
        let lead = some_lead(&world, LeadStatus::Mql, Some(cast.rep.id), cast.north).await;
        for (_, verb, more) in every_verb(&cast) {
            for actor in cast.roles() {
                let role = actor.role.expect("a role");
                if policy::reach(Kind::Lead, action(verb), role).is_none() {
                    assert_eq!(act(actor, verb, lead.id, more.clone()).await.code(), "FORBIDDEN", "{verb} by {role:?}");
                }
            }
            assert_eq!(act(&world.stranger(), verb, lead.id, more).await.code(), "UNAUTHENTICATED", "{verb}");
        }
        assert_eq!(stored(&world, lead.id).await, lead);
    })
    .await;
}

#[tokio::test]
async fn no_verb_reaches_a_hidden_lead_or_a_stale_one() {
    each_database(async |world| {
        let cast = world.cast().await;
        let hidden = some_lead(&world, LeadStatus::Mql, Some(cast.other_rep.id), cast.south).await;
        for (actor, verb, more) in every_verb(&cast) {
            let answer = act(&cast.rep, verb, hidden.id, more.clone()).await;
            let missing = act_on(&cast.rep, verb, world.id(), 1, more.clone()).await;
            assert_eq!((answer.code(), missing.code()), ("NOT_FOUND".to_owned(), "NOT_FOUND".to_owned()), "{verb}");
            let stale = act_on(actor, verb, hidden.id, 7, more.clone()).await;
            assert_eq!(stale.code(), "CONFLICT", "{verb}");
            assert_eq!(stale.body["errors"][0]["extensions"]["currentVersion"], 1, "{verb}");
            // A stale version is refused before anything else is said, and a wrong state names the verb.
            let wrong = act_on(actor, verb, gone_state(&world, &cast).await, 1, more).await;
            assert_eq!(wrong.code(), "CONFLICT", "{verb}");
            assert!(wrong.body["errors"][0]["message"].as_str().unwrap_or_default().contains(verb), "{}", wrong.body);
        }
        assert_eq!(stored(&world, hidden.id).await, hidden);
    })
    .await;
}

/// A disqualified lead of the manager's team: no verb takes it.
async fn gone_state(world: &World, cast: &Cast) -> Uuid {
    some_lead(world, LeadStatus::Disqualified, Some(cast.rep.id), cast.north).await.id
}

#[tokio::test]
async fn a_repeated_verb_has_one_effect() {
    each_database(async |world| {
        let cast = world.cast().await;
        let lead = some_lead(&world, LeadStatus::New, None, cast.marketing).await;
        let key = json!({ "idempotencyKey": "once" });
        let first = act_on(&cast.marketer, "nurtureLead", lead.id, 1, key.clone()).await;
        let again = act_on(&cast.marketer, "nurtureLead", lead.id, 1, key).await;
        assert_eq!(first.payload(), again.payload());
        assert_eq!(stored(&world, lead.id).await.version, 2);
        assert_eq!(count(&world, "transition").await, 1);
    })
    .await;
}

#[tokio::test]
async fn plain_fields_change_plainly_and_sources_with_a_reason() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let lead = some_lead(&world, LeadStatus::New, Some(cast.marketing_manager.id), cast.marketing).await;
        let update = async |actor: &Actor, more: Value| {
            let version = stored(&world, lead.id).await.version;
            let mut input = json!({ "id": gid("lead", lead.id), "expectedVersion": version });
            if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
                input.extend(more);
            }
            actor.mutate("updateLead", input, "lead { interest source }").await
        };
        let done = update(&cast.marketing_manager, json!({ "interest": "a demo", "buyingHorizon": "LATER" })).await;
        assert_eq!(done.payload()["lead"]["interest"], "a demo");
        let negative = json!({ "estimatedValue": { "amount": "-5", "currency": "EUR" } });
        assert_eq!(update(&cast.marketing_manager, negative).await.mistakes(), ["INVALID estimatedValue"]);
        let campaign = json!({ "source": "CAMPAIGN", "sourceCampaignId": gid("campaign", story.campaign) });
        assert_eq!(update(&cast.marketer, campaign.clone()).await.code(), "FORBIDDEN_FIELD");
        assert_eq!(update(&cast.marketing_manager, campaign).await.mistakes(), ["REQUIRED reason"]);
        let reasoned = json!({ "source": "CAMPAIGN", "reason": "came by the spring mail" });
        assert_eq!(update(&cast.marketing_manager, reasoned).await.payload()["lead"]["source"], "CAMPAIGN");
        assert_eq!(update(&cast.rep, json!({ "interest": "x" })).await.code(), "NOT_FOUND");
        act(&cast.marketer, "disqualifyLead", lead.id, json!({ "reason": "NO_NEED" })).await.payload();
        assert_eq!(update(&cast.admin, json!({ "interest": "x" })).await.code(), "CONFLICT");
        let correction = json!({ "source": "EVENT", "reason": "it was the fair" });
        update(&cast.admin, correction).await.payload();
    })
    .await;
}

#[tokio::test]
async fn a_lead_is_given_away_with_the_team_of_its_owner() {
    each_database(async |world| {
        let cast = world.cast().await;
        let lead = some_lead(&world, LeadStatus::Sal, Some(cast.rep.id), cast.north).await;
        let assign =
            json!({ "id": gid("lead", lead.id), "expectedVersion": 1, "ownerId": gid("user", cast.other_rep.id) });
        cast.manager.mutate("assignLead", assign, "lead { id }").await.payload();
        let given = stored(&world, lead.id).await;
        assert_eq!((given.owner_id, given.team_id), (Some(cast.other_rep.id), Some(cast.south)));
        let pool = json!({
            "id": gid("lead", lead.id), "expectedVersion": 2, "ownerId": null, "teamId": gid("team", cast.north)
        });
        cast.manager.mutate("assignLead", pool, "lead { id }").await.payload();
        let given = stored(&world, lead.id).await;
        assert_eq!((given.owner_id, given.team_id), (None, Some(cast.north)));
    })
    .await;
}

#[tokio::test]
async fn a_lead_that_is_needed_stays() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let delete = async |id: Uuid| {
            let input = json!({ "id": gid("lead", id), "expectedVersion": stored(&world, id).await.version });
            cast.admin.mutate("deleteLead", input, "lead { id }").await
        };
        assert_eq!(delete(story.pool_lead).await.code(), "CONFLICT", "a hand-off is pending");
        let deal = gid("deal", story.my_deal);
        let id = story.my_deal.simple();
        world
            .execute(&if world.is_postgres() {
                format!(
                    "UPDATE lead SET status = 'CONVERTED', closed_at = created_at, deal_id = '{}' WHERE id = '{}'",
                    story.my_deal, story.my_lead
                )
            } else {
                format!(
                    "UPDATE lead SET status = 'CONVERTED', closed_at = created_at, deal_id = x'{id}' WHERE id = x'{}'",
                    story.my_lead.simple()
                )
            })
            .await;
        assert_eq!(delete(story.my_lead).await.code(), "CONFLICT", "it became {deal}");
        delete(story.marketing_lead).await.payload();
        let query = format!(r#"{{ lead(id: "{}") {{ id }} }}"#, gid("lead", story.marketing_lead));
        assert_eq!(cast.admin.ask(&query).await.data()["lead"], json!(null));
        let input = json!({ "id": gid("lead", story.their_lead), "expectedVersion": 1 });
        assert_eq!(cast.manager.mutate("deleteLead", input, "lead { id }").await.code(), "FORBIDDEN");
    })
    .await;
}

#[tokio::test]
async fn what_sales_finds_out_stands_in_the_lead() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let lead = crate::gid("lead", story.their_lead);
        let facts = "lead { id version status need budget authority timing }";
        let input =
            json!({ "id": lead, "expectedVersion": 1, "need": " a pump ", "authority": "the board", "budget": "" });
        let qualified = cast.other_rep.mutate("qualifyForSales", input, facts).await.payload()["lead"].clone();
        assert_eq!(
            qualified,
            json!({
                "id": lead, "version": 2, "status": "SQL", "need": "a pump", "budget": null, "authority": "the board",
                "timing": null
            })
        );
        let note = cast
            .other_rep
            .ask("{ activities(filter: { subject: { eq: \"Sales qualification\" } }) { nodes { body } } }")
            .await;
        assert_eq!(note.data()["activities"]["nodes"], json!([{ "body": "Need: a pump\nAuthority: the board" }]));
        let change = json!({ "id": lead, "expectedVersion": 2, "timing": "May", "need": null });
        let changed = cast.other_rep.mutate("updateLead", change, facts).await.payload()["lead"].clone();
        assert_eq!((&changed["need"], &changed["timing"]), (&Value::Null, &json!("May")));
        let found = cast
            .other_rep
            .ask("{ leads(filter: { authority: { contains: \"board\" }, timing: { eq: \"May\" } }) { totalCount } }")
            .await;
        assert_eq!(found.data()["leads"]["totalCount"], 1);
        let closed = cast.analyst.run("query($id: ID!) { lead(id: $id) { id need } }", json!({ "id": lead })).await;
        assert_eq!(closed.code(), "FORBIDDEN_FIELD");
    })
    .await;
}

#[tokio::test]
async fn every_verb_names_its_lead_by_id() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let lead = crate::gid("lead", story.pool_lead);
        let recall = async |named: Value| {
            let mut input = json!({ "expectedVersion": 1 });
            named.as_object().expect("names").iter().for_each(|(name, id)| input[name] = id.clone());
            cast.marketing_manager.mutate("recallHandoff", input, "lead { id }").await
        };
        assert_eq!(recall(json!({})).await.mistakes(), ["REQUIRED id"]);
        let other = crate::gid("lead", story.my_lead);
        assert_eq!(recall(json!({ "id": lead, "leadId": other })).await.mistakes(), ["INVALID leadId"]);
        assert_eq!(recall(json!({ "id": lead })).await.payload()["lead"]["id"], json!(lead));
        let former = json!({ "leadId": crate::gid("lead", story.my_lead), "expectedVersion": 1 });
        cast.rep.mutate("convertLead", former, "deal { id }").await.payload();
    })
    .await;
}

/// Whoever may not read e-mail addresses does not learn by a capture which are known (domain rules R4).
#[tokio::test]
async fn a_capture_does_not_tell_an_integration_whom_we_know() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        world.story(&cast).await;
        let told = |email: &str| json!({ "source": "INBOUND", "contact": { "email": email, "lastName": "Somebody" } });
        let known = capture(&cast.integration, told("carla@acme.example")).await;
        let unknown = capture(&cast.integration, told("nobody.yet@acme.example")).await;
        let nothing = json!({ "outcome": "RECEIVED", "lead": null, "contact": null, "userErrors": [] });
        assert_eq!((known.outcome(), unknown.outcome()), (&nothing, &nothing));
        assert_eq!(world.number("SELECT count(*) FROM contact WHERE email = 'nobody.yet@acme.example'").await, 1);
        assert_eq!(capture(&cast.marketer, told("carla@acme.example")).await.payload()["outcome"], "ENRICHED");
    })
    .await;
}

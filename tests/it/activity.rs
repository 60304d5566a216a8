//! Activities through the front door.

use chrono::Duration;
use entity::activity::{ActivityKind, ActivityStatus};
use serde_json::{Value, json};
use tests::{Actor, each_database};
use tributary::access::{Action, Role};
use tributary::activity::rules;
use tributary::schema::GRAPH;

const FIELDS: &str = "activity { id version kind status isOverdue dueAt endedAt outcome owner { name } team { name } \
                      follows { id } company { id } }";

async fn company(actor: &Actor) -> Value {
    let made = actor.mutate("createCompany", json!({ "name": "Acme" }), "company { id }").await;
    made.payload()["company"]["id"].clone()
}

async fn plan(actor: &Actor, kind: &str) -> Value {
    let input = json!({
        "kind": kind, "subject": "Talk", "dueAt": "2026-03-01T12:00:00Z", "companyId": company(actor).await,
    });
    actor.mutate("logActivity", input, FIELDS).await.payload()["activity"].clone()
}

fn step(activity: &Value) -> Value {
    json!({ "id": activity["id"], "expectedVersion": activity["version"] })
}

#[tokio::test]
async fn what_was_done_says_what_came_of_it() {
    each_database(async |world| {
        let rep = world.cast().await.rep;
        let company = company(&rep).await;
        let call = json!({ "kind": "CALL", "subject": "Hello", "companyId": company });
        assert_eq!(rep.mutate("logActivity", call, FIELDS).await.mistakes(), ["REQUIRED outcome"]);
        let call = json!({ "kind": "CALL", "subject": "Hello", "companyId": company, "outcome": "REACHED" });
        let done = rep.mutate("logActivity", call, FIELDS).await.payload()["activity"].clone();
        assert_eq!((&done["status"], &done["endedAt"]), (&json!("DONE"), &json!("2026-03-01T09:00:00Z")));
        assert_eq!((&done["owner"]["name"], &done["team"]["name"]), (&json!("Rita"), &json!("North")));
        let again = rep.mutate("completeActivity", step(&done), "activity { id }").await;
        assert_eq!(again.code(), "CONFLICT");
    })
    .await;
}

#[tokio::test]
async fn an_activity_needs_a_link_that_its_maker_sees() {
    each_database(async |world| {
        let cast = world.cast().await;
        let note = json!({ "kind": "NOTE", "subject": "Alone" });
        assert_eq!(cast.rep.mutate("logActivity", note, FIELDS).await.mistakes(), ["REQUIRED contactId"]);
        let hidden = GRAPH.named("Deal").unwrap().global_id(world.id());
        let note = json!({ "kind": "NOTE", "subject": "Where?", "dealId": hidden });
        assert_eq!(cast.rep.mutate("logActivity", note.clone(), FIELDS).await.mistakes(), ["NOT_FOUND dealId"]);
        assert_eq!(cast.analyst.mutate("logActivity", note, FIELDS).await.code(), "FORBIDDEN");
    })
    .await;
}

#[tokio::test]
async fn a_completed_activity_plans_the_next() {
    each_database(async |world| {
        let mut cast = world.cast().await;
        let planned = plan(&cast.rep, "DEMO").await;
        assert_eq!((&planned["status"], &planned["isOverdue"]), (&json!("PLANNED"), &json!(false)));
        world.clock.advance(Duration::hours(4));
        cast.rep = world.sign_in(cast.rep.id, Role::SalesRep).await;
        cast.other_rep = world.sign_in(cast.other_rep.id, Role::SalesRep).await;
        let late = cast
            .rep
            .ask("{ activities(filter: { isOverdue: { eq: true } }) { totalCount nodes { isOverdue } } }")
            .await;
        assert_eq!(late.data()["activities"], json!({ "totalCount": 1, "nodes": [{ "isOverdue": true }] }));

        let fields =
            format!("{FIELDS} followUp {{ id kind status dueAt owner {{ name }} follows {{ id }} company {{ id }} }}");
        let mut input = step(&planned);
        input["followUp"] = json!({ "subject": "  ", "dueAt": "2026-03-08T09:00:00Z" });
        let refused = cast.rep.mutate("completeActivity", input.clone(), &fields).await;
        assert_eq!(refused.mistakes(), ["REQUIRED outcome", "REQUIRED followUp.subject"]);
        assert_eq!(world.number("SELECT COUNT(*) FROM activity").await, 1);
        input["outcome"] = json!("INTERESTED");
        input["followUp"]["subject"] = json!("Send the offer");
        input["idempotencyKey"] = json!("demo-done");
        assert_eq!(cast.other_rep.mutate("completeActivity", input.clone(), &fields).await.code(), "NOT_FOUND");
        let done = cast.rep.mutate("completeActivity", input.clone(), &fields).await.payload().clone();
        assert_eq!((&done["activity"]["status"], &done["activity"]["outcome"]), (&json!("DONE"), &json!("INTERESTED")));
        assert_eq!(done["activity"]["isOverdue"], false);
        let next = &done["followUp"];
        assert_eq!((&next["kind"], &next["status"]), (&json!("FOLLOW_UP"), &json!("PLANNED")));
        assert_eq!(next["follows"]["id"], planned["id"]);
        assert_eq!(next["company"], planned["company"]);
        assert_eq!(next["owner"]["name"], "Rita");
        let replay = cast.rep.mutate("completeActivity", input, &fields).await.payload().clone();
        assert_eq!(replay, done);
        assert_eq!(world.number("SELECT COUNT(*) FROM activity").await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_planned_activity_is_missed_or_called_off() {
    each_database(async |world| {
        let cast = world.cast().await;
        let meeting = plan(&cast.rep, "MEETING").await;
        let missed = cast.rep.mutate("noShowActivity", step(&meeting), FIELDS).await.payload()["activity"].clone();
        assert_eq!(missed["status"], "NO_SHOW");
        assert_eq!(cast.rep.mutate("cancelActivity", step(&meeting), FIELDS).await.code(), "CONFLICT", "stale");
        assert_eq!(cast.rep.mutate("cancelActivity", step(&missed), FIELDS).await.code(), "CONFLICT", "over");
        let mail = plan(&cast.rep, "EMAIL").await;
        assert_eq!(cast.rep.mutate("noShowActivity", step(&mail), FIELDS).await.code(), "CONFLICT");
        let mut undue = step(&mail);
        undue["dueAt"] = Value::Null;
        assert_eq!(cast.rep.mutate("updateActivity", undue, FIELDS).await.mistakes(), ["REQUIRED dueAt"]);
        let mut why = step(&mail);
        why["reason"] = json!("wrong address");
        let off = cast.rep.mutate("cancelActivity", why, FIELDS).await.payload()["activity"].clone();
        assert_eq!(off["status"], "CANCELLED");
        let query = "{ events(filter: { action: { eq: \"cancelActivity\" } }) { nodes { reason changes { field from to } } } }";
        assert_eq!(
            cast.rep.ask(query).await.data()["events"]["nodes"],
            json!([{ "reason": "wrong address", "changes": [{ "field": "status", "from": "PLANNED", "to": "CANCELLED" }] }])
        );
    })
    .await;
}

#[tokio::test]
async fn deals_and_leads_know_what_is_next() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let deal = GRAPH.named("Deal").unwrap().global_id(story.my_deal);
        for due in ["2026-03-09T09:00:00Z", "2026-03-05T09:00:00Z"] {
            let input = json!({ "kind": "FOLLOW_UP", "subject": due, "dueAt": due, "dealId": deal });
            cast.rep.mutate("logActivity", input, FIELDS).await.payload();
        }
        let query = "query($id: ID!) { deal(id: $id) { nextActivity { subject dueAt } } deals { nodes { nextActivity { id } } } }";
        let answer = cast.rep.run(query, json!({ "id": deal })).await;
        let next = &answer.data()["deal"]["nextActivity"];
        assert_eq!(next["dueAt"], "2026-03-05T09:00:00Z");
        let leads = cast.rep.ask("{ leads { nodes { nextActivity { id } } } }").await;
        assert!(leads.data()["leads"]["nodes"].is_array());

        let done = json!({ "kind": "CALL", "subject": "Agreed", "dealId": deal, "outcome": "REACHED",
            "startedAt": "2026-02-01T09:00:00Z", "endedAt": "2026-02-01T09:20:00Z" });
        cast.rep.mutate("logActivity", done, FIELDS).await.payload();
        let due = "{ deals(filter: { nextActivityAt: { lte: \"2026-03-05T09:00:00Z\" } }) { nodes { id nextActivityAt lastActivityAt } } \
                   idle: deals(filter: { nextActivityAt: { isNull: true } }) { nodes { id nextActivity { id } } } }";
        let answer = cast.rep.ask(due).await;
        let dates = json!({ "id": deal, "nextActivityAt": next["dueAt"], "lastActivityAt": "2026-02-01T09:20:00Z" });
        assert_eq!(answer.data()["deals"]["nodes"], json!([dates]));
        let idle = answer.data()["idle"]["nodes"].as_array().expect("a list").clone();
        assert!(idle.iter().all(|one| one["nextActivity"].is_null() && one["id"] != json!(deal)), "{idle:?}");
    })
    .await;
}

#[test]
fn only_a_plan_can_end() {
    for end in [Action::Complete, Action::NoShow, Action::Cancel] {
        assert!(rules::LIFE.next(end, ActivityStatus::Planned).is_ok());
        for over in [ActivityStatus::Done, ActivityStatus::NoShow, ActivityStatus::Cancelled] {
            assert!(rules::LIFE.next(end, over).is_err(), "{end:?} of {over:?}");
        }
    }
    let talks =
        [ActivityKind::Pitch, ActivityKind::Demo, ActivityKind::Call, ActivityKind::Meeting, ActivityKind::Negotiation];
    assert!(talks.into_iter().all(rules::needs_outcome));
    assert!(!rules::needs_outcome(ActivityKind::Note));
}

#[tokio::test]
async fn what_is_to_be_done_is_planned() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let deal = crate::gid("deal", story.my_deal);
        let fields = "activity { kind status dueAt startedAt priority owner { id } }";
        let plan = json!({ "subject": "Call back", "dueAt": "2026-03-03T10:00:00Z", "dealId": deal });
        let planned = cast.rep.mutate("planActivity", plan, fields).await.payload()["activity"].clone();
        assert_eq!(
            planned,
            json!({
                "kind": "FOLLOW_UP", "status": "PLANNED", "dueAt": "2026-03-03T10:00:00Z", "startedAt": null,
                "priority": "NORMAL", "owner": { "id": crate::gid("user", cast.rep.id) }
            })
        );
        let alone = json!({ "subject": " ", "dueAt": "2026-03-03T10:00:00Z" });
        assert_eq!(
            cast.rep.mutate("planActivity", alone, fields).await.mistakes(),
            ["REQUIRED subject", "REQUIRED contactId"]
        );
        let logged = json!({ "kind": "NOTE", "subject": "Spoke", "dealId": deal });
        let logged = cast.rep.mutate("logActivity", logged, fields).await.payload()["activity"].clone();
        assert_eq!(logged["status"], "DONE");
    })
    .await;
}

//! Campaigns and their audience through the front door.

use serde_json::{Value, json};
use tests::{Actor, each_database};
use tributary::access::Role;
use tributary::campaign::rules;
use tributary::schema::GRAPH;

const FIELDS: &str = "campaign { id version status code owner { name } team { name } budget { amount currency } }";

/// A campaign in a channel that finds its own audience.
async fn campaign(actor: &Actor, more: Value) -> Value {
    let mut input = json!({
        "name": "Spring", "code": "Spring Sale", "objective": "AWARENESS", "channel": "WEBINAR",
        "horizon": "SHORT_TERM",
    });
    for (name, value) in more.as_object().expect("an object") {
        input[name] = value.clone();
    }
    actor.mutate("createCampaign", input, FIELDS).await.payload()["campaign"].clone()
}

fn step(campaign: &Value) -> Value {
    json!({ "id": campaign["id"], "expectedVersion": campaign["version"] })
}

async fn act(actor: &Actor, verb: &str, campaign: &Value, more: Value) -> Value {
    let mut input = step(campaign);
    for (name, value) in more.as_object().expect("an object") {
        input[name] = value.clone();
    }
    actor.mutate(verb, input, FIELDS).await.payload()["campaign"].clone()
}

#[tokio::test]
async fn a_campaign_belongs_to_its_maker_and_its_code_is_normal() {
    each_database(async |world| {
        let cast = world.cast().await;
        let made = campaign(&cast.marketer, json!({ "budget": { "amount": "1200.50", "currency": "EUR" } })).await;
        assert_eq!(made["code"], "spring-sale");
        assert_eq!(made["owner"]["name"], "Mark");
        assert_eq!(made["team"]["name"], "Marketing");
        assert_eq!(made["budget"], json!({ "amount": "1200.50", "currency": "EUR" }));
        let again = json!({
            "name": "Other", "code": "SPRING sale", "objective": "AWARENESS", "channel": "PR", "horizon": "LONG_TERM",
        });
        let refused = cast.marketer.mutate("createCampaign", again, FIELDS).await;
        assert_eq!(refused.mistakes(), ["TAKEN code"]);
    })
    .await;
}

#[tokio::test]
async fn wrong_plans_are_refused_with_every_mistake() {
    each_database(async |world| {
        let marketer = world.cast().await.marketer;
        let wrong = json!({
            "name": "x".repeat(201), "code": "plan", "objective": "AWARENESS", "channel": "PR", "horizon": "LONG_TERM",
            "startsOn": "2026-04-02", "endsOn": "2026-04-01", "expectedLeads": -1,
        });
        let refused = marketer.mutate("createCampaign", wrong, FIELDS).await;
        assert_eq!(refused.mistakes(), ["TOO_LONG name", "INVALID endsOn", "INVALID expectedLeads"]);
        assert_eq!(refused.outcome()["campaign"], Value::Null);
        // What cannot be such a value at all is told first, and all of it at once.
        let malformed = json!({
            "name": "  ", "code": "plan", "objective": "AWARENESS", "channel": "PR", "horizon": "LONG_TERM",
            "startsOn": "tomorrow",
        });
        let refused = marketer.mutate("createCampaign", malformed, FIELDS).await;
        let mut mistakes = refused.mistakes();
        mistakes.sort();
        assert_eq!(mistakes, ["INVALID startsOn", "REQUIRED name"]);
    })
    .await;
}

#[tokio::test]
async fn a_part_stays_inside_its_whole_and_no_circle_closes() {
    each_database(async |world| {
        let boss = world.cast().await.marketing_manager;
        let days = |from: &str, to: &str| json!({ "startsOn": from, "endsOn": to });
        let mut input = days("2026-03-01", "2026-06-30");
        input["code"] = json!("whole");
        let whole = campaign(&boss, input).await;
        let part = |from: &str, to: &str| {
            let mut input = days(from, to);
            input["code"] = json!("part");
            input["parentId"] = whole["id"].clone();
            input
        };
        let mut outside = part("2026-05-01", "2026-07-01");
        for (name, value) in [("name", "P"), ("objective", "RESEARCH"), ("channel", "PR"), ("horizon", "LONG_TERM")] {
            outside[name] = json!(value);
        }
        assert_eq!(boss.mutate("createCampaign", outside, FIELDS).await.mistakes(), ["INVALID startsOn"]);
        let part = campaign(&boss, part("2026-04-01", "2026-04-30")).await;

        let mut circle = step(&whole);
        circle["parentId"] = part["id"].clone();
        let refused = boss.mutate("updateCampaign", circle, FIELDS).await.mistakes();
        assert!(refused.contains(&"INVALID parentId".to_owned()), "{refused:?}");
        let mut narrow = step(&whole);
        narrow["endsOn"] = json!("2026-04-15");
        assert_eq!(boss.mutate("updateCampaign", narrow, FIELDS).await.mistakes(), ["INVALID startsOn"]);
        assert_eq!(boss.mutate("deleteCampaign", step(&whole), FIELDS).await.code(), "CONFLICT");
    })
    .await;
}

#[tokio::test]
async fn a_campaign_lives_from_draft_to_archive() {
    each_database(async |world| {
        let cast = world.cast().await;
        let (marketer, boss) = (&cast.marketer, &cast.marketing_manager);
        let draft = campaign(marketer, json!({})).await;
        let refused = marketer.mutate("scheduleCampaign", step(&draft), FIELDS).await;
        assert_eq!(refused.mistakes(), ["REQUIRED startsOn", "REQUIRED endsOn"]);
        let draft = act(marketer, "updateCampaign", &draft, json!({ "startsOn": "2026-03-02", "endsOn": "2026-04-01" }))
            .await;
        let scheduled = act(marketer, "scheduleCampaign", &draft, json!({})).await;
        assert_eq!(scheduled["status"], "SCHEDULED");
        assert_eq!(marketer.mutate("launchCampaign", step(&scheduled), FIELDS).await.code(), "FORBIDDEN");
        let active = act(boss, "launchCampaign", &scheduled, json!({})).await;
        assert_eq!(active["status"], "ACTIVE");
        assert_eq!(boss.mutate("launchCampaign", step(&active), FIELDS).await.code(), "CONFLICT");
        assert_eq!(boss.mutate("deleteCampaign", step(&active), FIELDS).await.code(), "CONFLICT");
        assert_eq!(boss.mutate("pauseCampaign", step(&draft), FIELDS).await.code(), "CONFLICT", "a stale version");
        let mut renamed = step(&active);
        renamed["code"] = json!("autumn");
        assert_eq!(boss.mutate("updateCampaign", renamed, FIELDS).await.mistakes(), ["NOT_ALLOWED code"]);
        let paused = act(marketer, "pauseCampaign", &active, json!({})).await;
        let resumed = act(marketer, "resumeCampaign", &paused, json!({})).await;
        let early = marketer.mutate("completeCampaign", step(&resumed), FIELDS).await;
        assert_eq!(early.mistakes(), ["REQUIRED reason"]);
        let completed = act(marketer, "completeCampaign", &resumed, json!({ "reason": "sold out" })).await;
        let archived = act(boss, "archiveCampaign", &completed, json!({})).await;
        assert_eq!(archived["status"], "ARCHIVED");

        let query = "query($id: ID!) { campaign(id: $id) { transitions(orderBy: [{ field: AT }, { field: ID }]) { nodes { fromState toState } } } }";
        let steps = boss.run(query, json!({ "id": archived["id"] })).await.data()["campaign"]["transitions"]["nodes"].clone();
        let steps: Vec<_> =
            steps.as_array().unwrap().iter().map(|step| step["toState"].as_str().unwrap().to_owned()).collect();
        assert_eq!(steps, ["SCHEDULED", "ACTIVE", "PAUSED", "ACTIVE", "COMPLETED", "ARCHIVED"]);
    })
    .await;
}

#[tokio::test]
async fn what_was_never_launched_may_be_cancelled_and_deleted() {
    each_database(async |world| {
        let boss = world.cast().await.marketing_manager;
        let draft = campaign(&boss, json!({})).await;
        let cancelled = act(&boss, "cancelCampaign", &draft, json!({ "reason": "no budget" })).await;
        assert_eq!(cancelled["status"], "CANCELLED");
        let gone = boss.mutate("deleteCampaign", step(&cancelled), FIELDS).await;
        assert_eq!(gone.payload()["campaign"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn a_mailing_needs_an_audience_and_a_paid_channel_a_budget() {
    each_database(async |world| {
        let boss = world.cast().await.marketing_manager;
        let mailing = campaign(&boss, json!({ "code": "mail", "channel": "EMAIL" })).await;
        let refused = boss.mutate("launchCampaign", step(&mailing), FIELDS).await;
        assert_eq!(refused.mistakes(), ["REQUIRED members"]);
        let advert = campaign(&boss, json!({ "code": "ad", "channel": "PAID_SEARCH" })).await;
        let refused = boss.mutate("launchCampaign", step(&advert), FIELDS).await;
        assert_eq!(refused.mistakes(), ["REQUIRED budget"]);

        let contact = boss.mutate("createContact", json!({ "firstName": "Lea" }), "contact { id }").await;
        let contact = contact.payload()["contact"]["id"].clone();
        let stranger = GRAPH.named("Contact").unwrap().global_id(world.id());
        let input = json!({ "campaignId": mailing["id"], "contactIds": [contact, stranger, contact] });
        const RESULTS: &str = "results { index member { id status } alreadyMember userErrors { code field } }";
        let added = boss.mutate("addCampaignMembers", input.clone(), RESULTS).await;
        let results = added.payload()["results"].clone();
        assert_eq!(results[0]["member"]["status"], "TARGETED");
        assert_eq!(results[1]["userErrors"], json!([{ "code": "NOT_FOUND", "field": ["contactIds", "1"] }]));
        assert_eq!(results[2]["alreadyMember"], true);
        assert_eq!(results[2]["member"], results[0]["member"]);
        let mut all_or_none = input;
        all_or_none["atomic"] = json!(true);
        let refused = boss.mutate("addCampaignMembers", all_or_none, RESULTS).await;
        assert_eq!(refused.mistakes(), ["NOT_FOUND contactIds.1"]);
        assert_eq!(act(&boss, "launchCampaign", &mailing, json!({})).await["status"], "ACTIVE");
    })
    .await;
}

#[tokio::test]
async fn answers_of_members_only_go_forward() {
    each_database(async |world| {
        let cast = world.cast().await;
        let boss = &cast.marketing_manager;
        let made = campaign(boss, json!({})).await;
        let contact = boss.mutate("createContact", json!({ "lastName": "Ito" }), "contact { id }").await;
        let input = json!({ "campaignId": made["id"], "contactIds": [contact.payload()["contact"]["id"]] });
        let forbidden = cast.rep.mutate("addCampaignMembers", input.clone(), "results { index }").await;
        assert_eq!(forbidden.code(), "FORBIDDEN");
        let elsewhere = world.team("Events", entity::team::TeamFunction::Marketing, None).await;
        let outsider = world.person("Emil", Role::Marketer, Some(elsewhere)).await;
        let forbidden = outsider.mutate("addCampaignMembers", input.clone(), "results { index }").await;
        assert_eq!(forbidden.code(), "FORBIDDEN", "another team's campaign");
        let added = boss.mutate("addCampaignMembers", input, "results { member { id version } }").await;
        let member = added.payload()["results"][0]["member"].clone();
        let set = async |member: &Value, status: &str| {
            let mut input = step(member);
            input["status"] = json!(status);
            let boss = world.sign_in(boss.id, Role::MarketingManager).await;
            boss.mutate("updateCampaignMember", input, "campaignMember { id version status firstRespondedAt }").await
        };
        assert_eq!(set(&member, "CONVERTED").await.mistakes(), ["NOT_ALLOWED status"]);
        let answered = set(&member, "RESPONDED").await.payload()["campaignMember"].clone();
        assert_eq!(answered["firstRespondedAt"], "2026-03-01T09:00:00Z");
        assert_eq!(set(&answered, "SENT").await.mistakes(), ["NOT_ALLOWED status"]);
        world.clock.advance(chrono::Duration::days(1));
        let out = set(&answered, "OPTED_OUT").await.payload()["campaignMember"].clone();
        assert_eq!(out["firstRespondedAt"], "2026-03-01T09:00:00Z", "set once");
        let boss = world.sign_in(boss.id, Role::MarketingManager).await;
        let refused = boss.mutate("deleteCampaignMember", step(&out), "campaignMember { id }").await;
        assert_eq!(refused.code(), "CONFLICT");
    })
    .await;
}

#[tokio::test]
async fn a_retried_verb_has_one_effect() {
    each_database(async |world| {
        let boss = world.cast().await.marketing_manager;
        let draft = campaign(&boss, json!({})).await;
        let mut input = step(&draft);
        input["idempotencyKey"] = json!("once");
        let first = boss.mutate("launchCampaign", input.clone(), FIELDS).await.payload().clone();
        let second = boss.mutate("launchCampaign", input, FIELDS).await.payload().clone();
        assert_eq!(first, second);
        assert_eq!(world.number("SELECT COUNT(*) FROM transition").await, 1);
    })
    .await;
}

/// The state machine as domain.md draws it, written down again by hand.
#[test]
fn the_verbs_lead_where_the_domain_says() {
    use entity::campaign::CampaignStatus::{self, *};
    use tributary::access::Action::*;
    let drawn = [
        (Draft, Schedule, Scheduled),
        (Draft, Launch, Active),
        (Draft, Cancel, Cancelled),
        (Scheduled, Launch, Active),
        (Scheduled, Cancel, Cancelled),
        (Active, Pause, Paused),
        (Active, Complete, Completed),
        (Paused, Resume, Active),
        (Paused, Complete, Completed),
        (Paused, Cancel, Cancelled),
        (Completed, Archive, Archived),
        (Cancelled, Archive, Archived),
    ];
    let states: [CampaignStatus; 7] = [Draft, Scheduled, Active, Paused, Completed, Archived, Cancelled];
    for from in states {
        for action in rules::LIFE.verbs.iter().map(|verb| verb.action) {
            let expected = drawn.iter().find(|(known, by, _)| (*known, *by) == (from, action)).map(|(_, _, to)| *to);
            assert_eq!(rules::LIFE.next(action, from).ok(), expected, "{action:?} from {from:?}");
        }
    }
}

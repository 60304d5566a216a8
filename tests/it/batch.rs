//! Every mutation of one thing has a twin that takes many: each item for itself, or all or none, and safe to retry.

use serde_json::{Value, json};
use tests::inputs::Inputs;
use tests::{Answer, each_database};

use crate::gid;

const RESULTS: &str = "results { contact { id email } userErrors { code field } }";

fn people(emails: &[&str]) -> Vec<Value> {
    emails.iter().map(|email| json!({ "lastName": "Many", "email": email })).collect()
}

/// The first code of each result; null where it was done.
fn codes(answer: &Answer) -> Value {
    let results = answer.payload()["results"].as_array().expect("results").clone();
    results.iter().map(|result| result["userErrors"][0]["code"].clone()).collect()
}

#[tokio::test]
async fn each_item_is_answered_for_itself_and_done_once() {
    each_database(async |world| {
        let cast = world.cast().await;
        let items = people(&["one@many.example", "one@many.example", "two@many.example"]);
        let input = json!({ "items": items, "idempotencyKey": "many" });
        let answer = cast.marketer.mutate("createContacts", input.clone(), RESULTS).await;
        assert_eq!(codes(&answer), json!([null, "TAKEN", null]));
        assert_eq!(answer.payload()["results"][1]["userErrors"][0]["field"], json!(["email"]));
        assert_eq!(answer.payload()["results"][2]["contact"]["email"], "two@many.example");
        let again = cast.marketer.mutate("createContacts", input, RESULTS).await;
        assert_eq!(again.payload()["results"], answer.payload()["results"]);
        assert_eq!(world.number("SELECT count(*) FROM contact").await, 2);
        assert_eq!(world.number("SELECT count(*) FROM event WHERE action = 'createContacts'").await, 2);
    })
    .await;
}

#[tokio::test]
async fn with_atomic_one_refusal_undoes_all() {
    each_database(async |world| {
        let cast = world.cast().await;
        let items = people(&["one@many.example", "one@many.example", "two@many.example"]);
        let answer = cast.marketer.mutate("createContacts", json!({ "items": items, "atomic": true }), RESULTS).await;
        assert_eq!(codes(&answer), json!(["NOT_DONE", "TAKEN", "NOT_DONE"]));
        assert_eq!(world.number("SELECT count(*) FROM contact").await, 0);
        let items = people(&["one@many.example", "two@many.example"]);
        let answer = cast.marketer.mutate("createContacts", json!({ "items": items, "atomic": true }), RESULTS).await;
        assert_eq!(codes(&answer), json!([null, null]));
    })
    .await;
}

#[tokio::test]
async fn rights_versions_and_closed_fields_hold_for_each_item() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let item = |deal, version: i32| json!({ "id": gid("deal", deal), "expectedVersion": version, "name": "New" });
        let items = json!([item(story.their_deal, 1), item(story.my_deal, 9), item(story.my_deal, 1)]);
        let fields = "results { deal { name } userErrors { code } }";
        let answer = cast.rep.mutate("updateDeals", json!({ "items": items }), fields).await;
        assert_eq!(codes(&answer), json!(["NOT_FOUND", "CONFLICT", null]));
        assert_eq!(answer.payload()["results"][2]["deal"]["name"], "New");

        let items = json!([{ "id": gid("company", story.company), "expectedVersion": 1 }]);
        let gone =
            cast.rep.mutate("deleteCompanies", json!({ "items": items }), "results { userErrors { code } }").await;
        assert_eq!(codes(&gone), json!(["FORBIDDEN"]));

        let items = json!([{ "lastName": "One" }, { "lastName": "Two" }]);
        let masked = cast.integration.mutate("createContacts", json!({ "items": items }), RESULTS).await;
        let path = |at: usize| json!(["createContacts", "results", at, "contact", "email"]);
        assert_eq!(masked.code(), "FORBIDDEN_FIELD", "one error for both places");
        assert_eq!(masked.body["errors"][0]["path"], path(0));
        assert_eq!(masked.body["errors"][0]["extensions"]["count"], 2);
        assert!(masked.body["data"]["createContacts"]["results"][1]["contact"]["id"].is_string());
    })
    .await;
}

#[tokio::test]
async fn verbs_have_twins_too() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let won = |deal, version: i32| json!({ "id": gid("deal", deal), "expectedVersion": version });
        let items = json!([won(story.their_deal, 1), won(story.my_deal, 1), won(story.my_deal, 1)]);
        let fields = "results { deal { status } userErrors { code } }";
        let answer = cast.rep.mutate("loseDeals", json!({ "items": [] }), fields).await;
        assert_eq!(answer.payload()["results"], json!([]));
        let answer = cast.rep.mutate("winDeals", json!({ "items": items }), fields).await;
        assert_eq!(codes(&answer), json!(["NOT_FOUND", null, "CONFLICT"]));
        assert_eq!(answer.payload()["results"][1]["deal"]["status"], "WON");
    })
    .await;
}

#[tokio::test]
async fn a_mutation_that_fails_leaves_what_others_did() {
    each_database(async |world| {
        let cast = world.cast().await;
        world.story(&cast).await;
        let capture = "captureLead(input: { contact: { email: EMAIL }, source: INBOUND }) { lead { id } userErrors { field } }";
        let two = format!(
            "mutation($email: EmailAddress!, $id: ID!) {{ one: {} two: {} three: winDeal(input: {{ id: $id, expectedVersion: 1 }}) \
             {{ deal {{ id }} }} four: {} }}",
            capture.replace("EMAIL", "\"first@many.example\""),
            capture.replace("EMAIL", "$email"),
            capture.replace("EMAIL", "\"last@many.example\""),
        );
        let answer = cast.marketer.run(&two, json!({ "email": 7, "id": "nothing" })).await;
        assert_eq!(answer.code(), "NOT_FOUND");
        let data = &answer.body["data"];
        assert!(data["one"]["lead"]["id"].is_string() && data["four"]["lead"]["id"].is_string(), "{data:#}");
        assert_eq!(data["two"], json!({ "lead": null, "userErrors": [{ "field": ["contact", "email"] }] }));
        assert_eq!(data["three"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn each_touch_of_a_report_is_read_for_itself() {
    each_database(async |world| {
        let cast = world.cast().await;
        let touch = |at: &str| json!({ "kind": "PAGE_VIEW", "visitorKey": "v", "occurredAt": at });
        let touches = [touch("2026-02-27T09:00:00Z"), touch("soon"), touch("2026-02-28T09:00:00Z")];
        let fields = "results { index touchpoint { id } userErrors { code field message } }";
        let answer = cast.marketer.mutate("recordTouchpoints", json!({ "touchpoints": touches }), fields).await;
        let results = &answer.payload()["results"];
        assert!(results[0]["touchpoint"]["id"].is_string() && results[2]["touchpoint"]["id"].is_string());
        let mistake = &results[1]["userErrors"][0];
        assert_eq!(mistake["field"], json!(["touchpoints", "1", "occurredAt"]));
        let message = mistake["message"].as_str().unwrap_or_default();
        assert!(message.starts_with("occurredAt: expected a time like 2026-03-01T09:30:00Z"), "{message}");
        let none =
            cast.marketer.mutate("recordTouchpoints", json!({ "touchpoints": touches, "atomic": true }), fields).await;
        assert_eq!(none.mistakes(), ["INVALID touchpoints.1.occurredAt"]);
        assert_eq!(world.number("SELECT count(*) FROM touchpoint").await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_thousand_items_are_the_most() {
    each_database(async |world| {
        let cast = world.cast().await;
        let items: Vec<_> = (0..1_001).map(|number| json!({ "lastName": number.to_string() })).collect();
        let answer = cast.marketer.mutate("createContacts", json!({ "items": items }), RESULTS).await;
        assert_eq!(answer.mistakes(), ["TOO_MANY items"]);
        assert_eq!(world.number("SELECT count(*) FROM contact").await, 0);
        let stranger = world.stranger().mutate("createContacts", json!({ "items": [] }), RESULTS).await;
        assert_eq!(stranger.code(), "UNAUTHENTICATED");
    })
    .await;
}

/// Mutations that have no twin of the usual form, and why.
const ALONE: [&str; 6] = [
    // Sessions are about one person.
    "signIn",
    "signOut",
    "refreshSession",
    // They take a list of their own.
    "addCampaignMembers",
    "recordTouchpoint",
    "recordTouchpoints",
];

#[test]
fn every_mutation_of_one_has_a_twin() {
    let inputs = Inputs::read();
    let alone: Vec<_> = inputs.mutations().into_iter().filter(|name| inputs.twin(name).is_none()).collect();
    let mut known = ALONE.to_vec();
    known.sort_unstable();
    assert_eq!(alone, known, "without a twin");
    assert!(inputs.mutations().len() > 70);
}

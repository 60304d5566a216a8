//! Every mutation of one thing has a twin that takes many: each item for itself, or all or none, and safe to retry.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Answer, each_database};
use tributary::graphql::schema::{builder, sdl};

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
        let paths: Vec<_> = masked.body["errors"].as_array().expect("errors").iter().map(|e| &e["path"]).collect();
        let path = |at: usize| json!(["createContacts", "results", at, "contact", "email"]);
        assert_eq!(json!(paths), json!([path(0), path(1)]));
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

/// Mutations that have no twin, and why.
const ALONE: [&str; 8] = [
    // Sessions and passwords are about one person.
    "signIn",
    "signOut",
    "refreshSession",
    "setPassword",
    "createUser",
    // They take a list of their own.
    "addCampaignMembers",
    "recordTouchpoint",
    "recordTouchpoints",
];

#[test]
fn every_mutation_of_one_has_a_twin() {
    let text = sdl(&builder().finish());
    let mutations =
        text.split("\ntype Mutation {").nth(1).and_then(|rest| rest.split("\n}").next()).expect("mutations");
    let fields: BTreeSet<&str> = mutations
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_once('('))
        .map(|(name, _)| name)
        .filter(|name| !name.is_empty() && !name.contains(' ') && !ALONE.contains(name))
        .collect();
    assert!(fields.len() > 60, "{fields:?}");
    let takes_items = |name: &str| {
        let (first, rest) = name.split_at(1);
        text.split(&format!("\ninput {}{rest}Input {{", first.to_uppercase()))
            .nth(1)
            .and_then(|rest| rest.split("\n}").next())
            .is_some_and(|body| body.contains("  items: ["))
    };
    let (many, one): (Vec<&str>, Vec<&str>) = fields.iter().partition(|name| takes_items(name));
    assert_eq!(many.len(), one.len(), "without a twin: one of {one:?}, many {many:?}");
}

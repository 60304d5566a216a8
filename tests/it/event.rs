//! What the log tells whom: an event shows no field and names no row that its reader could not read on the graph.

use serde_json::{Value, json};
use tests::{Actor, each_database};
use tributary::schema::GRAPH;

/// The events of one mutation as someone reads them.
async fn log(actor: &Actor, action: &str) -> Value {
    let query = "query($action: String!) { events(filter: { action: { eq: $action } }, orderBy: [{ field: SEQ }]) {
        nodes { action subjectType subjectId reason actor { name } changes { field from to } } } }";
    actor.run(query, json!({ "action": action })).await.data()["events"]["nodes"].clone()
}

fn fields(event: &Value) -> Vec<String> {
    let changes = event["changes"].as_array().expect("a list");
    changes.iter().map(|change| change["field"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn a_closed_field_is_closed_in_the_log() {
    each_database(async |world| {
        let cast = world.cast().await;
        let input = json!({
            "name": "Spring", "code": "spring", "objective": "AWARENESS", "channel": "PR", "horizon": "LONG_TERM",
            "budget": { "amount": "10.50", "currency": "EUR" },
        });
        let made = cast.marketing_manager.mutate("createCampaign", input, "campaign { id }").await;
        let seen = log(&cast.marketing_manager, "createCampaign").await;
        assert_eq!(seen[0]["subjectId"], made.payload()["campaign"]["id"]);
        assert_eq!(seen[0]["actor"]["name"], "Mona");
        let budget = json!({
            "field": "budget", "from": null, "to": { "amount": "10.50", "currency": "EUR" }
        });
        assert!(seen[0]["changes"].as_array().unwrap().contains(&budget), "{seen:#}");
        let by_rep = log(&cast.rep, "createCampaign").await;
        assert_eq!(by_rep[0]["subjectId"], seen[0]["subjectId"]);
        assert!(fields(&by_rep[0]).contains(&"code".to_owned()));
        assert!(!by_rep.to_string().contains("10.50") && !fields(&by_rep[0]).contains(&"budget".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_field_that_is_open_on_some_rows_follows_the_row() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let id = |kind: &str, id| GRAPH.named(kind).unwrap().global_id(id);
        for (actor, link) in [
            (&cast.rep, json!({ "dealId": id("Deal", story.my_deal) })),
            (&cast.marketer, json!({ "campaignId": id("Campaign", story.campaign) })),
        ] {
            let mut input = json!({ "kind": "NOTE", "subject": "Secret subject", "body": "Secret body" });
            input.as_object_mut().unwrap().extend(link.as_object().unwrap().clone());
            actor.mutate("logActivity", input, "activity { id }").await.payload();
        }
        let by_marketing = log(&cast.marketing_manager, "logActivity").await;
        assert_eq!(by_marketing.as_array().unwrap().len(), 2);
        assert!(!fields(&by_marketing[0]).contains(&"body".to_owned()), "on a deal: {by_marketing:#}");
        assert!(fields(&by_marketing[0]).contains(&"kind".to_owned()));
        assert!(fields(&by_marketing[1]).contains(&"body".to_owned()), "off a deal: {by_marketing:#}");
        let by_rep = log(&cast.rep, "logActivity").await;
        assert_eq!(by_rep.as_array().unwrap().len(), 1, "the marketer's is not the rep's");
        assert!(fields(&by_rep[0]).contains(&"body".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_hidden_row_is_not_named_by_the_log() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let id = |kind: &str, id| GRAPH.named(kind).unwrap().global_id(id);
        let note = |deal, company| {
            json!({
                "kind": "NOTE", "subject": "Both", "dealId": id("Deal", deal), "companyId": id("Company", company),
                "ownerId": id("User", cast.rep.id),
            })
        };
        // The manager links the rep's activity to a deal of the other rep.
        cast.manager.mutate("logActivity", note(story.their_deal, story.company), "activity { id }").await.payload();
        let by_manager = log(&cast.manager, "logActivity").await;
        assert!(by_manager.to_string().contains(&id("Deal", story.their_deal)));
        let by_rep = log(&cast.rep, "logActivity").await;
        assert_eq!(by_rep.as_array().unwrap().len(), 1);
        assert!(fields(&by_rep[0]).contains(&"company".to_owned()));
        assert!(!fields(&by_rep[0]).contains(&"deal".to_owned()), "{by_rep:#}");
        assert!(!by_rep.to_string().contains(&id("Deal", story.their_deal)));
    })
    .await;
}

#[tokio::test]
async fn the_reason_is_kept_from_those_who_may_not_read_what_changed() {
    each_database(async |world| {
        let cast = world.cast().await;
        let input = json!({
            "name": "Spring", "code": "spring", "objective": "AWARENESS", "channel": "PR", "horizon": "LONG_TERM",
        });
        let boss = &cast.marketing_manager;
        let made = boss.mutate("createCampaign", input, "campaign { id version }").await.payload()["campaign"].clone();
        let update = json!({
            "id": made["id"], "expectedVersion": made["version"], "reason": "raised to 99 EUR",
            "budget": { "amount": "99", "currency": "EUR" },
        });
        boss.mutate("updateCampaign", update, "campaign { id }").await.payload();
        assert_eq!(log(boss, "updateCampaign").await[0]["reason"], "raised to 99 EUR");
        let by_rep = log(&cast.rep, "updateCampaign").await;
        assert_eq!(by_rep[0]["changes"], json!([]));
        assert_eq!(by_rep[0]["reason"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn the_log_costs_the_same_however_long_it_is() {
    each_database(async |world| {
        let cast = world.cast().await;
        let company = async |name: &str| {
            cast.rep.mutate("createCompany", json!({ "name": name }), "company { id }").await.payload();
        };
        company("One").await;
        let before = world.statements();
        log(&cast.rep, "createCompany").await;
        let one = world.statements() - before;
        for name in ["Two", "Three", "Four", "Five"] {
            company(name).await;
        }
        let before = world.statements();
        assert_eq!(log(&cast.rep, "createCompany").await.as_array().unwrap().len(), 5);
        assert_eq!(world.statements() - before, one);
    })
    .await;
}

#[tokio::test]
async fn the_history_of_one_record_is_asked_of_the_record_and_of_the_log() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let id = GRAPH.named("Deal").unwrap().global_id(story.my_deal);
        let renamed = cast.rep.mutate("updateDeal", json!({ "id": id, "expectedVersion": 1, "name": "Renamed" }), "").await;
        renamed.payload();
        let history = "query($id: ID!) { deal(id: $id) { \
            events(orderBy: [{ field: SEQ }]) { totalCount nodes { action subjectType subjectId } } } \
            events(filter: { subjectId: { eq: $id } }, orderBy: [{ field: SEQ }]) { totalCount nodes { action subjectType subjectId } } }";
        let answer = cast.rep.run(history, json!({ "id": id })).await;
        let of_deal = &answer.data()["deal"]["events"];
        assert_eq!(of_deal, &answer.data()["events"]);
        let change = |action: &str| json!({ "action": action, "subjectType": "DEAL", "subjectId": id });
        assert_eq!(of_deal, &json!({ "totalCount": 2, "nodes": [change("createDeal"), change("updateDeal")] }));
        // Hidden, missing or of no kind at all.
        let theirs = GRAPH.named("Deal").unwrap().global_id(story.their_deal);
        let log = "query($id: ID!) { events(filter: { subjectId: { eq: $id } }) { totalCount } }";
        assert_eq!(cast.rep.run(log, json!({ "id": theirs })).await.data()["events"]["totalCount"], 0);
        assert_eq!(cast.admin.run(log, json!({ "id": theirs })).await.data()["events"]["totalCount"], 1);
        assert_eq!(cast.rep.run(log, json!({ "id": "deal_1" })).await.code(), "BAD_USER_INPUT");
    })
    .await;
}

#[tokio::test]
async fn the_log_is_asked_for_kinds_that_there_are() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        world.story(&cast).await;
        let deals = "{ events(filter: { subjectType: { eq: DEAL } }) { totalCount } }";
        assert_eq!(cast.admin.ask(deals).await.data()["events"]["totalCount"], 2);
        let unknown = cast.admin.ask("{ events(filter: { subjectType: { eq: DEALS } }) { totalCount } }").await;
        assert_eq!(unknown.code(), "GRAPHQL_VALIDATION_FAILED");
        let groups =
            cast.admin.ask("{ events { groupBy(by: [{ field: SUBJECT_TYPE }]) { key { subjectType } count } } }").await;
        assert_eq!(groups.data()["events"]["groupBy"], json!([{ "key": { "subjectType": "DEAL" }, "count": 2 }]));
    })
    .await;
}

//! The closed list of error codes, each met once. (That no answer of any test has another one is checked by
//! `tests::manners`, through which every answer goes.)

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tributary::access::Kind;
use tributary::error::Code;
use tributary::schema::GRAPH;

/// Where a code is forced that takes more than a request here.
fn elsewhere(code: Code) -> Option<&'static str> {
    match code {
        Code::RateLimited => Some("auth: failed sign-ins"),
        Code::Timeout => Some("http::answer: a deadline of an operation"),
        Code::PersistedQueryNotFound | Code::PersistedQueryNotSupported => Some("the tests of persisted operations"),
        _ => None,
    }
}

#[tokio::test]
async fn every_code_is_met() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let contact = GRAPH.of(Kind::Contact).global_id(story.contact);
        let deal = |version: i32, name: &str| {
            json!({ "id": GRAPH.of(Kind::Deal).global_id(story.my_deal), "expectedVersion": version, "name": name })
        };
        let rename = "mutation($input: UpdateDealInput!) { updateDeal(input: $input) { deal { id } userErrors { code } } }";
        let with_key = |name: &str| json!({ "query": rename, "variables": { "input": deal(1, name) } });
        let key = [("Idempotency-Key", "once")];
        cast.rep.send(with_key("Renamed"), &key).await.payload();

        let mut answers = vec![
            world.stranger().ask("{ deals { totalCount } }").await,
            cast.analyst.mutate("updateDeal", deal(2, "x"), "deal { id }").await,
            cast.analyst.run("query($id: ID!) { contact(id: $id) { email } }", json!({ "id": contact })).await,
            cast.rep.mutate("updateDeal", json!({ "id": "deal_0", "expectedVersion": 1 }), "deal { id }").await,
            cast.rep.ask("{ deals(after: \"nowhere\") { totalCount } }").await,
            cast.rep.ask("{ deals").await,
            cast.rep.ask("{ deelz { id } }").await,
            cast.rep.mutate("updateDeal", deal(1, "x"), "deal { id }").await,
            cast.rep.send(with_key("Otherwise"), &key).await,
            cast.rep.ask(&format!("{}{}", "{ a ".repeat(50), "}".repeat(50))).await,
        ];
        world.execute("DROP TABLE exchange_rate").await;
        answers.push(cast.admin.ask("{ exchangeRates { nodes { id } } }").await);
        world.app.store().database().close().await;
        answers.push(cast.admin.ask("{ deals { totalCount } }").await);

        let met: BTreeSet<_> = answers.iter().flat_map(tests::Answer::codes).collect();
        for code in Code::ALL {
            let here = met.contains(code.as_str());
            let all: Vec<_> = answers.iter().map(|answer| &answer.body).collect();
            assert!(here || elsewhere(code).is_some(), "{code:?} is not met: {:#}", Value::from_iter(all.into_iter().cloned()));
        }
    })
    .await;
}

//! Two replicas on one PostgreSQL database, as `docker-compose.yml` runs them: each a process of its own.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use tributary::access::Role;
use tributary::demo;

use crate::service::{Service, ask, post};

/// A change that has not been told after so long is lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// A pair on an empty database that they fill with demo data.
async fn pair(url: &str) -> (Service, Service) {
    // Both at once: one migrates and fills the database, the other waits and finds it done.
    let start = || {
        let url = url.to_owned();
        tokio::task::spawn_blocking(move || Service::start(&url, &[("TRIBUTARY_DEMO", "auto")]))
    };
    tokio::try_join!(start(), start()).expect("both start")
}

/// The answer of server-sent events to a subscription, until the mark stands in it. There is no end to wait for.
async fn follow(address: &str, token: &str, query: &str, mark: &str) -> String {
    let mut stream = post(address, token, "text/event-stream", query, Value::Null).await.expect("it listens");
    let (mut told, mut part) = (String::new(), [0; 4_096]);
    while !told.contains(mark) {
        let read = stream.read(&mut part).await.expect("it goes on");
        assert!(read > 0, "the stream ended: {told}");
        told.push_str(&String::from_utf8_lossy(&part[..read]));
    }
    told
}

async fn sign_in(address: &str, role: Role) -> String {
    let user = demo::users().into_iter().find(|user| user.role == role).expect("a demo user of every role");
    let query = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }";
    let input = json!({ "email": user.email, "password": user.password });
    let answer = ask(address, "", query, json!({ "input": input })).await.expect("an answer");
    answer["data"]["signIn"]["accessToken"].as_str().unwrap_or_else(|| panic!("not signed in: {answer}")).to_owned()
}

async fn count(address: &str, token: &str) -> Value {
    let query = "{ leads { totalCount } activities { totalCount } campaigns { totalCount } }";
    let answer = ask(address, token, query, Value::Null).await.expect("an answer");
    assert!(answer.get("errors").is_none(), "{answer}");
    answer["data"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_are_one_service() {
    let Some(server) = tests::postgres_server() else { return };
    tests::on_empty_postgres(&server, async |url| {
        let (mut one, other) = pair(&url).await;

        let token = sign_in(&one.address, Role::SalesManager).await;
        let before = count(&other.address, &token).await;
        assert!(before["leads"]["totalCount"].as_i64() > Some(0), "the database was filled: {before}");
        assert_eq!(before["campaigns"]["totalCount"], demo::CAMPAIGNS, "it was filled once");

        let admin = sign_in(&other.address, Role::Admin).await;
        let newest = "{ events(last: 1, orderBy: [{ field: SEQ }]) { pageInfo { endCursor } } }";
        let newest = ask(&other.address, &admin, newest, Value::Null).await.expect("an answer");
        let cursor = newest["data"]["events"]["pageInfo"]["endCursor"].clone();
        let changed = format!("subscription {{ changed(types: [ACTIVITY], after: {cursor}) {{ node {{ id }} }} }}");
        // It waits for what has not happened yet, or happens meanwhile.
        let follower = tokio::spawn({
            let (address, token) = (other.address.clone(), token.clone());
            async move { follow(&address, &token, &changed, "event: next").await }
        });

        let deal = ask(&one.address, &token, "{ deals(first: 1) { nodes { id } } }", Value::Null).await.expect("an answer");
        let input = json!({
            "kind": "CALL", "subject": "Asked on one", "outcome": "REACHED", "dealId": deal["data"]["deals"]["nodes"][0]["id"],
        });
        let log = "mutation($input: LogActivityInput!) { logActivity(input: $input) { activity { id } userErrors { message } } }";
        let logged = ask(&one.address, &token, log, json!({ "input": input })).await.expect("an answer");
        let id = logged["data"]["logActivity"]["activity"]["id"].clone();
        assert!(id.is_string(), "{logged}");
        let read = "query($id: ID!) { activity(id: $id) { subject } }";
        let seen = ask(&other.address, &token, read, json!({ "id": id })).await.expect("an answer");
        assert_eq!(seen["data"]["activity"]["subject"], "Asked on one", "what one wrote, the other reads");

        let told = timeout(PATIENCE, follower).await.expect("the subscriber is told").expect("all went well");
        assert!(told.contains(id.as_str().unwrap_or("?")), "a change on one reaches a subscriber on the other: {told}");

        one.child.kill().expect("SIGKILL reaches it");
        one.child.wait().expect("it is gone");
        assert!(ask(&one.address, &token, "{ viewer { role } }", Value::Null).await.is_none(), "it is gone");
        let seen = ask(&other.address, &token, read, json!({ "id": id })).await.expect("the other goes on");
        assert_eq!(seen["data"]["activity"]["subject"], "Asked on one");
        let token = sign_in(&other.address, Role::SalesManager).await;
        assert_eq!(count(&other.address, &token).await["leads"], before["leads"]);
    })
    .await;
}

//! What an operation may cost, and what each principal may spend.

use entity::campaign;
use serde_json::{Value, json};
use tests::{Actor, Answer, World, row};
use tributary::access::Role;

/// Another service on the same database with a small allowance.
async fn small(world: &World, points: &str, per_second: &str) -> World {
    world.again(&[("TRIBUTARY_RATE_POINTS", points), ("TRIBUTARY_RATE_POINTS_PER_SECOND", per_second)]).await
}

fn cost(answer: &Answer) -> (u64, u64) {
    let cost = &answer.body["extensions"]["cost"];
    (cost["requested"].as_u64().expect("a figure"), cost["actual"].as_u64().expect("a figure"))
}

fn remaining(answer: &Answer) -> i64 {
    answer.body["extensions"]["cost"]["remaining"].as_i64().expect("a figure")
}

const DEEP: &str = "query($n: Int!) { companies(first: $n) { nodes { deals(first: $n) { nodes { \
                    activities(first: $n) { nodes { id } } } } } } }";

#[tokio::test]
async fn what_multiplies_beyond_the_limit_is_refused_before_anything_runs() {
    tests::each_database(async |world| {
        let admin = world.cast().await.admin;
        let before = world.statements();
        let refused = admin.run(DEEP, json!({ "n": 100 })).await;
        assert_eq!(refused.code(), "QUERY_TOO_COMPLEX");
        let message = refused.body["errors"][0]["message"].as_str().expect("a message");
        assert!(message.contains("1010100 rows") && message.contains("500000"), "{message}");
        assert_eq!(world.statements(), before, "not even who asks is read");
        admin.run(DEEP, json!({ "n": 10 })).await.data();
    })
    .await;
}

#[tokio::test]
async fn what_costs_more_than_a_whole_allowance_never_runs() {
    tests::each_database(async |world| {
        let world = small(&world, "50", "1").await;
        let ada = world.person("Ada", Role::Admin, None).await;
        let refused = ada.run(DEEP, json!({ "n": 20 })).await;
        assert_eq!(refused.code(), "QUERY_TOO_COMPLEX");
        let message = refused.body["errors"][0]["message"].as_str().expect("a message");
        assert!(message.contains("89 points; the limit is 50"), "{message}");
    })
    .await;
}

#[tokio::test]
async fn an_answer_tells_what_was_asked_for_and_what_was_used() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        world.story(&cast).await;
        let answer = cast.admin.ask("{ deals(first: 500) { totalCount nodes { name owner { name } } } }").await;
        // One for the operation, two statements, and 1,000 rows estimated of which a handful was there.
        assert_eq!(cost(&answer), (1 + 2 + 10, 1 + 2 + 1));
        assert!(answer.body["extensions"]["cost"].get("remaining").is_none(), "nothing is limited here");
        let invalid = cast.admin.ask("{ deals(first: 500) { nodes { nothing } } }").await;
        assert_eq!(invalid.code(), "GRAPHQL_VALIDATION_FAILED");
        assert_eq!(invalid.body["extensions"]["cost"], Value::Null, "what is not valid costs nothing");
        let stranger = world.stranger().ask("{ __typename }").await;
        assert!(stranger.body.get("extensions").is_none());
    })
    .await;
}

#[tokio::test]
async fn an_estimate_is_never_below_what_was_used() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        world.story(&cast).await;
        for query in [
            "{ companies { nodes { deals { totalCount nodes { activities { nodes { owner { name } } } } } } } }",
            "{ deals { groupBy(by: [{ field: OWNER }]) { count key { owner { name } } } aggregate { count } } }",
            "{ viewer { user { name team { name } } role } }",
            "{ events(first: 100) { nodes { changes { field } reason } } }",
        ] {
            let answer = cast.admin.ask(query).await;
            let (requested, actual) = cost(&answer);
            answer.data();
            assert!(actual > 1 && actual <= requested, "{query}: {actual} of {requested}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_allowance_is_spent_refused_and_comes_back() {
    tests::each_database(async |world| {
        let world = small(&world, "40", "2").await;
        let ada = world.person("Ada", Role::Admin, None).await;
        let bob = world.person("Bob", Role::Admin, None).await;
        let query = "{ deals { nodes { id } } }";
        let first = ada.ask(query).await;
        // 25 rows were estimated, none was there: one point came back.
        assert_eq!((cost(&first), remaining(&first)), ((3, 2), 38));
        assert_eq!(first.header("ratelimit-policy"), "\"points\";q=40;w=20");
        assert_eq!(first.header("ratelimit"), "\"points\";r=38;t=1");
        let mut last = first;
        while last.status == 200 {
            last = ada.ask(query).await;
        }
        assert_eq!((last.status.as_u16(), last.code().as_str()), (429, "RATE_LIMITED"));
        assert_eq!(remaining(&last), 2);
        assert_eq!((last.header("retry-after"), last.header("ratelimit")), ("1", "\"points\";r=2;t=19"));
        let error = &last.body["errors"][0];
        assert_eq!(error["extensions"]["retryAfterSeconds"], 1);
        assert!(error["message"].as_str().expect("words").contains("Try again in 1 seconds"), "{error}");
        assert!(last.body.get("data").is_none());
        bob.ask(query).await.data();
        world.clock.advance(chrono::Duration::seconds(1));
        ada.ask(query).await.data();
        world.clock.advance(chrono::Duration::seconds(60));
        assert_eq!(remaining(&ada.ask(query).await), 38);
    })
    .await;
}

#[tokio::test]
async fn batches_and_sessions_share_the_allowance_of_their_user() {
    tests::each_database(async |world| {
        let world = small(&world, "20", "1").await;
        let ada = world.person("Ada", Role::Admin, None).await;
        let one = json!({ "query": "{ deals { nodes { id } } }" });
        let batch = ada.send(json!(vec![one.clone(); 10]), &[]).await;
        let codes: Vec<_> = batch
            .body
            .as_array()
            .expect("ten answers")
            .iter()
            .map(|answer| &answer["errors"][0]["extensions"]["code"])
            .collect();
        assert_eq!(codes.iter().filter(|code| ***code == Value::Null).count(), 9, "{codes:?}");
        assert_eq!(*codes[9], "RATE_LIMITED");
        let again = world.sign_in(ada.id, Role::Admin).await;
        assert_eq!(again.send(one.clone(), &[]).await.code(), "RATE_LIMITED");
        let all = again.send(json!([one.clone(), one]), &[]).await;
        assert_eq!(all.status, 429, "what all members share is the status of the batch");
    })
    .await;
}

#[tokio::test]
async fn mutations_cost_by_the_item() {
    tests::each_database(async |world| {
        let world = small(&world, "100", "1").await;
        let ada = world.person("Ada", Role::Admin, None).await;
        let made = ada.mutate("createCompany", json!({ "name": "Acme" }), "company { id }").await;
        made.payload();
        assert_eq!(cost(&made), (13, 13));
        let lead = json!({ "source": "INBOUND", "contact": { "email": "a@example.org" } });
        let items = json!({ "items": vec![lead; 10] });
        let many =
            "mutation($input: CaptureLeadsInput!) { captureLeads(input: $input) { results { userErrors { code } } } }";
        let refused = ada.run(many, json!({ "input": items })).await;
        assert_eq!(refused.code(), "QUERY_TOO_COMPLEX");
    })
    .await;
}

#[tokio::test]
async fn strangers_are_limited_as_well() {
    tests::each_database(async |world| {
        let world = small(&world, "30", "1").await;
        let sign_in =
            "mutation { signIn(input: { email: \"x@example.org\", password: \"wrong\" }) { userErrors { code } } }";
        let mut last = world.stranger().ask(sign_in).await;
        assert!(last.body.get("extensions").is_none() && !last.header("ratelimit").is_empty());
        for _ in 0..2 {
            last = world.stranger().ask(sign_in).await;
        }
        assert_eq!(last.code(), "RATE_LIMITED");
        world.person("Ada", Role::Admin, None).await.ask("{ viewer { role } }").await.data();
    })
    .await;
}

#[tokio::test]
async fn the_viewer_can_ask_how_things_stand() {
    tests::each_database(async |world| {
        let query = "{ viewer { rateLimit { limit remaining restoreRate resetAt cost } } }";
        let ada = world.person("Ada", Role::Admin, None).await;
        assert_eq!(ada.ask(query).await.data()["viewer"]["rateLimit"], Value::Null);
        let ada = Actor { world: small(&world, "100", "2").await, ..ada };
        ada.ask("{ deals { totalCount } }").await.data();
        let expected = json!({
            "limit": 100, "remaining": 97, "restoreRate": 2, "resetAt": "2026-03-01T09:00:01.500Z", "cost": 1
        });
        assert_eq!(ada.ask(query).await.data()["viewer"]["rateLimit"], expected);
    })
    .await;
}

/// A filter that asks so many plain things.
fn or(count: usize) -> Value {
    json!({ "or": (0..count).map(|n| json!({ "name": { "eq": format!("x{n}") } })).collect::<Vec<_>>() })
}

#[track_caller]
fn too_many(answer: &Answer, figure: &str) {
    assert_eq!(answer.code(), "QUERY_TOO_COMPLEX", "{:#}", answer.body);
    let message = answer.body["errors"][0]["message"].as_str().expect("words");
    assert!(message.contains(figure), "{message}");
}

#[tokio::test]
async fn a_filter_has_so_many_tests_however_they_are_put_and_runs_with_all_of_them() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        world.story(&cast).await;
        let admin = &cast.admin;
        let query = "query($f: DealFilter) { deals(filter: $f) { totalCount nodes { id } } }";
        let long = |test: Value, count| json!({ "and": vec![test; count] });
        let nested = |inner: Value| json!({ "not": { "or": [{ "and": [{ "not": { "or": [{ "not": inner }] } }] }] } });
        let ids = |count| json!({ "notIn": vec![format!("deal_{:032x}", 7); count] });
        for (filter, tests) in [
            (or(200), 200),
            (json!({ "not": or(200) }), 200),
            (nested(or(200)), 200),
            (json!({ "and": [or(100), { "or": [or(50), { "not": or(50) }] }] }), 200),
            (long(json!({ "amount": { "gt": "1.00", "currency": "EUR" } }), 100), 200),
            (long(json!({ "closedAt": { "last": { "days": 3 } } }), 200), 200),
            (long(json!({ "owner": { "me": true } }), 50), 50),
            (long(json!({ "owner": null }), 50), 50),
            (long(json!({ "activities": { "none": { "subject": { "contains": "x" } } } }), 50), 50),
            (long(json!({}), 200), 200),
            (long(json!({ "id": ids(1_000) }), 20), 200),
        ] {
            admin.run(query, json!({ "f": filter })).await.data();
            let more = json!({ "and": [filter, or(201 - tests)] });
            too_many(&admin.run(query, json!({ "f": more })).await, "A filter: 201 tests; the limit is 200.");
        }
        let literal = (0..201).map(|n| format!("{{ name: {{ eq: \"{n}\" }} }}")).collect::<Vec<_>>().join(" ");
        too_many(
            &admin.ask(&format!("{{ deals(filter: {{ or: [{literal}] }}) {{ totalCount }} }}")).await,
            "201 tests",
        );
        let listed = |count: usize| {
            let one = |n| format!("d{n}: deals(filter: $f) {{ totalCount }}");
            format!("query($f: DealFilter) {{ {} }}", (0..count).map(one).collect::<Vec<_>>().join(" "))
        };
        admin.run(&listed(5), json!({ "f": or(200) })).await.data();
        let refused = admin.run(&listed(6), json!({ "f": or(200) })).await;
        too_many(&refused, "The operation: 1200 tests in its filters; the limit is 1000.");
        let below = "query($f: DealFilter) { companies { nodes { deals(filter: $f) { totalCount } } } }";
        too_many(&admin.run(below, json!({ "f": or(201) })).await, "201 tests");
        let batch = admin.send(json!([{ "query": query, "variables": { "f": or(201) } }]), &[]).await;
        assert_eq!(batch.body[0]["errors"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX");
    })
    .await;
}

#[tokio::test]
async fn what_is_followed_is_filtered_by_so_many_tests() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;
        let query = "subscription($f: EventFilter) { changed(filter: $f) { cursor } }";
        let or = |count: usize| json!({ "or": vec![json!({ "action": { "ne": "nothing" } }); count] });
        let mut socket = served.socket(&cast.rep).await;
        socket.run("many", query, json!({ "f": or(201) })).await;
        assert_eq!(socket.error("many").await, "QUERY_TOO_COMPLEX");
        socket.follow("some", query, json!({ "f": or(200) })).await;
        cast.rep.mutate("createCompany", json!({ "name": "Acme" }), "company { id }").await.payload();
        socket.data("some").await;
    })
    .await;
}

#[tokio::test]
async fn judging_what_is_large_is_paid_for_whatever_becomes_of_it() {
    tests::on_sqlite(async |world| {
        let world = small(&world, "100", "1").await;
        let ada = world.person("Ada", Role::Admin, None).await;
        let bob = world.person("Bob", Role::Admin, None).await;
        let query = "query($f: DealFilter) { deals(filter: $f) { totalCount } }";
        let large = async || ada.run(query, json!({ "f": or(16_000) })).await;
        too_many(&large().await, "16000 tests");
        too_many(&large().await, "16000 tests");
        let refused = large().await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "RATE_LIMITED"));
        assert!(!refused.header("retry-after").is_empty());
        bob.run(query, json!({ "f": or(2) })).await.data();
    })
    .await;
}

/// A campaign that changed twenty thousand times, and a service that knows how large its tables are.
async fn filled(world: &World, points: &str) -> World {
    let campaign = world.insert(row!(world, campaign { name: "Old".to_owned(), code: "old".to_owned() })).await.id;
    let (new_id, id) = if world.is_postgres() {
        ("gen_random_uuid()", format!("'{campaign}'"))
    } else {
        ("randomblob(16)", format!("x'{}'", campaign.simple()))
    };
    let numbers = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)";
    let at = "'2026-01-01T12:00:00+00:00'";
    world
        .execute(&format!(
            "INSERT INTO transition (id, created_at, campaign_id, to_state, at) {numbers} \
             SELECT {new_id}, {at}, {id}, 'ACTIVE', {at} FROM numbers"
        ))
        .await;
    world.execute("ANALYZE").await;
    let small = small(world, points, "1").await;
    small.app.store().measure().await.expect("sizes");
    small
}

#[tokio::test]
async fn what_looks_at_large_tables_is_paid_for_and_refused_before_anything_runs() {
    const NONE: &str = "{ campaign: { transitions: { none: { toState: { contains: \"x\" } } } } }";
    tests::each_database(async |world| {
        let marketer = world.cast().await.marketer;
        let marketer = Actor { world: filled(&world, "50").await, ..marketer };
        let world = &marketer.world;
        let list = |args: &str, fields: &str| format!("{{ transitions{args} {{ {fields} }} }}");
        for cheap in [
            list("", "nodes { toState }"),
            "{ campaigns { nodes { transitions(first: 5) { nodes { toState } } } } }".to_owned(),
            "{ campaigns(filter: { name: { contains: \"l\" } }) { totalCount nodes { name } } }".to_owned(),
            list("", "totalCount"),
        ] {
            marketer.ask(&cheap).await.data();
            world.clock.advance(chrono::Duration::seconds(60));
        }
        let filter = format!("(filter: {NONE})");
        let before = world.statements();
        let dear = [
            list(&filter, "totalCount"),
            list(&filter, "nodes { toState }"),
            list(&filter, "aggregate { count }"),
            list(&format!("(filter: {{ or: [{}] }})", "{ toState: { ne: \"x\" } } ".repeat(28)), "totalCount"),
            list(&filter, "groupBy(by: [{ field: TO_STATE }]) { count }"),
            format!("{{ campaigns {{ nodes {{ transitions{filter} {{ totalCount }} }} }} }}"),
            format!("{{ campaigns(filter: {{ transitions: {{ some: {NONE} }} }}) {{ nodes {{ name }} }} }}"),
            list("", "a: totalCount aggregate { count } groupBy(by: [{ field: TO_STATE }]) { count }"),
        ];
        for query in &dear {
            let refused = marketer.ask(query).await;
            assert_eq!(refused.code(), "QUERY_TOO_COMPLEX", "{query}: {}", refused.body);
            let message = refused.body["errors"][0]["message"].as_str().expect("words");
            assert!(message.ends_with("points; the limit is 50."), "{message}");
        }
        let query = "query($f: TransitionFilter) { transitions(filter: $f) { totalCount } }";
        let given = json!({ "f": { "campaign": { "transitions": { "none": { "toState": { "contains": "x" } } } } } });
        assert_eq!(marketer.run(query, given).await.code(), "QUERY_TOO_COMPLEX");
        assert_eq!(world.statements(), before, "not even who asks is read");

        let richer = Actor { world: world.again(&[("TRIBUTARY_RATE_POINTS", "20000")]).await, ..marketer.clone() };
        richer.world.app.store().measure().await.expect("sizes");
        for query in &dear {
            let answer = richer.ask(query).await;
            let (requested, actual) = cost(&answer);
            assert!(requested > 50 && actual <= requested, "{query}: {actual} of {requested}");
            answer.data();
        }
    })
    .await;
}

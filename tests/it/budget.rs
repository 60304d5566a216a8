//! Statements are counted: their number depends on the depth of a query, never on the number of rows.

use serde_json::{Value, json};
use tests::inputs::{Inputs, SESSIONS};
use tests::{Actor, World};

/// Finding out who asks is one statement.
const VIEWER: u64 = 1;

async fn cost(world: &World, actor: &Actor, query: &str) -> u64 {
    let before = world.statements();
    actor.ask(query).await.data();
    world.statements() - before - VIEWER
}

#[tokio::test]
async fn a_query_takes_one_statement_a_level() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let won = world.literal(story.my_deal);
        let now = "2026-03-01T09:00:00+00:00";
        world.execute(&format!("UPDATE lead SET status = 'CONVERTED', converted_at = '{now}', deal_id = {won} WHERE status = 'SQL'")).await;
        let deep = "{ campaigns { nodes { name owner { name } leads { nodes { status owner { name } company { name }
            deal { name owner { name } company { name } activities { nodes { kind owner { name } company { name } } } } } } } } }";
        for actor in [&cast.admin, &cast.rep, &cast.marketer] {
            assert_eq!(cost(&world, actor, deep).await, 3, "campaigns, leads with their deal, activities");
            let list = "{ deals { nodes { name amount { amount } company { name } owner { name team { name } } } } }";
            assert_eq!(cost(&world, actor, list).await, 1, "to-one references are joined");
            let all = "{ deals { totalCount nodes { name } aggregate { count sum { amount { amount } } } groupBy(by: [{ field: STATUS }]) { count } } }";
            assert_eq!(cost(&world, actor, all).await, 4, "rows, count, sums, groups");
        }
        let before = cost(&world, &cast.admin, deep).await;
        for _ in 0..60 {
            let copy = entity::activity::Model {
                id: world.id(),
                deal_id: Some(story.my_deal),
                subject: "again".to_owned(),
                version: 1,
                ..entity::activity::Model::default()
            };
            world.insert(copy).await;
        }
        assert_eq!(cost(&world, &cast.admin, deep).await, before, "sixty rows more, no statement more");
    })
    .await;
}

#[tokio::test]
async fn aliases_of_a_list_are_lists_of_their_own() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        world.story(&cast).await;
        let query = "{ companies { nodes { open: deals(filter: { status: { eq: OPEN } }) { nodes { name } } won: deals(filter: { status: { eq: WON } }, first: 1) { nodes { name } } } } }";
        let answer = cast.admin.ask(query).await;
        let company = &answer.data()["companies"]["nodes"][0];
        assert_eq!(company["open"]["nodes"][0]["name"], "Mine");
        assert_eq!(company["won"]["nodes"][0]["name"], "Theirs");
        assert_eq!(cost(&world, &cast.admin, query).await, 3);
    })
    .await;
}

async fn spent(world: &World, actor: &Actor, mutation: &str, input: Value, fields: &str) -> u64 {
    let before = world.statements();
    actor.mutate(mutation, input, fields).await.payload();
    world.statements() - before - VIEWER
}

/// So many companies, so many notes on the deal.
fn companies(from: usize, count: usize) -> Value {
    (from..from + count).map(|at| json!({ "name": format!("Company {at}") })).collect()
}

#[tokio::test]
async fn the_answer_of_a_batch_takes_one_statement_a_level() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let row = "company { name owner { name team { name } } contacts { nodes { id } } deals { nodes { name } } }";
        let (none, rows) = ("results { __typename }".to_owned(), format!("results {{ {row} again: {row} }}"));
        let mut from = 0;
        for (count, levels) in [(1, 6), (3, 6), (40, 6)] {
            let input = |from| json!({ "items": companies(from, count) });
            let without = spent(&world, &cast.admin, "createCompanies", input(from), &none).await;
            let with = spent(&world, &cast.admin, "createCompanies", input(from + count), &rows).await;
            assert_eq!(with - without, levels, "{count} companies, each answered under two names");
            from += 2 * count;
        }
        let deal = crate::gid("deal", story.my_deal);
        let notes = |count: usize| {
            let note = json!({ "kind": "NOTE", "subject": "a note", "dealId": deal });
            json!({ "items": vec![note; count] })
        };
        let row = "results { activity { subject deal { name contacts { nodes { id } } } owner { name } } }";
        for count in [2, 30] {
            let without = spent(&world, &cast.rep, "logActivities", notes(count), "results { __typename }").await;
            let with = spent(&world, &cast.rep, "logActivities", notes(count), row).await;
            assert_eq!(with - without, 2, "{count} activities");
        }
    })
    .await;
}

/// Statements of a mutation, without those of its answer: as many as its rules need, and no more unnoticed.
const WRITES: &str = include_str!("../writes.txt");

#[tokio::test]
async fn a_write_takes_as_many_statements_as_it_is_said_to() {
    let inputs = Inputs::read();
    let mut found = Vec::new();
    // A sample that is not done fails here as well.
    for mutation in inputs.mutations().into_iter().filter(|name| !SESSIONS.contains(name)) {
        let statements = std::cell::Cell::new(0);
        tests::on_sqlite(async |world| {
            let cast = world.cast().await;
            let story = world.story(&cast).await;
            let sample = inputs.sample(&world, &cast, &story, mutation).await;
            statements.set(spent(&world, &sample.actor, mutation, sample.input, "__typename").await);
            world.assert_keys().await;
        })
        .await;
        found.push(format!("{mutation} {}", statements.get()));
    }
    let found = found.join("\n") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/writes.txt"), &found).expect("the file can be written");
    } else {
        assert_eq!(found, WRITES, "UPDATE=1 writes tests/writes.txt anew: read what has changed");
    }
}

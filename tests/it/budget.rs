//! Statements are counted: their number depends on the depth of a query, never on the number of rows.

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

//! The example to copy: a world, a cast, a question.

use serde_json::json;

#[tokio::test]
async fn a_stranger_learns_only_that_somebody_answers() {
    tests::each_database(async |world| {
        let stranger = world.stranger();
        assert_eq!(stranger.ask("{ __typename }").await.data()["__typename"], "Query");
        assert_eq!(stranger.ask("{ users { totalCount } }").await.code(), "UNAUTHENTICATED");
    })
    .await;
}

#[tokio::test]
async fn everybody_inside_sees_the_teams() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let answer =
            cast.rep.ask("{ teams { totalCount nodes { name parent { name } members { nodes { name } } } } }").await;
        let teams = &answer.data()["teams"];
        assert_eq!(teams["totalCount"], 4);
        assert_eq!(
            teams["nodes"][1],
            json!({ "name": "North", "parent": { "name": "Sales" }, "members": { "nodes": [{ "name": "Rita" }] } })
        );
    })
    .await;
}

//! The places of stages in a pipeline: where a new one comes, and how others make room for one that moves.

use serde_json::{Value, json};
use tests::{Actor, World, each_database};

const STAGE: &str = "stage { id position }";

/// The names of a pipeline's stages in their order.
async fn names(actor: &Actor, pipeline: &Value) -> Vec<String> {
    let query = "query($id: ID!) { pipeline(id: $id) { stages { nodes { name } } } }";
    let answer = actor.run(query, json!({ "id": pipeline })).await;
    let stages = answer.data()["pipeline"]["stages"]["nodes"].as_array().cloned().unwrap_or_default();
    stages.iter().map(|stage| stage["name"].as_str().expect("a name").to_owned()).collect()
}

async fn create(actor: &Actor, pipeline: &Value, more: Value) -> tests::Answer {
    let mut input = json!({ "pipelineId": pipeline });
    input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    actor.mutate("createStage", input, STAGE).await
}

/// Gives the stage of this name a position.
async fn put(actor: &Actor, name: &str, position: i64) -> tests::Answer {
    let query = "query($n: String!) { stages(filter: { name: { eq: $n } }) { nodes { id version } } }";
    let stage = actor.run(query, json!({ "n": name })).await.data()["stages"]["nodes"][0].clone();
    let input = json!({ "id": stage["id"], "expectedVersion": stage["version"], "position": position });
    actor.mutate("updateStage", input, STAGE).await
}

/// A pipeline whose stages stand side by side: First, Second, Won, Lost.
async fn setting(world: &World) -> (Actor, Value) {
    let cast = world.cast().await;
    let made = cast.admin.mutate("createPipeline", json!({ "name": "Renewals" }), "pipeline { id }").await;
    let pipeline = made.payload()["pipeline"]["id"].clone();
    for (name, position) in [("Won", 3), ("Lost", 4)] {
        put(&cast.admin, name, position).await.payload();
    }
    for name in ["First", "Second"] {
        create(&cast.admin, &pipeline, json!({ "name": name })).await.payload();
    }
    (cast.admin, pipeline)
}

#[tokio::test]
async fn a_new_stage_comes_behind_those_of_its_kind() {
    each_database(async |world| {
        let (admin, pipeline) = setting(&world).await;
        assert_eq!(names(&admin, &pipeline).await, ["First", "Second", "Won", "Lost"]);
        create(&admin, &pipeline, json!({ "name": "Third" })).await.payload();
        create(&admin, &pipeline, json!({ "name": "Gone", "category": "LOST" })).await.payload();
        assert_eq!(names(&admin, &pipeline).await, ["First", "Second", "Third", "Won", "Lost", "Gone"]);
        create(&admin, &pipeline, json!({ "name": "Zeroth", "position": 1 })).await.payload();
        assert_eq!(names(&admin, &pipeline).await, ["Zeroth", "First", "Second", "Third", "Won", "Lost", "Gone"]);
    })
    .await;
}

#[tokio::test]
async fn stages_change_places() {
    each_database(async |world| {
        let (admin, pipeline) = setting(&world).await;
        put(&admin, "Second", 1).await.payload();
        assert_eq!(names(&admin, &pipeline).await, ["Second", "First", "Won", "Lost"]);
        put(&admin, "Lost", 1).await.payload();
        assert_eq!(names(&admin, &pipeline).await, ["Lost", "Second", "First", "Won"]);
        let last = put(&admin, "Lost", 10_000).await;
        assert_eq!(last.payload()["stage"]["position"], 10_000);
        assert_eq!(names(&admin, &pipeline).await, ["Second", "First", "Won", "Lost"]);
        let events =
            "{ events(filter: { action: { eq: \"updateStage\" } }) { nodes { subjectId changes { field } } } }";
        let changed = admin.ask(events).await;
        let changed = changed.data()["events"]["nodes"].as_array().map(Vec::len).unwrap_or_default();
        assert!(changed > 5, "a stage that makes room has its own event");
    })
    .await;
}

#[tokio::test]
async fn a_position_is_in_bounds() {
    each_database(async |world| {
        let (admin, pipeline) = setting(&world).await;
        for position in [i64::from(i32::MAX), 10_001, 0, -1, i64::from(i32::MIN)] {
            assert_eq!(put(&admin, "Second", position).await.mistakes(), ["INVALID position"], "{position}");
        }
        put(&admin, "Second", 10_000).await.payload();
        let behind = create(&admin, &pipeline, json!({ "name": "Third" })).await;
        assert_eq!(behind.mistakes(), ["INVALID position"], "no place is behind the last");
        let there = create(&admin, &pipeline, json!({ "name": "Third", "position": 10_000 })).await;
        assert_eq!(there.mistakes(), ["INVALID position"], "the last has nowhere to go");
        // What was kept before positions had bounds is no reason to fail either.
        world.execute("UPDATE stage SET position = 2147483647 WHERE name = 'Second'").await;
        let behind = create(&admin, &pipeline, json!({ "name": "Third" })).await;
        assert_eq!(behind.mistakes(), ["INVALID position"]);
    })
    .await;
}

//! What a warrant opens: rows of its kind and of the kinds that its declaration names, and nothing else.

use entity::{pipeline, stage, team};
use tests::{each_database, row};
use tributary::access::{Action, Role, Viewer};
use tributary::error::Code;
use tributary::store::Tx;
use uuid::Uuid;

#[tokio::test]
async fn an_action_affects_what_its_kind_is_declared_to() {
    each_database(async |world| {
        let cast = world.cast().await;
        let (line, _) = world.pipeline().await;
        let viewer =
            Viewer { id: cast.admin.id, role: Role::Admin, team: None, teams: [].into(), session: Uuid::nil() };
        let tx = Tx::begin(world.app.store().reader(viewer), "test").await.expect("a transaction");
        let warrant = tx.may::<pipeline::Entity>(Action::Update).expect("an administrator may");
        let stage = row!(world, stage { pipeline_id: line, position: 9, exit_criteria: serde_json::json!([]) });
        tx.add::<stage::Entity>(&warrant, stage).await.expect("a pipeline affects its stages");
        let team = row!(world, team { name: "New".to_owned() });
        let refused = tx.add::<team::Entity>(&warrant, team).await.expect_err("and no team");
        assert_eq!(refused.code(), Code::Internal);
        let mut north = tx.affect::<team::Entity>(&warrant, cast.north).await.expect("it may look");
        north.name = "Northern".to_owned();
        assert_eq!(tx.save(north).await.expect_err("and write nothing").code(), Code::Internal);
    })
    .await;
}

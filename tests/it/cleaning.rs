//! What is kept for a time only goes when its time is over, and nothing else does.

use chrono::Duration;
use entity::{idempotency_record, refresh_token};
use serde_json::json;
use tests::{World, each_database};
use tributary::cleaning::clean;
use uuid::Uuid;

async fn count(world: &World, table: &str) -> i64 {
    world.number(&format!("SELECT count(*) FROM {table}")).await
}

/// A refresh token of a user that ends in so many days, used for its successor if there is one.
async fn token(world: &World, user: Uuid, days: i64, successor: Option<Uuid>) -> Uuid {
    let id = world.id();
    let row = refresh_token::Model {
        id,
        user_id: user,
        family_id: world.id(),
        token_hash: id.to_string(),
        created_at: world.now(),
        expires_at: world.now() + Duration::days(days),
        used_at: successor.map(|_| world.now()),
        successor_id: successor,
        ..refresh_token::Model::default()
    };
    world.insert(row).await.id
}

#[tokio::test]
async fn what_was_kept_long_enough_is_removed() {
    each_database(async |world| {
        let rep = world.rep().await;
        // The life of tokens was shortened meanwhile: the successor ends before the one that it replaced.
        let successor = token(&world, rep.id, 1, None).await;
        token(&world, rep.id, 40, Some(successor)).await;
        for _ in 0..1_234 {
            token(&world, rep.id, 1, None).await;
        }
        for hours in [1, 23, 25, 26] {
            let row = idempotency_record::Model {
                principal_id: rep.id,
                key: format!("{hours} hours old"),
                created_at: world.now() + Duration::days(2) - Duration::hours(hours),
                ..idempotency_record::Model::default()
            };
            world.insert(row).await;
        }
        assert_eq!(clean(&world.app).await.expect("clean"), 0, "everything is young");
        world.clock.advance(Duration::days(2));
        assert_eq!(clean(&world.app).await.expect("clean"), 1_235 + 2);
        assert_eq!(clean(&world.app).await.expect("clean"), 0);
        assert_eq!(count(&world, "refresh_token").await, 2, "the session of the rep, and the long one");
        assert_eq!(world.number("SELECT count(*) FROM refresh_token WHERE successor_id IS NULL").await, 2);
        assert_eq!(count(&world, "idempotency_record").await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_key_is_remembered_for_a_day_whoever_cleans() {
    each_database(async |world| {
        let rep = world.rep().await;
        let input = json!({ "name": "Acme", "idempotencyKey": "k-1" });
        let mut ids = Vec::new();
        for hours in [0, 23, 2] {
            world.clock.advance(Duration::hours(hours));
            let rep = world.sign_in(rep.id, rep.role.expect("a role")).await;
            clean(&world.app).await.expect("clean");
            let made = rep.mutate("createCompany", input.clone(), "company { id }").await;
            ids.push(made.payload()["company"]["id"].clone());
        }
        assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
    })
    .await;
}

#[tokio::test]
async fn replicas_clean_at_once() {
    each_database(async |world| {
        let rep = world.rep().await;
        for _ in 0..1_100 {
            token(&world, rep.id, 1, None).await;
        }
        world.clock.advance(Duration::days(2));
        let other = world.again(&[]).await;
        let (one, two) = tokio::join!(clean(&world.app), clean(&other.app));
        assert_eq!(one.expect("clean") + two.expect("clean"), 1_100);
        other.app.store().database().close().await;
    })
    .await;
}

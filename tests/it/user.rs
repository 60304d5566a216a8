//! Users and teams through the front door.

use serde_json::{Value, json};
use tests::{Actor, each_database};
use tributary::schema::GRAPH;
use uuid::Uuid;

const USER: &str = "user { id version name email role status team { name } }";
const PASSWORD: &str = "violet tractor meadow";

fn user(id: Uuid) -> Value {
    json!({ "id": GRAPH.named("User").unwrap().global_id(id), "expectedVersion": 1 })
}

fn team(id: Uuid) -> Value {
    json!({ "id": GRAPH.named("Team").unwrap().global_id(id), "expectedVersion": 1 })
}

fn with(mut input: Value, name: &str, value: Value) -> Value {
    input[name] = value;
    input
}

/// Someone who may work, as the API answers them.
async fn works(actor: &Actor) -> bool {
    actor.ask("{ users { totalCount } }").await.codes().is_empty()
}

#[tokio::test]
async fn only_the_admin_makes_users_and_nobody_reads_a_password() {
    each_database(async |world| {
        let cast = world.cast().await;
        let input = json!({
            "name": "Nina", "email": "Nina@tributary.example", "role": "MARKETER", "password": PASSWORD,
            "teamId": team(cast.marketing)["id"], "idempotencyKey": "nina",
        });
        for actor in cast.roles().into_iter().filter(|actor| actor.id != cast.admin.id) {
            assert_eq!(actor.mutate("createUser", input.clone(), USER).await.codes(), ["FORBIDDEN"]);
        }
        let made = cast.admin.mutate("createUser", input.clone(), USER).await.payload()["user"].clone();
        assert_eq!((&made["email"], &made["team"]["name"]), (&json!("nina@tributary.example"), &json!("Marketing")));
        let hashes = "SELECT COUNT(*) FROM app_user WHERE password_hash LIKE '$argon2id$%'";
        assert_eq!(world.number(hashes).await, 1);
        let events = cast.admin.ask("{ events { nodes { changes { field from to } } } }").await.body.to_string();
        assert!(!events.contains("assword") && !events.contains("argon2"), "{events}");
        let weak = with(with(input, "password", json!("short")), "idempotencyKey", Value::Null);
        let weak = with(weak, "name", json!(""));
        assert_eq!(
            cast.admin.mutate("createUser", weak.clone(), USER).await.mistakes(),
            ["REQUIRED name", "INVALID password"]
        );
        let taken = with(with(weak, "password", Value::Null), "name", json!("Nina"));
        assert_eq!(cast.admin.mutate("createUser", taken, USER).await.mistakes(), ["TAKEN email"]);
    })
    .await;
}

#[tokio::test]
async fn a_suspended_user_is_out_at_once() {
    each_database(async |world| {
        let cast = world.cast().await;
        assert!(works(&cast.rep).await);
        let refused = cast.manager.mutate("suspendUser", user(cast.rep.id), USER).await;
        assert_eq!(refused.code(), "FORBIDDEN");
        let out = cast.admin.mutate("suspendUser", user(cast.rep.id), USER).await.payload()["user"].clone();
        assert_eq!(out["status"], "SUSPENDED");
        assert!(!works(&cast.rep).await);
        let again = with(user(cast.rep.id), "expectedVersion", json!(2));
        assert_eq!(cast.admin.mutate("suspendUser", again.clone(), USER).await.code(), "CONFLICT");
        cast.admin.mutate("reactivateUser", again, USER).await.payload();
        assert!(!works(&cast.rep).await, "the old session has ended");
        assert!(works(&world.sign_in(cast.rep.id, tributary::access::Role::SalesRep).await).await);
    })
    .await;
}

#[tokio::test]
async fn somebody_always_runs_the_system() {
    each_database(async |world| {
        let cast = world.cast().await;
        let own = user(cast.admin.id);
        assert_eq!(cast.admin.mutate("suspendUser", own.clone(), USER).await.code(), "CONFLICT");
        assert_eq!(cast.admin.mutate("deleteUser", own.clone(), USER).await.code(), "CONFLICT");
        let demoted = with(own, "role", json!("ANALYST"));
        assert_eq!(cast.admin.mutate("updateUser", demoted.clone(), USER).await.code(), "CONFLICT");
        let heir = with(user(cast.manager.id), "role", json!("ADMIN"));
        assert_eq!(cast.admin.mutate("updateUser", heir, USER).await.payload()["user"]["role"], "ADMIN");
        assert_eq!(cast.admin.mutate("updateUser", demoted, USER).await.payload()["user"]["role"], "ANALYST");
        let refused = cast.admin.mutate("updateUser", with(user(cast.rep.id), "name", json!("X")), USER).await;
        assert_eq!(refused.code(), "FORBIDDEN", "a demotion works at once");
    })
    .await;
}

#[tokio::test]
async fn a_password_is_ones_own_or_the_admins_to_set() {
    each_database(async |world| {
        let cast = world.cast().await;
        let set = with(user(cast.rep.id), "password", json!(PASSWORD));
        assert_eq!(cast.manager.mutate("setPassword", set.clone(), USER).await.code(), "FORBIDDEN");
        cast.admin.mutate("setPassword", set, USER).await.payload();
        let rep = world.sign_in(cast.rep.id, tributary::access::Role::SalesRep).await;
        let other = world.sign_in(cast.rep.id, tributary::access::Role::SalesRep).await;
        let own = with(user(rep.id), "expectedVersion", json!(2));
        let own = with(own, "password", json!("amber violin harbour"));
        assert_eq!(rep.mutate("setPassword", own.clone(), USER).await.mistakes(), ["REQUIRED oldPassword"]);
        let wrong = with(own.clone(), "oldPassword", json!("not this one at all"));
        for _ in 0..10 {
            assert_eq!(rep.mutate("setPassword", wrong.clone(), USER).await.mistakes(), ["INVALID oldPassword"]);
        }
        let guess = rep.mutate("setPassword", wrong, USER).await;
        assert_eq!(guess.code(), "RATE_LIMITED", "a session that was stolen is no way to the password");
        assert_eq!(guess.body["errors"][0]["extensions"]["retryAfterSeconds"], 30);
        world.clock.advance(chrono::Duration::seconds(30));
        let right = with(own, "oldPassword", json!(PASSWORD));
        assert_eq!(rep.mutate("setPassword", right, USER).await.payload()["user"]["version"], 3);
        assert!(works(&rep).await);
        assert!(!works(&other).await, "every other session has ended");
    })
    .await;
}

#[tokio::test]
async fn teams_are_a_tree() {
    each_database(async |world| {
        let cast = world.cast().await;
        const TEAM: &str = "team { id version name parent { name } }";
        let circle = with(team(cast.sales), "parentId", team(cast.north)["id"].clone());
        assert_eq!(cast.admin.mutate("updateTeam", circle, TEAM).await.mistakes(), ["INVALID parentId"]);
        assert_eq!(cast.admin.mutate("deleteTeam", team(cast.sales), TEAM).await.code(), "CONFLICT");
        let renamed = with(team(cast.north), "name", json!("Arctic"));
        assert_eq!(cast.rep.mutate("updateTeam", renamed.clone(), TEAM).await.code(), "FORBIDDEN");
        assert_eq!(cast.manager.mutate("updateTeam", renamed, TEAM).await.payload()["team"]["name"], "Arctic");
        let made = json!({ "name": "East", "function": "SALES", "parentId": team(cast.sales)["id"] });
        let made = cast.admin.mutate("createTeam", made, TEAM).await.payload()["team"].clone();
        let gone = json!({ "id": made["id"], "expectedVersion": 1 });
        cast.admin.mutate("deleteTeam", gone, TEAM).await.payload();
    })
    .await;
}

//! The security log: what was refused is kept, with who and what, bounded, and for ADMIN only.

use chrono::Duration;
use serde_json::{Value, json};
use tests::{Actor, World, each_database, on_sqlite};
use tributary::access::Role;

use crate::auth::{account, attempts, from};
use crate::gid;

const ALL: &str = "{ securityEvents(first: 500) { nodes { id action actor { name } address network operation subjectId \
                   missingRight dropped } } }";

/// The log as ADMIN reads it, the oldest first, without ids.
async fn log(admin: &Actor) -> Vec<Value> {
    let answer = admin.ask(ALL).await;
    let mut rows = answer.data()["securityEvents"]["nodes"].as_array().expect("rows").clone();
    rows.sort_by_key(|row| row["id"].to_string());
    for row in &mut rows {
        row.as_object_mut().expect("an object").remove("id");
    }
    rows
}

/// A refusal of somebody.
fn refused(name: &str, operation: &str, right: &str, subject: Value, dropped: i32) -> Value {
    json!({
        "action": "ACCESS_REFUSED", "actor": { "name": name }, "address": null, "network": null, "operation": operation,
        "subjectId": subject, "missingRight": right, "dropped": dropped,
    })
}

fn failed(address: Value, network: &str, dropped: i32) -> Value {
    json!({
        "action": "SIGN_IN_FAILED", "actor": null, "address": address, "network": network, "operation": "signIn",
        "subjectId": null, "missingRight": null, "dropped": dropped,
    })
}

fn new_admin() -> Value {
    json!({ "name": "Mallory", "email": "mallory@tributary.example", "role": "ADMIN" })
}

async fn rows(world: &World) -> i64 {
    world.number("SELECT count(*) FROM security_event").await
}

#[tokio::test]
async fn refused_attempts_are_kept_with_who_and_what() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        world.execute("DELETE FROM security_event").await;
        let analyst = gid("user", cast.analyst.id);
        let suspend = json!({ "id": analyst, "expectedVersion": 1 });
        let mine = gid("lead", story.my_lead);
        let source = json!({ "id": mine, "expectedVersion": 1, "source": "EVENT", "reason": "mine" });
        for (actor, mutation, input, code) in [
            (&cast.rep, "createUser", new_admin(), "FORBIDDEN"),
            (&cast.rep, "suspendUser", suspend.clone(), "FORBIDDEN"),
            (&cast.rep, "updateLead", source, "FORBIDDEN_FIELD"),
            (&cast.marketer, "winDeal", json!({ "id": gid("deal", story.my_deal), "expectedVersion": 1 }), "FORBIDDEN"),
            // Hidden is missing, and a stale version is no attempt.
            (&cast.rep, "winDeal", json!({ "id": gid("deal", story.their_deal), "expectedVersion": 1 }), "NOT_FOUND"),
            (&cast.admin, "suspendUser", json!({ "id": analyst, "expectedVersion": 7 }), "CONFLICT"),
        ] {
            let answer = actor.mutate(mutation, input, "userErrors { code }").await;
            assert_eq!(answer.code(), code, "{mutation}");
        }
        assert_eq!(cast.analyst.ask("{ activities { nodes { id } } }").await.code(), "FORBIDDEN");
        // Clients ask for fields that they may not read all the time.
        cast.analyst.ask("{ contacts { nodes { email } } }").await;
        assert_eq!(
            log(&cast.admin).await,
            [
                refused("Rita", "createUser", "User.create", Value::Null, 0),
                refused("Rita", "suspendUser", "User.suspend", json!(analyst), 0),
                refused("Rita", "updateLead", "Lead.source", json!(mine), 0),
                refused("Mark", "winDeal", "Deal.win", json!(gid("deal", story.my_deal)), 0),
                refused("Anna", "activities", "Activity.read", Value::Null, 0),
            ]
        );
        for actor in cast.roles().into_iter().skip(1) {
            assert_eq!(actor.ask(ALL).await.code(), "FORBIDDEN", "{:?}", actor.role);
        }
        assert_eq!(world.number("SELECT count(*) FROM event WHERE seq > 2").await, 0, "it is no change");
    })
    .await;
}

#[tokio::test]
async fn failed_sign_ins_are_kept_and_never_a_password() {
    each_database(async |world| {
        let cast = world.cast().await;
        account(&world, "sue", Role::SalesRep).await;
        let peer = [192, 0, 2, 1];
        for typed in [" Sue@Tributary.example ", "nobody@tributary.example", "correct horse battery", "<script>"] {
            from(&world, peer, &attempts(1, |_| typed.to_owned(), "a secret of mine")).await;
        }
        let network = "192.0.2.1";
        assert_eq!(
            log(&cast.admin).await,
            [
                failed(json!("sue@tributary.example"), network, 0),
                failed(json!("nobody@tributary.example"), network, 0),
                failed(Value::Null, network, 0),
                failed(Value::Null, network, 0),
            ]
        );
        // Guessing at the old password is signing in as well.
        let guess = json!({
            "id": gid("user", cast.rep.id), "expectedVersion": 1, "password": "amber violin harbour", "oldPassword": "a guess",
        });
        cast.rep.mutate("setPassword", guess.clone(), "user { id }").await;
        cast.rep.mutate("setPasswords", json!({ "items": [guess.clone(), guess] }), "results { user { id } }").await;
        let told = log(&cast.admin).await.split_off(4);
        let told: Vec<_> = told.iter().map(|row| (&row["action"], &row["operation"], &row["dropped"])).collect();
        let action = json!("SIGN_IN_FAILED");
        assert_eq!(
            told,
            [(&action, &json!("setPassword"), &json!(0)), (&action, &json!("setPasswords"), &json!(1))]
        );
    })
    .await;
}

#[tokio::test]
async fn a_batch_is_one_attempt() {
    each_database(async |world| {
        let cast = world.cast().await;
        for atomic in [false, true] {
            let users: Vec<_> = (0..200).map(|_| new_admin()).collect();
            let input = json!({ "items": users, "atomic": atomic });
            let answer = cast.rep.mutate("createUsers", input, "results { userErrors { code } }").await;
            assert_eq!(answer.payload()["results"][0]["userErrors"][0]["code"], "FORBIDDEN");
        }
        let of = |dropped| refused("Rita", "createUsers", "User.create", Value::Null, dropped);
        assert_eq!(log(&cast.admin).await, [of(199), of(0)]);
    })
    .await;
}

#[tokio::test]
async fn of_many_attempts_in_a_minute_the_first_and_the_last_are_kept() {
    each_database(async |world| {
        let cast = world.cast().await;
        let guess = |network: u8| {
            from(
                &world,
                [198, 51, 100, network],
                "mutation { signIn(input: { email: \"x\", password: \"y\" }) { expiresAt } }",
            )
        };
        for _ in 0..15 {
            cast.rep.mutate("createUser", new_admin(), "user { id }").await;
        }
        for _ in 0..25 {
            guess(1).await;
        }
        assert_eq!(rows(&world).await, 20);
        world.app.security().settle().await;
        assert_eq!(rows(&world).await, 20, "the minute goes on");
        world.clock.advance(Duration::minutes(1));
        world.app.security().settle().await;
        assert_eq!(rows(&world).await, 22);
        let all = log(&cast.admin).await;
        let told = all.iter().map(|row| (row["actor"]["name"].as_str(), row["dropped"].as_i64().unwrap_or_default()));
        let last: Vec<_> = told.filter(|(_, dropped)| *dropped > 0).collect();
        assert_eq!(last, [(Some("Rita"), 4), (None, 14)]);
        guess(1).await;
        assert_eq!(rows(&world).await, 23, "a new minute");
    })
    .await;
}

/// Every refused sign-in costs a hash, so few of them stand for many here; `rules.rs` is tried with all.
#[tokio::test]
async fn strangers_from_many_networks_do_not_fill_the_table() {
    on_sqlite(async |world| {
        let cast = world.cast().await;
        for network in 0..50 {
            let email = |_| format!("user{network}@tributary.example");
            from(&world, [198, 51, 100, network], &attempts(1, email, "wrong")).await;
        }
        assert_eq!(rows(&world).await, 30);
        cast.rep.mutate("createUser", new_admin(), "user { id }").await;
        assert_eq!(rows(&world).await, 31, "whoever is signed in is not drowned by them");
        world.app.security().end().await;
        assert_eq!(rows(&world).await, 42, "the last one of each of ten, and one for all others");
    })
    .await;
}

#[tokio::test]
async fn without_the_log_the_answers_are_the_same() {
    each_database(async |world| {
        let cast = world.cast().await;
        let before = cast.rep.mutate("createUser", new_admin(), "user { id }").await;
        world.execute("ALTER TABLE security_event RENAME TO away").await;
        let after = cast.rep.mutate("createUser", new_admin(), "user { id }").await;
        assert_eq!(after.body, before.body);
        let query = attempts(1, |_| "x@tributary.example".to_owned(), "wrong");
        assert_eq!(from(&world, [192, 0, 2, 1], &query).await.0["data"]["a0"]["userErrors"][0]["code"], "INVALID");
        world.execute("ALTER TABLE away RENAME TO security_event").await;
    })
    .await;
}

#[tokio::test]
async fn every_carrier_leads_to_the_log() {
    each_database(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;
        let query = "mutation { deleteUser(input: { id: \"user_0\", expectedVersion: 1 }) { userErrors { code } } }";
        let create = "mutation($input: CreateUserInput!) { createUser(input: $input) { userErrors { code } } }";
        let mut socket = served.socket(&cast.rep).await;
        socket.run("1", create, json!({ "input": new_admin() })).await;
        assert_eq!(socket.next().await["payload"]["errors"][0]["extensions"]["code"], "FORBIDDEN");
        let one = json!({ "query": create, "variables": { "input": new_admin() } });
        cast.rep.send(json!([one, { "query": query }]), &[]).await;
        let told: Vec<_> = log(&cast.admin).await.iter().map(|row| row["network"].clone()).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[0], "127.0.0.1");
        drop(socket);
        served.leave().await.expect("it leaves").expect("in peace");
    })
    .await;
}

#[tokio::test]
async fn the_log_is_kept_for_its_time_and_changed_by_nobody() {
    each_database(async |world| {
        let cast = world.cast().await;
        cast.rep.mutate("createUser", new_admin(), "user { id }").await;
        world.clock.advance(Duration::days(90));
        assert_eq!(rows(&world).await, 1);
        world.clock.advance(Duration::seconds(1));
        tributary::cleaning::clean(&world.app).await.expect("clean");
        assert_eq!(rows(&world).await, 0);
    })
    .await;
    let mutations = tests::inputs::Inputs::read();
    assert!(mutations.mutations().iter().all(|name| !name.contains("Security")));
}

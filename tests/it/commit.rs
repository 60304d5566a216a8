//! Nothing is acknowledged that is not committed, whatever fails: afterwards the service writes as before.

use std::sync::Arc;

use axum::http::Request;
use chrono::Duration;
use entity::setting;
use serde_json::{Value, json};
use tests::{Actor, Answer, Cast, World, each_database, on_postgres, on_sqlite};
use tokio::sync::Notify;
use tributary::import::{self, Mapping, Progress, Rejection, Report};
use tributary::schema::GRAPH;

const DEAL: &str = "deal { id version }";

/// A way to let writing fail, and what is answered then.
struct Failure {
    name: &'static str,
    /// Past the service.
    begin: &'static str,
    end: &'static str,
    code: &'static str,
    says: &'static str,
}

const SQLITE: [Failure; 4] = [
    Failure {
        name: "the database undoes everything by itself, in the middle",
        begin: "CREATE TRIGGER fail BEFORE INSERT ON deal BEGIN SELECT RAISE(ROLLBACK, 'broken'); END",
        end: "DROP TRIGGER fail",
        code: "INTERNAL",
        says: "on our side",
    },
    Failure {
        name: "the database undoes everything by itself, at the last statement",
        begin: "CREATE TRIGGER fail BEFORE INSERT ON event BEGIN SELECT RAISE(ROLLBACK, 'broken'); END",
        end: "DROP TRIGGER fail",
        code: "INTERNAL",
        says: "on our side",
    },
    Failure {
        name: "a statement is undone",
        begin: "CREATE TRIGGER fail BEFORE INSERT ON transition BEGIN SELECT RAISE(ABORT, 'broken'); END",
        end: "DROP TRIGGER fail",
        code: "INTERNAL",
        says: "on our side",
    },
    Failure {
        name: "a statement stops half way",
        begin: "CREATE TRIGGER fail BEFORE INSERT ON event BEGIN SELECT RAISE(FAIL, 'broken'); END",
        end: "DROP TRIGGER fail",
        code: "INTERNAL",
        says: "on our side",
    },
];

/// Triggers that raise an error of the server, in the middle of the transaction, at its last statement or at the commit.
fn postgres(what: &str, place: &str) -> (String, String) {
    let (trigger, table) = match place {
        "middle" => ("TRIGGER fail BEFORE INSERT", "deal"),
        "end" => ("TRIGGER fail BEFORE INSERT", "event"),
        _ => ("CONSTRAINT TRIGGER fail AFTER INSERT", "deal"),
    };
    let deferred = if place == "commit" { "DEFERRABLE INITIALLY DEFERRED" } else { "" };
    (
        format!(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what}; RETURN NEW; END $$; \
             CREATE {trigger} ON {table} {deferred} FOR EACH ROW EXECUTE FUNCTION fail()"
        ),
        format!("DROP TRIGGER fail ON {table}; DROP FUNCTION fail()"),
    )
}

/// What is raised, and what is answered then.
const POSTGRES: [(&str, &str, &str); 8] = [
    ("RAISE EXCEPTION 'broken'", "INTERNAL", "on our side"),
    ("RAISE EXCEPTION 'broken' USING ERRCODE = '53100'", "UNAVAILABLE", "disk of the database is full"),
    ("RAISE EXCEPTION 'broken' USING ERRCODE = '58030'", "UNAVAILABLE", ""),
    ("RAISE EXCEPTION 'broken' USING ERRCODE = '25006'", "UNAVAILABLE", "only be read"),
    ("RAISE EXCEPTION 'broken' USING ERRCODE = '57014'", "TIMEOUT", ""),
    ("RAISE EXCEPTION 'broken' USING ERRCODE = 'XX001'", "UNAVAILABLE", "damaged"),
    ("RAISE EXCEPTION 'broken' USING ERRCODE = '40001'", "CONFLICT", "same rows"),
    ("PERFORM pg_terminate_backend(pg_backend_pid())", "UNAVAILABLE", ""),
];

async fn create(actor: &Actor, name: &str, key: Option<&str>) -> Answer {
    actor.mutate("createDeal", json!({ "name": name, "idempotencyKey": key }), DEAL).await
}

async fn deals(world: &World, name: &str) -> i64 {
    world.number(&format!("SELECT count(*) FROM deal WHERE name = '{name}'")).await
}

async fn ready(world: &World) -> (u16, Value) {
    world.clock.advance(Duration::seconds(2));
    let answer = world.stranger().exchange(Request::get("/readyz"), "").await;
    (answer.status.as_u16(), answer.body)
}

/// Everything that is acknowledged is there, seen through a connection of its own; a conflict changes nothing about it.
async fn writes_as_before(world: &World, cast: &Cast, after: &str) {
    let first = create(&cast.rep, after, None).await.payload()["deal"].clone();
    let stale = json!({ "id": first["id"], "expectedVersion": 7, "name": "stale" });
    assert_eq!(cast.rep.mutate("updateDeal", stale, DEAL).await.code(), "CONFLICT", "{after}");
    assert_eq!(deals(world, after).await, 1, "{after}");
    let change = json!({ "id": first["id"], "expectedVersion": 1, "name": format!("{after}!") });
    cast.rep.mutate("updateDeal", change, DEAL).await.payload();
    assert_eq!((deals(world, after).await, deals(world, &format!("{after}!")).await), (0, 1), "{after}");
    let many = json!({ "items": [{ "name": "one of two" }, { "name": "two of two" }], "atomic": true });
    cast.rep.mutate("createDeals", many, "results { deal { id } }").await.payload();
    assert_eq!(deals(world, "two of two").await, 1, "{after}");
    world.execute("DELETE FROM transition; DELETE FROM deal").await;
    assert_eq!(
        world.number("SELECT max(seq) FROM event").await,
        world.number("SELECT count(*) FROM event").await,
        "the log has no gaps after: {after}"
    );
    assert_eq!(ready(world).await, (200, json!({ "status": "ready" })), "{after}");
}

/// While `begin` holds, nothing is written and everything says so; after `end` the same request with the same key is done.
async fn fails_and_recovers(world: &World, cast: &Cast, failure: &Failure, certain: bool) {
    let Failure { name, begin, end, code, says } = failure;
    world.execute(begin).await;
    let refused = create(&cast.rep, "lost", Some(name)).await;
    assert_eq!(refused.code(), *code, "{name}: {:#}", refused.body);
    assert!(refused.body["errors"][0]["message"].as_str().unwrap().contains(says), "{name}: {:#}", refused.body);
    assert!(!refused.body.to_string().contains("broken"), "{name}");
    let many = json!({ "items": [{ "name": "lost" }, { "name": "lost" }] });
    let many = cast.rep.mutate("createDeals", many.clone(), "results { deal { id } userErrors { code } }").await;
    for result in many.payload()["results"].as_array().unwrap() {
        assert_eq!(result, &json!({ "deal": null, "userErrors": [{ "code": code }] }), "{name}");
    }
    if certain {
        assert_eq!(deals(world, "lost").await, 0, "{name}");
    }
    world.execute(end).await;
    create(&cast.rep, "lost", Some(name)).await.payload();
    create(&cast.rep, "lost", Some(name)).await.payload();
    assert_eq!(deals(world, "lost").await, 1, "{name}");
    writes_as_before(world, cast, name).await;
}

#[tokio::test]
async fn a_transaction_that_sqlite_ended_by_itself_is_acknowledged_by_nobody() {
    on_sqlite(async |world| {
        let cast = world.cast().await;
        world.pipeline().await;
        for failure in &SQLITE {
            fails_and_recovers(&world, &cast, failure, true).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_postgresql_gave_up_is_acknowledged_by_nobody() {
    on_postgres(async |world| {
        let mut cast = world.cast().await;
        world.pipeline().await;
        for (what, code, says) in POSTGRES {
            for place in ["middle", "end", "commit"] {
                let (begin, end) = postgres(what, place);
                let name = format!("{} {place}", what.replace('\'', "")).leak();
                // Whether a commit whose answer was lost has happened, nobody can know.
                let unknown =
                    place == "commit" && ["58030", "57014", "terminate"].iter().any(|word| what.contains(word));
                let says = if unknown { "same idempotency key" } else { says };
                let failure = Failure { name, begin: begin.leak(), end: end.leak(), code, says };
                fails_and_recovers(&world, &cast, &failure, !unknown).await;
                crate::pass(&world, &mut cast, Duration::seconds(1)).await;
            }
        }
    })
    .await;
}

/// Companies that need more room than there is.
fn large(names: &str) -> Value {
    let items: Vec<_> =
        (0..200).map(|at| json!({ "name": format!("{names} {at}"), "industry": "x".repeat(90) })).collect();
    json!({ "items": items, "atomic": true })
}

/// From now on there is no room for more, as long as the connection lives.
async fn fill(world: &World) {
    let pages = world.number("PRAGMA page_count").await - world.number("PRAGMA freelist_count").await;
    world.app.store().database().meddle(&format!("PRAGMA max_page_count = {pages}")).await.expect("it is done");
}

#[tokio::test]
async fn on_a_full_disk_writing_is_refused_with_words_reading_goes_on_and_all_is_well_once_there_is_room() {
    on_sqlite(async |world| {
        let cast = world.cast().await;
        world.pipeline().await;
        create(&cast.rep, "before", None).await.payload();
        assert_eq!(ready(&world).await.0, 200);
        for (round, trial) in ["createCompanies", "createCompany", "signIn"].iter().enumerate() {
            fill(&world).await;
            let refused =
                cast.rep.mutate("createCompanies", large("lost"), "results { userErrors { code message } }").await;
            let mistakes = &refused.payload()["results"][199]["userErrors"][0];
            let told = if mistakes["code"] == "NOT_DONE" { &refused.payload()["results"] } else { mistakes };
            assert!(told.to_string().contains("disk of the database is full"), "{:#}", refused.body);
            assert_eq!(world.number("SELECT count(*) FROM company WHERE name LIKE 'lost%'").await, 0);
            assert_eq!(cast.rep.ask("{ deals { totalCount } }").await.data()["deals"]["totalCount"], 1);
            if round == 0 {
                fill(&world).await;
                let (status, body) = ready(&world).await;
                assert_eq!((status, &body["status"]), (503, &json!("unavailable")), "{body}");
                assert!(body["reason"].as_str().unwrap().contains("full"), "{body}");
            }
            assert_eq!(ready(&world).await.0, 200, "a fresh connection has room");
            let name = format!("after {trial}");
            let first = create(&cast.rep, &name, None).await.payload()["deal"].clone();
            let stale = json!({ "id": first["id"], "expectedVersion": 7, "name": "stale" });
            assert_eq!(cast.rep.mutate("updateDeal", stale, DEAL).await.code(), "CONFLICT");
            assert_eq!(deals(&world, &name).await, 1);
            world
                .execute("DELETE FROM transition WHERE deal_id IN (SELECT id FROM deal WHERE name LIKE 'after%')")
                .await;
            world.execute("DELETE FROM deal WHERE name LIKE 'after%'").await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_transaction_with_a_refused_statement_takes_no_other_and_cannot_be_committed() {
    each_database(async |world| {
        let system = world.app.store().system();
        let row = |key: &str| setting::Model { key: key.to_owned(), value: "x".to_owned() };
        let tx = system.begin("test").await.expect("a transaction");
        system.put::<setting::Entity>(&tx, &[row("first")]).await.expect("it fits");
        system.put::<setting::Entity>(&tx, &[row("first")]).await.expect_err("it is there");
        system.put::<setting::Entity>(&tx, &[row("second")]).await.expect_err("after a refusal nothing runs");
        tx.commit().await.expect_err("it did not succeed");
        assert_eq!(world.number("SELECT count(*) FROM setting WHERE value = 'x'").await, 0);
    })
    .await;
}

/// Triggers that let a statement take its time, so that it can be left.
fn slow(world: &World, table: &str, moment: &str) -> (String, String) {
    if world.is_postgres() {
        let (begin, end) = postgres("PERFORM pg_sleep(0.1)", "middle");
        (
            begin.replace("BEFORE INSERT ON deal", &format!("BEFORE {moment} ON {table}")),
            end.replace("ON deal", &format!("ON {table}")),
        )
    } else {
        let count =
            "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 60000) SELECT n FROM up";
        (
            format!("CREATE TRIGGER fail BEFORE {moment} ON {table} BEGIN SELECT count(*) FROM ({count}); END"),
            "DROP TRIGGER fail".to_owned(),
        )
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_write_leaves_nothing_behind() {
    each_database(async |world| {
        let cast = world.cast().await;
        world.pipeline().await;
        let (at, seen) = (Arc::new(std::sync::Mutex::new("")), Arc::new(Notify::new()));
        let (place, notify) = (Arc::clone(&at), Arc::clone(&seen));
        world.app.store().database().watch(Box::new(move |statement| {
            let place = *place.lock().unwrap();
            if !place.is_empty() && statement.sql.contains(place) {
                notify.notify_one();
            }
        }));
        for (place, table, moment) in [
            ("INSERT INTO deal", "deal", "INSERT"),
            ("INSERT INTO transition", "transition", "INSERT"),
            ("UPDATE event_sequence", "event_sequence", "UPDATE"),
            ("INSERT INTO event", "event", "INSERT"),
            ("UPDATE idempotency_record", "idempotency_record", "UPDATE"),
        ] {
            let (begin, end) = slow(&world, table, moment);
            world.execute(&begin).await;
            *at.lock().unwrap() = place;
            tokio::select! {
                biased;
                () = seen.notified() => {}
                answer = create(&cast.rep, "left", Some("left")) => panic!("{place}: {:#}", answer.body),
            }
            *at.lock().unwrap() = "";
            create(&cast.rep, "other", None).await.payload();
            assert_eq!(deals(&world, "left").await, 0, "{place}");
            world.execute(&end).await;
            writes_as_before(&world, &cast, place).await;
        }
        create(&cast.rep, "left", Some("left")).await.payload();
        assert_eq!(deals(&world, "left").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_database_that_another_process_writes_is_busy_and_no_fault_of_ours() {
    on_sqlite(async |world| {
        let cast = world.cast().await;
        world.pipeline().await;
        let hasty = world.again(&[("TRIBUTARY_DATABASE_TIMEOUT_SECONDS", "1")]).await;
        let rep = hasty.sign_in(cast.rep.id, cast.rep.role.unwrap()).await;
        let mut other = world.raw.get_sqlite_connection_pool().acquire().await.expect("a connection");
        sea_orm::sqlx::query("BEGIN IMMEDIATE").execute(&mut *other).await.expect("the lock");
        let refused = create(&rep, "busy", Some("busy")).await;
        assert_eq!(refused.code(), "UNAVAILABLE", "{:#}", refused.body);
        assert!(refused.body["errors"][0]["message"].as_str().unwrap().contains("busy"), "{:#}", refused.body);
        assert_eq!(rep.ask("{ deals { totalCount } }").await.data()["deals"]["totalCount"], 0);
        assert_eq!(ready(&hasty).await.0, 503);
        sea_orm::sqlx::query("ROLLBACK").execute(&mut *other).await.expect("free again");
        create(&rep, "busy", Some("busy")).await.payload();
        assert_eq!(ready(&hasty).await.0, 200);
        hasty.app.store().database().close().await;
    })
    .await;
}

/// Lets the test know of the first batch.
struct Begun(Arc<Notify>);

impl Report for Begun {
    fn rejected(&mut self, rejection: Rejection) -> tributary::error::Result<()> {
        panic!("{rejection:?}")
    }

    fn progress(&mut self, _: Progress) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn a_dry_run_of_an_import_keeps_nobody_from_writing() {
    each_database(async |world| {
        let cast = world.cast().await;
        world.pipeline().await;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("people.csv");
        let rows: String = (0..2_000).map(|at| format!("{at},Person {at}\n")).collect();
        std::fs::write(&file, format!("id,name\n{rows}")).expect("written");
        let text = "source = \"test\"\n[contact]\nexternalId = \"id\"\nlastName = \"name\"\n";
        let mapping = Mapping::parse(text, &GRAPH).expect("a mapping");
        let (begun, files, system) = (Arc::new(Notify::new()), [file], world.app.store().system());
        // Everybody is known, so that the dry run is about rows that others write, too.
        let how = import::Options::default();
        import::run(&system, &mapping, &files, &how, &mut Begun(Arc::default())).await.expect("it loads");
        let rows: String = (0..2_000).map(|at| format!("{at},Renamed {at}\n")).collect();
        std::fs::write(&files[0], format!("id,name\n{rows}")).expect("written");
        let mut report = Begun(Arc::clone(&begun));
        let how = import::Options { dry_run: true, batch: 10 };
        let mut dry = std::pin::pin!(import::run(&system, &mapping, &files, &how, &mut report));
        tokio::select! {
            biased;
            () = begun.notified() => {}
            outcome = &mut dry => panic!("it was over at once: {outcome:?}"),
        }
        // It stands still now, in the middle.
        create(&cast.rep, "meanwhile", None).await.payload();
        assert_eq!(deals(&world, "meanwhile").await, 1);
        let found = "{ contacts(filter: { lastName: { eq: \"Person 3\" } }) { nodes { id version } } }";
        let found = cast.admin.ask(found).await.data()["contacts"]["nodes"][0].clone();
        let input = json!({ "id": found["id"], "expectedVersion": found["version"], "firstName": "Meanwhile" });
        cast.admin.mutate("updateContact", input, "contact { firstName }").await.payload();
        let unknown = json!({ "email": "nobody@tributary.example", "password": "no such person here" });
        assert_eq!(world.stranger().mutate("signIn", unknown, "accessToken").await.mistakes().len(), 1);
        let outcome = dry.await.expect("it goes on");
        assert_eq!((outcome.rows, outcome.rejected, outcome.tallies[0].1.updated), (2_000, 0, 2_000));
        assert_eq!(world.number("SELECT count(*) FROM contact WHERE last_name LIKE 'Renamed%'").await, 0);
    })
    .await;
}

//! `changed`: who is told what of the log, when, and that nobody misses or repeats anything.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Actor, Served, Socket, World, each_database, on_postgres, on_sqlite};
use tributary::access::Role;
use tributary::schema::GRAPH;

use crate::gid;

const CHANGED: &str = "subscription($types: [ObjectKind!], $ids: [ID!], $filter: EventFilter, $after: String) {
    changed(types: $types, ids: $ids, filter: $filter, after: $after) {
        cursor event { seq action subjectType subjectId actor { name } changes { field } } node { id }
    }
}";

/// Somebody who follows.
async fn follow(served: &Served, actor: &Actor, arguments: Value) -> Socket {
    let mut socket = served.socket(actor).await;
    socket.follow("c", CHANGED, arguments).await;
    socket
}

async fn change(socket: &mut Socket) -> Value {
    socket.data("c").await["changed"].clone()
}

async fn action(socket: &mut Socket) -> String {
    change(socket).await["event"]["action"].as_str().expect("an action").to_owned()
}

/// Makes a company that everybody in sales sees; answers its id.
async fn company(actor: &Actor, name: &str) -> String {
    let made = actor.mutate("createCompany", json!({ "name": name }), "company { id }").await;
    made.payload()["company"]["id"].as_str().expect("an id").to_owned()
}

async fn note(actor: &Actor, link: Value) {
    let mut input = json!({ "kind": "NOTE", "subject": "A note", "body": "Its body" });
    input.as_object_mut().expect("an object").extend(link.as_object().expect("an object").clone());
    actor.mutate("logActivity", input, "activity { id }").await.payload();
}

#[tokio::test]
async fn everybody_is_told_what_he_may_see_and_nothing_else() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let served = world.serve().await;
        let mut rep = follow(&served, &cast.rep, json!({})).await;
        let mut other = follow(&served, &cast.other_rep, json!({})).await;
        let mut manager = follow(&served, &cast.manager, json!({})).await;

        note(&cast.rep, json!({ "dealId": gid("deal", story.my_deal) })).await;
        note(&cast.other_rep, json!({ "dealId": gid("deal", story.their_deal) })).await;
        company(&cast.manager, "The end").await;

        let told = async |socket: &mut Socket| {
            let mut actors = Vec::new();
            loop {
                let change = change(socket).await;
                match change["event"]["action"].as_str() {
                    Some("createCompany") => return actors,
                    Some("logActivity") if change["event"]["subjectType"] == "ACTIVITY" => {
                        assert_eq!(change["node"]["id"], change["event"]["subjectId"]);
                        actors.push(change["event"]["actor"]["name"].as_str().expect("a name").to_owned());
                    }
                    _ => {}
                }
            }
        };
        assert_eq!(told(&mut rep).await, ["Rita"]);
        assert_eq!(told(&mut other).await, ["Otto"]);
        assert_eq!(told(&mut manager).await, ["Rita", "Otto"]);
    })
    .await;
}

#[tokio::test]
async fn a_closed_field_is_closed_in_what_is_told() {
    each_database(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;
        let query = "subscription { changed(types: [CAMPAIGN]) {
            event { changes { field to } } node { ... on Campaign { code budget { amount } } } } }";
        let subscribe = async |actor: &Actor| {
            let mut socket = served.socket(actor).await;
            socket.follow("c", query, json!({})).await;
            socket
        };
        let (mut marketing, mut rep) = (subscribe(&cast.marketing_manager).await, subscribe(&cast.rep).await);
        let input = json!({
            "name": "Spring", "code": "spring", "objective": "AWARENESS", "channel": "PR", "horizon": "LONG_TERM",
            "budget": { "amount": "10.50", "currency": "EUR" },
        });
        cast.marketing_manager.mutate("createCampaign", input, "campaign { id }").await.payload();
        let open = marketing.data("c").await;
        assert_eq!(open["changed"]["node"], json!({ "code": "spring", "budget": { "amount": "10.50" } }));
        assert!(open.to_string().contains("\"budget\",\"to\""), "{open}");
        let closed = rep.next().await;
        assert_eq!(closed["payload"]["data"]["changed"]["node"], json!({ "code": "spring", "budget": null }));
        let error = &closed["payload"]["errors"][0];
        assert_eq!(error["extensions"]["code"], "FORBIDDEN_FIELD");
        assert_eq!(error["path"], json!(["changed", "node", "budget"]));
        assert!(!closed.to_string().contains("10.50"), "{closed}");
    })
    .await;
}

#[tokio::test]
async fn followers_choose_by_kind_object_and_filter() {
    each_database(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;
        let one = company(&cast.rep, "One").await;
        let mut by_kind = follow(&served, &cast.manager, json!({ "types": ["CONTACT", "TEAM"] })).await;
        let mut by_id = follow(&served, &cast.manager, json!({ "ids": [one] })).await;
        let filter =
            json!({ "or": [{ "action": { "eq": "updateCompany" } }, { "actor": { "name": { "eq": "Otto" } } }] });
        let mut by_filter = follow(&served, &cast.manager, json!({ "filter": filter })).await;
        let mut by_nothing = follow(&served, &cast.manager, json!({ "types": [] })).await;

        company(&cast.rep, "Two").await;
        cast.rep.mutate("createContact", json!({ "lastName": "Three" }), "contact { id }").await.payload();
        company(&cast.other_rep, "Four").await;
        let update = json!({ "id": one, "expectedVersion": 1, "name": "Uno" });
        cast.rep.mutate("updateCompany", update, "company { id }").await.payload();

        assert_eq!(action(&mut by_kind).await, "createContact");
        let uno = change(&mut by_id).await;
        assert_eq!((&uno["event"]["action"], &uno["node"]["id"]), (&json!("updateCompany"), &json!(one)));
        assert_eq!(action(&mut by_filter).await, "createCompany");
        assert_eq!(action(&mut by_filter).await, "updateCompany");
        by_nothing.settle().await;
    })
    .await;
}

#[tokio::test]
async fn wrong_arguments_are_told_at_once() {
    on_sqlite(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;
        company(&cast.rep, "One").await;
        let page = cast.rep.ask("{ companies { pageInfo { endCursor } } }").await;
        let foreign = page.data()["companies"]["pageInfo"]["endCursor"].clone();
        let ids: Vec<_> = (0..101).map(|_| gid("deal", world.id())).collect();
        let mut socket = served.socket(&cast.rep).await;
        for (arguments, code) in [
            (json!({ "after": "nonsense" }), "BAD_USER_INPUT"),
            (json!({ "after": foreign }), "BAD_USER_INPUT"),
            (json!({ "ids": ["deal_1"] }), "BAD_USER_INPUT"),
            (json!({ "ids": ids }), "BAD_USER_INPUT"),
            (json!({ "types": ["NOTHING"] }), "GRAPHQL_VALIDATION_FAILED"),
            (json!({ "filter": { "action": { "in": vec!["x"; 1_001] } } }), "BAD_USER_INPUT"),
        ] {
            socket.run("c", CHANGED, arguments.clone()).await;
            let refused = socket.error("c").await;
            assert!(refused == code || refused == "BAD_USER_INPUT", "{refused} for {arguments}");
        }
        // A place behind the end of this log is a place in another one.
        let first = cast.rep.ask("{ events(first: 1) { pageInfo { endCursor } } }").await;
        let cursor = first.data()["events"]["pageInfo"]["endCursor"].clone();
        world.execute("UPDATE event_sequence SET value = 0").await;
        socket.run("c", CHANGED, json!({ "after": cursor })).await;
        assert_eq!(socket.error("c").await, "BAD_USER_INPUT");
    })
    .await;
}

#[tokio::test]
async fn rights_are_those_of_the_moment() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let served = world.serve().await;
        let mut manager = follow(&served, &cast.manager, json!({ "types": ["ACTIVITY", "COMPANY"] })).await;
        let link = json!({ "dealId": gid("deal", story.their_deal) });
        note(&cast.other_rep, link.clone()).await;
        assert_eq!(action(&mut manager).await, "logActivity");
        // Made a rep of another team, they are not told of the next note any more.
        world.execute("UPDATE app_user SET role = 'SALES_REP', team_id = NULL WHERE name = 'Max'").await;
        note(&cast.other_rep, link).await;
        company(&cast.other_rep, "The end").await;
        assert_eq!(action(&mut manager).await, "createCompany");
    })
    .await;
}

#[tokio::test]
async fn who_may_not_go_on_is_told_so_at_the_next_change() {
    each_database(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;
        // Ended by the person, by an administrator, by time.
        let mut signed_out = follow(&served, &cast.rep, json!({})).await;
        cast.rep.ask("mutation { signOut(input: {}) { __typename } }").await.data();
        company(&cast.manager, "One").await;
        assert_eq!(signed_out.error("c").await, "UNAUTHENTICATED");
        assert_eq!(signed_out.closed().await, (4403, "Forbidden".to_owned()));

        let mut suspended = follow(&served, &cast.other_rep, json!({ "types": ["COMPANY"] })).await;
        world.execute("UPDATE app_user SET status = 'SUSPENDED' WHERE name = 'Otto'").await;
        company(&cast.manager, "Two").await;
        assert_eq!(suspended.error("c").await, "UNAUTHENTICATED");
        assert_eq!(suspended.closed().await.0, 4403);

        let mut late = follow(&served, &cast.marketer, json!({ "types": ["COMPANY"] })).await;
        world.clock.advance(chrono::Duration::minutes(16));
        let manager = world.sign_in(cast.manager.id, cast.manager.role.expect("a role")).await;
        company(&manager, "Three").await;
        assert_eq!(late.error("c").await, "UNAUTHENTICATED");
        assert_eq!(late.closed().await.0, 4403);
    })
    .await;
}

/// Reads changes until one is called `last`; answers their numbers.
async fn numbers_until(socket: &mut Socket, last: i64) -> Vec<i64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        numbers.push(change(socket).await["event"]["seq"].as_i64().expect("a number"));
    }
    numbers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_resumes_misses_and_repeats_nothing_while_others_write() {
    each_database(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;
        const BEFORE: i64 = 230;
        const WRITERS: i64 = 4;
        const EACH: i64 = 40;
        let names: Vec<Value> = (0..BEFORE).map(|at| json!({ "name": format!("Before {at}") })).collect();
        for name in names {
            cast.rep.mutate("createCompany", name, "company { id }").await.payload();
        }
        // A cursor of the list of events is one of the feed, in either direction.
        let first = cast.rep.ask("{ events(last: 1) { pageInfo { endCursor } } }").await;
        let first = first.data()["events"]["pageInfo"]["endCursor"].clone();
        let last = BEFORE + WRITERS * EACH;
        let write = async || {
            for at in 0..EACH {
                company(&cast.manager, &format!("Meanwhile {at}")).await;
            }
        };
        // Some come at the start, some again and again, some in the middle of it.
        let resume = async || {
            let mut seen = Vec::new();
            let mut cursor = first.clone();
            while seen.last() != Some(&last) {
                let mut socket = served.socket(&cast.rep).await;
                socket.run("c", CHANGED, json!({ "after": cursor })).await;
                for _ in 0..77 {
                    let change = change(&mut socket).await;
                    cursor = change["cursor"].clone();
                    seen.push(change["event"]["seq"].as_i64().expect("a number"));
                    if seen.last() == Some(&last) {
                        break;
                    }
                }
            }
            seen
        };
        let whole = async || {
            let mut socket = served.socket(&cast.rep).await;
            socket.run("c", CHANGED, json!({ "after": first })).await;
            numbers_until(&mut socket, last).await
        };
        let writers = join_all((0..WRITERS).map(|_| write()));
        let ((), resumed, whole) = tokio::join!(async { drop(writers.await) }, resume(), whole());
        let all: Vec<i64> = (2..=last).collect();
        assert_eq!(resumed, all);
        assert_eq!(whole, all);
    })
    .await;
}

#[tokio::test]
async fn a_change_on_one_replica_reaches_the_followers_of_the_other() {
    on_postgres(async |world| {
        let cast = world.cast().await;
        let other: World = world.again(&[]).await;
        // The ids of two replicas differ by the moment; so do those of two clocks that stand still.
        other.clock.advance(chrono::Duration::seconds(1));
        let (here, there) = (world.serve().await, other.serve().await);
        let mut follower = follow(&there, &cast.rep, json!({})).await;
        let mut neighbour = follow(&here, &cast.rep, json!({})).await;
        let one = company(&cast.manager, "One").await;
        assert_eq!(change(&mut follower).await["node"]["id"], json!(one));
        assert_eq!(change(&mut neighbour).await["node"]["id"], json!(one));
        let manager = Actor { world: other.clone(), ..cast.manager.clone() };
        let two = company(&manager, "Two").await;
        assert_eq!(change(&mut neighbour).await["node"]["id"], json!(two));
        assert_eq!(change(&mut follower).await["node"]["id"], json!(two));
        // A listener that is cut off comes back, and what was announced meanwhile is not missed.
        world
            .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'LISTEN%' AND datname = current_database()")
            .await;
        let three = company(&cast.manager, "Three").await;
        assert_eq!(change(&mut follower).await["node"]["id"], json!(three));
    })
    .await;
}

#[tokio::test]
async fn the_log_is_read_once_however_many_follow() {
    each_database(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;
        let mut witness = follow(&served, &cast.rep, json!({ "types": ["COMPANY"] })).await;
        let cost = async |name: &str, witness: &mut Socket| {
            let before = world.statements();
            company(&cast.rep, name).await;
            change(witness).await;
            world.statements() - before
        };
        cost("Zero", &mut witness).await;
        let alone = cost("One", &mut witness).await;
        let mut crowd = Vec::new();
        for _ in 0..10 {
            crowd.push(follow(&served, &cast.manager, json!({ "types": ["CAMPAIGN"] })).await);
        }
        // The tail may look once by itself meanwhile; a crowd that looks would be ten.
        let crowded = cost("Two", &mut witness).await;
        assert!(crowded <= alone + 2, "{crowded} statements, not {alone}");
        // Each has been looked past, and none was told anything.
        for socket in &mut crowd {
            socket.settle().await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_event_is_read_once_for_all_who_see_it_alike() {
    each_database(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;
        let mut witness = follow(&served, &cast.rep, json!({ "types": ["COMPANY"] })).await;
        let cost = async |name: &str, crowd: &mut Vec<Socket>| {
            let before = world.statements();
            company(&cast.manager, name).await;
            for socket in crowd {
                assert_eq!(action(socket).await, "createCompany");
            }
            world.statements() - before
        };
        let mut alone = vec![witness];
        cost("Zero", &mut alone).await;
        let few = cost("One", &mut alone).await;
        witness = alone.remove(0);
        // Many sockets of one person, and many persons of one role: who looks is asked for many at once, the change itself
        // is read once.
        let mut crowd = vec![witness];
        for at in 0..30 {
            crowd.push(follow(&served, &cast.rep, json!({ "types": ["COMPANY"] })).await);
            let rep = world.person(&format!("Rep{at}"), Role::SalesRep, Some(cast.north)).await;
            crowd.push(follow(&served, &rep, json!({ "types": ["COMPANY"] })).await);
        }
        let many = cost("Two", &mut crowd).await;
        assert!(many <= few + 20, "{many} statements for 61 followers, {few} for one");
    })
    .await;
}

/// Whose the rows are makes the difference between viewers of a role, at the row itself, at its fields, and further on.
#[tokio::test]
async fn who_sees_a_change_differently_is_told_differently() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let mate = world.person("Nora", Role::SalesRep, Some(cast.north)).await;
        let served = world.serve().await;
        let query = "subscription { changed(types: [DEAL, COMPANY]) { event { action changes { field } } node { id
            ... on Deal { cost { amount } owner { name } }
            ... on Company { deals { nodes { id } } } } } }";
        let subscribe = async |actor: &Actor| {
            let mut socket = served.socket(actor).await;
            socket.follow("c", query, json!({})).await;
            socket
        };
        let mut rep = subscribe(&cast.rep).await;
        let mut mate = subscribe(&mate).await;
        let mut other = subscribe(&cast.other_rep).await;
        let mut manager = subscribe(&cast.manager).await;
        let company = gid("company", story.company);
        let update = json!({ "id": company, "expectedVersion": 1, "name": "Renamed" });
        cast.manager.mutate("updateCompany", update, "company { id }").await.payload();
        let deals = async |socket: &mut Socket| {
            let change = socket.data("c").await["changed"].clone();
            let nodes = change["node"]["deals"]["nodes"].as_array().expect("a list").clone();
            nodes.into_iter().map(|node| node["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
        };
        let (mine, theirs) = (gid("deal", story.my_deal), gid("deal", story.their_deal));
        assert_eq!(deals(&mut rep).await, [mine.as_str()]);
        assert_eq!(deals(&mut mate).await, [mine.as_str()]);
        assert_eq!(deals(&mut other).await, [theirs.as_str()]);
        assert_eq!(deals(&mut manager).await.len(), 2);

        let update = json!({ "id": mine, "expectedVersion": 1, "name": "Mine renamed" });
        cast.rep.mutate("updateDeal", update, "deal { id }").await.payload();
        assert_eq!(rep.data("c").await["changed"]["node"]["owner"]["name"], "Rita");
        let refused = mate.next().await;
        assert_eq!(refused["payload"]["data"]["changed"]["node"]["owner"]["name"], "Rita");
        assert_eq!(refused["payload"]["errors"][0]["extensions"]["code"], "FORBIDDEN_FIELD");
        assert_eq!(manager.data("c").await["changed"]["event"]["action"], "updateDeal");
        // What the company is to us changed with it; of the deal he learns nothing.
        assert_eq!(deals(&mut other).await, [theirs.as_str()]);
        other.subscribe("settle", "{ __typename }").await;
        assert_eq!(other.data("settle").await, json!({ "__typename": "Query" }));
    })
    .await;
}

/// What is read for one is not told to who comes later: his rights are those of another moment.
#[tokio::test]
async fn who_resumes_reads_with_the_eyes_of_his_own_moment() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let served = world.serve().await;
        company(&cast.manager, "The start").await;
        let start = cast.manager.ask("{ events(last: 1) { pageInfo { endCursor } } }").await;
        let start = start.data()["events"]["pageInfo"]["endCursor"].clone();
        let mut live = follow(&served, &cast.rep, json!({ "types": ["DEAL"] })).await;
        let mine = gid("deal", story.my_deal);
        let update = json!({ "id": mine, "expectedVersion": 1, "name": "Renamed" });
        cast.rep.mutate("updateDeal", update, "deal { id }").await.payload();
        assert_eq!(action(&mut live).await, "updateDeal");
        // By hand, so that the log does not tell.
        let away = "owner_id = NULL, created_by = NULL, team_id = NULL";
        world.execute(&format!("UPDATE deal SET {away} WHERE name = 'Renamed'")).await;
        let mut late = served.socket(&cast.rep).await;
        late.run("c", CHANGED, json!({ "types": ["DEAL", "COMPANY"], "after": start })).await;
        company(&cast.manager, "The end").await;
        assert_eq!(action(&mut late).await, "createCompany");
    })
    .await;
}

#[tokio::test]
async fn a_short_outage_of_the_database_ends_no_subscription() {
    on_postgres(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;
        let mut followers = Vec::new();
        for actor in cast.roles().into_iter().filter(|actor| actor.role != Some(Role::Analyst)) {
            followers.push(follow(&served, actor, json!({ "types": ["COMPANY"] })).await);
        }
        for round in 0..3 {
            company(&cast.manager, &format!("Company {round}")).await;
            // Every connection of the service is cut off while the change is being read.
            world
                .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tributary' AND datname = current_database()")
                .await;
            for socket in &mut followers {
                assert_eq!(action(socket).await, "createCompany");
            }
        }
    })
    .await;
}

/// The trigger announces whatever is written, by whomever.
#[tokio::test]
async fn the_log_is_heard_on_postgres_also_past_the_service() {
    on_postgres(async |world| {
        let cast = world.cast().await;
        let served = world.serve().await;
        let id = company(&cast.rep, "One").await;
        let mut socket = follow(&served, &cast.rep, json!({})).await;
        let (_, subject) = GRAPH.parse_id(&id).expect("an id");
        world
            .execute(&format!(
                "WITH next AS (UPDATE event_sequence SET value = value + 1 RETURNING value) \
                 INSERT INTO event (seq, id, at, action, subject_type, subject_id, changes) \
                 SELECT value, gen_random_uuid(), now(), 'repair', 'COMPANY', '{subject}', '{{}}' FROM next"
            ))
            .await;
        assert_eq!(action(&mut socket).await, "repair");
    })
    .await;
}

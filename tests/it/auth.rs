//! Signing in, going on, signing out: who gets in, for how long, and what happens to stolen and lost tokens.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use chrono::Duration;
use entity::user::{self, UserStatus};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tests::{Actor, Answer, World, row};
use tokio::sync::OnceCell;
use tower::ServiceExt;
use tributary::access::{Action, Kind, Role, password, policy, token};
use tributary::auth::accounts::{self, NewAccount};
use tributary::auth::networks;
use tributary::http::router;
use uuid::Uuid;

const PASSWORD: &str = "lamp otter violin dusk";
const PAYLOAD: &str = "accessToken refreshToken expiresAt user { id name }";
const REFUSED: &str = "No active user has this e-mail address and password.";

/// The hash of [`PASSWORD`], computed once.
async fn hash() -> String {
    static HASH: OnceCell<String> = OnceCell::const_new();
    HASH.get_or_init(|| async { password::hash(PASSWORD.to_owned()).await.expect("a hash") }).await.clone()
}

/// A user who can sign in with [`PASSWORD`].
pub async fn account(world: &World, name: &str, role: Role) -> Uuid {
    let row = row!(
        world,
        user {
            name: name.to_owned(),
            email: format!("{name}@tributary.example"),
            password_hash: Some(hash().await),
            role: role,
            time_zone: "UTC".to_owned(),
            locale: "en".to_owned(),
        }
    );
    world.insert(row).await.id
}

async fn sign_in(world: &World, name: &str, password: &str) -> Answer {
    let input = json!({ "email": format!("{name}@tributary.example"), "password": password });
    world.stranger().mutate("signIn", input, PAYLOAD).await
}

async fn refresh(world: &World, token: &str) -> Answer {
    world.stranger().mutate("refreshSession", json!({ "refreshToken": token }), PAYLOAD).await
}

/// One of the tokens of a session that was begun or continued.
#[track_caller]
fn field(answer: &Answer, name: &str) -> String {
    answer.payload()[name].as_str().unwrap_or_else(|| panic!("no {name}: {:#}", answer.body)).to_owned()
}

/// A user who has just signed in, with the refresh token.
async fn session(world: &World, name: &str) -> (Actor, String) {
    let answer = sign_in(world, name, PASSWORD).await;
    let actor = Actor { token: field(&answer, "accessToken"), ..world.stranger() };
    (actor, field(&answer, "refreshToken"))
}

async fn is_in(actor: &Actor) -> bool {
    let answer = actor.ask("{ viewer { role } }").await;
    match answer.status {
        StatusCode::OK => answer.data()["viewer"]["role"].is_string(),
        status => {
            assert_eq!((status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"));
            false
        }
    }
}

/// Tokens that could still be exchanged.
async fn live_tokens(world: &World) -> i64 {
    world.number("SELECT count(*) FROM refresh_token WHERE used_at IS NULL AND revoked_at IS NULL").await
}

#[tokio::test]
async fn every_role_signs_in_and_learns_who_it_is() {
    tests::each_database(async |world| {
        for role in policy::ROLES {
            let name = role.as_str().to_lowercase();
            let id = account(&world, &name, role).await;
            let answer = sign_in(&world, &name.to_uppercase(), PASSWORD).await;
            let payload = &answer.body["data"]["signIn"];
            assert_eq!(payload["expiresAt"], "2026-03-01T09:15:00Z", "{:#}", answer.body);
            // An integration does not see users, not even itself.
            let seen = !policy::reach(Kind::User, Action::Read, role).is_none();
            assert_eq!(payload["user"]["name"], json!(seen.then_some(&name)), "{role:?}");
            assert_eq!(answer.codes().is_empty(), seen, "{:#}", answer.body);
            let token = payload["accessToken"].as_str().expect("a token").to_owned();
            let actor = Actor { token, id, ..world.stranger() };
            let viewer = actor.ask("{ viewer { role user { name } team { name } sessionExpiresAt } }").await;
            let expected = json!({
                "role": role.as_str(),
                "user": seen.then(|| json!({ "name": name })),
                "team": null,
                "sessionExpiresAt": "2026-03-31T09:00:00Z"
            });
            assert_eq!(viewer.body["data"]["viewer"], expected, "{:#}", viewer.body);
        }
        assert_eq!(world.number("SELECT count(*) FROM event").await, 0, "sessions are no business");
    })
    .await;
}

#[tokio::test]
async fn a_wrong_name_a_wrong_password_and_a_suspended_user_get_the_same_answer() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        account(&world, "sue", Role::SalesRep).await;
        account(&world, "del", Role::SalesRep).await;
        world.person("Nopass", Role::SalesRep, None).await;
        world.execute("UPDATE app_user SET status = 'SUSPENDED' WHERE name = 'sue'").await;
        world.execute("UPDATE app_user SET deleted_at = created_at WHERE name = 'del'").await;
        let mut answers = vec![
            sign_in(&world, "rita", "lamp otter violin dawn").await,
            sign_in(&world, "nobody", PASSWORD).await,
            sign_in(&world, "sue", PASSWORD).await,
            sign_in(&world, "del", PASSWORD).await,
            sign_in(&world, "nopass", PASSWORD).await,
            sign_in(&world, "nopass", "").await,
            sign_in(&world, &"x".repeat(5_000), PASSWORD).await,
        ];
        let input = json!({ "email": "no address", "password": "" });
        answers.push(world.stranger().mutate("signIn", input, PAYLOAD).await);
        let expected = json!({ "signIn": {
            "accessToken": null, "refreshToken": null, "expiresAt": null, "user": null,
            "userErrors": [{ "code": "INVALID", "field": [], "message": REFUSED }]
        }});
        for answer in answers {
            assert_eq!(answer.data(), &expected);
        }
        assert!(is_in(&session(&world, "rita").await.0).await);
    })
    .await;
}

#[tokio::test]
async fn suspension_and_demotion_work_in_the_middle_of_a_session() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesManager).await;
        let (rita, refresh_token) = session(&world, "rita").await;
        world.execute("UPDATE app_user SET role = 'ANALYST'").await;
        assert_eq!(rita.ask("{ viewer { role } }").await.data()["viewer"]["role"], "ANALYST");
        world.execute("UPDATE app_user SET status = 'SUSPENDED'").await;
        assert!(!is_in(&rita).await);
        assert_eq!(refresh(&world, &refresh_token).await.code(), "UNAUTHENTICATED");
    })
    .await;
}

#[tokio::test]
async fn a_session_goes_on_by_its_refresh_tokens_and_ends_with_them() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        let (rita, first) = session(&world, "rita").await;
        world.clock.advance(Duration::minutes(16));
        assert!(!is_in(&rita).await, "an access token lives for a quarter of an hour");
        let second = refresh(&world, &first).await;
        assert_eq!(second.payload()["user"]["name"], "rita");
        assert_eq!(second.payload()["expiresAt"], "2026-03-01T09:31:00Z");
        let again = Actor { token: field(&second, "accessToken"), ..world.stranger() };
        assert!(is_in(&again).await);
        assert_ne!(field(&second, "refreshToken"), first);
        world.clock.advance(Duration::days(29));
        let third = field(&refresh(&world, &field(&second, "refreshToken")).await, "refreshToken");
        world.clock.advance(Duration::days(31));
        assert_eq!(refresh(&world, &third).await.code(), "UNAUTHENTICATED");
        assert_eq!(world.number("SELECT count(DISTINCT family_id) FROM refresh_token").await, 1);
        for nonsense in ["", "x", &"x".repeat(5_000)] {
            assert_eq!(refresh(&world, nonsense).await.code(), "UNAUTHENTICATED");
        }
    })
    .await;
}

#[tokio::test]
async fn tokens_are_stored_as_hashes_only() {
    tests::on_sqlite(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        let (_, first) = session(&world, "rita").await;
        let stored: String = world.rows("SELECT token_hash FROM refresh_token").await[0].try_get_by_index(0).unwrap();
        assert_eq!(stored, token::refresh_hash(&first));
        assert_ne!(stored, first);
    })
    .await;
}

#[tokio::test]
async fn using_a_token_after_its_successor_was_used_ends_the_session() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        let (other_device, other_token) = session(&world, "rita").await;
        let (rita, first) = session(&world, "rita").await;
        let second = field(&refresh(&world, &first).await, "refreshToken");
        let third = field(&refresh(&world, &second).await, "refreshToken");
        assert!(is_in(&rita).await);
        assert_eq!(refresh(&world, &first).await.code(), "UNAUTHENTICATED");
        assert!(!is_in(&rita).await, "the whole family has ended");
        for stolen in [&third, &second, &first] {
            assert_eq!(refresh(&world, stolen).await.code(), "UNAUTHENTICATED");
        }
        assert!(is_in(&other_device).await, "other sessions go on");
        refresh(&world, &other_token).await.payload();
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_is_forgiven_without_a_second_branch() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        let (rita, first) = session(&world, "rita").await;
        let lost = field(&refresh(&world, &first).await, "refreshToken");
        let second = field(&refresh(&world, &first).await, "refreshToken");
        assert_eq!(live_tokens(&world).await, 1);
        let third = field(&refresh(&world, &second).await, "refreshToken");
        assert!(is_in(&rita).await);
        // Whoever has the answer that was believed lost is not the one who went on.
        assert_eq!(refresh(&world, &lost).await.code(), "UNAUTHENTICATED");
        assert_eq!(refresh(&world, &third).await.code(), "UNAUTHENTICATED");
        assert!(!is_in(&rita).await);
    })
    .await;
}

#[tokio::test]
async fn the_first_use_of_a_new_access_token_ends_the_forgiveness() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        let served = world.serve().await;
        for carrier in ["request", "socket"] {
            let (_, first) = session(&world, "rita").await;
            let second = refresh(&world, &first).await;
            let rita = Actor { token: field(&second, "accessToken"), ..world.stranger() };
            match carrier {
                "request" => assert!(is_in(&rita).await),
                _ => drop(served.socket(&rita).await),
            }
            assert_eq!(refresh(&world, &first).await.code(), "UNAUTHENTICATED", "{carrier}: the answer has arrived");
            assert!(!is_in(&rita).await, "{carrier}: two parties held tokens");
            assert_eq!(refresh(&world, &field(&second, "refreshToken")).await.code(), "UNAUTHENTICATED");
        }
        served.leave().await.expect("it leaves").expect("in peace");
    })
    .await;
}

#[tokio::test]
async fn the_access_token_of_an_answer_that_was_believed_lost_is_withdrawn() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        let (rita, first) = session(&world, "rita").await;
        let lost = refresh(&world, &first).await;
        let second = refresh(&world, &first).await;
        let of = |answer: &Answer| Actor { token: field(answer, "accessToken"), ..world.stranger() };
        assert!(!is_in(&of(&lost)).await);
        assert!(is_in(&of(&second)).await && is_in(&rita).await);
    })
    .await;
}

#[tokio::test]
async fn only_the_first_use_of_an_access_token_writes() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        let (rita, _) = session(&world, "rita").await;
        let cost = async || {
            let before = world.statements();
            assert!(is_in(&rita).await);
            world.statements() - before
        };
        assert!(cost().await > 1);
        assert_eq!((cost().await, cost().await), (1, 1));
    })
    .await;
}

/// A race between who has the answer and who sends the old token again: one of them goes on at most.
#[tokio::test]
async fn the_new_access_token_and_the_old_refresh_token_at_once_do_not_both_go_on() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        for round in 0..10 {
            let (_, first) = session(&world, "rita").await;
            let second = refresh(&world, &first).await;
            let arrived = Actor { token: field(&second, "accessToken"), ..world.stranger() };
            let (_, again) = tokio::join!(is_in(&arrived), refresh(&world, &first));
            let goes_on = again.codes().is_empty();
            assert!(!is_in(&arrived).await, "round {round}: withdrawn, or ended with the session");
            if goes_on {
                let third = Actor { token: field(&again, "accessToken"), ..world.stranger() };
                assert!(is_in(&third).await, "round {round}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn twenty_refreshes_at_once_leave_one_live_branch() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        let (rita, first) = session(&world, "rita").await;
        for round in 0..3 {
            let at_once = futures_util::future::join_all((0..20).map(|_| refresh(&world, &first))).await;
            let tokens: Vec<String> = at_once.iter().map(|answer| field(answer, "refreshToken")).collect();
            assert_eq!(live_tokens(&world).await, 1, "round {round}");
            let sql = "SELECT token_hash FROM refresh_token WHERE used_at IS NULL AND revoked_at IS NULL";
            let live: String = world.rows(sql).await[0].try_get_by_index(0).unwrap();
            assert_eq!(tokens.iter().filter(|token| token::refresh_hash(token) == live).count(), 1);
        }
        assert!(is_in(&rita).await);
    })
    .await;
}

/// A race between the holder of the old token and the holder of its successor.
#[tokio::test]
async fn old_and_new_token_at_once_never_leave_two_branches() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        for _ in 0..10 {
            let (_, first) = session(&world, "rita").await;
            let second = field(&refresh(&world, &first).await, "refreshToken");
            let before = live_tokens(&world).await;
            let tokens = [&first, &second, &first, &second];
            futures_util::future::join_all(tokens.map(|token| refresh(&world, token))).await;
            assert!(live_tokens(&world).await <= before);
            world.execute("UPDATE refresh_token SET revoked_at = created_at").await;
        }
    })
    .await;
}

#[tokio::test]
async fn signing_out_ends_this_session_or_all() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        account(&world, "otto", Role::SalesRep).await;
        let (otto, _) = session(&world, "otto").await;
        let ((here, token), (there, other), (elsewhere, _)) =
            (session(&world, "rita").await, session(&world, "rita").await, session(&world, "rita").await);
        let out = here.ask("mutation { signOut(input: {}) { endedSessions userErrors { code } } }").await;
        assert_eq!(out.payload()["endedSessions"], 1);
        assert!(!is_in(&here).await);
        assert_eq!(refresh(&world, &token).await.code(), "UNAUTHENTICATED");
        assert!(is_in(&there).await && is_in(&elsewhere).await);
        let out =
            there.ask("mutation { signOut(input: { everywhere: true }) { endedSessions userErrors { code } } }").await;
        assert_eq!(out.payload()["endedSessions"], 2);
        assert!(!is_in(&there).await && !is_in(&elsewhere).await);
        assert_eq!(refresh(&world, &other).await.code(), "UNAUTHENTICATED");
        assert!(is_in(&otto).await);
    })
    .await;
}

#[tokio::test]
async fn a_stranger_may_ask_for_nothing_but_a_session() {
    tests::each_database(async |world| {
        let stranger = world.stranger();
        assert_eq!(stranger.ask("{ __typename }").await.data()["__typename"], "Query");
        for closed in [
            "{ viewer { role } }",
            "{ permissionMatrix { permissions { kind } } }",
            "{ users { totalCount } }",
            "{ node(id: \"user_0\") { id } }",
            "mutation { signOut(input: {}) { endedSessions } }",
        ] {
            let answer = stranger.ask(closed).await;
            assert_eq!(answer.code(), "UNAUTHENTICATED", "{closed}");
            assert!(answer.body["data"].as_object().is_some_and(|data| data.values().all(Value::is_null)), "{closed}");
        }
        for schema in ["{ __schema { queryType { name } } }", "{ __type(name: \"Deal\") { name } }"] {
            let answer = stranger.ask(schema).await;
            assert!(!answer.body.to_string().contains("\"name\""), "{schema}: {:#}", answer.body);
        }
        account(&world, "rita", Role::SalesRep).await;
        let (_, token) = session(&world, "rita").await;
        refresh(&world, &token).await.payload();
    })
    .await;
}

/// Attempts of one document: `a0: signIn(…) a1: signIn(…) …`.
pub fn attempts(count: usize, email: impl Fn(usize) -> String, password: &str) -> String {
    let one = |number| {
        let email = email(number);
        format!(
            "a{number}: signIn(input: {{ email: \"{email}\", password: \"{password}\" }}) {{ accessToken userErrors {{ code }} }}"
        )
    };
    format!("mutation {{ {} }}", (0..count).map(one).collect::<Vec<_>>().join(" "))
}

#[tokio::test]
async fn aliases_and_batches_get_no_more_tries() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        account(&world, "otto", Role::SalesRep).await;
        let rita = |_| "rita@tributary.example".to_owned();
        let stranger = world.stranger();
        let aliased = stranger.ask(&attempts(12, rita, "wrong")).await;
        assert_eq!(aliased.codes(), ["RATE_LIMITED"; 2]);
        assert_eq!(aliased.body["errors"][0]["extensions"]["retryAfterSeconds"], 30);
        let refused = aliased.body["data"].as_object().expect("an object").values();
        assert_eq!(refused.filter(|payload| payload["userErrors"][0]["code"] == "INVALID").count(), 10);
        // The right password does not help either, and letter case makes no other account.
        let shouted = |_| " Rita@Tributary.example ".to_owned();
        let one = json!({ "query": attempts(1, shouted, PASSWORD) });
        let batch = stranger.send(json!(vec![one; 10]), &[]).await;
        let answers = batch.body.as_array().expect("an array");
        assert_eq!(answers.len(), 10);
        for answer in answers {
            assert_eq!(answer["errors"][0]["extensions"]["code"], "RATE_LIMITED", "{answer:#}");
        }
        assert!(is_in(&session(&world, "otto").await.0).await, "nobody else waits");
        world.clock.advance(Duration::seconds(29));
        assert_eq!(sign_in(&world, "rita", PASSWORD).await.code(), "RATE_LIMITED");
        world.clock.advance(Duration::seconds(1));
        assert!(is_in(&session(&world, "rita").await.0).await);
    })
    .await;
}

#[tokio::test]
async fn attempts_at_once_get_no_more_tries_and_successes_do_not_count() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        for _ in 0..15 {
            session(&world, "rita").await;
        }
        let at_once = futures_util::future::join_all((0..30).map(|_| sign_in(&world, "rita", "wrong"))).await;
        assert_eq!(at_once.iter().filter(|answer| answer.codes().is_empty()).count(), 10);
    })
    .await;
}

/// A sign-in from a network address.
pub async fn from(world: &World, peer: [u8; 4], query: &str) -> (Value, Option<String>) {
    behind(world, IpAddr::from(peer), "", query).await
}

/// A sign-in over a connection from an address, with `X-Forwarded-For`.
async fn behind(world: &World, peer: IpAddr, told: &str, query: &str) -> (Value, Option<String>) {
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-forwarded-for", told)
        .extension(ConnectInfo(SocketAddr::new(peer, 40_000)))
        .body(Body::from(json!({ "query": query }).to_string()))
        .expect("a request");
    let response = router(world.app.clone()).oneshot(request).await.expect("an answer");
    let wait = response.headers().get(header::RETRY_AFTER).map(|wait| wait.to_str().expect("text").to_owned());
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    (serde_json::from_slice(&bytes).expect("JSON"), wait)
}

#[tokio::test]
async fn one_address_cannot_try_many_accounts() {
    tests::on_sqlite(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        for document in 0..5 {
            let email = |number: usize| format!("guess{document}x{number}@tributary.example");
            let (answer, wait) = from(&world, [192, 0, 2, 1], &attempts(10, email, "wrong")).await;
            assert_eq!((answer.get("errors"), wait), (None, None));
        }
        let rita = attempts(1, |_| "rita@tributary.example".to_owned(), PASSWORD);
        let (answer, wait) = from(&world, [192, 0, 2, 1], &rita).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "RATE_LIMITED");
        assert_eq!(wait.as_deref(), Some("5"));
        let (answer, _) = from(&world, [192, 0, 2, 2], &rita).await;
        assert!(answer["data"]["a0"]["accessToken"].is_string(), "{answer:#}");
    })
    .await;
}

const RITA: &str = "rita@tributary.example";

/// Did a sign-in of rita's from there succeed? Otherwise it had to wait.
async fn gets_in(world: &World, peer: [u8; 4]) -> bool {
    let (answer, _) = from(world, peer, &attempts(1, |_| RITA.to_owned(), PASSWORD)).await;
    let waits = answer["errors"][0]["extensions"]["code"] == "RATE_LIMITED";
    assert!(waits || answer["data"]["a0"]["accessToken"].is_string(), "{answer:#}");
    !waits
}

#[tokio::test]
async fn strangers_do_not_keep_the_owner_out_of_an_account() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        let home = [192, 0, 2, 1];
        assert!(gets_in(&world, home).await);
        let guess = |_| RITA.to_owned();
        // One network by itself keeps nobody else waiting.
        let (answer, _) = from(&world, [198, 51, 100, 0], &attempts(11, guess, "wrong")).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "RATE_LIMITED");
        assert!(gets_in(&world, [203, 0, 113, 7]).await, "from a new network");
        for network in 1..10 {
            let (answer, _) = from(&world, [198, 51, 100, network], &attempts(10, guess, "wrong")).await;
            assert_eq!(answer.get("errors"), None);
        }
        // A hundred failures: who comes from a strange network waits, whoever they are.
        assert!(!gets_in(&world, [203, 0, 113, 8]).await);
        assert!(gets_in(&world, home).await, "the owner does not");
        // No other process has counted them; that one knows the networks as well.
        let other = world.again(&[]).await;
        let rows = world.rows("SELECT network FROM known_network").await;
        let known: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).expect("text")).collect();
        assert_eq!(known.len(), 2);
        assert!(known.iter().all(|network| !network.contains("192.0.2")), "{known:?}");
        other.app.store().database().close().await;
    })
    .await;
}

#[tokio::test]
async fn behind_a_proxy_that_nobody_told_of_failures_lock_nobody_else_out() {
    tests::on_sqlite(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        account(&world, "otto", Role::SalesRep).await;
        let proxy = [10, 0, 0, 1];
        from(&world, proxy, &attempts(1, |_| "otto@tributary.example".to_owned(), PASSWORD)).await;
        for document in 0..7 {
            let email = |number: usize| format!("guess{document}x{number}@tributary.example");
            let (answer, _) = from(&world, proxy, &attempts(10, email, "wrong")).await;
            assert_eq!(answer.get("errors"), None);
        }
        assert!(gets_in(&world, proxy).await);
        // Names that nobody has are answered as the others are.
        for name in ["rita", "nobody"] {
            let email = |_| format!("{name}@tributary.example");
            let (answer, wait) = from(&world, proxy, &attempts(11, email, "wrong")).await;
            assert_eq!((answer["errors"].as_array().map(Vec::len), wait.as_deref()), (Some(1), Some("30")), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn neither_headers_nor_addresses_of_one_network_are_more_tries() {
    tests::on_sqlite(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        let mut refused = 0;
        for at in 0..12 {
            let peer: IpAddr = format!("2001:db8:1:2::{at}").parse().expect("an address");
            let spelling = [RITA, " Rita@TRIBUTARY.example", "ri\u{200b}ta@tributary.example"][at % 3];
            let guess = attempts(1, |_| spelling.to_owned(), "wrong");
            let (answer, _) = behind(&world, peer, &format!("198.51.100.{at}"), &guess).await;
            refused += usize::from(answer.get("errors").is_some());
        }
        assert_eq!(refused, 2);
    })
    .await;
}

#[tokio::test]
async fn the_last_networks_of_a_user_are_known_for_a_time() {
    tests::each_database(async |world| {
        account(&world, "rita", Role::SalesRep).await;
        for network in [0, 1, 2, 3, 0, 4, 5, 6, 7, 8, 9, 10, 11] {
            assert!(gets_in(&world, [192, 0, 2, network]).await);
            world.clock.advance(Duration::seconds(1));
        }
        assert_eq!(world.number("SELECT count(*) FROM known_network").await, 10);
        let is_known = async |network: u8| {
            let peer = Some(IpAddr::from([192, 0, 2, network]));
            let days = networks::remembered(world.app.config());
            networks::is_known(&world.app.store().system(), peer, days).await.expect("an answer")
        };
        assert!(!is_known(1).await && !is_known(2).await && is_known(3).await && is_known(11).await);
        assert!(is_known(0).await, "used again");
        world.clock.advance(Duration::days(90));
        assert!(!is_known(11).await);
        tributary::cleaning::clean(&world.app).await.expect("clean");
        assert_eq!(world.number("SELECT count(*) FROM known_network").await, 0);
    })
    .await;
}

#[tokio::test]
async fn accounts_are_made_suspended_and_given_passwords() {
    tests::each_database(async |world| {
        let system = world.app.store().system();
        let new = |email: &str, password: &str| NewAccount {
            email: email.to_owned(),
            name: "Ada".to_owned(),
            role: Role::Admin,
            password: password.to_owned(),
        };
        let made = accounts::add(&system, new(" Ada@Tributary.example", PASSWORD)).await.expect("a user");
        assert_eq!((made.email.as_str(), made.status), ("ada@tributary.example", UserStatus::Active));
        for (email, password) in [
            ("ada@tributary.example", PASSWORD),
            ("no address", PASSWORD),
            ("bob@tributary.example", "short"),
            ("bob@tributary.example", "passwordpassword"),
        ] {
            let refused = accounts::add(&system, new(email, password)).await.expect_err("refused");
            assert!(matches!(refused, tributary::error::Error::Invalid(_)), "{email} {password}: {refused}");
        }
        let (ada, _) = session(&world, "ada").await;
        assert_eq!(accounts::suspend(&system, "ADA@tributary.example").await.expect("suspended"), 1);
        assert!(!is_in(&ada).await);
        accounts::reinstate(&system, "ada@tributary.example").await.expect("reinstated");
        assert!(!is_in(&ada).await, "a session that has ended stays ended");
        let (ada, _) = session(&world, "ada").await;
        let next = "quiet maple under 7 bridges";
        let ended = accounts::set_password(&system, "ada@tributary.example", next.to_owned()).await;
        assert_eq!(ended.expect("a new password"), 1);
        assert!(!is_in(&ada).await);
        assert_eq!(sign_in(&world, "ada", PASSWORD).await.mistakes(), ["INVALID "]);
        sign_in(&world, "ada", next).await.payload();
        assert!(accounts::suspend(&system, "nobody@tributary.example").await.is_err());
        let log = world.rows("SELECT action FROM event ORDER BY seq").await;
        let log: Vec<String> = log.iter().map(|row| row.try_get_by_index(0).expect("text")).collect();
        assert_eq!(log, ["createUser", "suspendUser", "reinstateUser", "changePassword"]);
        let hashes = world.number("SELECT count(*) FROM event WHERE CAST(changes AS TEXT) LIKE '%argon2%'").await;
        assert_eq!(hashes, 0);
    })
    .await;
}

#[tokio::test]
async fn the_rules_are_data() {
    tests::on_sqlite(async |world| {
        let cast = world.cast().await;
        let query = "{ permissionMatrix(role: SALES_REP, kind: DEAL) {
            permissions { action allowed reach } fields { field usage level } } }";
        let answer = cast.analyst.ask(query).await;
        let matrix = &answer.data()["permissionMatrix"];
        let of = |action: &str| {
            let all = matrix["permissions"].as_array().expect("a list");
            all.iter().find(|one| one["action"] == action).cloned().unwrap_or_default()
        };
        assert_eq!(of("WIN"), json!({ "action": "WIN", "allowed": true, "reach": "rows that you own or made" }));
        assert_eq!(of("DELETE"), json!({ "action": "DELETE", "allowed": false, "reach": "no row" }));
        let fields = matrix["fields"].as_array().expect("a list");
        assert!(fields.contains(&json!({ "field": "margin", "usage": "READ", "level": "ROWS" })));
        for actor in cast.roles() {
            let answer = actor.ask("{ viewer { permissions { role allowed } restrictedFields { role level } } }").await;
            let viewer = &answer.data()["viewer"];
            let role = actor.role.expect("a role").as_str();
            let permissions = viewer["permissions"].as_array().expect("a list");
            assert!(!permissions.is_empty());
            assert!(permissions.iter().all(|one| one["role"] == role && one["allowed"] == true));
            let fields = viewer["restrictedFields"].as_array().expect("a list");
            assert!(fields.iter().all(|one| one["role"] == role && one["level"] != "FULL"));
        }
    })
    .await;
}

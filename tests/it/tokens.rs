//! What passes for an access token and what does not, case by case through the front door; and the keys behind it.

use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{Duration, TimeDelta};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::BodyExt;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use sha2::Sha256;
use tests::{Actor, World, each_database, on_sqlite};
use tower::ServiceExt;
use tributary::access::Role;
use tributary::access::key::{self, NOTICE, OVERLAP};
use tributary::auth::keys;
use tributary::http::router;
use uuid::Uuid;

const QUESTION: &str = r#"{"query":"{ viewer { role } }"}"#;

/// Status, body and headers of the answer to a question with these `Authorization` headers.
async fn ask(world: &World, authorization: &[&str]) -> (u16, Value, HeaderMap) {
    let mut request = Request::post("/graphql").header(header::CONTENT_TYPE, "application/json");
    for value in authorization {
        request = request.header(header::AUTHORIZATION, *value);
    }
    let request = request.body(Body::from(QUESTION)).expect("a request");
    let response = router(world.app.clone()).oneshot(request).await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&body).expect("JSON"), headers)
}

/// The same status, words and headers for everything that is no good token.
async fn assert_refused(world: &World, what: &str, authorization: &[&str]) {
    let (status, body, headers) = ask(world, authorization).await;
    let error = json!({
        "message": "Sign in first: send `Authorization: Bearer <access token>`.",
        "extensions": { "code": "UNAUTHENTICATED" }
    });
    assert_eq!((status, body), (401, json!({ "errors": [error] })), "{what}");
    assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer", "{what}");
}

async fn assert_role(world: &World, what: &str, authorization: &[&str], role: &str) {
    let (status, body, _) = ask(world, authorization).await;
    assert_eq!((status, &body["data"]["viewer"]["role"]), (200, &json!(role)), "{what}: {body:#}");
}

/// A part of a token: 0 its header, 1 its claims.
fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("Base64")).expect("JSON")
}

/// A token with any header and claims whatever, signed by `sign`.
fn token(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> String) -> String {
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = sign(message.as_bytes());
    format!("{message}.{signature}")
}

/// One that is signed as ours are.
fn signed(header: &Value, claims: &Value, key: &EncodingKey) -> String {
    let sign = |message: &[u8]| jsonwebtoken::crypto::sign(message, key, Algorithm::EdDSA).expect("a signature");
    token(header, claims, sign)
}

/// One that is signed with a shared secret.
fn authenticated(header: &Value, claims: &Value, secret: &[u8]) -> String {
    token(header, claims, |message| {
        let mut code = Hmac::<Sha256>::new_from_slice(secret).expect("any length");
        code.update(message);
        URL_SAFE_NO_PAD.encode(code.finalize().into_bytes())
    })
}

fn signing_key(pem: &str) -> EncodingKey {
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    EncodingKey::from_ed_der(&STANDARD.decode(base64).expect("Base64"))
}

/// Our own key, as only a thief of the database has it: whatever is refused although it is signed with it is refused for
/// what it says.
async fn our_key(world: &World) -> EncodingKey {
    let pem: String = world.rows("SELECT private_pem FROM signing_key").await[0].try_get_by_index(0).expect("text");
    signing_key(&pem)
}

/// A good token that is changed before it is signed with our own key.
struct Forge {
    key: EncodingKey,
    header: Value,
    claims: Value,
}

impl Forge {
    async fn of(world: &World, actor: &Actor) -> Self {
        Self { key: our_key(world).await, header: part(&actor.token, 0), claims: part(&actor.token, 1) }
    }

    fn header(&self, name: &str, value: Value) -> String {
        self.bearer(&with(&self.header, name, value), &self.claims)
    }

    fn claim(&self, name: &str, value: Value) -> String {
        self.bearer(&self.header, &with(&self.claims, name, value))
    }

    fn bearer(&self, header: &Value, claims: &Value) -> String {
        format!("Bearer {}", signed(header, claims, &self.key))
    }
}

/// The object with another value for a name; null takes the name out.
fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    match value {
        Value::Null => drop(object.as_object_mut().expect("an object").remove(name)),
        value => object[name] = value,
    }
    object
}

#[tokio::test]
async fn a_good_token_is_taken_in_every_allowed_spelling() {
    each_database(async |world| {
        let rep = world.rep().await;
        let forge = Forge::of(&world, &rep).await;
        assert_role(&world, "as it is", &[&format!("Bearer {}", rep.token)], "SALES_REP").await;
        assert_role(&world, "scheme in other letters", &[&format!("bEARER   {} ", rep.token)], "SALES_REP").await;
        for typ in ["AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
            assert_role(&world, typ, &[&forge.header("typ", json!(typ))], "SALES_REP").await;
        }
        let audiences = json!(["https://other.example", "tributary"]);
        assert_role(&world, "one audience of several", &[&forge.claim("aud", audiences)], "SALES_REP").await;
        for anonymous in [vec![], vec![""], vec!["Bearer"], vec!["Bearer "], vec!["bearer   "]] {
            let (status, body, _) = ask(&world, &anonymous).await;
            assert_eq!((status, &body["data"]), (200, &json!({ "viewer": null })), "{anonymous:?}");
            assert_eq!(body["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{anonymous:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_refused_in_the_same_words() {
    each_database(async |world| {
        let rep = world.rep().await;
        let good = format!("Bearer {}", rep.token);
        assert_role(&world, "control", &[&good], "SALES_REP").await;
        let (head, rest) = rep.token.split_once('.').expect("parts");
        let (claims, signature) = rest.split_once('.').expect("parts");
        let other_claims = URL_SAFE_NO_PAD.encode(with(&part(&rep.token, 1), "sub", json!(Uuid::nil())).to_string());
        for (what, authorization) in [
            ("garbage", "Bearer garbage".to_owned()),
            ("dots", "Bearer ..".to_owned()),
            ("two parts", format!("Bearer {head}.{claims}")),
            ("four parts", format!("Bearer {}.{signature}", rep.token)),
            ("no signature", format!("Bearer {head}.{claims}.")),
            ("a cut signature", format!("Bearer {}", &rep.token[..rep.token.len() - 4])),
            ("other claims", format!("Bearer {head}.{other_claims}.{signature}")),
            ("two tokens", format!("Bearer {0}, Bearer {0}", rep.token)),
            ("the token alone", rep.token.clone()),
            ("another scheme", format!("Basic {}", rep.token)),
            ("a scheme that begins alike", format!("BearerX {}", rep.token)),
            ("a name and a password", "Basic cml0YTpzZWNyZXQ=".to_owned()),
            ("oversized", format!("Bearer {}", "x".repeat(100_000))),
            ("oversized claims", format!("Bearer {head}.{}.{signature}", "x".repeat(8_000))),
        ] {
            assert_refused(&world, what, &[&authorization]).await;
        }
        assert_refused(&world, "sent twice", &[&good, &good]).await;
        assert_refused(&world, "sent beside an empty one", &[&good, "Bearer"]).await;
    })
    .await;
}

#[tokio::test]
async fn the_algorithm_is_ours_to_choose() {
    on_sqlite(async |world| {
        let rep = world.rep().await;
        let forge = Forge::of(&world, &rep).await;
        for alg in ["none", "None", "nOnE", "", "HS256", "HS512", "RS256", "PS256", "ES256", "Ed25519", "eddsa"] {
            assert_refused(&world, alg, &[&forge.header("alg", json!(alg))]).await;
            let header = URL_SAFE_NO_PAD.encode(with(&forge.header, "alg", json!(alg)).to_string());
            let unsigned = format!("Bearer {header}.{}.", URL_SAFE_NO_PAD.encode(forge.claims.to_string()));
            assert_refused(&world, &format!("{alg} without a signature"), &[&unsigned]).await;
        }
        assert_refused(&world, "no alg", &[&forge.header("alg", Value::Null)]).await;
        // The classic confusion: the public key taken for a shared secret, in every form it is published in.
        let jwks = world.app.keys().jwks().await;
        let x = jwks["keys"][0]["x"].as_str().expect("a key").to_owned();
        let raw = URL_SAFE_NO_PAD.decode(&x).expect("Base64");
        for secret in [x.clone().into_bytes(), raw, jwks["keys"][0].to_string().into_bytes(), Vec::new()] {
            let header = with(&forge.header, "alg", json!("HS256"));
            let token = authenticated(&header, &forge.claims, &secret);
            assert_refused(&world, "HS256 with the public key", &[&format!("Bearer {token}")]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn every_claim_has_to_be_there_and_right() {
    each_database(async |world| {
        let rep = world.rep().await;
        let forge = Forge::of(&world, &rep).await;
        let now = world.now().timestamp();
        for claim in ["iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti"] {
            assert_refused(&world, &format!("without {claim}"), &[&forge.claim(claim, Value::Null)]).await;
        }
        for (claim, wrong) in [
            ("iss", json!("https://other.example")),
            ("iss", json!("http://127.0.0.1:8080/")),
            ("iss", json!(["http://127.0.0.1:8080"])),
            ("aud", json!("other")),
            ("aud", json!([])),
            ("aud", json!(["other"])),
            ("sub", json!(Uuid::nil())),
            ("sub", json!("' OR 1=1 --")),
            ("sub", json!(1)),
            ("sid", json!(Uuid::nil())),
            ("sid", json!(rep.id)),
            ("exp", json!(now - 6)),
            ("exp", json!(0)),
            ("exp", json!(-1)),
            ("exp", json!(i64::MAX)),
            ("exp", json!(1e300)),
            ("exp", json!((now + 900).to_string())),
            ("nbf", json!(now + 6)),
            ("nbf", json!(i64::MAX)),
        ] {
            assert_refused(&world, &format!("{claim} {wrong}"), &[&forge.claim(claim, wrong.clone())]).await;
        }
        for typ in [Value::Null, json!("JWT"), json!("jwt"), json!("rt+jwt"), json!("at+jwt2"), json!(""), json!(1)] {
            assert_refused(&world, &format!("typ {typ}"), &[&forge.header("typ", typ.clone())]).await;
        }
        assert_refused(&world, "claims that are no object", &[&forge.bearer(&forge.header, &json!([1]))]).await;
        assert_role(&world, "control", &[&forge.bearer(&forge.header, &forge.claims)], "SALES_REP").await;
    })
    .await;
}

#[tokio::test]
async fn a_token_lives_from_its_beginning_to_its_end() {
    on_sqlite(async |world| {
        let rep = world.rep().await;
        let bearer = format!("Bearer {}", rep.token);
        world.clock.advance(-Duration::seconds(6));
        assert_refused(&world, "not yet valid", &[&bearer]).await;
        world.clock.advance(Duration::seconds(6) + Duration::minutes(15));
        assert_role(&world, "within the leeway", &[&bearer], "SALES_REP").await;
        world.clock.advance(Duration::seconds(5));
        assert_refused(&world, "expired", &[&bearer]).await;
    })
    .await;
}

#[tokio::test]
async fn keys_are_ours_and_headers_have_no_say_in_them() {
    each_database(async |world| {
        let rep = world.rep().await;
        let forge = Forge::of(&world, &rep).await;
        let (foreign_kid, foreign_pem) = key::generate().expect("a key");
        let foreign = signing_key(&foreign_pem);
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": forge.header["kid"], "x": x_of(&foreign_pem) });
        for (what, header) in [
            ("a foreign key under our id", forge.header.clone()),
            ("a foreign key under its own id", with(&forge.header, "kid", json!(foreign_kid))),
            ("a key that it brings along", with(&forge.header, "jwk", jwk)),
            ("an address of keys", with(&forge.header, "jku", json!("https://attacker.example/jwks.json"))),
            ("an address of a certificate", with(&forge.header, "x5u", json!("https://attacker.example/key.pem"))),
            ("a certificate", with(&forge.header, "x5c", json!(["MIIBIjANBg=="]))),
        ] {
            let token = signed(&header, &forge.claims, &foreign);
            assert_refused(&world, what, &[&format!("Bearer {token}")]).await;
        }
        for kid in [
            Value::Null,
            json!(""),
            json!("unknown"),
            json!("../../../../dev/null"),
            json!("' UNION SELECT 'x' --"),
            json!("x".repeat(2_000)),
            json!(7),
            json!([forge.header["kid"]]),
        ] {
            assert_refused(&world, &format!("kid {kid}"), &[&forge.header("kid", kid.clone())]).await;
        }
        for crit in [json!(["exp"]), json!(["b64"]), json!([])] {
            assert_refused(&world, &format!("crit {crit}"), &[&forge.header("crit", crit.clone())]).await;
        }
    })
    .await;
}

/// The public half of a key, as in a JSON Web Key.
fn x_of(pem: &str) -> String {
    key::configured(pem).expect("a key")[0].jwk()["x"].as_str().expect("text").to_owned()
}

#[tokio::test]
async fn a_token_is_worth_what_its_session_and_its_user_are_worth_now() {
    each_database(async |world| {
        let manager = world.person("Max", Role::SalesManager, None).await;
        let bearer = format!("Bearer {}", manager.token);
        assert_role(&world, "at first", &[&bearer], "SALES_MANAGER").await;
        world.execute("UPDATE app_user SET role = 'ANALYST'").await;
        assert_role(&world, "demoted", &[&bearer], "ANALYST").await;
        world.execute("UPDATE app_user SET status = 'SUSPENDED'").await;
        assert_refused(&world, "suspended", &[&bearer]).await;
        world.execute("UPDATE app_user SET status = 'ACTIVE'").await;
        assert_role(&world, "reinstated", &[&bearer], "ANALYST").await;
        manager.ask("mutation { signOut(input: {}) { endedSessions } }").await.data();
        assert_refused(&world, "signed out", &[&bearer]).await;
        let again = world.sign_in(manager.id, Role::SalesManager).await;
        let bearer = format!("Bearer {}", again.token);
        assert_role(&world, "signed in again", &[&bearer], "ANALYST").await;
        world.execute("UPDATE app_user SET deleted_at = created_at").await;
        assert_refused(&world, "deleted", &[&bearer]).await;
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_is_no_access_token_and_the_other_way_round() {
    on_sqlite(async |world| {
        let rep = world.rep().await;
        assert_refused(&world, "a refresh token", &[&format!("Bearer {}", URL_SAFE_NO_PAD.encode([7; 32]))]).await;
        let input = json!({ "refreshToken": rep.token });
        let refused = world.stranger().mutate("refreshSession", input, "accessToken").await;
        assert_eq!(refused.code(), "UNAUTHENTICATED");
    })
    .await;
}

/// The ids of the published keys.
async fn published(world: &World) -> Vec<String> {
    let jwks = world.app.keys().jwks().await;
    jwks["keys"].as_array().expect("a list").iter().map(|key| key["kid"].as_str().expect("an id").to_owned()).collect()
}

fn kid(token: &str) -> String {
    part(token, 0)["kid"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_rotation_is_published_then_used_then_over_on_every_replica() {
    each_database(async |world| {
        let other = world.again(&[]).await;
        let pass = |by: TimeDelta| [&world, &other].map(|replica| replica.clock.advance(by));
        let first = world.rep().await;
        let old = kid(&first.token);
        pass(Duration::days(90));
        let made = keys::rotate(&world.app.store().system()).await.expect("a key");
        assert_eq!(made.signs_from, world.now() + NOTICE);
        pass(Duration::seconds(61));
        for replica in [&world, &other] {
            assert_eq!(published(replica).await, [old.clone(), made.kid.clone()], "published before it signs");
            let token = replica.sign_in(first.id, Role::SalesRep).await.token;
            assert_eq!(kid(&token), old);
        }
        pass(NOTICE - Duration::seconds(62));
        let last = other.sign_in(first.id, Role::SalesRep).await;
        assert_eq!(kid(&last.token), old);
        pass(Duration::seconds(1));
        let new = world.sign_in(first.id, Role::SalesRep).await;
        assert_eq!(kid(&new.token), made.kid);
        for replica in [&world, &other] {
            assert_role(replica, "signed by the new key", &[&format!("Bearer {}", new.token)], "SALES_REP").await;
            assert_role(replica, "signed by the old key", &[&format!("Bearer {}", last.token)], "SALES_REP").await;
        }
        pass(OVERLAP);
        for replica in [&world, &other] {
            assert_eq!(published(replica).await, [made.kid.as_str()], "the old one is over");
        }
        keys::rotate(&world.app.store().system()).await.expect("a key");
        assert_eq!(world.number("SELECT COUNT(*) FROM signing_key").await, 2, "what is over is forgotten");
        other.app.store().database().close().await;
    })
    .await;
}

#[tokio::test]
async fn a_withdrawn_key_counts_no_more_and_its_successor_is_known_at_once() {
    each_database(async |world| {
        let other = world.again(&[]).await;
        let rep = world.rep().await;
        let leaked = kid(&rep.token);
        let system = world.app.store().system();
        assert_eq!(keys::retire(&system, "unknown").await.err().map(|error| error.code().as_str()), Some("NOT_FOUND"));
        let withdrawn = keys::retire(&system, &leaked).await.expect("it was there");
        let successor = withdrawn.replacement.expect("somebody has to sign");
        for replica in [&world, &other] {
            replica.clock.advance(Duration::seconds(61));
            assert_refused(replica, "signed by the leaked key", &[&format!("Bearer {}", rep.token)]).await;
        }
        assert_eq!(kid(&world.sign_in(rep.id, Role::SalesRep).await.token), successor);
        other.app.store().database().close().await;
    })
    .await;
}

/// A replica that has just started signs with a key the others have never seen.
#[tokio::test]
async fn an_unknown_key_is_looked_up_at_once_but_not_for_every_liar() {
    each_database(async |world| {
        let rep = world.rep().await;
        world.clock.advance(Duration::seconds(6));
        keys::retire(&world.app.store().system(), &kid(&rep.token)).await.expect("it was there");
        let other = world.again(&[]).await;
        let token = other.sign_in(rep.id, Role::SalesRep).await.token;
        assert_role(&world, "a key of another replica", &[&format!("Bearer {token}")], "SALES_REP").await;
        let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "unknown" });
        let lie = signed(&header, &part(&token, 1), &signing_key(&key::generate().expect("a key").1));
        let before = world.statements();
        for _ in 0..100 {
            assert_refused(&world, "a lie", &[&format!("Bearer {lie}")]).await;
        }
        assert_eq!(world.statements(), before, "the keys have just been read");
        world.clock.advance(Duration::seconds(5));
        for _ in 0..100 {
            assert_refused(&world, "a lie", &[&format!("Bearer {lie}")]).await;
        }
        assert_eq!(world.statements(), before + 1, "once in five seconds");
        other.app.store().database().close().await;
    })
    .await;
}

#[tokio::test]
async fn configured_keys_sign_and_verify_without_the_database() {
    on_sqlite(async |world| {
        let (old, new) = (key::generate().expect("a key"), key::generate().expect("a key"));
        let before = world.again(&[("TRIBUTARY_SIGNING_KEY", &old.1)]).await;
        let after = world.again(&[("TRIBUTARY_SIGNING_KEY", &format!("{}{}", new.1, old.1))]).await;
        let rep = before.rep().await;
        assert_eq!(kid(&rep.token), old.0);
        assert_role(&after, "a token of before", &[&format!("Bearer {}", rep.token)], "SALES_REP").await;
        assert_eq!(kid(&after.sign_in(rep.id, Role::SalesRep).await.token), new.0);
        assert_eq!(published(&after).await, [new.0, old.0]);
        assert_refused(&world, "a key of nobody here", &[&format!("Bearer {}", rep.token)]).await;
    })
    .await;
}

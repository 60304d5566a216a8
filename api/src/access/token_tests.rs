//! What an access token must survive, and what must not pass for one.

use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::EncodingKey;

use super::*;
use crate::access::key::{self, NOTICE, OVERLAP};

const ISSUER: &str = "https://crm.example";
const AUDIENCE: &str = "tributary";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

struct World {
    keys: Keys,
    kid: String,
    pem: String,
    user: Uuid,
    session: Uuid,
}

fn world() -> World {
    let (kid, pem) = key::generate().unwrap();
    let keys = Keys::new(key::configured(&pem).unwrap(), ISSUER, AUDIENCE);
    World { keys, kid, pem, user: Uuid::from_u128(7), session: Uuid::from_u128(9) }
}

impl World {
    fn token(&self) -> String {
        self.keys.issue(self.pass(), now(), 15).unwrap()
    }

    fn pass(&self) -> Pass {
        Pass { user: self.user, session: self.session, token: Uuid::from_u128(11) }
    }

    /// A token signed with our own key whose header or claims were changed before signing.
    fn signed(&self, change: impl FnOnce(&mut Header, &mut Value)) -> String {
        let mut header = jsonwebtoken::decode_header(self.token()).unwrap();
        let mut claims = part(&self.token(), 1);
        change(&mut header, &mut claims);
        let base64: String = self.pem.lines().filter(|line| !line.starts_with('-')).collect();
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(&STANDARD.decode(base64).unwrap())).unwrap()
    }

    fn refuses(&self, token: &str) {
        let error = self.keys.verify(token, now()).unwrap_err();
        assert_eq!(error.to_string(), Error::unauthenticated().to_string());
        assert_eq!(error.code(), crate::error::Code::Unauthenticated);
    }
}

fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[test]
fn a_token_of_ours_is_accepted_and_follows_rfc_9068() {
    let world = world();
    let claims = world.keys.verify(&world.token(), now()).unwrap();
    assert_eq!(claims.pass, world.pass());
    assert_eq!(claims.exp, now() + TimeDelta::minutes(15));
    let header = part(&world.token(), 0);
    assert_eq!(header, json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": world.kid }));
    let body = part(&world.token(), 1);
    for claim in ["iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti"] {
        assert!(body.get(claim).is_some(), "{claim}");
    }
    assert_eq!(body["jti"], json!(world.pass().token));
}

#[test]
fn the_algorithm_cannot_be_chosen_by_the_token() {
    let world = world();
    let token = world.token();
    let claims = encoded(&part(&token, 1));
    let signature = token.rsplit('.').next().unwrap();
    for alg in ["none", "None", "NONE", "HS256", "RS256", "ES256"] {
        let header = encoded(&json!({ "alg": alg, "typ": "at+jwt", "kid": world.kid }));
        world.refuses(&format!("{header}.{claims}."));
        world.refuses(&format!("{header}.{claims}.{signature}"));
    }
    let header = encoded(&json!({ "alg": "HS256", "typ": "at+jwt", "kid": world.kid }));
    let public = world.keys.jwks(now())["keys"][0]["x"].as_str().unwrap().to_owned();
    for secret in [public.clone().into_bytes(), URL_SAFE_NO_PAD.decode(public).unwrap()] {
        let mut signature = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
        signature.update(format!("{header}.{claims}").as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.finalize().into_bytes());
        world.refuses(&format!("{header}.{claims}.{signature}"));
    }
}

#[test]
fn issuer_audience_type_and_subject_must_be_right() {
    let world = world();
    world.refuses(&world.signed(|_, claims| claims["iss"] = json!("https://other.example")));
    world.refuses(&world.signed(|_, claims| claims["aud"] = json!("other")));
    world.refuses(&world.signed(|_, claims| claims["aud"] = json!([])));
    world.refuses(&world.signed(|_, claims| claims["sub"] = json!("root")));
    world.refuses(&world.signed(|header, _| header.typ = Some("JWT".to_owned())));
    world.refuses(&world.signed(|header, _| header.typ = None));
    for claim in ["iss", "aud", "sub", "sid", "nbf", "exp"] {
        world.refuses(&world.signed(|_, claims| drop(claims.as_object_mut().unwrap().remove(claim))));
    }
    let listed = world.signed(|_, claims| claims["aud"] = json!(["other", AUDIENCE]));
    assert!(world.keys.verify(&listed, now()).is_ok());
}

#[test]
fn time_is_the_time_that_is_passed_in() {
    let world = world();
    let token = world.token();
    assert!(world.keys.verify(&token, now() + TimeDelta::minutes(15)).is_ok());
    assert!(world.keys.verify(&token, now() + TimeDelta::minutes(15) + LEEWAY).is_err());
    assert!(world.keys.verify(&token, now() - LEEWAY).is_ok());
    assert!(world.keys.verify(&token, now() - TimeDelta::seconds(6)).is_err());
    world.refuses(&world.signed(|_, claims| claims["exp"] = json!(i64::MAX)));
}

#[test]
fn tampered_and_foreign_tokens_are_refused() {
    let ours = world();
    let token = ours.token();
    let mut claims = part(&token, 1);
    claims["sub"] = json!(Uuid::from_u128(1));
    let parts: Vec<&str> = token.split('.').collect();
    ours.refuses(&format!("{}.{}.{}", parts[0], encoded(&claims), parts[2]));
    ours.refuses(&token[..token.len() - 4]);
    for garbage in ["", ".", "..", "a.b.c", "a.b.c.d", &"x".repeat(100_000)] {
        ours.refuses(garbage);
    }
    ours.refuses(&world().token());
    ours.refuses(&ours.signed(|header, _| header.kid = Some("unknown".to_owned())));
    ours.refuses(&ours.signed(|header, _| header.kid = None));
}

#[test]
fn keys_that_the_token_brings_are_ignored() {
    let (ours, theirs) = (world(), world());
    let jwk = theirs.keys.jwks(now())["keys"][0].clone();
    let forged = theirs.signed(|header, _| {
        header.kid = Some(ours.kid.clone());
        header.jwk = serde_json::from_value(jwk).unwrap();
        header.jku = Some("https://attacker.example/jwks.json".to_owned());
        header.x5u = Some("https://attacker.example/key.pem".to_owned());
    });
    ours.refuses(&forged);
}

#[test]
fn a_header_that_calls_anything_critical_is_refused() {
    let world = world();
    world.refuses(&world.signed(|header, _| header.crit = Some(vec!["exp".to_owned()])));
    world.refuses(&world.signed(|header, _| header.crit = Some(Vec::new())));
}

#[test]
fn rotation_publishes_then_signs_then_verifies_then_forgets() {
    let world = world();
    let rotated_at = now() + TimeDelta::days(90);
    let new = key::generate().unwrap();
    let pairs = vec![
        Key::pair(&world.pem, now(), Some(rotated_at + NOTICE)).unwrap(),
        Key::pair(&new.1, rotated_at, None).unwrap(),
    ];
    let keys = Keys::new(pairs, ISSUER, AUDIENCE);
    let second = TimeDelta::seconds(1);
    let signer = |at| part(&keys.issue(world.pass(), at, 15).unwrap(), 0)["kid"].clone();
    let published = |at| keys.jwks(at)["keys"].as_array().unwrap().len();
    assert_eq!((signer(now()), signer(rotated_at + NOTICE - second)), (json!(world.kid), json!(world.kid)));
    assert_eq!(signer(rotated_at + NOTICE), json!(new.0));
    let last = keys.issue(world.pass(), rotated_at + NOTICE - second, 15).unwrap();
    let its_end = rotated_at + NOTICE - second + TimeDelta::minutes(15);
    assert!(keys.verify(&last, its_end).is_ok());
    let end = rotated_at + NOTICE + OVERLAP;
    let long = keys.issue(world.pass(), rotated_at, 600).unwrap();
    assert!(keys.verify(&long, end - second).is_ok());
    assert!(keys.verify(&long, end).is_err(), "a signature that is remembered counts no longer than its key");
    assert_eq!((published(rotated_at), published(end - second), published(end)), (2, 2, 1));
}

#[test]
fn without_a_key_that_is_known_long_enough_the_oldest_signs() {
    let (first, second) = (key::generate().unwrap(), key::generate().unwrap());
    let pair = |pem: &str, minutes| Key::pair(pem, now() + TimeDelta::minutes(minutes), None).unwrap();
    let keys = Keys::new(vec![pair(&first.1, 0), pair(&second.1, 1)], ISSUER, AUDIENCE);
    assert_eq!(keys.signing(now()).unwrap().kid, first.0);
    assert!(Keys::new(Vec::new(), ISSUER, AUDIENCE).issue(world().pass(), now(), 1).is_err());
}

#[test]
fn refresh_tokens_are_long_random_and_stored_hashed() {
    let (plain, hash) = new_refresh().unwrap();
    assert_eq!((plain.len(), hash.len()), (43, 64));
    assert_eq!(hash, refresh_hash(&plain));
    assert_ne!(plain, new_refresh().unwrap().0);
}

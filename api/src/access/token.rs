//! Tokens: short signed access tokens (RFC 9068, EdDSA) and long random refresh tokens that are stored as hashes.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::key::Key;
use crate::error::{Error, Result};

/// The `typ` of our access tokens, so that no other kind of token passes for one.
const TYPE: &str = "at+jwt";
/// How far the clocks of two replicas may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(5);
/// No token of ours comes near this length.
const LONGEST: usize = 4_096;
/// Of how many tokens it is remembered that their signatures are right.
const REMEMBERED: usize = 1_000;

/// What an access token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pass {
    /// The user.
    pub user: Uuid,
    /// The session: the family of refresh tokens it was issued from.
    pub session: Uuid,
    /// The refresh token that was issued with it. Nil in tokens from before this was told.
    pub token: Uuid,
}

/// What a verified access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Whom it lets in.
    pub pass: Pass,
    /// When it ends.
    pub exp: DateTime<Utc>,
}

impl Claims {
    /// How long the token is still taken; zero when it has ended.
    pub fn remaining(&self, now: DateTime<Utc>) -> std::time::Duration {
        (self.exp + LEEWAY - now).to_std().unwrap_or_default()
    }
}

/// The claims as they travel.
#[derive(Debug, Serialize, Deserialize)]
struct Wire {
    iss: String,
    aud: Audience,
    sub: String,
    sid: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
}

/// RFC 7519 allows one audience or a list.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn has(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// The signing keys of this service and whom its tokens are from and for.
pub struct Keys {
    keys: Vec<Key>,
    issuer: String,
    audience: String,
    /// What tokens say whose signatures were found right, by their SHA-256: checking a signature takes longer than
    /// reading a row. Everything else about a token is checked every time.
    signed: Cache<[u8; 32], Arc<Signed>>,
}

/// What a rightly signed token says.
struct Signed {
    /// The place of its key.
    key: usize,
    wire: Wire,
}

impl Keys {
    /// Takes the keys, the oldest first.
    pub fn new(keys: Vec<Key>, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        let signed = Cache::new(REMEMBERED);
        Self { keys, issuer: issuer.into(), audience: audience.into(), signed }
    }

    /// The keys, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
    }

    /// The key that signs at this moment: the newest that has been published for long enough; when there is none, the
    /// oldest.
    pub fn signing(&self, now: DateTime<Utc>) -> Option<&Key> {
        let may_sign = || self.keys.iter().filter(|key| key.may_sign(now));
        may_sign().rfind(|key| key.is_known(now)).or_else(|| may_sign().next())
    }

    /// Issues an access token.
    ///
    /// # Errors
    /// `INTERNAL` when it cannot be signed.
    pub fn issue(&self, pass: Pass, now: DateTime<Utc>, minutes: u32) -> Result<String> {
        let key = self.signing(now).ok_or_else(no_key)?;
        let signing = key.signing.as_ref().ok_or_else(no_key)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key.kid.clone());
        let claims = Wire {
            iss: self.issuer.clone(),
            aud: Audience::One(self.audience.clone()),
            sub: pass.user.to_string(),
            sid: pass.session.to_string(),
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: (now + TimeDelta::minutes(i64::from(minutes))).timestamp(),
            // One access token is issued with each refresh token.
            jti: pass.token.to_string(),
        };
        jsonwebtoken::encode(&header, &claims, signing).map_err(Error::internal)
    }

    /// Verifies an access token against the passed time. Keys and addresses of keys that the token itself brings
    /// (`jwk`, `jku`, `x5u`, `x5c`) are never looked at.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, in the same words whatever is wrong.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims> {
        self.claims(token, now).ok_or_else(Error::unauthenticated)
    }

    /// Is this shaped like a token of ours, but signed with a key that is not here? Perhaps another replica has made one.
    pub fn is_unknown(&self, token: &str) -> bool {
        key_id(token).is_some_and(|kid| self.keys.iter().all(|key| key.kid != kid))
    }

    fn claims(&self, token: &str, now: DateTime<Utc>) -> Option<Claims> {
        let signed = self.signed(token)?;
        self.keys.get(signed.key).filter(|key| key.verifies(now))?;
        let wire = &signed.wire;
        let exp = DateTime::from_timestamp(wire.exp, 0)?;
        let nbf = DateTime::from_timestamp(wire.nbf, 0)?;
        let in_time = now < exp + LEEWAY && nbf <= now + LEEWAY;
        let ours = wire.iss == self.issuer && wire.aud.has(&self.audience);
        (in_time && ours).then_some(())?;
        let (user, session) = (wire.sub.parse().ok()?, wire.sid.parse().ok()?);
        let token = wire.jti.parse().unwrap_or_default();
        Some(Claims { pass: Pass { user, session, token }, exp })
    }

    /// What a token says that one of the keys has signed.
    fn signed(&self, token: &str) -> Option<Arc<Signed>> {
        if token.len() > LONGEST {
            return None;
        }
        let name: [u8; 32] = Sha256::digest(token).into();
        if let Some(known) = self.signed.get(&name) {
            return Some(known);
        }
        let kid = key_id(token)?;
        let place = self.keys.iter().position(|key| key.kid == kid)?;
        let verifying = &self.keys.get(place)?.verifying;
        let wire = jsonwebtoken::decode::<Wire>(token, verifying, &signature_only()).ok()?.claims;
        let signed = Arc::new(Signed { key: place, wire });
        self.signed.insert(name, Arc::clone(&signed));
        Some(signed)
    }

    /// The public keys as a JSON Web Key Set (RFC 7517, 8037): those that verify now or will sign soon.
    pub fn jwks(&self, now: DateTime<Utc>) -> Value {
        let keys: Vec<Value> = self.keys.iter().filter(|key| key.verifies(now)).map(Key::jwk).collect();
        json!({ "keys": keys })
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kids: Vec<&str> = self.keys.iter().map(|key| key.kid.as_str()).collect();
        f.debug_struct("Keys").field("kids", &kids).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// The id of the key that a token names, if its header could be one of ours. Nothing in the header but this id has a
/// say in which key is taken.
fn key_id(token: &str) -> Option<String> {
    if token.len() > LONGEST {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    // Whoever does not know what a header calls critical must refuse it (RFC 7515, 4.1.11); ours are never that.
    let ours = header.alg == Algorithm::EdDSA && header.crit.is_none();
    (ours && header.typ.is_some_and(|typ| is_access_token(&typ))).then_some(())?;
    header.kid
}

fn no_key() -> Error {
    Error::internal("there is no key to sign with")
}

/// A new refresh token: 256 random bits for the client, and the hash that is stored.
///
/// # Errors
/// `INTERNAL` when the system has no randomness.
pub fn new_refresh() -> Result<(String, String)> {
    let plain = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let hash = refresh_hash(&plain);
    Ok((plain, hash))
}

/// The stored form of a refresh token: SHA-256 in hex. (Slow hashing adds nothing to 256 random bits.)
pub fn refresh_hash(plain: &str) -> String {
    Sha256::digest(plain.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// RFC 9068: `at+jwt` or `application/at+jwt`, in any case.
fn is_access_token(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/").unwrap_or(&typ) == TYPE
}

/// The library checks algorithm and signature; the claims are checked by us, against our clock.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;

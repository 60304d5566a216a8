//! Tokens: short signed access tokens (RFC 9068, EdDSA) and long random refresh tokens that are stored as hashes.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::{Error, Result};

/// The `typ` of our access tokens, so that no other kind of token passes for one.
const TYPE: &str = "at+jwt";
/// How far the clocks of two replicas may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(5);
/// No token of ours comes near this length.
const LONGEST: usize = 4_096;

/// What a verified access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The user.
    pub sub: Uuid,
    /// The session: the family of refresh tokens it was issued from.
    pub sid: Uuid,
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

/// One key pair. A retired one still verifies until its tokens have ended.
struct Key {
    kid: String,
    retired: bool,
    signing: EncodingKey,
    verifying: DecodingKey,
    public: String,
}

/// The signing keys of this service and whom its tokens are from and for.
pub struct Keys {
    keys: Vec<Key>,
    issuer: String,
    audience: String,
}

impl Keys {
    /// Takes the keys as `(kid, PKCS#8 PEM, retired)`, oldest first: the last one that is not retired signs, all verify.
    ///
    /// # Errors
    /// `INTERNAL` when a key is not Ed25519 or none can sign.
    pub fn new(
        keys: Vec<(String, String, bool)>,
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> Result<Self> {
        let keys =
            keys.into_iter().map(|(kid, pem, retired)| Key::read(kid, &pem, retired)).collect::<Result<Vec<_>>>()?;
        if keys.iter().all(|key| key.retired) {
            return Err(Error::internal("there is no signing key that is not retired"));
        }
        Ok(Self { keys, issuer: issuer.into(), audience: audience.into() })
    }

    /// Issues an access token for a user's session.
    ///
    /// # Errors
    /// `INTERNAL` when it cannot be signed.
    pub fn issue(&self, subject: Uuid, session: Uuid, now: DateTime<Utc>, minutes: u32) -> Result<String> {
        let key =
            self.keys.iter().rev().find(|key| !key.retired).ok_or_else(|| Error::internal("no key to sign with"))?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key.kid.clone());
        let claims = Wire {
            iss: self.issuer.clone(),
            aud: Audience::One(self.audience.clone()),
            sub: subject.to_string(),
            sid: session.to_string(),
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: (now + TimeDelta::minutes(i64::from(minutes))).timestamp(),
            jti: URL_SAFE_NO_PAD.encode(random::<16>()?),
        };
        jsonwebtoken::encode(&header, &claims, &key.signing).map_err(Error::internal)
    }

    /// Verifies an access token against the passed time. Keys and addresses of keys that the token itself brings
    /// (`jwk`, `jku`, `x5u`, `x5c`) are never looked at.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, in the same words whatever is wrong.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims> {
        self.claims(token, now).ok_or_else(Error::unauthenticated)
    }

    fn claims(&self, token: &str, now: DateTime<Utc>) -> Option<Claims> {
        if token.len() > LONGEST {
            return None;
        }
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.alg != Algorithm::EdDSA || !header.typ.is_some_and(|typ| is_access_token(&typ)) {
            return None;
        }
        let kid = header.kid?;
        let key = self.keys.iter().find(|key| key.kid == kid)?;
        let wire = jsonwebtoken::decode::<Wire>(token, &key.verifying, &signature_only()).ok()?.claims;
        let exp = DateTime::from_timestamp(wire.exp, 0)?;
        let nbf = DateTime::from_timestamp(wire.nbf, 0)?;
        let in_time = now < exp + LEEWAY && nbf <= now + LEEWAY;
        let ours = wire.iss == self.issuer && wire.aud.has(&self.audience);
        (in_time && ours).then_some(())?;
        Some(Claims { sub: wire.sub.parse().ok()?, sid: wire.sid.parse().ok()?, exp })
    }

    /// The public keys as a JSON Web Key Set (RFC 7517, 8037).
    pub fn jwks(&self) -> Value {
        let keys: Vec<Value> = self
            .keys
            .iter()
            .map(|key| json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid, "x": key.public }))
            .collect();
        json!({ "keys": keys })
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kids: Vec<&str> = self.keys.iter().map(|key| key.kid.as_str()).collect();
        f.debug_struct("Keys").field("kids", &kids).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Key {
    fn read(kid: String, pem: &str, retired: bool) -> Result<Self> {
        let public = URL_SAFE_NO_PAD.encode(public_key(pem)?);
        let signing = EncodingKey::from_ed_pem(pem.as_bytes()).map_err(Error::internal)?;
        let verifying = DecodingKey::from_ed_components(&public).map_err(Error::internal)?;
        Ok(Self { kid, retired, signing, verifying, public })
    }
}

/// Makes a new key pair: its id and its private key as PKCS#8 PEM.
///
/// # Errors
/// `INTERNAL` when the system has no randomness.
pub fn generate() -> Result<(String, String)> {
    let pair = Ed25519KeyPair::generate().map_err(Error::internal)?;
    let document = pair.to_pkcs8v1().map_err(Error::internal)?;
    let pem = to_pem(document.as_ref());
    Ok((key_id(&pem)?, pem))
}

/// The id of a key: its thumbprint (RFC 7638), so that the same key has the same id on every replica.
///
/// # Errors
/// `INTERNAL` when this is not an Ed25519 private key.
pub fn key_id(pem: &str) -> Result<String> {
    let public = URL_SAFE_NO_PAD.encode(public_key(pem)?);
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{public}"}}"#);
    Ok(URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.as_bytes())))
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

fn public_key(pem: &str) -> Result<Vec<u8>> {
    let refused = |_| Error::internal("the signing key is not an Ed25519 private key in PKCS#8 PEM");
    let signing = EncodingKey::from_ed_pem(pem.as_bytes()).map_err(|error| refused(error.to_string()))?;
    let pair = Ed25519KeyPair::from_pkcs8(signing.as_bytes()).map_err(|error| refused(error.to_string()))?;
    Ok(pair.public_key().as_ref().to_vec())
}

fn to_pem(document: &[u8]) -> String {
    let encoded = STANDARD.encode(document);
    let lines = encoded.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n")
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;

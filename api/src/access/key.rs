//! Ed25519 key pairs that sign access tokens: how they are read and made, and when each of them signs and verifies.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::eddsa;
use crate::error::{Error, Result};

/// How long a new key is published before it signs: by then every replica, and everybody who keeps a copy of the key
/// set, has read it.
pub const NOTICE: TimeDelta = TimeDelta::minutes(10);
/// How long a key still verifies once it has stopped signing: no access token lives longer, and clocks differ a little.
pub const OVERLAP: TimeDelta = TimeDelta::minutes(16);

/// What stands before the 32 bytes of an Ed25519 private key in PKCS#8 as DER (RFC 8410).
const PRIVATE_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// What stands before the 32 bytes of an Ed25519 public key in DER (RFC 8410).
const PUBLIC_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Thumbprints of key pairs that everybody has, for their private half is printed in a standard or in a manual, or is a
/// pattern.
#[rustfmt::skip]
const PUBLISHED: &[&str] = &[
    "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", // RFC 8037, appendix A; RFC 8032, test 1
    "FtIu-VbGrfe_KB6CH7GNwODB72MNxj_ml11dEvO-7kk", // RFC 8032, test 2
    "FVV5umTuau890q59V-4Ga_R6qWb7ON_ivJc4EjvCwTM", // RFC 8032, test 3
    "lZI1vM7tnlYapaF5-cy86ptx0tT_8Av721hhiNB5ti4", // RFC 8032, test 1024
    "iiDHHfFVNG6ICMUTsicgrWf1igtFYZEK73xlobt1ah4", // RFC 8032, test SHA(abc)
    "3YZxBJ12jO3n_mXt_q-j_Z-TFP1vt-NiI3OCf-fEnHQ", // RFC 8410, section 10.3
    "zD6Ku27DiffK3Eo53dEThwg7azhZfXYV0x8egjO42jA", // the example of jwt.io
    "9ZP03Nu8GrXPAUkbKNxHOKBzxPX83SShgFkRNK-f2lw", // zeros
    "UDDReOZl1ipXAfp9wYsm13sDBMK5og--QWdBjzuf6o4", // ones
    "LlsmkXmHJuXWkRZLv_FKl_mprfIV5aYVnXqCgsebsdU", // bits that are all set
    "1IG2tMH7J2wbJZnOf8LJzQitKf7LMvoAElsuDMVM54Y", // counting from 0
    "WWpn_pfHui9YKR4CZtQsDGMu7_Gch2zYChfSvnxgtPk", // counting from 1
];

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(&'static str);

const NO_PAIR: Unusable =
    Unusable("must hold an Ed25519 private key as PKCS#8 PEM (`openssl genpkey -algorithm ed25519` makes one)");
const NO_KEY: Unusable = Unusable("holds a further key that is no Ed25519 key in PEM");
const EVERYBODYS: Unusable = Unusable("holds an example key that everybody has: make one of your own");

/// One key. A configured one may be public only; it verifies and does not sign.
pub struct Key {
    /// The key id: the thumbprint (RFC 7638), so that the same key has the same id on every replica.
    pub kid: String,
    /// When it was made; it signs from [`NOTICE`] later.
    pub made_at: DateTime<Utc>,
    /// When it stops signing; it verifies until [`OVERLAP`] later.
    pub retired_at: Option<DateTime<Utc>>,
    pub(super) signing: Option<EncodingKey>,
    pub(super) verifying: DecodingKey,
    public: Vec<u8>,
}

impl Key {
    /// Reads a key pair from a private key as PKCS#8 PEM.
    ///
    /// # Errors
    /// No Ed25519 key, or one that everybody has.
    pub fn pair(pem: &str, made_at: DateTime<Utc>, retired_at: Option<DateTime<Utc>>) -> Result<Self, Unusable> {
        let der = pem.starts_with("-----BEGIN PRIVATE KEY-----").then(|| document(pem)).flatten().ok_or(NO_PAIR)?;
        let pair = eddsa::private_key(&der).ok_or(NO_PAIR)?;
        let signing = Some(EncodingKey::from_ed_der(&der));
        let key = Self { signing, ..Self::public(pair.verifying_key().to_bytes().to_vec(), made_at)? };
        Ok(Self { retired_at, ..key })
    }

    fn public(public: Vec<u8>, made_at: DateTime<Utc>) -> Result<Self, Unusable> {
        let kid = thumbprint(&public);
        if PUBLISHED.contains(&kid.as_str()) {
            return Err(EVERYBODYS);
        }
        eddsa::install();
        let verifying = DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(&public)).map_err(|_| NO_KEY)?;
        Ok(Self { kid, made_at, retired_at: None, signing: None, verifying, public })
    }

    /// May it sign at this moment, apart from the notice?
    pub fn may_sign(&self, now: DateTime<Utc>) -> bool {
        self.signing.is_some() && self.retired_at.is_none_or(|retired| now < retired)
    }

    /// Has it been published for long enough?
    pub fn is_known(&self, now: DateTime<Utc>) -> bool {
        self.made_at + NOTICE <= now
    }

    /// Do tokens that it signed still count?
    pub fn verifies(&self, now: DateTime<Utc>) -> bool {
        self.retired_at.is_none_or(|retired| now < retired + OVERLAP)
    }

    /// The public key as a JSON Web Key (RFC 7517, RFC 8037).
    pub fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(&self.public);
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": x })
    }
}

/// The keys of a configured text: the first signs; those below it, private or public, verify the tokens of before.
///
/// # Errors
/// The first is no Ed25519 private key, another one is no Ed25519 key, or everybody has it.
pub fn configured(text: &str) -> Result<Vec<Key>, Unusable> {
    let always = DateTime::<Utc>::MIN_UTC;
    let mut keys: Vec<Key> = Vec::new();
    for (place, pem) in blocks(text).iter().enumerate() {
        let key = match Key::pair(pem, always, None) {
            Ok(pair) if place == 0 => pair,
            Ok(pair) => Key { signing: None, ..pair },
            Err(_) if place > 0 && pem.contains("PUBLIC KEY") => Key::public(public_key(pem)?, always)?,
            Err(error) => return Err(error),
        };
        // One that is written twice is one.
        if keys.iter().all(|known| known.kid != key.kid) {
            keys.push(key);
        }
    }
    if keys.is_empty() { Err(NO_PAIR) } else { Ok(keys) }
}

/// Makes a new key pair: its id and its private key as PKCS#8 PEM.
///
/// # Errors
/// `INTERNAL` when the system has no randomness.
pub fn generate() -> Result<(String, String)> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(Error::internal)?;
    let encoded = STANDARD.encode([PRIVATE_PREFIX.as_slice(), &secret].concat());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{encoded}\n-----END PRIVATE KEY-----\n");
    let pair = SigningKey::from_bytes(&secret);
    Ok((thumbprint(pair.verifying_key().as_bytes()), pem))
}

fn thumbprint(public: &[u8]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.as_bytes()))
}

/// The PEM blocks of a text.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("-----BEGIN ") {
        let block = rest.get(start..).unwrap_or_default();
        let end = block.find("-----END ").and_then(|end| {
            let tail = block.get(end + 9..)?;
            Some(end + 9 + tail.find("-----")? + 5)
        });
        let end = end.unwrap_or(block.len());
        blocks.push(block.get(..end).unwrap_or_default().to_owned());
        rest = block.get(end..).unwrap_or_default();
    }
    blocks
}

/// What a PEM block holds.
fn document(pem: &str) -> Option<Vec<u8>> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    STANDARD.decode(base64).ok()
}

/// The 32 bytes of a public key in PEM.
fn public_key(pem: &str) -> Result<Vec<u8>, Unusable> {
    let document = document(pem).ok_or(NO_KEY)?;
    let public = document.strip_prefix(&PUBLIC_PREFIX).filter(|public| public.len() == 32);
    public.map(<[u8]>::to_vec).ok_or(NO_KEY)
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;

//! EdDSA over Ed25519 (RFC 8037) for the library of tokens. It is given no other algorithm: a token cannot ask for one.

use ed25519_dalek::pkcs8::DecodePrivateKey;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

static PROVIDER: CryptoProvider =
    CryptoProvider { signer_factory: signs, verifier_factory: verifies, key_utils: KeyUtils::new_unimplemented() };

/// Gives the algorithm to the library.
pub(super) fn install() {
    // Whoever comes second finds it there.
    let _ = PROVIDER.install_default();
}

/// Reads a private key from PKCS#8 as DER.
pub(super) fn private_key(der: &[u8]) -> Option<SigningKey> {
    SigningKey::from_pkcs8_der(der).ok()
}

struct Signs(SigningKey);

struct Verifies(VerifyingKey);

fn signs(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    let known = is_eddsa(*algorithm).then(|| private_key(key.as_bytes())).flatten();
    Ok(Box::new(Signs(known.ok_or(ErrorKind::InvalidEddsaKey)?)))
}

fn verifies(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let bytes = key.try_get_as_bytes()?.try_into().ok().filter(|_| is_eddsa(*algorithm));
    let known = bytes.and_then(|bytes| VerifyingKey::from_bytes(bytes).ok());
    Ok(Box::new(Verifies(known.ok_or(ErrorKind::InvalidEddsaKey)?)))
}

fn is_eddsa(algorithm: Algorithm) -> bool {
    algorithm == Algorithm::EdDSA
}

impl Signer<Vec<u8>> for Signs {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        self.0.try_sign(message).map(|signature| signature.to_bytes().to_vec()).map_err(|_| Error::new())
    }
}

impl JwtSigner for Signs {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

impl Verifier<Vec<u8>> for Verifies {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let signature = Signature::from_slice(signature).map_err(|_| Error::new())?;
        self.0.verify_strict(message, &signature).map_err(|_| Error::new())
    }
}

impl JwtVerifier for Verifies {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

//! Passwords: stored as Argon2id, verified off the async workers, and judged by length instead of by composition.

use std::sync::OnceLock;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::error::{Error, Mistake, Result};

/// Fewest characters of a password that is the only factor (NIST SP 800-63B-4).
pub const MIN_CHARACTERS: usize = 15;
/// Most characters, so that nobody makes us hash novels.
pub const MAX_CHARACTERS: usize = 128;

/// Memory in KiB, passes and lanes: the minimum that OWASP recommends for Argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How many hashes are computed at once: each takes 19 MiB and a core.
static PERMITS: Semaphore = Semaphore::const_new(2);

/// The hash that unknown users are verified against.
static NOBODY: OnceLock<String> = OnceLock::new();

/// Hashes a password for storage (a PHC string with its own random salt).
///
/// # Errors
/// `INTERNAL` when the hash cannot be computed.
pub async fn hash(password: String) -> Result<String> {
    off_the_workers(move || hash_now(&password)).await
}

/// Does this password belong to this hash? Without a hash (no such user, or one without a password) the answer is no,
/// after the same work as for a wrong password.
///
/// # Errors
/// `INTERNAL` when the stored hash is damaged.
pub async fn verify(hash: Option<String>, password: String) -> Result<bool> {
    off_the_workers(move || match hash {
        Some(hash) => verify_now(&hash, &password),
        None => verify_now(&nobody()?, &password).map(|_| false),
    })
    .await
}

/// May this password be chosen? Length and a small blocklist; no rules of composition.
///
/// # Errors
/// The mistake at the input field `password`.
pub fn check_new(password: &str) -> Result<(), Mistake> {
    let characters = password.chars().count();
    if characters < MIN_CHARACTERS {
        return Err(mistake(
            "INVALID",
            format!("The password needs at least {MIN_CHARACTERS} characters. A few unrelated words make a good one."),
        ));
    }
    if characters > MAX_CHARACTERS {
        return Err(mistake("TOO_LONG", format!("The password may have at most {MAX_CHARACTERS} characters.")));
    }
    if is_monotonous(password) || is_made_of_common_words(password) {
        return Err(mistake(
            "NOT_ALLOWED",
            "This password is too easy to guess. A few unrelated words make a good one.".to_owned(),
        ));
    }
    Ok(())
}

fn mistake(code: &str, message: String) -> Mistake {
    Mistake::new(code, "password", message)
}

async fn off_the_workers<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let _permit = PERMITS.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| Error::internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &str) -> Result<String> {
    let hash = argon2()?.hash_password(password.as_bytes()).map_err(|error| Error::internal(error.to_string()))?;
    Ok(hash.to_string())
}

fn verify_now(hash: &str, password: &str) -> Result<bool> {
    let damaged = |_| Error::internal("a stored password hash is damaged");
    let parsed = PasswordHash::new(hash).map_err(damaged)?;
    Ok(argon2()?.verify_password(password.as_bytes(), &parsed).is_ok())
}

fn nobody() -> Result<String> {
    if let Some(hash) = NOBODY.get() {
        return Ok(hash.clone());
    }
    let hash = hash_now("the password of nobody")?;
    Ok(NOBODY.get_or_init(|| hash).clone())
}

/// Few different characters, a short unit repeated, or a run such as `abcdef` or `123456`.
fn is_monotonous(password: &str) -> bool {
    let characters: Vec<char> = password.chars().flat_map(char::to_lowercase).collect();
    let mut distinct = characters.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let repeats = |period: usize| characters.iter().zip(characters.iter().skip(period)).all(|(a, b)| a == b);
    let mut once = characters.clone();
    once.dedup();
    let steps = once.iter().zip(once.iter().skip(1)).filter(|(a, b)| follows(**a, **b) || follows(**b, **a)).count();
    distinct.len() < 5 || (1..=6).any(repeats) || steps * 5 >= once.len() * 4
}

fn follows(a: char, b: char) -> bool {
    u32::from(a) + 1 == u32::from(b) || (a, b) == ('9', '0')
}

/// Words and runs that lead every list of leaked passwords, and the names of this product.
#[rustfmt::skip]
const COMMON: &[&str] = &[
    "password", "passwort", "passw0rd", "p4ssw0rd", "pass", "word", "qwerty", "qwertyuiop", "qwertz", "qwertzuiop",
    "azerty", "asdfghjkl", "asdf", "zxcvbnm", "yxcvbnm", "letmein", "welcome", "admin", "administrator", "iloveyou",
    "monkey", "dragon", "football", "baseball", "sunshine", "princess", "login", "master", "superman", "batman",
    "trustno1", "secret", "changeme", "default", "guest", "test", "user", "root", "hello", "abc", "abcdef",
    "tributary", "crm", "company", "sales", "marketing", "correct", "horse", "battery", "staple", "1q2w3e4r",
    "1qaz2wsx", "my", "the", "is", "this", "new", "please", "summer", "winter", "spring", "autumn",
];

/// Nothing left once common words, digits and signs are taken away: `Password-Password-2026!`.
fn is_made_of_common_words(password: &str) -> bool {
    let letters: String = password.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let mut reachable = vec![false; letters.len() + 1];
    let starts = letters.char_indices().map(|(at, c)| (at, Some(c))).chain([(letters.len(), None)]);
    for (at, next) in starts {
        if at != 0 && !reachable.get(at).copied().unwrap_or(false) {
            continue;
        }
        let rest = letters.get(at..).unwrap_or_default();
        let words = COMMON.iter().filter(|word| rest.starts_with(**word)).map(|word| word.len());
        let digit = next.filter(char::is_ascii_digit).map(|_| 1);
        for length in words.chain(digit) {
            if let Some(end) = reachable.get_mut(at + length) {
                *end = true;
            }
        }
    }
    letters.chars().any(char::is_alphabetic) && reachable.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_decides_and_composition_does_not() {
        assert_eq!(check_new("short").unwrap_err().code, "INVALID");
        assert_eq!(check_new(&"a long sentence ".repeat(9)).unwrap_err().code, "TOO_LONG");
        for good in
            ["lamp otter violin dusk", "ein Fluss ohne Brücke", "河流没有桥也能过去因为水很浅的", "8402 71635 99204 18"]
        {
            assert_eq!(check_new(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn guessable_passwords_are_refused() {
        let bad = [
            "passwordpassword",
            "Password-Password-2026!",
            "tributarytributary",
            "Tributary CRM 2026!!",
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "abcdefghijklmnop",
            "123456789012345",
            "correct horse battery staple",
            "qwertyuiopasdfghjkl",
            "...............!",
            "11112222333344445555",
        ];
        for password in bad {
            assert_eq!(check_new(password).unwrap_err().code, "NOT_ALLOWED", "{password}");
        }
    }

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let stored = hash("lamp otter violin dusk".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify(Some(stored.clone()), "lamp otter violin dusk".to_owned()).await.unwrap());
        assert!(!verify(Some(stored), "lamp otter violin dawn".to_owned()).await.unwrap());
        assert!(!verify(None, "the password of nobody".to_owned()).await.unwrap());
        assert!(verify(Some("damaged".to_owned()), "x".to_owned()).await.is_err());
    }
}

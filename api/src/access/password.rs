//! Passwords (NIST SP 800-63B-4): stored as Argon2id, verified off the async workers, and judged by length and by a list
//! of words instead of by composition.

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

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

/// The hash that unknown users are verified against: with the parameters above, and of no password at
/// all, for its bytes are random.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$aJ/lCGn9tOn5KNmZxZ900A$ZZEoHU/yW6H2yJ+r2w2VIOmyjpEwte6ZAM9CTI19hrU";

/// Hashes a password for storage (a PHC string with its own random salt).
///
/// # Errors
/// `INTERNAL` when the hash cannot be computed.
pub async fn hash(password: String) -> Result<String> {
    off_the_workers(move || hash_now(&normalised(&password))).await
}

/// A hash that is the same for the same secrets and salt, as costly to guess from as that of a stored password.
///
/// # Errors
/// `INTERNAL` when the hash cannot be computed.
pub async fn fingerprint(secrets: String, salt: Vec<u8>) -> Result<[u8; 32]> {
    off_the_workers(move || {
        let mut hash = [0; 32];
        let done = argon2()?.hash_password_into(secrets.as_bytes(), &salt, &mut hash);
        done.map(|()| hash).map_err(|error| Error::internal(error.to_string()))
    })
    .await
}

/// Does this password belong to this hash? Without a hash (no such user, or one without a password) the answer is no,
/// after the same work as for a wrong password.
///
/// # Errors
/// `INTERNAL` when the stored hash is damaged.
pub async fn verify(hash: Option<String>, password: String) -> Result<bool> {
    off_the_workers(move || {
        let password = normalised(&password);
        match hash {
            Some(hash) if password.chars().count() <= MAX_CHARACTERS => verify_now(&hash, &password),
            // Nobody's password is that long; the work is the same, whatever was sent.
            _ => verify_now(NOBODY, &password.chars().take(MAX_CHARACTERS).collect::<String>()).map(|_| false),
        }
    })
    .await
}

/// May this password be chosen by someone of this name and address? Length and a list of words; no rules of composition.
///
/// # Errors
/// The mistake at the input field `password`.
pub fn check_new(password: &str, about: &[&str]) -> Result<(), Mistake> {
    let password = &normalised(password);
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
    if is_monotonous(password) || is_made_of_known_words(password, about) {
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
    let permit = PERMITS.acquire().await.map_err(Error::internal)?;
    // The permit goes along: whoever hangs up does not stop the work, and so must not make room for more of it.
    let work = move || {
        let outcome = work();
        drop(permit);
        outcome
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

/// One spelling for each text: an `é` is one character or two, depending on the keyboard (NFC).
fn normalised(password: &str) -> String {
    password.nfc().collect()
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

/// Words and runs that lead every list of leaked passwords, and the names of this product and its trade.
#[rustfmt::skip]
const COMMON: &[&str] = &[
    "password", "passwort", "motdepasse", "contrasena", "passw0rd", "p4ssw0rd", "pass", "word", "wort", "pwd",
    "qwerty", "qwertyuiop", "qwertz", "qwertzuiop", "azerty", "azertyuiop", "asdfghjkl", "asdf", "zxcvbnm", "zxcv",
    "yxcvbnm", "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx", "3edc4rfv", "qazwsx", "qazwsxedc", "q1w2e3r4", "zaq12wsx",
    "letmein", "welcome", "willkommen", "admin", "administrator", "iloveyou", "ichliebedich", "tequiero", "monkey",
    "dragon", "football", "baseball", "basketball", "hockey", "soccer", "fussball", "sunshine", "princess", "prinzessin",
    "login", "logmein", "master", "superman", "batman", "spiderman", "pokemon", "starwars", "matrix", "trustno1",
    "secret", "geheim", "changeme", "changeit", "default", "guest", "test", "testing", "demo", "example", "sample",
    "user", "username", "root", "toor", "hello", "hallo", "abc", "abcd", "abcdef", "xyz", "love", "lovely", "angel",
    "flower", "cookie", "cheese", "chocolate", "computer", "internet", "server", "service", "system", "access",
    "freedom", "whatever", "killer", "hunter", "ranger", "jordan", "michael", "charlie", "jessica", "jennifer",
    "ashley", "daniel", "thomas", "andrew", "robert", "george", "shadow", "tigger", "buster", "pepper", "ginger",
    "summer", "winter", "spring", "autumn", "fall", "january", "february", "march", "april", "june", "july", "august",
    "september", "october", "november", "december", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
    "sunday", "sommer", "herbst", "fruehling", "berlin", "london", "paris", "america", "germany", "deutschland",
    "tributary", "crm", "company", "sales", "marketing", "campaign", "revenue", "customer", "business", "office",
    "correct", "horse", "battery", "staple", "my", "mein", "the", "is", "this", "that", "das", "ist", "new", "old",
    "please", "you", "me", "we", "your", "our", "are", "and", "for", "not", "no", "one", "two", "three", "very",
    "good", "best", "super", "strong", "secure", "security", "safe", "long", "enough", "account", "temp", "temporary",
];

/// Shortest part of a name or an address that counts as a word.
const SHORTEST_NAME: usize = 3;

/// Nothing left once common words, the person's own names, digits and signs are taken away: `Password-Password-2026!`.
fn is_made_of_known_words(password: &str, about: &[&str]) -> bool {
    let letters: String = password.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let about = about.join(" ").to_lowercase();
    let names = about.split(|c: char| !c.is_alphanumeric()).filter(|name| name.chars().count() >= SHORTEST_NAME);
    let known: Vec<&str> = COMMON.iter().copied().chain(names).collect();
    let mut reachable = vec![false; letters.len() + 1];
    let starts = letters.char_indices().map(|(at, c)| (at, Some(c))).chain([(letters.len(), None)]);
    for (at, next) in starts {
        if at != 0 && !reachable.get(at).copied().unwrap_or(false) {
            continue;
        }
        let rest = letters.get(at..).unwrap_or_default();
        let words = known.iter().filter(|word| rest.starts_with(**word)).map(|word| word.len());
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
        assert_eq!(check_new("short", &[]).unwrap_err().code, "INVALID");
        assert_eq!(check_new(&"a long sentence ".repeat(9), &[]).unwrap_err().code, "TOO_LONG");
        for good in
            ["lamp otter violin dusk", "ein Fluss ohne Brücke", "河流没有桥也能过去因为水很浅的", "8402 71635 99204 18"]
        {
            assert_eq!(check_new(good, &[]), Ok(()), "{good}");
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
            assert_eq!(check_new(password, &[]).unwrap_err().code, "NOT_ALLOWED", "{password}");
        }
    }

    #[test]
    fn a_password_made_of_ones_own_name_is_refused() {
        let about = ["Rosalind Featherstone", "r.featherstone@otters.example"];
        for password in ["Rosalind Featherstone 1990", "featherstone.otters.2026", "my rosalind password"] {
            assert_eq!(check_new(password, &about).unwrap_err().code, "NOT_ALLOWED", "{password}");
            assert_eq!(check_new("rosalind walks the lamp otter", &about), Ok(()));
        }
    }

    #[test]
    fn length_is_counted_in_characters_of_one_spelling() {
        let two_each = "e\u{301}".repeat(14);
        assert_eq!(check_new(&two_each, &[]).unwrap_err().code, "INVALID");
        assert_eq!(check_new(&format!("{two_each} lamp violin"), &[]), Ok(()));
        let long = "lampe é violon ".repeat(8);
        assert_eq!((long.chars().count(), check_new(&format!("{long}otter ok"), &[])), (120, Ok(())));
        assert_eq!(check_new(&format!("{long}otter ok!"), &[]).unwrap_err().code, "TOO_LONG");
    }

    #[tokio::test]
    async fn a_password_fits_however_its_accents_are_typed() {
        let stored = hash("ein Fluß ohne Brücke, café".to_owned()).await.unwrap();
        let apart = "ein Fluß ohne Bru\u{308}cke, cafe\u{301}";
        assert!(verify(Some(stored.clone()), apart.to_owned()).await.unwrap());
        assert!(!verify(Some(stored), "ein Fluß ohne Brucke, cafe".to_owned()).await.unwrap());
    }

    #[tokio::test]
    async fn what_is_too_long_to_be_a_password_is_not_hashed_whole() {
        let longest = "ab3 ".repeat(32);
        let stored = Some(hash(longest.clone()).await.unwrap());
        assert!(verify(stored.clone(), longest.clone()).await.unwrap());
        assert!(!verify(stored, format!("{longest}more")).await.unwrap());
    }

    #[test]
    fn unknown_users_cost_the_same_work() {
        let ours = hash_now("any").unwrap();
        let parameters = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        let lengths = |hash: &str| hash.split('$').skip(4).map(str::len).collect::<Vec<_>>();
        assert_eq!((parameters(NOBODY), lengths(NOBODY)), (parameters(&ours), lengths(&ours)));
        assert!(!verify_now(NOBODY, "the password of nobody").unwrap());
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

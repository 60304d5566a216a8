//! Which keys are taken, and when each of them signs and verifies.

use super::*;

/// RFC 8032, test 1, which is also the example of RFC 8037.
const PUBLISHED_PAIR: &str = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";

fn private(base64: &str) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n")
}

fn refusal(text: &str) -> String {
    configured(text).err().map(|refused| refused.to_string()).unwrap_or_default()
}

#[test]
fn a_key_is_known_by_its_thumbprint() {
    let (kid, pem) = generate().unwrap();
    let key = Key::pair(&pem, DateTime::UNIX_EPOCH, None).unwrap();
    assert_eq!((key.kid.as_str(), kid.len()), (kid.as_str(), 43));
    assert_ne!(kid, generate().unwrap().0);
    // The thumbprint that RFC 8037 itself gives for its example.
    assert_eq!(thumbprint(&STANDARD.decode("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").unwrap()), PUBLISHED[0]);
}

#[test]
fn keys_that_everybody_has_are_refused() {
    let examples = [
        PUBLISHED_PAIR,
        "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7",
        "MC4CAQAwBQYDK2VwBCIEIMWqjfQ/n4N77bdELzHct7Fm04U1B28JS4XOOi4LRFj3",
        "MC4CAQAwBQYDK2VwBCIEIPXldnzxUzGVF2MPImh2uGyBYMxYO8ATdExr8lX1zA7l",
        "MC4CAQAwBQYDK2VwBCIEIIM/5iQJI3udYux3WHUgkR6adZzsHRl1W32pAbltyj1C",
        "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC",
        "MC4CAQAwBQYDK2VwBCIEIPtUxyxlhjOWetjIYmc98dmB2GxpeaMPP64qBhZmG13r",
        "MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "MC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB",
        "MC4CAQAwBQYDK2VwBCIEIP//////////////////////////////////////////",
        "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
        "MC4CAQAwBQYDK2VwBCIEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
    ];
    assert_eq!(examples.len(), PUBLISHED.len());
    for example in examples {
        assert_eq!(refusal(&private(example)), EVERYBODYS.to_string(), "{example}");
    }
}

#[test]
fn wrong_and_short_keys_are_refused() {
    let short = private("MB4CAQAwBQYDK2VwBBIEEAABAgMEBQYHCAkKCwwNDg8=");
    let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    let other = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIA==\n-----END EC PRIVATE KEY-----\n";
    for text in ["", "secret", &private(""), &short, other, public, "-----BEGIN PRIVATE KEY-----"] {
        assert_eq!(refusal(text), NO_PAIR.to_string(), "{text}");
    }
    let (_, good) = generate().unwrap();
    assert_eq!(configured(&format!("{good}{good}")).unwrap().len(), 1, "one that is written twice is one");
    let cut = public.replace("MCowBQ", "");
    assert_eq!(refusal(&format!("{good}{cut}")), NO_KEY.to_string());
    assert_eq!(refusal(&format!("{good}{other}")), NO_PAIR.to_string());
    assert_eq!(refusal(&format!("{good}{public}")), EVERYBODYS.to_string(), "its private half is in RFC 8410");
}

#[test]
fn of_configured_keys_the_first_signs_and_the_others_verify() {
    let (new, old) = (generate().unwrap(), generate().unwrap());
    let older = Key::pair(&generate().unwrap().1, DateTime::UNIX_EPOCH, None).unwrap();
    let der = [PUBLIC_PREFIX.as_slice(), &older.public].concat();
    let public = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", STANDARD.encode(der));
    let keys = configured(&format!("# new\n{}\n# old\n{}{public}", new.1, old.1)).unwrap();
    let now = DateTime::UNIX_EPOCH;
    let told: Vec<_> = keys.iter().map(|key| (key.kid.as_str(), key.may_sign(now), key.verifies(now))).collect();
    assert_eq!(told, [(new.0.as_str(), true, true), (&old.0, false, true), (&older.kid, false, true)]);
}

#[test]
fn a_key_is_published_signs_verifies_and_ends() {
    let made = DateTime::UNIX_EPOCH;
    let retired = made + TimeDelta::days(90);
    let key = Key::pair(&generate().unwrap().1, made, Some(retired)).unwrap();
    let second = TimeDelta::seconds(1);
    assert!(!key.is_known(made + NOTICE - second) && key.is_known(made + NOTICE));
    assert!(key.may_sign(retired - second) && !key.may_sign(retired));
    assert!(key.verifies(retired + OVERLAP - second) && !key.verifies(retired + OVERLAP));
}

//! How often a password may be wrong: counted in this process before it is looked at, so that neither aliases nor batches
//! nor many requests at once get more tries. Who guesses waits, not whom they guess at:
//!
//! - an account has a few tries from one network;
//! - it has more, but not for ever, from all strange networks together, those that nobody has signed in from
//!   ([`super::networks`]): so a thousand networks help little, and whoever signs in from a known one does not wait for them;
//! - a strange network has so many over all accounts. A known one does not run out of them: behind a proxy that nobody has
//!   told us of, it is everybody.
//!
//! None of this depends on whether there is such an account.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::allowance::{Allowances, Rule, network, seconds};

/// For an account from one network, and for the old password of a user in one session.
const NEAR: Rule = Rule { burst: 10, every: TimeDelta::seconds(30) };
/// For an account from all strange networks, and for the old password of a user in all sessions.
const FAR: Rule = Rule { burst: 100, every: TimeDelta::seconds(10) };
/// For a strange network; generous, because an office may share it.
const NETWORK: Rule = Rule { burst: 50, every: TimeDelta::seconds(5) };

/// An account by the hash of its address, so that every key weighs the same.
type Account = [u8; 32];

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Near(Account, Option<IpAddr>),
    Far(Account),
    Network(IpAddr),
    Session(Uuid),
    User(Uuid),
}

/// Where an attempt comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The network address; none where it did not come over a network.
    pub peer: Option<IpAddr>,
    /// Whether somebody has signed in from its network before.
    pub is_known: bool,
}

/// The failures of late.
#[derive(Debug, Default)]
pub struct Throttle(Allowances<Key>);

/// One counted attempt.
#[derive(Debug)]
#[must_use]
pub struct Attempt {
    keys: Vec<(Key, Rule)>,
}

impl Throttle {
    /// Counts an attempt to sign in in advance; one that does not fail is given back.
    ///
    /// # Errors
    /// How many seconds to wait before the next attempt.
    pub fn sign_in(&self, email: &str, from: Origin, now: DateTime<Utc>) -> Result<Attempt, i64> {
        let account: Account = Sha256::digest(email).into();
        let network = from.peer.map(network);
        let mut keys = vec![(Key::Near(account, network), NEAR)];
        if !from.is_known {
            keys.push((Key::Far(account), FAR));
            keys.extend(network.map(|network| (Key::Network(network), NETWORK)));
        }
        self.attempt(keys, now)
    }

    /// The same for an attempt to say one's old password. A session that was stolen does not keep the others from it.
    ///
    /// # Errors
    /// How many seconds to wait before the next attempt.
    pub fn old_password(&self, user: Uuid, session: Uuid, now: DateTime<Utc>) -> Result<Attempt, i64> {
        self.attempt(vec![(Key::Session(session), NEAR), (Key::User(user), FAR)], now)
    }

    fn attempt(&self, keys: Vec<(Key, Rule)>, now: DateTime<Utc>) -> Result<Attempt, i64> {
        self.0.take(&keys, 1, now).map_err(seconds)?;
        Ok(Attempt { keys })
    }

    /// Takes an attempt off the count: it succeeded, or failed by no fault of the caller.
    pub fn give_back(&self, attempt: Attempt) {
        self.0.give_back(&attempt.keys, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str = "ada@example.org";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn strange(network: u16) -> Origin {
        let [high, low] = network.to_be_bytes();
        Origin { peer: Some(IpAddr::from([198, 51, high, low])), is_known: false }
    }

    fn known(network: u16) -> Origin {
        Origin { is_known: true, ..strange(network) }
    }

    /// Fails so often.
    fn fail(throttle: &Throttle, times: u16, email: &str, from: impl Fn(u16) -> Origin) {
        for number in 0..times {
            let _ = throttle.sign_in(email, from(number), at(0)).unwrap();
        }
    }

    #[test]
    fn an_account_has_ten_failures_from_a_network_then_one_each_half_minute() {
        let throttle = Throttle::default();
        for origin in [strange(1), known(2), Origin { peer: None, is_known: false }] {
            fail(&throttle, 10, ADA, |_| origin);
            assert_eq!(throttle.sign_in(ADA, origin, at(0)).unwrap_err(), 30, "{origin:?}");
            assert_eq!(throttle.sign_in(ADA, origin, at(29)).unwrap_err(), 1);
            let _ = throttle.sign_in("bob@example.org", origin, at(0)).unwrap();
            let _ = throttle.sign_in(ADA, origin, at(30)).unwrap();
            assert_eq!(throttle.sign_in(ADA, origin, at(30)).unwrap_err(), 30);
        }
    }

    #[test]
    fn many_networks_get_a_hundred_and_keep_no_known_one_out() {
        let throttle = Throttle::default();
        fail(&throttle, 100, ADA, strange);
        assert_eq!(throttle.sign_in(ADA, strange(999), at(0)).unwrap_err(), 10);
        fail(&throttle, 10, ADA, |_| known(1_000));
        let _ = throttle.sign_in(ADA, known(7), at(0)).unwrap();
    }

    #[test]
    fn one_network_by_itself_does_not_use_up_an_account() {
        let throttle = Throttle::default();
        for second in 0..3_600 {
            let _ = throttle.sign_in(ADA, strange(1), at(second));
        }
        let _ = throttle.sign_in(ADA, strange(2), at(3_600)).unwrap();
    }

    #[test]
    fn a_strange_network_has_fifty_failures_whatever_the_account_and_a_known_one_any_number() {
        let throttle = Throttle::default();
        for number in 0..50 {
            fail(&throttle, 1, &format!("user{number}@example.org"), |_| strange(1));
        }
        assert_eq!(throttle.sign_in("fresh@example.org", strange(1), at(0)).unwrap_err(), 5);
        let _ = throttle.sign_in("fresh@example.org", strange(2), at(0)).unwrap();
        for number in 0..1_000 {
            fail(&throttle, 1, &format!("user{number}@example.org"), |_| known(3));
        }
    }

    #[test]
    fn a_session_has_ten_wrong_old_passwords_and_the_others_theirs() {
        let throttle = Throttle::default();
        let (user, stolen, own) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        for _ in 0..10 {
            let _ = throttle.old_password(user, stolen, at(0)).unwrap();
        }
        assert_eq!(throttle.old_password(user, stolen, at(0)).unwrap_err(), 30);
        let _ = throttle.old_password(user, own, at(0)).unwrap();
    }

    #[test]
    fn what_is_given_back_does_not_count() {
        let throttle = Throttle::default();
        for _ in 0..1_000 {
            let attempt = throttle.sign_in(ADA, strange(1), at(0)).unwrap();
            throttle.give_back(attempt);
        }
        fail(&throttle, 10, ADA, |_| strange(1));
        assert!(throttle.sign_in(ADA, strange(1), at(0)).is_err());
    }

    #[test]
    fn a_refused_attempt_does_not_prolong_the_wait() {
        let throttle = Throttle::default();
        for _ in 0..100 {
            let _ = throttle.sign_in(ADA, strange(1), at(0));
        }
        let _ = throttle.sign_in(ADA, strange(1), at(30)).unwrap();
    }
}

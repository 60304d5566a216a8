//! How often signing in may fail: by account and by address, counted in this process before a password is looked at,
//! so that neither aliases nor batches nor many requests at once get more tries.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use crate::allowance::{Allowances, Rule, network, seconds};

/// For one e-mail address, whether or not it belongs to anyone.
const ACCOUNT: Rule = Rule { burst: 10, every: TimeDelta::seconds(30) };
/// For one network address; generous, because an office or a proxy may share it.
const PEER: Rule = Rule { burst: 50, every: TimeDelta::seconds(5) };

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// By the hash of its address, so that every key weighs the same.
    Account([u8; 32]),
    Peer(IpAddr),
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
    /// Counts an attempt in advance; one that does not fail is given back.
    ///
    /// # Errors
    /// How many seconds to wait before the next attempt.
    pub fn attempt(&self, email: &str, peer: Option<IpAddr>, now: DateTime<Utc>) -> Result<Attempt, i64> {
        let account = Key::Account(Sha256::digest(email).into());
        let peer = peer.map(|peer| (Key::Peer(network(peer)), PEER));
        let keys: Vec<_> = [Some((account, ACCOUNT)), peer].into_iter().flatten().collect();
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

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn peer(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn an_account_has_ten_failures_then_one_each_half_minute() {
        let throttle = Throttle::default();
        for number in 0..10 {
            let _ = throttle.attempt("ada@example.org", peer(number), at(0)).unwrap();
        }
        assert_eq!(throttle.attempt("ada@example.org", peer(99), at(0)).unwrap_err(), 30);
        assert_eq!(throttle.attempt("ada@example.org", None, at(29)).unwrap_err(), 1);
        let _ = throttle.attempt("bob@example.org", None, at(0)).unwrap();
        let _ = throttle.attempt("ada@example.org", None, at(30)).unwrap();
        assert_eq!(throttle.attempt("ada@example.org", None, at(30)).unwrap_err(), 30);
    }

    #[test]
    fn an_address_has_fifty_failures_whatever_the_account() {
        let throttle = Throttle::default();
        for number in 0..50 {
            let _ = throttle.attempt(&format!("user{number}@example.org"), peer(1), at(0)).unwrap();
        }
        assert_eq!(throttle.attempt("fresh@example.org", peer(1), at(0)).unwrap_err(), 5);
        let _ = throttle.attempt("fresh@example.org", peer(2), at(0)).unwrap();
    }

    #[test]
    fn what_is_given_back_does_not_count() {
        let throttle = Throttle::default();
        for _ in 0..1_000 {
            let attempt = throttle.attempt("ada@example.org", peer(1), at(0)).unwrap();
            throttle.give_back(attempt);
        }
        for _ in 0..10 {
            let _ = throttle.attempt("ada@example.org", peer(1), at(0)).unwrap();
        }
        assert!(throttle.attempt("ada@example.org", peer(1), at(0)).is_err());
    }

    #[test]
    fn a_refused_attempt_does_not_prolong_the_wait() {
        let throttle = Throttle::default();
        for _ in 0..100 {
            let _ = throttle.attempt("ada@example.org", None, at(0));
        }
        let _ = throttle.attempt("ada@example.org", None, at(30)).unwrap();
    }
}

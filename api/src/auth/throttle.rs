//! How often signing in may fail: by account and by address, counted in this process before a password is looked at,
//! so that neither aliases nor batches nor many requests at once get more tries.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// So many failures at once, then one more each `every`.
#[derive(Clone, Copy, Debug)]
struct Rule {
    burst: i32,
    every: TimeDelta,
}

/// For one e-mail address, whether or not it belongs to anyone.
const ACCOUNT: Rule = Rule { burst: 10, every: TimeDelta::seconds(30) };
/// For one network address; generous, because an office or a proxy may share it.
const PEER: Rule = Rule { burst: 50, every: TimeDelta::seconds(5) };
/// Most keys that are remembered.
const MOST_KEYS: usize = 100_000;
/// No e-mail address is longer (RFC 5321), so no key has to be.
const LONGEST_ADDRESS: usize = 254;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Account(String),
    Peer(IpAddr),
}

impl Key {
    fn rule(&self) -> Rule {
        match self {
            Self::Account(_) => ACCOUNT,
            Self::Peer(_) => PEER,
        }
    }
}

/// The failures of late. For each key it keeps the moment at which all its failures will have worn off.
#[derive(Debug, Default)]
pub struct Throttle {
    clear_at: Mutex<HashMap<Key, DateTime<Utc>>>,
}

/// One counted attempt.
#[derive(Debug)]
#[must_use]
pub struct Attempt {
    keys: Vec<Key>,
}

impl Throttle {
    /// Counts an attempt in advance; one that does not fail is given back.
    ///
    /// # Errors
    /// How many seconds to wait before the next attempt.
    pub fn attempt(&self, email: &str, peer: Option<IpAddr>, now: DateTime<Utc>) -> Result<Attempt, i64> {
        let account = Key::Account(email.chars().take(LONGEST_ADDRESS).collect());
        let keys: Vec<Key> = [Some(account), peer.map(|peer| Key::Peer(network(peer)))].into_iter().flatten().collect();
        let mut clear_at = self.lock();
        let wait = keys.iter().map(|key| wait(key.rule(), clear_at.get(key).copied(), now)).max().unwrap_or_default();
        if wait > TimeDelta::zero() {
            return Err((wait.num_milliseconds() + 999) / 1_000);
        }
        make_room(&mut clear_at, now);
        for key in &keys {
            let clear = clear_at.entry(key.clone()).or_insert(now);
            *clear = (*clear).max(now) + key.rule().every;
        }
        Ok(Attempt { keys })
    }

    /// Takes an attempt off the count: it succeeded, or failed by no fault of the caller.
    pub fn give_back(&self, attempt: Attempt) {
        let mut clear_at = self.lock();
        for key in attempt.keys {
            if let Some(clear) = clear_at.get_mut(&key) {
                *clear -= key.rule().every;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, DateTime<Utc>>> {
        self.clear_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long until one more failure fits.
fn wait(rule: Rule, clear_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> TimeDelta {
    clear_at.map_or(TimeDelta::zero(), |clear| clear - now - rule.every * (rule.burst - 1))
}

/// Forgets keys that have cleared; if that does not help, the half that would clear first.
fn make_room(clear_at: &mut HashMap<Key, DateTime<Utc>>, now: DateTime<Utc>) {
    if clear_at.len() < MOST_KEYS {
        return;
    }
    clear_at.retain(|_, clear| *clear > now);
    if clear_at.len() >= MOST_KEYS {
        let mut moments: Vec<_> = clear_at.values().copied().collect();
        let (_, median, _) = moments.select_nth_unstable(MOST_KEYS / 2);
        let median = *median;
        clear_at.retain(|_, clear| *clear > median);
    }
}

/// One client has a whole /64 of IPv6 addresses to choose from.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
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

    #[test]
    fn addresses_of_one_ipv6_network_are_one() {
        let network_of = |text: &str| network(text.parse().unwrap());
        assert_eq!(network_of("2001:db8:1:2:3:4:5:6"), network_of("2001:db8:1:2::9"));
        assert_ne!(network_of("2001:db8:1:2::9"), network_of("2001:db8:1:3::9"));
        assert_eq!(network_of("::ffff:192.0.2.1"), network_of("192.0.2.1"));
    }

    #[test]
    fn memory_is_bounded_and_the_worst_are_remembered() {
        let throttle = Throttle::default();
        for _ in 0..10 {
            let _ = throttle.attempt("worst@example.org", None, at(0)).unwrap();
        }
        for number in 0..MOST_KEYS + 10 {
            let _ = throttle.attempt(&number.to_string(), None, at(0)).unwrap();
        }
        assert!(throttle.lock().len() <= MOST_KEYS);
        assert!(throttle.attempt("worst@example.org", None, at(0)).is_err());
    }
}

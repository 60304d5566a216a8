//! So much at once, then so much per time, counted in this process: failed sign-ins and the cost of requests are
//! limited by it. Nothing is stored but, for each key, the moment at which its allowance will be whole again.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// Most keys that are remembered.
const MOST_KEYS: usize = 100_000;

/// So many units at once, then one more each `every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Units of a whole allowance.
    pub burst: i32,
    /// How long one unit takes to come back.
    pub every: TimeDelta,
}

impl Rule {
    /// How long `units` take to come back.
    fn span(self, units: i32) -> TimeDelta {
        self.every * units
    }
}

/// The allowances of many keys. Keys of which nothing is known are whole.
#[derive(Debug)]
pub struct Allowances<K> {
    whole_at: Mutex<HashMap<K, DateTime<Utc>>>,
}

impl<K> Default for Allowances<K> {
    fn default() -> Self {
        Self { whole_at: Mutex::default() }
    }
}

impl<K: Clone + Eq + Hash> Allowances<K> {
    /// Takes `units` from every one of `keys`, or from none of them.
    ///
    /// # Errors
    /// How long to wait until all of them have so much.
    pub fn take(&self, keys: &[(K, Rule)], units: i32, now: DateTime<Utc>) -> Result<(), TimeDelta> {
        let mut whole_at = self.lock();
        let waits = keys.iter().map(|(key, rule)| missing(whole_at.get(key), now) + rule.span(units - rule.burst));
        let wait = waits.max().unwrap_or_default();
        if wait > TimeDelta::zero() {
            return Err(wait);
        }
        make_room(&mut whole_at, now);
        for (key, rule) in keys {
            let whole = whole_at.entry(key.clone()).or_insert(now);
            *whole = (*whole).max(now) + rule.span(units);
        }
        Ok(())
    }

    /// Gives units back that were taken and not used.
    pub fn give_back(&self, keys: &[(K, Rule)], units: i32) {
        let mut whole_at = self.lock();
        for (key, rule) in keys {
            if let Some(whole) = whole_at.get_mut(key) {
                *whole -= rule.span(units);
            }
        }
    }

    /// How long until the allowance of a key is whole; zero if it is.
    pub fn whole_in(&self, key: &K, now: DateTime<Utc>) -> TimeDelta {
        missing(self.lock().get(key), now)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, DateTime<Utc>>> {
        self.whole_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is missing from an allowance, as the time that it takes to come back.
fn missing(whole_at: Option<&DateTime<Utc>>, now: DateTime<Utc>) -> TimeDelta {
    whole_at.map_or(TimeDelta::zero(), |whole| (*whole - now).max(TimeDelta::zero()))
}

/// Forgets keys that are whole; if that does not help, the half that would be whole first.
fn make_room<K: Eq + Hash>(whole_at: &mut HashMap<K, DateTime<Utc>>, now: DateTime<Utc>) {
    if whole_at.len() < MOST_KEYS {
        return;
    }
    whole_at.retain(|_, whole| *whole > now);
    if whole_at.len() >= MOST_KEYS {
        let mut moments: Vec<_> = whole_at.values().copied().collect();
        let (_, median, _) = moments.select_nth_unstable(MOST_KEYS / 2);
        let median = *median;
        whole_at.retain(|_, whole| *whole > median);
    }
}

/// A wait in whole seconds, rounded up.
pub fn seconds(wait: TimeDelta) -> i64 {
    wait.num_seconds() + i64::from(wait.subsec_nanos() > 0)
}

/// The network that an address stands for: one client has a whole /64 of IPv6 addresses to choose from.
pub fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { burst: 100, every: TimeDelta::milliseconds(100) };

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + millis).unwrap()
    }

    #[test]
    fn a_whole_allowance_can_be_spent_at_once_and_comes_back_with_time() {
        let allowances = Allowances::default();
        let take = |units, now| allowances.take(&[("ada", RULE)], units, now);
        take(60, at(0)).unwrap();
        take(40, at(0)).unwrap();
        assert_eq!(take(1, at(0)).unwrap_err(), TimeDelta::milliseconds(100));
        assert_eq!(take(30, at(1_000)).unwrap_err(), TimeDelta::milliseconds(2_000));
        take(30, at(3_000)).unwrap();
        assert_eq!(allowances.whole_in(&"ada", at(3_000)), TimeDelta::milliseconds(10_000));
        allowances.give_back(&[("ada", RULE)], 20);
        assert_eq!(allowances.whole_in(&"ada", at(3_000)), TimeDelta::milliseconds(8_000));
        assert_eq!(allowances.whole_in(&"ada", at(60_000)), TimeDelta::zero());
        assert_eq!(allowances.whole_in(&"bob", at(0)), TimeDelta::zero());
    }

    #[test]
    fn more_than_a_whole_allowance_never_fits() {
        let allowances = Allowances::default();
        assert!(allowances.take(&[("ada", RULE)], 101, at(0)).is_err());
        allowances.take(&[("ada", RULE)], 100, at(0)).unwrap();
    }

    #[test]
    fn what_one_key_lacks_takes_nothing_from_the_others() {
        let allowances = Allowances::default();
        allowances.take(&[("ada", RULE)], 100, at(0)).unwrap();
        assert!(allowances.take(&[("bob", RULE), ("ada", RULE)], 1, at(0)).is_err());
        allowances.take(&[("bob", RULE)], 100, at(0)).unwrap();
    }

    #[test]
    fn memory_is_bounded_and_the_worst_are_remembered() {
        let allowances = Allowances::default();
        allowances.take(&[(usize::MAX, RULE)], 100, at(0)).unwrap();
        for number in 0..MOST_KEYS + 10 {
            allowances.take(&[(number, RULE)], 1, at(0)).unwrap();
        }
        assert!(allowances.lock().len() <= MOST_KEYS);
        assert!(allowances.take(&[(usize::MAX, RULE)], 1, at(0)).is_err());
    }

    #[test]
    fn waits_are_told_in_whole_seconds_rounded_up() {
        for (millis, told) in [(0, 0), (1, 1), (1_000, 1), (1_001, 2)] {
            assert_eq!(seconds(TimeDelta::milliseconds(millis)), told);
        }
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one() {
        let network_of = |text: &str| network(text.parse().unwrap());
        assert_eq!(network_of("2001:db8:1:2:3:4:5:6"), network_of("2001:db8:1:2::9"));
        assert_ne!(network_of("2001:db8:1:2::9"), network_of("2001:db8:1:3::9"));
        assert_eq!(network_of("::ffff:192.0.2.1"), network_of("192.0.2.1"));
    }
}

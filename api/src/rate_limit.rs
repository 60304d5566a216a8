//! How much each principal may spend: points (see [`crate::graphql::cost`]) from an allowance that comes back with time.
//! What an operation is estimated at is taken before it runs; what it did not use is given back after it.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::access::Viewer;
use crate::allowance::{Allowances, Rule, network, seconds};

/// Who pays for a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A signed-in user, with whatever token.
    User(Uuid),
    /// Strangers at a network address; none where a request did not come over a network.
    Network(Option<IpAddr>),
}

impl Principal {
    /// The viewer; a stranger's network if there is none.
    pub fn of(viewer: Option<&Viewer>, peer: Option<IpAddr>) -> Self {
        Self::new(viewer.map(|viewer| viewer.id), peer)
    }

    /// A user; strangers at a network address if there is none.
    pub fn new(user: Option<Uuid>, peer: Option<IpAddr>) -> Self {
        user.map_or_else(|| Self::Network(peer.map(network)), Self::User)
    }
}

/// How the allowance of a principal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Points of a whole allowance.
    pub limit: i32,
    /// Points that are left.
    pub remaining: i32,
    /// Points that come back each second.
    pub per_second: u32,
    /// When it is whole again.
    pub reset_at: DateTime<Utc>,
    /// How long until then, in seconds, rounded up.
    pub reset_in: i64,
}

/// The allowances of all principals. Off if nothing limits them.
#[derive(Debug)]
pub struct RateLimit {
    rule: Option<Rule>,
    per_second: u32,
    allowances: Allowances<Principal>,
}

impl RateLimit {
    /// `points` at once (0: no limit), and `per_second` points come back each second.
    pub fn new(points: u32, per_second: u32) -> Self {
        let burst = i32::try_from(points).unwrap_or(i32::MAX);
        let every = TimeDelta::nanoseconds(1_000_000_000 / i64::from(per_second.max(1)));
        let rule = (points > 0).then_some(Rule { burst, every });
        Self { rule, per_second, allowances: Allowances::default() }
    }

    /// The points of a whole allowance; none where nothing is limited.
    pub fn limit(&self) -> Option<u64> {
        self.rule.and_then(|rule| u64::try_from(rule.burst).ok())
    }

    /// Takes points.
    ///
    /// # Errors
    /// How many seconds to wait until there are so many.
    pub fn take(&self, principal: &Principal, points: u64, now: DateTime<Utc>) -> Result<(), i64> {
        let Some(rule) = self.rule else { return Ok(()) };
        self.allowances.take(&[(principal.clone(), rule)], units(points), now).map_err(seconds)
    }

    /// Gives points back that were taken and not used.
    pub fn give_back(&self, principal: &Principal, points: u64) {
        if let Some(rule) = self.rule {
            self.allowances.give_back(&[(principal.clone(), rule)], units(points));
        }
    }

    /// How the allowance of a principal stands; none where nothing is limited.
    pub fn standing(&self, principal: &Principal, now: DateTime<Utc>) -> Option<Standing> {
        let rule = self.rule?;
        let whole_in = self.allowances.whole_in(principal, now);
        let (spent, every) =
            (whole_in.num_nanoseconds().unwrap_or(i64::MAX), rule.every.num_nanoseconds().unwrap_or(1));
        let spent = i32::try_from(spent / every + i64::from(spent % every > 0)).unwrap_or(i32::MAX);
        Some(Standing {
            limit: rule.burst,
            remaining: rule.burst.saturating_sub(spent).max(0),
            per_second: self.per_second,
            reset_at: now + whole_in,
            reset_in: seconds(whole_in),
        })
    }
}

/// Points as units of an allowance.
pub fn units(points: u64) -> i32 {
    i32::try_from(points).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + millis).unwrap()
    }

    #[test]
    fn points_are_taken_given_back_and_come_back() {
        let limit = RateLimit::new(1_000, 50);
        let ada = Principal::User(Uuid::from_u128(1));
        limit.take(&ada, 900, at(0)).unwrap();
        assert_eq!(limit.take(&ada, 200, at(0)), Err(2));
        limit.give_back(&ada, 400);
        limit.take(&ada, 200, at(0)).unwrap();
        let standing = limit.standing(&ada, at(0)).unwrap();
        assert_eq!((standing.limit, standing.remaining, standing.reset_in), (1_000, 300, 14));
        assert_eq!(standing.reset_at, at(14_000));
        assert_eq!(limit.standing(&ada, at(10_000)).unwrap().remaining, 800);
        assert_eq!(limit.standing(&ada, at(10_001)).unwrap().remaining, 800, "part of a point is none");
        assert_eq!(limit.standing(&Principal::Network(None), at(0)).unwrap().remaining, 1_000);
    }

    #[test]
    fn nothing_is_limited_by_zero() {
        let limit = RateLimit::new(0, 50);
        let stranger = Principal::of(None, Some(IpAddr::from([192, 0, 2, 1])));
        for _ in 0..10 {
            limit.take(&stranger, u64::MAX, at(0)).unwrap();
        }
        assert!(limit.standing(&stranger, at(0)).is_none() && limit.limit().is_none());
    }

    #[test]
    fn strangers_of_one_network_share_and_users_do_not() {
        let of = |text: &str| Principal::of(None, Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::9"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}

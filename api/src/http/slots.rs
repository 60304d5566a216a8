//! Who holds the connections that the service can have at once.
//!
//! Whoever connects is a stranger until they have presented a valid token. Strangers have three quarters of the slots, those
//! of one network a quarter; where a slot is needed, the stranger gives way who has been quiet for longest, of the network
//! that holds most. So neither many connections nor few busy ones of nobody keep out who is new, and who is signed in loses
//! nothing. A connection that nobody uses ends after a while anyway.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// How long a stranger may be quiet where slots are short: long enough to send a request after connecting.
const BREATH: Duration = Duration::from_millis(250);
/// How long the request of a stranger may take where slots are short and nobody is quiet.
const BUSY: Duration = Duration::from_secs(1);
/// How long a connection of who is signed in may be quiet where slots are short.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection of who is signed in may be quiet at all.
const ABSENCE: Duration = Duration::from_secs(300);
/// How often those who wait for a slot look whether somebody has been quiet for long enough.
const LOOK: Duration = Duration::from_millis(50);

/// The slots of a server.
pub struct Slots {
    most: usize,
    /// How long a stranger may be quiet at all.
    quiet: Duration,
    taken: Mutex<HashMap<u64, Arc<Slot>>>,
    next: AtomicU64,
    freed: Notify,
}

/// One connection.
struct Slot {
    /// Of a stranger; none behind a proxy, where it is not theirs.
    network: Option<IpAddr>,
    usage: Mutex<Usage>,
    cut: watch::Sender<bool>,
}

/// What a connection is used for.
#[derive(Clone, Copy)]
struct Usage {
    /// A valid token was presented.
    known: bool,
    /// Requests and operations that are under way.
    busy: u32,
    /// When the last one began or ended.
    since: Instant,
}

impl Slot {
    fn now(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How readily it gives way where slots are short: the least first; none if not now.
    fn readiness(&self, now: Instant) -> Option<(u8, Instant)> {
        let Usage { known, busy, since } = *self.now();
        let rank = match (known, busy > 0) {
            (false, false) => (0, BREATH),
            (false, true) => (1, BUSY),
            (true, false) => (2, PATIENCE),
            (true, true) => return None,
        };
        (now.duration_since(since) >= rank.1).then_some((rank.0, since))
    }
}

/// The hold on a slot; it is free when this is dropped.
pub struct Hold {
    number: u64,
    slot: Arc<Slot>,
    slots: Arc<Slots>,
}

impl Slots {
    /// So many slots; strangers may be quiet for so long.
    pub fn new(most: usize, quiet: Duration) -> Arc<Self> {
        let (taken, next, freed) = (Mutex::default(), AtomicU64::new(0), Notify::new());
        Arc::new(Self { most, quiet, taken, next, freed })
    }

    /// Waits for a slot for a connection from this network (none: from a proxy).
    pub async fn take(self: &Arc<Self>, network: Option<IpAddr>) -> Hold {
        loop {
            let freed = self.freed.notified();
            if self.has_room(network) {
                return self.take_at_once(network);
            }
            let _ = tokio::time::timeout(LOOK, freed).await;
        }
    }

    /// A slot, whatever the limit.
    pub fn take_at_once(self: &Arc<Self>, network: Option<IpAddr>) -> Hold {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let unused = Usage { known: false, busy: 0, since: Instant::now() };
        let slot = Arc::new(Slot { network, usage: Mutex::new(unused), cut: watch::Sender::new(false) });
        self.taken().insert(number, Arc::clone(&slot));
        Hold { number, slot, slots: Arc::clone(self) }
    }

    /// Lets a stranger give way, if there is one who can: the system has no room for more.
    pub fn shrink(&self) {
        let mut taken = self.taken();
        self.make_way(&mut taken, |slot| !slot.now().known);
    }

    /// Ends the connections that nobody uses, for ever.
    pub async fn sweep(&self) {
        loop {
            tokio::time::sleep(self.quiet / 6).await;
            self.end_unused();
        }
    }

    fn end_unused(&self) {
        let now = Instant::now();
        self.taken().retain(|_, slot| {
            let Usage { known, busy, since } = *slot.now();
            let stays = busy > 0 || now.duration_since(since) < if known { ABSENCE } else { self.quiet };
            if !stays {
                slot.cut.send_replace(true);
            }
            stays
        });
        self.freed.notify_waiters();
    }

    /// Ready when every slot is free.
    pub async fn emptied(&self) {
        loop {
            let freed = self.freed.notified();
            if self.taken().is_empty() {
                return;
            }
            freed.await;
        }
    }

    /// Is there room for one more, or does somebody give way for it?
    fn has_room(&self, network: Option<IpAddr>) -> bool {
        let mut taken = self.taken();
        let share = (self.most / 4).max(1);
        if taken.len() < share {
            return true;
        }
        let strangers = taken.values().filter(|slot| !slot.now().known);
        let (mut all, mut near) = (0, 0);
        for slot in strangers {
            all += 1;
            near += usize::from(network.is_some() && slot.network == network);
        }
        let (all_full, near_full) = (all >= (self.most - self.most / 4).max(1), near >= share);
        if near_full && self.make_way(&mut taken, |slot| !slot.now().known && slot.network == network) {
            return true;
        }
        if all_full {
            return self.make_way(&mut taken, |slot| !slot.now().known);
        }
        taken.len() < self.most || self.make_way(&mut taken, |_| true)
    }

    /// Ends one of these connections, if one can be ended: of those that are readiest the one of the network that holds
    /// most, and there the one that has been quiet for longest.
    fn make_way(&self, taken: &mut HashMap<u64, Arc<Slot>>, among: impl Fn(&Slot) -> bool) -> bool {
        let now = Instant::now();
        let mut held: HashMap<Option<IpAddr>, usize> = HashMap::new();
        let mut ready = Vec::new();
        for (number, slot) in taken.iter().filter(|(_, slot)| among(slot)) {
            *held.entry(slot.network).or_default() += 1;
            ready.extend(slot.readiness(now).map(|(rank, since)| (rank, slot.network, since, *number)));
        }
        let most_of = |network: &Option<IpAddr>| std::cmp::Reverse(held.get(network).copied());
        let chosen = ready.iter().min_by_key(|(rank, network, since, _)| (*rank, most_of(network), *since));
        let cut = chosen.and_then(|(.., number)| taken.remove(number));
        cut.map(|slot| slot.cut.send_replace(true)).is_some()
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<u64, Arc<Slot>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold {
    /// A valid token was presented over the connection.
    pub fn know(&self) {
        self.slot.now().known = true;
    }

    /// A request or an operation is under way until this is dropped.
    pub fn begin(self: &Arc<Self>) -> InUse {
        self.count(u32::saturating_add);
        InUse(Arc::clone(self))
    }

    /// Asks for the end of the connection, whatever is being written to it.
    pub fn cut(&self) {
        self.slot.cut.send_replace(true);
    }

    /// Ready when the connection has to end.
    pub async fn is_cut(&self) {
        // The sender lives as long as the slot.
        let _ = self.slot.cut.subscribe().wait_for(|cut| *cut).await;
    }

    fn count(&self, change: fn(u32, u32) -> u32) {
        let mut now = self.slot.now();
        *now = Usage { busy: change(now.busy, 1), since: Instant::now(), ..*now };
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.slots.taken().remove(&self.number);
        self.slots.freed.notify_waiters();
    }
}

/// A use of a connection.
pub struct InUse(Arc<Hold>);

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.count(u32::saturating_sub);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn network(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    fn is_cut(hold: &Hold) -> bool {
        hold.is_cut().now_or_never().is_some()
    }

    /// Somebody comes from this network, if there is room, and has been quiet for so long.
    fn come(slots: &Arc<Slots>, last: u8, quiet: u64) -> Option<Arc<Hold>> {
        slots.has_room(network(last)).then(|| {
            let hold = slots.take_at_once(network(last));
            hold.slot.now().since -= Duration::from_millis(quiet);
            Arc::new(hold)
        })
    }

    fn cut(holds: &[Arc<Hold>]) -> Vec<usize> {
        (0..holds.len()).filter(|at| is_cut(&holds[*at])).collect()
    }

    #[test]
    fn a_network_of_strangers_has_a_quarter_and_its_quietest_gives_way() {
        let slots = Slots::new(40, Duration::from_secs(30));
        let holds: Vec<_> = (0..10).map(|at| come(&slots, 1, 1_000 - at).expect("room")).collect();
        let _asking = holds[0].begin();
        let more = [come(&slots, 1, 0).expect("room"), come(&slots, 2, 0).expect("room")];
        assert_eq!((cut(&holds), cut(&more)), (vec![1], vec![]), "not the one that is asking");
        // Behind a proxy strangers have no network.
        for _ in 0..15 {
            assert!(slots.has_room(None));
            std::mem::forget(slots.take_at_once(None));
        }
        assert_eq!(cut(&holds), [1]);
    }

    #[test]
    fn strangers_leave_a_quarter_to_who_is_signed_in_who_loses_nothing() {
        let slots = Slots::new(8, Duration::from_secs(30));
        let known = [come(&slots, 1, 0).expect("room"), come(&slots, 1, 0).expect("room")];
        known.iter().for_each(|hold| hold.know());
        let come_all = |networks: &[u8], quiet| -> Vec<_> {
            networks.iter().map(|last| come(&slots, *last, quiet).expect("room")).collect()
        };
        let strangers = come_all(&[1, 2, 3, 3, 4, 5], 1_000);
        assert!(cut(&strangers).is_empty());
        // Full: the oldest stranger of the largest network gives way, then the oldest.
        let more = come_all(&[6, 7], 0);
        assert_eq!((cut(&strangers), cut(&known), cut(&more)), (vec![0, 2], vec![], vec![]));
        // The others have just come, or begun to ask: nobody is cut off in the middle.
        let hour = Duration::from_secs(3_600);
        more.iter().for_each(|hold| hold.slot.now().since += hour);
        strangers.iter().for_each(|hold| {
            std::mem::forget(hold.begin());
            hold.slot.now().since += hour;
        });
        assert!(come(&slots, 8, 0).is_none());
        strangers[1].slot.now().since -= hour + BUSY;
        assert!(come(&slots, 8, 0).is_some());
        assert_eq!(cut(&strangers), [0, 1, 2]);
    }

    #[test]
    fn who_is_signed_in_and_absent_gives_way_last_and_who_works_never() {
        let slots = Slots::new(4, Duration::from_secs(30));
        let known: Vec<_> =
            (1..=4).map(|last| come(&slots, last, 0).expect("room")).inspect(|hold| hold.know()).collect();
        let _busy: Vec<_> = known.iter().take(3).map(Hold::begin).collect();
        assert!(come(&slots, 5, 0).is_none());
        known.iter().for_each(|hold| hold.slot.now().since -= PATIENCE);
        let new = come(&slots, 5, 0).expect("room");
        new.slot.now().since += Duration::from_secs(3_600);
        assert_eq!(cut(&known), [3]);
        assert!(come(&slots, 5, 0).is_none());
    }

    #[tokio::test]
    async fn a_slot_that_is_given_back_is_taken_at_once() {
        let slots = Slots::new(1, Duration::from_secs(30));
        let first = Arc::new(slots.take(network(1)).await);
        first.know();
        let busy = first.begin();
        assert!(slots.take(network(2)).now_or_never().is_none());
        let waits = Arc::clone(&slots);
        let second = tokio::spawn(async move { waits.take(network(2)).await });
        drop((busy, first));
        drop(second.await.expect("no panic"));
        slots.emptied().await;
    }

    #[test]
    fn what_nobody_uses_ends_anyway() {
        let slots = Slots::new(100, Duration::from_secs(30));
        let holds: Vec<_> = (0..4).map(|_| come(&slots, 1, 30_000).expect("room")).collect();
        holds[1].know();
        let _asking = holds[2].begin();
        holds[3].slot.now().since += Duration::from_secs(1);
        slots.end_unused();
        assert_eq!(cut(&holds), [0]);
        holds[1].slot.now().since -= ABSENCE;
        slots.end_unused();
        assert_eq!(cut(&holds), [0, 1]);
    }
}

//! The networks that people have signed in from. Who guesses passwords from elsewhere does not keep them out.
//!
//! A network is known whoever has signed in from it: were it known for an account only, what is answered there would tell
//! whether there is such an account.

use std::net::IpAddr;

use chrono::TimeDelta;
use entity::known_network::{Column, Entity, Model};
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::allowance::network;
use crate::config::Config;
use crate::error::Result;
use crate::store::Tx;
use crate::store::system::System;

/// So many networks are known of a user: the last ones.
const MOST: usize = 10;

/// How long a network is known after the last sign-in from there.
pub fn remembered(config: &Config) -> TimeDelta {
    TimeDelta::days(i64::from(config.known_network_days))
}

/// Has somebody signed in from this network of late?
///
/// # Errors
/// UNAVAILABLE, TIMEOUT.
pub async fn is_known(system: &System, peer: Option<IpAddr>, since: TimeDelta) -> Result<bool> {
    let Some(peer) = peer else { return Ok(false) };
    let known = Condition::all()
        .add(Column::Network.eq(hash(peer)))
        .add(Column::LastSeenAt.gt(system.store().clock().now() - since));
    Ok(system.look::<Entity>(known).await?.is_some())
}

/// Remembers where a user has just signed in from. Their row must be locked.
///
/// # Errors
/// Database errors.
pub async fn remember(tx: &Tx, system: &System, user: Uuid, peer: Option<IpAddr>) -> Result<()> {
    let Some(network) = peer.map(hash) else { return Ok(()) };
    let mut known = system.rows::<Entity>(tx, Column::UserId.eq(user)).await?;
    let this = |network: &str| Condition::all().add(Column::UserId.eq(user)).add(Column::Network.eq(network));
    if known.iter().any(|known| known.network == network) {
        let at = vec![(Column::LastSeenAt, Value::ChronoDateTimeUtc(Some(tx.now())))];
        return system.set::<Entity>(tx, this(&network), at).await.map(|_| ());
    }
    if known.len() >= MOST {
        known.sort_by_key(|known| known.last_seen_at);
        for oldest in known.iter().take(known.len() + 1 - MOST) {
            system.remove::<Entity>(tx, this(&oldest.network)).await?;
        }
    }
    system.put::<Entity>(tx, &[Model { user_id: user, network, last_seen_at: tx.now() }]).await
}

/// What is kept of a network: enough to know it again.
fn hash(peer: IpAddr) -> String {
    Sha256::digest(format!("network {}", network(peer))).iter().map(|byte| format!("{byte:02x}")).collect()
}

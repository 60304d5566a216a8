//! What was refused of late: somebody mistyped a password, somebody was curious, a stranger tried the door.

use chrono::TimeDelta;
use entity::security_event::{Entity, Model, SecurityAction};
use entity::user;

use super::SEED;
use super::calendar::Calendar;
use super::chance::Chance;
use super::staff::users;
use crate::access::Role;
use crate::error::Result;
use crate::store::Tx;
use crate::store::system::System;

/// Keeps what was refused.
pub async fn keep(system: &System, tx: &Tx) -> Result<()> {
    let calendar = Calendar::until(tx.now());
    let mut ids = Chance::about(SEED, 1 << 40);
    let mut rows = Vec::new();
    let seller = users().into_iter().find(|user| user.role == Role::SalesRep).map(|user| user.email);
    let email = seller.unwrap_or_default();
    let people = tx.all::<user::Entity>(&system.warrant()).matching(user::Column::Email, email.as_str());
    let seller = people.one().await?.map(|user| user.id);
    let mut note = |days: i64, hour: i64, row: Model| {
        let at = calendar.ago(days, hour) + TimeDelta::minutes(7 * days);
        rows.push(Model { id: ids.id(at), at, ..row });
    };
    for days in [12, 5] {
        note(days, 8, sign_in(Some(&email), "192.0.2.44", 0));
    }
    note(3, 23, sign_in(Some("admin@demo.example"), "203.0.113.77", 0));
    note(3, 23, sign_in(None, "203.0.113.77", 41));
    if seller.is_some() {
        note(2, 15, attempt(seller, "createExchangeRate", "ExchangeRate.create"));
        note(1, 10, attempt(seller, "assignDeal", "Deal.assign"));
    }
    system.put::<Entity>(tx, &rows).await
}

fn sign_in(address: Option<&str>, network: &str, dropped: i32) -> Model {
    let (address, network) = (address.map(str::to_owned), Some(network.to_owned()));
    Model { address, network, operation: "signIn".to_owned(), dropped, ..Model::default() }
}

fn attempt(actor: Option<uuid::Uuid>, operation: &str, right: &str) -> Model {
    Model {
        action: SecurityAction::AccessRefused,
        actor_id: actor,
        network: Some("192.0.2.44".to_owned()),
        operation: operation.to_owned(),
        missing_right: Some(right.to_owned()),
        ..Model::default()
    }
}

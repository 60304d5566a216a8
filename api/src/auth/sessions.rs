//! Sessions: begun by a password, continued by refresh tokens, ended by signing out or by a sign of theft.
//!
//! Every writer locks the user's row first, so that the tokens of a user change one after the other and a family
//! never gets two live branches.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::refresh_token::{Column, Entity as Tokens, Model as Token};
use entity::user;
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, Value};
use tracing::Instrument;
use uuid::Uuid;

use super::entrance::Entrance;
use super::networks;
use super::rules::{Verdict, judge};
use super::throttle::Origin;
use crate::access::token::Pass;
use crate::access::{Viewer, password, token};
use crate::error::{Code, Error, Result};
use crate::observability::metrics::SignInOutcome;
use crate::request::Caller;
use crate::spelling::{Text, spell};
use crate::store::Tx;
use crate::store::present::Present;
use crate::store::system::System;

/// How long a request waits until the first use of its access token is noted.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a client gets for a password or a refresh token.
pub struct Issued {
    /// The signed access token.
    pub access_token: String,
    /// The next refresh token.
    pub refresh_token: String,
    /// When the access token ends.
    pub expires_at: DateTime<Utc>,
    /// Who is signed in now.
    pub viewer: Viewer,
}

/// The outcome of an attempt to sign in.
pub enum SignIn {
    /// Welcome.
    Done(Box<Issued>),
    /// Wrong name, wrong password or suspended; nobody learns which.
    Refused,
    /// Too many failures: how many seconds to wait.
    Wait(i64),
}

/// The address as it is stored.
pub fn normalise(email: &str) -> String {
    spell(Text::Email, email).unwrap_or_else(|_| email.trim().to_lowercase())
}

/// Signs in by e-mail and password.
///
/// # Errors
/// UNAVAILABLE, TIMEOUT.
pub async fn sign_in(entrance: &Entrance, peer: Option<IpAddr>, email: &str, password: String) -> Result<SignIn> {
    let email = normalise(email);
    let is_known =
        networks::is_known(&entrance.store().system(), peer, networks::remembered(entrance.config())).await?;
    let attempt = match entrance.throttle().sign_in(&email, Origin { peer, is_known }, entrance.store().clock().now()) {
        Ok(attempt) => attempt,
        Err(seconds) => {
            tracing::warn!(?peer, seconds, "sign-in throttled");
            entrance.metrics().sign_in(SignInOutcome::Throttled);
            entrance.security().sign_in_failed(Caller { actor: None, peer }, &email).await;
            return Ok(SignIn::Wait(seconds));
        }
    };
    let outcome = try_password(entrance, peer, &email, password).await;
    match outcome {
        Ok(SignIn::Refused) => {
            entrance.metrics().sign_in(SignInOutcome::Refused);
            entrance.security().sign_in_failed(Caller { actor: None, peer }, &email).await;
        }
        _ => entrance.throttle().give_back(attempt),
    }
    outcome
}

async fn try_password(entrance: &Entrance, peer: Option<IpAddr>, email: &str, password: String) -> Result<SignIn> {
    let system = entrance.store().system();
    let account = system.account(email).await?;
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    // Before anything else is looked at, so that every refusal takes the same time.
    let fits = password::verify(hash, password).await?;
    let user = account.as_ref().map(|account| account.id);
    match account {
        Some(account) if fits && is_active(&account) => {
            if let Some(issued) = begin(entrance, &system, &account, peer).await? {
                entrance.metrics().sign_in(SignInOutcome::Done);
                tracing::info!(user = %issued.viewer.id, session = %issued.viewer.session, "signed in");
                return Ok(SignIn::Done(Box::new(issued)));
            }
        }
        _ => {}
    }
    // Not the address: people type their password there.
    tracing::warn!(?user, ?peer, "sign-in refused");
    Ok(SignIn::Refused)
}

/// Begins a session, unless the account has changed since its password was verified.
async fn begin(
    entrance: &Entrance,
    system: &System,
    verified: &user::Model,
    peer: Option<IpAddr>,
) -> Result<Option<Issued>> {
    let tx = system.begin("signIn").await?;
    let Some(now) = lock(&tx, system, verified.id).await? else { return Ok(None) };
    if !is_active(&now) || now.password_hash != verified.password_hash {
        return Ok(None);
    }
    let (plain, row) = new_token(entrance, &tx, verified.id, tx.id())?;
    system.put::<Tokens>(&tx, std::slice::from_ref(&row)).await?;
    networks::remember(&tx, system, verified.id, peer).await?;
    tx.commit().await?;
    issue(entrance, system, plain, &row).await.map(Some)
}

/// Who is let in by an access token that stands for somebody. With its first use it is certain that the answer which
/// brought it has arrived, and that is noted: once, and never at the price of the request that is let in.
///
/// # Errors
/// UNAVAILABLE, TIMEOUT.
pub async fn arrived(system: &System, pass: Pass, found: Option<Present>) -> Result<Option<Viewer>> {
    let Some(Present { viewer, is_first_use }) = found else { return Ok(None) };
    if !is_first_use {
        return Ok(Some(viewer));
    }
    let noting = {
        let system = system.clone();
        tokio::spawn(async move { note_arrival(&system, pass.token).await }.in_current_span())
    };
    match tokio::time::timeout(PATIENCE, noting).await {
        // Meanwhile somebody else has used it as well, or it was withdrawn.
        Ok(Ok(Ok(false))) => Ok(system.viewer(pass).await?.map(|present| present.viewer)),
        Ok(Ok(Err(error))) => {
            tracing::warn!(%error, "the first use of an access token could not be noted; its next use tries again");
            Ok(Some(viewer))
        }
        _ => Ok(Some(viewer)),
    }
}

/// Notes the first use of the access token that was issued with this refresh token; answers whether this was it.
async fn note_arrival(system: &System, token: Uuid) -> Result<bool> {
    let tx = system.begin("noteArrival").await?;
    let waiting = Condition::all().add(Column::Id.eq(token)).add(Column::ConfirmedAt.is_null());
    let at = vec![(Column::ConfirmedAt, time(tx.now()))];
    let noted = system.set::<Tokens>(&tx, waiting.add(Column::RevokedAt.is_null()), at).await?;
    tx.commit().await?;
    Ok(noted > 0)
}

/// Exchanges a refresh token for the next one and a new access token.
///
/// # Errors
/// UNAUTHENTICATED: the token is not known, has expired, or its session has ended (perhaps just now, because the token
/// was used twice).
pub async fn refresh(entrance: &Entrance, plain: &str) -> Result<Issued> {
    let system = entrance.store().system();
    let hash = token::refresh_hash(plain);
    // Without a lock first: nonsense must not make writers wait.
    let known = system.look::<Tokens>(Column::TokenHash.eq(&hash)).await?.ok_or_else(ended)?;
    let tx = system.begin("refreshSession").await?;
    let user = lock(&tx, &system, known.user_id).await?.filter(is_active).ok_or_else(ended)?;
    let presented = one(&tx, &system, known.id).await?.ok_or_else(ended)?;
    let successor = match presented.successor_id {
        Some(id) => one(&tx, &system, id).await?,
        None => None,
    };
    let withdraw = match judge(&presented, successor.as_ref(), tx.now()) {
        Verdict::Exchange => None,
        Verdict::Repeat { withdraw } => Some(withdraw),
        Verdict::EndFamily => {
            let withdrawn = revoke(&tx, &system, Column::FamilyId.eq(presented.family_id)).await?;
            tx.commit().await?;
            if withdrawn > 0 {
                entrance.metrics().reused_refresh_token();
                let session = presented.family_id;
                tracing::warn!(user = %user.id, %session, "a refresh token was used twice: session ended");
            }
            return Err(ended());
        }
        Verdict::Refuse => return Err(ended()),
    };
    let (plain, next) = new_token(entrance, &tx, user.id, presented.family_id)?;
    system.put::<Tokens>(&tx, std::slice::from_ref(&next)).await?;
    if let Some(lost) = withdraw {
        revoke(&tx, &system, Column::Id.eq(lost)).await?;
        tracing::info!(user = %user.id, session = %next.family_id, "a lost refresh token was replaced");
    }
    let used = vec![(Column::UsedAt, time(tx.now())), (Column::SuccessorId, Value::Uuid(Some(next.id)))];
    system.set::<Tokens>(&tx, Column::Id.eq(presented.id), used).await?;
    tx.commit().await?;
    issue(entrance, &system, plain, &next).await
}

/// Ends the viewer's session, or all of the user's; answers how many sessions have ended.
///
/// # Errors
/// UNAVAILABLE, TIMEOUT.
pub async fn sign_out(entrance: &Entrance, viewer: &Viewer, everywhere: bool) -> Result<usize> {
    let system = entrance.store().system();
    let tx = system.begin("signOut").await?;
    lock(&tx, &system, viewer.id).await?;
    let which = Condition::all().add(Column::UserId.eq(viewer.id));
    let which = if everywhere { which } else { which.add(Column::FamilyId.eq(viewer.session)) };
    let sessions = end(&tx, &system, which).await?;
    tx.commit().await?;
    tracing::info!(user = %viewer.id, session = %viewer.session, everywhere, sessions, "signed out");
    Ok(sessions)
}

/// Ends every session of a user, as part of a change to the account; answers how many.
///
/// # Errors
/// Database errors.
pub async fn end_all(tx: &Tx, system: &System, user: Uuid) -> Result<usize> {
    end(tx, system, Condition::all().add(Column::UserId.eq(user))).await
}

/// Withdraws the tokens and counts the sessions among them that could still go on.
async fn end(tx: &Tx, system: &System, which: Condition) -> Result<usize> {
    let going_on = which.clone().add(Column::UsedAt.is_null()).add(Column::ExpiresAt.gt(tx.now()));
    let live = system.rows::<Tokens>(tx, going_on.add(Column::RevokedAt.is_null())).await?.len();
    revoke(tx, system, which).await?;
    Ok(live)
}

async fn revoke(tx: &Tx, system: &System, which: impl Into<Condition>) -> Result<u64> {
    let live = which.into().add(Column::RevokedAt.is_null());
    system.set::<Tokens>(tx, live, vec![(Column::RevokedAt, time(tx.now()))]).await
}

/// The user's row, locked until the transaction ends; none if it was deleted.
async fn lock(tx: &Tx, system: &System, user: Uuid) -> Result<Option<user::Model>> {
    match tx.affect::<user::Entity>(&system.warrant(), user).await {
        Ok(change) => Ok(Some(change.before().clone())),
        Err(error) if error.code() == Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn one(tx: &Tx, system: &System, id: Uuid) -> Result<Option<Token>> {
    Ok(system.rows::<Tokens>(tx, Column::Id.eq(id)).await?.pop())
}

fn new_token(entrance: &Entrance, tx: &Tx, user_id: Uuid, family_id: Uuid) -> Result<(String, Token)> {
    let (plain, token_hash) = token::new_refresh()?;
    let life = TimeDelta::days(i64::from(entrance.config().refresh_token_days));
    let row = Token {
        id: tx.id(),
        user_id,
        family_id,
        token_hash,
        created_at: tx.now(),
        expires_at: tx.now() + life,
        ..Token::default()
    };
    Ok((plain, row))
}

async fn issue(entrance: &Entrance, system: &System, refresh_token: String, row: &Token) -> Result<Issued> {
    let pass = Pass { user: row.user_id, session: row.family_id, token: row.id };
    // Of twenty exchanges at once all are answered; which of them were withdrawn by then shows when they are used.
    let Present { viewer, .. } = system.viewer(Pass { token: Uuid::nil(), ..pass }).await?.ok_or_else(ended)?;
    let minutes = entrance.config().access_token_minutes;
    let access_token = entrance.keys().issue(pass, row.created_at, minutes).await?;
    let expires_at = row.created_at + TimeDelta::minutes(i64::from(minutes));
    Ok(Issued { access_token, refresh_token, expires_at, viewer })
}

fn is_active(user: &user::Model) -> bool {
    user.status == user::UserStatus::Active
}

fn time(moment: DateTime<Utc>) -> Value {
    Value::ChronoDateTimeUtc(Some(moment))
}

fn ended() -> Error {
    Error::refused(Code::Unauthenticated, "This session has ended. Sign in again.")
}

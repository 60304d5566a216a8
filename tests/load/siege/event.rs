//! One change, and ten thousand who follow.

use std::sync::Arc;
use std::time::{Duration, Instant};

use entity::{refresh_token, user};
use futures_util::StreamExt;
use futures_util::stream;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde_json::json;
use tokio::sync::mpsc;
use tributary::access::Role;
use tributary::access::token::Pass;
use tributary::app::App;
use tributary::clock::{Clock, SystemClock};
use tributary::config::Config;
use uuid::Uuid;

use super::clients::Socket;
use super::{ISSUER, Siege, ask, milliseconds, sign_in, texts};
use crate::Result;
use crate::process::Server;

/// How many principals the followers are, and how long the last of them may wait, in milliseconds.
const CROWDS: [(usize, f64); 3] = [(1, 1_000.0), (100, 1_000.0), (10_000, 3_000.0)];
/// Changes that are counted; the worst is told.
const CHANGES: usize = 3;
/// How long a change is waited for.
const MOST: Duration = Duration::from_secs(60);

const QUERY: &str = "subscription { changed(types: [COMPANY]) { cursor event { seq action subjectType actor { name } \
                     changes { field from to } } node { id ... on Company { name owner { name } } } } }";

/// What became of a follower.
enum Heard {
    Change(Instant),
    End(String),
}

pub async fn run(siege: &Siege<'_>, followers: usize) -> Result<bool> {
    let tokens = tokens(siege, followers).await?;
    let mut held = true;
    for (principals, bar) in CROWDS {
        // One principal may not open ten thousand by the default allowance.
        let settings = [("TRIBUTARY_MAX_CONNECTIONS", "12000"), ("TRIBUTARY_RATE_POINTS", "0")];
        let service = siege.start(&settings)?;
        let admin = sign_in(&service, Role::Admin).await?;
        let (hear, mut heard) = mpsc::unbounded_channel();
        let began = Instant::now();
        let mut opened = stream::iter((0..followers).map(|number| {
            let (token, hear, address) =
                (tokens[number % principals.min(followers)].clone(), hear.clone(), service.address);
            async move {
                let mut socket = Socket::open(address).await?;
                socket.init(Some(&token)).await?;
                socket.subscribe("c", QUERY).await?;
                tokio::spawn(async move {
                    loop {
                        let told = match socket.next().await {
                            Ok(Some(message)) if message["type"] == "next" => Heard::Change(Instant::now()),
                            Ok(Some(message)) => Heard::End(message.to_string()),
                            Ok(None) => Heard::End("closed".to_owned()),
                            Err(error) => Heard::End(error.to_string()),
                        };
                        let ends = matches!(told, Heard::End(_));
                        if hear.send(told).is_err() || ends {
                            return;
                        }
                    }
                });
                Ok::<_, Box<dyn std::error::Error>>(())
            }
        }))
        .buffer_unordered(64);
        while let Some(opened) = opened.next().await {
            opened?;
        }
        drop(opened);
        let opening = began.elapsed();
        // The first change finds out whether all of them follow.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (mut worst, mut least, mut ended) = (Duration::ZERO, followers, 0);
        for change in 0..=CHANGES {
            let sent = Instant::now();
            rename(siege, &service, &admin, change).await?;
            let (mut count, mut last) = (0, sent);
            while count + ended < followers {
                match tokio::time::timeout(MOST, heard.recv()).await {
                    Ok(Some(Heard::Change(at))) => (count, last) = (count + 1, last.max(at)),
                    Ok(Some(Heard::End(why))) => {
                        if ended == 0 {
                            println!("  a follower was ended: {why:.200}");
                        }
                        ended += 1;
                    }
                    Ok(None) | Err(_) => break,
                }
            }
            if change > 0 {
                (worst, least) = (worst.max(last - sent), least.min(count));
            }
        }
        let what = format!("a change at {least} of {followers} followers, {principals} principals");
        held &= siege.tell(&what, milliseconds(worst), "ms", Some(bar));
        held &= siege.tell(
            "  followers that missed it or were ended",
            (followers - least.min(followers - ended)) as f64,
            "",
            Some(0.0),
        );
        siege.tell(
            &format!("  opening took {:.0} s; memory", opening.as_secs_f64()),
            service.memory() as f64 / 1_024.0,
            "MiB",
            None,
        );
    }
    Ok(held)
}

async fn rename(siege: &Siege<'_>, service: &Server, admin: &str, change: usize) -> Result<()> {
    let database = siege.database().await?;
    let sql = "SELECT id::text || ' ' || version FROM company WHERE deleted_at IS NULL ORDER BY id LIMIT 1";
    let found = texts(&database, sql).await?;
    let (id, version) = found.first().and_then(|row| row.split_once(' ')).ok_or("no company")?;
    let name = format!("Renamed {change} {}", Uuid::new_v4().simple());
    let input = json!({ "id": format!("company_{}", id.replace('-', "")), "expectedVersion": version.parse::<i32>()?, "name": name });
    let query = "mutation($input: UpdateCompanyInput!) { updateCompany(input: $input) { company { id } userErrors { message } } }";
    let answer = ask(service, Some(admin), query, json!({ "input": input })).await?;
    if answer["data"]["updateCompany"]["company"]["id"].is_string() {
        Ok(())
    } else {
        Err(format!("not renamed: {answer}").into())
    }
}

/// So many sellers in the teams that there are, each with a session of his own; their access tokens.
async fn tokens(siege: &Siege<'_>, count: usize) -> Result<Vec<String>> {
    let database = siege.database().await?;
    let teams: Vec<Uuid> = texts(&database, "SELECT id::text FROM team WHERE deleted_at IS NULL")
        .await?
        .iter()
        .map(|id| id.parse())
        .collect::<std::result::Result<_, _>>()?;
    let settings = |name: &str| match name {
        "DATABASE_URL" => Some(siege.url.to_owned()),
        "TRIBUTARY_ISSUER" => Some(ISSUER.to_owned()),
        "TRIBUTARY_DEMO" => Some("never".to_owned()),
        _ => None,
    };
    let config = Config::from_env(settings).map_err(|mistakes| format!("{mistakes:?}"))?;
    let clock = Arc::new(SystemClock::default());
    let app = App::start(config, Arc::clone(&clock) as Arc<dyn Clock>).await?;
    let (mut users, mut sessions, now) = (Vec::new(), Vec::new(), clock.now());
    for number in 0..count {
        let id = clock.id();
        users.push(user::Model {
            id,
            created_at: now,
            updated_at: now,
            version: 1,
            name: format!("Seller {number}"),
            email: format!("seller{number}@siege.example"),
            role: Role::SalesRep,
            team_id: teams.get(number % teams.len().max(1)).copied(),
            time_zone: "UTC".to_owned(),
            locale: "en".to_owned(),
            ..user::Model::default()
        });
        let session = clock.id();
        sessions.push(refresh_token::Model {
            id: clock.id(),
            user_id: id,
            family_id: session,
            token_hash: session.to_string(),
            created_at: now,
            expires_at: now + chrono::Duration::days(1),
            confirmed_at: Some(now),
            ..refresh_token::Model::default()
        });
    }
    for part in users.chunks(1_000) {
        let rows = part.iter().map(|row| row.clone().into_active_model().reset_all());
        user::Entity::insert_many(rows).exec_without_returning(&database).await?;
    }
    for part in sessions.chunks(1_000) {
        let rows = part.iter().map(|row| row.clone().into_active_model().reset_all());
        refresh_token::Entity::insert_many(rows).exec_without_returning(&database).await?;
    }
    let mut tokens = Vec::with_capacity(count);
    for session in &sessions {
        let pass = Pass { user: session.user_id, session: session.family_id, token: session.id };
        tokens.push(app.keys().issue(pass, now, 15).await?);
    }
    app.store().database().close().await;
    Ok(tokens)
}

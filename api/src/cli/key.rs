//! `tributary key`: the keys that sign access tokens.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Subcommand;

use super::{Console, Failure, Outcome};
use crate::access::key::{self, Key, NOTICE, OVERLAP};
use crate::access::token::Keys;
use crate::app;
use crate::auth::keys;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum Task {
    /// List the keys and what each of them does at the moment.
    List,
    /// Make a new key. It is published at once and signs in ten minutes, when everybody knows it; the keys before it
    /// verify the tokens they have signed until those have ended. Running services need no restart.
    Rotate,
    /// Withdraw a key at once, because others may have got hold of it: within a minute its tokens are refused
    /// everywhere. People stay signed in, for their clients get a new token by `refreshSession`.
    Retire {
        /// The id of the key, as `list` shows it.
        // One in sixty-four begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
}

pub(super) async fn run(console: &mut Console<'_>, config: Config, task: Task) -> Outcome {
    if let Some(text) = &config.signing_key {
        return match task {
            Task::List => {
                let keys = key::configured(text.expose()).map_err(Failure::failed)?;
                list(console, keys, SystemClock::default().now())
            }
            Task::Rotate | Task::Retire { .. } => Err(Failure::failed(
                "The keys come from TRIBUTARY_SIGNING_KEY. Put the new one first there and keep the old one below it \
                 for a quarter of an hour, then start the services again.",
            )),
        };
    }
    let store = app::store(&config, Arc::new(SystemClock::default())).await?;
    let system = store.system();
    match task {
        Task::List => list(console, keys::read(&system).await?, store.clock().now())?,
        Task::Rotate => {
            let made = keys::rotate(&system).await?;
            console.say(format!("{} signs from {} on.", made.kid, time(made.signs_from)))?;
        }
        Task::Retire { kid } => {
            let withdrawn = keys::retire(&system, &kid).await?;
            console.say(format!("{kid} is withdrawn; running services notice within a minute."))?;
            if let Some(replacement) = withdrawn.replacement {
                console.say(format!("{replacement} was made in its place."))?;
            }
        }
    }
    store.database().close().await;
    Ok(())
}

/// One line a key: its id, since when it is there, what it does.
fn list(console: &mut Console<'_>, keys: Vec<Key>, now: DateTime<Utc>) -> Outcome {
    let keys = Keys::new(keys, "", "");
    let signing = keys.signing(now).map(|key| key.kid.as_str());
    for key in keys.iter() {
        let does = if signing == Some(key.kid.as_str()) {
            key.retired_at.map_or_else(|| "signs".to_owned(), |end| format!("signs until {}", time(end)))
        } else if key.may_sign(now) {
            format!("signs from {} on", time(key.made_at + NOTICE))
        } else if let Some(end) = key.retired_at {
            format!("{} {}", if key.verifies(now) { "verifies until" } else { "ended" }, time(end + OVERLAP))
        } else {
            "verifies".to_owned()
        };
        console.say(format!("{}  {does}", key.kid))?;
    }
    Ok(())
}

fn time(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

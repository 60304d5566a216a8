//! Documents that nobody has sent before, without a token, over every carrier.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::try_join_all;
use serde_json::json;

use super::Siege;
use super::clients::Socket;
use crate::Result;
use crate::drive::{Connection, Shot};

/// So many documents of each shape.
const EACH: usize = 1_500;
/// So many clients at once.
const CLIENTS: usize = 8;
/// Resident memory, in MiB.
const BAR: f64 = 200.0;

/// Documents of about 5 KB, none like another.
fn documents() -> Vec<String> {
    let shapes: [fn(usize) -> String; 5] = [
        |number| format!("{{f{number} {}}}", "a ".repeat(2_400)),
        |number| format!("{{f{number}(a:{}{})}}", "[{b:1},".repeat(500), "]".repeat(30)),
        |number| format!("{{f{number}{}{}}}", "{a b c d e f g h i j ".repeat(35), "}".repeat(35)),
        |number| format!("{{f{number}(a:\"{}\")}}", "x".repeat(5_000)),
        |number| format!("{{f{number}:__typename {}}}", "...on Query{__typename}".repeat(200)),
    ];
    (0..EACH).flat_map(|number| shapes.iter().map(move |shape| shape(number))).collect()
}

pub async fn run(siege: &Siege<'_>) -> Result<bool> {
    let service = siege.start(&[])?;
    let rest = service.memory();
    let documents = Arc::new(documents());
    let (next, peak, over) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let bodies: Vec<Bytes> = documents.iter().map(|document| json!({ "query": document }).to_string().into()).collect();
    let shot = Arc::new(Shot { path: "/graphql".to_owned(), token: None, bodies });
    let clients = (0..CLIENTS).map(|client| {
        let (documents, shot, next) = (Arc::clone(&documents), Arc::clone(&shot), Arc::clone(&next));
        let address = service.address;
        tokio::spawn(async move {
            let (mut connection, mut socket) = (Connection::open(address).await?, None);
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(document) = documents.get(number) else {
                    return Ok::<_, Box<dyn std::error::Error + Send + Sync>>(());
                };
                let failed = |error: Box<dyn std::error::Error>| error.to_string();
                match (client + number) % 4 {
                    0 => {
                        if socket.is_none() {
                            let mut new = Socket::open(address).await.map_err(failed)?;
                            new.init(None).await.map_err(failed)?;
                            socket = Some(new);
                        }
                        if let Some(open) = &mut socket {
                            let told = async {
                                open.subscribe("a", document).await?;
                                while open.next().await?.ok_or("closed")?["type"] == "next" {}
                                Ok(())
                            };
                            if told.await.map_err(failed).is_err() {
                                socket = None;
                            }
                        }
                    }
                    1 => {
                        let query: String = document.bytes().map(|byte| format!("%{byte:02x}")).collect();
                        if connection.get(&format!("/graphql?query={query}")).await.is_err() {
                            connection = Connection::open(address).await?;
                        }
                    }
                    _ => {
                        if connection.try_send(&shot, number).await.is_err() {
                            connection = Connection::open(address).await?;
                        }
                    }
                }
            }
        })
    });
    let watching = async {
        while !over.load(Ordering::Relaxed) {
            peak.fetch_max(service.memory(), Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let flood = async {
        let ended = try_join_all(clients.map(|client| async { client.await? })).await;
        over.store(true, Ordering::Relaxed);
        ended.map_err(|error| error.to_string())
    };
    let (flooded, ()) = tokio::join!(flood, watching);
    flooded?;
    let mib = |kib: u64| kib as f64 / 1_024.0;
    siege.tell("memory at rest", mib(rest), "MiB", None);
    let what = format!("memory, {} documents of strangers", documents.len());
    Ok(siege.tell(&what, mib(peak.load(Ordering::Relaxed).max(service.memory())), "MiB", Some(BAR)))
}

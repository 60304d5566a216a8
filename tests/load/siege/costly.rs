//! Costly filters of one seller, twelve at a time, and what another user notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tributary::access::Role;

use super::{Siege, ask, milliseconds, seconds, sign_in, texts};
use crate::Result;
use crate::drive::{Connection, Shot};
use crate::process::{Postgres, Server};

/// So many costly requests at once.
const AT_ONCE: usize = 12;
/// How long they go on while another user reads.
const LASTS: Duration = Duration::from_secs(10);
/// How soon the impatient among them hang up.
const IMPATIENCE: Duration = Duration::from_millis(300);

/// Another user's point reads, at the 99th percentile.
const BAR: f64 = 250.0;
/// Share of a processor that still works two seconds after everything was given up: none but housekeeping.
const STILL: f64 = 0.05;

/// The documents: relations within relations, many conditions without a match, and counts of the log.
fn documents() -> Vec<(&'static str, String)> {
    let mut nested = "{none:{}}".to_owned();
    for _ in 0..3 {
        nested = format!("{{some:{{campaign:{{touchpoints:{nested}}}}}}}");
    }
    let none = "{contact:{touchpoints:{none:{url:{contains:\"x\"}}}}}";
    let counts: String = (0..20).map(|at| format!("a{at}: events {{ totalCount }} ")).collect();
    vec![
        ("relations within relations", format!("{{campaigns(filter:{{touchpoints:{nested}}}){{totalCount}}}}")),
        ("150 conditions", format!("{{leads(filter:{{and:[{}]}}){{totalCount}}}}", vec![none; 150].join(","))),
        ("20 counts of the log", format!("{{ {counts} }}")),
        (
            "one condition over all touches",
            "{leads(filter:{contact:{touchpoints:{none:{url:{contains:\"x\"}}}}}){totalCount}}".to_owned(),
        ),
    ]
}

pub async fn run(siege: &Siege<'_>) -> Result<bool> {
    let service = siege.start(&[])?;
    let (rep, reader) = (sign_in(&service, Role::SalesRep).await?, sign_in(&service, Role::Admin).await?);
    let database = siege.database().await?;
    let column = if siege.is_postgres() { "id::text" } else { "lower(hex(id))" };
    let deals = texts(&database, &format!("SELECT {column} FROM deal WHERE deleted_at IS NULL LIMIT 500")).await?;
    let postgres = match siege.is_postgres() {
        true => Postgres::of_backend(texts(&database, "SELECT pg_backend_pid()::text").await?[0].parse()?),
        false => None,
    };
    let query = include_str!("../queries/point_read.graphql");
    let bodies = deals.iter().map(|id| {
        let id = format!("deal_{}", id.replace('-', ""));
        json!({ "query": query, "variables": { "id": id } }).to_string().into()
    });
    let reads = Arc::new(Shot { path: "/graphql".to_owned(), token: Some(reader), bodies: bodies.collect() });
    let quiet = p99(read(&service, &reads, Duration::from_secs(3)).await);
    siege.tell("point read, p99, nothing else", milliseconds(quiet), "ms", None);

    let mut held = true;
    for (name, document) in documents() {
        let answer = ask(&service, Some(&rep), &document, json!({})).await?;
        let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap_or("answered").to_owned();
        let before = cpu(&service, postgres.as_ref());
        let costly = Costly::start(&service, &rep, &document);
        let latencies = read(&service, &reads, LASTS).await;
        let (answered, given_up) = costly.stop().await;
        let count = latencies.len();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let running = running(siege, &database).await?;
        let at = cpu(&service, postgres.as_ref());
        tokio::time::sleep(Duration::from_secs(1)).await;
        let still = cpu(&service, postgres.as_ref()) - at;
        let title = format!("point read, p99, beside {name} ({code})");
        held &= siege.tell(&title, milliseconds(p99(latencies)), "ms", Some(BAR));
        if let Some(running) = running {
            held &= siege.tell("  statements that run 1 s after they were given up", running, "", Some(0.0));
        }
        held &= siege.tell("  processors at work 1 to 2 s after that", seconds(still), "", Some(STILL));
        let spent = milliseconds(at - before);
        let requests = answered + given_up;
        siege.tell(&format!("  CPU of {requests} ({given_up} given up) and {count} reads"), spent, "ms", None);
    }
    Ok(held)
}

/// Reads one after the other, as somebody at work and within their allowance; answers how long each took.
async fn read(service: &Server, reads: &Shot, lasts: Duration) -> Vec<Duration> {
    let (began, mut latencies, mut connection) = (Instant::now(), Vec::new(), None);
    while began.elapsed() < lasts {
        let sent = Instant::now();
        let answer = async {
            if connection.is_none() {
                connection = Some(Connection::open(service.address).await.ok()?);
            }
            connection.as_mut()?.try_send(reads, latencies.len()).await.ok()
        };
        // Who is not answered has waited at least as long as the whole run.
        let answered = matches!(answer.await, Some((status, _)) if status == 200);
        latencies.push(if answered { sent.elapsed() } else { LASTS });
        if !answered {
            connection = None;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    latencies
}

/// Clients that send a document again and again; every other one hangs up before it is answered.
struct Costly {
    clients: Vec<tokio::task::JoinHandle<()>>,
    counts: Arc<(AtomicUsize, AtomicUsize)>,
}

impl Costly {
    fn start(service: &Server, token: &str, document: &str) -> Self {
        let (address, counts) = (service.address, Arc::new((AtomicUsize::new(0), AtomicUsize::new(0))));
        let body = json!({ "query": document }).to_string();
        let shot =
            Arc::new(Shot { path: "/graphql".to_owned(), token: Some(token.to_owned()), bodies: vec![body.into()] });
        let client = |number: usize| {
            let (shot, counts) = (Arc::clone(&shot), Arc::clone(&counts));
            tokio::spawn(async move {
                loop {
                    let Ok(mut connection) = Connection::open(address).await else { continue };
                    let answer = connection.try_send(&shot, 0);
                    let limit = if number.is_multiple_of(2) { LASTS } else { IMPATIENCE };
                    let count = if tokio::time::timeout(limit, answer).await.is_ok() { &counts.0 } else { &counts.1 };
                    count.fetch_add(1, Ordering::Relaxed);
                    // As one who tries again, not as a flood of cheap refusals.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            })
        };
        Self { clients: (0..AT_ONCE).map(client).collect(), counts }
    }

    /// Hangs up; answers how many were answered and how many given up.
    async fn stop(self) -> (usize, usize) {
        for client in &self.clients {
            client.abort();
        }
        for client in self.clients {
            let _ = client.await;
        }
        (self.counts.0.load(Ordering::Relaxed), self.counts.1.load(Ordering::Relaxed) + AT_ONCE)
    }
}

fn cpu(service: &Server, postgres: Option<&Postgres>) -> Duration {
    service.cpu() + postgres.map_or(Duration::ZERO, Postgres::cpu)
}

/// How many statements of the service run; SQLite does not tell.
async fn running(siege: &Siege<'_>, database: &sea_orm::DatabaseConnection) -> Result<Option<f64>> {
    if !siege.is_postgres() {
        return Ok(None);
    }
    let sql = "SELECT COUNT(*)::text FROM pg_stat_activity WHERE datname = current_database() \
               AND application_name = 'tributary' AND state = 'active'";
    Ok(Some(texts(database, sql).await?[0].parse()?))
}

fn p99(mut latencies: Vec<Duration>) -> Duration {
    latencies.sort_unstable();
    let at = latencies.len().saturating_sub(1) * 99 / 100;
    // Whoever was not answered at all has waited at least as long as the whole run.
    latencies.get(at).copied().unwrap_or(LASTS)
}

//! What a rude caller costs everybody else: costly filters, a flood of documents, idle connections, and a change that ten
//! thousand follow. Each figure stands beside the bar that it must not exceed.

mod clients;
mod costly;
mod event;
mod flood;
mod idle;

use std::path::Path;
use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};
use serde_json::{Value, json};
use tributary::access::Role;

use crate::drive::{Connection, Shot};
use crate::process::Server;
use crate::scenario::demo_user;
use crate::{Result, bulk};

/// Besieges services on both databases; answers whether every bar held.
pub async fn run(service: &Path, server: &str, scale: u32, parts: Option<&[String]>) -> Result<bool> {
    // Ten thousand sockets are ten thousand descriptors, here and there.
    let descriptors = rlimit::increase_nofile_limit(u64::MAX)?;
    if descriptors < 11_000 {
        println!(
            "Only {descriptors} descriptors are allowed: `ulimit -Hn 20000` before, or the event has fewer followers."
        );
    }
    println!("\n{:<58} {:>12} {:>12}", "", "figure", "bar");
    let wanted = |part: &str| parts.is_none_or(|parts| parts.iter().any(|wanted| wanted == part));
    let mut held = true;
    let folder = tempfile::tempdir()?;
    let file = format!("sqlite://{}?mode=rwc", folder.path().join("siege.db").display());
    let besiege = async |url: &str, name: &'static str| -> Result<bool> {
        let seed =
            if scale == 0 { vec!["seed".to_owned()] } else { vec!["seed".into(), "--scale".into(), scale.to_string()] };
        bulk::run(service, url, &seed)?;
        let siege = Siege { service, url, name };
        let mut held = true;
        if wanted("costly") {
            held &= costly::run(&siege).await?;
        }
        if wanted("flood") {
            held &= flood::run(&siege).await?;
        }
        if wanted("idle") {
            held &= idle::run(&siege).await?;
        }
        if wanted("event") && url.starts_with("postgres") {
            held &= event::run(&siege, usize::try_from(descriptors)?.saturating_sub(1_000).min(10_000)).await?;
        }
        Ok(held)
    };
    held &= besiege(&file, "SQLite").await?;
    let mut outcome = Ok(true);
    tests::on_empty_postgres(server, async |url| outcome = besiege(&url, "PostgreSQL").await).await;
    held &= outcome?;
    println!("\n{}", if held { "Every bar held." } else { "Some bars did not hold." });
    Ok(held)
}

/// A service to besiege, on a database that `tributary seed` has filled.
struct Siege<'a> {
    service: &'a Path,
    url: &'a str,
    name: &'static str,
}

impl Siege<'_> {
    /// Starts the service with more settings.
    fn start(&self, settings: &[(&str, &str)]) -> Result<Server> {
        let mut environment = vec![
            ("DATABASE_URL", self.url),
            ("TRIBUTARY_LISTEN", "127.0.0.1:0"),
            ("TRIBUTARY_ISSUER", ISSUER),
            ("TRIBUTARY_LOG", "error"),
        ];
        environment.extend(settings);
        Ok(Server::start(self.service, &["serve"], &environment)?)
    }

    /// Tells a figure beside its bar; answers whether it holds.
    fn tell(&self, what: &str, figure: f64, unit: &str, bar: Option<f64>) -> bool {
        let holds = bar.is_none_or(|bar| figure <= bar);
        let bar = bar.map_or(String::new(), |bar| format!("{bar:.0} {unit}"));
        let word = if holds { "" } else { "  MISSED" };
        println!("{:<58} {:>12} {bar:>12}{word}", format!("{}: {what}", self.name), format!("{figure:.1} {unit}"));
        holds
    }

    /// The database itself, past the service.
    async fn database(&self) -> Result<DatabaseConnection> {
        let mut options = ConnectOptions::new(self.url);
        options.max_connections(1).sqlx_logging(false);
        #[expect(clippy::disallowed_methods, reason = "past the service, on purpose")]
        let connection = Database::connect(options).await;
        Ok(connection?)
    }

    fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }
}

/// The issuer of the tokens, whatever the port.
const ISSUER: &str = "http://siege.example";

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

fn milliseconds(duration: Duration) -> f64 {
    seconds(duration) * 1_000.0
}

/// The access token of the demo user with a role.
async fn sign_in(server: &Server, role: Role) -> Result<String> {
    let user = demo_user(role).ok_or("no such demo user")?;
    let query = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }";
    let answer =
        ask(server, None, query, json!({ "input": { "email": user.email, "password": user.password } })).await?;
    let token = answer["data"]["signIn"]["accessToken"].as_str();
    Ok(token.ok_or_else(|| format!("not signed in: {answer}"))?.to_owned())
}

/// The answer to a document.
async fn ask(server: &Server, token: Option<&str>, query: &str, variables: Value) -> Result<Value> {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let shot = Shot { path: "/graphql".to_owned(), token: token.map(str::to_owned), bodies: vec![body.into()] };
    let (_, answer) = Connection::open(server.address).await?.try_send(&shot, 0).await?;
    Ok(serde_json::from_slice(&answer)?)
}

/// Texts that the database answers.
async fn texts(database: &DatabaseConnection, sql: &str) -> Result<Vec<String>> {
    let rows = database.query_all_raw(Statement::from_string(database.get_database_backend(), sql)).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<std::result::Result<_, _>>()?)
}

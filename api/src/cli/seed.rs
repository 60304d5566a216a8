//! `tributary seed`: demo data into an empty database.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use entity::user;

use super::{Console, Failure, Outcome, start};
use crate::app::App;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::demo::{self, DemoUser};
use crate::error::{Code, Error, Result};

/// No statement of the command takes longer: an index over tens of millions of rows is one.
const STATEMENT_LIMIT: Duration = Duration::from_secs(3_600);
/// How often a replica asks whether another one has filled the database, and waits for it as long as a statement may.
const TURNS: usize = 20;

#[derive(Args)]
pub(super) struct Options {
    /// Instead of the small demo, so many times 100,000 leads, for trying out large amounts.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    scale: Option<u32>,
}

pub(super) async fn run(console: &mut Console<'_>, config: Config, options: &Options) -> Outcome {
    if config.is_production() {
        return Err(Failure::failed("Demo data are refused in production: everybody knows their passwords."));
    }
    let app = start(Config { database_timeout: STATEMENT_LIMIT, ..config }).await?;
    if app.store().system().is_demo().await? {
        return Err(Failure::failed("This database holds demo data already. Give another one with --database-url."));
    }
    fill(&app, options.scale).await?;
    app.store().database().close().await;
    console.say(table(&demo::users()))
}

/// Nobody can sign in yet: the database is new.
pub(super) async fn has_nobody(app: &App) -> Result<bool> {
    let system = app.store().system();
    let tx = system.begin("seed").await?;
    system.is_empty::<user::Entity>(&tx).await
}

/// Fills the database with the small demo if nobody can sign in yet. Of replicas that start together one fills it; the
/// others wait.
pub(super) async fn fill_if_new(app: &App) -> Outcome {
    let mut outcome = Ok(());
    for _ in 0..TURNS {
        outcome = try_to_fill(app).await;
        match &outcome {
            // Another replica is at it, or has just done it.
            Err(error) if matches!(error.code(), Code::Timeout | Code::Conflict | Code::Unavailable) => {}
            _ => break,
        }
    }
    Ok(outcome?)
}

async fn try_to_fill(app: &App) -> Result<(), Error> {
    if !has_nobody(app).await? {
        return Ok(());
    }
    if app.config().database_url.expose().contains(":memory:") {
        // Such a database lives in the connection of this service.
        return fill(app, None).await;
    }
    let config = app.config().clone();
    tokio::task::spawn_blocking(move || fill_apart(config)).await.map_err(Error::internal)?
}

/// Fills a database by threads and connections that end with it: what they have allocated does not stay with the service.
fn fill_apart(config: Config) -> Result<()> {
    let filling = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::internal)?;
        runtime.block_on(async {
            let app = App::start(config, Arc::new(SystemClock::default())).await?;
            let filled = fill(&app, None).await;
            app.store().database().close().await;
            filled
        })
    });
    filling.join().map_err(|_| Error::internal("the demo data could not be made"))?
}

/// Fills an empty database.
async fn fill(app: &App, scale: Option<u32>) -> Result<()> {
    demo::seed(&app.store().system(), scale, &|step| eprintln!("demo data: {step}")).await.map(|_| ())
}

/// The demo users and their passwords.
pub(super) fn table(users: &[DemoUser]) -> String {
    let width = |part: fn(&DemoUser) -> &str| users.iter().map(|user| part(user).chars().count()).max().unwrap_or(0);
    let (role, name, email) = (width(|user| user.role.as_str()), width(|user| &user.name), width(|user| &user.email));
    let head = std::iter::once(format!("  {:role$}  {:name$}  {:email$}  password", "role", "name", "e-mail"));
    let lines = users.iter().map(|user| {
        format!("  {:role$}  {:name$}  {:email$}  {}", user.role.as_str(), user.name, user.email, user.password)
    });
    head.chain(lines).collect::<Vec<_>>().join("\n")
}

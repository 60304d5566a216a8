//! `tributary seed`: demo data into an empty database.

use clap::Args;
use entity::user;

use super::{Console, Failure, Outcome, start};
use crate::app::App;
use crate::config::Config;
use crate::demo::{self, DemoUser};

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
    let app = start(config).await?;
    if app.store().system().is_demo().await? {
        return Err(Failure::failed("This database holds demo data already. Give another one with --database-url."));
    }
    fill(&app, options.scale).await?;
    app.store().database().close().await;
    console.say(table(&demo::users()))
}

/// Nobody can sign in yet: the database is new.
pub(super) async fn has_nobody(app: &App) -> Result<bool, Failure> {
    let system = app.store().system();
    let tx = system.begin("seed").await?;
    Ok(system.is_empty::<user::Entity>(&tx).await?)
}

/// Fills an empty database, and marks it with the first rows.
pub(super) async fn fill(app: &App, scale: Option<u32>) -> Outcome {
    demo::seed(&app.store().system(), scale, &|step| eprintln!("demo data: {step}")).await?;
    Ok(())
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

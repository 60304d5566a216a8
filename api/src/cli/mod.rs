//! The command line. Without a command it serves.

mod account;
mod import;
mod key;
mod log;
mod schema;
mod seed;
mod serve;

use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};

use crate::app::{self, App};
use crate::clock::SystemClock;
use crate::config::{self, Config, ConfigMistake, Stray};
use crate::error::Error;

/// The GraphQL service of a CRM: one graph from the first touch of a campaign to closed revenue.
#[derive(Parser)]
#[command(name = "tributary", version, after_help = config::help())]
struct Line {
    #[command(flatten)]
    overrides: Overrides,
    #[command(subcommand)]
    command: Option<Command>,
}

/// For the commands that read the same settings as the service.
const SETTINGS: &str =
    "The database and other settings come from the environment: `tributary serve --help` lists them.";

/// Flags that go before the environment.
#[derive(Args)]
struct Overrides {
    /// Address and port to listen on, instead of TRIBUTARY_LISTEN.
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Database, instead of DATABASE_URL; a URL with a password is better kept in the environment.
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve (what happens without a command): bring the database up to date, then answer requests.
    #[command(after_help = config::help())]
    Serve,
    /// Bring the tables of the database up to date.
    #[command(after_help = SETTINGS)]
    Migrate,
    /// Fill an empty database with demo data (never in production).
    #[command(after_help = SETTINGS)]
    Seed(seed::Options),
    /// Load your own data from CSV files; the same files again change nothing.
    #[command(after_help = SETTINGS)]
    Import(import::Options),
    /// Print the GraphQL schema.
    Schema(schema::Options),
    /// Manage the users who sign in.
    #[command(subcommand, after_help = SETTINGS)]
    User(account::Task),
    /// Manage the keys that sign access tokens.
    #[command(subcommand, after_help = SETTINGS)]
    Key(key::Task),
}

/// Why a command did not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The configuration or the command line is wrong: exit code 2.
    Usage(Vec<String>),
    /// Something went wrong: exit code 1.
    Failed(String),
    /// It was done but for some parts, which were named: exit code 3.
    Partly(String),
}

impl Failure {
    fn failed(reason: impl Display) -> Self {
        Self::Failed(reason.to_string())
    }
}

impl From<Error> for Failure {
    /// For the person at the console the cause is no secret.
    fn from(error: Error) -> Self {
        match error {
            Error::Internal(cause) => Self::Failed(cause.to_string()),
            Error::Invalid(mistakes) => Self::Usage(mistakes.into_iter().map(|mistake| mistake.message).collect()),
            refused @ (Error::Refused { .. } | Error::Raced(_)) => Self::Failed(refused.to_string()),
        }
    }
}

impl From<Vec<ConfigMistake>> for Failure {
    fn from(mistakes: Vec<ConfigMistake>) -> Self {
        Self::Usage(mistakes.iter().map(ToString::to_string).collect())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error)
    }
}

type Outcome = Result<(), Failure>;

/// What a command works with: where settings come from and where words go.
pub(crate) struct Console<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    overrides: Overrides,
    out: &'a mut dyn Write,
}

impl Console<'_> {
    /// The configuration, all mistakes at once.
    fn config(&self) -> Result<Config, Failure> {
        let read = |name: &str| {
            let flag = match name {
                "TRIBUTARY_LISTEN" => self.overrides.listen.clone(),
                "DATABASE_URL" => self.overrides.database_url.clone(),
                _ => None,
            };
            flag.or_else(|| (self.environment)(name))
        };
        Ok(Config::from_env(read)?)
    }

    /// Prints a line.
    fn say(&mut self, line: impl Display) -> Outcome {
        Ok(writeln!(self.out, "{line}")?)
    }
}

/// Runs a command line in an environment with these variables: 0 when it was done, 1 when it failed, 2 when command line or
/// configuration are wrong, 3 when some of what was to be loaded was rejected. What looks like a setting and is none is a
/// mistake.
pub fn main(
    arguments: impl IntoIterator<Item = OsString>,
    variables: impl IntoIterator<Item = (String, String)>,
    environment: &dyn Fn(&str) -> Option<String>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let line = match parse(arguments, out, err) {
        Ok(line) => line,
        Err(code) => return code,
    };
    let strays = config::strays(variables);
    for Stray { name, meant } in &strays {
        let advice = meant.map_or_else(
            || "Remove it; `tributary serve --help` lists the settings.".to_owned(),
            |meant| format!("Is {meant} meant? Rename or remove it."),
        );
        let _ = writeln!(err, "tributary: there is no setting {name}. {advice}");
    }
    if strays.is_empty() { perform(line, environment, out, err) } else { 2 }
}

/// As [`main`], whatever else the environment holds.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &dyn Fn(&str) -> Option<String>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    match parse(arguments, out, err) {
        Ok(line) => perform(line, environment, out, err),
        Err(code) => code,
    }
}

/// What was asked for; or the exit code, when that was said already.
fn parse(arguments: impl IntoIterator<Item = OsString>, out: &mut dyn Write, err: &mut dyn Write) -> Result<Line, u8> {
    Line::try_parse_from(arguments).map_err(|asked| {
        // Help and version are answers, not mistakes.
        let to: &mut dyn Write = if asked.use_stderr() { err } else { out };
        let _ = write!(to, "{}", asked.render());
        u8::try_from(asked.exit_code()).unwrap_or(2)
    })
}

fn perform(
    Line { overrides, command }: Line,
    environment: &dyn Fn(&str) -> Option<String>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let console = Console { environment, overrides, out };
    match dispatch(command.unwrap_or(Command::Serve), console) {
        Ok(()) => 0,
        Err(Failure::Usage(mistakes)) => {
            mistakes.iter().for_each(|mistake| drop(writeln!(err, "tributary: {mistake}")));
            2
        }
        Err(Failure::Failed(reason)) => {
            let _ = writeln!(err, "tributary: {reason}");
            1
        }
        Err(Failure::Partly(reason)) => {
            let _ = writeln!(err, "tributary: {reason}");
            3
        }
    }
}

fn dispatch(command: Command, mut console: Console<'_>) -> Outcome {
    if let Command::Schema(options) = command {
        return schema::run(&mut console, &options);
    }
    let config = console.config()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let traces = {
        let _entered = runtime.enter();
        log::start(&config)?
    };
    let outcome = runtime.block_on(async {
        match command {
            Command::Serve => serve::run(&mut console, config).await,
            Command::Migrate => {
                app::migrated(&config).await?.close().await;
                console.say("The database is up to date.")
            }
            Command::Seed(options) => seed::run(&mut console, config, &options).await,
            Command::Import(options) => import::run(&mut console, config, &options).await,
            Command::User(task) => account::run(&mut console, config, task).await,
            Command::Key(task) => key::run(&mut console, config, task).await,
            Command::Schema(_) => Ok(()),
        }
    });
    if let Some(traces) = traces {
        traces.end();
    }
    outcome
}

/// The service for a command, on the machine's clock.
async fn start(config: Config) -> Result<App, Failure> {
    Ok(App::start(config, Arc::new(SystemClock::default())).await?)
}

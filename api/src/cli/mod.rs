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
use std::process::ExitCode;
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
    Serve,
    /// Bring the tables of the database up to date.
    Migrate,
    /// Fill an empty database with demo data (never in production).
    Seed(seed::Options),
    /// Load your own data from CSV files; the same files again change nothing.
    Import(import::Options),
    /// Print the GraphQL schema.
    Schema(schema::Options),
    /// Manage the users who sign in.
    #[command(subcommand)]
    User(account::Task),
    /// Manage the keys that sign access tokens.
    #[command(subcommand)]
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

/// Runs a command line in an environment whose variables have these names: 0 when it was done, 1 when it failed, 2 when command line or configuration are wrong, 3 when some
/// of what was to be loaded was rejected.
pub fn main(
    arguments: impl IntoIterator<Item = OsString>,
    names: impl IntoIterator<Item = String>,
    environment: &dyn Fn(&str) -> Option<String>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> ExitCode {
    if !says_what_it_means(names, err) {
        return ExitCode::from(2);
    }
    ExitCode::from(run(arguments, environment, out, err))
}

/// Tells of variables that look like settings and are none; false if one is a misspelt setting, for then the service
/// would run otherwise than its operator believes.
pub fn says_what_it_means(names: impl IntoIterator<Item = String>, err: &mut dyn Write) -> bool {
    let strays = config::strays(names);
    for Stray { name, meant } in &strays {
        let _ = match meant {
            Some(meant) => {
                writeln!(err, "tributary: there is no setting {name}; is {meant} meant? Rename or remove it.")
            }
            None => writeln!(err, "tributary: there is no setting {name}; it is ignored (see --help)."),
        };
    }
    strays.iter().all(|stray| stray.meant.is_none())
}

/// As [`main`], with the exit code as a number.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &dyn Fn(&str) -> Option<String>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let Line { overrides, command } = match Line::try_parse_from(arguments) {
        Ok(line) => line,
        Err(asked) => {
            // Help and version are answers, not mistakes.
            let to: &mut dyn Write = if asked.use_stderr() { err } else { out };
            let _ = write!(to, "{}", asked.render());
            return u8::try_from(asked.exit_code()).unwrap_or(2);
        }
    };
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

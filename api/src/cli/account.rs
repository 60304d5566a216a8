//! `tributary user`: the accounts, above all the first one.

use std::io::BufRead;

use async_graphql::resolver_utils::EnumType;
use clap::{Args, Subcommand};

use super::{Console, Failure, Outcome, start};
use crate::access::Role;
use crate::auth::accounts::{self, NewAccount};
use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum Task {
    /// Create a user; asks for the password.
    Add {
        /// The address to sign in with.
        #[arg(long)]
        email: String,
        /// The full name.
        #[arg(long)]
        name: String,
        /// What the user may do.
        #[arg(long, value_parser = role)]
        role: Role,
        #[command(flatten)]
        source: PasswordSource,
    },
    /// List the users.
    List,
    /// Lock a user out at once: sessions end, signing in is refused.
    Suspend {
        /// The address the user signs in with.
        email: String,
    },
    /// Let a suspended user sign in again.
    Reinstate {
        /// The address the user signs in with.
        email: String,
    },
    /// Set a user's password; ends the sessions.
    Password {
        /// The address the user signs in with.
        email: String,
        #[command(flatten)]
        source: PasswordSource,
    },
}

#[derive(Args)]
pub(super) struct PasswordSource {
    /// Read the password from the first line of the standard input instead of asking.
    #[arg(long)]
    password_stdin: bool,
}

/// A role in the spelling of the graph.
fn role(text: &str) -> Result<Role, String> {
    let known = Role::items().iter().find(|item| item.name.eq_ignore_ascii_case(text));
    known.map(|item| item.value).ok_or_else(|| {
        let names: Vec<&str> = Role::items().iter().map(|item| item.name).collect();
        format!("must be one of {}", names.join(", "))
    })
}

pub(super) async fn run(console: &mut Console<'_>, config: Config, task: Task) -> Outcome {
    let app = start(config).await?;
    let system = app.store().system();
    match task {
        Task::Add { email, name, role, source } => {
            let password = source.read()?;
            let user = accounts::add(&system, NewAccount { email, name, role, password }).await?;
            console.say(format!("{} can sign in as {}.", user.email, user.role.as_str()))?;
        }
        Task::List => {
            for user in accounts::all(&system).await? {
                let (role, status) = (user.role.as_str(), user.status.as_str());
                console.say(format!("{role:17}  {status:9}  {}  {}", user.email, user.name))?;
            }
        }
        Task::Suspend { email } => {
            let ended = accounts::suspend(&system, &email).await?;
            console.say(format!("{email} is suspended; sessions ended: {ended}."))?;
        }
        Task::Reinstate { email } => {
            accounts::reinstate(&system, &email).await?;
            console.say(format!("{email} can sign in again."))?;
        }
        Task::Password { email, source } => {
            let ended = accounts::set_password(&system, &email, source.read()?).await?;
            console.say(format!("The password of {email} is set; sessions ended: {ended}."))?;
        }
    }
    app.store().database().close().await;
    Ok(())
}

impl PasswordSource {
    fn read(&self) -> Result<String, Failure> {
        if self.password_stdin {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line)?;
            return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
        }
        let ask = |prompt| {
            rpassword::prompt_password(prompt).map_err(|error| {
                Failure::Failed(format!("The password cannot be asked for ({error}); give it with --password-stdin."))
            })
        };
        let password = ask("Password (at least 15 characters): ")?;
        if ask("Again: ")? != password {
            return Err(Failure::failed("The two passwords differ."));
        }
        Ok(password)
    }
}

//! Where log lines go: to the standard error, as text for people or as JSON for machines.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use super::{Failure, Outcome};
use crate::config::{Config, LogFormat};

/// Steps of migration are news only when somebody asks for them.
const QUIET: &str = "sea_orm_migration=warn";

/// The filter; what the configuration says goes before what is quiet by itself.
fn filter(text: &str) -> Result<EnvFilter, Failure> {
    EnvFilter::try_new(format!("{QUIET},{text}"))
        .map_err(|error| Failure::Usage(vec![format!("TRIBUTARY_LOG: is no log filter ({error})")]))
}

/// Starts logging; a second start in one process changes nothing.
pub(super) fn start(config: &Config) -> Outcome {
    let filter = filter(&config.log)?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match config.log_format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    };
    // Only tests start more than once.
    drop(started);
    Ok(())
}

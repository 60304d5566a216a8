//! Where log lines go: to the standard error, as text for people or as JSON for machines. And where traces go.

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use super::Failure;
use crate::config::{Config, LogFormat};
use crate::observability::trace::Traces;

/// What PostgreSQL remarks on steps of migration is news only when somebody asks for it.
const QUIET: &str = "sqlx::postgres::notice=warn";

/// The filter; what the configuration says goes before what is quiet by itself.
fn filter(text: &str) -> Result<EnvFilter, Failure> {
    EnvFilter::try_new(format!("{QUIET},{text}"))
        .map_err(|error| Failure::Usage(vec![format!("TRIBUTARY_LOG: is no log filter ({error})")]))
}

/// Starts logging, and tracing where a collector is configured (then within a runtime); a second start in one process
/// changes nothing.
pub(super) fn start(config: &Config) -> Result<Option<Traces>, Failure> {
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match config.log_format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let traces = config.otlp_endpoint.as_deref().map(Traces::to).transpose()?;
    let subscriber = tracing_subscriber::registry()
        .with(lines.with_filter(filter(&config.log)?))
        .with(traces.as_ref().map(Traces::layer));
    // Only tests start more than once.
    drop(subscriber.try_init());
    Ok(traces)
}

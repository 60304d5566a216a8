//! The program: everything is in the library, so that tests run what people run.

use std::ffi::OsString;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The one place that reads the environment; everything else takes its settings from the configuration.
    let environment = |name: &str| std::env::var(name).ok();
    let readable =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.to_string_lossy().into()));
    let variables = std::env::vars_os().filter_map(readable);
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    ExitCode::from(tributary::cli::main(std::env::args_os(), variables, &environment, &mut out, &mut err))
}

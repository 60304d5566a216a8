//! The program: everything is in the library, so that tests run what people run.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The one place that reads the environment; everything else takes its settings from the configuration.
    let environment = |name: &str| std::env::var(name).ok();
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    tributary::cli::main(std::env::args_os(), names, &environment, &mut std::io::stdout(), &mut std::io::stderr())
}

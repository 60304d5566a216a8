//! The program: everything is in the library, so that tests run what people run.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let environment = |name: &str| std::env::var(name).ok();
    tributary::cli::main(std::env::args_os(), &environment, &mut std::io::stdout(), &mut std::io::stderr())
}

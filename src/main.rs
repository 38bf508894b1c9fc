//! The doorway: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    regua::cli::main(std::env::args_os())
}

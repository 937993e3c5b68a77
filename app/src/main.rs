//! `scantling`: a window on the workspace, or a command line over the same commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    scantling::cli::main()
}

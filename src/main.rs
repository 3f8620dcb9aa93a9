//! The `redstring` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    redstring::shell::run(std::env::args_os())
}

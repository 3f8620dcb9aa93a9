//! The `redstring` command.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Writing statements take half the time with it. Programs that embed the library choose their own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    redstring::shell::run(std::env::args_os())
}

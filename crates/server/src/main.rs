//! The `zhike` binary: command line, HTTP, console.
//!
//! Owns arguments, terminals, wire formats and the embedded console. Must not decide anything about data: every command
//! and every route calls one use case of the engine.

mod cli;
mod console;
mod exports;
mod generate;
mod http;
mod ingestion;
mod jobs;
mod output;
mod qr;

use std::process::ExitCode;

/// Rows, messages and plans are many small pieces of memory: collection is a third faster than with the system's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}

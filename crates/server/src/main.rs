//! The `zhike` binary: command line, HTTP, console.
//!
//! Owns arguments, terminals, wire formats and the embedded console. Must not decide anything about data: every command
//! and every route calls one use case of the engine.

mod cli;
mod console;
mod exports;
mod generate;
mod hooks;
mod http;
mod ingestion;
mod jobs;
mod outbound;
mod output;
mod qr;
mod register;
mod targets;

use std::process::ExitCode;

/// Messages and their parts are many small pieces of memory: collection is faster by a sixth or more than with the
/// system's own (docs/benchmarks.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}

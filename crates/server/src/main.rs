//! The `zhike` binary: command line, HTTP, console.
//!
//! Owns arguments, terminals, wire formats and the embedded console. Must not decide anything about data: every command
//! and every route calls one use case of the engine.

mod cli;
mod console;
mod generate;
mod http;
mod ingestion;
mod jobs;
mod output;
mod qr;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}

//! The real binary: commands, bad files, kills, HTTP.
#![expect(clippy::print_stdout, reason = "tests say what they skip")]

mod bad_files;
mod collect;
mod collect_kill;
mod commands;
mod demo;
mod full_disk;
mod http;
mod kill;
mod segments;
mod support;

//! The real binary: commands, bad files, kills, HTTP.

mod bad_files;
mod commands;
mod http;
mod kill;
mod support;

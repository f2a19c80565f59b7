//! The real binary: commands, bad files, kills, HTTP.
#![expect(clippy::print_stdout, reason = "tests say what they skip")]

mod access;
mod alerts;
mod analysis;
mod api;
mod attacks;
mod backup;
mod bad_files;
mod bind;
mod collect;
mod collect_faults;
mod collect_kill;
mod commands;
mod compliance;
mod consents;
mod customers;
mod damage;
mod demo;
mod full_disk;
mod http;
mod imports;
mod keys;
mod kill;
mod kpis;
mod outbound;
mod person;
mod rfm_rules;
mod segments;
mod sso;
mod support;
mod tags;
mod tls;
mod watch;

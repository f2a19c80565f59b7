//! Use cases on real stores: SQLite always, PostgreSQL when `ZHIKE_TEST_PG` names a server.
#![expect(clippy::print_stdout, reason = "tests say what they skip")]

mod accounts;
mod bindings;
mod clocks;
mod consents;
mod crash;
mod customers;
mod erasure;
mod history;
mod identity;
mod keys;
mod kpis;
mod lines;
mod live;
mod live_sessions;
mod lookup;
mod privacy;
mod quality;
mod quarantine;
mod refresh;
mod requests;
mod retention;
mod rows;
mod segments;
mod slt;
mod statements;
mod support;
mod tags;
mod tidy;
mod timeline;
mod watch;

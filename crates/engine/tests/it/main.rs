//! Use cases on real stores: SQLite always, PostgreSQL when `ZHIKE_TEST_PG` names a server.
#![expect(clippy::print_stdout, reason = "tests say what they skip")]

mod accounts;
mod bindings;
mod clocks;
mod consents;
mod copy;
mod corrections;
mod crash;
mod customers;
mod erasure;
mod grades;
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
mod remembered;
mod requests;
mod retention;
mod rows;
mod segments;
mod slt;
mod statements;
mod sums;
mod support;
mod tags;
mod tidy;
mod timeline;
mod watch;

//! What people do one after another: funnels, retention, paths, habits.
//!
//! Owns algorithms over one person's events and the tables that add them up. Events come as numbers: a time, and a bit for each
//! step that an event matches; what an event is, time zones and calendars are the caller's. Equal to ClickHouse's functions in
//! [`clickhouse`], by definitions of our own elsewhere.
//!
//! - **INV-BEHAVIOUR-1**: no answer depends on the order of events of one time, but for [`Order::Strict`], which is about
//!   neighbours.
//! - **INV-BEHAVIOUR-2**: one event fills one step.
//! - **INV-BEHAVIOUR-3**: flows add up: what comes into a node goes out of it.
//! - **INV-BEHAVIOUR-4**: a cell of retention that time has not filled yet is blank, never nought.

pub mod clickhouse;
mod funnel;
mod habit;
mod matching;
mod paths;
mod retention;

pub use funnel::{Attempt, Event, Exclusion, FunnelOptions, MAX_STEPS, Order, funnel, funnel_begun};
pub use habit::{Lifecycle, Stickiness, lifecycle, stickiness};
pub use paths::{END, Flow, OTHER, PathOptions, flows, path};
pub use retention::{Cell, Measure, Person, Retention, RetentionOptions, Start, retention};

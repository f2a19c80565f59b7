//! The log from outside: against a model, on a disk that fails in every way, and on a real one.

mod corpus;
mod damage;
mod faults;
mod format;
mod model;
mod process;
mod renew;
mod sim;
mod toy;

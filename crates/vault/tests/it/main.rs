//! The vault from outside: its life on disk, wrapped keys, sealed files, segments of the event log, and the formats of past versions.

mod compat;
mod corpus;
mod keys;
mod sealed_files;
mod segments;

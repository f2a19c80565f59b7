//! The `zhike` binary.
fn main() {}

//! Zhike's binary: command line, HTTP, console.

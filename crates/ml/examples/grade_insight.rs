//! Grades what is learnt about customers on data with known answers: `grade_insight FOLDER`, one line of a table each.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

#[path = "insight/read.rs"]
mod read;
#[path = "insight/telco.rs"]
mod telco;

fn main() {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: grade_insight FOLDER");
        std::process::exit(2);
    };
    telco::grade(&folder);
}

//! Grades what is learnt about customers on data with known answers: `grade_insight FOLDER SCRATCH`, one line of a table each.
//! What others need for the same work is written into SCRATCH.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

#[path = "insight/cdnow.rs"]
mod cdnow;
#[path = "insight/funnels.rs"]
mod funnels;
#[path = "insight/read.rs"]
mod read;
#[path = "insight/telco.rs"]
mod telco;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, scratch] = args.as_slice() else {
        eprintln!("usage: grade_insight FOLDER SCRATCH");
        std::process::exit(2);
    };
    cdnow::sample(folder);
    cdnow::repurchase(folder, scratch);
    telco::grade(folder, scratch);
    funnels::grade();
}

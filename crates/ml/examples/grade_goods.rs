//! Grades what is learnt about goods on data with known answers: `grade_goods FOLDER SCRATCH`, one line of a table each.
//! What others need for the same work is written into SCRATCH.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

#[path = "goods/baskets.rs"]
mod baskets;
#[path = "goods/needs.rs"]
mod needs;
#[path = "insight/read.rs"]
mod read;
#[path = "goods/recommend.rs"]
mod recommend;
#[path = "goods/rows.rs"]
mod rows;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, scratch] = args.as_slice() else {
        eprintln!("usage: grade_goods FOLDER SCRATCH");
        std::process::exit(2);
    };
    baskets::groceries(folder);
    baskets::made_up(scratch);
    needs::made_up(scratch);
    recommend::shop(&rows::Shop::online_retail(folder), scratch);
    recommend::shop(&rows::Shop::complete_journey(folder), scratch);
}

//! Grades what is learnt about goods on data with known answers: `grade_goods FOLDER SCRATCH`, one line of a table each.
//! A third word asks for a part alone.
//! What others need for the same work is written into SCRATCH.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

#[path = "goods/baskets.rs"]
mod baskets;
#[path = "goods/clock.rs"]
mod clock;
#[path = "goods/needs.rs"]
mod needs;
#[allow(dead_code, reason = "shared with another program that uses all of it")]
#[path = "insight/read.rs"]
mod read;
#[path = "goods/recommend.rs"]
mod recommend;
#[path = "goods/rows.rs"]
mod rows;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (folder, scratch, part) = match args.as_slice() {
        [folder, scratch] => (folder, scratch, None),
        [folder, scratch, part] => (folder, scratch, Some(part.as_str())),
        _ => {
            eprintln!("usage: grade_goods FOLDER SCRATCH [baskets|needs|times|lists]");
            std::process::exit(2);
        }
    };
    let is_wanted = |name| part.is_none_or(|part| part == name);
    if is_wanted("baskets") {
        baskets::groceries(folder);
        baskets::made_up(scratch);
    }
    if is_wanted("needs") {
        needs::made_up(scratch);
    }
    for shop in [rows::Shop::online_retail, rows::Shop::complete_journey] {
        if is_wanted("times") || is_wanted("lists") {
            let shop = shop(folder);
            if is_wanted("times") {
                recommend::times(&shop);
            }
            if is_wanted("lists") {
                recommend::shop(&shop, scratch);
            }
        }
    }
}

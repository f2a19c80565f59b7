//! Measures matching: `matching FOLDER` on FEBRL 1 to 3 and splink_fake_1000, `matching --people N [CSV]` on made up people
//! of China, which are written to the file as well. With `--missed`, true pairs that were not joined are explained.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

#[path = "matching/people.rs"]
mod people;
#[path = "matching/read.rs"]
mod read;
#[path = "matching/score.rs"]
mod score;

use std::time::Instant;

use zhike_ml::matching::{Model, Options, Outcome, Records, fit, link};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let is_explained = args.contains(&"--missed");
    match args.as_slice() {
        ["--people", n, rest @ ..] => {
            let set = people::people(n.parse().expect("a number of records"), 7);
            if let [path, ..] = rest {
                read::write(&set, path);
            }
            measure(&set, is_explained);
        }
        [folder, ..] => read::sets(folder).iter().for_each(|set| measure(set, is_explained)),
        [] => {
            eprintln!("usage: matching FOLDER | matching --people N [CSV]");
            std::process::exit(2);
        }
    }
}

/// Fits and links one set and prints a line of the table.
fn measure(set: &read::Set, is_explained: bool) {
    let options = Options::default();
    let started = Instant::now();
    let mut records = Records::new(&set.fields).expect("the fields are few");
    let keys: Vec<u64> = (0..set.truth.len() as u64).collect();
    records.append(&keys, &set.columns, options.n_threads).expect("the columns are as long as the keys");
    let read = started.elapsed().as_secs_f64();
    let model = fit(&records, &options);
    let fitted = started.elapsed().as_secs_f64();
    let outcome = link(&model, &records, &|_, _| false, options.n_threads);
    let seconds = started.elapsed().as_secs_f64();
    let name = set.name.replace(' ', "_");
    let scores = score::scores(&set.truth, &outcome);
    println!(
        "| {name} | Zhike at {} | {scores} | {} | {seconds:.2} | {:.2} |",
        model.thresholds.automatic,
        outcome.n_compared,
        peak_gib(),
    );
    eprintln!(
        "{name}: {} records read {read:.2} s, fitted {:.2} s, linked {:.2} s; one in {:.0} pairs a match, {:.2} relatives each; {}; left out by rule {:?}; rules {}",
        set.truth.len(),
        fitted - read,
        seconds - fitted,
        1.0 / model.prior(),
        model.relatives(),
        scores.review(),
        outcome.n_skipped,
        model.rules().join(", "),
    );
    eprintln!("{}", score::calibration(&set.truth, &model, &records, &outcome));
    if is_explained {
        missed(set, &records, &model, &outcome);
    }
}

/// Peak of memory as Linux counts it; 0 elsewhere.
fn peak_gib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / f64::from(1 << 20)
}

/// Explains every tenth true pair that was not joined; no value is printed.
fn missed(set: &read::Set, records: &Records, model: &Model, outcome: &Outcome) {
    let mut cluster = vec![usize::MAX; set.truth.len()];
    for (at, keys) in outcome.clusters.iter().enumerate() {
        keys.iter().for_each(|key| cluster[*key as usize] = at);
    }
    let by_person = score::by_person(&set.truth);
    let mut pairs: Vec<(u64, u64)> = Vec::new();
    for keys in by_person.values() {
        for (i, a) in keys.iter().enumerate() {
            let is_open = |b: &u64| cluster[*a as usize] != cluster[*b as usize] || cluster[*a as usize] == usize::MAX;
            pairs.extend(keys[i + 1..].iter().filter(|b| is_open(b)).map(|b| (*a, *b)));
        }
    }
    pairs.sort_unstable();
    for (a, b) in pairs.into_iter().step_by(10).take(100) {
        let why = model.explain(records, a, b).expect("both are records");
        let only_names = if why.is_unidentified { ", only names and places" } else { "" };
        eprintln!("{a} {b}: {:.4} of {:.1} bits{only_names}", why.probability, why.prior_bits);
        for reason in why.reasons {
            let (field, level) = (&set.fields[reason.field].name, reason.level.unwrap_or("unsaid"));
            eprintln!("    {field:15} {level:20} {:6.1} {:6.1}", reason.bits, reason.bits_among_relatives);
        }
    }
}

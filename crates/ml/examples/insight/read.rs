//! Files of the data folder, and lines of the table.

use std::io::Read;

/// The text of a file that is compressed by gzip.
pub fn text(path: &str) -> String {
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap_or_else(|error| panic!("{path}: {error}"));
    text
}

/// Names of columns and rows of a file without quotes.
pub fn csv(path: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let text = text(path);
    let split = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<String>>();
    let mut lines = text.lines();
    let names = lines.next().map(split).unwrap_or_default();
    (names, lines.map(split).collect())
}

/// One line of the table: what, who, figures.
pub struct Line(String);

impl Line {
    pub fn new(what: &str, who: &str) -> Self {
        Self(format!("| {what} | {who} |"))
    }

    /// Adds a figure; NaN is left out.
    pub fn figure(mut self, name: &str, value: f64, n_digits: usize) -> Self {
        if !value.is_nan() {
            let comma = if self.0.ends_with('|') { "" } else { "," };
            self.0 += &format!("{comma} {name} {value:.n_digits$}");
        }
        self
    }

    pub fn print(self) {
        println!("{} |", self.0);
    }
}

/// Writes what others read.
pub fn write(path: &str, text: &str) {
    std::fs::write(path, text).unwrap_or_else(|error| panic!("{path}: {error}"));
}

/// The answer of some work, and milliseconds of the quickest of several turns.
pub fn best_of<T>(n: usize, work: impl Fn() -> T) -> (T, f64) {
    let mut least = f64::INFINITY;
    let mut turn = || {
        let started = std::time::Instant::now();
        let answer = work();
        least = least.min(started.elapsed().as_secs_f64() * 1e3);
        answer
    };
    let answer = turn();
    (1..n).for_each(|_| drop(turn()));
    (answer, least)
}

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

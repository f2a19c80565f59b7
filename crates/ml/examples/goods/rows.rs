//! Purchases of two shops, in days.

use std::collections::HashMap;

use zhike_ml::survival::Purchase;

use super::read;

/// Purchases of a shop.
pub struct Shop {
    pub name: &'static str,
    pub purchases: Vec<Purchase>,
    /// Category of each product; empty where the shop has none.
    pub categories: Vec<(u64, u64)>,
    /// Days that are held out.
    pub n_days: f64,
}

impl Shop {
    /// Nine months of a grocer; refunds do not occur. The last four weeks are held out.
    pub fn complete_journey(folder: &str) -> Self {
        let folder = format!("{folder}/complete_journey");
        let mut purchases = Vec::new();
        for line in read::text(&format!("{folder}/transactions_2017-01_2017-09.csv.gz")).lines().skip(1) {
            let words: Vec<&str> = line.split(',').collect();
            let number = |at: usize| words[at].parse::<f64>().expect("a number");
            let at = days(words[10]);
            purchases.push(Purchase { customer: number(0) as u64, product: number(3) as u64, at, quantity: number(4) });
        }
        purchases.retain(|each| each.quantity > 0.0);
        let mut known: HashMap<String, u64> = HashMap::new();
        let mut categories = Vec::new();
        for line in read::text(&format!("{folder}/products.csv.gz")).lines().skip(1) {
            let words = split(line);
            if !words[4].is_empty() {
                let next = known.len() as u64;
                let category = *known.entry(words[4].clone()).or_insert(next);
                categories.push((words[0].parse().expect("a number"), category));
            }
        }
        Self { name: "Complete Journey", purchases, categories, n_days: 28.0 }
    }

    /// Nine months of a wholesaler: sales with a customer, without services (stock codes that begin with a letter). The last
    /// thirty days are held out.
    pub fn online_retail(folder: &str) -> Self {
        let path = format!("{folder}/online_retail/online_retail_2010-12_2011-08.csv.gz");
        let mut known: HashMap<String, u64> = HashMap::new();
        let mut purchases = Vec::new();
        for line in read::text(&path).lines().skip(1) {
            let words = split(line);
            let number = |at: usize| words[at].parse::<f64>().unwrap_or(0.0);
            let is_sale = number(3) > 0.0 && number(5) > 0.0 && !words[6].is_empty();
            if is_sale && words[1].starts_with(|first: char| first.is_ascii_digit()) {
                let next = known.len() as u64;
                let product = *known.entry(words[1].clone()).or_insert(next);
                let at = days(&words[4]);
                purchases.push(Purchase { customer: number(6) as u64, product, at, quantity: number(3) });
            }
        }
        Self { name: "Online Retail", purchases, categories: Vec::new(), n_days: 30.0 }
    }

    /// The last moment.
    pub fn end(&self) -> f64 {
        self.purchases.iter().map(|each| each.at).fold(0.0, f64::max)
    }
}

/// Cells of a line, those in quotes whole.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => words.push(String::new()),
            letter => words.last_mut().expect("a cell").push(letter),
        }
    }
    words
}

/// Days of a time like `2011-08-31 17:06:00`, from 1 January 2010.
fn days(time: &str) -> f64 {
    let number = |from: usize, to: usize| time[from..to].parse::<u32>().expect("a time");
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month as usize - 1];
    let second = number(11, 13) * 3_600 + number(14, 16) * 60 + number(17, 19);
    f64::from((year - 2010) * 365 + before + day - 1) + f64::from(second) / 86_400.0
}

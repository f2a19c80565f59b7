//! The series: published ones, and sales of the grocery by department and category.

use crate::read;
use std::collections::BTreeMap;

/// A stretch to learn from and what came after it.
pub struct Task {
    pub set: &'static str,
    /// Shortest first; others are given the first alone.
    pub periods: &'static [usize],
    pub known: Vec<f64>,
    pub truth: Vec<f64>,
}

impl Task {
    pub fn period(&self) -> usize {
        self.periods.first().copied().unwrap_or(1)
    }
}

fn column(path: &str, name: &str) -> Vec<f64> {
    let (names, rows) = read::csv(path);
    let at = names.iter().position(|column| column == name).unwrap_or_else(|| panic!("{path}: no {name}"));
    rows.iter().map(|row| row[at].parse().unwrap_or_else(|_| panic!("{path}: {row:?}"))).collect()
}

/// Sums by what a row belongs to.
fn sums(rows: impl Iterator<Item = (String, f64)>) -> Vec<f64> {
    let mut sums = BTreeMap::<String, f64>::new();
    rows.for_each(|(key, value)| *sums.entry(key).or_default() += value);
    sums.into_values().collect()
}

/// Days since the first of January of 2017.
fn day(timestamp: &str) -> usize {
    const BEFORE: [usize; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let number = |range: std::ops::Range<usize>| timestamp[range].parse::<usize>().expect("a date");
    BEFORE[number(5..7) - 1] + number(8..10) - 1
}

/// Sales of each department and each category by day, first column of the products that hold their names.
fn grocery(folder: &str) -> BTreeMap<(&'static str, String), Vec<f64>> {
    let (names, rows) = read::csv(&format!("{folder}/complete_journey/products.csv.gz"));
    let at = |name: &str| names.iter().position(|column| column == name).expect("a column");
    let (id, department, category) = (at("product_id"), at("department"), at("product_category"));
    // A few names hold commas in quotes; those rows are left out.
    let products: BTreeMap<&str, (&str, &str)> = rows
        .iter()
        .filter(|row| row.len() == names.len())
        .map(|row| (row[id].as_str(), (row[department].as_str(), row[category].as_str())))
        .collect();
    let path = format!("{folder}/complete_journey/transactions_2017-01_2017-09.csv.gz");
    let (names, rows) = read::csv(&path);
    let at = |name: &str| names.iter().position(|column| column == name).expect("a column");
    let (product, value, time) = (at("product_id"), at("sales_value"), at("transaction_timestamp"));
    let mut sales = BTreeMap::<(&'static str, String), Vec<f64>>::new();
    for row in &rows {
        let Some((department, category)) = products.get(row[product].as_str()) else { continue };
        let day = day(&row[time]);
        for (kind, name) in [("department", department), ("category", category)] {
            let days = sales.entry((kind, (*name).to_owned())).or_insert_with(|| vec![0.0; 273]);
            days[day.min(272)] += row[value].parse::<f64>().expect("money");
        }
    }
    sales
}

/// The last `n_origins` stretches of a series, `horizon` apart.
fn cut(
    tasks: &mut Vec<Task>,
    set: &'static str,
    values: &[f64],
    periods: &'static [usize],
    horizon: usize,
    n_origins: usize,
) {
    for back in (1..=n_origins).rev() {
        let origin = values.len() - back * horizon;
        tasks.push(Task {
            set,
            periods,
            known: values[..origin].to_vec(),
            truth: values[origin..origin + horizon].to_vec(),
        });
    }
}

/// All tasks.
pub fn tasks(folder: &str) -> Vec<Task> {
    let mut tasks = Vec::new();
    let file = |name: &str| format!("{folder}/timeseries/{name}.csv.gz");
    cut(&mut tasks, "air passengers, months", &column(&file("air_passengers"), "value"), &[12], 12, 5);
    cut(&mut tasks, "souvenirs, months", &column(&file("souvenirs"), "Sales"), &[12], 12, 3);
    let (_, rows) = read::csv(&file("aus_arrivals"));
    for origin in ["Japan", "NZ", "UK", "US"] {
        let own = rows.iter().filter(|row| row[1] == origin).map(|row| row[2].parse().expect("a number"));
        cut(&mut tasks, "arrivals in Australia, quarters", &own.collect::<Vec<f64>>(), &[4], 8, 5);
    }
    let (_, rows) = read::csv(&file("bank_calls"));
    let number = |row: &[String]| row[1].parse::<f64>().expect("a number");
    let days = sums(rows.iter().map(|row| (row[0][..10].to_owned(), number(row))));
    cut(&mut tasks, "bank calls, working days", &days, &[5], 10, 5);
    let hours = sums(rows.iter().map(|row| (row[0][..13].to_owned(), number(row))));
    cut(&mut tasks, "bank calls, hours", &hours[hours.len() - 15 * 40..], &[15, 75], 30, 5);
    for ((kind, _), days) in grocery(folder) {
        let total: f64 = days.iter().sum();
        let n_empty = days.iter().filter(|value| **value == 0.0).count();
        if kind == "department" && total > 20_000.0 {
            cut(&mut tasks, "grocery departments, days", &days, &[7], 14, 5);
        }
        if kind == "category" && total > 15_000.0 {
            let weeks: Vec<f64> = days.chunks_exact(7).map(|week| week.iter().sum()).collect();
            cut(&mut tasks, "grocery categories, weeks", &weeks, &[], 4, 3);
        }
        if kind == "category" && n_empty > 130 && total > 500.0 {
            cut(&mut tasks, "grocery, rarely sold, days", &days, &[7], 14, 2);
        }
    }
    tasks.sort_by_key(|task| task.set);
    tasks
}

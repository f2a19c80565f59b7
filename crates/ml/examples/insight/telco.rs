//! Telco churn, five folds.

use std::fmt::Write as _;
use std::time::Instant;

use zhike_ml::chance::{Features, Grades, Kind, Options, Trained, TreeOptions, Trees, folds, train};

use super::read::{self, Line, best_of};

/// Features with one column a category, as peers get them.
pub struct Telco {
    pub values: Vec<f64>,
    pub n_columns: usize,
    pub labels: Vec<bool>,
}

impl Telco {
    pub fn read(folder: &str) -> Self {
        let (names, rows) = read::csv(&format!("{folder}/telco_churn/Telco-Customer-Churn.csv.gz"));
        let numbers = ["tenure", "MonthlyCharges", "TotalCharges", "SeniorCitizen"];
        let inputs: Vec<usize> =
            (0..names.len()).filter(|at| !["customerID", "Churn"].contains(&names[*at].as_str())).collect();
        let mut columns: Vec<Vec<f64>> = Vec::new();
        for at in inputs {
            if numbers.contains(&names[at].as_str()) {
                // Blank for customers of no months: nothing paid yet.
                columns.push(rows.iter().map(|row| row[at].trim().parse().unwrap_or(0.0)).collect());
                continue;
            }
            let mut categories: Vec<&str> = rows.iter().map(|row| row[at].as_str()).collect();
            categories.sort_unstable();
            categories.dedup();
            // One of two, all of more.
            let kept = if categories.len() == 2 { &categories[1..] } else { &categories[..] };
            for category in kept {
                columns.push(rows.iter().map(|row| f64::from(u8::from(row[at] == *category))).collect());
            }
        }
        let churn = names.iter().position(|name| name == "Churn").expect("a label");
        Self {
            values: (0..rows.len()).flat_map(|row| columns.iter().map(move |column| column[row])).collect(),
            n_columns: columns.len(),
            labels: rows.iter().map(|row| row[churn] == "Yes").collect(),
        }
    }

    pub fn features(&self) -> Features<'_> {
        Features { values: &self.values, n_columns: self.n_columns }
    }
}

fn line(name: &str, grades: &Grades, milliseconds: f64) -> Line {
    Line::new("Telco churn, 5 folds", name)
        .figure("AUC", grades.auc.value, 4)
        .figure("log-loss", grades.log_loss.value, 4)
        .figure("ECE", grades.calibration_error, 4)
        .figure("AP", grades.average_precision, 4)
        .figure("Brier", grades.brier.value, 4)
        .figure("ms", milliseconds, 0)
}

pub fn grade(folder: &str, scratch: &str) {
    let telco = Telco::read(folder);
    let groups: Vec<u64> = (0..telco.labels.len() as u64).collect();
    let options = Options::for_rows(telco.labels.len(), 2);
    // The same rows and folds for others.
    let parts = folds(&groups, &telco.labels, options.n_folds, options.seed);
    let mut text = String::new();
    for (at, row) in telco.values.chunks_exact(telco.n_columns).enumerate() {
        row.iter().for_each(|value| write!(text, "{value},").expect("memory"));
        writeln!(text, "{},{}", parts[at], u8::from(telco.labels[at])).expect("memory");
    }
    read::write(&format!("{scratch}/telco.csv"), &text);
    let started = Instant::now();
    let trained: Trained = train(&telco.features(), &telco.labels, &groups, &options).expect("a model");
    let milliseconds = started.elapsed().as_secs_f64() * 1e3;
    for (kind, grades) in &trained.candidates {
        let name = if *kind == Kind::Trees { "Zhike trees" } else { "Zhike logistic" };
        line(name, grades, f64::NAN).print();
    }
    line("Zhike, chosen, calibrated, refitted", &trained.grades, milliseconds).print();
    let fit = || Trees::fit(&telco.features(), &telco.labels, &TreeOptions { n_threads: 1, ..options.trees });
    let (_, milliseconds) = best_of(3, fit);
    Line::new("Telco, one fit of 250 trees, 1 thread", "Zhike").figure("ms", milliseconds, 0).print();
    let started = Instant::now();
    let answers = trained.explain(&telco.features(), 1);
    let rate = answers.len() as f64 / started.elapsed().as_secs_f64();
    Line::new("Telco reasons, 1 thread", "Zhike").figure("rows/s", rate, 0).print();
}

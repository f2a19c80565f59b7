//! Grades forecasts on series with known ends: `grade_time FOLDER SCRATCH`, one line of a table each. The very tasks are
//! written into SCRATCH for others.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

#[allow(dead_code, reason = "shared with another program")]
#[path = "insight/read.rs"]
mod read;
#[path = "time/series.rs"]
mod series;

use read::Line;
use series::Task;
use std::fmt::Write as _;
use std::time::Instant;
use zhike_ml::forecast::{Forecast, Method, Options, Series, forecast};

/// Sums over tasks: MASE and sMAPE of a method and of the seasonal naive one.
#[derive(Clone, Copy, Default)]
struct Grades([f64; 4]);

impl Grades {
    fn add(&mut self, task: &Task, forecast: &[f64]) {
        let n = task.known.len();
        let period = task.period();
        let naive: Vec<f64> = (0..task.truth.len()).map(|ahead| task.known[n - period + ahead % period]).collect();
        let steps: f64 = task.known[period..].iter().zip(&task.known).map(|(a, b)| (a - b).abs()).sum();
        let step = steps / (n - period) as f64;
        for (at, row) in [forecast, naive.as_slice()].into_iter().enumerate() {
            let h = row.len() as f64;
            let pairs = || row.iter().zip(&task.truth);
            self.0[2 * at] += pairs().map(|(f, y)| (f - y).abs()).sum::<f64>() / h / step;
            let share = |f: f64, y: f64| if f == y { 0.0 } else { 2.0 * (f - y).abs() / (f.abs() + y.abs()) };
            self.0[2 * at + 1] += pairs().map(|(f, y)| share(*f, *y)).sum::<f64>() / h;
        }
    }

    fn line(&self, set: &str, who: &str, n: usize) -> Line {
        let [mase, smape, naive_mase, naive_smape] = self.0;
        Line::new(set, who)
            .figure("tasks", n as f64, 0)
            .figure("MASE", mase / n as f64, 4)
            .figure("sMAPE %", 100.0 * smape / n as f64, 3)
            .figure("OWA to seasonal naive", (mase / naive_mase + smape / naive_smape) / 2.0, 4)
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, scratch] = args.as_slice() else {
        eprintln!("usage: grade_time FOLDER SCRATCH");
        std::process::exit(2);
    };
    let tasks = series::tasks(folder);
    let mut text = String::new();
    for task in &tasks {
        let join = |values: &[f64]| values.iter().map(f64::to_string).collect::<Vec<String>>().join(" ");
        writeln!(text, "{};{};{};{}", task.set, task.period(), join(&task.known), join(&task.truth)).expect("memory");
    }
    read::write(&format!("{scratch}/tasks.txt"), &text);
    for set in tasks.chunk_by(|a, b| a.set == b.set) {
        chosen(set);
        for (method, name) in [
            (Method::Ets, "Zhike ETS"),
            (Method::Theta, "Zhike Theta"),
            (Method::StlEts, "Zhike STL and ETS"),
            (Method::Combination, "Zhike mean of the three"),
            (Method::CrostonSba, "Zhike Croston SBA"),
            (Method::Tsb, "Zhike TSB"),
        ] {
            alone(set, method, name);
        }
    }
}

fn chosen(set: &[Task]) {
    let levels = vec![0.8, 0.95];
    let mut grades = Grades::default();
    let (mut n_within, mut n, mut n_worse) = ([0.0; 2], 0.0, 0.0);
    let mut taken = std::collections::BTreeMap::<String, usize>::new();
    let started = Instant::now();
    for task in set {
        let options = Options { horizon: task.truth.len(), levels: levels.clone(), n_threads: 1 };
        let answer: Forecast =
            forecast(&Series { values: &task.known, periods: task.periods }, &[], &options).expect("a forecast");
        grades.add(task, &answer.mean);
        n += task.truth.len() as f64;
        for (count, band) in n_within.iter_mut().zip(&answer.bands) {
            let is_within = |at: usize| (band.low[at]..=band.high[at]).contains(&task.truth[at]);
            *count += (0..task.truth.len()).filter(|at| is_within(*at)).count() as f64;
        }
        let of_taken = answer.grades.iter().find(|grade| grade.method == answer.method).expect("its grade");
        n_worse += f64::from(u8::from(of_taken.owa > 1.0));
        *taken.entry(format!("{:?}", answer.method)).or_default() += 1;
    }
    let milliseconds = started.elapsed().as_secs_f64() * 1e3 / set.len() as f64;
    let counts: Vec<String> = taken.iter().map(|(method, n)| format!("{method} {n}")).collect();
    grades
        .line(set[0].set, &format!("Zhike, chosen ({})", counts.join(", ")), set.len())
        .figure("within 80 %", 100.0 * n_within[0] / n, 1)
        .figure("within 95 %", 100.0 * n_within[1] / n, 1)
        .figure("graded worse than naive", n_worse, 0)
        .figure("ms each with grades", milliseconds, 2)
        .print();
}

fn alone(set: &[Task], method: Method, name: &str) {
    let mut grades = Grades::default();
    let started = Instant::now();
    for task in set {
        let Some(answer) = method.ahead(&Series { values: &task.known, periods: task.periods }, task.truth.len())
        else {
            return;
        };
        grades.add(task, &answer);
    }
    let milliseconds = started.elapsed().as_secs_f64() * 1e3 / set.len() as f64;
    let is_rare = set[0].set.contains("rarely");
    if is_rare || !matches!(method, Method::CrostonSba | Method::Tsb) {
        grades.line(set[0].set, name, set.len()).figure("ms each", milliseconds, 2).print();
    }
}

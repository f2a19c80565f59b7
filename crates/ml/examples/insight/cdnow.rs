//! CDNOW: the published sample, and who buys again in 26 weeks.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use zhike_ml::chance::{Features, Grades, Options, average_precision, rank_sum, train};
use zhike_ml::groups::{self, Column, Points, Scaler, Spread};
use zhike_ml::survival::{Span, concordance};
use zhike_ml::value::{History, Model, Money, Spend, fit};

use super::read::{self, Line, best_of};

pub fn sample(folder: &str) {
    let (_, rows) = read::csv(&format!("{folder}/cdnow/cdnow_customers_summary_with_transactions.csv.gz"));
    let number = |row: &[String], at: usize| row[at].parse::<f64>().expect("a number");
    let histories: Vec<History> =
        rows.iter().map(|row| History::new(number(row, 1) as u32, number(row, 2), number(row, 3))).collect();
    let money: Vec<Money> =
        rows.iter().map(|row| Money { frequency: number(row, 1) as u32, mean: number(row, 4), weight: 1.0 }).collect();
    for model in Model::ALL {
        let (fitted, fit_ms) = best_of(5, || fit(model, &histories, 2).expect("a fit"));
        let predict = || fitted.purchases_of_all(&histories, 39.0, 2).into_iter().flatten().sum::<f64>();
        let (total, predict_ms) = best_of(5, predict);
        let mut line =
            Line::new("CDNOW sample", &format!("Zhike {}", model.name())).figure("LL", fitted.log_likelihood, 3);
        for (name, value) in model.parameter_names().iter().zip(fitted.parameters) {
            line = line.figure(name, value, 4);
        }
        line.figure("39-week total", total, 1).figure("fit ms", fit_ms, 2).figure("predict ms", predict_ms, 3).print();
    }
    let (spend, ms) = best_of(5, || Spend::fit(&money, 2).expect("a fit"));
    let [p, q, v] = spend.parameters;
    let line = Line::new("CDNOW sample", "Zhike Gamma-Gamma").figure("LL", spend.log_likelihood, 3).figure("p", p, 4);
    line.figure("q", q, 4).figure("v", v, 4).figure("fit ms", ms, 2).print();
}

/// Days of purchases with their values, by customer, in days from 1 January 1997.
struct Master(Vec<Vec<(i32, f64)>>);

/// 31 December 1997, half a year before it and after.
const CUT: i32 = 364;
const HALF: i32 = 182;

impl Master {
    fn read(folder: &str) -> Self {
        let mut customers: BTreeMap<u32, BTreeMap<i32, f64>> = BTreeMap::new();
        for line in read::text(&format!("{folder}/cdnow/CDNOW_master.txt.gz")).lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let Some(date) = words.get(1).and_then(|date| date.parse::<i32>().ok()) else { continue };
            let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100);
            let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month as usize - 1];
            let at = (year - 1997) * 365 + before + day - 1;
            let customer = words[0].parse().expect("a number");
            *customers.entry(customer).or_default().entry(at).or_default() += words[3].parse::<f64>().expect("money");
        }
        Self(customers.into_values().map(|days| days.into_iter().collect()).collect())
    }

    /// What was known at a day's end, and what came within half a year: features, labels, spans, histories in weeks.
    fn at(&self, cut: i32) -> Known {
        let mut known = Known::default();
        for days in &self.0 {
            let before: Vec<(i32, f64)> = days.iter().copied().filter(|(day, _)| *day <= cut).collect();
            let (Some(first), Some(last)) = (before.first(), before.last()) else { continue };
            let next = days.iter().map(|(day, _)| *day).find(|day| *day > cut).filter(|day| *day <= cut + HALF);
            known.labels.push(next.is_some());
            known.spans.push(Span { time: f64::from(next.unwrap_or(cut + HALF) - cut), is_event: next.is_some() });
            let weeks = |days: i32| f64::from(days) / 7.0;
            let frequency = before.len() as u32 - 1;
            known.histories.push(History::new(frequency, weeks(last.0 - first.0), weeks(cut - first.0)));
            let recent = before.iter().filter(|(day, _)| *day > cut - 90).count();
            let money: f64 = before.iter().map(|(_, money)| money).sum();
            known.recency.push(f64::from(cut - last.0));
            known.frequency.push(f64::from(frequency));
            known.rest.push([recent as f64, money, money / before.len() as f64, f64::from(cut - first.0)]);
        }
        known.ranks = rank_sum(&[(&known.recency, false), (&known.frequency, true)]);
        known
    }
}

#[derive(Default)]
struct Known {
    labels: Vec<bool>,
    spans: Vec<Span>,
    histories: Vec<History>,
    recency: Vec<f64>,
    frequency: Vec<f64>,
    ranks: Vec<f64>,
    rest: Vec<[f64; 4]>,
}

const WEEKS: f64 = HALF as f64 / 7.0;
const N_PLAIN: usize = 7;
const N_FEATURES: usize = 7;

impl Known {
    /// Chance of a purchase by a model fitted to what was known.
    fn chances(&self, model: Model) -> Vec<f64> {
        let fitted = fit(model, &self.histories, 2).expect("a fit");
        self.histories.iter().map(|each| fitted.chance(each, WEEKS).expect("a number")).collect()
    }

    /// What others get: plain numbers.
    fn plain(&self) -> Vec<f64> {
        let row = |at: usize| [&[self.recency[at], self.frequency[at], self.ranks[at]][..], &self.rest[at]].concat();
        (0..self.labels.len()).flat_map(row).collect()
    }

    /// Ranks, which mean the same half a year later, and what our models of purchases say.
    fn features(&self) -> Vec<f64> {
        let mut columns: Vec<Vec<f64>> = Model::ALL.map(|model| self.chances(model)).to_vec();
        columns.iter_mut().flatten().for_each(|p| *p = (*p / (1.0 - *p)).ln());
        columns.push(self.ranks.clone());
        columns.push(rank_sum(&[(&self.recency, false)]));
        columns.push(rank_sum(&[(&self.frequency, true)]));
        let money: Vec<f64> = self.rest.iter().map(|rest| rest[1]).collect();
        columns.push(rank_sum(&[(&money, true)]));
        (0..self.labels.len()).flat_map(|at| columns.iter().map(move |column| column[at])).collect()
    }

    fn line(&self, who: &str, scores: &[f64], is_probability: bool) {
        let auc = zhike_ml::chance::auc(scores, &self.labels, 0.95).expect("both outcomes");
        let mut line = Line::new("CDNOW, buys within 26 weeks", who)
            .figure("AUC", auc.value, 4)
            .figure("from", auc.low, 4)
            .figure("to", auc.high, 4)
            .figure("AP", average_precision(scores, &self.labels), 4)
            .figure("C-index", concordance(scores, &self.spans).expect("pairs"), 4);
        if let Some(grades) = Grades::new(scores, &self.labels, 0.95).filter(|_| is_probability) {
            let actual = grades.n_positive as f64 / grades.n as f64;
            line = line.figure("ECE", grades.calibration_error, 4).figure("said", grades.mean_probability, 4);
            line = line.figure("true", actual, 4);
        }
        line.print();
    }
}

pub fn repurchase(folder: &str, scratch: &str) {
    let master = Master::read(folder);
    let (past, now) = (master.at(CUT - HALF), master.at(CUT));
    now.line("rank sum of recency and frequency", &now.ranks, false);
    for model in Model::ALL {
        now.line(&format!("Zhike {}", model.name()), &now.chances(model), true);
    }
    let (learnt, asked) = (past.features(), now.features());
    let features = |values| Features { values, n_columns: N_FEATURES };
    let groups: Vec<u64> = (0..past.labels.len() as u64).collect();
    let options = Options::for_rows(past.labels.len(), 2);
    let trained = train(&features(&learnt), &past.labels, &groups, &options).expect("a model");
    let name = format!("Zhike {:?}, learnt half a year before", trained.kind());
    now.line(&name, &trained.probabilities(&features(&asked), 2), true);
    // The same rows for others, without what our models of purchases say.
    for (file, known) in [("past", &past), ("now", &now)] {
        let mut text = String::new();
        for (row, label) in known.plain().chunks_exact(N_PLAIN).zip(&known.labels) {
            row.iter().for_each(|value| write!(text, "{value},").expect("memory"));
            writeln!(text, "{}", u8::from(*label)).expect("memory");
        }
        read::write(&format!("{scratch}/{file}.csv"), &text);
    }
    cluster(&now, scratch);
}

fn cluster(known: &Known, scratch: &str) {
    let raw: Vec<f64> = (0..known.labels.len())
        .flat_map(|at| [known.recency[at], known.frequency[at] + 1.0, known.rest[at][1]])
        .collect();
    let column = Column { is_log: true, spread: Spread::ZScore, clip: None };
    let scaler = Scaler::fit(&Points::new(&raw, 3), &[column; 3]).expect("a table");
    let mut scaled = raw.clone();
    scaler.apply(&mut scaled);
    let text: String = scaled.chunks_exact(3).map(|row| format!("{},{},{}\n", row[0], row[1], row[2])).collect();
    read::write(&format!("{scratch}/rfm.csv"), &text);
    let points = Points::new(&scaled, 3);
    let options = groups::Options { n_threads: 2, ..groups::Options::default() };
    for k in [3, 4, 5, 6, 8] {
        let (found, ms) = best_of(3, || groups::cluster(&points, k, &options).expect("groups"));
        let line = Line::new(&format!("k-means of CDNOW, log RFM, k {k}"), "Zhike").figure("inertia", found.inertia, 2);
        line.figure("ms", ms, 1).print();
    }
    let choice = groups::choose(&points, &groups::Limits::default(), &options).expect("groups");
    let chosen = choice.candidates[choice.best];
    Line::new("k of CDNOW, log RFM, 3 to 8", "Zhike")
        .figure("k", chosen.k as f64, 0)
        .figure("silhouette", chosen.silhouette, 3)
        .figure("stability", chosen.stability, 3)
        .figure("smallest share", chosen.smallest_share, 3)
        .print();
    million(known, &raw, scratch);
}

/// Everybody 42 times, each time a day older: close to a million customers, few of them alike.
fn million(known: &Known, raw: &[f64], scratch: &str) {
    let text: String = known
        .histories
        .iter()
        .zip(raw.chunks_exact(3))
        .map(|(each, rfm)| format!("{},{},{},{},{}\n", each.frequency, each.recency, each.age, rfm[0], rfm[2]))
        .collect();
    read::write(&format!("{scratch}/histories.csv"), &text);
    let older = |each: &History| {
        let each = *each;
        (0..42).map(move |days| History { age: each.age + f64::from(days) / 7.0, ..each })
    };
    let histories: Vec<History> = known.histories.iter().flat_map(older).collect();
    let (fitted, fit_ms) = best_of(2, || fit(Model::BgNbd, &histories, 2).expect("a fit"));
    let (total, predict_ms) =
        best_of(2, || fitted.purchases_of_all(&histories, 39.0, 2).into_iter().flatten().sum::<f64>());
    Line::new("989,940 customers", "Zhike BG/NBD")
        .figure("LL", fitted.log_likelihood, 1)
        .figure("39-week total", total, 0)
        .figure("fit ms", fit_ms, 0)
        .figure("predict ms", predict_ms, 0)
        .print();
    let mut values: Vec<f64> = raw
        .chunks_exact(3)
        .flat_map(|rfm| (0..42).flat_map(|days| [rfm[0] + f64::from(days), rfm[1], rfm[2]]))
        .collect();
    let column = Column { is_log: true, spread: Spread::ZScore, clip: None };
    Scaler::fit(&Points::new(&values, 3), &[column; 3]).expect("a table").apply(&mut values);
    let options = groups::Options { n_threads: 2, ..groups::Options::default() };
    let (found, ms) = best_of(1, || groups::cluster(&Points::new(&values, 3), 5, &options).expect("groups"));
    Line::new("989,940 customers, k-means, k 5", "Zhike")
        .figure("inertia", found.inertia, 0)
        .figure("ms", ms, 0)
        .print();
}

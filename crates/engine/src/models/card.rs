//! What is told of a model: what it was asked, what it learnt from, how it did beside a plain rule.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use zhike_domain::learn::{Grade, Withheld, features};
use zhike_ml::chance::{self, Trained};

use super::chance::Question;
use super::table::Table;
use crate::refresh::day_text;

/// A figure with its interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The figure.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

pub(super) fn interval(of: chance::Interval) -> Interval {
    Interval { value: of.value, low: of.low, high: of.high }
}

/// A grading on customers and days that the model did not learn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Period {
    /// Last day that was looked at.
    pub cutoff: String,
    /// Customers asked about.
    pub n: usize,
    /// Those with whom it happened.
    pub n_positive: usize,
    /// Chance that one with whom it happened ranks above one with whom it did not.
    pub auc: Interval,
    /// The same of the plain rule: recency and frequency, ranked.
    pub baseline_auc: Interval,
    /// Mean negative log-likelihood.
    pub log_loss: f64,
    /// The same of who says the share of all to everybody.
    pub baseline_log_loss: f64,
    /// Mean squared error.
    pub brier: f64,
    /// Mean distance of said and true share.
    pub calibration_error: f64,
    /// Share with whom it happened in the top tenth, over the share in all.
    pub lift: f64,
    /// Mean of what was said.
    pub mean_probability: f64,
}

/// Said and true shares of customers with about the same chance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Customers, or what they weigh.
    pub n: f64,
    /// Mean of what was said.
    pub said: f64,
    /// What came of it.
    pub actual: f64,
}

pub(super) fn bins(of: &[chance::Bin]) -> Vec<Bin> {
    of.iter().map(|bin| Bin { n: bin.n as f64, said: bin.mean_probability, actual: bin.share }).collect()
}

/// How the tenth of customers with the highest chance fared, beside the tenth that the plain rule names.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// Customers warned of.
    pub n: usize,
    /// Share of them with whom it happened.
    pub hit_rate: f64,
    /// The same of as many by the plain rule.
    pub baseline_hit_rate: f64,
    /// Share of all with whom it happened who were warned of.
    pub recall: f64,
    /// Share of all customers with whom it happened.
    pub share: f64,
}

/// How much a feature weighs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weight {
    /// Key.
    pub key: String,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// Mean size of its contribution to the log-odds, as a share of all.
    pub share: f64,
}

/// A named number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Name.
    pub name: String,
    /// Value.
    pub value: f64,
    /// Lower end of its interval, where there is one.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// One of several models that were tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Which.
    pub name: String,
    /// How it did; less is better.
    pub loss: Option<f64>,
    /// Whether it is the one in use.
    pub is_chosen: bool,
}

/// Everything that is told of a version of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Last day that it knows of.
    pub as_of: String,
    /// Days ahead; of churn the most that are waited.
    pub horizon_days: Option<i64>,
    /// Whether churn follows the customer's own rhythm.
    pub by_rhythm: bool,
    /// Days between what is looked at and what is asked.
    pub gap_days: i64,
    /// Which kind of model it is.
    pub learner: String,
    /// Customers and days that it learnt from.
    pub n_rows: usize,
    /// Those among them with whom it happened.
    pub n_positive: usize,
    /// Last days of what it learnt from.
    pub learns_from: Vec<String>,
    /// Says whether two models learnt from the same.
    pub data_hash: String,
    /// Gradings, the newest first.
    pub periods: Vec<Period>,
    /// Of the newest.
    pub calibration: Vec<Bin>,
    /// Of the newest.
    pub warning: Option<Warning>,
    /// What weighs most.
    pub weights: Vec<Weight>,
    /// What was estimated.
    pub parameters: Vec<Parameter>,
    /// What was tried.
    pub tried: Vec<Tried>,
    /// How far customers of today are from those of the newest grading.
    pub drift: f64,
    /// What was expected and what came, of models of amounts.
    pub totals: Option<Totals>,
    /// Why it is not used.
    pub withheld: Option<Withheld>,
}

/// What a model of amounts expected of a window, and what came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Last day that was looked at.
    pub cutoff: String,
    /// Days of the window.
    pub days: i64,
    /// Customers.
    pub n: usize,
    /// Days with orders expected.
    pub expected: f64,
    /// Days with orders that came.
    pub actual: f64,
    /// Root of the mean squared error of a customer's number.
    pub error: f64,
    /// The same of the plain rule: as often as before.
    pub baseline_error: f64,
    /// Total by the plain rule.
    pub baseline_expected: f64,
}

impl Card {
    pub(super) fn blank(as_of: i64) -> Self {
        Self {
            as_of: day_text(as_of),
            horizon_days: None,
            by_rhythm: false,
            gap_days: 0,
            learner: String::new(),
            n_rows: 0,
            n_positive: 0,
            learns_from: Vec::new(),
            data_hash: String::new(),
            periods: Vec::new(),
            calibration: Vec::new(),
            warning: None,
            weights: Vec::new(),
            parameters: Vec::new(),
            tried: Vec::new(),
            drift: 0.0,
            totals: None,
            withheld: None,
        }
    }

    pub(super) fn new(question: Question, as_of: i64, gap: i64) -> Self {
        let by_rhythm = question.by_rhythm && question.model == zhike_domain::learn::Model::Churn;
        Self { horizon_days: Some(question.horizon), by_rhythm, gap_days: gap, ..Self::blank(as_of) }
    }

    /// What it learnt from.
    pub(super) fn describe(&mut self, table: &Table, labels: &[bool], days: &[i64]) {
        self.n_rows = labels.len();
        self.n_positive = labels.iter().filter(|label| **label).count();
        self.learns_from = days.iter().map(|day| day_text(*day)).collect();
        let mut hasher = DefaultHasher::new();
        table.keys.hash(&mut hasher);
        table.values.iter().for_each(|value| value.to_bits().hash(&mut hasher));
        labels.hash(&mut hasher);
        self.data_hash = format!("{:016x}", hasher.finish());
    }

    /// How the most likely tenth fared.
    pub(super) fn warning(&mut self, said: &[f64], labels: &[bool], plain: &[f64]) {
        let n = (labels.len() / 10).max(1);
        let hits = |scores: &[f64]| chance::lift(scores, labels, n as f64 / labels.len() as f64);
        let n_positive = labels.iter().filter(|label| **label).count();
        let share = n_positive as f64 / labels.len() as f64;
        let (hit_rate, baseline_hit_rate) = (hits(said) * share, hits(plain) * share);
        let recall = if n_positive > 0 { hit_rate * n as f64 / n_positive as f64 } else { 0.0 };
        self.warning = Some(Warning { n, hit_rate, baseline_hit_rate, recall, share });
    }

    /// What weighs most, over some of the rows that were learnt from.
    pub(super) fn weigh(&mut self, trained: &Trained, table: &Table) {
        const ROWS: usize = 1_000;
        let step = table.n_rows().div_ceil(ROWS).max(1);
        let some: Vec<f64> = (0..table.n_rows()).step_by(step).flat_map(|row| table.row(row)).copied().collect();
        let some = Table { keys: table.keys.clone(), values: some };
        let mut sums = vec![0.0; some.keys.len()];
        for explanation in trained.explain(&some.features(), crate::work::threads()) {
            sums.iter_mut().zip(&explanation.contributions).for_each(|(sum, part)| *sum += part.abs());
        }
        let total: f64 = sums.iter().sum();
        let name = |key: &String| {
            let known = features().iter().find(|feature| feature.key == *key);
            known.map_or_else(|| (key.clone(), key.clone()), |feature| feature.name.clone())
        };
        let weight = |(key, sum): (&String, &f64)| {
            let (zh, en) = name(key);
            Weight { key: key.clone(), zh, en, share: if total > 0.0 { sum / total } else { 0.0 } }
        };
        self.weights = some.keys.iter().zip(&sums).map(weight).collect();
        self.weights.sort_by(|a, b| b.share.total_cmp(&a.share));
        self.weights.truncate(10);
    }

    /// What it learnt from, its newest grade and that of the plain rule, as the table `models` holds them.
    pub fn figures(&self) -> (Json, Json, Json) {
        let trained_on = json!({ "as_of": self.as_of, "n_rows": self.n_rows, "n_positive": self.n_positive,
            "learns_from": self.learns_from, "data_hash": self.data_hash });
        let (mut own, mut plain) = (Map::new(), Map::new());
        if let Some(newest) = self.periods.first() {
            own.extend([
                ("cutoff".to_owned(), json!(newest.cutoff)),
                ("n".to_owned(), json!(newest.n)),
                ("auc".to_owned(), json!(newest.auc.value)),
                ("auc_low".to_owned(), json!(newest.auc.low)),
                ("auc_high".to_owned(), json!(newest.auc.high)),
                ("log_loss".to_owned(), json!(newest.log_loss)),
                ("brier".to_owned(), json!(newest.brier)),
                ("calibration_error".to_owned(), json!(newest.calibration_error)),
            ]);
            plain.extend([
                ("auc".to_owned(), json!(newest.baseline_auc.value)),
                ("log_loss".to_owned(), json!(newest.baseline_log_loss)),
            ]);
        }
        if let Some(warning) = &self.warning {
            own.insert("hit_rate".into(), json!(warning.hit_rate));
            plain.insert("hit_rate".into(), json!(warning.baseline_hit_rate));
        }
        if let Some(totals) = &self.totals {
            own.extend([
                ("expected".to_owned(), json!(totals.expected)),
                ("actual".to_owned(), json!(totals.actual)),
                ("error".to_owned(), json!(totals.error)),
            ]);
            plain.extend([
                ("expected".to_owned(), json!(totals.baseline_expected)),
                ("error".to_owned(), json!(totals.baseline_error)),
            ]);
        }
        own.extend(self.parameters.iter().map(|one| (one.name.clone(), json!(one.value))));
        (trained_on, Json::Object(own), Json::Object(plain))
    }

    /// What is held against the plain rule: the mean over gradings, with what chance alone may make of it.
    pub(super) fn grade(&self) -> Grade {
        self.grade_over(self.periods.len())
    }

    /// The same of the newest grading alone.
    pub(super) fn newest_grade(&self) -> Grade {
        self.grade_over(1)
    }

    fn grade_over(&self, n: usize) -> Grade {
        let periods = &self.periods[..n.min(self.periods.len())];
        let n = periods.len().max(1) as f64;
        let mean = |of: fn(&Period) -> f64| periods.iter().map(of).sum::<f64>() / n;
        let least = periods.iter().map(|period| period.n_positive.min(period.n - period.n_positive)).min();
        // One standard error of the newest grading.
        let margin = periods.first().map_or(0.0, |period| (period.auc.high - period.auc.low) / (2.0 * 1.96));
        Grade {
            n_least: least.unwrap_or(0),
            model: mean(|period| period.auc.value),
            baseline: mean(|period| period.baseline_auc.value),
            margin,
            drift: self.drift,
        }
    }
}

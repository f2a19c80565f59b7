//! The chance of something within some days: learnt on days of the past, graded on days that were not learnt from.
//!
//! INV-MODELS-1: what a model looks at as of a day depends on nothing that happened, or arrived, later (test
//! `the_future_does_not_enter`).

use zhike_domain::learn::{Model, Plan, Withheld, withheld};
use zhike_ml::chance::{self, Chosen, Explanation, Grades, Options, Trained};
use zhike_ml::value;

use super::artifact::ChanceText;
use super::card::{Card, Period, bins, interval};
use super::purchases::{Habit, Purchases, Waiting};
use super::table::{Table, table};
use crate::work::{threads, worked};
use crate::{Ctx, Result};

/// Customers of one day that a model learns from, at most.
const MAX_LEARNT: usize = 12_000;
/// Customers of one day that it is graded on, at most.
const MAX_GRADED: usize = 40_000;
/// Days between what is looked at and what is asked.
pub(super) const GAP: i64 = 1;
/// Gradings that are carried out.
const N_TESTS: usize = 2;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Question {
    pub(super) model: Model,
    /// Days ahead; of churn the most that are waited.
    pub(super) horizon: i64,
    /// Whether churn follows the customer's own rhythm.
    pub(super) by_rhythm: bool,
}

impl Question {
    fn is_churn(self) -> bool {
        self.model == Model::Churn
    }

    /// How long everybody is waited for, as of a day.
    pub(super) fn waiting(self, purchases: &Purchases, day: i64) -> Waiting {
        let of_all = (self.is_churn() && self.by_rhythm).then(|| purchases.mean_gap(day));
        Waiting { longest: self.horizon, of_all }
    }

    /// Whether somebody is asked about: who may be gone already is not.
    pub(super) fn asks(self, habit: &Habit, waiting: Waiting) -> bool {
        !self.is_churn() || habit.since <= waiting.days(habit)
    }
}

/// Customers as of a day, with what came of them.
struct Rows {
    table: Table,
    labels: Vec<bool>,
    groups: Vec<u64>,
}

/// Those who are asked about as of a day, some of them when there are many.
fn asked(purchases: &Purchases, question: Question, day: i64, most: usize) -> Vec<usize> {
    let waiting = question.waiting(purchases, day);
    let is_asked = |who: &usize| purchases.habit(*who, day).is_some_and(|habit| question.asks(&habit, waiting));
    let mut all: Vec<usize> = (0..purchases.n()).filter(is_asked).collect();
    if all.len() > most {
        all.sort_unstable_by_key(|who| purchases.lot(*who));
        all.truncate(most);
        all.sort_unstable();
    }
    all
}

async fn rows(
    ctx: &Ctx,
    purchases: &Purchases,
    plan: &Plan,
    question: Question,
    day: i64,
    most: usize,
) -> Result<Rows> {
    let asked = asked(purchases, question, day, most);
    let waiting = question.waiting(purchases, day);
    let label = |who: &usize| {
        let days = purchases.habit(*who, day).map_or(plan.horizon, |habit| waiting.days(&habit));
        let from = plan.outcome(day).0;
        let has_bought = purchases.bought(*who, (from, from + days - 1)) > 0;
        has_bought != question.is_churn()
    };
    let labels = asked.iter().map(label).collect();
    let groups = asked.iter().map(|who| purchases.lot(*who)).collect();
    let table = table(ctx, purchases, &asked, waiting, day).await?;
    Ok(Rows { table, labels, groups })
}

/// Rows of several days put together.
fn together(parts: Vec<Rows>) -> Rows {
    let mut parts = parts.into_iter();
    let mut all =
        parts.next().unwrap_or_else(|| Rows { table: Table::empty(), labels: Vec::new(), groups: Vec::new() });
    for part in parts {
        all.table.extend(part.table);
        all.labels.extend(part.labels);
        all.groups.extend(part.groups);
    }
    all
}

/// What was learnt, and how good it is.
pub(super) struct Learnt {
    pub(super) card: Card,
    pub(super) text: Option<ChanceText>,
}

/// Learns and grades.
pub(super) async fn learn(ctx: &Ctx, purchases: &Purchases, question: Question) -> Result<Learnt> {
    let first = purchases.first().unwrap_or(purchases.until);
    let plan = Plan::new(first, purchases.until, question.horizon, GAP);
    let mut card = Card::new(question, purchases.until, GAP);
    let refused = |mut card: Card, why: Withheld| {
        card.withheld = Some(why);
        Ok(Learnt { card, text: None })
    };
    if plan.tests.is_empty() {
        let needed = 30 + 2 * (question.horizon + GAP);
        return refused(card, Withheld::TooShort { days: purchases.until - first + 1, needed });
    }
    let mut newest: Option<(Vec<f64>, Rows)> = None;
    for test in plan.tests.iter().take(N_TESTS) {
        let mut parts = Vec::new();
        for day in &test.learns_from {
            parts.push(rows(ctx, purchases, &plan, question, *day, MAX_LEARNT).await?);
        }
        let learnt = together(parts);
        let (trained, learnt) = match train(learnt, 3).await? {
            Ok(done) => done,
            Err(_) if newest.is_some() => break,
            Err(why) => return refused(card, why),
        };
        let graded = rows(ctx, purchases, &plan, question, test.cutoff, MAX_GRADED).await?;
        let said = trained.probabilities(&graded.table.only(&learnt.table.keys).features(), threads());
        let Some(period) = period(&said, &graded, question, test.cutoff) else {
            let n = graded.labels.iter().filter(|label| **label).count();
            let n = n.min(graded.labels.len() - n);
            if newest.is_some() {
                break;
            }
            return refused(card, Withheld::TooFew { n, needed: 1 });
        };
        card.periods.push(period);
        newest.get_or_insert((said, graded));
    }
    let mut parts = Vec::new();
    for day in &plan.learns_from {
        parts.push(rows(ctx, purchases, &plan, question, *day, MAX_LEARNT).await?);
    }
    let learnt = together(parts);
    card.describe(&learnt.table, &learnt.labels, &plan.learns_from);
    let (trained, learnt) = match train(learnt, 5).await? {
        Ok(done) => done,
        Err(why) => return refused(card, why),
    };
    let Some((said, graded)) = newest else {
        return refused(card, Withheld::TooFew { n: 0, needed: 1 });
    };
    card.calibration = bins(&chance::reliability(&said, &graded.labels, 10));
    card.warning(&said, &graded.labels, &plain(&graded.table, question));
    card.learner = format!("{:?}", trained.kind()).to_lowercase();
    card.weigh(&trained, &learnt.table);
    // The newest grading says what tenths of customers look like to the model in use.
    let said = trained.probabilities(&graded.table.only(&learnt.table.keys).features(), threads());
    let text = ChanceText::new(learnt.table.keys.clone(), &learnt.table.medians(), &trained, &tenths(said));
    card.withheld = withheld(&card.grade());
    Ok(Learnt { card, text: Some(text) })
}

type Taught = std::result::Result<(Trained, Rows), Withheld>;

/// Trains away from the threads that answer people.
async fn train(mut rows: Rows, n_folds: usize) -> Result<Taught> {
    let work = move || {
        rows.table = rows.table.telling();
        let options = Options { n_folds, ..Options::for_rows(rows.labels.len(), threads()) };
        match chance::train(&rows.table.features(), &rows.labels, &rows.groups, &options) {
            Ok(trained) => Ok((trained, rows)),
            Err(chance::Problem::TooFewCases) => {
                let n = rows.labels.iter().filter(|label| **label).count();
                Err(Withheld::TooFew { n: n.min(rows.labels.len() - n), needed: chance::MIN_CASES })
            }
            Err(_) => Err(Withheld::NotConverged),
        }
    };
    worked("training", work).await
}

/// The plain rule: who bought lately and often buys again.
fn plain(table: &Table, question: Question) -> Vec<f64> {
    let (recency, frequency) = (table.column("days_since_order"), table.column("order_days"));
    let scores = chance::rank_sum(&[(&recency, false), (&frequency, true)]);
    if question.is_churn() { scores.into_iter().map(|score| 1.0 - score).collect() } else { scores }
}

/// One grading; `None` when an outcome lacks.
fn period(said: &[f64], rows: &Rows, question: Question, cutoff: i64) -> Option<Period> {
    let grades = Grades::new(said, &rows.labels, 0.95)?;
    let baseline = chance::auc(&plain(&rows.table, question), &rows.labels, 0.95)?;
    let share = grades.n_positive as f64 / grades.n as f64;
    Some(Period {
        cutoff: crate::refresh::day_text(cutoff),
        n: grades.n,
        n_positive: grades.n_positive,
        auc: interval(grades.auc),
        baseline_auc: interval(baseline),
        log_loss: grades.log_loss.value,
        baseline_log_loss: -(share * share.ln() + (1.0 - share) * (1.0 - share).ln()),
        brier: grades.brier.value,
        calibration_error: grades.calibration_error,
        lift: grades.lift,
        mean_probability: grades.mean_probability,
    })
}

/// Values that part others in tenths, each once, with the share of those that are no larger.
fn tenths(mut values: Vec<f64>) -> Vec<(f64, f64)> {
    values.sort_unstable_by(f64::total_cmp);
    let mut parts: Vec<(f64, f64)> =
        (1..10).filter_map(|tenth| values.get(values.len() * tenth / 10)).map(|limit| (*limit, 0.0)).collect();
    parts.dedup();
    parts.iter_mut().for_each(|(limit, share)| *share = no_larger(&values, *limit));
    parts
}

/// The share of sorted values that are no larger than a limit.
fn no_larger(sorted: &[f64], limit: f64) -> f64 {
    sorted.partition_point(|value| *value <= limit) as f64 / sorted.len() as f64
}

/// How far customers of today are from those of the newest grading: the population stability index over tenths.
pub(super) fn drift(tenths: &[(f64, f64)], said: &[f64]) -> f64 {
    if said.is_empty() {
        return 0.0;
    }
    let mut sorted = said.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut before = (0.0, 0.0);
    let mut index = 0.0;
    for (limit, share) in tenths.iter().copied().chain([(f64::INFINITY, 1.0)]) {
        let now = no_larger(&sorted, limit);
        let (was, is) = ((share - before.0).max(1e-3), (now - before.1).max(1e-3));
        index += (is - was) * (is / was).ln();
        before = (share, now);
    }
    index
}

/// A model at work.
pub(super) struct Scorer {
    text: ChanceText,
    chosen: Chosen,
    calibration: chance::Calibration,
    pub(super) typical: Vec<f64>,
}

/// What a model says of customers.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// Positions among the purchases.
    pub(super) who: Vec<usize>,
    /// Probabilities.
    pub(super) probability: Vec<f64>,
    /// Days ahead, for each.
    pub(super) days: Vec<i64>,
}

impl Scorer {
    pub(super) fn new(text: ChanceText) -> Result<Self> {
        let (chosen, calibration) = text.model()?;
        Ok(Self { typical: text.typical(), chosen, calibration, text })
    }

    /// Keys of what it looks at.
    pub(super) fn keys(&self) -> &[String] {
        &self.text.columns
    }

    pub(super) fn drift(&self, said: &[f64]) -> f64 {
        drift(&self.text.tenths(), said)
    }

    fn probabilities(&self, table: &Table) -> Vec<f64> {
        let scores = chance::Predict::score(&self.chosen, &table.features(), threads());
        scores.into_iter().map(|score| self.calibration.apply(score)).collect()
    }

    /// The chances of everybody who is asked about as of a day, some at a time.
    pub(super) async fn score(&self, ctx: &Ctx, purchases: &Purchases, question: Question, day: i64) -> Result<Said> {
        let waiting = question.waiting(purchases, day);
        let who = asked(purchases, question, day, usize::MAX);
        let mut said = Said::default();
        for part in who.chunks(1 << 19) {
            let table = table(ctx, purchases, part, waiting, day).await?.only(self.keys());
            said.probability.extend(self.probabilities(&table));
        }
        let days = |who: &usize| purchases.habit(*who, day).map_or(question.horizon, |habit| waiting.days(&habit));
        said.days = who.iter().map(days).collect();
        said.who = who;
        Ok(said)
    }

    /// Why some customers have their chances: values of what is looked at, and contributions.
    pub(super) async fn explain(
        &self,
        ctx: &Ctx,
        purchases: &Purchases,
        question: Question,
        who: &[usize],
        day: i64,
    ) -> Result<(Table, Vec<Explanation>)> {
        let table = table(ctx, purchases, who, question.waiting(purchases, day), day).await?.only(self.keys());
        let explanations = self.chosen.explain(&table.features(), threads());
        Ok((table, explanations))
    }

    /// Its grade on a day that it did not learn from; `None` when an outcome lacks.
    pub(super) async fn grade(
        &self,
        ctx: &Ctx,
        purchases: &Purchases,
        question: Question,
        plan: &Plan,
        day: i64,
    ) -> Result<Option<Period>> {
        let rows = rows(ctx, purchases, plan, question, day, MAX_GRADED).await?;
        let said = self.probabilities(&rows.table.only(self.keys()));
        Ok(period(&said, &rows, question, day))
    }
}

/// Chances of being alive and of an order, by a model of purchases that knows no more than the day.
pub(super) fn by_purchases(purchases: &Purchases, who: &[usize], waiting: Waiting, day: i64) -> [Vec<f64>; 2] {
    let histories: Vec<value::History> =
        (0..purchases.n()).filter_map(|who| Some(purchases.habit(who, day)?.history())).collect();
    let nothing = || [vec![f64::NAN; who.len()], vec![f64::NAN; who.len()]];
    let Ok(fit) = value::fit(value::Model::BgNbd, &histories, threads()) else { return nothing() };
    let mut found = nothing();
    for (row, who) in who.iter().enumerate() {
        let Some(habit) = purchases.habit(*who, day) else { continue };
        let history = habit.history();
        found[0][row] = fit.alive(&history).unwrap_or(f64::NAN);
        found[1][row] = fit.chance(&history, waiting.days(&habit) as f64 / 7.0).unwrap_or(f64::NAN);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_like_those_of_the_grading_have_not_drifted() {
        let then: Vec<f64> = (0..1_000).map(|at| f64::from(at) / 1_000.0).collect();
        let limits = tenths(then.clone());
        assert!(drift(&limits, &then) < 1e-9);
        let later: Vec<f64> = then.iter().map(|value| value * 0.5).collect();
        assert!(drift(&limits, &later) > 0.25);
        assert_eq!(drift(&limits, &[]), 0.0);
    }

    #[test]
    fn many_equal_chances_are_no_drift() {
        let then: Vec<f64> = (0..1_000).map(|at| if at < 700 { 0.2 } else { 0.6 }).collect();
        let limits = tenths(then.clone());
        assert!(drift(&limits, &then) < 1e-9);
        let later: Vec<f64> = then.iter().map(|value| if *value < 0.5 { 0.6 } else { *value }).collect();
        assert!(drift(&limits, &later) > 1.0);
    }
}

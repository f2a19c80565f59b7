//! How many orders and how much money to expect of everybody.
//!
//! A purchase is a day with orders that count; money is what is left after refunds. Money of later months is worth less.

use zhike_domain::learn::Withheld;
use zhike_ml::value::{self, Fit, History, Horizon, Money, Spend, SpendFit};

use super::artifact::{ClvText, purchasing};
use super::card::{Bin, Card, Interval, Parameter, Period, Totals, Tried};
use super::purchases::{Habit, Purchases};
use crate::Result;
use crate::refresh::day_text;
use crate::work::threads;

/// Days that are held out for grading, at most.
const LONGEST_HOLDOUT: i64 = 182;
/// Fewest days that are.
const SHORTEST_HOLDOUT: i64 = 28;
/// Days that lifetime value looks ahead.
pub(super) const HORIZON: i64 = 365;
/// By how much money a month later is worth less.
const DISCOUNT: f64 = 0.01;
/// Name of the mean chance of being active among the parameters.
pub(super) const MEAN_ALIVE: &str = "mean_alive";
/// Weeks of a month.
const MONTH: f64 = 365.25 / 12.0 / 7.0;

/// What was learnt, and how good it is.
pub(super) struct Learnt {
    pub(super) card: Card,
    pub(super) text: Option<ClvText>,
}

/// Learns and grades.
pub(super) fn learn(purchases: &Purchases) -> Result<Learnt> {
    let mut card = Card::blank(purchases.until);
    card.horizon_days = Some(HORIZON);
    let days = purchases.until - purchases.first().unwrap_or(purchases.until) + 1;
    let holdout = (days / 3).min(LONGEST_HOLDOUT);
    if holdout < SHORTEST_HOLDOUT {
        card.withheld = Some(Withheld::TooShort { days, needed: 3 * SHORTEST_HOLDOUT });
        return Ok(Learnt { card, text: None });
    }
    let cutoff = purchases.until - holdout;
    let then: Vec<(usize, Habit)> =
        (0..purchases.n()).filter_map(|who| Some((who, purchases.habit(who, cutoff)?))).collect();
    let histories: Vec<History> = then.iter().map(|(_, habit)| habit.history()).collect();
    let actual: Vec<f64> =
        then.iter().map(|(who, _)| purchases.bought(*who, (cutoff + 1, purchases.until)) as f64).collect();
    let weeks = holdout as f64 / 7.0;
    let Ok(choice) = value::choose(&histories, Some((weeks, &actual)), threads()) else {
        card.withheld = Some(Withheld::NotConverged);
        return Ok(Learnt { card, text: None });
    };
    card.tried = choice
        .candidates
        .iter()
        .enumerate()
        .map(|(at, candidate)| Tried {
            name: purchasing(candidate.model).1.to_owned(),
            loss: candidate.holdout_deviance,
            is_chosen: choice.best == Some(at),
        })
        .collect();
    let best = choice.best.map(|at| &choice.candidates[at]);
    let Some((best, fit)) = best.and_then(|best| Some((best, best.fit.as_ref().ok()?))) else {
        let n = histories.iter().filter(|history| history.frequency > 0).count();
        card.withheld = Some(if (n as f64) < value::MIN_REPEATERS {
            Withheld::TooFew { n, needed: value::MIN_REPEATERS as usize }
        } else {
            Withheld::NotConverged
        });
        return Ok(Learnt { card, text: None });
    };
    card.learner = purchasing(best.model).0.to_owned();
    let totals = totals(fit, &then, &histories, &actual, (cutoff, holdout));
    card.withheld = (totals.error > totals.baseline_error)
        .then_some(Withheld::Errs { model: totals.error, baseline: totals.baseline_error });
    card.totals = Some(totals);
    let calibrated = value::calibration(fit, &histories, weeks, &actual, 7);
    card.calibration =
        calibrated.iter().map(|row| Bin { n: row.n_customers, said: row.expected, actual: row.actual }).collect();
    card.periods = ranking(fit, &then, &histories, &actual, (cutoff, weeks)).into_iter().collect();
    // In use is the same kind of model, fitted to everything.
    let now: Vec<Habit> = (0..purchases.n()).filter_map(|who| purchases.habit(who, purchases.until)).collect();
    let histories: Vec<History> = now.iter().map(Habit::history).collect();
    let Ok(fit) = value::fit(best.model, &histories, threads()) else {
        card.withheld = Some(Withheld::NotConverged);
        return Ok(Learnt { card, text: None });
    };
    let spend = Spend::fit(&now.iter().map(money).collect::<Vec<_>>(), threads()).ok();
    card.n_rows = now.len();
    card.n_positive = histories.iter().filter(|history| history.frequency > 0).count();
    card.learns_from = vec![day_text(purchases.until)];
    card.parameters = parameters(&fit, spend.as_ref());
    let alive = histories.iter().filter_map(|history| fit.alive(history)).sum::<f64>() / histories.len().max(1) as f64;
    card.parameters.push(Parameter { name: MEAN_ALIVE.into(), value: alive, low: None, high: None });
    let (net, n) = now.iter().fold((0, 0), |sum, habit| (sum.0 + habit.net, sum.1 + i64::from(habit.n_days)));
    Ok(Learnt { card, text: Some(ClvText::new(&fit, spend.as_ref(), net / n.max(1))) })
}

/// The money of a customer's days after the first; those whose refunds left nothing count as none.
fn money(habit: &Habit) -> Money {
    let frequency = if habit.repeat_net > 0 { habit.n_days - 1 } else { 0 };
    Money { frequency, mean: habit.repeat_net as f64 / 100.0 / f64::from(frequency.max(1)), weight: 1.0 }
}

fn parameters(fit: &Fit, spend: Option<&SpendFit>) -> Vec<Parameter> {
    let named = |name: &str, value: f64, estimate: Option<value::Estimate>| Parameter {
        name: name.to_owned(),
        value,
        low: estimate.map(|estimate| estimate.low),
        high: estimate.map(|estimate| estimate.high),
    };
    let of_purchases = fit.model.parameter_names().into_iter().zip(fit.parameters).enumerate();
    let mut all: Vec<Parameter> =
        of_purchases.map(|(at, (name, value))| named(name, value, fit.parameter(at, 0.95))).collect();
    all.push(named("log_likelihood", fit.log_likelihood, None));
    if let Some(spend) = spend {
        for (at, name) in ["p", "q", "v"].into_iter().enumerate() {
            all.push(named(name, spend.parameters[at], spend.parameter(at, 0.95)));
        }
        all.push(named("correlation", spend.correlation, None));
    }
    all
}

/// Expected and actual numbers, beside those of who goes on as before. Errors are squared: what is expected is a mean, and
/// absolute errors would favour whoever says too little, as most customers come seldom.
fn totals(
    fit: &Fit,
    then: &[(usize, Habit)],
    histories: &[History],
    actual: &[f64],
    (cutoff, days): (i64, i64),
) -> Totals {
    let weeks = days as f64 / 7.0;
    let expected = fit.purchases_of_all(histories, weeks, threads());
    let mut found = Totals {
        cutoff: day_text(cutoff),
        days,
        n: then.len(),
        expected: 0.0,
        actual: actual.iter().sum(),
        error: 0.0,
        baseline_error: 0.0,
        baseline_expected: 0.0,
    };
    for (((_, habit), expected), actual) in then.iter().zip(expected).zip(actual) {
        let expected = expected.unwrap_or(0.0);
        let before = f64::from(habit.n_days - 1) / ((habit.between + habit.since).max(1) as f64) * days as f64;
        found.expected += expected;
        found.baseline_expected += before;
        found.error += (expected - actual).powi(2);
        found.baseline_error += (before - actual).powi(2);
    }
    let n = then.len().max(1) as f64;
    found.error = (found.error / n).sqrt();
    found.baseline_error = (found.baseline_error / n).sqrt();
    found
}

/// How well customers who buy at all are told from others; `None` when all or none do.
fn ranking(
    fit: &Fit,
    then: &[(usize, Habit)],
    histories: &[History],
    actual: &[f64],
    (cutoff, weeks): (i64, f64),
) -> Option<Period> {
    use zhike_ml::chance::{Grades, auc, rank_sum};
    let said: Vec<f64> =
        histories.iter().map(|history| fit.chance(history, weeks).unwrap_or(0.0).clamp(0.0, 1.0)).collect();
    let labels: Vec<bool> = actual.iter().map(|n| *n > 0.0).collect();
    let recency: Vec<f64> = then.iter().map(|(_, habit)| habit.since as f64).collect();
    let frequency: Vec<f64> = then.iter().map(|(_, habit)| f64::from(habit.n_days)).collect();
    let grades = Grades::new(&said, &labels, 0.95)?;
    let baseline = auc(&rank_sum(&[(&recency, false), (&frequency, true)]), &labels, 0.95)?;
    let share = grades.n_positive as f64 / grades.n as f64;
    let of = |interval: zhike_ml::chance::Interval| Interval {
        value: interval.value,
        low: interval.low,
        high: interval.high,
    };
    Some(Period {
        cutoff: day_text(cutoff),
        n: grades.n,
        n_positive: grades.n_positive,
        auc: of(grades.auc),
        baseline_auc: of(baseline),
        log_loss: grades.log_loss.value,
        baseline_log_loss: -(share * share.ln() + (1.0 - share) * (1.0 - share).ln()),
        brier: grades.brier.value,
        calibration_error: grades.calibration_error,
        lift: grades.lift,
        mean_probability: grades.mean_probability,
    })
}

/// What is expected of a customer. **Units**: hundredths; days since 1970.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Expected {
    pub(super) alive: f64,
    pub(super) orders: f64,
    pub(super) value: i64,
    pub(super) low: i64,
    pub(super) high: i64,
    pub(super) value_90: i64,
    pub(super) value_180: i64,
    pub(super) next: [Option<i64>; 3],
}

/// Everybody's, as of the last day of the purchases: position and what is expected.
pub(super) fn expect(text: &ClvText, purchases: &Purchases) -> Result<Vec<(usize, Expected)>> {
    let (fit, spend) = (text.fit()?, text.spend());
    let all: Vec<(usize, Habit)> =
        (0..purchases.n()).filter_map(|who| Some((who, purchases.habit(who, purchases.until)?))).collect();
    // One thread a part: each customer is worked out alone.
    let part = all.len().div_ceil(threads()).max(1);
    let each = |part: &[(usize, Habit)]| -> Vec<(usize, Expected)> {
        part.iter()
            .filter_map(|(who, habit)| {
                Some((*who, expected(&fit, spend.as_ref(), text.mean_net, habit, purchases.until)?))
            })
            .collect()
    };
    Ok(std::thread::scope(|scope| {
        let running: Vec<_> = all.chunks(part).map(|part| scope.spawn(move || each(part))).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    }))
}

fn expected(fit: &Fit, spend: Option<&SpendFit>, mean_net: i64, habit: &Habit, day: i64) -> Option<Expected> {
    let history = habit.history();
    let money = money(habit);
    let worth = spend.and_then(|spend| spend.expected(money.frequency, money.mean)).unwrap_or(mean_net as f64 / 100.0);
    let months = |n_periods: u32| Horizon { n_periods, period: MONTH, discount: DISCOUNT };
    let value = |n: u32| fit.lifetime_value(&history, worth, months(n));
    let minor = |money: f64| (money * 100.0).round() as i64;
    let weeks = HORIZON as f64 / 7.0;
    let range = fit.purchases_range(&history, weeks, 0.8)?;
    let orders = fit.purchases(&history, weeks)?;
    let whole = value(12)?;
    // What an order is worth in this sum, later ones less.
    let each = if orders > 0.0 { whole / orders } else { 0.0 };
    let next = fit.next_purchase(&history);
    let on = |weeks: f64| day + 1 + ((weeks * 7.0) as i64).min(36_500);
    Some(Expected {
        alive: fit.alive(&history)?,
        orders,
        value: minor(whole),
        low: minor(range.0 * each),
        high: minor(range.1 * each),
        value_90: minor(value(3)?),
        value_180: minor(value(6)?),
        next: [
            next.map(|next| on(next.early)),
            next.map(|next| on(next.median)),
            next.and_then(|next| next.late).map(on),
        ],
    })
}

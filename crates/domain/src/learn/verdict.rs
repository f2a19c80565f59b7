//! When a model is not used.

/// How a model did beside a plain rule, on days that it did not learn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grade {
    /// Fewest cases of either outcome in a grading.
    pub n_least: usize,
    /// What the model reached; more is better.
    pub model: f64,
    /// What the plain rule reached on the same customers.
    pub baseline: f64,
    /// By how much a model may be behind by chance alone.
    pub margin: f64,
    /// How far those who are scored today are from those it learnt from (population stability index).
    pub drift: f64,
}

/// Why a model is not used.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Withheld {
    /// There is not enough history to learn from and to be graded on.
    TooShort {
        /// Days that there are.
        days: i64,
        /// Days that it takes.
        needed: i64,
    },
    /// Too few customers with either outcome.
    TooFew {
        /// How many there are.
        n: usize,
        /// How many it takes.
        needed: usize,
    },
    /// The plain rule is better.
    Loses {
        /// What the model reached.
        model: f64,
        /// What the rule reached.
        baseline: f64,
    },
    /// The plain rule errs less.
    Errs {
        /// Error of the model.
        model: f64,
        /// Error of the rule.
        baseline: f64,
    },
    /// The model in use did better on the same customers.
    Champion {
        /// What this one reached.
        model: f64,
        /// What the one in use reached.
        champion: f64,
    },
    /// Customers are no longer like those it learnt from.
    Drift {
        /// Population stability index.
        index: f64,
    },
    /// The estimate does not settle on these data.
    NotConverged,
}

/// Fewest cases of either outcome in a grading.
pub const MIN_CASES: usize = 30;
/// From this index on customers are others than those learnt from. A shop that grows old moves by 0.5 in a quarter while its
/// chances stay right; 0.25, which is often named, would withhold most models of most shops.
pub const MAX_DRIFT: f64 = 1.0;

/// Why a model so graded is withheld; `None` when it is used.
pub fn withheld(grade: &Grade) -> Option<Withheld> {
    if grade.n_least < MIN_CASES {
        return Some(Withheld::TooFew { n: grade.n_least, needed: MIN_CASES });
    }
    let behind = grade.baseline - grade.model - grade.margin;
    // What is not a number loses.
    if behind.is_nan() || behind > 0.0 {
        return Some(Withheld::Loses { model: grade.model, baseline: grade.baseline });
    }
    (grade.drift > MAX_DRIFT).then_some(Withheld::Drift { index: grade.drift })
}

impl Withheld {
    /// In words, Chinese and English.
    pub fn words(&self) -> (String, String) {
        match self {
            Self::TooShort { days, needed } => (
                format!("数据只有 {days} 天，至少要 {needed} 天才能学习并检验"),
                format!("there are {days} days of data, it takes {needed} to learn and to be graded"),
            ),
            Self::TooFew { n, needed } => (
                format!("可用于检验的客户太少：某一种结果只有 {n} 人，至少要 {needed} 人"),
                format!("too few customers to be graded on: {n} with one of the outcomes, it takes {needed}"),
            ),
            Self::Loses { model, baseline } => (
                format!("不如简单规则（{model:.3} 对 {baseline:.3}），已停用"),
                format!("the plain rule is better ({model:.3} against {baseline:.3}), so it is withheld"),
            ),
            Self::Errs { model, baseline } => (
                format!("误差比简单规则大（{model:.3} 对 {baseline:.3}），已停用"),
                format!("the plain rule errs less ({baseline:.3} against {model:.3}), so it is withheld"),
            ),
            Self::Champion { model, champion } => (
                format!("不如正在使用的版本（{model:.3} 对 {champion:.3}），未启用"),
                format!("the version in use is better ({champion:.3} against {model:.3}), so it is not used"),
            ),
            Self::Drift { index } => (
                format!("现在的客户与学习时差别太大（漂移 {index:.2}，上限 {MAX_DRIFT}），已停用"),
                format!(
                    "customers are too different from those it learnt from (drift {index:.2}, limit {MAX_DRIFT}), so it is withheld"
                ),
            ),
            Self::NotConverged => {
                ("这些数据估计不出稳定的参数".into(), "the estimate does not settle on these data".into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Grade = Grade { n_least: 500, model: 0.81, baseline: 0.78, margin: 0.0, drift: 0.05 };

    #[test]
    fn a_model_is_used_when_it_is_no_worse_than_the_rule() {
        assert_eq!(withheld(&GOOD), None);
        assert_eq!(withheld(&Grade { model: 0.78, ..GOOD }), None);
        assert_eq!(withheld(&Grade { model: 0.77, margin: 0.02, ..GOOD }), None);
    }

    #[test]
    fn each_reason_is_found() {
        assert_eq!(withheld(&Grade { n_least: 29, ..GOOD }), Some(Withheld::TooFew { n: 29, needed: 30 }));
        assert_eq!(withheld(&Grade { model: 0.7, ..GOOD }), Some(Withheld::Loses { model: 0.7, baseline: 0.78 }));
        assert!(matches!(withheld(&Grade { model: f64::NAN, ..GOOD }), Some(Withheld::Loses { .. })));
        assert_eq!(withheld(&Grade { drift: 1.3, ..GOOD }), Some(Withheld::Drift { index: 1.3 }));
        assert_eq!(withheld(&Grade { drift: 0.3, ..GOOD }), None);
    }
}

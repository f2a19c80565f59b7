//! Trained models as text: what is estimated, to the last bit.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zhike_ml::chance::{Calibration, Chosen, Logistic, Node, Trained, Trees};
use zhike_ml::value::{Fit, Model as Purchasing, SpendFit};

use crate::{Error, Result};

/// A number that comes back as it was: thresholds are compared with the values that they were taken from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bits(pub(super) f64);

impl Serialize for Bits {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0.to_bits())
    }
}

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Ok(Self(f64::from_bits(u64::deserialize(deserializer)?)))
    }
}

fn bits(values: &[f64]) -> Vec<Bits> {
    values.iter().copied().map(Bits).collect()
}

fn floats(values: &[Bits]) -> Vec<f64> {
    values.iter().map(|value| value.0).collect()
}

/// A node of a tree: feature, threshold, whether what is missing goes left, children, answer, rows.
type NodeText = (u32, Bits, bool, u32, u32, Bits, Bits);

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Learner {
    Logistic { intercept: Bits, coefficients: Vec<Bits>, means: Vec<Bits> },
    Trees { n_features: usize, base: Bits, trees: Vec<Vec<NodeText>> },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Curve {
    Platt(Bits, Bits),
    Isotonic(Vec<(Bits, Bits)>),
}

/// A model of a chance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ChanceText {
    /// Keys of the features, in order.
    pub(super) columns: Vec<String>,
    /// The median of each among customers, for words.
    typical: Vec<Bits>,
    learner: Learner,
    curve: Curve,
    /// Probabilities that part the customers of the newest grading in tenths, with the share of those no larger.
    tenths: Vec<(Bits, Bits)>,
}

impl ChanceText {
    pub(super) fn new(columns: Vec<String>, typical: &[f64], trained: &Trained, tenths: &[(f64, f64)]) -> Self {
        let node = |node: &Node| {
            let [threshold, value, cover] = [node.threshold, node.value, node.cover].map(Bits);
            (node.feature, threshold, node.is_missing_left, node.left, node.right, value, cover)
        };
        let learner = match trained.chosen() {
            Chosen::Logistic(model) => Learner::Logistic {
                intercept: Bits(model.intercept),
                coefficients: bits(&model.coefficients),
                means: bits(&model.means),
            },
            Chosen::Trees(model) => Learner::Trees {
                n_features: columns.len(),
                base: Bits(model.base()),
                trees: model.trees().iter().map(|tree| tree.iter().map(node).collect()).collect(),
            },
        };
        let curve = match &trained.calibration {
            Calibration::Platt { intercept, slope } => Curve::Platt(Bits(*intercept), Bits(*slope)),
            Calibration::Isotonic { points } => {
                Curve::Isotonic(points.iter().map(|point| (Bits(point.0), Bits(point.1))).collect())
            }
        };
        let tenths = tenths.iter().map(|part| (Bits(part.0), Bits(part.1))).collect();
        Self { columns, typical: bits(typical), learner, curve, tenths }
    }

    pub(super) fn typical(&self) -> Vec<f64> {
        floats(&self.typical)
    }

    pub(super) fn tenths(&self) -> Vec<(f64, f64)> {
        self.tenths.iter().map(|part| (part.0.0, part.1.0)).collect()
    }

    /// The model and its calibration.
    pub(super) fn model(&self) -> Result<(Chosen, Calibration)> {
        let chosen = match &self.learner {
            Learner::Logistic { intercept, coefficients, means } => Chosen::Logistic(Logistic {
                intercept: intercept.0,
                coefficients: floats(coefficients),
                means: floats(means),
            }),
            Learner::Trees { n_features, base, trees } => {
                let node = |(feature, threshold, is_missing_left, left, right, value, cover): &NodeText| Node {
                    feature: *feature,
                    threshold: threshold.0,
                    is_missing_left: *is_missing_left,
                    left: *left,
                    right: *right,
                    value: value.0,
                    cover: cover.0,
                };
                let trees = trees.iter().map(|tree| tree.iter().map(node).collect()).collect();
                let other = || Error::bug("a stored model", std::io::Error::other("its trees are none"));
                Chosen::Trees(Trees::from_parts(*n_features, base.0, trees).ok_or_else(other)?)
            }
        };
        let calibration = match &self.curve {
            Curve::Platt(intercept, slope) => Calibration::Platt { intercept: intercept.0, slope: slope.0 },
            Curve::Isotonic(points) => {
                Calibration::Isotonic { points: points.iter().map(|point| (point.0.0, point.1.0)).collect() }
            }
        };
        Ok((chosen, calibration))
    }
}

/// A model of purchases and one of their money.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ClvText {
    model: String,
    parameters: [Bits; 4],
    log_likelihood: Bits,
    n_customers: Bits,
    spend: Option<([Bits; 3], Bits, Bits, Bits)>,
    /// Net value of a day with orders, for who has no model of money.
    pub(super) mean_net: i64,
}

impl ClvText {
    pub(super) fn new(fit: &Fit, spend: Option<&SpendFit>, mean_net: i64) -> Self {
        let of_spend = |fit: &SpendFit| {
            (fit.parameters.map(Bits), Bits(fit.log_likelihood), Bits(fit.n_customers), Bits(fit.correlation))
        };
        Self {
            model: purchasing(fit.model).0.to_owned(),
            parameters: fit.parameters.map(Bits),
            log_likelihood: Bits(fit.log_likelihood),
            n_customers: Bits(fit.n_customers),
            spend: spend.map(of_spend),
            mean_net,
        }
    }

    pub(super) fn fit(&self) -> Result<Fit> {
        let named = |model: &Purchasing| purchasing(*model).0 == self.model;
        let other = || Error::bug("a stored model", std::io::Error::other(self.model.clone()));
        Ok(Fit {
            model: Purchasing::ALL.into_iter().find(named).ok_or_else(other)?,
            parameters: self.parameters.map(|value| value.0),
            log_likelihood: self.log_likelihood.0,
            n_customers: self.n_customers.0,
            covariance: None,
        })
    }

    pub(super) fn spend(&self) -> Option<SpendFit> {
        self.spend.map(|(parameters, log_likelihood, n_customers, correlation)| SpendFit {
            parameters: parameters.map(|value| value.0),
            log_likelihood: log_likelihood.0,
            n_customers: n_customers.0,
            covariance: None,
            correlation: correlation.0,
        })
    }
}

/// Name in JSON and for people.
pub(super) const fn purchasing(model: Purchasing) -> (&'static str, &'static str) {
    match model {
        Purchasing::BgNbd => ("bg_nbd", "BG/NBD"),
        Purchasing::MbgNbd => ("mbg_nbd", "MBG/NBD"),
        Purchasing::ParetoNbd => ("pareto_nbd", "Pareto/NBD"),
    }
}

/// Groups of customers: how columns are scaled, and the centres in that scale.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ClustersText {
    /// Centre and width of each column.
    pub(super) scale: Vec<(Bits, Bits)>,
    /// Row by row.
    pub(super) centres: Vec<Bits>,
    /// Number of each group, kept from one version to the next.
    pub(super) numbers: Vec<i64>,
    /// Chinese and English label of each.
    pub(super) labels: Vec<(String, String)>,
}

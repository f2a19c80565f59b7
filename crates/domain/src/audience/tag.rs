//! A tag: a name for a value computed of every customer, defined in data.
//!
//! The expression is built of what segments ask too: measures, traits, scores, rules. [`Tag::value`] is what it means,
//! given the inputs; one customer and a million take them from different places and compute the same.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::as_of::AsOf;
use super::field::{FieldKind, Source, score_of, trait_of};
use super::measure::{Measure, micro};
use super::person::{Person, holds};
use super::rule::{Leaf, Rule};
use super::test::{Test, date_text, day_text, number_json};
use super::value::Cell;

/// What a tag says something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Who the customer is.
    Attribute,
    /// What the customer does.
    Behaviour,
    /// What the customer is worth.
    Value,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Attribute, Self::Behaviour, Self::Value];

    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Attribute => "attribute",
            Self::Behaviour => "behaviour",
            Self::Value => "value",
        }
    }
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TagUnit {
    /// Things.
    Count,
    /// Days.
    Day,
    /// Years.
    Year,
    /// The workspace currency.
    Money,
    /// 0 to 1, or one number in terms of another.
    Ratio,
    /// Points of a score.
    Score,
}

impl TagUnit {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Count, Self::Day, Self::Year, Self::Money, Self::Ratio, Self::Score];

    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Day => "day",
            Self::Year => "year",
            Self::Money => "money",
            Self::Ratio => "ratio",
            Self::Score => "score",
        }
    }
}

/// When a tag is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TagRefresh {
    /// When asked for by name.
    Manual,
    /// With every refresh.
    Daily,
}

impl TagRefresh {
    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Daily => "daily",
        }
    }
}

/// A range of numbers with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Numbers below this, and not in a band before; the last band has none.
    pub below: Option<f64>,
    /// Value.
    pub value: String,
    /// Chinese and English name of the value.
    pub name: (String, String),
}

/// How a customer stands among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RankBy {
    /// The share of customers with less. **Units**: 0 to 1.
    Percentile,
    /// The share of the sum that customers with more hold: below 0.8 are those who make 80 % of it. **Units**: 0 to 1.
    CumulativeShare,
}

impl RankBy {
    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Percentile => "percentile",
            Self::CumulativeShare => "cumulative_share",
        }
    }
}

/// How a tag's value is computed.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// From facts.
    Measure(Measure),
    /// Something stated.
    Trait(String),
    /// A result of a model or of RFM.
    Score(String),
    /// A number.
    Number(f64),
    /// Days from a day or instant to the day asked for.
    DaysSince(Box<Expression>),
    /// The year of the day asked for less a year.
    YearsSince(Box<Expression>),
    /// One by another; missing when that is 0.
    Ratio(Box<Expression>, Box<Expression>),
    /// One and another.
    Sum(Box<Expression>, Box<Expression>),
    /// One less another.
    Difference(Box<Expression>, Box<Expression>),
    /// The name of a range.
    Bands(Box<Expression>, Vec<Band>),
    /// Whether a rule holds.
    Rule(Rule),
    /// The place among all customers; once in a tag at most.
    Rank(Box<Expression>, RankBy),
}

/// What an expression asks of a customer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input<'a> {
    /// Facts.
    Measure(&'a Measure),
    /// A trait.
    Trait(&'a str),
    /// A score.
    Score(&'a str),
    /// Whether a rule holds.
    Rule(&'a Rule),
}

impl Input<'_> {
    /// The same as a condition that any value passes, which is what tables are read for.
    ///
    /// A rule has several: [`Rule::leaves`].
    pub fn leaf(&self) -> Option<Leaf> {
        match self {
            Self::Measure(measure) => Some(Leaf::Measure((*measure).clone(), Test::Exists)),
            Self::Trait(name) => Some(Leaf::Trait((*name).to_owned(), Test::Exists)),
            Self::Score(name) => Some(Leaf::Score((*name).to_owned(), Test::Exists)),
            Self::Rule(_) => None,
        }
    }
}

/// Values of all customers, in order: what a rank is taken of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranking {
    /// Millionths, ascending.
    values: Vec<i64>,
    /// Sum of those above zero from each position on.
    sums: Vec<i128>,
}

impl Ranking {
    /// Of the values there are; their order makes no difference.
    pub fn new(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<i64> = values.filter_map(micro).collect();
        values.sort_unstable();
        let mut sums = vec![0; values.len() + 1];
        for at in (0..values.len()).rev() {
            sums[at] = sums[at + 1] + i128::from(values[at].max(0));
        }
        Self { values, sums }
    }

    /// Where a value stands; missing when it is no number, or holds nothing of the sum.
    pub fn place(&self, value: f64, by: RankBy) -> Cell<'static> {
        let Some(value) = micro(value) else { return Cell::Missing };
        let total = self.sums.first().copied().unwrap_or(0);
        match by {
            RankBy::Percentile if self.values.is_empty() => Cell::Missing,
            RankBy::Percentile => {
                let n_less = self.values.partition_point(|&other| other < value);
                Cell::Number(n_less as f64 / self.values.len() as f64)
            }
            RankBy::CumulativeShare if value <= 0 || total == 0 => Cell::Missing,
            RankBy::CumulativeShare => {
                let more = self.sums[self.values.partition_point(|&other| other <= value)];
                Cell::Number(more as f64 / total as f64)
            }
        }
    }
}

impl Expression {
    /// What its value is.
    pub fn kind(&self) -> FieldKind {
        match self {
            Self::Measure(measure) => measure.kind(),
            Self::Trait(name) => trait_of(name).map_or(FieldKind::Json, |field| field.kind),
            Self::Score(name) => score_of(name).map_or(FieldKind::Json, |score| score.kind),
            Self::DaysSince(_) | Self::YearsSince(_) => FieldKind::Number(0),
            Self::Sum(left, right) | Self::Difference(left, right) if left.kind() == right.kind() => left.kind(),
            Self::Number(_) | Self::Ratio(..) | Self::Sum(..) | Self::Difference(..) | Self::Rank(..) => {
                FieldKind::Float
            }
            Self::Bands(..) => FieldKind::Text,
            Self::Rule(_) => FieldKind::Flag,
        }
    }

    /// The parts that it is made of, with the keys under which they stand.
    pub(super) fn parts(&self) -> Vec<(&'static str, &Self)> {
        match self {
            Self::Measure(_) | Self::Trait(_) | Self::Score(_) | Self::Number(_) | Self::Rule(_) => Vec::new(),
            Self::DaysSince(of) => vec![("/days_since", of)],
            Self::YearsSince(of) => vec![("/years_since", of)],
            Self::Ratio(left, right) => vec![("/ratio/0", left), ("/ratio/1", right)],
            Self::Sum(left, right) => vec![("/sum/0", left), ("/sum/1", right)],
            Self::Difference(left, right) => vec![("/difference/0", left), ("/difference/1", right)],
            Self::Bands(of, _) => vec![("/bands/of", of)],
            Self::Rank(of, _) => vec![("/rank/of", of)],
        }
    }

    /// What it asks, in order, with its place: `/ratio/0/measure`.
    pub fn inputs(&self) -> Vec<(String, Input<'_>)> {
        let own = match self {
            Self::Measure(measure) => Some(("/measure", Input::Measure(measure))),
            Self::Trait(name) => Some(("/trait", Input::Trait(name))),
            Self::Score(name) => Some(("/score", Input::Score(name))),
            Self::Rule(rule) => Some(("/rule", Input::Rule(rule))),
            _ => None,
        };
        let mut found: Vec<(String, Input<'_>)> = own.into_iter().map(|(at, input)| (at.to_owned(), input)).collect();
        for (place, part) in self.parts() {
            found.extend(part.inputs().into_iter().map(|(at, input)| (format!("{place}{at}"), input)));
        }
        found
    }

    /// The expression whose place among all customers is asked for.
    pub fn ranked(&self) -> Option<&Self> {
        match self {
            Self::Rank(of, _) => Some(of),
            _ => self.parts().into_iter().find_map(|(_, part)| part.ranked()),
        }
    }

    /// Its value, given those of its inputs.
    pub fn value(
        &self,
        inputs: &mut dyn FnMut(Input<'_>) -> Cell<'static>,
        ranking: &Ranking,
        as_of: &AsOf,
    ) -> Cell<'static> {
        let mut number = |of: &Self| of.value(inputs, ranking, as_of).number();
        let known = |number: Option<f64>| number.filter(|it| it.is_finite()).map_or(Cell::Missing, Cell::Number);
        match self {
            Self::Measure(measure) => inputs(Input::Measure(measure)),
            Self::Trait(name) => inputs(Input::Trait(name)),
            Self::Score(name) => inputs(Input::Score(name)),
            Self::Number(number) => Cell::Number(*number),
            Self::DaysSince(of) => {
                let day = match of.value(inputs, ranking, as_of) {
                    Cell::Day(day) => Some(day),
                    Cell::Instant(at) => Some(as_of.day_of(at)),
                    Cell::Text(text) => day_text(&text),
                    _ => None,
                };
                known(day.map(|day| as_of.day.saturating_sub(day) as f64))
            }
            Self::YearsSince(of) => known(number(of).map(|year| as_of.year() as f64 - year)),
            Self::Ratio(left, right) => {
                let (left, right) = (number(left), number(right));
                known(left.zip(right).filter(|pair| pair.1 != 0.0).map(|(left, right)| left / right))
            }
            Self::Sum(left, right) => {
                let (left, right) = (number(left), number(right));
                known(left.zip(right).map(|(left, right)| left + right))
            }
            Self::Difference(left, right) => {
                let (left, right) = (number(left), number(right));
                known(left.zip(right).map(|(left, right)| left - right))
            }
            Self::Bands(of, bands) => {
                let Some(number) = number(of) else { return Cell::Missing };
                let band = bands.iter().find(|band| band.below.is_none_or(|below| number < below));
                band.map_or(Cell::Missing, |band| Cell::Text(band.value.clone().into()))
            }
            Self::Rule(rule) => inputs(Input::Rule(rule)),
            Self::Rank(of, by) => number(of).map_or(Cell::Missing, |number| ranking.place(number, *by)),
        }
    }

    /// Its value of one customer.
    pub fn of_person(&self, person: &Person, ranking: &Ranking, as_of: &AsOf) -> Cell<'static> {
        self.value(&mut |input| input_of(input, person, as_of), ranking, as_of)
    }

    /// The expression as JSON.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Measure(measure) => json!({ "measure": measure.to_json() }),
            Self::Trait(name) => json!({ "trait": name }),
            Self::Score(name) => json!({ "score": name }),
            Self::Number(number) => json!({ "number": number_json(*number) }),
            Self::DaysSince(of) => json!({ "days_since": of.to_json() }),
            Self::YearsSince(of) => json!({ "years_since": of.to_json() }),
            Self::Ratio(left, right) => json!({ "ratio": [left.to_json(), right.to_json()] }),
            Self::Sum(left, right) => json!({ "sum": [left.to_json(), right.to_json()] }),
            Self::Difference(left, right) => json!({ "difference": [left.to_json(), right.to_json()] }),
            Self::Bands(of, bands) => {
                let bands: Vec<Json> = bands.iter().map(Band::to_json).collect();
                json!({ "bands": { "of": of.to_json(), "bands": bands } })
            }
            Self::Rule(rule) => json!({ "rule": rule.to_json() }),
            Self::Rank(of, by) => json!({ "rank": { "of": of.to_json(), "by": by.as_str() } }),
        }
    }
}

fn input_of(input: Input<'_>, person: &Person, as_of: &AsOf) -> Cell<'static> {
    match (input, input.leaf()) {
        (Input::Rule(rule), _) => Cell::Flag(holds(rule, person, as_of)),
        (_, Some(leaf)) => person.value(&leaf, as_of),
        (_, None) => Cell::Missing,
    }
}

impl Band {
    fn to_json(&self) -> Json {
        let mut json = Map::new();
        if let Some(below) = self.below {
            json.insert("below".into(), number_json(below));
        }
        json.insert("value".into(), json!(self.value));
        json.insert("zh".into(), json!(self.name.0));
        json.insert("en".into(), json!(self.name.1));
        Json::Object(json)
    }
}

/// A definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    /// Name in rules and tables.
    pub key: String,
    /// Chinese and English name.
    pub name: (String, String),
    /// What it says something about.
    pub level: Level,
    /// What its number counts.
    pub unit: Option<TagUnit>,
    /// When it is computed.
    pub refresh: TagRefresh,
    /// How.
    pub expression: Expression,
}

/// What a tag's value was computed from.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// Place in the expression.
    pub pointer: String,
    /// The condition that looks at the value; of a measure, trait or score, that there is one.
    pub leaf: Leaf,
    /// The value found.
    pub value: Cell<'static>,
    /// Whether the condition of a rule holds.
    pub holds: Option<bool>,
}

impl Tag {
    /// The value as it is kept: whole days, four places at most (two of money), and nothing where a rule does not hold.
    pub fn kept(&self, value: Cell<'static>, as_of: &AsOf) -> Cell<'static> {
        match value {
            Cell::Flag(false) => Cell::Missing,
            Cell::Instant(at) => Cell::Day(as_of.day_of(at)),
            Cell::Number(number) => {
                let places = if self.unit == Some(TagUnit::Money) { 100.0 } else { 10_000.0 };
                let rounded = (number * places).round() / places;
                // No minus before a zero.
                Cell::Number(if rounded.is_finite() { rounded + 0.0 } else { number })
            }
            other => other,
        }
    }

    /// Its value of one customer.
    pub fn of_person(&self, person: &Person, ranking: &Ranking, as_of: &AsOf) -> Cell<'static> {
        self.kept(self.expression.of_person(person, ranking, as_of), as_of)
    }

    /// What the value of one customer was computed from, in order.
    pub fn reasons(&self, person: &Person, as_of: &AsOf) -> Vec<Reason> {
        let mut found = Vec::new();
        for (pointer, input) in self.expression.inputs() {
            match (input, input.leaf()) {
                (Input::Rule(rule), _) => {
                    found.extend(super::person::verdicts(rule, person, as_of).into_iter().map(|verdict| Reason {
                        pointer: format!("{pointer}{}", verdict.pointer),
                        leaf: verdict.leaf,
                        value: verdict.value,
                        holds: Some(verdict.holds),
                    }));
                }
                (_, Some(leaf)) => {
                    let value = person.value(&leaf, as_of);
                    found.push(Reason { pointer, leaf, value, holds: None });
                }
                (_, None) => {}
            }
        }
        found
    }

    /// The conditions by which tables are read for it.
    pub fn leaves(&self) -> Vec<Leaf> {
        let inputs = self.expression.inputs();
        let mut leaves = Vec::new();
        for (_, input) in inputs {
            match (input, input.leaf()) {
                (Input::Rule(rule), _) => leaves.extend(rule.leaves().into_iter().cloned()),
                (_, leaf) => leaves.extend(leaf),
            }
        }
        leaves
    }

    /// What it depends on: tables, and `profiles.x` for traits.
    pub fn depends_on(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for leaf in self.leaves() {
            found.extend(leaf.sources().into_iter().map(|source: Source| source.table().to_owned()));
            match &leaf {
                Leaf::Trait(name, _) => drop(found.insert(format!("profiles.{name}"))),
                Leaf::Score(name, _) => drop(found.insert(name.clone())),
                Leaf::Identity(..) => drop(found.insert("identities".to_owned())),
                Leaf::Consent(..) => drop(found.insert("consents".to_owned())),
                _ => {}
            }
        }
        found
    }

    /// The names of the values that have one: value, Chinese, English.
    pub fn labels(&self) -> Vec<(String, String, String)> {
        let own = |value: &str, zh: &str, en: &str| (value.to_owned(), zh.to_owned(), en.to_owned());
        match &self.expression {
            Expression::Bands(_, bands) => {
                bands.iter().map(|band| own(&band.value, &band.name.0, &band.name.1)).collect()
            }
            Expression::Rule(_) => vec![own("true", "是", "yes")],
            Expression::Score(name) => {
                let values = score_of(name).map_or(&[][..], |score| score.values);
                values.iter().map(|(value, zh, en)| own(value, zh, en)).collect()
            }
            Expression::Measure(measure) => match measure.agg.column() {
                Some("weekday") => WEEKDAYS.iter().map(|(value, zh, en)| own(value, zh, en)).collect(),
                Some("season") => SEASONS.iter().map(|(value, zh, en)| own(value, zh, en)).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The definition as JSON.
    pub fn to_json(&self) -> Json {
        json!({
            "version": 1,
            "key": self.key,
            "name": { "zh": self.name.0, "en": self.name.1 },
            "level": self.level.as_str(),
            "unit": self.unit.map(TagUnit::as_str),
            "refresh": self.refresh.as_str(),
            "expression": self.expression.to_json(),
        })
    }
}

const WEEKDAYS: [(&str, &str, &str); 7] = [
    ("1", "周一", "Monday"),
    ("2", "周二", "Tuesday"),
    ("3", "周三", "Wednesday"),
    ("4", "周四", "Thursday"),
    ("5", "周五", "Friday"),
    ("6", "周六", "Saturday"),
    ("7", "周日", "Sunday"),
];

const SEASONS: [(&str, &str, &str); 4] =
    [("spring", "春", "spring"), ("summer", "夏", "summer"), ("autumn", "秋", "autumn"), ("winter", "冬", "winter")];

/// A kept value as the table `tags` holds it; `None` when it is missing.
pub fn tag_text(value: &Cell<'_>) -> Option<String> {
    match value {
        Cell::Day(day) => Some(date_text(*day)),
        other => other.text().map(std::borrow::Cow::into_owned),
    }
}

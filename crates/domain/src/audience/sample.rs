//! Rules made from a seed, for tests of every level: the same seed makes the same rule.
//!
//! Values are few and small, so that conditions hold for some of a handful of made-up customers and not for others.

use super::field::Source;
use super::measure::{Agg, Anchor, Filter, Measure, Span, Unit, Which, Window};
use super::rule::{ConsentState, Leaf, Rule};
use super::sequence::{Sequence, Step};
use super::tag::{Band, Expression, Level, RankBy, Tag, TagRefresh, TagUnit};
use super::test::{Cmp, Test};

/// A sequence of numbers from a seed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// The next number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % n.max(1)
    }

    /// One of some.
    pub fn of<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        &some[self.below(some.len() as u64) as usize]
    }

    pub(super) fn is(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }
}

/// Provinces of sample rules.
pub const PROVINCES: [&str; 3] = ["浙江", "江苏", "四川"];
/// Channels of sample rules.
pub const CHANNELS: [&str; 3] = ["tmall", "jd", "store"];
/// Purposes of sample rules; the last is one that nobody defined.
pub const PURPOSES: [&str; 3] = ["marketing_sms", "analysis", "visit_reminder"];
/// Events of sample rules.
pub const EVENTS: [&str; 3] = ["view", "cart", "pay"];

/// The rule of a seed: facts lie around `day` (days since 1970).
pub fn rule(seed: u64, day: i64) -> Rule {
    let mut dice = Dice::new(seed);
    let n = 1 + dice.below(3);
    Rule::All((0..n).map(|_| part(&mut dice, day, 0)).collect())
}

fn part(dice: &mut Dice, day: i64, depth: usize) -> Rule {
    if depth >= 2 || !dice.is(3) {
        return Rule::Is(leaf(dice, day));
    }
    let n = 1 + dice.below(2);
    let rules = (0..n).map(|_| part(dice, day, depth + 1)).collect();
    match dice.below(3) {
        0 => Rule::All(rules),
        1 => Rule::Any(rules),
        _ => Rule::None(rules),
    }
}

fn leaf(dice: &mut Dice, day: i64) -> Leaf {
    match dice.below(16) {
        0 => Leaf::Trait("province".into(), text_test(dice, &PROVINCES)),
        1 => Leaf::Trait("registered_on".into(), day_test(dice, day)),
        2 => Leaf::Trait("traits.size".into(), number_test(dice, 5)),
        3 => Leaf::Identity(dice.of(&["phone", "email", "member_id", "name"]).to_string(), dice.is(2)),
        4 => Leaf::Score("rfm.frequency".into(), number_test(dice, 5)),
        5 => Leaf::Score("rfm.tier".into(), text_test(dice, &["core", "potential", "general", "at_risk"])),
        6 | 7 => Leaf::Sequence(sequence(dice, day)),
        8 | 9 => Leaf::Consent(dice.of(&PURPOSES).to_string(), *dice.of(&ConsentState::ALL)),
        _ => {
            let measure = measure(dice, day);
            let test = match (&measure.agg, measure.kind()) {
                (Agg::Top(_) | Agg::First(_) | Agg::Last(_), _) => text_test(dice, &CHANNELS),
                (Agg::FirstAt | Agg::LastAt, _) => day_test(dice, day),
                (Agg::Sum(_) | Agg::Avg(_) | Agg::Min(_) | Agg::Max(_), _) => number_test(dice, 300),
                _ => number_test(dice, 5),
            };
            Leaf::Measure(measure, test)
        }
    }
}

fn text_test(dice: &mut Dice, words: &[&str]) -> Test {
    let word = |dice: &mut Dice| (*dice.of(words)).to_owned();
    match dice.below(7) {
        0 => Test::Exists,
        1 => Test::Missing,
        2 => Test::NotIn(vec![word(dice)]),
        3 => Test::Contains(word(dice).chars().rev().take(1).collect()),
        4 => Test::StartsWith(word(dice).chars().take(1).collect()),
        _ => Test::In(vec![word(dice), word(dice)]),
    }
}

fn number_test(dice: &mut Dice, below: u64) -> Test {
    let number = |dice: &mut Dice| dice.below(below * 4) as f64 / 4.0;
    match dice.below(8) {
        0 => Test::Exists,
        1 => Test::Missing,
        2 => {
            let (a, b) = (number(dice), number(dice));
            Test::NumberBetween(a.min(b), a.max(b))
        }
        3 => Test::Number(*dice.of(&Cmp::ALL), number(dice).floor()),
        _ => Test::Number(*dice.of(&Cmp::ALL), number(dice)),
    }
}

fn day_test(dice: &mut Dice, day: i64) -> Test {
    let some = |dice: &mut Dice| day - dice.below(120) as i64;
    match dice.below(6) {
        0 => Test::From(some(dice)),
        1 => Test::Before(some(dice)),
        2 => {
            let (a, b) = (some(dice), some(dice));
            Test::Days(a.min(b), a.max(b))
        }
        3 => Test::BeforeLast(1 + dice.below(90) as i64),
        4 => Test::Missing,
        _ => Test::WithinLast(1 + dice.below(90) as i64),
    }
}

fn filters(dice: &mut Dice, of: Source, day: i64) -> Vec<Filter> {
    let n = dice.below(3);
    (0..n)
        .map(|_| {
            let (field, test) = match of {
                Source::Orders | Source::AllOrders => match dice.below(5) {
                    4 => ("weekday", text_test(dice, &["1", "5", "6"])),
                    0 => ("net_amount", number_test(dice, 300)),
                    1 => ("traits.gift", Test::Flag(dice.is(2))),
                    2 => ("ordered_at", day_test(dice, day)),
                    _ => ("channel", text_test(dice, &CHANNELS)),
                },
                Source::OrderItems => match dice.below(3) {
                    0 => ("quantity", number_test(dice, 5)),
                    1 => ("product.brand", text_test(dice, &["acme", "zen"])),
                    _ => ("product_id", text_test(dice, &["P1", "P2", "P3"])),
                },
                Source::Events => match dice.below(3) {
                    0 => ("properties.plan", text_test(dice, &["pro", "free", "5"])),
                    1 => ("properties.n", number_test(dice, 5)),
                    _ => ("event", Test::In(vec![(*dice.of(&EVENTS)).to_owned()])),
                },
                Source::Interactions => ("kind", text_test(dice, &["call", "chat"])),
                Source::Feedback => ("score", number_test(dice, 10)),
            };
            Filter { field: field.into(), test }
        })
        .collect()
}

fn source(dice: &mut Dice) -> Source {
    *dice.of(&[
        Source::Orders,
        Source::Orders,
        Source::Events,
        Source::Events,
        Source::AllOrders,
        Source::OrderItems,
        Source::Feedback,
    ])
}

fn span(dice: &mut Dice) -> Span {
    Span { n: 1 + dice.below(40) as i64, unit: *dice.of(&[Unit::Hour, Unit::Day, Unit::Week]) }
}

fn window(dice: &mut Dice, day: i64) -> Window {
    match dice.below(4) {
        0 => Window::Ever,
        1 => {
            let (a, b) = (day - dice.below(120) as i64, day - dice.below(120) as i64);
            Window::Between(a.min(b), a.max(b))
        }
        2 => Window::Last(1 + dice.below(3) as i64, *dice.of(&[Unit::Week, Unit::Month])),
        _ => Window::Last(1 + dice.below(100) as i64, Unit::Day),
    }
}

pub(super) fn measure(dice: &mut Dice, day: i64) -> Measure {
    let of = source(dice);
    let (number, text) = match of {
        Source::Orders | Source::AllOrders => ("net_amount", "channel"),
        Source::OrderItems => ("quantity", "product.brand"),
        Source::Events => ("properties.n", "properties.plan"),
        _ => ("score", "kind"),
    };
    let text = if dice.is(8) { "season" } else { text };
    let agg = match dice.below(14) {
        0 => Agg::Days,
        1 => Agg::Sum(number.into()),
        2 => Agg::Avg(number.into()),
        3 => Agg::Min(number.into()),
        4 => Agg::Max(number.into()),
        5 => Agg::FirstAt,
        6 => Agg::LastAt,
        7 => Agg::First(text.into()),
        8 => Agg::Last(text.into()),
        9 => Agg::Distinct(text.into()),
        10 => Agg::Top(text.into()),
        _ => Agg::Count,
    };
    let window = if dice.is(4) {
        let of = source(dice);
        let anchor = Anchor { of, filters: filters(dice, of, day), which: *dice.of(&[Which::First, Which::Last]) };
        let within = if dice.is(2) { Some(span(dice)) } else { None };
        Window::After(Box::new(anchor), within)
    } else {
        window(dice, day)
    };
    Measure { of, filters: filters(dice, of, day), window, agg }
}

fn sequence(dice: &mut Dice, day: i64) -> Sequence {
    let n = 2 + dice.below(2) as usize;
    let ends_absent = dice.is(2);
    let steps = (0..n)
        .map(|at| {
            let of = *dice.of(&[Source::Events, Source::Events, Source::Orders]);
            let is_absent = ends_absent && at + 1 == n;
            let has_span = at > 0 && (is_absent || dice.is(2));
            let within = if has_span { Some(span(dice)) } else { None };
            Step { of, filters: filters(dice, of, day), within, is_absent }
        })
        .collect();
    let within = if dice.is(3) { Some(span(dice)) } else { None };
    Sequence { steps, within, window: window(dice, day) }
}

/// The tag of a seed: facts lie around `day`.
pub fn tag(seed: u64, day: i64) -> Tag {
    let mut dice = Dice::new(seed);
    let expression = expression(&mut dice, day, 0);
    let unit = if dice.is(2) { Some(TagUnit::Money) } else { None };
    let (refresh, level) = (TagRefresh::Daily, *dice.of(&Level::ALL));
    Tag { key: format!("tag_{seed}"), name: ("样例".into(), "sample".into()), level, unit, refresh, expression }
}

fn expression(dice: &mut Dice, day: i64, depth: usize) -> Expression {
    match dice.below(10) {
        0 => Expression::Trait((*dice.of(&["province", "registered_on", "traits.size", "birth_year"])).into()),
        1 => Expression::Score((*dice.of(&["rfm.frequency", "rfm.monetary", "rfm.tier"])).into()),
        2 => Expression::Rule(rule(dice.below(1 << 40), day)),
        3 => {
            let time = dice.of(&[Agg::FirstAt, Agg::LastAt]).clone();
            Expression::DaysSince(Box::new(Expression::Measure(Measure { agg: time, ..measure(dice, day) })))
        }
        4 if depth < 2 => Expression::Rank(number(dice, day), *dice.of(&[RankBy::Percentile, RankBy::CumulativeShare])),
        5 if depth < 2 => {
            let band = |below: Option<f64>, value: &str| Band {
                below,
                value: value.into(),
                name: (value.into(), value.into()),
            };
            let low = dice.below(6) as f64 / 2.0;
            let bands = vec![band(Some(low), "low"), band(Some(low + 2.0), "middle"), band(None, "high")];
            Expression::Bands(number(dice, day), bands)
        }
        6 if depth < 2 => Expression::Ratio(number(dice, day), number(dice, day)),
        7 if depth < 2 => match dice.below(2) {
            0 => Expression::Sum(number(dice, day), number(dice, day)),
            _ => Expression::Difference(number(dice, day), number(dice, day)),
        },
        _ => Expression::Measure(measure(dice, day)),
    }
}

/// An expression that is a number and has no rank.
fn number(dice: &mut Dice, day: i64) -> Box<Expression> {
    loop {
        let read = expression(dice, day, 2);
        if read.kind().is_number() {
            return Box::new(read);
        }
    }
}

//! An expression of a tag in words, Chinese and English.

use super::field::{score_of, trait_of};
use super::sentence::{Both, Words, Writer, both};
use super::tag::{Expression, RankBy};

/// What an expression computes, in words.
pub fn expression(expression: &Expression, currency: &str) -> (String, String) {
    Writer { currency, words: &Words::default() }.expression(expression)
}

impl Writer<'_> {
    fn expression(&self, expression: &Expression) -> Both {
        match expression {
            Expression::Measure(measure) => self.measure(measure),
            Expression::Trait(name) => trait_of(name).map_or_else(|| both(name, name), |field| field.label),
            Expression::Score(name) => {
                score_of(name).map_or_else(|| both(name, name), |score| both(score.label.0, score.label.1))
            }
            Expression::Number(number) => both(number.to_string(), number.to_string()),
            Expression::DaysSince(of) => {
                let (zh, en) = self.expression(of);
                both(format!("距{zh}的天数"), format!("days since the {en}"))
            }
            Expression::YearsSince(of) => {
                let (zh, en) = self.expression(of);
                both(format!("今年减去{zh}"), format!("years since {en}"))
            }
            Expression::Ratio(left, right) => self.pair(left, "÷", right),
            Expression::Sum(left, right) => self.pair(left, "+", right),
            Expression::Difference(left, right) => self.pair(left, "−", right),
            Expression::Bands(of, bands) => {
                let (zh, en) = self.expression(of);
                let kind = of.kind();
                let (mut zh, mut en) = (format!("{zh}："), format!("{en}: "));
                for (at, band) in bands.iter().enumerate() {
                    if at > 0 {
                        zh.push('；');
                        en.push_str("; ");
                    }
                    match (band.below, bands.get(at.wrapping_sub(1)).and_then(|before| before.below)) {
                        (Some(below), _) => {
                            let below = self.number(kind, below);
                            zh.push_str(&format!("< {below} {}", band.name.0));
                            en.push_str(&format!("< {below} {}", band.name.1));
                        }
                        (None, Some(from)) => {
                            let from = self.number(kind, from);
                            zh.push_str(&format!("≥ {from} {}", band.name.0));
                            en.push_str(&format!("≥ {from} {}", band.name.1));
                        }
                        (None, None) => {
                            zh.push_str(&band.name.0);
                            en.push_str(&band.name.1);
                        }
                    }
                }
                both(zh, en)
            }
            Expression::Rule(rule) => self.rule(rule, true),
            Expression::Rank(of, by) => {
                let (zh, en) = self.expression(of);
                match by {
                    RankBy::Percentile => {
                        both(format!("{zh}低于此值的客户占比"), format!("share of customers with a lower {en}"))
                    }
                    RankBy::CumulativeShare => both(
                        format!("{zh}高于此值的客户合计占全部的比例"),
                        format!("share of the whole held by customers with a higher {en}"),
                    ),
                }
            }
        }
    }

    fn pair(&self, left: &Expression, sign: &str, right: &Expression) -> Both {
        let ((left_zh, left_en), (right_zh, right_en)) = (self.expression(left), self.expression(right));
        both(format!("（{left_zh}）{sign}（{right_zh}）"), format!("({left_en}) {sign} ({right_en})"))
    }
}

//! Why a customer has these scores, in words.

use super::cuts::{Cuts, Dimension};
use super::rules::{Condition, Mode, Range, Rules, Segment, Tier};
use crate::sentence::{count, money, percent};

/// The values of one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct One {
    /// Days from the last order to the day of reckoning.
    pub recency_days: i64,
    /// Orders that count.
    pub frequency: i64,
    /// Net amount of all orders. **Units**: minor units.
    pub monetary: i64,
}

/// The scores of one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scores {
    /// Recency score.
    pub r: u8,
    /// Frequency score.
    pub f: u8,
    /// Monetary score.
    pub m: u8,
    /// Segment.
    pub segment: Segment,
    /// Tier.
    pub tier: Tier,
}

/// Five sentences: three scores, segment, tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// In Chinese.
    pub zh: Vec<String>,
    /// In English.
    pub en: Vec<String>,
}

/// Explains scores by the cuts and the rules that gave them.
pub fn why(one: One, scores: Scores, cuts: &Cuts, rules: &Rules, currency: &str) -> Why {
    let days = match one.recency_days {
        ..=0 => ("最近一次下单在当天".to_owned(), "last order on the day itself".to_owned()),
        1 => ("最近一次下单在 1 天前".to_owned(), "last order 1 day ago".to_owned()),
        n => (format!("最近一次下单在 {} 天前", count(n)), format!("last order {} days ago", count(n))),
    };
    let orders = count(one.frequency);
    let orders =
        (format!("下单 {orders} 次"), format!("{orders} {}", if one.frequency == 1 { "order" } else { "orders" }));
    let spent = money(one.monetary, currency);
    let spent = (format!("累计消费 {spent}"), format!("spent {spent} in all"));

    let recency =
        Scale {
            letter: 'R', best: ("最近", "most recent"), worst: ("最久", "least recent"), cuts: &cuts.recency_days
        };
    let frequency = Scale {
        letter: 'F',
        best: ("最多", "most frequent"),
        worst: ("最少", "least frequent"),
        cuts: &cuts.frequency,
    };
    let monetary = Scale {
        letter: 'M',
        best: ("最高", "highest-spending"),
        worst: ("最低", "lowest-spending"),
        cuts: &cuts.monetary,
    };
    let lines = [
        recency.line(scores.r, cuts, days, recency.days_band(scores.r)),
        frequency.line(scores.f, cuts, orders, frequency.orders_band(scores.f)),
        monetary.line(scores.m, cuts, spent, monetary.money_band(scores.m, currency)),
        segment_line(scores, rules),
        tier_line(scores, rules),
    ];
    let (zh, en) = lines.into_iter().unzip();
    Why { zh, en }
}

/// A text in Chinese and in English.
type Both = (String, String);

/// Words and cuts of one of the three values.
struct Scale<'a> {
    letter: char,
    best: (&'static str, &'static str),
    worst: (&'static str, &'static str),
    cuts: &'a Dimension,
}

impl Scale<'_> {
    /// Limit that the score had to reach, and limit of the next better score; `None` where there is none.
    fn limits(&self, score: u8) -> (Option<i64>, Option<i64>) {
        let limit = |score: u8| match score {
            2..=5 => self.cuts.limits[usize::from(5 - score)],
            _ => None,
        };
        (limit(score), limit(score + 1))
    }

    fn days_band(&self, score: u8) -> Option<Both> {
        Some(match self.limits(score) {
            (None, None) => return None,
            (Some(most), None) => (format!("≤ {} 天", count(most)), format!("≤ {} days", count(most))),
            (None, Some(better)) => (format!("> {} 天", count(better)), format!("> {} days", count(better))),
            (Some(most), Some(better)) => span(better.saturating_add(1), most, "天", "days"),
        })
    }

    fn orders_band(&self, score: u8) -> Option<Both> {
        Some(match self.limits(score) {
            (None, None) => return None,
            (Some(least), None) => (format!("≥ {} 次", count(least)), format!("≥ {} orders", count(least))),
            (None, Some(better)) => (format!("< {} 次", count(better)), format!("< {} orders", count(better))),
            (Some(least), Some(better)) => span(least, better.saturating_sub(1), "次", "orders"),
        })
    }

    fn money_band(&self, score: u8, currency: &str) -> Option<Both> {
        let money = |minor| money(minor, currency);
        Some(match self.limits(score) {
            (None, None) => return None,
            (Some(least), None) => (format!("≥ {}", money(least)), format!("≥ {}", money(least))),
            (None, Some(better)) => (format!("< {}", money(better)), format!("< {}", money(better))),
            (Some(least), Some(better)) => {
                let (least, better) = (money(least), money(better));
                (format!("≥ {least} 且 < {better}"), format!("≥ {least} and < {better}"))
            }
        })
    }

    fn line(&self, score: u8, cuts: &Cuts, fact: Both, band: Option<Both>) -> Both {
        let head_zh = format!("{}={score}：{}", self.letter, fact.0);
        let head_en = format!("{}={score}: {}", self.letter, fact.1);
        let Some((band_zh, band_en)) = band else {
            return (
                format!("{head_zh}，客户之间差别太小，分不出档"),
                format!("{head_en}; customers differ too little to be told apart"),
            );
        };
        if cuts.mode == Mode::Thresholds {
            return (format!("{head_zh}（{score} 分：{band_zh}）"), format!("{head_en} (score {score}: {band_en})"));
        }
        let n_here = self.cuts.n_at[usize::from(score.clamp(1, 5)) - 1];
        let n_above = self.cuts.n_above(score);
        let share = |n: u64| percent(i128::from(n), i128::from(cuts.n_customers));
        let (best_zh, best_en) = self.best;
        let (place_zh, place_en) = if score == 1 {
            let (worst_zh, worst_en) = self.worst;
            let here = share(n_here);
            (format!("落在{worst_zh}的 {here}"), format!("among the {worst_en} {here}"))
        } else if n_above == 0 {
            let here = share(n_here);
            (format!("落在{best_zh}的 {here}"), format!("among the {best_en} {here}"))
        } else {
            let (from, to) = (share(n_above), share(n_above + n_here));
            (format!("落在{best_zh}的 {from}～{to}"), format!("between the {best_en} {from} and {to}"))
        };
        (format!("{head_zh}，{place_zh}（{band_zh}）"), format!("{head_en}, {place_en} ({band_en})"))
    }
}

fn span(from: i64, to: i64, unit_zh: &str, unit_en: &str) -> Both {
    if from >= to {
        return (
            format!("{} {unit_zh}", count(to)),
            format!("{} {}", count(to), if to == 1 { unit_en.trim_end_matches('s') } else { unit_en }),
        );
    }
    let (from, to) = (count(from), count(to));
    (format!("{from}～{to} {unit_zh}"), format!("{from}–{to} {unit_en}"))
}

fn segment_line(scores: Scores, rules: &Rules) -> Both {
    let cell = [scores.r, scores.f, scores.m];
    let rule = rules.segments.iter().find(|rule| rule.segment == scores.segment && rule.when.holds(cell));
    let (zh, en) = rule.map_or_else(Both::default, |rule| {
        let (zh, en) = words(&rule.when);
        (format!("（{zh}）"), format!(" ({en})"))
    });
    (format!("分群：{}{zh}", scores.segment.zh()), format!("segment: {}{en}", scores.segment.en()))
}

fn tier_line(scores: Scores, rules: &Rules) -> Both {
    let cell = [scores.r, scores.f, scores.m];
    let rule = rules.tiers.iter().enumerate().find(|(_, rule)| rule.when.holds(cell));
    let rule = rule.filter(|(_, rule)| rule.tier == scores.tier);
    let (zh, en) = rule.map_or_else(Both::default, |(at, rule)| {
        let (zh, en) = words(&rule.when);
        (format!("（第 {} 条规则：{zh}）", at + 1), format!(" (rule {}: {en})", at + 1))
    });
    (format!("层级：{}{zh}", scores.tier.zh()), format!("tier: {}{en}", scores.tier.en()))
}

/// A condition in words; scores that may be any are left out.
fn words(when: &Condition) -> Both {
    let parts =
        [("R", "R", Some(when.r)), ("F", "F", Some(when.f)), ("M", "M", Some(when.m)), ("合计", "sum", when.sum)];
    let mut zh = Vec::new();
    let mut en = Vec::new();
    for (name_zh, name_en, range) in parts {
        match range {
            None | Some(Range::ANY) => {}
            Some(Range { from, to }) if from == to => {
                zh.push(format!("{name_zh} {from}"));
                en.push(format!("{name_en} {from}"));
            }
            Some(Range { from, to }) => {
                zh.push(format!("{name_zh} {from}～{to}"));
                en.push(format!("{name_en} {from}–{to}"));
            }
        }
    }
    if zh.is_empty() {
        return ("其余情况".to_owned(), "everything else".to_owned());
    }
    (zh.join("、"), en.join(", "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rfm::{Input, score};

    const ROWS: [(i64, i64, i64); 10] = [
        (3, 12, 1_284_000),
        (12, 8, 500_000),
        (40, 8, 210_050),
        (41, 4, 80_000),
        (70, 2, 60_000),
        (90, 2, 51_000),
        (120, 1, 50_000),
        (200, 1, 12_000),
        (300, 1, 900),
        (0, 1, -900),
    ];

    fn explain(mode: Mode, at: usize, rows: &[(i64, i64, i64)]) -> (Why, Cuts) {
        let rules = Rules { mode, ..Rules::default() };
        let [r, f, m] = [0, 1, 2].map(|at| rows.iter().map(|row| [row.0, row.1, row.2][at]).collect::<Vec<_>>());
        let scored = score(Input { recency_days: &r, frequency: &f, monetary: &m }, &rules).unwrap();
        let one = One { recency_days: r[at], frequency: f[at], monetary: m[at] };
        let (segment, tier) = (scored.segment[at], scored.tier[at]);
        let scores = Scores { r: scored.r[at], f: scored.f[at], m: scored.m[at], segment, tier };
        (why(one, scores, &scored.cuts, &rules, "CNY"), scored.cuts)
    }

    #[test]
    fn quantiles_in_words() {
        let (best, _) = explain(Mode::Quantile, 0, &ROWS);
        assert_eq!(
            best.zh,
            [
                "R=5：最近一次下单在 3 天前，落在最近的 20%（≤ 3 天）",
                "F=5：下单 12 次，落在最多的 10%（≥ 12 次）",
                "M=5：累计消费 ¥12,840，落在最高的 20%（≥ ¥5,000）",
                "分群：重要价值（R 4～5、F 4～5、M 4～5）",
                "层级：核心（第 1 条规则：R 4～5、F 3～5、M 4～5）",
            ]
        );
        let (middle, _) = explain(Mode::Quantile, 4, &ROWS);
        assert_eq!(
            middle.en,
            [
                "R=3: last order 70 days ago, between the most recent 40% and 60% (41–70 days)",
                "F=3: 2 orders, between the most frequent 40% and 60% (2–3 orders)",
                "M=3: spent ¥600 in all, between the highest-spending 40% and 60% (≥ ¥510 and < ¥800)",
                "segment: lost (R 1–3, F 1–3, M 1–3)",
                "tier: potential (rule 4: R 3–5, F 3–5)",
            ]
        );
        let (last, _) = explain(Mode::Quantile, 8, &ROWS);
        assert_eq!(
            last.zh[..2],
            ["R=1：最近一次下单在 300 天前，落在最久的 20%（> 120 天）", "F=1：下单 1 次，落在最少的 40%（< 2 次）"]
        );
    }

    #[test]
    fn thresholds_in_words() {
        let (why, _) = explain(Mode::Thresholds, 2, &ROWS);
        assert_eq!(
            why.zh[..3],
            [
                "R=4：最近一次下单在 40 天前（4 分：31～60 天）",
                "F=4：下单 8 次（4 分：7～9 次）",
                "M=3：累计消费 ¥2,100.50（3 分：≥ ¥2,000 且 < ¥5,000）",
            ]
        );
    }

    #[test]
    fn equal_customers_cannot_be_told_apart() {
        let (why, _) = explain(Mode::Quantile, 0, &[(1, 1, 100); 3]);
        assert_eq!(why.en[0], "R=1: last order 1 day ago; customers differ too little to be told apart");
        assert_eq!(why.zh[4], "层级：一般（第 6 条规则：其余情况）");
    }

    proptest! {
        /// The band that is named holds the value, and no other score's band does.
        #[test]
        fn bands_agree_with_scores(values in proptest::collection::vec(0..40_i64, 1..60), is_quantile: bool) {
            let rows: Vec<_> = values.iter().map(|&value| (value, value, value)).collect();
            let mode = if is_quantile { Mode::Quantile } else { Mode::Thresholds };
            let (_, cuts) = explain(mode, 0, &rows);
            for &value in &values {
                let scores = cuts.scores(value, value, value);
                for (at, dimension) in [&cuts.recency_days, &cuts.frequency, &cuts.monetary].into_iter().enumerate() {
                    let scale = Scale { letter: 'X', best: ("", ""), worst: ("", ""), cuts: dimension };
                    let fits: Vec<u8> = (1..=5)
                        .filter(|&score| {
                            let (own, better) = scale.limits(score);
                            let reaches = |limit| if at == 0 { value <= limit } else { value >= limit };
                            let has_own = score == 1 || own.is_some_and(reaches);
                            has_own && !better.is_some_and(reaches)
                        })
                        .collect();
                    prop_assert_eq!(fits, vec![scores[at]]);
                }
            }
        }
    }
}

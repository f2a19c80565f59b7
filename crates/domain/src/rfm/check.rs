//! Proof that rules give every combination of scores exactly one segment and one tier.

use std::collections::BTreeMap;

use super::rules::{Condition, Range, Rules, Segment, Tier};

/// Combinations of three scores from 1 to 5.
const N_CELLS: usize = 125;

/// What is wrong with rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// First combination (R, F, M) concerned; `None` when the problem is not about one.
    pub cell: Option<[u8; 3]>,
    /// Number of combinations concerned.
    pub n_cells: usize,
    /// The problem in Chinese.
    pub zh: String,
    /// The problem in English.
    pub en: String,
}

/// Rules that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the RFM rules do not hold together: {}", .0.iter().map(|problem| problem.en.as_str()).collect::<Vec<_>>().join("; "))]
pub struct InvalidRules(pub Vec<Problem>);

/// Segment and tier of every combination of scores; only valid rules have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    segments: [Segment; N_CELLS],
    tiers: [Tier; N_CELLS],
}

impl Grid {
    /// Place of a combination.
    pub(super) const fn at([r, f, m]: [u8; 3]) -> usize {
        (r as usize - 1) * 25 + (f as usize - 1) * 5 + (m as usize - 1)
    }

    /// Segment of scores (R, F, M).
    ///
    /// # Panics
    /// When a score is outside 1 to 5.
    pub fn segment(&self, scores: [u8; 3]) -> Segment {
        self.segments[Self::at(scores)]
    }

    /// Tier of scores (R, F, M).
    ///
    /// # Panics
    /// When a score is outside 1 to 5.
    pub fn tier(&self, scores: [u8; 3]) -> Tier {
        self.tiers[Self::at(scores)]
    }

    pub(super) fn parts(&self) -> (&[Segment; N_CELLS], &[Tier; N_CELLS]) {
        (&self.segments, &self.tiers)
    }
}

/// All combinations (R, F, M), in the order of [`Grid::at`].
pub(super) fn cells() -> impl Iterator<Item = [u8; 3]> {
    (1..=5).flat_map(|r| (1..=5).flat_map(move |f| (1..=5).map(move |m| [r, f, m])))
}

impl Rules {
    /// What is wrong with the rules; nothing when they can be used.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check_thresholds(&mut problems);
        for (number, rule) in (1..).zip(&self.segments) {
            check_ranges("分群", "segment", number, &rule.when, &mut problems);
        }
        for (number, rule) in (1..).zip(&self.tiers) {
            check_ranges("层级", "tier", number, &rule.when, &mut problems);
        }
        self.check_segments(&mut problems);
        self.check_tiers(&mut problems);
        problems
    }

    /// Segment and tier of every combination of scores.
    ///
    /// # Errors
    /// When [`Rules::validate`] finds a problem.
    pub fn grid(&self) -> Result<Grid, InvalidRules> {
        let problems = self.validate();
        if !problems.is_empty() {
            return Err(InvalidRules(problems));
        }
        let mut grid = Grid { segments: [Segment::Lost; N_CELLS], tiers: [Tier::General; N_CELLS] };
        for cell in cells() {
            for rule in self.segments.iter().filter(|rule| rule.when.holds(cell)) {
                grid.segments[Grid::at(cell)] = rule.segment;
            }
            if let Some(rule) = self.tiers.iter().find(|rule| rule.when.holds(cell)) {
                grid.tiers[Grid::at(cell)] = rule.tier;
            }
        }
        Ok(grid)
    }

    fn check_thresholds(&self, problems: &mut Vec<Problem>) {
        let limits = &self.thresholds;
        let lists = [
            ("recency_days", limits.recency_days.is_sorted_by(|a, b| a < b), "递增", "ascending"),
            ("frequency", limits.frequency.is_sorted_by(|a, b| a > b), "递减", "descending"),
            ("monetary", limits.monetary.is_sorted_by(|a, b| a > b), "递减", "descending"),
        ];
        for (name, is_sorted, zh, en) in lists {
            if !is_sorted {
                problems.push(Problem {
                    cell: None,
                    n_cells: 0,
                    zh: format!("阈值 {name} 必须严格{zh}（依次对应 5、4、3、2 分）"),
                    en: format!("thresholds {name} must be strictly {en} (for the scores 5, 4, 3, 2)"),
                });
            }
        }
    }

    fn check_segments(&self, problems: &mut Vec<Problem>) {
        let mut gap = Vec::new();
        let mut overlaps: BTreeMap<(usize, usize), Vec<[u8; 3]>> = BTreeMap::new();
        for cell in cells() {
            let mut hits = (0..self.segments.len()).filter(|&at| self.segments[at].when.holds(cell));
            match (hits.next(), hits.next()) {
                (None, _) => gap.push(cell),
                (Some(_), None) => {}
                (Some(first), Some(second)) => overlaps.entry((first, second)).or_default().push(cell),
            }
        }
        report(problems, &gap, "不属于任何分群", "in no segment");
        for ((first, second), cells) in overlaps {
            let name = |at: usize| (at + 1, self.segments[at].segment);
            let ((n1, s1), (n2, s2)) = (name(first), name(second));
            let zh = format!("同时属于第 {n1} 条分群规则“{}”和第 {n2} 条“{}”", s1.zh(), s2.zh());
            let en = format!("in segment rule {n1} ({s1}) and in rule {n2} ({s2})");
            report(problems, &cells, &zh, &en);
        }
    }

    fn check_tiers(&self, problems: &mut Vec<Problem>) {
        let mut gap = Vec::new();
        let mut decides = vec![false; self.tiers.len()];
        for cell in cells() {
            match self.tiers.iter().position(|rule| rule.when.holds(cell)) {
                Some(at) => decides[at] = true,
                None => gap.push(cell),
            }
        }
        report(problems, &gap, "不属于任何层级", "in no tier");
        for (at, rule) in self.tiers.iter().enumerate().filter(|&(at, _)| !decides[at]) {
            let first = cells().find(|&cell| rule.when.holds(cell));
            let number = at + 1;
            let (zh, en) = match first {
                Some([r, f, m]) => (
                    format!("：它的组合（如 R={r} F={f} M={m}）都已被前面的规则决定"),
                    format!(": earlier rules decide all its combinations (such as R={r} F={f} M={m})"),
                ),
                None => ("：没有符合的组合".to_owned(), ": no combination meets it".to_owned()),
            };
            problems.push(Problem {
                cell: first,
                n_cells: cells().filter(|&cell| rule.when.holds(cell)).count(),
                zh: format!("第 {number} 条层级规则“{}”不起作用{zh}", rule.tier.zh()),
                en: format!("tier rule {number} ({}) never decides{en}", rule.tier),
            });
        }
    }
}

fn report(problems: &mut Vec<Problem>, cells: &[[u8; 3]], zh: &str, en: &str) {
    let Some(&[r, f, m]) = cells.first() else { return };
    let n_cells = cells.len();
    let (more_zh, more_en) = match n_cells {
        1 => (String::new(), " is".to_owned()),
        n => (format!(" 等 {n} 种组合"), format!(" and {} more are", n - 1)),
    };
    problems.push(Problem {
        cell: Some([r, f, m]),
        n_cells,
        zh: format!("R={r} F={f} M={m}{more_zh} {zh}"),
        en: format!("R={r} F={f} M={m}{more_en} {en}"),
    });
}

fn check_ranges(kind_zh: &str, kind_en: &str, number: usize, when: &Condition, problems: &mut Vec<Problem>) {
    let mut check = |name: &str, Range { from, to }: Range, low: u8, high: u8| {
        if from < low || to > high || from > to {
            problems.push(Problem {
                cell: None,
                n_cells: 0,
                zh: format!("第 {number} 条{kind_zh}规则的 {name} 范围 [{from}, {to}] 不在 {low}～{high} 之内"),
                en: format!("{kind_en} rule {number}: {name} range [{from}, {to}] is not within {low} to {high}"),
            });
        }
    };
    check("r", when.r, 1, 5);
    check("f", when.f, 1, 5);
    check("m", when.m, 1, 5);
    if let Some(sum) = when.sum {
        check("sum", sum, 3, 15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rfm::rules::{SegmentRule, TierRule};

    #[test]
    fn default_rules_cover_every_cell_once() {
        let rules = Rules::default();
        assert_eq!(rules.validate(), []);
        let grid = rules.grid().unwrap();
        for cell in cells() {
            assert_eq!(rules.segments.iter().filter(|rule| rule.when.holds(cell)).count(), 1, "{cell:?}");
            let [r, f, m] = cell.map(|score| score >= 4);
            let expected = match (r, f, m) {
                (true, true, true) => Segment::Champions,
                (true, false, true) => Segment::PromisingValue,
                (false, true, true) => Segment::KeepValue,
                (false, false, true) => Segment::CantLose,
                (true, true, false) => Segment::LoyalLow,
                (true, false, false) => Segment::Promising,
                (false, true, false) => Segment::Slipping,
                (false, false, false) => Segment::Lost,
            };
            assert_eq!(grid.segment(cell), expected, "{cell:?}");
            let [r, f, m] = cell;
            let tier = match (f >= 3, f >= 3 || m >= 3) {
                (true, _) if r >= 4 && m >= 4 => Tier::Core,
                (_, true) if r <= 2 => Tier::AtRisk,
                (_, true) => Tier::Potential,
                (_, false) => Tier::General,
            };
            assert_eq!(grid.tier(cell), tier, "{cell:?}");
        }
    }

    #[test]
    fn any_cut_gives_valid_segments() {
        for r in 2..=5 {
            for f in 2..=5 {
                for m in 2..=5 {
                    let rules = Rules { segments: Rules::classic_segments([r, f, m]), ..Rules::default() };
                    assert_eq!(rules.validate(), []);
                }
            }
        }
        for cut in [0, 1, 6, 255] {
            let rules = Rules { segments: Rules::classic_segments([cut, 4, 4]), ..Rules::default() };
            assert!(!rules.validate().is_empty(), "{cut}");
        }
    }

    #[test]
    fn problems_name_the_cell() {
        let mut rules = Rules::default();
        rules.segments.remove(0);
        let high = Range::at_least(5);
        let extra = Condition { r: high, f: high, m: Range::new(1, 1), sum: None };
        rules.segments.push(SegmentRule { segment: Segment::Lost, when: extra });
        rules.tiers.pop();
        rules.tiers.push(TierRule { tier: Tier::Core, when: Condition { r: high, f: high, m: high, sum: None } });
        rules.thresholds.frequency = [10, 7, 7, 2];
        let problems = rules.validate();
        let zh: Vec<&str> = problems.iter().map(|problem| problem.zh.as_str()).collect();
        assert_eq!(
            zh,
            [
                "阈值 frequency 必须严格递减（依次对应 5、4、3、2 分）",
                "R=4 F=4 M=4 等 8 种组合 不属于任何分群",
                "R=5 F=5 M=1 同时属于第 4 条分群规则“一般价值”和第 8 条“一般挽留”",
                "R=1 F=1 M=1 等 20 种组合 不属于任何层级",
                "第 6 条层级规则“核心”不起作用：它的组合（如 R=5 F=5 M=5）都已被前面的规则决定",
            ]
        );
        assert_eq!(problems[2].en, "R=5 F=5 M=1 is in segment rule 4 (loyal_low) and in rule 8 (lost)");
        assert_eq!(problems[3].cell, Some([1, 1, 1]));
        assert!(rules.grid().unwrap_err().to_string().contains("R=4 F=4 M=4 and 7 more are in no segment"));
    }
}

//! The rules of RFM as data.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How values become scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// By rank among all customers: a fifth of them for each score, ties together. Fits any trade and currency.
    #[default]
    Quantile,
    /// By fixed limits.
    Thresholds,
}

impl Mode {
    /// Name in tables and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quantile => "quantile",
            Self::Thresholds => "thresholds",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Fixed limits, each list for the scores 5, 4, 3 and 2; what meets none of them gets 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// At most so many days since the last order; ascending.
    pub recency_days: [i64; 4],
    /// At least so many orders; descending.
    pub frequency: [i64; 4],
    /// At least so much money; descending. **Units**: minor units here, decimal text in JSON.
    #[serde(with = "super::decimal")]
    pub monetary: [i64; 4],
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            recency_days: [30, 60, 90, 180],
            frequency: [10, 7, 4, 2],
            monetary: [1_000_000, 500_000, 200_000, 50_000],
        }
    }
}

/// Scores from `from` to `to`, both included; `[4, 5]` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "(u8, u8)", into = "(u8, u8)")]
pub struct Range {
    /// Lowest score.
    pub from: u8,
    /// Highest score.
    pub to: u8,
}

impl Range {
    /// Any score.
    pub const ANY: Self = Self::new(1, 5);

    /// Scores from `from` to `to`.
    pub const fn new(from: u8, to: u8) -> Self {
        Self { from, to }
    }

    /// Scores of at least `from`.
    pub const fn at_least(from: u8) -> Self {
        Self::new(from, 5)
    }

    /// Scores of at most `to`.
    pub const fn at_most(to: u8) -> Self {
        Self::new(1, to)
    }

    /// Whether a score lies inside.
    pub const fn contains(self, score: u8) -> bool {
        self.from <= score && score <= self.to
    }

    fn is_any(&self) -> bool {
        *self == Self::ANY
    }
}

impl Default for Range {
    fn default() -> Self {
        Self::ANY
    }
}

impl From<(u8, u8)> for Range {
    fn from((from, to): (u8, u8)) -> Self {
        Self { from, to }
    }
}

impl From<Range> for (u8, u8) {
    fn from(range: Range) -> Self {
        (range.from, range.to)
    }
}

/// What the three scores must be; a score that is left out may be any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Recency score.
    #[serde(default, skip_serializing_if = "Range::is_any")]
    pub r: Range,
    /// Frequency score.
    #[serde(default, skip_serializing_if = "Range::is_any")]
    pub f: Range,
    /// Monetary score.
    #[serde(default, skip_serializing_if = "Range::is_any")]
    pub m: Range,
    /// Sum of the three, 3 to 15.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<Range>,
}

impl Condition {
    /// Whether the scores meet it.
    pub const fn holds(&self, [r, f, m]: [u8; 3]) -> bool {
        let sum_holds = match self.sum {
            Some(sum) => sum.contains(r + f + m),
            None => true,
        };
        self.r.contains(r) && self.f.contains(f) && self.m.contains(m) && sum_holds
    }
}

macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $( $(#[$doc:meta])* $variant:ident $code:literal $zh:literal $en:literal; )* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum $name { $( $(#[$doc])* $variant, )* }

        impl $name {
            /// All of them, in the order in which they are shown.
            pub const ALL: &[Self] = &[$( Self::$variant, )*];

            /// Name in tables, in Chinese, in English.
            pub const WORDS: &[(&str, &str, &str)] = &[$( ($code, $zh, $en), )*];

            /// Name in tables and JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $code, )* }
            }

            /// The one of a name.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $( $code => Some(Self::$variant), )* _ => None }
            }

            /// Name in Chinese.
            pub const fn zh(self) -> &'static str {
                match self { $( Self::$variant => $zh, )* }
            }

            /// Name in English.
            pub const fn en(self) -> &'static str {
                match self { $( Self::$variant => $en, )* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

named! {
    /// One of the eight classic groups.
    Segment {
        /// Recent, frequent, valuable.
        Champions "champions" "重要价值" "champions";
        /// Recent, seldom, valuable.
        PromisingValue "promising_value" "重要发展" "high-value, build frequency";
        /// Quiet, frequent, valuable.
        KeepValue "keep_value" "重要保持" "high-value, keep";
        /// Quiet, seldom, valuable.
        CantLose "cant_lose" "重要挽留" "can't lose";
        /// Recent, frequent, spends little.
        LoyalLow "loyal_low" "一般价值" "loyal, low spend";
        /// Recent, seldom, spends little.
        Promising "promising" "一般发展" "promising";
        /// Quiet, frequent, spends little.
        Slipping "slipping" "一般保持" "slipping";
        /// Quiet, seldom, spends little.
        Lost "lost" "一般挽留" "lost";
    }
}

named! {
    /// How much attention a customer is due.
    Tier {
        /// Valuable and buying now.
        Core "core" "核心" "core";
        /// Buying now, and frequent or valuable enough to grow.
        Potential "potential" "潜力" "potential";
        /// Everybody else.
        General "general" "一般" "general";
        /// Was frequent or valuable, has gone quiet.
        AtRisk "at_risk" "流失风险" "at risk";
    }
}

/// The scores that make up a segment, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentRule {
    /// The segment.
    pub segment: Segment,
    /// The scores.
    pub when: Condition,
}

/// One step of the list that gives the tier: the first rule that holds decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierRule {
    /// The tier.
    pub tier: Tier,
    /// The scores.
    pub when: Condition,
}

/// Everything that turns values into scores, segments and tiers; editable and kept by version.
///
/// The default tiers, the first that holds:
///
/// | Tier | R | F | M | Meaning |
/// |---|---|---|---|---|
/// | core | 4–5 | 3–5 | 4–5 | valuable, bought several times, bought lately |
/// | at_risk | 1–2 | 3–5 | any | came often, has gone quiet |
/// | at_risk | 1–2 | any | 3–5 | spent much, has gone quiet |
/// | potential | 3–5 | 3–5 | any | still comes, often |
/// | potential | 3–5 | any | 3–5 | still comes, spends well |
/// | general | any | any | any | the rest: newcomers, small buyers, small buyers who left |
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Version of these rules; every change makes a new one.
    pub version: u32,
    /// How values become scores.
    pub mode: Mode,
    /// Limits of [`Mode::Thresholds`].
    pub thresholds: Thresholds,
    /// The eight groups; no combination of scores may be left out or named twice.
    pub segments: Vec<SegmentRule>,
    /// The four tiers; the first rule that holds decides, and every rule must decide something.
    pub tiers: Vec<TierRule>,
}

impl Rules {
    /// The eight groups from one cut per dimension: a score of at least the cut is high.
    pub fn classic_segments([r, f, m]: [u8; 3]) -> Vec<SegmentRule> {
        let side = |is_high: bool, cut: u8| {
            if is_high { Range::at_least(cut) } else { Range::at_most(cut.saturating_sub(1)) }
        };
        let rule = |segment, r_high, f_high, m_high| {
            let when = Condition { r: side(r_high, r), f: side(f_high, f), m: side(m_high, m), sum: None };
            SegmentRule { segment, when }
        };
        vec![
            rule(Segment::Champions, true, true, true),
            rule(Segment::PromisingValue, true, false, true),
            rule(Segment::KeepValue, false, true, true),
            rule(Segment::CantLose, false, false, true),
            rule(Segment::LoyalLow, true, true, false),
            rule(Segment::Promising, true, false, false),
            rule(Segment::Slipping, false, true, false),
            rule(Segment::Lost, false, false, false),
        ]
    }

    fn default_tiers() -> Vec<TierRule> {
        let any = Condition::default();
        let (recent, quiet) = (Range::at_least(3), Range::at_most(2));
        let high = Range::at_least(3);
        let core = Condition { r: Range::at_least(4), f: high, m: Range::at_least(4), sum: None };
        vec![
            TierRule { tier: Tier::Core, when: core },
            TierRule { tier: Tier::AtRisk, when: Condition { r: quiet, f: high, ..any } },
            TierRule { tier: Tier::AtRisk, when: Condition { r: quiet, m: high, ..any } },
            TierRule { tier: Tier::Potential, when: Condition { r: recent, f: high, ..any } },
            TierRule { tier: Tier::Potential, when: Condition { r: recent, m: high, ..any } },
            TierRule { tier: Tier::General, when: any },
        ]
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            version: 1,
            mode: Mode::default(),
            thresholds: Thresholds::default(),
            segments: Self::classic_segments([4, 4, 4]),
            tiers: Self::default_tiers(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_back_from_json() {
        let rules = Rules::default();
        let json = serde_json::to_value(&rules).unwrap();
        assert_eq!(json["thresholds"]["monetary"], serde_json::json!(["10000.00", "5000.00", "2000.00", "500.00"]));
        assert_eq!(json["tiers"][1], serde_json::json!({"tier": "at_risk", "when": {"r": [1, 2], "f": [3, 5]}}));
        assert_eq!(serde_json::from_value::<Rules>(json).unwrap(), rules);
        let short: Rules = serde_json::from_str(r#"{"version": 2, "mode": "thresholds"}"#).unwrap();
        assert_eq!(short, Rules { version: 2, mode: Mode::Thresholds, ..rules });
    }

    #[test]
    fn unknown_fields_and_floating_money_are_refused() {
        assert!(serde_json::from_str::<Rules>(r#"{"versions": 2}"#).is_err());
        assert!(serde_json::from_str::<Thresholds>(r#"{"monetary": [1.5, 1, 1, 1]}"#).is_err());
        assert!(serde_json::from_str::<Condition>(r#"{"r": [4, 5], "g": [1, 2]}"#).is_err());
    }

    #[test]
    fn names_read_back() {
        for &segment in Segment::ALL {
            assert_eq!(Segment::parse(segment.as_str()), Some(segment));
            assert_eq!(serde_json::to_value(segment).unwrap(), segment.as_str());
        }
        for &tier in Tier::ALL {
            assert_eq!(Tier::parse(tier.as_str()), Some(tier));
            assert_eq!(serde_json::to_value(tier).unwrap(), tier.as_str());
        }
    }
}

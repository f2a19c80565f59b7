//! Which of several statements about a field stands: the rules of the golden record.
//!
//! Files and messages state the same fields of one person and do not agree. A rule names the statement that the profile
//! shows; the others are kept and shown beside it. Rules are data: one per field, and one for all others.
//!
//! | Rule | First come |
//! |---|---|
//! | `verified` | messages of senders that prove who people are, then files, then anybody's |
//! | `most_trusted` | the sources in the order named, then all others as by `verified` |
//! | `most_frequent` | values that most sources state; of equally many as by `verified` |
//! | `newest` | all alike |
//!
//! Of those that come first the newest stands. **Ties**: of two at one instant the one of the better standing, then the greater
//! message id (or the later row of a file), then the greater source name, then the greater value. A statement that a field
//! was taken away counts like a value, but has no vote in `most_frequent` while anybody states one.
//!
//! - **INV-GOLDEN-1**: the order of statements, and repeating one, changes nothing.
//! - **INV-GOLDEN-2**: a field of which one statement is known shows it, whatever the rule.
//! - **INV-GOLDEN-3**: by `verified`, `most_trusted` with none of its sources listed, and among equally many, an unproven
//!   statement never stands where a file or a proven sender says something.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Fields that a rule can be about; attributes are named `traits.<name>`.
pub const FIELDS: [&str; 11] = [
    "name",
    "address",
    "birthday",
    "kind",
    "gender",
    "country",
    "province",
    "city",
    "member_level",
    "registered_on",
    "acquisition_channel",
];
/// What stands before the name of an attribute.
pub const TRAIT: &str = "traits.";
/// Rules at most, sources of one at most.
const MAX_RULES: usize = 200;
const MAX_SOURCES: usize = 50;

/// How far what a statement says of whom is proven; the better the smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A message of a sender that proves who people are.
    Proven,
    /// A row of a file that somebody loaded.
    Loaded,
    /// A message that anybody could have sent, or one about a visitor.
    Unproven,
}

impl Standing {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Loaded => "loaded",
            Self::Unproven => "unproven",
        }
    }
}

/// What decides between statements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Who is proven first.
    #[default]
    Verified,
    /// The newest.
    Newest,
    /// A list of sources.
    MostTrusted,
    /// How many sources say so.
    MostFrequent,
}

impl By {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Newest => "newest",
            Self::MostTrusted => "most_trusted",
            Self::MostFrequent => "most_frequent",
        }
    }
}

/// The rule of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What decides.
    pub by: By,
    /// With `most_trusted` the sources, the most trusted first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
}

/// The rules of the golden record; editable and kept by version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Of fields without a rule of their own.
    pub default: Rule,
    /// By field.
    pub fields: BTreeMap<String, Rule>,
}

/// A rule that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{en}")]
pub struct RuleProblem {
    /// The field; the default when missing.
    pub field: Option<String>,
    /// The problem in Chinese.
    pub zh: String,
    /// The problem in English.
    pub en: String,
}

/// A statement about a field, as far as it decides which one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Who states it.
    pub source: &'a str,
    /// When, in microseconds.
    pub at: i64,
    /// The message, or the row of the load; tells statements of one instant apart.
    pub by: &'a str,
    /// How far it is proven.
    pub standing: Standing,
    /// The value as text; `None` when it was taken away.
    pub value: Option<&'a str>,
}

/// Which statement stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The one that stands.
    pub winner: usize,
    /// Those that come first by the rule, the winner among them, in the order given; with `most_frequent` those of its value.
    pub first: Vec<usize>,
}

impl Rules {
    /// The rule of a field.
    pub fn of(&self, field: &str) -> &Rule {
        // The year of birth follows the birthday.
        let field = if field == "birth_year" { "birthday" } else { field };
        self.fields.get(field).unwrap_or(&self.default)
    }

    /// What is wrong with the rules; nothing when they can be used.
    pub fn validate(&self) -> Vec<RuleProblem> {
        let mut problems = Vec::new();
        if self.fields.len() > MAX_RULES {
            problems.push(RuleProblem {
                field: None,
                zh: format!("字段规则最多 {MAX_RULES} 条"),
                en: format!("there are at most {MAX_RULES} rules of fields"),
            });
        }
        let of_fields = self.fields.iter().map(|(field, rule)| (Some(field.as_str()), rule));
        for (field, rule) in std::iter::once((None, &self.default)).chain(of_fields) {
            let is_trait = |field: &str| field.strip_prefix(TRAIT).is_some_and(|name| !name.trim().is_empty());
            if let Some(field) = field.filter(|field| !FIELDS.contains(field) && !is_trait(field)) {
                problems.push(RuleProblem {
                    field: Some(field.to_owned()),
                    zh: format!("没有字段 {field}：可用 {}，或 {TRAIT}<属性名>", FIELDS.join("、")),
                    en: format!("there is no field {field}: use {}, or {TRAIT}<name>", FIELDS.join(", ")),
                });
            }
            problems.extend(rule.problem().map(|(zh, en)| {
                let of = field.unwrap_or("default");
                RuleProblem { field: field.map(str::to_owned), zh: format!("{of}：{zh}"), en: format!("{of}: {en}") }
            }));
        }
        problems
    }
}

impl Rule {
    fn problem(&self) -> Option<(String, String)> {
        let is_list = self.by == By::MostTrusted;
        let distinct: BTreeSet<&str> = self.sources.iter().map(String::as_str).collect();
        let (zh, en) = match () {
            () if is_list && self.sources.is_empty() => {
                ("most_trusted 须在 sources 中按可信程度列出来源", "most_trusted needs sources, the most trusted first")
            }
            () if !is_list && !self.sources.is_empty() => {
                ("sources 只用于 most_trusted", "sources go with most_trusted alone")
            }
            () if self.sources.iter().any(|source| source.trim().is_empty()) => {
                ("sources 中有空的来源名", "a source has no name")
            }
            () if distinct.len() < self.sources.len() => ("sources 中有重复的来源", "a source is named twice"),
            () if self.sources.len() > MAX_SOURCES => {
                return Some((
                    format!("sources 最多 {MAX_SOURCES} 个来源"),
                    format!("sources are at most {MAX_SOURCES}"),
                ));
            }
            () => return None,
        };
        Some((zh.to_owned(), en.to_owned()))
    }

    /// The statement that stands; `None` of none.
    pub fn choose(&self, candidates: &[Candidate<'_>]) -> Option<Choice> {
        // Sources that state each value.
        let mut votes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        if self.by == By::MostFrequent {
            for (value, source) in candidates.iter().filter_map(|one| Some((one.value?, one.source))) {
                votes.entry(value).or_default().insert(source);
            }
        }
        let rank = |one: &Candidate<'_>| -> (usize, usize) {
            let standing = one.standing as usize;
            match self.by {
                By::Newest => (0, 0),
                By::Verified => (0, standing),
                By::MostTrusted => match self.sources.iter().position(|source| source == one.source) {
                    Some(at) => (at, 0),
                    None => (self.sources.len(), standing),
                },
                By::MostFrequent => {
                    let n = one.value.and_then(|value| votes.get(value)).map_or(0, BTreeSet::len);
                    (usize::MAX - n, standing)
                }
            }
        };
        let order = |at: usize| {
            let one = &candidates[at];
            (rank(one), Reverse(one.at), one.standing, Reverse(one.by), Reverse(one.source), Reverse(one.value))
        };
        let winner = (0..candidates.len()).reduce(|best, at| if order(at) < order(best) { at } else { best })?;
        let best = &candidates[winner];
        let is_first = |one: &Candidate<'_>| match self.by {
            By::MostFrequent => one.value == best.value,
            _ => rank(one) == rank(best),
        };
        let first = (0..candidates.len()).filter(|&at| is_first(&candidates[at])).collect();
        Some(Choice { winner, first })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said<'a>(source: &'a str, at: i64, standing: Standing, value: Option<&'a str>) -> Candidate<'a> {
        Candidate { source, at, by: "", standing, value }
    }

    #[track_caller]
    fn check(rule: &str, candidates: &[Candidate<'_>], expected: Option<&str>) {
        let rule: Rule = serde_json::from_str(rule).unwrap();
        let choice = rule.choose(candidates).unwrap();
        assert_eq!(candidates[choice.winner].value, expected, "{rule:?}");
        assert!(choice.first.contains(&choice.winner));
    }

    #[test]
    fn each_rule_names_its_statement() {
        use Standing::{Loaded, Proven, Unproven};
        let all = [
            said("page", 9, Unproven, Some("广州市")),
            said("crm", 5, Loaded, Some("杭州市")),
            said("erp", 6, Loaded, Some("苏州市")),
            said("till", 3, Proven, Some("杭州市")),
        ];
        check(r#"{"by": "newest"}"#, &all, Some("广州市"));
        check(r#"{"by": "verified"}"#, &all, Some("杭州市"));
        check(r#"{"by": "verified"}"#, &all[..3], Some("苏州市"));
        check(r#"{"by": "most_trusted", "sources": ["erp", "crm"]}"#, &all, Some("苏州市"));
        check(r#"{"by": "most_trusted", "sources": ["shop"]}"#, &all, Some("杭州市"));
        check(r#"{"by": "most_frequent"}"#, &all, Some("杭州市"));
        // One to one: the file, not the page.
        check(r#"{"by": "most_frequent"}"#, &all[..2], Some("杭州市"));
        let taken = [said("till", 8, Proven, None), said("crm", 9, Loaded, Some("杭州市"))];
        check(r#"{"by": "verified"}"#, &taken, None);
        check(r#"{"by": "most_frequent"}"#, &taken, Some("杭州市"));
        assert_eq!(Rule::default().choose(&[]), None);
    }

    #[test]
    fn rules_read_back_and_say_what_is_wrong() {
        assert_eq!(serde_json::to_string(&Rules::default()).unwrap(), r#"{"default":{"by":"verified"},"fields":{}}"#);
        let rules: Rules = serde_json::from_str(
            r#"{"fields": {"name": {"by": "most_trusted", "sources": ["crm"]}, "traits.level": {"by": "newest"}}}"#,
        )
        .unwrap();
        assert_eq!(rules.validate(), []);
        assert_eq!((rules.of("name").by, rules.of("city").by), (By::MostTrusted, By::Verified));
        for wrong in [
            r#"{"fields": {"name": {"by": "oldest"}}}"#,
            r#"{"sources": []}"#,
            r#"{"default": {"by": "newest", "x": 1}}"#,
        ] {
            assert!(serde_json::from_str::<Rules>(wrong).is_err(), "{wrong}");
        }
        let problem = |json: &str| {
            let problems = serde_json::from_str::<Rules>(json).unwrap().validate();
            problems.iter().map(|one| one.en.clone()).collect::<Vec<_>>().join("; ")
        };
        assert!(
            problem(r#"{"fields": {"surname": {"by": "newest"}}}"#).starts_with("there is no field surname: use name")
        );
        assert!(problem(r#"{"fields": {"traits.": {"by": "newest"}}}"#).starts_with("there is no field traits.:"));
        assert_eq!(
            problem(r#"{"default": {"by": "most_trusted"}, "fields": {"city": {"by": "newest", "sources": ["a"]}}}"#),
            "default: most_trusted needs sources, the most trusted first; city: sources go with most_trusted alone"
        );
        assert_eq!(
            problem(r#"{"fields": {"city": {"by": "most_trusted", "sources": ["a", "a"]}}}"#),
            "city: a source is named twice"
        );
    }

    #[test]
    fn the_year_of_birth_follows_the_birthday() {
        let rules: Rules = serde_json::from_str(r#"{"fields": {"birthday": {"by": "newest"}}}"#).unwrap();
        assert_eq!(rules.of("birth_year").by, By::Newest);
    }

    type Said = (u8, i64, u8, u8, Option<u8>);

    fn statements() -> impl Strategy<Value = Vec<Said>> {
        prop::collection::vec((0_u8..4, 0_i64..4, 0_u8..3, 0_u8..3, prop::option::of(0_u8..3)), 1..8)
    }

    fn rule() -> impl Strategy<Value = Rule> {
        let by = prop_oneof![Just(By::Verified), Just(By::Newest), Just(By::MostTrusted), Just(By::MostFrequent)];
        (by, prop::collection::btree_set("[a-d]", 1..3)).prop_map(|(by, sources)| {
            let sources = if by == By::MostTrusted { sources.into_iter().rev().collect() } else { Vec::new() };
            Rule { by, sources }
        })
    }

    fn choose(rule: &Rule, said: &[Said]) -> Option<(String, i64, String, Standing, Option<String>)> {
        let text = |n: u8| char::from(b'a' + n).to_string();
        let standing = [Standing::Proven, Standing::Loaded, Standing::Unproven];
        let owned: Vec<_> = said
            .iter()
            .map(|&(source, at, by, of, value)| {
                (text(source), at, text(by), standing[usize::from(of)], value.map(text))
            })
            .collect();
        let candidates: Vec<Candidate<'_>> = owned
            .iter()
            .map(|(source, at, by, standing, value)| Candidate {
                source,
                at: *at,
                by,
                standing: *standing,
                value: value.as_deref(),
            })
            .collect();
        rule.choose(&candidates).map(|choice| owned[choice.winner].clone())
    }

    proptest! {
        /// INV-GOLDEN-1 and 2.
        #[test]
        fn order_and_repetition_change_nothing(rule in rule(), said in statements(), turn in 0_usize..8, again in 0_usize..8) {
            let chosen = choose(&rule, &said);
            let mut other = said.clone();
            other.reverse();
            other.rotate_left(turn % said.len());
            other.push(said[again % said.len()]);
            prop_assert_eq!(&choose(&rule, &other), &chosen);
            prop_assert!(chosen.is_some());
            prop_assert!(choose(&rule, &said[..1]).is_some_and(|one| one.1 == said[0].1));
        }

        /// INV-GOLDEN-3.
        #[test]
        fn what_anybody_can_say_stands_alone_or_not_at_all(said in statements()) {
            let rules = [Rule::default(), Rule { by: By::MostTrusted, sources: vec!["nobody".into()] }];
            let is_better = said.iter().any(|one| one.3 < 2);
            for rule in rules {
                let standing = choose(&rule, &said).map(|one| one.3);
                prop_assert_eq!(standing == Some(Standing::Unproven), !is_better);
            }
        }
    }
}

//! Impact assessments of processing: what one says, when one is needed, and what of it is missing.
//!
//! Owns the words and the rule. Must not know where assessments are kept, nor what is processed.
//!
//! **Source**: PIPL 55 (when), 56 (what is assessed; kept for three years at least).

use serde::{Deserialize, Serialize};

use crate::consent::{Purpose, Separate};
use crate::detect;
use crate::grade::{Class, Classes};
use crate::worded::worded;

const MAX_TITLE: usize = 120;
const MAX_WORDS: usize = 4_000;
const MAX_PURPOSES: usize = 50;

worded! {
    /// Why an assessment is needed before something is processed.
    Why {
        /// Sensitive personal information.
        Sensitive "sensitive" "处理敏感个人信息" "sensitive personal information",
        /// Decisions about people by what is known of them.
        Automated "automated" "利用个人信息进行自动化决策" "automated decisions",
        /// Handed to others, or made public.
        Provided "provided" "委托处理、向他人提供或公开" "handed to others or made public",
        /// Sent abroad.
        Abroad "abroad" "向境外提供" "sent abroad",
    }
}

/// Why what is done for a purpose needs an assessment; nothing when it does not.
pub fn whys(purpose: &Purpose, classes: Classes) -> Vec<Why> {
    let of = |separate: Separate| purpose.separate == Some(separate);
    let all = [
        (Why::Sensitive, of(Separate::Sensitive) || of(Separate::Minor) || classes.holds(Class::Sensitive)),
        (Why::Automated, purpose.is_profiling),
        (Why::Provided, of(Separate::ThirdParty) || of(Separate::Publish)),
        (Why::Abroad, of(Separate::Abroad)),
    ];
    all.into_iter().filter(|(_, is_so)| *is_so).map(|(why, _)| why).collect()
}

/// What an assessment says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// Of what, in short.
    pub title: String,
    /// Codes of the purposes that it is about.
    #[serde(default)]
    pub purposes: Vec<String>,
    /// What is processed, and how.
    pub processing: String,
    /// Whether ends and means are lawful, proper and necessary.
    pub necessity: String,
    /// What it means for people, and what could go wrong.
    pub risks: String,
    /// Measures, and whether they are lawful, effective and fit for the risk.
    pub measures: String,
    /// What follows.
    pub conclusion: String,
}

impl Assessment {
    /// What of it is missing or too long, in Chinese and English.
    pub fn problem(&self) -> Option<(String, String)> {
        let words = [
            (&self.title, MAX_TITLE, "标题", "the title"),
            (&self.processing, MAX_WORDS, "处理活动", "what is processed"),
            (&self.necessity, MAX_WORDS, "合法、正当、必要性", "the necessity"),
            (&self.risks, MAX_WORDS, "影响与风险", "the risks"),
            (&self.measures, MAX_WORDS, "保护措施", "the measures"),
            (&self.conclusion, MAX_WORDS, "结论", "the conclusion"),
        ];
        let wrong = words.iter().find(|(text, max, ..)| text.trim().is_empty() || text.chars().count() > *max);
        if let Some((_, max, zh, en)) = wrong {
            return Some((format!("请填写{zh}，最多 {max} 个字"), format!("say {en}, in at most {max} characters")));
        }
        (self.purposes.len() > MAX_PURPOSES)
            .then(|| (format!("最多 {MAX_PURPOSES} 个用途"), format!("at most {MAX_PURPOSES} purposes")))
    }

    /// As it is kept: without personal values, and without spaces around.
    #[must_use]
    pub fn kept(self) -> Self {
        let of = |text: String| detect::mask_text(text.trim()).unwrap_or_else(|| text.trim().to_owned());
        let mut purposes = self.purposes;
        purposes.sort_unstable();
        purposes.dedup();
        Self {
            title: of(self.title),
            purposes,
            processing: of(self.processing),
            necessity: of(self.necessity),
            risks: of(self.risks),
            measures: of(self.measures),
            conclusion: of(self.conclusion),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::built_in;

    fn whole() -> Assessment {
        let word = |text: &str| text.to_owned();
        Assessment {
            title: word("会员短信"),
            purposes: vec![word("b"), word("a"), word("a")],
            processing: word("x"),
            necessity: word("x"),
            risks: word(" 见 13957264831 "),
            measures: word("x"),
            conclusion: word("x"),
        }
    }

    #[test]
    fn what_is_missing_is_named_and_no_personal_value_is_kept() {
        assert_eq!(whole().problem(), None);
        let (zh, en) = Assessment { risks: "  ".into(), ..whole() }.problem().unwrap();
        assert!(zh.contains("影响与风险") && en.contains("risks"));
        assert!(Assessment { title: "长".repeat(121), ..whole() }.problem().is_some());
        let kept = whole().kept();
        assert!(!kept.risks.contains("13957264831") && !kept.risks.starts_with(' '), "{}", kept.risks);
        assert_eq!(kept.purposes, ["a", "b"]);
    }

    #[test]
    fn the_law_says_when_one_is_needed() {
        let none = Classes::default();
        let some = |code: &str| built_in().into_iter().find(|one| one.code == code).unwrap();
        let service = Purpose { separate: None, is_profiling: false, ..some("service") };
        assert_eq!(whys(&service, none), []);
        assert_eq!(whys(&service, [Class::Sensitive].into_iter().collect()), [Why::Sensitive]);
        let abroad = Purpose { separate: Some(Separate::Abroad), is_profiling: true, ..service };
        assert_eq!(whys(&abroad, none), [Why::Automated, Why::Abroad]);
    }
}

//! Purposes: what data are used for, on what ground, and which notices a consent may rest on.

use serde::{Deserialize, Serialize};

/// Purpose whose withdrawal stops profiling everywhere.
pub const PROFILING: &str = "profiling";
/// Purpose of what names none.
pub const DEFAULT: &str = "analysis";
/// Longest code, in characters.
const MAX_CODE: usize = 40;
/// Longest words, in characters.
const MAX_WORDS: usize = 200;

/// Ground on which data may be used for a purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The person agreed.
    Consent,
    /// A contract with the person cannot be kept without.
    Contract,
    /// The law demands it.
    LegalDuty,
    /// Somebody's life or property is at stake.
    Vital,
    /// A public task.
    Public,
    /// An interest of one's own that does not outweigh the person's; the note says why.
    LegitimateInterest,
}

impl Basis {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Consent, Self::Contract, Self::LegalDuty, Self::Vital, Self::Public, Self::LegitimateInterest];

    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Contract => "contract",
            Self::LegalDuty => "legal_duty",
            Self::Vital => "vital",
            Self::Public => "public",
            Self::LegitimateInterest => "legitimate_interest",
        }
    }

    /// Whether it holds whatever the person says.
    pub const fn is_duty(self) -> bool {
        matches!(self, Self::Contract | Self::LegalDuty | Self::Vital | Self::Public)
    }
}

/// Why a purpose needs a consent of its own, apart from every other (PIPL 23, 25, 29, 31, 39).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Separate {
    /// Sensitive personal information.
    Sensitive,
    /// Handed to another processor.
    ThirdParty,
    /// Sent abroad.
    Abroad,
    /// Of people under fourteen.
    Minor,
    /// Made public.
    Publish,
}

impl Separate {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Sensitive, Self::ThirdParty, Self::Abroad, Self::Minor, Self::Publish];

    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sensitive => "sensitive",
            Self::ThirdParty => "third_party",
            Self::Abroad => "abroad",
            Self::Minor => "minor",
            Self::Publish => "publish",
        }
    }
}

/// A version of the notice that people see before they say anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Version: `1`, `2026-03`.
    pub version: String,
    /// When it came into force, in microseconds.
    #[serde(default)]
    pub since: i64,
    /// Whether a consent to the versions before is still enough: false when purpose, method or kind of data changed.
    #[serde(default)]
    pub accepts_older: bool,
}

/// What data are used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// Short name that never changes: `marketing_sms`.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Ground.
    pub basis: Basis,
    /// Why that ground holds; needed for an interest of one's own.
    #[serde(default)]
    pub basis_note: String,
    /// Why it needs a consent of its own.
    #[serde(default)]
    pub separate: Option<Separate>,
    /// Whether it decides about people from what is known of them: stops for whoever refused profiling.
    #[serde(default)]
    pub is_profiling: bool,
    /// Ways by which people are reached: sms, email, wechat, phone, app.
    #[serde(default)]
    pub channels: Vec<String>,
    /// Versions of the notice, the oldest first.
    pub policies: Vec<Policy>,
}

/// Why a purpose cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PurposeProblem {
    /// The code is not of small letters, digits and underscores, or is long.
    Code,
    /// A name is missing, or words are long.
    Words,
    /// An interest of one's own without the note that says why it does not outweigh the person's.
    NoNote,
    /// A ground other than consent, though separate consent is needed.
    NotConsent,
    /// No version of the notice, one without a name, or two of one name.
    Policies,
}

impl Purpose {
    /// The notice in force at an instant; before the first, the first.
    pub fn policy_at(&self, at: i64) -> Option<&Policy> {
        self.policies.iter().rev().find(|policy| policy.since <= at).or_else(|| self.policies.first())
    }

    /// The newest version of the notice.
    pub fn policy_version(&self) -> &str {
        self.policies.last().map_or("", |policy| &policy.version)
    }

    /// Whether a consent to a version of the notice is enough at an instant. A version that is not known is older than all.
    pub fn is_enough(&self, version: &str, at: i64) -> bool {
        let in_force = self.policies.iter().enumerate().filter(|(_, policy)| policy.since <= at);
        let needed = in_force.filter(|(_, policy)| !policy.accepts_older).map(|(number, _)| number).next_back();
        let given = self.policies.iter().position(|policy| policy.version == version);
        needed.is_none_or(|needed| given.is_some_and(|given| given >= needed))
    }

    /// Finds what is wrong with it.
    pub fn check(&self) -> Result<(), PurposeProblem> {
        let is_code = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        if self.code.is_empty() || self.code.len() > MAX_CODE || !self.code.chars().all(is_code) {
            return Err(PurposeProblem::Code);
        }
        let fits = |text: &str| text.chars().count() <= MAX_WORDS && !text.contains(char::is_control);
        let is_name = |text: &str| fits(text) && !text.trim().is_empty();
        let words_fit = fits(&self.basis_note) && self.channels.iter().all(|channel| is_name(channel));
        if !is_name(&self.zh) || !is_name(&self.en) || !words_fit {
            return Err(PurposeProblem::Words);
        }
        if self.basis == Basis::LegitimateInterest && self.basis_note.trim().is_empty() {
            return Err(PurposeProblem::NoNote);
        }
        if self.separate.is_some() && self.basis != Basis::Consent {
            return Err(PurposeProblem::NotConsent);
        }
        let are_named = self.policies.iter().all(|policy| is_name(&policy.version));
        let is_repeated = |at: usize| self.policies[..at].iter().any(|one| one.version == self.policies[at].version);
        if self.policies.is_empty() || !are_named || (0..self.policies.len()).any(is_repeated) {
            return Err(PurposeProblem::Policies);
        }
        Ok(())
    }
}

/// The purposes that there are without anybody having defined one.
pub fn built_in() -> Vec<Purpose> {
    let purpose = |code: &str, zh: &str, en: &str, basis: Basis| Purpose {
        code: code.to_owned(),
        zh: zh.to_owned(),
        en: en.to_owned(),
        basis,
        basis_note: String::new(),
        separate: None,
        is_profiling: false,
        channels: Vec::new(),
        policies: vec![Policy { version: "1".to_owned(), since: 0, accepts_older: false }],
    };
    let marketing = |code: &str, zh: &str, en: &str, channel: &str| Purpose {
        channels: vec![channel.to_owned()],
        ..purpose(code, zh, en, Basis::Consent)
    };
    let separate = |code: &str, zh: &str, en: &str, separate: Separate| Purpose {
        separate: Some(separate),
        ..purpose(code, zh, en, Basis::Consent)
    };
    vec![
        purpose("service", "客户服务", "Customer service", Basis::Contract),
        Purpose {
            basis_note:
                "统计与改进自身业务，不对外提供；个人可以拒绝 / own statistics, handed to nobody; people can object"
                    .to_owned(),
            ..purpose(DEFAULT, "经营分析", "Analysis", Basis::LegitimateInterest)
        },
        marketing("marketing_sms", "短信营销", "Marketing by SMS", "sms"),
        marketing("marketing_email", "邮件营销", "Marketing by e-mail", "email"),
        marketing("marketing_wechat", "微信营销", "Marketing by WeChat", "wechat"),
        Purpose { is_profiling: true, ..purpose(PROFILING, "个性化推荐", "Profiling", Basis::Consent) },
        separate("third_party_share", "向第三方提供", "Sharing with third parties", Separate::ThirdParty),
        separate("abroad", "向境外提供", "Sending abroad", Separate::Abroad),
        separate("sensitive", "处理敏感个人信息", "Sensitive personal information", Separate::Sensitive),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_ones_are_sound() {
        let all = built_in();
        for (at, purpose) in all.iter().enumerate() {
            assert_eq!(purpose.check(), Ok(()), "{}", purpose.code);
            assert!(!all[..at].iter().any(|other| other.code == purpose.code), "{}", purpose.code);
        }
        for code in [PROFILING, DEFAULT] {
            assert!(all.iter().any(|purpose| purpose.code == code), "{code}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let sound = || built_in().into_iter().find(|purpose| purpose.code == "abroad").unwrap();
        let problem = |change: &dyn Fn(&mut Purpose)| {
            let mut purpose = sound();
            change(&mut purpose);
            purpose.check().unwrap_err()
        };
        assert_eq!(problem(&|one| one.code = "短信".into()), PurposeProblem::Code);
        assert_eq!(problem(&|one| one.en = " ".into()), PurposeProblem::Words);
        assert_eq!(problem(&|one| one.basis = Basis::Contract), PurposeProblem::NotConsent);
        assert_eq!(problem(&|one| one.policies.clear()), PurposeProblem::Policies);
        assert_eq!(problem(&|one| one.policies.push(one.policies[0].clone())), PurposeProblem::Policies);
        let bare = |one: &mut Purpose| (one.separate, one.basis) = (None, Basis::LegitimateInterest);
        assert_eq!(problem(&bare), PurposeProblem::NoNote);
    }

    #[test]
    fn a_new_notice_makes_older_consent_insufficient_from_its_day_on() {
        let policy = |version: &str, since, accepts_older| Policy { version: version.into(), since, accepts_older };
        let purpose = Purpose {
            policies: vec![policy("1", 0, false), policy("2", 100, true), policy("3", 200, false)],
            ..built_in().remove(2)
        };
        let enough = |version: &str, at| purpose.is_enough(version, at);
        assert!(enough("1", 50) && enough("1", 150) && !enough("1", 250));
        assert!(enough("2", 150) && !enough("2", 250));
        assert!(enough("3", 250) && !enough("?", 50));
        let at = |at| purpose.policy_at(at).map(|policy| policy.version.as_str());
        assert_eq!((at(-5), at(150), at(250)), (Some("1"), Some("2"), Some("3")));
    }
}

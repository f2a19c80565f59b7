//! Consent: what people said about the purposes their data may be used for, and what may be done because of it.
//!
//! Owns purposes ([`purpose`]), the meaning of a ledger of statements, and the one decision everything that uses data asks
//! ([`may`]). Must not know where statements come from or are kept.
//!
//! - INV-CONSENT-1: what a ledger says does not depend on the order in which its statements arrived, nor on repetition: the
//!   later one counts, and of two at one instant the withdrawal.
//! - INV-CONSENT-2: a withdrawal is undone by a later grant alone.
//! - INV-CONSENT-3: a purpose that needs consent is refused to whoever never gave it, gave it to a notice that is no longer
//!   enough, or took it back.
//! - INV-CONSENT-4: one act grants at most one purpose that needs separate consent, unless each has evidence of its own.

use std::fmt;

pub mod minor;
pub mod purpose;

#[cfg(test)]
mod laws;

pub use purpose::{Basis, PROFILING, Policy, Purpose, PurposeProblem, Separate, built_in};

/// One statement of the ledger; statements are added and never changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// When it was made, in microseconds.
    pub at: i64,
    /// Given, or taken back.
    pub granted: bool,
    /// Version of the notice that the person saw.
    pub policy_version: String,
    /// Whether it is known where the proof is kept.
    pub has_evidence: bool,
    /// Whether a guardian made it.
    pub by_guardian: bool,
}

/// What a ledger says about a purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Given, last, and to a notice that is still enough.
    Granted,
    /// Taken back, last.
    Withdrawn,
    /// Nothing was said.
    Unknown,
    /// Given, last, to a notice that is no longer enough.
    Outdated,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Granted, Self::Withdrawn, Self::Unknown, Self::Outdated];

    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Withdrawn => "withdrawn",
            Self::Unknown => "unknown",
            Self::Outdated => "outdated",
        }
    }
}

/// Reads whether a consent was given, from words that files and trackers use; nothing for any other word.
pub fn read_granted(text: &str) -> Option<bool> {
    Some(match text.trim().to_lowercase().as_str() {
        "1" | "y" | "yes" | "true" | "t" | "granted" | "grant" | "opt_in" | "optin" | "opt-in" | "subscribed"
        | "accepted" | "是" | "同意" | "已同意" | "授权" | "已授权" | "订阅" | "已订阅" | "接受" => {
            true
        }
        "0" | "n" | "no" | "false" | "f" | "withdrawn" | "denied" | "revoked" | "opt_out" | "optout" | "opt-out"
        | "unsubscribed" | "refused" | "否" | "不同意" | "撤回" | "已撤回" | "拒绝" | "已拒绝" | "退订" | "已退订"
        | "取消授权" => false,
        _ => return None,
    })
}

/// Why somebody's data may not be used for a purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// Consent is needed and was never given, or given without the evidence that it needs.
    NoConsent,
    /// Consent was given to a notice that is no longer enough.
    Outdated,
    /// The person said no: to the purpose, or to profiling where it profiles.
    OptedOut,
    /// Under fourteen, and no guardian agreed.
    Minor,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::NoConsent, Self::Outdated, Self::OptedOut, Self::Minor];

    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoConsent => "no_consent",
            Self::Outdated => "outdated",
            Self::OptedOut => "opted_out",
            Self::Minor => "minor",
        }
    }

    /// In words, Chinese and English.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NoConsent => ("未同意", "no consent"),
            Self::Outdated => ("同意的是旧版告知", "consent to an older notice"),
            Self::OptedOut => ("已拒绝或撤回", "opted out"),
            Self::Minor => ("未满十四周岁且无监护人同意", "under fourteen without a guardian's consent"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The statement that counts at an instant: the latest up to it, of several at once the withdrawal, of several grants the
/// one with more behind it.
pub fn latest(ledger: &[Statement], at: i64) -> Option<&Statement> {
    let weight = |one: &Statement| (one.at, !one.granted, one.by_guardian, one.has_evidence);
    // The version of the notice last, so that no two different statements weigh the same.
    ledger
        .iter()
        .filter(|one| one.at <= at)
        .max_by(|a, b| weight(a).cmp(&weight(b)).then_with(|| a.policy_version.cmp(&b.policy_version)))
}

/// What a ledger of one person and one purpose says at an instant; `purpose` is missing for one that is not defined, for
/// which every notice is enough.
pub fn state(ledger: &[Statement], purpose: Option<&Purpose>, at: i64) -> State {
    match latest(ledger, at) {
        None => State::Unknown,
        Some(one) if !one.granted => State::Withdrawn,
        Some(one) if purpose.is_some_and(|purpose| !purpose.is_enough(&one.policy_version, at)) => State::Outdated,
        Some(_) => State::Granted,
    }
}

/// What is asked about a person before their data are used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// What was said about the purpose.
    pub said: &'a [Statement],
    /// What was said about [`PROFILING`].
    pub said_of_profiling: &'a [Statement],
    /// Whether the person is under fourteen, as far as is known.
    pub is_minor: bool,
}

/// Whether a person's data may be used for a purpose at an instant, and if not, the first reason why.
///
/// Duties (a contract, the law, somebody's life, a public task) need no consent and cannot be refused here. An interest of
/// one's own gives way to an objection. For both consent and interest, profiling stops where the person refused it, and
/// under fourteen only a guardian's word counts.
pub fn may(subject: Subject<'_>, purpose: &Purpose, at: i64) -> Result<(), Refusal> {
    if purpose.basis.is_duty() {
        return Ok(());
    }
    let said = state(subject.said, Some(purpose), at);
    let profiling = latest(subject.said_of_profiling, at).is_some_and(|one| !one.granted);
    if said == State::Withdrawn || (purpose.is_profiling && profiling) {
        return Err(Refusal::OptedOut);
    }
    let one = latest(subject.said, at);
    if subject.is_minor && !one.is_some_and(|one| one.granted && one.by_guardian && one.has_evidence) {
        return Err(Refusal::Minor);
    }
    if purpose.basis == Basis::LegitimateInterest {
        return Ok(());
    }
    match said {
        State::Granted if purpose.separate.is_some() && !one.is_some_and(|one| one.has_evidence) => {
            Err(Refusal::NoConsent)
        }
        State::Granted => Ok(()),
        State::Outdated => Err(Refusal::Outdated),
        State::Unknown | State::Withdrawn => Err(Refusal::NoConsent),
    }
}

/// A grant or a withdrawal in one act of a person.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The purpose.
    pub purpose: &'a Purpose,
    /// Given, or taken back.
    pub granted: bool,
    /// Where the proof is kept; empty when nowhere.
    pub evidence: &'a str,
}

/// Why an act cannot be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActProblem<'a> {
    /// The purpose needs separate consent, and nothing says where its proof is kept.
    NoEvidence(&'a str),
    /// Two purposes that need separate consent were granted with one and the same proof.
    Bundled(&'a str, &'a str),
    /// The purpose rests on a duty: there is nothing to consent to.
    NotAsked(&'a str),
}

/// Checks what one act says: a tick that covers several separate consents is none (INV-CONSENT-4).
pub fn check_act<'a>(said: &[Said<'a>]) -> Result<(), ActProblem<'a>> {
    let mut before: Vec<Said<'a>> = Vec::new();
    for one in said {
        if one.purpose.basis.is_duty() {
            return Err(ActProblem::NotAsked(&one.purpose.code));
        }
        if !one.granted || one.purpose.separate.is_none() {
            continue;
        }
        if one.evidence.trim().is_empty() {
            return Err(ActProblem::NoEvidence(&one.purpose.code));
        }
        let same = |other: &&Said<'a>| other.evidence.trim() == one.evidence.trim();
        if let Some(other) = before.iter().find(|other| other.purpose.code != one.purpose.code && same(other)) {
            return Err(ActProblem::Bundled(&other.purpose.code, &one.purpose.code));
        }
        before.push(*one);
    }
    Ok(())
}

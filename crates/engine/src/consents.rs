//! Purposes, what people said about them, and the one place that leaves people out ([`gate`]).
//!
//! Owns the definitions of purposes, the recording of statements and their reading. What statements mean is decided in
//! `zhike_domain::consent`. Must not know who may record them.
//!
//! - INV-CONSENT-5: every count, member and row that is given for a purpose is of somebody whose data may be used for it at
//!   that moment; those left out are counted by reason, each once (`tests/it/consents.rs`).
//! - INV-CONSENT-6: what is remembered is never older than the last statement: its key holds the version of the ledger.

use crate::boxed;
use std::collections::BTreeMap;

use zhike_domain::audience::Rule;
use zhike_domain::consent::purpose::DEFAULT;
use zhike_domain::consent::{self, ActProblem, PROFILING, Purpose, PurposeProblem, Refusal, Said, State, Statement};
use zhike_domain::detect::mask_text;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::IdentityKind;
pub use zhike_state::SaidRow;
use zhike_state::{ConsentRow, IdentityRow, IdentityStatus, StatementRow};

use crate::audit;
use crate::profiles::current;
use crate::query::put_definition;
use crate::segments::{Bulk, as_of};
use crate::{Ctx, Error, Result};

mod gate;
mod import;
mod table;

pub use gate::Excluded;
pub(crate) use gate::{Gate, allow, allowed, gate, is_minor, may, recorded, recorded_of, version};
pub use import::{Imported, import};
pub(crate) use table::table;

/// Kind under which purposes are kept.
pub(crate) const KIND: &str = "purpose";
/// Longest channel and evidence, in characters.
const MAX_CHARS: usize = 300;

/// All purposes: those that are built in, as they were changed, then those of one's own.
#[boxed]
pub async fn purposes(ctx: &Ctx) -> Result<Vec<Purpose>> {
    let mut all = consent::built_in();
    for row in ctx.store().list_definitions(KIND).await? {
        let purpose: Purpose =
            serde_json::from_str(&row.spec_json).map_err(|error| Error::bug("a stored purpose", error))?;
        match all.iter_mut().find(|known| known.code == purpose.code) {
            Some(known) => *known = purpose,
            None => all.push(purpose),
        }
    }
    Ok(all)
}

/// Counts the changes of purposes.
pub(crate) async fn definitions(ctx: &Ctx) -> Result<i64> {
    Ok(ctx.store().list_definitions(KIND).await?.iter().map(|row| row.version).sum())
}

/// The purpose of a code.
///
/// **Errors**: `bad_request`, naming those that there are.
#[boxed]
pub async fn purpose(ctx: &Ctx, code: &str) -> Result<Purpose> {
    let mut all = purposes(ctx).await?;
    match all.iter().position(|purpose| purpose.code == code.trim()) {
        Some(at) => Ok(all.swap_remove(at)),
        None => {
            let shown: String = mask_text(code).unwrap_or_else(|| code.to_owned()).chars().take(60).collect();
            let known: Vec<&str> = all.iter().map(|purpose| purpose.code.as_str()).collect();
            let known = known.join(", ");
            Err(Error::bad_request(
                format!("{shown:?} is no purpose: choose one of {known}, or define it (zhike consent purposes)"),
                format!("“{shown}”不是已定义的用途：请选择 {known} 之一，或先定义它（zhike consent purposes）"),
            ))
        }
    }
}

/// The purpose of what names one, or the general one; a text from before there were purposes is none.
pub(crate) async fn purpose_or_default(ctx: &Ctx, code: &str) -> Result<Purpose> {
    let all = purposes(ctx).await?;
    let of = |code: &str| all.iter().find(|purpose| purpose.code == code).cloned();
    let default = || Error::bug("purposes", std::io::Error::other("the general purpose is gone"));
    of(code).or_else(|| of(DEFAULT)).ok_or_else(default)
}

/// Defines a purpose, or changes the one of that code. Versions of the notice are added and never changed: what people
/// agreed to is history.
///
/// **Errors**: `bad_request` with what is wrong; `conflict` when a version that is known is missing or another one.
#[boxed]
pub async fn put_purpose(ctx: &Ctx, mut purpose: Purpose, actor: &str) -> Result<Purpose> {
    purpose.check().map_err(purpose_error)?;
    let known = purposes(ctx).await?.into_iter().find(|known| known.code == purpose.code);
    let before = known.as_ref().map_or(&[][..], |known| &known.policies);
    let n_same = before.iter().zip(&purpose.policies).filter(|(old, new)| old.version == new.version).count();
    if n_same < before.len() {
        let versions: Vec<&str> = before.iter().map(|policy| policy.version.as_str()).collect();
        let versions = versions.join(", ");
        return Err(Error::conflict(
            format!("versions of the notice are added, not changed: begin with {versions}"),
            format!("告知版本只能追加，不能改动：请以 {versions} 开头"),
        ));
    }
    let now = ctx.now();
    for (at, policy) in purpose.policies.iter_mut().enumerate() {
        match before.get(at) {
            Some(old) => *policy = old.clone(),
            // A first version holds for what was said before it was defined; a later one begins now.
            None if at > 0 && policy.since == 0 => policy.since = now,
            None => {}
        }
    }
    if purpose.policies.windows(2).any(|pair| pair[1].since < pair[0].since) {
        return Err(Error::bad_request(
            "versions of the notice come into force one after another: give the newer one the later time".into(),
            "告知版本须按生效时间先后排列：新版本的生效时间应更晚".into(),
        ));
    }
    put_definition(ctx, KIND, &purpose.code, &purpose).await?;
    let detail = serde_json::json!({ "policy_version": purpose.policy_version(), "basis": purpose.basis.as_str() });
    audit::record(ctx, actor, "purpose.put", &format!("purpose:{}", purpose.code), &detail).await?;
    Ok(purpose)
}

fn purpose_error(problem: PurposeProblem) -> Error {
    let (en, zh) = match problem {
        PurposeProblem::Code => {
            ("a code has 1 to 40 small letters, digits and underscores", "用途代码为 1 到 40 个小写字母、数字或下划线")
        }
        PurposeProblem::Words => (
            "a purpose needs a Chinese and an English name, each of at most 200 characters",
            "用途需要中英文名称，各不超过 200 字",
        ),
        PurposeProblem::NoNote => (
            "an interest of one's own needs a note that says why it does not outweigh the person's",
            "以正当利益为依据的用途须说明为何不损害个人权益（basis_note）",
        ),
        PurposeProblem::NotConsent => (
            "what needs separate consent rests on consent: set basis to consent",
            "需要单独同意的用途，其依据只能是同意（basis = consent）",
        ),
        PurposeProblem::Policies => (
            "a purpose needs versions of its notice, each with a name of its own",
            "用途至少需要一个告知版本，且版本名不能重复",
        ),
    };
    Error::bad_request(en.into(), zh.into())
}

/// A statement that somebody makes.
#[derive(Clone, Debug)]
pub struct NewStatement {
    /// Purpose.
    pub purpose: String,
    /// Given, or taken back.
    pub granted: bool,
    /// When it was made, in microseconds; now when absent.
    pub at: Option<i64>,
    /// Version of the notice that the person saw; the one in force then when absent.
    pub policy_version: Option<String>,
    /// Where it was made: web, app, store, phone …
    pub channel: String,
    /// Where the proof is kept; empty when nowhere.
    pub evidence: String,
    /// Whether a guardian made it.
    pub by_guardian: bool,
}

/// Records what a customer says in one act. It counts for the very next decision.
///
/// **Errors**: `invalid_consent` for an unknown purpose, a time to come, or separate consents without evidence each;
/// `not_found`.
#[boxed]
pub async fn record(ctx: &Ctx, profile_id: ProfileId, said: &[NewStatement], actor: &str) -> Result<()> {
    let row = current(ctx, profile_id.get()).await?;
    let identities = ctx.store().identities_of(&[row.profile_id]).await?;
    let identity = strongest(&identities).ok_or_else(|| Error::not_found("customer", "客户"))?.identity_id;
    let rows = rows(ctx, &purposes(ctx).await?, identity, said, actor)?;
    let words = rows.iter().map(|row| (row.purpose.clone(), (row.granted == 1).into())).collect();
    let detail = serde_json::Value::Object(words);
    let subject = ProfileId::new(row.profile_id).to_string();
    audit::record(ctx, actor, "consent.record", &subject, &serde_json::json!({ "said": detail })).await?;
    ctx.store().record_consents(&rows).await?;
    Ok(())
}

/// The identity that stands for a customer.
pub(crate) fn strongest(identities: &[IdentityRow]) -> Option<&IdentityRow> {
    identities.iter().min_by_key(|one| {
        let strength = IdentityKind::parse(&one.kind).map_or(u8::MAX, IdentityKind::strength);
        (one.status != IdentityStatus::Active, strength, one.identity_id)
    })
}

/// Checks one act and makes its rows.
pub(crate) fn rows(
    ctx: &Ctx,
    purposes: &[Purpose],
    identity_id: i64,
    said: &[NewStatement],
    actor: &str,
) -> Result<Vec<ConsentRow>> {
    let now = ctx.now();
    let invalid = |en: String, zh: String| Error::new(ErrorCode::InvalidConsent, en, zh);
    let mut rows = Vec::new();
    let mut act = Vec::new();
    for one in said {
        let Some(purpose) = purposes.iter().find(|purpose| purpose.code == one.purpose) else {
            let code: String =
                mask_text(&one.purpose).unwrap_or_else(|| one.purpose.clone()).chars().take(60).collect();
            return Err(invalid(
                format!("{code:?} is no purpose: define it first (zhike consent purposes)"),
                format!("“{code}”不是已定义的用途：请先定义（zhike consent purposes）"),
            ));
        };
        let at = one.at.unwrap_or(now);
        if at > now {
            return Err(invalid(
                "nobody has said yet what they will say: give a time that is over".into(),
                "同意或撤回的时间晚于现在：请填写已发生的时间".into(),
            ));
        }
        let policy_version = match &one.policy_version {
            Some(version) => version.trim().to_owned(),
            None => purpose.policy_at(at).map(|policy| policy.version.clone()).unwrap_or_default(),
        };
        if !purpose.policies.iter().any(|policy| policy.version == policy_version) {
            return Err(invalid(
                format!("purpose {} has no notice of version {policy_version:?}", purpose.code),
                format!("用途 {} 没有版本为“{policy_version}”的告知", purpose.code),
            ));
        }
        act.push(Said { purpose, granted: one.granted, evidence: &one.evidence });
        rows.push(ConsentRow {
            identity_id,
            purpose: purpose.code.clone(),
            at,
            granted: one.granted.into(),
            policy_version,
            channel: words(&one.channel)?,
            evidence: words(&one.evidence)?,
            by_guardian: one.by_guardian.into(),
            author: actor.to_owned(),
            recorded_at: now,
        });
    }
    consent::check_act(&act).map_err(|problem| match problem {
        ActProblem::NoEvidence(code) => invalid(
            format!("{code} needs separate consent: say where its proof is kept (evidence)"),
            format!("{code} 需要单独同意：请填写证据存放处（evidence）"),
        ),
        ActProblem::Bundled(one, other) => invalid(
            format!("{one} and {other} need a consent each: one tick for both is none; give each its own evidence"),
            format!("{one} 与 {other} 须分别取得单独同意：不能合并勾选，请各附证据"),
        ),
        ActProblem::NotAsked(code) => invalid(
            format!("{code} rests on a duty, not on consent: there is nothing to say about it"),
            format!("{code} 的依据不是同意，无需也不能对它表示同意或撤回"),
        ),
    })?;
    Ok(rows)
}

/// Words that a person gave, without personal data.
pub(crate) fn words(text: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > MAX_CHARS || text.contains(char::is_control) {
        return Err(Error::bad_request(
            format!("channel, evidence and notes have at most {MAX_CHARS} characters, without line breaks"),
            format!("渠道、证据和说明最多 {MAX_CHARS} 个字，不能换行"),
        ));
    }
    Ok(mask_text(text).unwrap_or_else(|| text.to_owned()))
}

pub(crate) fn statement(row: &SaidRow) -> Statement {
    Statement {
        at: row.at,
        granted: row.granted == 1,
        policy_version: row.policy_version.clone(),
        has_evidence: !row.evidence.is_empty(),
        by_guardian: row.by_guardian == 1,
    }
}

fn slim(row: &StatementRow) -> Statement {
    Statement {
        at: row.at,
        granted: row.granted == 1,
        policy_version: row.policy_version.clone(),
        has_evidence: row.has_evidence == 1,
        by_guardian: row.by_guardian == 1,
    }
}

/// Where a customer stands on a purpose.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Purpose.
    pub purpose: Purpose,
    /// What was said.
    pub state: State,
    /// Why the data may not be used for it; missing when they may.
    pub refusal: Option<Refusal>,
    /// The statement that counts.
    pub last: Option<SaidRow>,
}

/// What a customer said.
#[derive(Clone, Debug)]
pub struct OfProfile {
    /// Every purpose.
    pub standings: Vec<Standing>,
    /// Every statement, the newest first.
    pub history: Vec<SaidRow>,
    /// Under fourteen, as far as is known.
    pub is_minor: bool,
}

/// What a customer said about every purpose, and what may be done because of it.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn of_profile(ctx: &Ctx, profile_id: ProfileId) -> Result<OfProfile> {
    let row = current(ctx, profile_id.get()).await?;
    let mut history = ctx.store().consents_of(&[row.profile_id]).await?;
    let is_minor = is_minor(ctx, &row).await?;
    let now = ctx.now();
    let ledger =
        |code: &str| -> Vec<Statement> { history.iter().filter(|row| row.purpose == code).map(statement).collect() };
    let profiling = ledger(PROFILING);
    let standings = purposes(ctx).await?.into_iter().map(|purpose| {
        let said = ledger(&purpose.code);
        let subject = consent::Subject { said: &said, said_of_profiling: &profiling, is_minor };
        let counts = consent::latest(&said, now);
        let last = history
            .iter()
            .rev()
            .find(|row| row.purpose == purpose.code && counts.is_some_and(|one| *one == statement(row)));
        Standing {
            state: consent::state(&said, Some(&purpose), now),
            refusal: consent::may(subject, &purpose, now).err(),
            last: last.cloned(),
            purpose,
        }
    });
    let standings = standings.collect();
    history.reverse();
    Ok(OfProfile { standings, history, is_minor })
}

/// How everybody stands on a purpose.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Purpose.
    pub purpose: Purpose,
    /// Customers by what they said.
    pub states: BTreeMap<State, u64>,
    /// Customers whose data may be used.
    pub n_allowed: u64,
    /// The others, by reason.
    pub excluded: Excluded,
    /// All customers.
    pub n_total: u64,
}

/// How all customers stand on each purpose; the counts of each add up to all.
#[boxed]
pub async fn summary(ctx: &Ctx) -> Result<Vec<Summary>> {
    let mut bulk = Bulk::new(ctx, as_of(ctx, None).await?).await?;
    let seen = bulk.rule(ctx, &Rule::All(Vec::new())).await?;
    let people = bulk.people.clone();
    let mut found = Vec::new();
    for purpose in purposes(ctx).await? {
        let gate = gate(ctx, &people, &purpose).await?;
        let mut everybody = seen.clone();
        let excluded = gate.cut(&mut everybody);
        let mut states = BTreeMap::new();
        for state in State::ALL {
            let mut said = recorded(ctx, &people, &purpose.code, state, None).await?;
            said.and(&seen);
            states.insert(state, said.count());
        }
        let (n_allowed, n_total) = (everybody.count(), seen.count());
        found.push(Summary { purpose, states, n_allowed, excluded, n_total });
    }
    Ok(found)
}

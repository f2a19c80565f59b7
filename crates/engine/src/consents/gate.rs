//! Who may be used for a purpose, over all customers and for one.

use std::sync::{Arc, PoisonError};

use zhike_domain::audience::Set;
use zhike_domain::consent::{self, PROFILING, Purpose, Refusal, State, Statement, Subject, minor};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::frame::Column;
use zhike_state::{ProfileRow, StatementRow};

use super::{purposes, slim, statement};
use crate::query::personal_fields;
use crate::segments::{People, people};
use crate::workspace::date_of;
use crate::{Ctx, Error, Result};

/// Gates remembered; at a million customers 640 KiB each.
const MAX_GATES: usize = 32;
/// Birthdays opened at a time.
const CHUNK: usize = 5_000;

/// Those who are left out of something, by reason; each is counted once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excluded {
    /// Purpose.
    pub purpose: String,
    /// Never agreed.
    pub no_consent: u64,
    /// Agreed to an older notice.
    pub outdated: u64,
    /// Said no.
    pub opted_out: u64,
    /// Under fourteen, without a guardian's word.
    pub minor: u64,
}

impl Excluded {
    /// All of them.
    pub const fn total(&self) -> u64 {
        self.no_consent + self.outdated + self.opted_out + self.minor
    }

    fn count_mut(&mut self, refusal: Refusal) -> &mut u64 {
        match refusal {
            Refusal::NoConsent => &mut self.no_consent,
            Refusal::Outdated => &mut self.outdated,
            Refusal::OptedOut => &mut self.opted_out,
            Refusal::Minor => &mut self.minor,
        }
    }

    /// Adds those that another purpose leaves out of the rest.
    pub(crate) fn add(&mut self, other: Self) {
        if self.purpose.is_empty() {
            self.purpose = other.purpose.clone();
        }
        for (refusal, n) in other.reasons() {
            *self.count_mut(refusal) += n;
        }
    }

    /// The counts by reason, without those of nobody.
    pub fn reasons(&self) -> Vec<(Refusal, u64)> {
        let mut copy = self.clone();
        Refusal::ALL.into_iter().map(|one| (one, *copy.count_mut(one))).filter(|(_, n)| *n > 0).collect()
    }
}

/// Everybody who may not be used for a purpose, by reason.
pub(crate) struct Gate {
    purpose: String,
    refused: Vec<(Refusal, Set)>,
}

impl Gate {
    /// Takes those out of a set who may not be used, and counts them.
    pub(crate) fn cut(&self, set: &mut Set) -> Excluded {
        let mut excluded = Excluded { purpose: self.purpose.clone(), ..Excluded::default() };
        for (refusal, refused) in &self.refused {
            let mut out = refused.clone();
            out.and(set);
            *excluded.count_mut(*refusal) = out.count();
            set.minus(&out);
        }
        excluded
    }

    /// As [`Gate::cut`], of customers in any order. Whoever is nobody's customer any more is left out and not counted.
    pub(crate) fn keep(&self, people: &People, ids: &mut Vec<i64>) -> Excluded {
        let mut allowed = people.set(ids.iter().copied());
        let excluded = self.cut(&mut allowed);
        ids.retain(|id| people.at(*id).is_some_and(|at| allowed.contains(at)));
        excluded
    }
}

/// The gate of a purpose over the customers as they are now, at this moment.
pub(crate) async fn gate(ctx: &Ctx, people: &People, purpose: &Purpose) -> Result<Arc<Gate>> {
    let now = ctx.now();
    let today = ctx.workspace().day_of(now);
    // Read before the statements: these can be newer, never older.
    let version = ctx.store().consents_version().await?;
    let spec = serde_json::to_string(purpose).map_err(|error| Error::bug("a purpose as JSON", error))?;
    let in_force = purpose.policies.iter().filter(|policy| policy.since <= now).count();
    let key = format!("{version}|{}|{today}|{in_force}|{spec}", people.version);
    let lock = || ctx.audience().gates.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(gate) = lock().get(&key).cloned() {
        return Ok(gate);
    }
    let gate = Arc::new(Gate { purpose: purpose.code.clone(), refused: refused(ctx, people, purpose, now).await? });
    let mut known = lock();
    if known.len() >= MAX_GATES {
        known.clear();
    }
    known.insert(key, gate.clone());
    Ok(gate)
}

async fn refused(ctx: &Ctx, people: &People, purpose: &Purpose, now: i64) -> Result<Vec<(Refusal, Set)>> {
    if purpose.basis.is_duty() {
        return Ok(Vec::new());
    }
    let said = Ledger::read(ctx, &purpose.code).await?;
    let of_profiling = if purpose.is_profiling { Ledger::read(ctx, PROFILING).await? } else { Ledger::default() };
    let minors = minors(ctx, people, now).await?;
    let mut refused: Vec<(Refusal, Set)> = Refusal::ALL.map(|one| (one, Set::none(people.n()))).into();
    for (at, id) in people.ids.iter().enumerate() {
        let (said, said_of_profiling) = (said.of(*id), of_profiling.of(*id));
        let subject = Subject { said: &said, said_of_profiling: &said_of_profiling, is_minor: minors.contains(at) };
        if let Err(refusal) = consent::may(subject, purpose, now) {
            refused.iter_mut().filter(|(one, _)| *one == refusal).for_each(|(_, set)| set.insert(at));
        }
    }
    refused.retain(|(_, set)| set.count() > 0);
    Ok(refused)
}

/// All statements on a purpose, by customer.
#[derive(Default)]
struct Ledger(Vec<StatementRow>);

impl Ledger {
    async fn read(ctx: &Ctx, purpose: &str) -> Result<Self> {
        Ok(Self(ctx.store().consents_on(purpose).await?))
    }

    fn of(&self, profile_id: i64) -> Vec<Statement> {
        let from = self.0.partition_point(|row| row.profile_id < profile_id);
        self.0[from..].iter().take_while(|row| row.profile_id == profile_id).map(slim).collect()
    }

    fn by_profile(&self) -> impl Iterator<Item = (i64, Vec<Statement>)> {
        self.0
            .chunk_by(|a, b| a.profile_id == b.profile_id)
            .filter_map(|rows| Some((rows.first()?.profile_id, rows.iter().map(slim).collect())))
    }
}

/// All that what is recorded on a purpose depends on, at an instant; now when absent.
pub(crate) async fn version(ctx: &Ctx, purpose: &str, at: Option<i64>) -> Result<String> {
    let statements = ctx.store().consents_version().await?;
    let defined = purposes(ctx).await?.into_iter().find(|one| one.code == purpose);
    let notices = defined.map(|purpose| {
        let until = at.unwrap_or_else(|| ctx.now());
        let in_force = purpose.policies.iter().filter(|policy| policy.since <= until).count();
        (in_force, purpose.policies)
    });
    Ok(format!("{statements} {at:?} {notices:?}"))
}

/// Customers of whom a ledger says something about a purpose at an instant; now when absent.
pub(crate) async fn recorded(ctx: &Ctx, people: &People, purpose: &str, wanted: State, at: Option<i64>) -> Result<Set> {
    let defined = purposes(ctx).await?.into_iter().find(|one| one.code == purpose);
    let at = at.unwrap_or_else(|| ctx.now());
    let ledger = Ledger::read(ctx, purpose).await?;
    let unknown = wanted == State::Unknown;
    let mut set = if unknown { Set::all(people.n()) } else { Set::none(people.n()) };
    for (id, said) in ledger.by_profile() {
        let Some(position) = people.at(id) else { continue };
        match consent::state(&said, defined.as_ref(), at) == wanted {
            true => set.insert(position),
            false => set.remove(position),
        }
    }
    Ok(set)
}

/// What the ledger of one customer says about a purpose at an instant; now when absent.
pub(crate) async fn recorded_of(ctx: &Ctx, profile_id: i64, purpose: &str, at: Option<i64>) -> Result<State> {
    let defined = purposes(ctx).await?.into_iter().find(|one| one.code == purpose);
    let rows = ctx.store().consents_of(&[profile_id]).await?;
    let said: Vec<Statement> = rows.iter().filter(|row| row.purpose == purpose).map(statement).collect();
    Ok(consent::state(&said, defined.as_ref(), at.unwrap_or_else(|| ctx.now())))
}

/// Customers under fourteen, as far as is known. Only where the year leaves it open is a birthday opened.
async fn minors(ctx: &Ctx, people: &People, now: i64) -> Result<Set> {
    let mut minors = Set::none(people.n());
    let Some(today) = date_of(ctx.workspace().day_of(now)) else { return Ok(minors) };
    let column = people.column(ctx, "birth_year").await?;
    let Column::Num(years) = &column.1 else { return Ok(minors) };
    let mut open = Vec::new();
    for at in 0..people.n() {
        let Some(year) = years.get(at) else { continue };
        if minor::is_open(year, today) {
            open.push((at, year));
        } else if minor::is_minor(None, Some(year), today) {
            minors.insert(at);
        }
    }
    for chunk in open.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|(at, _)| people.ids[*at]).collect();
        let personal = personal_fields(ctx, &ids).await?;
        for (at, year) in chunk {
            let birthday = personal.get(&(people.ids[*at], "birthday")).and_then(|text| minor::read(text));
            if minor::is_minor(birthday, Some(*year), today) {
                minors.insert(*at);
            }
        }
    }
    Ok(minors)
}

/// Whether one customer is under fourteen, as far as is known.
pub(crate) async fn is_minor(ctx: &Ctx, row: &ProfileRow) -> Result<bool> {
    let Some(today) = date_of(ctx.workspace().day_of(ctx.now())) else { return Ok(false) };
    let birthday = match row.birth_year {
        Some(year) if minor::is_open(year, today) => {
            let personal = personal_fields(ctx, &[row.profile_id]).await?;
            personal.get(&(row.profile_id, "birthday")).and_then(|text| minor::read(text))
        }
        _ => None,
    };
    Ok(minor::is_minor(birthday, row.birth_year, today))
}

/// Whether the data of one customer may be used for a purpose now, and if not, why.
pub(crate) async fn may(ctx: &Ctx, row: &ProfileRow, purpose: &Purpose) -> Result<Option<Refusal>> {
    if purpose.basis.is_duty() {
        return Ok(None);
    }
    let rows = ctx.store().consents_of(&[row.profile_id]).await?;
    let of = |code: &str| -> Vec<Statement> { rows.iter().filter(|row| row.purpose == code).map(statement).collect() };
    let (said, said_of_profiling) = (of(&purpose.code), of(PROFILING));
    let subject = Subject { said: &said, said_of_profiling: &said_of_profiling, is_minor: is_minor(ctx, row).await? };
    Ok(consent::may(subject, purpose, ctx.now()).err())
}

/// As [`may`], as an error.
///
/// **Errors**: `purpose_refused`.
pub(crate) async fn allow(ctx: &Ctx, row: &ProfileRow, purpose: &Purpose) -> Result<()> {
    match may(ctx, row, purpose).await? {
        None => Ok(()),
        Some(refusal) => {
            let (zh, en) = refusal.words();
            Err(Error::new(
                ErrorCode::PurposeRefused,
                format!("the customer's data may not be used for {}: {en}", purpose.code),
                format!("该客户的信息不得用于“{}”：{zh}", purpose.zh),
            ))
        }
    }
}

/// Customers among some whose data may be used for a purpose now.
pub(crate) async fn allowed(ctx: &Ctx, ids: &mut Vec<i64>, purpose: &Purpose) -> Result<Excluded> {
    let people = people(ctx).await?;
    Ok(gate(ctx, &people, purpose).await?.keep(&people, ids))
}

//! What was corrected on behalf of a person, and stays so whatever files and events say later.
//!
//! A correction pins one field. Loads and events go on to say what they say: it is kept beside the correction, sealed like it,
//! and comes back when the correction is withdrawn. While somebody writes, profiles show what files and events say ([`Pins::lift`]);
//! before they are stored the corrections are laid over them again ([`Pins::lay`]).
//!
//! - INV-CORRECTION-1: whatever is loaded or collected, a pinned field keeps its value; withdrawn, it has the one that it would
//!   have without (`tests/it/corrections.rs`). Of several for one field of a person the newest holds, through merges too.

use crate::boxed;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use zhike_domain::frame::{Column, Frame};
use zhike_domain::id::{ProfileId, RequestId};
use zhike_domain::import::{Acceptor, ColumnMapping, Entity, Mapping, targets};
use zhike_domain::raw::RawBatch;
use zhike_domain::rights::{RequestKind, RequestStatus};
use zhike_domain::sensitive::Sensitive;
use zhike_domain::written::text;
use zhike_state::{CorrectionRow, FieldRow, LoadCommit, ProfileRow};
use zhike_vault::Place;

use crate::profiles::current;
use crate::sealing::{Keys, open_text};
use crate::stated::PERSONAL;
use crate::workspace::{date_of, day_number};
use crate::{Ctx, Error, Result, audit, requests};

/// Where the value of a corrected field comes from.
pub const SOURCE: &str = "correction";
/// Who withdraws a correction that a newer one takes the place of.
const REPLACED: &str = "system";
/// Columns of a profile.
const COLUMNS: [&str; 8] =
    ["gender", "birth_year", "country", "province", "city", "member_level", "registered_on", "acquisition_channel"];

/// The fields that can be corrected.
pub fn fields() -> impl Iterator<Item = &'static str> {
    PERSONAL.into_iter().chain(COLUMNS)
}

/// A correction, without its value: that is the profile's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Field.
    pub field: String,
    /// Request that asked for it.
    pub request_id: RequestId,
    /// Who made it.
    pub author: String,
    /// When, in microseconds.
    pub made_at: i64,
    /// When it was withdrawn; it holds when missing.
    pub withdrawn_at: Option<i64>,
}

impl From<CorrectionRow> for Correction {
    fn from(row: CorrectionRow) -> Self {
        Self {
            field: row.field,
            request_id: RequestId::new(row.request_id),
            author: row.author,
            made_at: row.made_at,
            withdrawn_at: row.withdrawn_at,
        }
    }
}

/// The corrections of a customer, the oldest first; those that hold, or all.
pub(crate) async fn of(ctx: &Ctx, profile_id: i64, with_withdrawn: bool) -> Result<Vec<Correction>> {
    let rows = ctx.store().corrections_of(&[profile_id]).await?;
    Ok(rows.into_iter().filter(|row| with_withdrawn || row.withdrawn_at.is_none()).map(Correction::from).collect())
}

/// Corrects a field of a customer, as a checked request for correction asks; the value is cleaned as a file's would be.
///
/// **Errors**: `bad_request` for a field that cannot be corrected or a value that cannot be read; `conflict` when the request
/// is another's, of another kind, not checked yet, or over; `not_found`.
#[boxed]
pub async fn correct(
    ctx: &Ctx,
    profile_id: ProfileId,
    field: &str,
    value: &Sensitive<String>,
    request: RequestId,
    actor: &str,
) -> Result<()> {
    let value = cleaned(ctx, field, value)?;
    let _guard = ctx.write_lock().await?;
    let row = current(ctx, profile_id.get()).await?;
    check(ctx, &row, request).await?;
    let mut said = vec![(field.to_owned(), value.clone())];
    // A birthday says the year as well.
    if let Some(year) = value.expose().get(..4).filter(|_| field == "birthday") {
        said.push(("birth_year".to_owned(), Sensitive::new(year.to_owned())));
    }
    let profile = row.profile_id;
    let mut keys = Keys::default();
    keys.fetch(ctx, [profile]).await?;
    let key = keys.get(profile).ok_or_else(|| Error::not_found("customer", "客户"))?;
    let now = ctx.now();
    let mut change = LoadCommit { committed_at: now, ..LoadCommit::default() };
    let mut after = row.clone();
    let before = ctx.store().corrections_of(&[profile]).await?;
    let stored = ctx.store().profile_fields(&[profile]).await?;
    for (field, value) in said {
        let held = before.iter().find(|one| one.field == field && one.withdrawn_at.is_none());
        // What files say is under the correction before, or is what stands there now.
        let (said, said_source) = match held {
            Some(held) => (held.said.clone(), held.said_source.clone()),
            None if PERSONAL.contains(&field.as_str()) => {
                let field = stored.iter().find(|one| one.field == field);
                (field.map(|one| one.sealed.clone()), field.map(|one| one.source.clone()).unwrap_or_default())
            }
            None => (get(&row, &field).map(|value| key.seal(place(&field), value.as_bytes())), String::new()),
        };
        change.corrections.extend(held.cloned().map(|held| withdrawn(held, actor, now)));
        let sealed = key.seal(place(&field), value.expose().as_bytes());
        if PERSONAL.contains(&field.as_str()) {
            change.fields.push(pinned(profile, &field, sealed.clone(), now));
        } else {
            set(&mut after, &field, Some(value.expose().clone()));
        }
        change.corrections.push(CorrectionRow {
            correction_id: ctx.vault().random_id(),
            profile_id: profile,
            field,
            sealed,
            said,
            said_source,
            request_id: request.get(),
            author: actor.to_owned(),
            made_at: now,
            withdrawn_by: None,
            withdrawn_at: None,
        });
    }
    change.updated_profiles.push(after);
    let detail = serde_json::json!({ "field": field, "request": request.to_string() });
    audit::record(ctx, actor, "profile.correct", &ProfileId::new(profile).to_string(), &detail).await?;
    Ok(ctx.store().correct(&change).await?)
}

/// Withdraws the correction of a field: it has the value that files and events say.
///
/// **Errors**: `not_found` when there is none.
#[boxed]
pub async fn withdraw(ctx: &Ctx, profile_id: ProfileId, field: &str, actor: &str) -> Result<()> {
    let _guard = ctx.write_lock().await?;
    let mut row = current(ctx, profile_id.get()).await?;
    let profile = row.profile_id;
    let held = ctx.store().corrections_of(&[profile]).await?;
    let held: Vec<CorrectionRow> = held.into_iter().filter(|one| one.withdrawn_at.is_none()).collect();
    let missing = || Error::not_found("correction of this field", "更正（该字段没有生效的更正）");
    let made_at = held.iter().find(|one| one.field == field).ok_or_else(missing)?.made_at;
    let mut keys = Keys::default();
    keys.fetch(ctx, [profile]).await?;
    let now = ctx.now();
    let mut change = LoadCommit { committed_at: now, ..LoadCommit::default() };
    // The year goes with the birthday that brought it.
    let is_meant = |one: &&CorrectionRow| {
        one.field == field || (field == "birthday" && one.field == "birth_year" && one.made_at == made_at)
    };
    for one in held.iter().filter(is_meant) {
        if PERSONAL.contains(&one.field.as_str()) {
            match &one.said {
                Some(said) => change.fields.push(FieldRow {
                    profile_id: profile,
                    field: one.field.clone(),
                    sealed: said.clone(),
                    source: one.said_source.clone(),
                    updated_at: now,
                }),
                None => change.dropped_fields.push((profile, one.field.clone())),
            }
        } else {
            let said = one.said.as_ref().and_then(|said| open_text(keys.get(profile), place(&one.field), said));
            set(&mut row, &one.field, said);
        }
        change.corrections.push(withdrawn(one.clone(), actor, now));
    }
    change.updated_profiles.push(row);
    let detail = serde_json::json!({ "field": field });
    audit::record(ctx, actor, "profile.uncorrect", &ProfileId::new(profile).to_string(), &detail).await?;
    Ok(ctx.store().correct(&change).await?)
}

/// Whether a request asks for corrections of a customer, and it was checked who asks.
async fn check(ctx: &Ctx, row: &ProfileRow, request: RequestId) -> Result<()> {
    let request = requests::get(ctx, request).await?;
    let is_theirs = request.profile_id == Some(ProfileId::new(row.profile_id));
    if is_theirs && request.kind == RequestKind::Correction && request.status.leads_to(RequestStatus::Done) {
        return Ok(());
    }
    Err(Error::conflict(
        "a correction needs an open request for correction of this customer whose check is done".into(),
        "更正须凭该客户已核身、未办结的“更正、补充”请求".into(),
    ))
}

/// A value as a file's would be read.
fn cleaned(ctx: &Ctx, field: &str, value: &Sensitive<String>) -> Result<Sensitive<String>> {
    if !fields().any(|known| known == field) {
        let known: Vec<&str> = fields().collect();
        return Err(Error::bad_request(
            format!("this field cannot be corrected: choose one of {}", known.join(", ")),
            format!("该字段不能更正：请选择 {} 之一", known.join("、")),
        ));
    }
    let unreadable = || {
        let title = targets(Entity::Profiles).iter().find(|target| target.name == field);
        let (zh, en) = title.map_or((field, field), |target| (target.title_zh, target.title_en));
        Error::bad_request(
            format!("this is no {en} that can be read: write it as a file would"),
            format!("无法识别的{zh}：请按导入文件的写法填写"),
        )
    };
    let mut mapping = Mapping::new(Entity::Profiles);
    mapping.zone = ctx.workspace().zone;
    let header = ["member_id".to_owned(), "value".to_owned()];
    mapping.columns =
        vec![ColumnMapping::new(&header[0], Some("member_id")), ColumnMapping::new(&header[1], Some(field))];
    let mut acceptor = Acceptor::new(&mapping, &header, ctx.now()).map_err(|problems| {
        Error::bug("a mapping of one column", std::io::Error::other(format!("{}", problems.len())))
    })?;
    let column = |cell: &str| std::iter::once(Some(cell)).collect();
    let accepted = acceptor.accept(&RawBatch { columns: vec![column("1"), column(value.expose())], row_no: vec![1] });
    read(&accepted.frame, field).map(Sensitive::new).ok_or_else(unreadable)
}

/// The only row's value of a field, as text.
fn read(frame: &Frame, field: &str) -> Option<String> {
    let kind = frame.fields().iter().find(|known| known.name == field)?.kind;
    match frame.column(field)? {
        _ if frame.n_rows() == 0 => None,
        Column::Sensitive(column) => column.expose().get(0).map(str::to_owned),
        column => text(kind, column, 0),
    }
}

fn place(field: &str) -> Place<'_> {
    Place { table: "profiles", column: field }
}

fn pinned(profile_id: i64, field: &str, sealed: Vec<u8>, made_at: i64) -> FieldRow {
    FieldRow { profile_id, field: field.to_owned(), sealed, source: SOURCE.to_owned(), updated_at: made_at }
}

fn withdrawn(mut row: CorrectionRow, by: &str, now: i64) -> CorrectionRow {
    (row.withdrawn_by, row.withdrawn_at) = (Some(by.to_owned()), Some(now));
    row
}

/// A column of a profile, as text.
fn get(row: &ProfileRow, field: &str) -> Option<String> {
    match field {
        "gender" => row.gender.clone(),
        "birth_year" => row.birth_year.map(|year| year.to_string()),
        "country" => row.country.clone(),
        "province" => row.province.clone(),
        "city" => row.city.clone(),
        "member_level" => row.member_level.clone(),
        "registered_on" => row.registered_on.and_then(date_of).map(|day| day.to_string()),
        "acquisition_channel" => row.acquisition_channel.clone(),
        _ => None,
    }
}

fn set(row: &mut ProfileRow, field: &str, value: Option<String>) {
    match field {
        "gender" => row.gender = value,
        "birth_year" => row.birth_year = value.and_then(|year| year.parse().ok()),
        "country" => row.country = value,
        "province" => row.province = value,
        "city" => row.city = value,
        "member_level" => row.member_level = value,
        "registered_on" => row.registered_on = value.and_then(|day| day.parse().ok()).map(day_number),
        "acquisition_channel" => row.acquisition_channel = value,
        _ => {}
    }
}

/// A correction that holds, opened.
#[derive(Debug)]
struct Pin {
    row: CorrectionRow,
    value: Option<Sensitive<String>>,
    said: Option<Sensitive<String>>,
}

/// The corrections that hold, while profiles are written.
#[derive(Debug, Default)]
pub(crate) struct Pins(HashMap<i64, BTreeMap<String, Pin>>);

impl Pins {
    /// Reads them; there are few.
    pub(crate) async fn read(ctx: &Ctx) -> Result<Self> {
        let rows = ctx.store().corrections().await?;
        let mut keys = Keys::default();
        keys.fetch(ctx, rows.iter().map(|row| row.profile_id)).await?;
        let mut all: HashMap<i64, BTreeMap<String, Pin>> = HashMap::new();
        for row in rows {
            let open =
                |sealed: &[u8]| open_text(keys.get(row.profile_id), place(&row.field), sealed).map(Sensitive::new);
            let (value, said) = (open(&row.sealed), row.said.as_deref().and_then(open));
            all.entry(row.profile_id).or_default().insert(row.field.clone(), Pin { row, value, said });
        }
        Ok(Self(all))
    }

    /// Makes a profile say what files and events say.
    pub(crate) fn lift(&self, row: &mut ProfileRow) {
        for (field, pin) in self.0.get(&row.profile_id).into_iter().flatten() {
            set(row, field, pin.said.as_ref().map(|said| said.expose().clone()));
        }
    }

    /// As [`Self::lift`], for the sealed fields of a profile.
    pub(crate) fn lift_fields(&self, profile_id: i64, fields: &mut HashMap<(i64, String), Sensitive<String>>) {
        for (field, pin) in self.0.get(&profile_id).into_iter().flatten() {
            let key = (profile_id, field.clone());
            match &pin.said {
                Some(said) => drop(fields.insert(key, said.clone())),
                None => drop(fields.remove(&key)),
            }
        }
    }

    /// Whether a field of a profile is corrected.
    pub(crate) fn hold(&self, profile_id: i64, field: &str) -> bool {
        self.0.get(&profile_id).is_some_and(|fields| fields.contains_key(field))
    }

    /// What a row of a file says that a correction keeps back: the fields.
    pub(crate) fn kept_back<'a>(
        &'a self,
        profile_id: i64,
        frame: &'a Frame,
        row: usize,
    ) -> impl Iterator<Item = &'a str> {
        let pins = self.0.get(&profile_id).into_iter().flatten();
        pins.filter(move |(field, pin)| {
            let one = match frame.column(field) {
                Some(Column::Sensitive(column)) => column.expose().get(row).map(str::to_owned),
                Some(column) => {
                    let kind = frame.fields().iter().find(|known| known.name == **field).map(|known| known.kind);
                    kind.and_then(|kind| text(kind, column, row))
                }
                None => None,
            };
            one.is_some_and(|said| pin.value.as_ref().is_some_and(|value| *value.expose() != said))
        })
        .map(|(field, _)| field.as_str())
    }

    /// Lays the corrections over what is about to be stored, and keeps what files and events say beside them. Corrections of
    /// profiles that are merged go along.
    pub(crate) async fn lay(mut self, ctx: &Ctx, commit: &mut LoadCommit) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let now = commit.committed_at;
        let into: HashMap<i64, i64> = commit.merged.iter().copied().collect();
        let last = |profile: i64| {
            let mut at = profile;
            // No merge leads back; should one, the walk ends all the same.
            for _ in 0..into.len() {
                at = into.get(&at).copied().unwrap_or(at);
            }
            at
        };
        let mut moved: BTreeSet<(i64, String)> = BTreeSet::new();
        let from: Vec<i64> = self.0.keys().copied().filter(|profile| into.contains_key(profile)).collect();
        for profile in from {
            for (field, pin) in self.0.remove(&profile).unwrap_or_default() {
                let heir = self.0.entry(last(profile)).or_default();
                let newness = |pin: &Pin| (pin.row.made_at, pin.row.correction_id);
                let loser = match heir.remove(&field) {
                    Some(held) if newness(&held) > newness(&pin) => {
                        heir.insert(field, held);
                        Some(pin)
                    }
                    held => {
                        // What files say of the survivor is what the correction covers from now on.
                        let said = held.as_ref().and_then(|held| held.said.clone());
                        moved.insert((last(profile), field.clone()));
                        heir.insert(field, Pin { said, ..pin });
                        held
                    }
                };
                commit.corrections.extend(loser.map(|pin| withdrawn(pin.row, REPLACED, now)));
            }
        }
        let mut keys = Keys::default();
        let concerned: BTreeSet<i64> = (commit.updated_profiles.iter().map(|row| row.profile_id))
            .chain(commit.fields.iter().map(|row| row.profile_id))
            .chain(commit.dropped_fields.iter().map(|one| one.0))
            .chain(moved.iter().map(|one| one.0))
            .filter(|profile| self.0.contains_key(profile))
            .collect();
        keys.fetch(ctx, concerned.iter().copied()).await?;
        // Sealed fields of survivors that had no correction of them stand in the store alone.
        let heirs: Vec<i64> = moved.iter().map(|one| one.0).collect();
        let stored = ctx.store().profile_fields(&heirs).await?;
        for profile in concerned {
            let Some(key) = keys.get(profile) else { continue };
            for (field, pin) in self.0.remove(&profile).unwrap_or_default() {
                let Some(value) = &pin.value else { continue };
                let is_moved = moved.contains(&(profile, field.clone()));
                let (mut said, mut source) = (pin.said.clone(), pin.row.said_source.clone());
                if PERSONAL.contains(&field.as_str()) {
                    let is_it = |row: &FieldRow| row.profile_id == profile && row.field == field;
                    if is_moved && let Some(row) = stored.iter().find(|row| is_it(row) && row.source != SOURCE) {
                        said = open_text(Some(key), place(&field), &row.sealed).map(Sensitive::new);
                        source.clone_from(&row.source);
                    }
                    if let Some(row) = commit.fields.iter().rev().find(|row| is_it(row)) {
                        said = open_text(Some(key), place(&field), &row.sealed).map(Sensitive::new);
                        source.clone_from(&row.source);
                    }
                    if commit.dropped_fields.contains(&(profile, field.clone())) {
                        (said, source) = (None, String::new());
                    }
                    commit.fields.retain(|row| !is_it(row));
                    commit.dropped_fields.retain(|one| *one != (profile, field.clone()));
                    let sealed = key.seal(place(&field), value.expose().as_bytes());
                    commit.fields.push(pinned(profile, &field, sealed, pin.row.made_at));
                } else if let Some(row) = commit.updated_profiles.iter_mut().find(|row| row.profile_id == profile) {
                    said = get(row, &field).map(Sensitive::new);
                    set(row, &field, Some(value.expose().clone()));
                }
                if is_moved || said != pin.said {
                    let seal = |value: &Sensitive<String>| key.seal(place(&field), value.expose().as_bytes());
                    commit.corrections.push(CorrectionRow {
                        profile_id: profile,
                        sealed: seal(value),
                        said: said.as_ref().map(seal),
                        said_source: source,
                        ..pin.row
                    });
                }
            }
        }
        Ok(())
    }
}

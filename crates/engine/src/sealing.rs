//! Keys of persons and loads: made, fetched, used.

use std::collections::HashMap;

use zhike_state::{FieldRow, IdentityRow, KeyRow};
use zhike_vault::{Place, Subject, SubjectKey};

use crate::{Ctx, Error, Result};

const PROFILE: &str = "profile";
const BATCH: &str = "batch";

/// Where identity values are sealed.
pub(crate) const IDENTITY_VALUE: Place<'static> = Place { table: "identities", column: "value" };
/// Where rows set aside are sealed.
pub(crate) const QUARANTINE_ROW: Place<'static> = Place { table: "quarantine", column: "row" };

/// Keys at hand, and those that are new and not stored yet.
#[derive(Default)]
pub(crate) struct Keys {
    open: HashMap<i64, SubjectKey>,
    new: Vec<KeyRow>,
}

impl Keys {
    /// Fetches the keys of profiles that are not at hand. A profile without a key was erased: it gets none.
    pub(crate) async fn fetch(&mut self, ctx: &Ctx, profiles: impl IntoIterator<Item = i64>) -> Result<()> {
        let mut wanted: Vec<(String, i64)> = profiles
            .into_iter()
            .filter(|profile| !self.open.contains_key(profile))
            .map(|profile| (PROFILE.to_owned(), profile))
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        for (id, key) in open_keys(ctx, &wanted).await? {
            self.open.insert(id, key);
        }
        Ok(())
    }

    /// The key of a profile, when it has one.
    pub(crate) fn get(&self, profile: i64) -> Option<&SubjectKey> {
        self.open.get(&profile)
    }

    /// Makes the key of a new profile.
    pub(crate) fn make(&mut self, ctx: &Ctx, profile: i64, now: i64) -> Result<()> {
        let (key, wrapped) = ctx.vault().new_subject_key(Subject::Profile(profile))?;
        self.new.push(key_row(ctx, PROFILE, profile, wrapped, now));
        self.open.entry(profile).or_insert(key);
        Ok(())
    }

    /// Stores the new keys, before anything sealed under them, or under those at hand, is stored; of disabled keys nothing is.
    pub(crate) async fn store_new(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.vault().check_enabled()?;
        if !self.new.is_empty() {
            ctx.store().put_keys(std::mem::take(&mut self.new)).await?;
        }
        Ok(())
    }
}

fn subject(kind: &str, id: i64) -> Subject {
    if kind == PROFILE { Subject::Profile(id) } else { Subject::Batch(id) }
}

/// The keys of these subjects that exist, opened.
///
/// Between reading a wrapped key and opening it, its epoch may have been destroyed: then it stands under the next one by now
/// (INV-KEYS-1). It is read again, as long as epochs change.
async fn open_keys(ctx: &Ctx, wanted: &[(String, i64)]) -> Result<Vec<(i64, SubjectKey)>> {
    let mut open = Vec::with_capacity(wanted.len());
    let mut rows = ctx.store().keys(wanted).await?;
    let mut n_tries = 0;
    while !rows.is_empty() {
        let epoch = ctx.vault().epoch();
        let mut again = Vec::new();
        for row in rows {
            match ctx.vault().unwrap(subject(&row.subject_kind, row.subject_id), &row.wrapped) {
                Ok(key) => open.push((row.subject_id, key)),
                Err(zhike_vault::Error::NotFound { .. }) if n_tries < 3 => {
                    again.push((row.subject_kind, row.subject_id));
                }
                Err(error) => return Err(error.into()),
            }
        }
        rows = if again.is_empty() { Vec::new() } else { ctx.store().keys(&again).await? };
        n_tries += i32::from(ctx.vault().epoch() == epoch);
    }
    Ok(open)
}

/// A page of wrapped keys after one, wrapped anew under the current epoch; and the last of the page, `None` at the end.
pub(crate) async fn rewrap_page(ctx: &Ctx, after: Option<(String, i64)>) -> Result<(u64, Option<(String, i64)>)> {
    const PAGE: usize = 20_000;
    let epoch = i64::from(ctx.vault().epoch());
    let last = after.as_ref().map(|(kind, id)| (kind.as_str(), *id));
    let rows = ctx.store().list_keys(last, PAGE).await?;
    let Some(row) = rows.last() else { return Ok((0, None)) };
    let next = Some((row.subject_kind.clone(), row.subject_id));
    let old = rows.into_iter().filter(|row| row.epoch != epoch);
    let renewed = old
        .map(|row| Ok(KeyRow { epoch, wrapped: ctx.vault().rewrap(&row.wrapped)?, ..row }))
        .collect::<Result<Vec<KeyRow>>>()?;
    Ok((ctx.store().rewrap_keys(&renewed).await?, next))
}

/// Destroys the keys of profiles; says how many there were.
pub(crate) async fn destroy(ctx: &Ctx, profiles: impl IntoIterator<Item = i64>) -> Result<u64> {
    let subjects: Vec<(String, i64)> = profiles.into_iter().map(|id| (PROFILE.to_owned(), id)).collect();
    Ok(ctx.store().delete_keys(&subjects).await?)
}

fn key_row(ctx: &Ctx, kind: &str, id: i64, wrapped: Vec<u8>, now: i64) -> KeyRow {
    KeyRow {
        subject_kind: kind.into(),
        subject_id: id,
        epoch: i64::from(ctx.vault().epoch()),
        wrapped,
        created_at: now,
    }
}

/// How many keys there are, and how many of them do not open.
pub(crate) async fn check_keys(ctx: &Ctx) -> Result<(u64, u64)> {
    const PAGE: usize = 20_000;
    let (mut n_keys, mut n_damaged) = (0, 0);
    let mut after: Option<(String, i64)> = None;
    loop {
        let last = after.as_ref().map(|(kind, id)| (kind.as_str(), *id));
        let rows = ctx.store().list_keys(last, PAGE).await?;
        let Some(row) = rows.last() else { return Ok((n_keys, n_damaged)) };
        after = Some((row.subject_kind.clone(), row.subject_id));
        for row in &rows {
            n_keys += 1;
            match ctx.vault().unwrap(subject(&row.subject_kind, row.subject_id), &row.wrapped) {
                Ok(_) => {}
                Err(error @ zhike_vault::Error::Disabled { .. }) => return Err(error.into()),
                Err(_) => n_damaged += 1,
            }
        }
    }
}

/// Makes and stores the key of a load's quarantine.
pub(crate) async fn make_batch_key(ctx: &Ctx, batch_id: i64) -> Result<SubjectKey> {
    let (key, wrapped) = ctx.vault().new_subject_key(Subject::Batch(batch_id))?;
    ctx.store().put_keys(vec![key_row(ctx, BATCH, batch_id, wrapped, ctx.now())]).await?;
    Ok(key)
}

/// The key of a day's quarantine, made when it is not there yet: what was made for a batch that was never committed serves.
pub(crate) async fn get_or_make_batch_key(ctx: &Ctx, batch_id: i64) -> Result<SubjectKey> {
    match open_keys(ctx, &[(BATCH.to_owned(), batch_id)]).await?.pop() {
        Some((_, key)) => Ok(key),
        None => make_batch_key(ctx, batch_id).await,
    }
}

/// The key of a load's quarantine.
///
/// **Errors**: `quarantine_row_gone` when it was destroyed.
pub(crate) async fn batch_key(ctx: &Ctx, batch_id: i64) -> Result<SubjectKey> {
    let key = open_keys(ctx, &[(BATCH.to_owned(), batch_id)]).await?.pop();
    let gone = || Error::gone("the rows of this load were destroyed", "这批隔离行已销毁");
    key.map(|(_, key)| key).ok_or_else(gone)
}

/// A sealed text in the clear; `None` when the key is gone or the text damaged (which is logged).
pub(crate) fn open_text(key: Option<&SubjectKey>, place: Place<'_>, sealed: &[u8]) -> Option<String> {
    let bytes = key?.open(place, sealed);
    match bytes {
        Ok(bytes) => String::from_utf8(bytes.to_vec()).ok(),
        Err(error) => {
            tracing::error!(place.table, place.column, %error, "a sealed value does not open");
            None
        }
    }
}

/// The value of an identity.
pub(crate) fn identity_value(keys: &Keys, identity: &IdentityRow) -> Option<String> {
    open_text(keys.get(identity.key_profile_id), IDENTITY_VALUE, &identity.sealed)
}

/// The value of a personal field.
pub(crate) fn field_value(keys: &Keys, field: &FieldRow) -> Option<String> {
    let place = Place { table: "profiles", column: &field.field };
    open_text(keys.get(field.profile_id), place, &field.sealed)
}

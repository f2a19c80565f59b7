//! Lists: segments whose members come from a file of identities.

use crate::boxed;
use std::collections::BTreeSet;

use zhike_domain::frame::TextColumn;
use zhike_domain::id::SegmentId;
use zhike_domain::import::entity::IdentityKind;
use zhike_lake::read::{self, ReadOptions};
use zhike_state::IdentityStatus;

use super::history::{change_at, now, publish, push, refresh_locked};
use super::people::numbers;
use super::{Refresh, Segment, Spec, get, list, people_of, put};
use crate::import::{OpenFile, read_error};
use crate::profiles::normal;
use crate::{Ctx, Error, Result};

/// Rows read and looked up at a time.
const BATCH: usize = 10_000;

/// What the import of a list did.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The list.
    pub segment: Segment,
    /// Values in the file, empty ones aside.
    pub n_rows: u64,
    /// Values that cannot be of this kind.
    pub n_invalid: u64,
    /// Values that nobody has.
    pub n_unknown: u64,
    /// Customers found.
    pub n_found: u64,
    /// Of them, those who were not on the list before.
    pub n_joined: u64,
}

/// Adds the customers whose identities stand in a column of a file (the first, when none is named) to a list; makes the
/// list when there is none of that name.
///
/// **Errors**: `conflict` when a segment of that name has a rule; `bad_request` for a column that is not there; those of
/// reading files.
#[boxed]
pub async fn import(
    ctx: &Ctx,
    name: &str,
    open: OpenFile,
    kind: IdentityKind,
    column: Option<&str>,
) -> Result<Imported> {
    let existing = list(ctx, false).await?.into_iter().find(|segment| segment.spec.name == name.trim());
    if existing.as_ref().is_some_and(|segment| segment.spec.rule.is_some()) {
        return Err(Error::conflict(
            format!("segment {name:?} has a rule, its members cannot be imported: choose another name"),
            format!("分群“{name}”由规则产生，不能导入成员：请换一个名称"),
        ));
    }
    let mut read = Values::read(ctx, open, kind, column).await?;
    let segment = match existing {
        Some(segment) => segment,
        None => {
            let spec = Spec {
                name: name.to_owned(),
                description: String::new(),
                purpose: String::new(),
                refresh: Refresh::Daily,
                rule: None,
                archived_at: None,
                created_at: 0,
            };
            put(ctx, None, spec, None).await?
        }
    };
    let _guard = ctx.write_lock().await?;
    crate::import::recover_locked(ctx).await?;
    let found = people_of(ctx, &std::mem::take(&mut read.found).into_iter().collect::<Vec<_>>()).await?;
    let before: BTreeSet<i64> =
        numbers(&ctx.lake().members(segment.id.get(), None).await?, "profile_id").into_iter().collect();
    let joined: Vec<i64> = found.iter().copied().filter(|id| !before.contains(id)).collect();
    let at = change_at(ctx, segment.id, &now(ctx)).await?;
    let mut stage = ctx.lake().stage("segment_members", ctx.vault().random_id(), "list")?;
    push(&mut stage, segment.id, &joined, &[], at)?;
    publish(ctx, stage).await?;
    let id: SegmentId = segment.id;
    refresh_locked(ctx, Some(id), now(ctx)).await?;
    Ok(Imported {
        segment: get(ctx, &id.to_string()).await?,
        n_rows: read.n_rows,
        n_invalid: read.n_invalid,
        n_unknown: read.n_unknown,
        n_found: found.len() as u64,
        n_joined: joined.len() as u64,
    })
}

/// Makes a list of some customers, ascending.
///
/// **Errors**: `conflict` when the name is taken.
pub(crate) async fn keep_list(ctx: &Ctx, name: &str, note: &str, purpose: &str, ids: &[i64]) -> Result<Segment> {
    let spec = Spec {
        name: name.to_owned(),
        description: note.to_owned(),
        purpose: purpose.to_owned(),
        refresh: Refresh::Daily,
        rule: None,
        archived_at: None,
        created_at: 0,
    };
    let segment = put(ctx, None, spec, None).await?;
    let _guard = ctx.write_lock().await?;
    crate::import::recover_locked(ctx).await?;
    let ids = people_of(ctx, ids).await?;
    let at = change_at(ctx, segment.id, &now(ctx)).await?;
    let mut stage = ctx.lake().stage("segment_members", ctx.vault().random_id(), "list")?;
    push(&mut stage, segment.id, &ids, &[], at)?;
    publish(ctx, stage).await?;
    refresh_locked(ctx, Some(segment.id), now(ctx)).await?;
    get(ctx, &segment.id.to_string()).await
}

#[derive(Default)]
struct Values {
    n_rows: u64,
    n_invalid: u64,
    n_unknown: u64,
    found: BTreeSet<i64>,
}

impl Values {
    async fn read(ctx: &Ctx, open: OpenFile, kind: IdentityKind, column: Option<&str>) -> Result<Self> {
        let options = ReadOptions::default();
        let mut input = open()?;
        let file = input.name().to_owned();
        let failed = |error: read::Error| read_error(&file, &error);
        let sniffed = read::sniff(&mut input, &options).map_err(failed)?;
        let at = match column {
            None => 0,
            Some(column) => sniffed.header.iter().position(|name| name == column).ok_or_else(|| {
                let header = sniffed.header.join(", ");
                Error::bad_request(
                    format!("the file has no column {column:?}: it has {header}"),
                    format!("文件没有列“{column}”：现有 {header}"),
                )
            })?,
        };
        let mut values = Self::default();
        // A file without a header has its first value where the header would stand; a title is nobody's identity.
        if let Some(first) = sniffed.header.get(at) {
            let first = TextColumn::from_iter([Some(first.as_str())]);
            let mut alone = Self::default();
            alone.add(ctx, kind, &first).await?;
            if !alone.found.is_empty() {
                values.n_rows += 1;
                values.found = alone.found;
            }
        }
        let mut reader = read::open(open()?, &sniffed, &options).map_err(failed)?;
        while let Some(batch) = reader.next_batch(BATCH).map_err(failed)? {
            if let Some(column) = batch.columns.get(at) {
                values.add(ctx, kind, column).await?;
            }
        }
        Ok(values)
    }

    async fn add(&mut self, ctx: &Ctx, kind: IdentityKind, column: &TextColumn) -> Result<()> {
        let mut wanted = BTreeSet::new();
        for value in column.iter().flatten().filter(|value| !value.trim().is_empty()) {
            self.n_rows += 1;
            match normal(kind, value) {
                Some(value) => drop(wanted.insert(ctx.vault().blind_index(kind.as_str(), value.expose()))),
                None => self.n_invalid += 1,
            }
        }
        let wanted: Vec<(&str, [u8; 16])> = wanted.into_iter().map(|index| (kind.as_str(), index)).collect();
        let identities = ctx.store().find_identities(&wanted).await?;
        let mut known: BTreeSet<&[u8]> = BTreeSet::new();
        for identity in identities.iter().filter(|identity| identity.status == IdentityStatus::Active) {
            known.insert(identity.value_index.as_slice());
            self.found.insert(identity.profile_id);
        }
        self.n_unknown += wanted.len().saturating_sub(known.len()) as u64;
        Ok(())
    }
}

//! The first rows of a file before and after cleaning. Nothing is stored, nobody is looked up: it must not know people.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use zhike_domain::clean::rule::Rule;
use zhike_domain::clean::status::OrderStatus;
use zhike_domain::import::accept::{Accepted, Acceptor, Change, Reject};
use zhike_domain::import::entity::TargetKind;
use zhike_domain::import::mapping::Log;
use zhike_domain::raw::RawBatch;
use zhike_lake::read::{self, BadRow};

use super::work::{acceptor, learn, options_of};
use super::{ImportOptions, Looked, OpenFile, look, masked, read_error};
use crate::work::worked;
use crate::{Ctx, Result, boxed};

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// What cleaning does to the first rows of a file.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The columns of the file.
    pub columns: Vec<PreviewColumn>,
    /// Rows in the order of the file; lines that are no rows are left out.
    pub rows: Vec<PreviewRow>,
}

/// A column of the file.
#[derive(Clone, Debug)]
pub struct PreviewColumn {
    /// Its name.
    pub header: String,
    /// What it becomes, an identity's kind resolved; nothing when it is not loaded.
    pub target: Option<String>,
}

/// A row and what becomes of it.
#[derive(Clone, Debug)]
pub struct PreviewRow {
    /// Position in the file.
    pub row_no: u64,
    /// The cells as they came, personal ones masked; none when the row could not be cut into cells.
    pub cells: Vec<Option<String>>,
    /// What cleaning changes, in the order in which it does.
    pub changes: Vec<Change>,
    /// Why the row would be set aside.
    pub set_aside: Option<SetAside>,
}

/// Why a row cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Code of the reason.
    pub reason: &'static str,
    /// Target or header at fault.
    pub column: Option<String>,
    /// The value at fault; of a personal column only its form.
    pub detail: String,
}

impl From<Reject> for SetAside {
    fn from(reject: Reject) -> Self {
        Self { reason: reject.reason.code(), column: reject.column, detail: reject.detail }
    }
}

impl From<BadRow> for PreviewRow {
    fn from(bad: BadRow) -> Self {
        let set_aside = SetAside { reason: bad.reason.code(), column: None, detail: bad.detail };
        Self { row_no: bad.row_no, cells: Vec::new(), changes: Vec::new(), set_aside: Some(set_aside) }
    }
}

/// Cleans the first rows of a file as a load would.
///
/// **Errors**: as [`look`]; `invalid_mapping` when the mapping does not fit the file.
#[boxed]
pub async fn preview(ctx: &Ctx, open: &OpenFile, options: &ImportOptions, n_rows: usize) -> Result<Preview> {
    let mut looked = look(ctx, open, options).await?;
    // Changes of form are shown too, which a load may only count.
    looked.mapping.rules.log = Log::All;
    let acceptor = acceptor(ctx, &looked)?;
    let (open, zone) = (open.clone(), ctx.workspace().time_zone());
    // Rules that need the whole column read the whole file.
    worked("preview of a file", move || first_rows(&open, &looked, acceptor, n_rows, &zone)).await?
}

fn first_rows(
    open: &OpenFile,
    looked: &Looked,
    mut acceptor: Acceptor,
    n_rows: usize,
    zone: &TimeZone,
) -> Result<Preview> {
    learn(open, looked, &mut acceptor)?;
    let failed = |error: read::Error| read_error(&looked.file_name, &error);
    let mut reader = read::open(open()?, &looked.sniffed, &options_of(looked)).map_err(failed)?;
    let masks = looked.masks();
    let mut rows: Vec<PreviewRow> = Vec::new();
    while rows.len() < n_rows {
        let raw = reader.next_batch(n_rows).map_err(failed)?;
        rows.extend(reader.take_bad_rows().into_iter().map(PreviewRow::from));
        let Some(raw) = raw else { break };
        let accepted = acceptor.accept(&raw);
        add(&mut rows, &raw, accepted, &masks);
    }
    rows.sort_by_key(|row| row.row_no);
    rows.truncate(n_rows);
    let kind = |name: &str| looked.targets().iter().find(|target| target.name == name).map(|target| target.kind);
    for change in rows.iter_mut().flat_map(|row| &mut row.changes) {
        if let Some(after) = kind(&change.column).and_then(|kind| written(kind, change, zone)) {
            change.after = after;
        }
    }
    let target = |header: &String| {
        let column = looked.mapping.columns.iter().find(|column| column.header == *header)?;
        column.target_name().map(str::to_owned)
    };
    let headers = looked.sniffed.header.iter();
    let columns = headers.map(|header| PreviewColumn { header: header.clone(), target: target(header) }).collect();
    Ok(Preview { columns, rows })
}

/// Adds what became of a batch.
fn add(rows: &mut Vec<PreviewRow>, raw: &RawBatch, accepted: Accepted, masks: &[Option<&str>]) {
    let Accepted { row_no, rejects, changes, .. } = accepted;
    let kept: BTreeSet<u64> = row_no.into_iter().collect();
    let mut set_aside: BTreeMap<u64, SetAside> =
        rejects.into_iter().map(|reject| (reject.row_no, reject.into())).collect();
    let mut changed: BTreeMap<u64, Vec<Change>> = BTreeMap::new();
    changes.into_iter().for_each(|change| changed.entry(change.row_no).or_default().push(change));
    for (at, &row_no) in raw.row_no.iter().enumerate() {
        let set_aside = set_aside.remove(&row_no);
        if set_aside.is_none() && !kept.contains(&row_no) {
            continue;
        }
        let cells = masked(masks, raw.columns.iter().map(|column| column.get(at)));
        let changes = changed.remove(&row_no).unwrap_or_default();
        rows.push(PreviewRow { row_no, cells, changes, set_aside });
    }
}

/// What a change made of a cell, as people write it, where it is noted as the number that is stored.
fn written(kind: TargetKind, change: &Change, zone: &TimeZone) -> Option<String> {
    // What is filled down is a cell of the file.
    let number = change.after.parse::<i64>().ok().filter(|_| change.rule != Rule::FillDown)?;
    let moment = |us: i64, zone: &TimeZone, form: &str| {
        Some(Timestamp::from_microsecond(us).ok()?.to_zoned(zone.clone()).strftime(form).to_string())
    };
    match kind {
        TargetKind::Instant if number >= 0 => moment(number, zone, "%Y-%m-%d %H:%M:%S"),
        TargetKind::Day => moment(number.saturating_mul(DAY_US), &TimeZone::UTC, "%Y-%m-%d"),
        TargetKind::Status => {
            let status = OrderStatus::ALL.get(usize::try_from(number).ok()?)?;
            Some(status.as_str().to_owned())
        }
        // A time below zero is a duration.
        TargetKind::Instant | TargetKind::RefundState | TargetKind::Bool => Some(change.before.clone()),
        _ => None,
    }
}

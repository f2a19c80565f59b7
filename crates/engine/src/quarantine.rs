//! Rows set aside: listing, showing, repairing, loading again.

use crate::boxed;
use std::sync::Arc;

use serde_json::Value;
use zhike_domain::access::Permission;
use zhike_domain::detect::mask_text;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::grade::{Class, Classes, class_of_field};
use zhike_domain::id::BatchId;
use zhike_domain::import::mapping::{ColumnMapping, Mapping};
use zhike_domain::import::report::LoadReport;
pub use zhike_state::{QuarantineRow, QuarantineStatus};

use crate::import::{self, ImportOptions, OnProgress};
use crate::profiles::{grade_of, unmasking};
use crate::sealing::{self, QUARANTINE_ROW};
use crate::{Ctx, Error, Result, accounts};

/// The highest grade: of what nobody has graded.
const HIGHEST: u8 = 4;

/// A row with its cells in the clear, as far as whoever asks may see them.
#[derive(Clone, Debug)]
pub struct Revealed {
    /// Names of the columns.
    pub header: Vec<String>,
    /// The cells; one only when the row could not be cut into cells.
    pub cells: Vec<Option<String>>,
    /// Positions of the cells that are masked.
    pub masked: Vec<usize>,
}

/// A row to be loaded again, with its cells changed or as they are.
#[derive(Clone, Debug)]
pub struct Repair {
    /// Position in the file.
    pub row_no: u64,
    /// New cells in the order of the header; the stored ones when absent.
    pub cells: Option<Vec<Option<String>>>,
    /// Positions of cells that stay as they are stored: whoever repaired the others did not see them.
    pub kept: Vec<usize>,
}

/// A page of the rows that a load set aside.
#[boxed]
pub async fn list(
    ctx: &Ctx,
    batch_id: BatchId,
    after: Option<u64>,
    limit: usize,
    status: Option<QuarantineStatus>,
) -> Result<Vec<QuarantineRow>> {
    let after = after.map(|row| i64::try_from(row).unwrap_or(i64::MAX));
    Ok(ctx.store().quarantine_page(batch_id.get(), after, limit, status).await?)
}

/// How many rows a load set aside, by reason.
#[boxed]
pub async fn counts(ctx: &Ctx, batch_id: BatchId) -> Result<Vec<(String, i64)>> {
    Ok(ctx.store().quarantine_counts(batch_id.get()).await?)
}

/// Shows a row in the clear; the act is logged. Cells of a grade that whoever asks sees only once somebody has approved, or
/// never, stay masked; so does what no column says the grade of.
///
/// **Errors**: `not_found`, `quarantine_row_gone`; `no_permission` for whoever sees some customers alone, for nobody knows
/// yet whose row it is.
#[boxed]
pub async fn reveal(ctx: &Ctx, batch_id: BatchId, row_no: u64, actor: &str, reason: &str) -> Result<Revealed> {
    if let Some(by) = ctx.by() {
        accounts::need(by, Permission::ImportsRead)?;
    }
    if ctx.scope().is_some() {
        return Err(Error::new(
            ErrorCode::NoPermission,
            "nobody knows whose this row is: it is shown only to those who may see all customers",
            "隔离行尚不知属于哪位客户：仅可查看部分客户的账号不能查看",
        ));
    }
    let up_to_grade = ctx.by().map_or(HIGHEST, |by| by.reveals_up_to().unwrap_or_default());
    let columns = match is_live(ctx, batch_id).await? {
        true => Vec::new(),
        false => mapping_of(ctx, batch_id).await?.columns,
    };
    let row = one(ctx, batch_id, row_no).await?;
    let key = sealing::batch_key(ctx, batch_id.get()).await?;
    let mut cells = cells_of(&key, &row)?;
    // Of a record, and of a row that could not be cut into cells, nobody knows what it holds.
    let is_whole = cells.len() == columns.len();
    let field = |at: usize| columns.get(at).filter(|_| is_whole).and_then(ColumnMapping::target_name);
    let grade = |at: usize| field(at).map_or(HIGHEST, grade_of);
    let masked: Vec<usize> = (0..cells.len()).filter(|at| grade(*at) > up_to_grade).collect();
    let clear = (0..cells.len()).filter(|at| grade(*at) <= up_to_grade);
    let shown: Classes = clear.map(|at| field(at).map_or(Class::Unknown, class_of_field)).collect();
    unmasking(ctx, actor, "quarantine.reveal", &format!("{batch_id}#{row_no}"), reason, shown, None).await?;
    for at in &masked {
        let mask = |cell: &String| match field(*at) {
            Some(field) => zhike_domain::mask::field(field, cell),
            None => mask_text(cell).unwrap_or_else(|| cell.clone()),
        };
        cells[*at] = cells[*at].as_ref().map(mask);
    }
    let header = match is_whole {
        true => columns.into_iter().map(|column| column.header).collect(),
        false => vec!["record".to_owned()],
    };
    Ok(Revealed { header, cells, masked })
}

/// Loads rows again, repaired or as they are, as a load of their own: with the mapping of the first, or with a mended one
/// that names the same headers.
///
/// **Errors**: `bad_request` when there is nothing to replay.
#[boxed]
pub async fn replay(
    ctx: &Ctx,
    batch_id: BatchId,
    repairs: Option<Vec<Repair>>,
    mended: Option<Mapping>,
    progress: OnProgress,
) -> Result<LoadReport> {
    if is_live(ctx, batch_id).await? {
        return Err(Error::bad_request(
            "records of live collection are sent again by their sender, once tracking or plan is mended".into(),
            "实时采集的记录请在修正埋点或方案后由发送方重新发送".into(),
        ));
    }
    let mapping = mapping_of(ctx, batch_id).await?;
    let key = sealing::batch_key(ctx, batch_id.get()).await?;
    let repairs = match repairs {
        Some(repairs) => repairs,
        None => {
            let open = list(ctx, batch_id, None, 1_000_000, Some(QuarantineStatus::Open)).await?;
            open.iter().map(|row| Repair { row_no: row.row_no as u64, cells: None, kept: Vec::new() }).collect()
        }
    };
    if repairs.is_empty() {
        return Err(Error::bad_request("no row waits to be loaded again".into(), "没有待重放的行".into()));
    }
    // The rows as a file of JSON lines, in memory: they are in the clear.
    let headers: Vec<&str> = mapping.columns.iter().map(|column| column.header.as_str()).collect();
    let mut lines = String::new();
    let mut row_nos = Vec::with_capacity(repairs.len());
    for repair in &repairs {
        let row = one(ctx, batch_id, repair.row_no).await?;
        if row.status != QuarantineStatus::Open {
            continue;
        }
        let stored = cells_of(&key, &row)?;
        let cells = match &repair.cells {
            Some(cells) => {
                let keeps = |at: usize| repair.kept.contains(&at);
                let own = |(at, cell): (usize, &Option<String>)| match keeps(at) {
                    true => stored.get(at).cloned().flatten(),
                    false => cell.clone(),
                };
                cells.iter().enumerate().map(own).collect()
            }
            None => stored,
        };
        if cells.len() != headers.len() {
            continue;
        }
        let object: serde_json::Map<String, Value> = headers
            .iter()
            .zip(cells)
            .map(|(header, cell)| ((*header).to_owned(), cell.map_or(Value::Null, Value::String)))
            .collect();
        lines.push_str(&Value::Object(object).to_string());
        lines.push('\n');
        row_nos.push(row.row_no);
    }
    if row_nos.is_empty() {
        return Err(Error::bad_request(
            "none of these rows can be loaded again as they are: give them cells".into(),
            "这些行无法原样重放：请先修复单元格".into(),
        ));
    }
    let file = import::file_of(&format!("{batch_id}-replay.jsonl"), Arc::<[u8]>::from(lines.into_bytes()));
    let batch = ctx.store().batch(batch_id.get()).await?.ok_or_else(|| Error::not_found("load", "批次"))?;
    let mapping = mended.unwrap_or(mapping);
    let options = ImportOptions {
        entity: Some(mapping.entity),
        mapping: Some(mapping),
        source: Some(batch.source),
        ..ImportOptions::default()
    };
    let report = import::import(ctx, file, options, progress).await?;
    // Rows that were set aside again wait in the new load.
    let replay_batch: Option<i64> = report.batch_id.parse::<BatchId>().ok().map(BatchId::get);
    ctx.store()
        .set_quarantine_status(batch_id.get(), &row_nos, QuarantineStatus::Replayed, replay_batch, ctx.now())
        .await?;
    Ok(report)
}

async fn one(ctx: &Ctx, batch_id: BatchId, row_no: u64) -> Result<QuarantineRow> {
    let after = row_no.checked_sub(1);
    let page = list(ctx, batch_id, after, 1, None).await?;
    page.into_iter().find(|row| row.row_no as u64 == row_no).ok_or_else(|| Error::not_found("row", "隔离行"))
}

/// Whether the rows are records of live collection, which no mapping reads.
async fn is_live(ctx: &Ctx, batch_id: BatchId) -> Result<bool> {
    Ok(ctx.store().batch(batch_id.get()).await?.is_some_and(|batch| batch.entity == crate::ingest::LIVE))
}

async fn mapping_of(ctx: &Ctx, batch_id: BatchId) -> Result<Mapping> {
    let batch = ctx.store().batch(batch_id.get()).await?.ok_or_else(|| Error::not_found("load", "批次"))?;
    let json = batch.mapping_json.as_deref().unwrap_or_default();
    serde_json::from_str(json).map_err(|error| Error::bug("the mapping of a load", error))
}

fn cells_of(key: &zhike_vault::SubjectKey, row: &QuarantineRow) -> Result<Vec<Option<String>>> {
    let text = sealing::open_text(Some(key), QUARANTINE_ROW, &row.sealed)
        .ok_or_else(|| Error::gone("the row does not open", "这一行已无法打开"))?;
    serde_json::from_str(&text).map_err(|error| Error::bug("a row set aside", error))
}

//! `/api/v1/imports` and the jobs that load.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::BatchId;
use zhike_domain::import::entity::Entity;
use zhike_domain::import::mapping::Mapping;
use zhike_engine::import::{self, BatchRow, ImportOptions, Progress};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::profiles::bad_cursor;
use super::schema::{LoadReport, MappingSchema, StatusWord};
use super::who::Acting;
use crate::jobs::{Job, Loaded};
use crate::output::instant;

/// How far a load is before it begins.
pub(super) const WAITING: Progress = Progress { stage: "waiting", rows_done: 0, done: 0, total: 0 };

/// A load in a list.
#[derive(Serialize, ToSchema)]
pub(super) struct ImportItem {
    batch_id: String,
    file_name: String,
    entity: String,
    source: String,
    #[schema(value_type = StatusWord)]
    status: String,
    rows_read: i64,
    rows_loaded: i64,
    rows_duplicate: i64,
    rows_quarantined: i64,
    quality: Option<f64>,
    started_at: String,
    finished_at: Option<String>,
    error: Option<String>,
}

impl From<&BatchRow> for ImportItem {
    fn from(row: &BatchRow) -> Self {
        Self {
            batch_id: BatchId::new(row.batch_id).to_string(),
            file_name: row.file_name.clone(),
            entity: row.entity.clone(),
            source: row.source.clone(),
            status: row.status.as_str().into(),
            rows_read: row.rows_read,
            rows_loaded: row.rows_loaded,
            rows_duplicate: row.rows_duplicate,
            rows_quarantined: row.rows_quarantined,
            quality: row.quality,
            started_at: instant(row.started_at),
            finished_at: row.finished_at.map(instant),
            error: row.error.clone(),
        }
    }
}

/// A page of loads.
#[derive(Serialize, ToSchema)]
pub(super) struct ImportPage {
    items: Vec<ImportItem>,
    next: Option<String>,
}

/// Which loads.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportQuery {
    /// Cursor of the page before.
    after: Option<String>,
    /// Loads, 20 by default.
    limit: Option<usize>,
}

/// Loads, newest first.
#[utoipa::path(get, path = "/api/v1/imports", params(ImportQuery), responses((status = 200, body = ImportPage)))]
pub(super) async fn list(
    app: Acting,
    query: Result<Query<ImportQuery>, QueryRejection>,
) -> ApiResult<Json<ImportPage>> {
    let Query(query) = query.map_err(ApiError::from)?;
    let limit = query.limit.unwrap_or(20).clamp(1, 200);
    let before = match query.after.as_deref() {
        None => None,
        Some(text) => {
            let parsed = text
                .split_once(':')
                .and_then(|(at, id)| Some((at.parse::<i64>().ok()?, id.parse::<BatchId>().ok()?.get())));
            Some(parsed.ok_or_else(bad_cursor)?)
        }
    };
    let rows = import::list(app.ctx(), limit, before).await?;
    let next = (rows.len() == limit)
        .then(|| rows.last().map(|row| format!("{}:{}", row.started_at, BatchId::new(row.batch_id))))
        .flatten();
    Ok(Json(ImportPage { items: rows.iter().map(ImportItem::from).collect(), next }))
}

/// A load with its report.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportSheet)]
pub(super) struct ImportBody {
    batch: ImportItem,
    report: Option<LoadReport>,
}

/// One load with its report.
#[utoipa::path(
    get,
    path = "/api/v1/imports/{batch_id}",
    params(("batch_id" = String, Path, description = "`bat_…`")),
    responses((status = 200, body = ImportBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn show(app: Acting, path: Result<Path<BatchId>, PathRejection>) -> ApiResult<Json<ImportBody>> {
    let Path(batch_id) = path.map_err(ApiError::from)?;
    let (batch, report) = import::report(app.ctx(), batch_id).await?;
    let report = report.as_ref().map(LoadReport::from);
    Ok(Json(ImportBody { batch: ImportItem::from(&batch), report }))
}

/// What to load.
#[derive(Deserialize, ToSchema)]
#[schema(as = ImportRequest)]
pub(super) struct StartBody {
    upload_id: String,
    #[schema(value_type = String)]
    entity: Entity,
    source: Option<String>,
    /// Mapping of the upload, changed or not.
    #[schema(value_type = Option<MappingSchema>)]
    mapping: Option<Mapping>,
    /// Sheet of a workbook, or file of an archive; the likeliest when absent.
    sheet: Option<String>,
    /// Clean and count only.
    #[serde(default)]
    dry_run: bool,
}

/// A load that was started.
#[derive(Serialize, ToSchema)]
#[schema(as = JobStarted)]
pub(super) struct StartedBody {
    pub(super) job_id: String,
}

/// Loads an uploaded file in the background.
#[utoipa::path(post, path = "/api/v1/imports", request_body = StartBody, responses((status = 202, body = StartedBody)))]
pub(super) async fn start(
    app: Acting,
    body: Result<Json<StartBody>, JsonRejection>,
) -> ApiResult<(StatusCode, Json<StartedBody>)> {
    let Json(body) = body.map_err(ApiError::from)?;
    let upload = app.uploads().get(&body.upload_id).ok_or_else(super::uploads::gone)?;
    let options = ImportOptions {
        entity: Some(body.entity),
        mapping: body.mapping,
        source: body.source,
        sheet: body.sheet,
        dry_run: body.dry_run,
    };
    let ctx = app.ctx().clone();
    let (uploads, upload_id) = (app.uploads().clone(), body.upload_id);
    let job_id = app.jobs().start("job_", &app.by().owner, WAITING, move |desk| async move {
        let file = upload.file();
        let looked = import::look(&ctx, &file, &options).await?;
        let sheet = looked.sniffed.sheet.clone();
        let report = import::load_looked(&ctx, file, looked, options.dry_run, desk.on_progress()).await?;
        let mut loaded = Loaded::from(report);
        if !options.dry_run {
            loaded.sheets_left = uploads.loaded(&upload_id, sheet.as_deref());
        }
        Ok(loaded)
    });
    Ok((StatusCode::ACCEPTED, Json(StartedBody { job_id })))
}

/// A job as it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub(super) struct JobBody {
    job_id: String,
    /// running, done, failed, cancelled.
    state: &'static str,
    stage: &'static str,
    rows_done: u64,
    /// Rows of the file, reckoned from the share of it that was read.
    rows_total: Option<u64>,
    rows_per_second: f64,
    batch_id: Option<String>,
    report: Option<LoadReport>,
    /// Sheets of the same upload that wait to be loaded, once one of them was.
    sheets_left: Vec<String>,
    error: Option<String>,
    error_zh: Option<String>,
}

fn known(app: &Acting, job_id: &str) -> ApiResult<Job<Progress, Loaded>> {
    let gone = || ApiError::new(ErrorCode::NotFound, "there is no such job any more", "这个任务已不存在");
    app.jobs().get(job_id).ok_or_else(gone)
}

/// How far a job has come.
#[utoipa::path(
    get,
    path = "/api/v1/jobs/{job_id}",
    params(("job_id" = String, Path, description = "`job_…`")),
    responses((status = 200, body = JobBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn job(app: Acting, Path(job_id): Path<String>) -> ApiResult<Json<JobBody>> {
    let job = known(&app, &job_id)?;
    let (state, loaded, error, error_zh) = match job.outcome {
        None => ("running", None, None, None),
        Some(Ok(loaded)) => ("done", Some(loaded), None, None),
        Some(Err(_)) if job.cancel.is_asked() => ("cancelled", None, None, None),
        Some(Err((en, zh))) => ("failed", None, Some(en), Some(zh)),
    };
    let seconds = job.started.elapsed().as_secs_f64().max(0.001);
    Ok(Json(JobBody {
        job_id,
        state,
        stage: job.progress.stage,
        rows_done: job.progress.rows_done,
        rows_total: (job.progress.done > 0).then(|| {
            let share = job.progress.done as f64 / job.progress.total.max(job.progress.done) as f64;
            (job.progress.rows_done as f64 / share) as u64
        }),
        rows_per_second: job.progress.rows_done as f64 / seconds,
        batch_id: loaded.as_ref().map(|loaded| loaded.report.batch_id.clone()),
        report: loaded.as_ref().map(|loaded| LoadReport::from(&*loaded.report)),
        sheets_left: loaded.map(|loaded| loaded.sheets_left).unwrap_or_default(),
        error,
        error_zh,
    }))
}

/// Cancels a load: nothing of it is loaded. One that has ended, or is too far to stop, stays as it is.
#[utoipa::path(
    delete,
    path = "/api/v1/jobs/{job_id}",
    params(("job_id" = String, Path, description = "`job_…`")),
    responses((status = 204), (status = 404, body = ErrorBody))
)]
pub(super) async fn cancel(app: Acting, Path(job_id): Path<String>) -> ApiResult<StatusCode> {
    let job = known(&app, &job_id)?;
    // A failure of its own stays one.
    if job.outcome.is_none() {
        job.cancel.ask();
    }
    Ok(StatusCode::NO_CONTENT)
}

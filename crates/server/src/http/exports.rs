//! `/api/v1/exports`: files of customers, orders and rows set aside, made in the background and fetched once.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::AsyncReadExt;
use utoipa::ToSchema;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::{BatchId, ProfileId};
use zhike_engine::approvals::{self, Ask};
use zhike_engine::customers::Whom;
use zhike_engine::exports::{self, Export, Request, What};
use zhike_engine::{guard, incidents};

use super::customers::{Filters, SortBody};
use super::error::{ApiError, ApiResult, ErrorBody};
use super::who::Acting;
use crate::exports::{Format, Made, Progress};
use crate::jobs::Job;

/// Bytes sent at a time.
const CHUNK: usize = 256 << 10;

/// What is exported.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExportWhat)]
pub(super) enum Kind {
    /// Customers of a list: `rule`, `segment_id`, `filter`, `sort`, `columns`.
    Customers,
    /// Members of a segment at its last refresh: `segment_id`, `columns`.
    Members,
    /// Customers with a tag: `tag`, `columns`.
    Tag,
    /// Orders of a customer: `profile_id`.
    Orders,
    /// Rows that a load set aside, without their content: `batch_id`.
    Quarantine,
}

/// Language of headings.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExportLanguage)]
pub(super) enum Language {
    /// 中文.
    #[default]
    Zh,
    /// English.
    En,
}

/// A file to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExportRequest)]
pub(super) struct ExportRequest {
    what: Kind,
    format: Format,
    /// zh (the default), en.
    #[schema(value_type = Option<Language>)]
    language: Option<Language>,
    /// Code of the purpose that the data will be used for; goes to the audit trail and onto the notes sheet.
    purpose: String,
    /// Why now, in words.
    reason: Option<String>,
    /// A rule, as docs/guides/segments.md describes it.
    #[schema(value_type = Option<Object>)]
    rule: Option<serde_json::Value>,
    /// Segment, by id or name.
    segment_id: Option<String>,
    filter: Option<Filters>,
    sort: Option<SortBody>,
    /// Columns by name; the usual ones when absent.
    columns: Option<Vec<String>>,
    tag: Option<String>,
    /// `prf_…`
    #[schema(value_type = Option<String>)]
    profile_id: Option<ProfileId>,
    /// `bat_…`
    #[schema(value_type = Option<String>)]
    batch_id: Option<BatchId>,
}

fn needed<T>(value: Option<T>, name: &str) -> ApiResult<T> {
    value.ok_or_else(|| {
        ApiError::new(
            ErrorCode::BadRequest,
            format!("this export needs {name}: name it in the request"),
            format!("这种导出需要 {name}：请在请求中给出"),
        )
    })
}

impl ExportRequest {
    fn read(self, actor: String) -> ApiResult<(Request, Format)> {
        let columns = self.columns.unwrap_or_default();
        let what = match self.what {
            Kind::Customers => {
                let filter = self.filter.unwrap_or_default().read()?;
                What::Customers {
                    whom: Box::new(Whom { rule: self.rule, segment: self.segment_id, filter, as_of: None }),
                    sort: self.sort.unwrap_or_default().read()?,
                    columns,
                }
            }
            Kind::Members => What::Members { segment: needed(self.segment_id, "segment_id")?, columns },
            Kind::Tag => What::Tag { tag: needed(self.tag, "tag")?, columns },
            Kind::Orders => What::Orders(needed(self.profile_id, "profile_id")?),
            Kind::Quarantine => What::Quarantine(needed(self.batch_id, "batch_id")?),
        };
        let request = Request {
            what,
            purpose: self.purpose,
            reason: self.reason.unwrap_or_default(),
            is_zh: self.language.unwrap_or_default() == Language::Zh,
            actor,
        };
        Ok((request, self.format))
    }
}

/// An export that was started.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportStarted)]
pub(super) struct StartedExport {
    /// Missing while it waits for a second person.
    export_id: Option<String>,
    /// What a second person decides on first, when there are many rows.
    approval_id: Option<String>,
}

/// Makes a file in the background; one at a time, others wait.
#[utoipa::path(post, path = "/api/v1/exports", request_body = ExportRequest,
    responses((status = 202, body = StartedExport), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn start(
    app: Acting,
    body: Result<Json<serde_json::Value>, JsonRejection>,
) -> ApiResult<(StatusCode, Json<StartedExport>)> {
    let Json(mut spec) = body.map_err(ApiError::from)?;
    let (request, format) = asked(spec.clone(), app.actor())?;
    // Mistakes are told at once, before anything waits.
    exports::check(app.ctx(), &request).await?;
    let (purpose, reason) = (request.purpose.clone(), request.reason.clone());
    let export = Export::open(app.ctx(), request.clone()).await?;
    if guard::needs_approval(app.ctx(), export.n_rows).await? {
        let (title, n_rows) = (format!("{}：{}", export.title, export.filters), export.n_rows);
        // The reason stands beside it, without what it says of people.
        if let Some(object) = spec.as_object_mut() {
            object.remove("reason");
        }
        exports::check_names_nobody(&spec)?;
        let columns: Vec<&str> = export.heads.iter().map(|head| head.label.as_str()).collect();
        let print = export.print(app.ctx(), format.as_str()).await?;
        let spec = json!({ "request": spec, "print": print, "columns": columns, "format": format.as_str() });
        let ask = Ask { kind: approvals::Kind::Export, title, purpose, reason, spec, n_rows };
        let approval_id = Some(approvals::ask(app.ctx(), app.by(), ask).await?.id.to_string());
        return Ok((StatusCode::ACCEPTED, Json(StartedExport { export_id: None, approval_id })));
    }
    let export_id = Some(app.exports().start(app.ctx(), &app.by().owner, request, format, None)?);
    Ok((StatusCode::ACCEPTED, Json(StartedExport { export_id, approval_id: None })))
}

/// What waits for a second person: the request, and what it came to when it was made.
#[derive(Default, Deserialize)]
pub(super) struct AskedExport {
    pub(super) request: serde_json::Value,
    pub(super) print: String,
    /// Headings.
    pub(super) columns: Vec<String>,
    pub(super) format: String,
}

/// Reads what is to be exported, as it was sent or kept.
pub(super) fn asked(spec: serde_json::Value, actor: String) -> ApiResult<(Request, Format)> {
    let body: ExportRequest = serde_json::from_value(spec).map_err(|error| {
        ApiError::new(ErrorCode::BadRequest, format!("the export: {error}"), format!("导出请求有误：{error}"))
    })?;
    body.read(actor)
}

/// An export as it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Export)]
pub(super) struct ExportBody {
    export_id: String,
    /// waiting, writing, done, failed, cancelled.
    state: String,
    rows_done: u64,
    /// Known once it is being written.
    rows_total: Option<u64>,
    file_name: Option<String>,
    n_bytes: Option<u64>,
    error: Option<String>,
    error_zh: Option<String>,
}

fn gone() -> ApiError {
    ApiError::new(
        ErrorCode::NotFound,
        "there is no such export any more: files are kept for a day and handed out once; export again",
        "这个导出已不存在：文件保留一天，只能下载一次；请重新导出",
    )
}

/// An export of whoever asks: those of others are as if they were not there.
fn own(app: &Acting, export_id: &str) -> ApiResult<Job<Progress, Arc<Made>>> {
    let job = app.exports().jobs().get(export_id).ok_or_else(gone)?;
    if job.owner == app.by().owner { Ok(job) } else { Err(gone()) }
}

/// How far an export is.
#[utoipa::path(get, path = "/api/v1/exports/{export_id}", params(("export_id" = String, Path, description = "`exp_…`")),
    responses((status = 200, body = ExportBody), (status = 404, body = ErrorBody)))]
pub(super) async fn show(app: Acting, path: Result<Path<String>, PathRejection>) -> ApiResult<Json<ExportBody>> {
    let Path(export_id) = path.map_err(ApiError::from)?;
    let job = own(&app, &export_id)?;
    let mut body = ExportBody {
        export_id,
        state: job.progress.stage.to_owned(),
        rows_done: job.progress.rows_done,
        rows_total: job.progress.rows_total,
        file_name: None,
        n_bytes: None,
        error: None,
        error_zh: None,
    };
    match job.outcome {
        None => {}
        Some(Ok(made)) => {
            body.state = "done".into();
            body.rows_done = made.n_rows;
            body.file_name = Some(made.name.clone());
            body.n_bytes = Some(made.n_bytes);
        }
        Some(Err(_)) if job.cancel.is_asked() => body.state = "cancelled".into(),
        Some(Err((en, zh))) => {
            body.state = "failed".into();
            body.error = Some(en);
            body.error_zh = Some(zh);
        }
    }
    Ok(Json(body))
}

/// Cancels an export; a file that is done already is thrown away.
#[utoipa::path(delete, path = "/api/v1/exports/{export_id}", params(("export_id" = String, Path, description = "`exp_…`")),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn cancel(app: Acting, path: Result<Path<String>, PathRejection>) -> ApiResult<StatusCode> {
    let Path(export_id) = path.map_err(ApiError::from)?;
    own(&app, &export_id)?.cancel.ask();
    drop(app.exports().jobs().take(&export_id));
    Ok(StatusCode::NO_CONTENT)
}

/// The file, once: it is gone with the answer.
#[utoipa::path(get, path = "/api/v1/exports/{export_id}/file", params(("export_id" = String, Path, description = "`exp_…`")),
    responses((status = 200, content_type = "application/octet-stream"), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(super) async fn file(
    app: Acting,
    method: Method,
    path: Result<Path<String>, PathRejection>,
) -> ApiResult<Response> {
    let Path(export_id) = path.map_err(ApiError::from)?;
    own(&app, &export_id)?;
    if method == Method::HEAD {
        // It would use the file up without giving it.
        let en = "the file is handed out once: ask for it with GET";
        return Err(ApiError::new(ErrorCode::BadRequest, en, "文件只能下载一次：请用 GET 获取"));
    }
    incidents::check_unlocked(app.ctx()).await?;
    let made = app.exports().jobs().take(&export_id).ok_or_else(gone)?;
    let file = tokio::fs::File::open(&made.path).await.map_err(|_| gone())?;
    let head = [
        (header::CONTENT_TYPE, made.mime.to_owned()),
        (header::CONTENT_LENGTH, made.n_bytes.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", made.name)),
    ];
    // The file goes when the last byte has, or the reader has gone.
    let chunks = stream::try_unfold((file, made), |(mut file, made)| async move {
        let mut chunk = Vec::with_capacity(CHUNK);
        let n = (&mut file).take(CHUNK as u64).read_to_end(&mut chunk).await?;
        Ok::<_, std::io::Error>((n > 0).then_some((chunk, (file, made))))
    });
    Ok((head, Body::from_stream(chunks)).into_response())
}

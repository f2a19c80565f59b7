//! `/api/v1/uploads`: files on their way in, sealed while they wait.

use std::collections::HashMap;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::clean::time::DateOrder;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::import::doubt::Doubt;
use zhike_domain::import::entity::Entity;
use zhike_domain::import::layout::Encoding;
use zhike_domain::import::mapping::Mapping;
use zhike_engine::import::{self, ImportOptions, Looked, PreviewColumn, PreviewRow, Upload};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::schema::{MappingSchema, UploadForm};
use super::who::Acting;

/// Largest file that a browser may send; larger ones go through the command line.
pub(super) const MAX_UPLOAD_BYTES: usize = 4 << 30;
/// How long an upload waits for its load.
const KEPT: Duration = Duration::from_secs(2 * 3600);
/// Rows shown of a file.
const SAMPLE_ROWS: usize = 20;
/// Rows shown before and after cleaning.
const PREVIEW_ROWS: usize = 200;

/// The uploads of this process.
#[derive(Clone)]
pub(super) struct Uploads {
    dir: Arc<PathBuf>,
    by_id: Arc<Mutex<ById>>,
}

type ById = HashMap<String, Waiting>;

/// An upload that waits for its load.
struct Waiting {
    since: Instant,
    upload: Arc<Upload>,
    /// Sheets that hold a table and were not loaded yet, the likeliest first.
    sheets: Vec<String>,
}

impl Uploads {
    /// Uploads into a folder; what a crash left there goes.
    pub(super) fn new(dir: &FilePath) -> Self {
        if let Err(error) = import::sweep_uploads(dir) {
            tracing::warn!(error = %error.message, "old uploads stay");
        }
        Self { dir: Arc::new(dir.to_owned()), by_id: Arc::default() }
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Upload>> {
        self.lock().get(id).map(|waiting| waiting.upload.clone())
    }

    /// Notes that a sheet was loaded; returns those that wait. The upload goes with the last of them; when nobody loads
    /// them, it goes when its time is over.
    pub(super) fn loaded(&self, id: &str, sheet: Option<&str>) -> Vec<String> {
        let mut by_id = self.lock();
        let Some(waiting) = by_id.get_mut(id) else { return Vec::new() };
        waiting.sheets.retain(|one| Some(one.as_str()) != sheet);
        let left = waiting.sheets.clone();
        if left.is_empty() {
            by_id.remove(id);
        }
        left
    }

    fn sheets(&self, id: &str) -> Vec<String> {
        self.lock().get(id).map(|waiting| waiting.sheets.clone()).unwrap_or_default()
    }

    fn put(&self, upload: Arc<Upload>, sheets: Vec<String>) -> String {
        let id = format!("upl_{}", uuid::Uuid::new_v4().simple());
        let mut by_id = self.lock();
        by_id.retain(|_, waiting| waiting.since.elapsed() < KEPT);
        by_id.insert(id.clone(), Waiting { since: Instant::now(), upload, sheets });
        id
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ById> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn gone() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "the upload is gone: choose the file again", "上传的文件已失效：请重新选择文件")
}

/// An uploaded file and how it would be read.
#[derive(Serialize, ToSchema)]
#[schema(as = Upload)]
pub(super) struct UploadBody {
    upload_id: String,
    file_name: String,
    n_bytes: u64,
    #[schema(value_type = Option<String>)]
    encoding: Option<Encoding>,
    delimiter: Option<String>,
    /// Sheet of a workbook, or file of an archive, that is read.
    sheet: Option<String>,
    /// Others that hold a table and were not loaded yet.
    other_sheets: Vec<String>,
    #[schema(value_type = String)]
    entity: Entity,
    source: String,
    header: Vec<String>,
    /// First rows; personal columns masked.
    sample: Vec<Vec<Option<String>>>,
    #[schema(value_type = MappingSchema)]
    mapping: Mapping,
    /// What a person should look at before loading.
    doubts: Vec<DoubtBody>,
    targets: Vec<TargetBody>,
}

/// A doubt about the guessed mapping: a code with what it is about, and the same in words.
#[derive(Serialize, ToSchema)]
#[schema(as = Doubt)]
pub(super) struct DoubtBody {
    code: String,
    /// Header of the column at issue.
    column: Option<String>,
    /// Name of the target at issue.
    target: Option<String>,
    /// Share of the sampled values that fit, 0 to 1.
    ratio: Option<f32>,
    /// How dates are read meanwhile.
    #[schema(value_type = Option<String>)]
    date_order: Option<DateOrder>,
    message_zh: String,
    message_en: String,
}

impl From<Doubt> for DoubtBody {
    fn from(doubt: Doubt) -> Self {
        let Doubt { code, column, target, ratio, date_order, message_zh, message_en } = doubt;
        Self { code, column, target, ratio, date_order, message_zh, message_en }
    }
}

/// What a column can become.
#[derive(Serialize, ToSchema)]
#[schema(as = Target)]
pub(super) struct TargetBody {
    name: &'static str,
    title_zh: &'static str,
    title_en: &'static str,
    personal: bool,
    required: bool,
}

/// `sheets`: those that were found when the file came; a look at one of them does not see the others.
fn body(upload_id: String, upload: &Upload, mut sheets: Vec<String>, looked: Looked) -> UploadBody {
    sheets.retain(|name| looked.sniffed.sheet.as_ref() != Some(name));
    let sample = looked.masked_sample(SAMPLE_ROWS);
    let targets = looked.targets().iter().map(|target| TargetBody {
        name: target.name,
        title_zh: target.title_zh,
        title_en: target.title_en,
        personal: target.personal,
        required: target.required,
    });
    UploadBody {
        upload_id,
        file_name: looked.file_name.clone(),
        n_bytes: upload.n_bytes(),
        encoding: looked.sniffed.encoding,
        delimiter: looked.sniffed.delimiter.map(|byte| char::from(byte).to_string()),
        sheet: looked.sniffed.sheet.clone(),
        other_sheets: sheets,
        entity: looked.mapping.entity,
        source: looked.source.clone(),
        header: looked.sniffed.header.clone(),
        sample,
        targets: targets.collect(),
        doubts: looked.doubts.into_iter().map(DoubtBody::from).collect(),
        mapping: looked.mapping,
    }
}

fn broken(error: &MultipartError) -> ApiError {
    let too_large = error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE;
    if too_large {
        ApiError::new(
            ErrorCode::TooLarge,
            "the file is larger than 4 GiB: load it on the command line with zhike import",
            "文件超过 4 GiB：请在命令行用 zhike import 载入",
        )
    } else {
        ApiError::new(ErrorCode::BadRequest, "the upload broke off: send the file again", "上传中断：请重新上传")
    }
}

/// Takes a file (multipart field `file`), seals it, and says how it would be read.
#[utoipa::path(
    post,
    path = "/api/v1/uploads",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 200, body = UploadBody), (status = 422, body = ErrorBody))
)]
pub(super) async fn create(app: Acting, mut form: Multipart) -> ApiResult<Json<UploadBody>> {
    while let Some(mut field) = form.next_field().await.map_err(|error| broken(&error))? {
        if field.name() != Some("file") {
            continue;
        }
        let name = field.file_name().unwrap_or("upload").rsplit(['/', '\\']).next().unwrap_or("upload").to_owned();
        let mut writer = Upload::create(&app.uploads().dir, &name)?;
        while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? {
            writer.write(&chunk)?;
        }
        let upload = Arc::new(writer.finish()?);
        let looked = import::look(app.ctx(), &upload.file(), &ImportOptions::default()).await?;
        let sniffed = &looked.sniffed;
        let sheets: Vec<String> = sniffed.sheet.iter().chain(&sniffed.other_sheets).cloned().collect();
        let upload_id = app.uploads().put(upload.clone(), sheets.clone());
        return Ok(Json(body(upload_id, &upload, sheets, looked)));
    }
    Err(ApiError::new(ErrorCode::BadRequest, "the form has no field named file", "表单里没有名为 file 的文件"))
}

/// As what an upload is to be read.
#[derive(Deserialize, ToSchema)]
#[schema(as = GuessRequest)]
pub(super) struct GuessBody {
    /// What the rows are; found out when absent.
    #[schema(value_type = Option<String>)]
    entity: Option<Entity>,
    /// Sheet of a workbook, or file of an archive; the likeliest when absent.
    sheet: Option<String>,
}

/// How an upload would be read as another entity, or how another of its sheets would be.
#[utoipa::path(
    post,
    path = "/api/v1/uploads/{upload_id}/guess",
    params(("upload_id" = String, Path, description = "`upl_…`")),
    request_body = GuessBody,
    responses((status = 200, body = UploadBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn guess(
    app: Acting,
    Path(upload_id): Path<String>,
    form: Result<Json<GuessBody>, JsonRejection>,
) -> ApiResult<Json<UploadBody>> {
    let Json(form) = form.map_err(ApiError::from)?;
    let upload = app.uploads().get(&upload_id).ok_or_else(gone)?;
    let options = ImportOptions { entity: form.entity, sheet: form.sheet, ..ImportOptions::default() };
    let looked = import::look(app.ctx(), &upload.file(), &options).await?;
    let sheets = app.uploads().sheets(&upload_id);
    Ok(Json(body(upload_id, &upload, sheets, looked)))
}

/// How the rows of an upload are to be read.
#[derive(Deserialize, ToSchema)]
#[schema(as = CleaningPreviewRequest)]
pub(super) struct PreviewForm {
    #[schema(value_type = String)]
    entity: Entity,
    /// Mapping of the upload, changed or not.
    #[schema(value_type = Option<MappingSchema>)]
    mapping: Option<Mapping>,
    /// Sheet of a workbook, or file of an archive; the likeliest when absent.
    sheet: Option<String>,
}

/// The first rows of an upload before and after cleaning.
#[derive(Serialize, ToSchema)]
#[schema(as = CleaningPreview)]
pub(super) struct PreviewBody {
    columns: Vec<PreviewColumnBody>,
    rows: Vec<PreviewRowBody>,
}

/// A column of the file and what it becomes.
#[derive(Serialize, ToSchema)]
#[schema(as = CleaningColumn)]
pub(super) struct PreviewColumnBody {
    header: String,
    target: Option<String>,
}

/// A row and what becomes of it.
#[derive(Serialize, ToSchema)]
#[schema(as = CleaningRow)]
pub(super) struct PreviewRowBody {
    row_no: u64,
    /// The cells as they came, personal columns masked; none when the row could not be cut into cells.
    cells: Vec<Option<String>>,
    changes: Vec<ChangeBody>,
    /// Why the row would be set aside.
    set_aside: Option<SetAsideBody>,
}

/// What a rule changes in a row; personal values are masked.
#[derive(Serialize, ToSchema)]
#[schema(as = CleaningChange)]
pub(super) struct ChangeBody {
    /// Target, or header of a trait.
    column: String,
    rule: &'static str,
    before: String,
    after: String,
}

/// Why a row would be set aside.
#[derive(Serialize, ToSchema)]
#[schema(as = CleaningReject)]
pub(super) struct SetAsideBody {
    reason_code: &'static str,
    /// Target or header at fault.
    column_name: Option<String>,
    detail: String,
}

impl From<PreviewColumn> for PreviewColumnBody {
    fn from(PreviewColumn { header, target }: PreviewColumn) -> Self {
        Self { header, target }
    }
}

impl From<PreviewRow> for PreviewRowBody {
    fn from(PreviewRow { row_no, cells, changes, set_aside }: PreviewRow) -> Self {
        let changes = changes.into_iter().map(|change| ChangeBody {
            column: change.column,
            rule: change.rule.code(),
            before: change.before,
            after: change.after,
        });
        let set_aside =
            set_aside.map(|why| SetAsideBody { reason_code: why.reason, column_name: why.column, detail: why.detail });
        Self { row_no, cells, changes: changes.collect(), set_aside }
    }
}

/// What cleaning does to the first 200 rows of an upload; nothing is stored.
#[utoipa::path(
    post,
    path = "/api/v1/uploads/{upload_id}/preview",
    params(("upload_id" = String, Path, description = "`upl_…`")),
    request_body = PreviewForm,
    responses((status = 200, body = PreviewBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(super) async fn preview(
    app: Acting,
    Path(upload_id): Path<String>,
    form: Result<Json<PreviewForm>, JsonRejection>,
) -> ApiResult<Json<PreviewBody>> {
    let Json(form) = form.map_err(ApiError::from)?;
    let upload = app.uploads().get(&upload_id).ok_or_else(gone)?;
    let PreviewForm { entity, mapping, sheet } = form;
    let options = ImportOptions { entity: Some(entity), mapping, sheet, ..ImportOptions::default() };
    let found = import::preview(app.ctx(), &upload.file(), &options, PREVIEW_ROWS).await?;
    Ok(Json(PreviewBody {
        columns: found.columns.into_iter().map(PreviewColumnBody::from).collect(),
        rows: found.rows.into_iter().map(PreviewRowBody::from).collect(),
    }))
}

/// Uploads are larger than other bodies.
pub(super) fn limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(MAX_UPLOAD_BYTES)
}

//! `/api/v1/targets`: numbers that figures shall come to, split to parts of the business; how far each has come; accounts to
//! work on; the table that goes out to those responsible and comes back.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::kpi::Dimension;
use zhike_engine::import::file_of;
use zhike_engine::targets::{self, Account, Board, New, PartState, Set, Target};
use zhike_engine::{Ctx, Result as EngineResult};

use super::customers::ListItem;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::profiles::day;
use super::segments::SegmentBody;
use super::who::Acting;
use crate::exports::Format;
use crate::output::instant;

/// Accounts of a page when nobody says how many.
const USUAL_ACCOUNTS: usize = 50;
/// Accounts of a list at most.
const MAX_LIST: usize = 100_000;
/// Bytes of a table.
const MAX_TABLE: usize = 5 << 20;

/// A number that a figure shall come to.
#[derive(Serialize, ToSchema)]
pub(crate) struct TargetSummary {
    pub(crate) target_id: String,
    pub(crate) name: String,
    /// One more with every change; to be named in one.
    pub(crate) version: i64,
    /// Figure.
    pub(crate) kpi: String,
    kpi_name: String,
    kpi_name_zh: String,
    /// money, count.
    unit: String,
    pub(crate) from: String,
    pub(crate) to: String,
    /// What it is split by, the coarsest first.
    pub(crate) levels: Vec<String>,
    /// What the whole shall come to; money in the workspace currency.
    pub(crate) amount: f64,
    pub(crate) n_parts: usize,
    author: String,
    set_at: String,
}

impl From<&Target> for TargetSummary {
    fn from(target: &Target) -> Self {
        Self {
            target_id: target.id.to_string(),
            name: target.name.clone(),
            version: target.version,
            kpi: target.kpi.key.clone(),
            kpi_name: target.kpi.name.en.clone(),
            kpi_name_zh: target.kpi.name.zh.clone(),
            unit: target.kpi.unit.as_str().to_owned(),
            from: day(target.days.0),
            to: day(target.days.1),
            levels: target.levels.iter().map(|level| level.as_str().to_owned()).collect(),
            amount: target.amount() as f64 / target.scale(),
            n_parts: target.parts.len(),
            author: target.author.clone(),
            set_at: instant(target.set_at),
        }
    }
}

/// A figure that targets can be of.
#[derive(Serialize, ToSchema)]
pub(crate) struct TargetFigure {
    key: String,
    name: String,
    name_zh: String,
    /// money, count.
    unit: String,
}

/// All targets, the newest change first, and what new ones can be of.
#[derive(Serialize, ToSchema)]
pub(crate) struct TargetList {
    pub(crate) items: Vec<TargetSummary>,
    /// Figures that targets can be of.
    figures: Vec<TargetFigure>,
    /// Levels that they can be split by.
    levels: Vec<String>,
}

pub(crate) async fn target_list(ctx: &Ctx) -> EngineResult<TargetList> {
    let figure = |kpi: &zhike_domain::kpi::Kpi| TargetFigure {
        key: kpi.key.clone(),
        name: kpi.name.en.clone(),
        name_zh: kpi.name.zh.clone(),
        unit: kpi.unit.as_str().to_owned(),
    };
    Ok(TargetList {
        items: targets::list(ctx).await?.iter().map(TargetSummary::from).collect(),
        figures: targets::figures().map(figure).collect(),
        levels: targets::LEVELS.iter().map(|level| level.as_str().to_owned()).collect(),
    })
}

/// A part of the business and what it shall bring. Amounts are in the unit of the figure.
#[derive(Serialize, ToSchema)]
pub(crate) struct TargetPart {
    /// Values of the levels from the top; empty for the whole; an empty value for what has none.
    pub(crate) path: Vec<String>,
    /// Whether it is split further.
    pub(crate) has_parts: bool,
    pub(crate) amount: f64,
    /// What can be expected of it if nothing is done.
    pub(crate) expected: f64,
    /// How much more it could bring if its customers bought as those of its better neighbours do.
    pub(crate) headroom: f64,
    /// Customers who bought there in the year before; missing where so few people are not told.
    n_people: Option<u64>,
    pub(crate) floor: Option<f64>,
    pub(crate) cap: Option<f64>,
    pub(crate) locked: Option<f64>,
    /// What those responsible say they can bring.
    pub(crate) asked: Option<f64>,
    /// What those responsible for the parts below say, others taken as they are; of the finest parts, as `asked`.
    pub(crate) asked_below: Option<f64>,
    /// What it brought so far; missing before the first day.
    pub(crate) actual: Option<f64>,
    /// What it should have brought by now, by the season expected.
    pub(crate) due: f64,
    /// What it comes to at this pace; missing while too little was due.
    pub(crate) outlook: Option<f64>,
    pub(crate) is_on_pace: Option<bool>,
}

/// How what can be expected was told.
#[derive(Serialize, ToSchema)]
pub(crate) struct TargetBasis {
    /// Last day that it was told from.
    through: String,
    /// Whole weeks that it was learnt from.
    n_weeks: usize,
    /// Parts that were forecast; of others the weeks before are told.
    n_told: usize,
    expected: f64,
    /// Between which that is 4 times out of 5; missing where it was not forecast.
    low: Option<f64>,
    high: Option<f64>,
    /// What the same days brought a year before; missing where that is not known.
    year_before: Option<f64>,
}

/// How far a target has come.
#[derive(Serialize, ToSchema)]
pub(crate) struct TargetBoard {
    pub(crate) target: TargetSummary,
    basis: TargetBasis,
    /// Last day that is in what was brought; missing before the first.
    through: Option<String>,
    /// The share that is due by then.
    elapsed_ratio: f64,
    /// What it means.
    pub(crate) meaning: String,
    /// In Chinese.
    pub(crate) meaning_zh: String,
    /// The whole first, parts before what they are split to.
    pub(crate) parts: Vec<TargetPart>,
    /// What parts brought that nothing was expected of.
    outside: Option<f64>,
}

fn part(state: PartState, scale: f64) -> TargetPart {
    let of = |units: i64| units as f64 / scale;
    let PartState { part, has_parts, n_people, actual, due, outlook, asked_below } = state;
    TargetPart {
        has_parts,
        amount: of(part.amount),
        expected: of(part.expected),
        headroom: part.headroom,
        n_people,
        floor: part.floor.map(of),
        cap: part.cap.map(of),
        locked: part.locked.map(of),
        asked: part.asked.map(of),
        asked_below: asked_below.map(of),
        actual: actual.map(of),
        due: of(due),
        outlook: outlook.map(of),
        is_on_pace: actual.filter(|_| due > 0).map(|actual| actual >= due),
        path: part.path,
    }
}

/// How far a target has come, with words.
pub(crate) async fn board_of(ctx: &Ctx, id_or_name: &str) -> EngineResult<TargetBoard> {
    let board = targets::board(ctx, id_or_name).await?;
    let (meaning_zh, meaning) = targets::meaning(&board, &ctx.workspace().currency);
    let Board { target, through, elapsed, parts, outside } = board;
    let scale = target.scale();
    let of = |units: i64| units as f64 / scale;
    let basis = &target.basis;
    Ok(TargetBoard {
        basis: TargetBasis {
            through: day(basis.cut),
            n_weeks: basis.n_weeks,
            n_told: basis.n_told,
            expected: of(basis.expected),
            low: basis.range.map(|range| of(range.0)),
            high: basis.range.map(|range| of(range.1)),
            year_before: basis.year_before.map(of),
        },
        target: (&target).into(),
        through: through.map(day),
        elapsed_ratio: elapsed,
        meaning,
        meaning_zh,
        parts: parts.into_iter().map(|state| part(state, scale)).collect(),
        outside: outside.map(of),
    })
}

/// All targets.
#[utoipa::path(get, path = "/api/v1/targets", responses((status = 200, body = TargetList)))]
pub(super) async fn list(app: Acting) -> ApiResult<Json<TargetList>> {
    Ok(Json(target_list(app.ctx()).await?))
}

/// A target to be split.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTarget {
    pub(crate) name: String,
    /// Figure, by key.
    pub(crate) kpi: String,
    /// First day.
    pub(crate) from: String,
    /// Last day.
    pub(crate) to: String,
    /// What the whole shall come to, in the unit of the figure.
    pub(crate) amount: f64,
    /// What it is split by, the coarsest first: channel, store, source, province, city, member_level, acquisition_channel.
    pub(crate) levels: Vec<String>,
}

impl NewTarget {
    pub(crate) fn read(self) -> ApiResult<New> {
        let date = |text: &str| {
            text.parse().map(zhike_engine::workspace::day_number).map_err(|_| {
                ApiError::new(
                    ErrorCode::BadRequest,
                    format!("{text:?} is no day: write it as 2026-11-22"),
                    format!("“{text}”不是日期：请写成 2026-11-22"),
                )
            })
        };
        let level = |name: &String| {
            Dimension::named(name).ok_or_else(|| {
                ApiError::new(
                    ErrorCode::BadRequest,
                    format!(
                        "there is no level {name:?}: choose out of {}",
                        targets::LEVELS.map(Dimension::as_str).join(", ")
                    ),
                    format!("没有层级“{name}”：可用的有 {}", targets::LEVELS.map(Dimension::as_str).join("、")),
                )
            })
        };
        Ok(New {
            days: (date(&self.from)?, date(&self.to)?),
            levels: self.levels.iter().map(level).collect::<ApiResult<Vec<_>>>()?,
            name: self.name,
            kpi: self.kpi,
            amount: self.amount,
        })
    }
}

/// Splits a number by what can be expected of each part, and keeps it.
#[utoipa::path(post, path = "/api/v1/targets", request_body = NewTarget,
    responses((status = 200, body = TargetBoard), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn create(app: Acting, body: Result<Json<NewTarget>, JsonRejection>) -> ApiResult<Json<TargetBoard>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let target = targets::add(app.ctx(), body.read()?, &app.by().owner).await?;
    Ok(Json(board_of(app.ctx(), &target.id.to_string()).await?))
}

/// How far a target has come, part by part.
#[utoipa::path(get, path = "/api/v1/targets/{target_id}", params(("target_id" = String, Path, description = "id")),
    responses((status = 200, body = TargetBoard), (status = 404, body = ErrorBody)))]
pub(super) async fn show(app: Acting, path: Result<Path<String>, PathRejection>) -> ApiResult<Json<TargetBoard>> {
    let Path(id) = path.map_err(ApiError::from)?;
    Ok(Json(board_of(app.ctx(), &id).await?))
}

/// What is set of one part by hand, in the unit of the figure; what is missing is left to the split.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetSet {
    /// Values of the levels from the top.
    path: Vec<String>,
    /// Least.
    floor: Option<f64>,
    /// Most.
    cap: Option<f64>,
    /// Exactly this.
    locked: Option<f64>,
    /// What those responsible say they can bring.
    asked: Option<f64>,
}

impl From<TargetSet> for Set {
    fn from(TargetSet { path, floor, cap, locked, asked }: TargetSet) -> Self {
        Self { path, floor, cap, locked, asked }
    }
}

/// A change of a target.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeTarget {
    /// The version that was looked at; a later one is a conflict.
    version: Option<i64>,
    /// What the whole shall come to; as before when absent.
    amount: Option<f64>,
    /// Parts that change; others stay as they are set.
    #[serde(default)]
    parts: Vec<TargetSet>,
}

/// Sets bounds and wishes of parts, and splits again. What can be expected stays as it was told.
#[utoipa::path(put, path = "/api/v1/targets/{target_id}", params(("target_id" = String, Path, description = "id")),
    request_body = ChangeTarget,
    responses((status = 200, body = TargetBoard), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn update(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    body: Result<Json<ChangeTarget>, JsonRejection>,
) -> ApiResult<Json<TargetBoard>> {
    let Path(id) = path.map_err(ApiError::from)?;
    let Json(ChangeTarget { version, amount, parts }) = body.map_err(ApiError::from)?;
    let sets: Vec<Set> = parts.into_iter().map(Set::from).collect();
    targets::change(app.ctx(), &id, version, amount, &sets, &app.by().owner).await?;
    Ok(Json(board_of(app.ctx(), &id).await?))
}

/// Forgets a target.
#[utoipa::path(delete, path = "/api/v1/targets/{target_id}", params(("target_id" = String, Path, description = "id")),
    responses((status = 200, body = TargetList), (status = 404, body = ErrorBody)))]
pub(super) async fn delete(app: Acting, path: Result<Path<String>, PathRejection>) -> ApiResult<Json<TargetList>> {
    let Path(id) = path.map_err(ApiError::from)?;
    targets::remove(app.ctx(), &id).await?;
    Ok(Json(target_list(app.ctx()).await?))
}

/// Which accounts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetAccountsQuery {
    /// Values of the levels from the top; all customers when empty.
    path: Vec<String>,
    /// Accounts at most: 50 when absent, no more than 500.
    limit: Option<usize>,
}

/// A customer and what it shall bring. Amounts are in the unit of the figure.
#[derive(Serialize, ToSchema)]
pub(crate) struct TargetAccount {
    pub(crate) customer: ListItem,
    #[serde(skip)]
    pub(crate) profile_id: String,
    pub(crate) amount: f64,
    /// What it brought so far; missing before the first day.
    pub(crate) actual: Option<f64>,
    /// What is missing of what was due by now; before the first day, of the whole.
    pub(crate) gap: f64,
    /// What it brought in the last of the two spans looked back at.
    pub(crate) last: f64,
    /// In the one before.
    pub(crate) before: f64,
    /// lapsed, falling, silent, behind, on_pace.
    pub(crate) because: String,
}

/// Customers of a part, the largest gaps first.
#[derive(Serialize, ToSchema)]
pub(crate) struct TargetAccounts {
    /// What the part shall bring.
    pub(crate) amount: f64,
    /// Of that, what customers that are not known yet shall bring.
    pub(crate) amount_of_new: f64,
    /// Customers who bought there; missing where so few people are not told.
    pub(crate) total: Option<u64>,
    /// Of them, those who are behind.
    pub(crate) n_behind: Option<u64>,
    /// Days of each of the two spans looked back at.
    pub(crate) days: i64,
    pub(crate) items: Vec<TargetAccount>,
}

/// The accounts of a part.
pub(crate) async fn accounts_of(
    ctx: &Ctx,
    id: &str,
    path: &[String],
    limit: Option<usize>,
) -> EngineResult<TargetAccounts> {
    let found = targets::accounts(ctx, id, path, limit.unwrap_or(USUAL_ACCOUNTS)).await?;
    let scale = found.target.scale();
    let of = |units: i64| units as f64 / scale;
    let item = |account: Account| TargetAccount {
        profile_id: account.customer.profile_id.to_string(),
        customer: account.customer.into(),
        amount: of(account.amount),
        actual: account.actual.map(of),
        gap: of(account.gap),
        last: of(account.brought.0),
        before: of(account.brought.1),
        because: account.because.as_str().to_owned(),
    };
    Ok(TargetAccounts {
        amount: of(found.amount),
        amount_of_new: of(found.amount_of_new),
        total: found.n,
        n_behind: found.n_behind,
        days: found.days,
        items: found.accounts.into_iter().map(item).collect(),
    })
}

/// The customers of a part and what each of them shall bring, the largest gaps first.
#[utoipa::path(post, path = "/api/v1/targets/{target_id}/accounts",
    params(("target_id" = String, Path, description = "id")), request_body = TargetAccountsQuery,
    responses((status = 200, body = TargetAccounts), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn accounts(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    body: Result<Json<TargetAccountsQuery>, JsonRejection>,
) -> ApiResult<Json<TargetAccounts>> {
    let Path(id) = path.map_err(ApiError::from)?;
    let Json(body) = body.map_err(ApiError::from)?;
    Ok(Json(accounts_of(app.ctx(), &id, &body.path, body.limit).await?))
}

/// Which accounts are kept, and how the list is called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetSegment {
    /// Values of the levels from the top; all customers when empty.
    path: Vec<String>,
    /// Accounts at most.
    limit: usize,
    /// Name of the segment.
    name: String,
}

/// Keeps the accounts with the largest gaps as a segment: a list of those who are behind now.
#[utoipa::path(post, path = "/api/v1/targets/{target_id}/segment",
    params(("target_id" = String, Path, description = "id")), request_body = TargetSegment,
    responses((status = 200, body = SegmentBody), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn save(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    body: Result<Json<TargetSegment>, JsonRejection>,
) -> ApiResult<Json<SegmentBody>> {
    let Path(id) = path.map_err(ApiError::from)?;
    let Json(body) = body.map_err(ApiError::from)?;
    let (segment, _) = targets::save(app.ctx(), &id, &body.path, body.limit.min(MAX_LIST), &body.name).await?;
    Ok(Json(segment.into()))
}

/// In which language and form.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SheetQuery {
    /// zh, en; Chinese when absent.
    lang: Option<String>,
    /// csv, xlsx; a workbook when absent.
    #[param(inline)]
    format: Option<Format>,
}

/// The parts of a target as a table: to be filled in by those responsible, and read back.
#[utoipa::path(get, path = "/api/v1/targets/{target_id}/sheet",
    params(("target_id" = String, Path, description = "id"), SheetQuery),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = ErrorBody)))]
pub(super) async fn sheet(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<SheetQuery>, QueryRejection>,
) -> ApiResult<Response> {
    let Path(id) = path.map_err(ApiError::from)?;
    let Query(query) = query.map_err(ApiError::from)?;
    let format = query.format.unwrap_or(Format::Xlsx);
    let board = board_of(app.ctx(), &id).await?;
    let body = crate::targets::table(&board, format, query.lang.as_deref() != Some("en"))?;
    let name = format!("attachment; filename=\"{}.{}\"", board.target.target_id, format.as_str());
    Ok(([(header::CONTENT_TYPE, format.mime().to_owned()), (header::CONTENT_DISPOSITION, name)], body).into_response())
}

/// Reads such a table back: each row sets its part as it says, and the target is split again. CSV or XLSX, up to 5 MiB.
#[utoipa::path(post, path = "/api/v1/targets/{target_id}/sheet",
    params(("target_id" = String, Path, description = "id")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = TargetBoard), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 413, body = ErrorBody)))]
pub(super) async fn read_sheet(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> ApiResult<Json<TargetBoard>> {
    let Path(id) = path.map_err(ApiError::from)?;
    // Workbooks are ZIP files.
    let name = if body.starts_with(b"PK") { "targets.xlsx" } else { "targets.csv" };
    let (version, sets) = targets::sets(app.ctx(), &id, file_of(name, body)).await?;
    targets::change(app.ctx(), &id, Some(version), None, &sets, &app.by().owner).await?;
    Ok(Json(board_of(app.ctx(), &id).await?))
}

/// The most bytes of a table.
pub(super) fn sheet_limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(MAX_TABLE)
}

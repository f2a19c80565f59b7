//! `/api/v1/sources`: the sites, apps and back ends that send events.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::collect::Settings;
use zhike_domain::collect::commerce::CommerceMapping;
use zhike_domain::collect::plan::Plan;
use zhike_domain::collect::volume::Band;
use zhike_domain::error_code::ErrorCode;
use zhike_engine::Ctx;
use zhike_engine::sources::{self, NewSource, Source, SourceHealth};

use super::collect::kind_names;
use super::error::{ApiError, ApiResult};
use super::who::Acting;

/// A source and how it does.
#[derive(Serialize, ToSchema)]
#[schema(as = Source)]
pub(crate) struct SourceBody {
    source_id: String,
    name: String,
    /// What senders show to be let in; it lets nobody read.
    write_key: String,
    /// Origins whose pages may send; empty for any.
    allowed_origins: Vec<String>,
    /// Kinds of messages that are taken; empty for all.
    allowed_kinds: Vec<String>,
    /// How records are read.
    #[schema(value_type = Object)]
    settings: Settings,
    /// The tracking plan.
    #[schema(value_type = Object)]
    plan: Plan,
    /// How its own events are read as orders.
    #[schema(value_type = Object)]
    commerce: CommerceMapping,
    is_enabled: bool,
    created_at: String,
    health: HealthBody,
}

/// How a source does.
#[derive(Serialize, ToSchema)]
#[schema(as = SourceHealth)]
pub(crate) struct HealthBody {
    last_received_at: Option<String>,
    n_received_24h: u64,
    n_rejected_24h: u64,
    n_violations_24h: u64,
    /// Records not accepted within 24 hours, by reason.
    rejected_by_reason: BTreeMap<String, u64>,
    /// Age of the oldest record that is not in the tables yet.
    lag_seconds: f64,
    /// Records of the last full hour.
    n_last_hour: u64,
    /// What that hour usually brings, once that can be said.
    usual: Option<BandBody>,
    /// What somebody should look at: silent, volume.
    alert: Option<String>,
}

/// What an hour usually brings, in records; or a load, in rows.
#[derive(Serialize, ToSchema)]
#[schema(as = UsualVolume)]
pub(crate) struct BandBody {
    /// The middle.
    middle: u64,
    /// The least that is usual.
    low: u64,
    /// The most that is usual.
    high: u64,
}

impl From<Band> for BandBody {
    fn from(band: Band) -> Self {
        Self { middle: band.usual, low: band.low, high: band.high }
    }
}

impl SourceBody {
    pub(crate) fn new(source: Source, health: SourceHealth) -> Self {
        Self {
            source_id: source.source_id.to_string(),
            name: source.name,
            write_key: source.write_key,
            allowed_origins: source.allowed_origins,
            allowed_kinds: source.allowed_kinds,
            settings: source.settings,
            plan: source.plan,
            commerce: source.commerce,
            is_enabled: source.is_enabled,
            created_at: crate::output::instant(source.created_at),
            health: HealthBody {
                last_received_at: health.last_received_at.map(crate::output::instant),
                n_received_24h: health.n_received_24h,
                n_rejected_24h: health.n_rejected_24h,
                n_violations_24h: health.n_violations_24h,
                rejected_by_reason: health.rejected_by_reason,
                lag_seconds: health.lag_seconds,
                n_last_hour: health.n_last_hour,
                usual: health.usual.map(BandBody::from),
                alert: health.alert,
            },
        }
    }
}

impl SourceBody {
    /// Names of [`Self::row`].
    pub(crate) const HEADER: [&str; 11] = [
        "source_id",
        "name",
        "write_key",
        "enabled",
        "last_received_at",
        "received_24h",
        "rejected_24h",
        "lag_s",
        "last_hour",
        "usual",
        "alert",
    ];

    /// What a list shows.
    pub(crate) fn row(&self) -> [String; 11] {
        let health = &self.health;
        [
            self.source_id.clone(),
            self.name.clone(),
            self.write_key.clone(),
            self.is_enabled.to_string(),
            health.last_received_at.clone().unwrap_or_else(|| "--".into()),
            health.n_received_24h.to_string(),
            health.n_rejected_24h.to_string(),
            format!("{:.1}", health.lag_seconds),
            health.n_last_hour.to_string(),
            health.usual.as_ref().map_or_else(|| "--".into(), |usual| format!("{}-{}", usual.low, usual.high)),
            health.alert.clone().unwrap_or_else(|| "--".into()),
        ]
    }
}

/// All sources with how they do.
pub(crate) async fn all(ctx: &Ctx) -> Result<Vec<SourceBody>, zhike_engine::Error> {
    let mut health: BTreeMap<i64, SourceHealth> =
        sources::health(ctx).await?.into_iter().map(|health| (health.source_id, health)).collect();
    let sources = sources::list(ctx).await?;
    Ok(sources
        .into_iter()
        .map(|source| {
            let health = health.remove(&source.source_id).unwrap_or_default();
            SourceBody::new(source, health)
        })
        .collect())
}

async fn one(ctx: &Ctx, source: Source) -> ApiResult<Json<SourceBody>> {
    let health = sources::health(ctx).await?.into_iter().find(|health| health.source_id == source.source_id);
    Ok(Json(SourceBody::new(source, health.unwrap_or_default())))
}

/// The source of an id or a name.
pub(crate) async fn find(ctx: &Ctx, id_or_name: &str) -> Result<Source, zhike_engine::Error> {
    let sources = sources::list(ctx).await?;
    let is_meant = |source: &&Source| source.source_id.to_string() == id_or_name || source.name == id_or_name;
    sources.iter().find(is_meant).cloned().ok_or_else(|| {
        zhike_engine::Error::new(
            ErrorCode::NotFound,
            format!("there is no source {id_or_name:?}"),
            format!("没有数据源 {id_or_name}"),
        )
    })
}

/// Refuses kinds of messages that do not exist.
pub(crate) fn check_kinds(kinds: &[String]) -> Result<(), zhike_engine::Error> {
    let Some(wrong) = kinds.iter().find(|kind| !kind_names().any(|name| name == kind.as_str())) else {
        return Ok(());
    };
    let names = kind_names().collect::<Vec<_>>().join(", ");
    Err(zhike_engine::Error::new(
        ErrorCode::BadRequest,
        format!("{wrong:?} is no kind of message; these are: {names}"),
        format!("没有 {wrong} 这种消息；可用的有：{names}"),
    ))
}

/// All sources.
#[derive(Serialize, ToSchema)]
pub(super) struct SourceList {
    items: Vec<SourceBody>,
    /// How SDKs reach this server, when it was configured.
    public_url: Option<String>,
}

/// All sources, by name.
#[utoipa::path(get, path = "/api/v1/sources", responses((status = 200, body = SourceList)))]
pub(super) async fn list(app: Acting) -> ApiResult<Json<SourceList>> {
    let items = all(app.ctx()).await?;
    Ok(Json(SourceList { items, public_url: app.collector().public_url.clone() }))
}

/// A source to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateSource {
    name: String,
    /// Origins whose pages may send; any when absent.
    allowed_origins: Option<Vec<String>>,
    /// Kinds of messages that are taken; all when absent.
    allowed_kinds: Option<Vec<String>>,
    /// How records are read.
    #[schema(value_type = Option<Object>)]
    settings: Option<Settings>,
    /// The tracking plan.
    #[schema(value_type = Option<Object>)]
    plan: Option<Plan>,
    /// How its own events are read as orders, as YAML or JSON text.
    commerce: Option<String>,
}

/// Makes a source with a write key.
#[utoipa::path(
    post,
    path = "/api/v1/sources",
    request_body = CreateSource,
    responses((status = 200, body = SourceBody), (status = 409, body = super::error::ErrorBody))
)]
pub(super) async fn create(
    app: Acting,
    body: Result<Json<CreateSource>, JsonRejection>,
) -> ApiResult<Json<SourceBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let new = NewSource {
        name: body.name,
        allowed_origins: body.allowed_origins.unwrap_or_default(),
        allowed_kinds: body.allowed_kinds.unwrap_or_default(),
        settings: body.settings,
        plan: body.plan,
        commerce: body.commerce.as_deref().map(sources::parse_commerce).transpose()?,
    };
    check_kinds(&new.allowed_kinds)?;
    let source = sources::create(app.ctx(), new).await?;
    one(app.ctx(), source).await
}

/// One source.
#[utoipa::path(
    get,
    path = "/api/v1/sources/{source_id}",
    params(("source_id" = String, Path, description = "id or name")),
    responses((status = 200, body = SourceBody), (status = 404, body = super::error::ErrorBody))
)]
pub(super) async fn show(app: Acting, path: Result<Path<String>, PathRejection>) -> ApiResult<Json<SourceBody>> {
    let Path(id) = path.map_err(ApiError::from)?;
    let source = find(app.ctx(), &id).await?;
    one(app.ctx(), source).await
}

/// What changes of a source; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateSource {
    name: Option<String>,
    allowed_origins: Option<Vec<String>>,
    allowed_kinds: Option<Vec<String>>,
    #[schema(value_type = Option<Object>)]
    settings: Option<Settings>,
    #[schema(value_type = Option<Object>)]
    plan: Option<Plan>,
    /// How its own events are read as orders, as YAML or JSON text.
    commerce: Option<String>,
    is_enabled: Option<bool>,
}

/// Changes a source.
#[utoipa::path(
    patch,
    path = "/api/v1/sources/{source_id}",
    params(("source_id" = String, Path, description = "id or name")),
    request_body = UpdateSource,
    responses((status = 200, body = SourceBody), (status = 404, body = super::error::ErrorBody))
)]
pub(super) async fn update(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    body: Result<Json<UpdateSource>, JsonRejection>,
) -> ApiResult<Json<SourceBody>> {
    let Path(id) = path.map_err(ApiError::from)?;
    let Json(body) = body.map_err(ApiError::from)?;
    let mut source = find(app.ctx(), &id).await?;
    source.name = body.name.unwrap_or(source.name);
    source.allowed_origins = body.allowed_origins.unwrap_or(source.allowed_origins);
    source.allowed_kinds = body.allowed_kinds.unwrap_or(source.allowed_kinds);
    source.settings = body.settings.unwrap_or(source.settings);
    source.plan = body.plan.unwrap_or(source.plan);
    if let Some(text) = &body.commerce {
        source.commerce = sources::parse_commerce(text)?;
    }
    source.is_enabled = body.is_enabled.unwrap_or(source.is_enabled);
    check_kinds(&source.allowed_kinds)?;
    let source = sources::update(app.ctx(), source).await?;
    one(app.ctx(), source).await
}

/// Gives a source a new write key; the old one lets nobody in any more.
#[utoipa::path(
    post,
    path = "/api/v1/sources/{source_id}/rotate-key",
    params(("source_id" = String, Path, description = "id or name")),
    responses((status = 200, body = SourceBody), (status = 404, body = super::error::ErrorBody))
)]
pub(super) async fn rotate_key(app: Acting, path: Result<Path<String>, PathRejection>) -> ApiResult<Json<SourceBody>> {
    let Path(id) = path.map_err(ApiError::from)?;
    let source = find(app.ctx(), &id).await?;
    let source = sources::rotate_key(app.ctx(), source.source_id).await?;
    one(app.ctx(), source).await
}

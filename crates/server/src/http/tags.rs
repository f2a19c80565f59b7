//! `/api/v1/tags`: definitions and packs of them, how their values are spread, and the tags of one customer with the reasons.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::audience::{Bin, Tag, TagUnit, expression_sentence};
use zhike_domain::id::ProfileId;
use zhike_engine::tags::{self, Listed, OfProfile, Told, Why};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::overview::date;
use super::segments::DayQuery;
use super::who::Acting;
use crate::output::instant;

/// A tag.
#[derive(Serialize, ToSchema)]
#[schema(as = Tag)]
pub(crate) struct TagBody {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) name_zh: String,
    /// computed, or put by people.
    pub(crate) kind: String,
    /// attribute, behaviour, value; missing for one that people put.
    pub(crate) level: Option<String>,
    /// count, day, year, money, ratio, score.
    unit: Option<String>,
    /// manual, daily.
    refresh: Option<String>,
    /// retail, internet, finance; missing for one's own.
    pub(crate) pack: Option<String>,
    version: i64,
    /// What it computes.
    pub(crate) sentence: String,
    pub(crate) sentence_zh: String,
    /// The definition, as docs/guides/tags.md describes it.
    #[schema(value_type = Option<Object>)]
    definition: Option<serde_json::Value>,
    /// Tables, `profiles.…` for traits, and scores that it is computed from.
    depends_on: Vec<String>,
    /// Segments whose rules name it.
    used_by: Vec<TagUser>,
    /// The values that people choose from when they put it; any when empty.
    choices: Vec<String>,
    /// At the newest refresh; missing when not computed yet.
    pub(crate) spread: Option<TagSpread>,
}

/// A segment whose rule names a tag.
#[derive(Serialize, ToSchema)]
pub(crate) struct TagUser {
    segment_id: String,
    name: String,
}

/// How far a tag reaches, how fresh it is, how its values are spread.
#[derive(Serialize, ToSchema)]
pub(crate) struct TagSpread {
    /// Last day that counts.
    pub(crate) as_of: String,
    computed_at: String,
    /// Customers with a value; missing where so few are not told, as all counts.
    pub(crate) n_customers: Option<u64>,
    /// Whether it is missing for that.
    is_suppressed: bool,
    /// All customers.
    n_total: Option<u64>,
    /// Customers with a value over all.
    pub(crate) coverage_ratio: Option<f64>,
    /// The most frequent values; of numbers none.
    pub(crate) values: Vec<TagValueCount>,
    /// Of numbers: smallest, quartiles, largest.
    pub(crate) quartiles: Option<Vec<f64>>,
    /// Of numbers: how many customers are in which range; every one is in exactly one.
    bins: Vec<TagBin>,
}

/// A range of numbers.
#[derive(Serialize, ToSchema)]
pub(crate) struct TagBin {
    /// The least number in it; the first range has none.
    from: Option<f64>,
    /// Numbers in it are below this; the last range has none.
    below: Option<f64>,
    /// Missing where so few are not told.
    n_customers: Option<u64>,
    is_suppressed: bool,
}

impl From<(Bin, bool)> for TagBin {
    fn from((bin, shown): (Bin, bool)) -> Self {
        Self { from: bin.from, below: bin.below, n_customers: shown.then_some(bin.n), is_suppressed: !shown }
    }
}

/// How many have a value.
#[derive(Serialize, ToSchema)]
pub(crate) struct TagValueCount {
    pub(crate) value: String,
    label: Option<String>,
    label_zh: Option<String>,
    /// Missing where so few are not told.
    pub(crate) n_customers: Option<u64>,
    is_suppressed: bool,
}

fn spread(spread: Told, tag: Option<&Tag>) -> TagSpread {
    let labels = tag.map(Tag::labels).unwrap_or_default();
    let count = |(value, n_customers): (String, Option<u64>)| {
        let label = labels.iter().find(|label| label.0 == value);
        let (label_zh, label) = (label.map(|label| label.1.clone()), label.map(|label| label.2.clone()));
        TagValueCount { value, label, label_zh, n_customers, is_suppressed: n_customers.is_none() }
    };
    let share = |(n, total): (u64, u64)| if total == 0 { 0.0 } else { n as f64 / total as f64 };
    let ratio = spread.n_customers.zip(spread.n_total).map(share);
    TagSpread {
        as_of: spread.as_of,
        computed_at: instant(spread.at),
        n_customers: spread.n_customers,
        n_total: spread.n_total,
        is_suppressed: spread.n_customers.is_none(),
        coverage_ratio: ratio,
        values: spread.top.into_iter().map(count).collect(),
        quartiles: spread.quartiles.map(|quartiles| quartiles.to_vec()),
        bins: spread.bins.into_iter().map(TagBin::from).collect(),
    }
}

impl From<Listed> for TagBody {
    fn from(listed: Listed) -> Self {
        let tag = listed.defined.as_ref().map(|defined| &defined.tag);
        Self {
            name_zh: tag.map_or_else(|| listed.key.clone(), |tag| tag.name.0.clone()),
            name: tag.map_or_else(|| listed.key.clone(), |tag| tag.name.1.clone()),
            kind: if tag.is_some() { "computed" } else { "put" }.to_owned(),
            level: tag.map(|tag| tag.level.as_str().to_owned()),
            unit: tag.and_then(|tag| tag.unit).map(TagUnit::as_str).map(str::to_owned),
            refresh: tag.map(|tag| tag.refresh.as_str().to_owned()),
            definition: tag.map(Tag::to_json),
            pack: listed.defined.as_ref().and_then(|defined| defined.pack.clone()),
            version: listed.defined.as_ref().map_or(0, |defined| defined.version),
            spread: listed.spread.map(|one| spread(one, tag)),
            key: listed.key,
            sentence_zh: listed.sentence.0,
            sentence: listed.sentence.1,
            depends_on: listed.depends_on,
            used_by: listed
                .used_by
                .into_iter()
                .map(|(id, name)| TagUser { segment_id: id.to_string(), name })
                .collect(),
            choices: listed.choices,
        }
    }
}

/// Tags.
#[derive(Serialize, ToSchema)]
pub(super) struct TagList {
    items: Vec<TagBody>,
}

/// All tags, with coverage, freshness, spread of values, and what depends on what.
#[utoipa::path(get, path = "/api/v1/tags", responses((status = 200, body = TagList)))]
pub(super) async fn list(app: Acting) -> ApiResult<Json<TagList>> {
    Ok(Json(TagList { items: tags::list(app.ctx()).await?.into_iter().map(TagBody::from).collect() }))
}

/// A definition.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutTag {
    /// As docs/guides/tags.md describes it.
    #[schema(value_type = Object)]
    definition: serde_json::Value,
}

/// One tag by its key.
async fn one(app: &Acting, key: &str) -> ApiResult<Json<TagBody>> {
    let found = tags::list(app.ctx()).await?.into_iter().find(|listed| listed.key == key);
    match found {
        Some(listed) => Ok(Json(listed.into())),
        None => Err(tags::get(app.ctx(), key).await.map_or_else(ApiError::from, |_| ApiError::from(not_there()))),
    }
}

fn not_there() -> zhike_engine::Error {
    let code = zhike_domain::error_code::ErrorCode::NotFound;
    zhike_engine::Error::new(code, "there is no such tag", "没有这个标签")
}

/// Stores a definition, in place of the one of that key; the next refresh computes it.
#[utoipa::path(post, path = "/api/v1/tags", request_body = PutTag,
    responses((status = 200, body = TagBody), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(super) async fn create(app: Acting, body: Result<Json<PutTag>, JsonRejection>) -> ApiResult<Json<TagBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let defined = tags::put(app.ctx(), &body.definition).await?;
    one(&app, &defined.tag.key).await
}

/// One tag.
#[utoipa::path(get, path = "/api/v1/tags/{key}", params(("key" = String, Path, description = "key")),
    responses((status = 200, body = TagBody), (status = 404, body = ErrorBody)))]
pub(super) async fn show(app: Acting, path: Result<Path<String>, PathRejection>) -> ApiResult<Json<TagBody>> {
    let Path(key) = path.map_err(ApiError::from)?;
    one(&app, &key).await
}

/// Takes a tag out of force and answers with what it was: segments go on with its last values, and people's tags are
/// taken off everybody.
#[utoipa::path(delete, path = "/api/v1/tags/{key}", params(("key" = String, Path, description = "key")),
    responses((status = 200, body = TagBody), (status = 404, body = ErrorBody)))]
pub(super) async fn retire(app: Acting, path: Result<Path<String>, PathRejection>) -> ApiResult<Json<TagBody>> {
    let Path(key) = path.map_err(ApiError::from)?;
    let retired = one(&app, &key).await?;
    tags::drop_definition(app.ctx(), &key).await?;
    Ok(retired)
}

/// What a refresh of a tag did.
#[derive(Serialize, ToSchema)]
pub(super) struct TagRefreshed {
    /// Last day that counts.
    as_of: String,
    /// False when nothing it depends on had changed.
    is_computed: bool,
}

/// Computes a tag, and with it those of every day.
#[utoipa::path(post, path = "/api/v1/tags/{key}/refresh", params(("key" = String, Path, description = "key")),
    responses((status = 200, body = TagRefreshed), (status = 404, body = ErrorBody)))]
pub(super) async fn refresh(app: Acting, path: Result<Path<String>, PathRejection>) -> ApiResult<Json<TagRefreshed>> {
    let Path(key) = path.map_err(ApiError::from)?;
    // Those that people put are written with every refresh.
    let computed = (one(&app, &key).await?.0.kind == "computed").then_some(key);
    let done = tags::refresh(app.ctx(), computed.as_deref(), None, false).await?;
    Ok(Json(TagRefreshed { as_of: done.as_of, is_computed: done.is_computed }))
}

/// What a definition would compute.
#[derive(Serialize, ToSchema)]
pub(super) struct TagPreview {
    sentence: String,
    sentence_zh: String,
    /// The definition as it would be stored.
    #[schema(value_type = Object)]
    definition: serde_json::Value,
    spread: TagSpread,
}

/// Computes a definition over all customers, without storing anything.
#[utoipa::path(post, path = "/api/v1/tag-preview", request_body = PutTag,
    responses((status = 200, body = TagPreview), (status = 422, body = ErrorBody)))]
pub(super) async fn preview(app: Acting, body: Result<Json<PutTag>, JsonRejection>) -> ApiResult<Json<TagPreview>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let (tag, found) = tags::preview(app.ctx(), &body.definition, None).await?;
    let (sentence_zh, sentence) = expression_sentence(&tag.expression, &app.ctx().workspace().currency);
    Ok(Json(TagPreview { sentence, sentence_zh, definition: tag.to_json(), spread: spread(found, Some(&tag)) }))
}

/// A tag that people are to put.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutManualTag {
    key: String,
    /// The values to choose from; any when empty.
    values: Vec<String>,
}

/// Declares a tag that people put on customers, in place of the one of that key.
#[utoipa::path(post, path = "/api/v1/manual-tags", request_body = PutManualTag,
    responses((status = 200, body = TagBody), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn declare(app: Acting, body: Result<Json<PutManualTag>, JsonRejection>) -> ApiResult<Json<TagBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    tags::declare(app.ctx(), &body.key, &body.values).await?;
    one(&app, body.key.trim()).await
}

/// A pack of definitions.
#[derive(Serialize, ToSchema)]
pub(super) struct TagPack {
    /// retail, internet, finance.
    key: String,
    name: String,
    name_zh: String,
    n_tags: u64,
    /// Whether its definitions are in force.
    is_chosen: bool,
}

/// Packs of definitions.
#[derive(Serialize, ToSchema)]
pub(super) struct TagPacks {
    items: Vec<TagPack>,
}

async fn all_packs(app: &Acting) -> ApiResult<Json<TagPacks>> {
    let packs = tags::packs(app.ctx()).await?.into_iter().map(|(pack, is_chosen)| TagPack {
        key: pack.key.clone(),
        name_zh: pack.name.0.clone(),
        name: pack.name.1.clone(),
        n_tags: pack.tags.len() as u64,
        is_chosen,
    });
    Ok(Json(TagPacks { items: packs.collect() }))
}

/// The packs of definitions that come with the product.
#[utoipa::path(get, path = "/api/v1/tag-packs", responses((status = 200, body = TagPacks)))]
pub(super) async fn packs(app: Acting) -> ApiResult<Json<TagPacks>> {
    all_packs(&app).await
}

/// The packs to be in force.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChooseTagPacks {
    packs: Vec<String>,
}

/// Chooses packs; the next refresh computes their tags.
#[utoipa::path(put, path = "/api/v1/tag-packs", request_body = ChooseTagPacks,
    responses((status = 200, body = TagPacks), (status = 400, body = ErrorBody)))]
pub(super) async fn choose_packs(
    app: Acting,
    body: Result<Json<ChooseTagPacks>, JsonRejection>,
) -> ApiResult<Json<TagPacks>> {
    let Json(body) = body.map_err(ApiError::from)?;
    tags::choose_packs(app.ctx(), &body.packs).await?;
    all_packs(&app).await
}

/// A tag on a customer.
#[derive(Serialize, ToSchema)]
#[schema(as = ProfileTag)]
pub(crate) struct ProfileTagBody {
    pub(crate) key: String,
    name: String,
    name_zh: String,
    /// computed, or put by people.
    kind: String,
    level: Option<String>,
    unit: Option<String>,
    pub(crate) value: String,
    /// The name of the value, when it has one.
    label: Option<String>,
    label_zh: Option<String>,
    /// Last day that counts, of a value computed.
    pub(crate) as_of: Option<String>,
    /// Who put it.
    author: Option<String>,
    pub(crate) set_at: Option<String>,
    pub(crate) expires_at: Option<String>,
}

impl From<OfProfile> for ProfileTagBody {
    fn from(one: OfProfile) -> Self {
        let tag = one.defined.as_ref().map(|defined| &defined.tag);
        let (label_zh, label) = one.label.unzip();
        let (author, set_at, expires_at) = match one.put {
            Some((author, set_at, until)) => (Some(author), Some(instant(set_at)), until.map(instant)),
            None => (None, None, None),
        };
        Self {
            name_zh: tag.map_or_else(|| one.key.clone(), |tag| tag.name.0.clone()),
            name: tag.map_or_else(|| one.key.clone(), |tag| tag.name.1.clone()),
            kind: if tag.is_some() { "computed" } else { "put" }.to_owned(),
            level: tag.map(|tag| tag.level.as_str().to_owned()),
            unit: tag.and_then(|tag| tag.unit).map(TagUnit::as_str).map(str::to_owned),
            key: one.key,
            value: one.value,
            label,
            label_zh,
            as_of: one.as_of,
            author,
            set_at,
            expires_at,
        }
    }
}

/// The tags of a customer.
#[derive(Serialize, ToSchema)]
pub(super) struct ProfileTags {
    items: Vec<ProfileTagBody>,
}

async fn of_profile(app: &Acting, profile_id: ProfileId) -> ApiResult<Json<ProfileTags>> {
    let items = tags::of_profile(app.ctx(), profile_id, None).await?.into_iter().map(ProfileTagBody::from);
    Ok(Json(ProfileTags { items: items.collect() }))
}

/// The tags of a customer: values of the newest refresh, and those that people put.
#[utoipa::path(get, path = "/api/v1/profiles/{profile_id}/tags",
    params(("profile_id" = String, Path, description = "`prf_…`")),
    responses((status = 200, body = ProfileTags), (status = 404, body = ErrorBody)))]
pub(super) async fn of(app: Acting, path: Result<Path<ProfileId>, PathRejection>) -> ApiResult<Json<ProfileTags>> {
    let Path(profile_id) = path.map_err(ApiError::from)?;
    of_profile(&app, profile_id).await
}

/// A tag to be put on a customer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutProfileTag {
    key: String,
    /// Missing: the tag is taken off.
    value: Option<String>,
    /// Last day on which it holds; for good when absent.
    until: Option<String>,
}

/// Puts a tag on a customer, or takes it off; segments see it from the next refresh on.
#[utoipa::path(post, path = "/api/v1/profiles/{profile_id}/tags",
    params(("profile_id" = String, Path, description = "`prf_…`")), request_body = PutProfileTag,
    responses((status = 200, body = ProfileTags), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn put(
    app: Acting,
    path: Result<Path<ProfileId>, PathRejection>,
    body: Result<Json<PutProfileTag>, JsonRejection>,
) -> ApiResult<Json<ProfileTags>> {
    let Path(profile_id) = path.map_err(ApiError::from)?;
    let Json(body) = body.map_err(ApiError::from)?;
    let ctx = app.ctx();
    let until = date(body.until)?.map(|day| tags::end_of(ctx, day));
    match body.value {
        Some(value) => tags::set(ctx, profile_id, &body.key, &value, &app.by().owner, until).await?,
        None => tags::remove(ctx, profile_id, &body.key).await?,
    }
    of_profile(&app, profile_id).await
}

/// Why a customer has a value, or none.
#[derive(Serialize, ToSchema)]
#[schema(as = TagWhy)]
pub(crate) struct WhyBody {
    /// The value as of the day, computed now.
    value: Option<String>,
    label: Option<String>,
    label_zh: Option<String>,
    as_of: String,
    /// What is computed; or who put it.
    sentence: String,
    sentence_zh: String,
    inputs: Vec<TagInput>,
}

/// What a value was computed from.
#[derive(Serialize, ToSchema)]
pub(crate) struct TagInput {
    /// Place in the expression, a JSON pointer.
    pointer: String,
    sentence: String,
    sentence_zh: String,
    /// The value found.
    value: Option<String>,
    /// Whether the condition holds, of a rule's.
    holds: Option<bool>,
}

impl From<Why> for WhyBody {
    fn from(why: Why) -> Self {
        let (label_zh, label) = why.label.unzip();
        let inputs = why.inputs.into_iter().map(|one| TagInput {
            pointer: one.pointer,
            sentence_zh: one.sentence.0,
            sentence: one.sentence.1,
            value: one.value,
            holds: one.holds,
        });
        Self {
            value: why.value,
            label,
            label_zh,
            as_of: why.as_of,
            sentence_zh: why.sentence.0,
            sentence: why.sentence.1,
            inputs: inputs.collect(),
        }
    }
}

/// Why a customer has the value that a tag has as of a day: the rule, its inputs, the day.
#[utoipa::path(get, path = "/api/v1/tags/{key}/why/{profile_id}",
    params(("key" = String, Path, description = "key"), ("profile_id" = String, Path, description = "`prf_…`"), DayQuery),
    responses((status = 200, body = WhyBody), (status = 404, body = ErrorBody)))]
pub(super) async fn why(
    app: Acting,
    path: Result<Path<(String, ProfileId)>, PathRejection>,
    query: Result<Query<DayQuery>, QueryRejection>,
) -> ApiResult<Json<WhyBody>> {
    let Path((key, profile_id)) = path.map_err(ApiError::from)?;
    let Query(query) = query.map_err(ApiError::from)?;
    Ok(Json(tags::why(app.ctx(), profile_id, &key, date(query.as_of)?).await?.into()))
}

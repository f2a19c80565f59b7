//! `/api/v1/compliance`: the register of processing activities, as JSON and as a document, and impact assessments.

use axum::Json;
use axum::extract::Query;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::grade::Classes;
use zhike_domain::id::AssessmentId;
use zhike_engine::compliance::{self, Activity, Assessment, Held, Recipient, Recorded, Register};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::retention::RuleBody;
use super::who::Acting;
use crate::exports::Format;
use crate::output::instant;

fn words(classes: Classes) -> Vec<String> {
    classes.iter().map(|class| class.as_str().to_owned()).collect()
}

/// What is done for a purpose.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProcessingActivity {
    /// Code.
    pub(crate) purpose: String,
    name: String,
    name_zh: String,
    /// consent, contract, legal_duty, vital, public, legitimate_interest.
    pub(crate) basis: String,
    basis_note: String,
    /// Why it needs a consent of its own: sensitive, third_party, abroad, minor, publish.
    separate: Option<String>,
    /// Version of the notice in force.
    notice: Option<String>,
    /// technical, behaviour, commerce, attribute, location, identity, sensitive, text, unknown.
    pub(crate) classes: Vec<String>,
    pub(crate) n_segments: u64,
    /// Files made within three years.
    pub(crate) n_files: u64,
    /// Why it needs an impact assessment: sensitive, automated, provided, abroad.
    pub(crate) assessment_needed: Vec<String>,
    /// The newest assessment that names it.
    pub(crate) assessment_id: Option<String>,
}

impl ProcessingActivity {
    fn new(one: Activity, now: i64) -> Self {
        let Activity { purpose, classes, n_segments, n_files, whys, assessment } = one;
        Self {
            notice: purpose.policy_at(now).map(|policy| policy.version.clone()),
            basis: purpose.basis.as_str().to_owned(),
            separate: purpose.separate.map(|why| why.as_str().to_owned()),
            purpose: purpose.code,
            name: purpose.en,
            name_zh: purpose.zh,
            basis_note: purpose.basis_note,
            classes: words(classes),
            n_segments,
            n_files,
            assessment_needed: whys.iter().map(|why| why.as_str().to_owned()).collect(),
            assessment_id: assessment.map(|id| id.to_string()),
        }
    }
}

/// A role that may read a class, by the highest grade of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClassReader {
    pub(crate) role: String,
    /// clear, partial, full: the mask.
    pub(crate) shown: String,
    /// What it takes to see masked values: reason, approval, never.
    pub(crate) unmask: Option<String>,
}

/// A class of data about people that is held.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeldClass {
    pub(crate) class: String,
    /// The highest grade among its fields.
    pub(crate) grade: u8,
    pub(crate) fields: Vec<String>,
    pub(crate) sources: Vec<String>,
    /// How long what happened is kept.
    pub(crate) kept: Vec<RuleBody>,
    /// Whether it is kept with the customer, until they are erased.
    pub(crate) until_erased: bool,
    pub(crate) readers: Vec<ClassReader>,
}

impl From<Held> for HeldClass {
    fn from(one: Held) -> Self {
        let reader = |one: compliance::Reader| ClassReader {
            role: one.role.to_string(),
            shown: one.shown.as_str().to_owned(),
            unmask: one.unmask.map(|unmask| unmask.as_str().to_owned()),
        };
        Self {
            class: one.class.as_str().to_owned(),
            grade: one.grade,
            fields: one.fields,
            sources: one.sources,
            kept: one.kept.into_iter().map(RuleBody::from).collect(),
            until_erased: one.until_erased,
            readers: one.readers.into_iter().map(reader).collect(),
        }
    }
}

/// Who was given files within three years.
#[derive(Serialize, ToSchema)]
pub(crate) struct DataRecipient {
    /// Who made them; `person` for copies of people's own data.
    pub(crate) who: String,
    /// Code of the purpose; empty for copies.
    pub(crate) purpose: String,
    /// Of the columns, masked or not.
    pub(crate) classes: Vec<String>,
    pub(crate) n_files: u64,
    pub(crate) n_rows: u64,
    pub(crate) last_at: String,
}

impl From<Recipient> for DataRecipient {
    fn from(one: Recipient) -> Self {
        let Recipient { who, purpose, classes, n_files, n_rows, last_at } = one;
        Self { who, purpose, classes: words(classes), n_files, n_rows, last_at: instant(last_at) }
    }
}

/// A version of an impact assessment.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImpactAssessment {
    /// The same for all versions.
    pub(crate) assessment_id: String,
    /// From 1.
    pub(crate) version: i64,
    pub(crate) title: String,
    /// Codes of the purposes that it is about.
    pub(crate) purposes: Vec<String>,
    pub(crate) processing: String,
    pub(crate) necessity: String,
    pub(crate) risks: String,
    pub(crate) measures: String,
    pub(crate) conclusion: String,
    pub(crate) author: String,
    pub(crate) at: String,
    /// Whether a later version takes its place.
    pub(crate) is_superseded: bool,
    /// Whether it is what its audit entry was written for.
    pub(crate) is_whole: bool,
}

impl From<Recorded> for ImpactAssessment {
    fn from(one: Recorded) -> Self {
        let Recorded { id, version, content, author, at, is_superseded, is_whole } = one;
        let Assessment { title, purposes, processing, necessity, risks, measures, conclusion } = content;
        Self {
            assessment_id: id.to_string(),
            version,
            title,
            purposes,
            processing,
            necessity,
            risks,
            measures,
            conclusion,
            author,
            at: instant(at),
            is_superseded,
            is_whole,
        }
    }
}

/// The register of processing activities, derived from what is configured and was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProcessingRegister {
    pub(crate) controller: String,
    pub(crate) made_at: String,
    pub(crate) activities: Vec<ProcessingActivity>,
    pub(crate) classes: Vec<HeldClass>,
    pub(crate) recipients: Vec<DataRecipient>,
    /// The versions in force, the newest first.
    pub(crate) assessments: Vec<ImpactAssessment>,
}

impl From<Register> for ProcessingRegister {
    fn from(one: Register) -> Self {
        let now = one.made_at;
        let in_force = one.assessments.into_iter().filter(|one| !one.is_superseded);
        Self {
            controller: one.controller,
            made_at: instant(now),
            activities: one.activities.into_iter().map(|one| ProcessingActivity::new(one, now)).collect(),
            classes: one.held.into_iter().map(HeldClass::from).collect(),
            recipients: one.recipients.into_iter().map(DataRecipient::from).collect(),
            assessments: in_force.map(ImpactAssessment::from).collect(),
        }
    }
}

/// The register as it is now.
#[utoipa::path(get, path = "/api/v1/compliance/register", responses((status = 200, body = ProcessingRegister)))]
pub(super) async fn register(app: Acting) -> ApiResult<Json<ProcessingRegister>> {
    Ok(Json(compliance::register(app.ctx()).await?.into()))
}

/// In which language and form.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DocumentQuery {
    /// zh, en; Chinese when absent.
    lang: Option<String>,
    /// markdown, xlsx; Markdown when absent.
    #[param(inline)]
    format: Option<DocumentFormat>,
}

/// The form of a document.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum DocumentFormat {
    Markdown,
    Xlsx,
}

/// The register as a document: Markdown, or a workbook with a sheet for each table.
#[utoipa::path(get, path = "/api/v1/compliance/register/document", params(DocumentQuery),
    responses((status = 200, content_type = "text/markdown"), (status = 400, body = ErrorBody)))]
pub(super) async fn document(app: Acting, query: Result<Query<DocumentQuery>, QueryRejection>) -> ApiResult<Response> {
    let Query(query) = query.map_err(ApiError::from)?;
    let is_zh = query.lang.as_deref() != Some("en");
    let register = compliance::register(app.ctx()).await?;
    let (mime, name, body) = match query.format {
        Some(DocumentFormat::Xlsx) => {
            (Format::Xlsx.mime(), "processing-register.xlsx", crate::register::workbook(&register, app.ctx(), is_zh)?)
        }
        _ => {
            let text = crate::register::markdown(&register, app.ctx(), is_zh);
            ("text/markdown; charset=utf-8", "processing-register.md", text.into_bytes())
        }
    };
    let head = [
        (header::CONTENT_TYPE, mime.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((head, body).into_response())
}

/// Impact assessments.
#[derive(Serialize, ToSchema)]
pub(super) struct ImpactAssessments {
    /// All versions, the newest first.
    items: Vec<ImpactAssessment>,
}

/// All versions of all impact assessments.
#[utoipa::path(get, path = "/api/v1/compliance/assessments", responses((status = 200, body = ImpactAssessments)))]
pub(super) async fn assessments(app: Acting) -> ApiResult<Json<ImpactAssessments>> {
    let items = compliance::assessments(app.ctx()).await?.into_iter().map(ImpactAssessment::from).collect();
    Ok(Json(ImpactAssessments { items }))
}

/// An impact assessment to be recorded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAssessment {
    title: String,
    /// Codes of the purposes that it is about.
    purposes: Vec<String>,
    /// What is processed, and how.
    processing: String,
    /// Whether ends and means are lawful, proper and necessary.
    necessity: String,
    /// What it means for people, and what could go wrong.
    risks: String,
    /// Measures, and whether they fit the risk.
    measures: String,
    /// What follows.
    conclusion: String,
    /// `pia_…` whose place it takes; a new one when missing.
    #[schema(value_type = Option<String>)]
    supersedes: Option<AssessmentId>,
}

/// Records an impact assessment for good: another version may take its place, none is altered or removed.
#[utoipa::path(post, path = "/api/v1/compliance/assessments", request_body = NewAssessment,
    responses((status = 201, body = ImpactAssessment), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn assess(
    app: Acting,
    body: Result<Json<NewAssessment>, JsonRejection>,
) -> ApiResult<(StatusCode, Json<ImpactAssessment>)> {
    let Json(new) = body.map_err(ApiError::from)?;
    let NewAssessment { title, purposes, processing, necessity, risks, measures, conclusion, supersedes } = new;
    let content = Assessment { title, purposes, processing, necessity, risks, measures, conclusion };
    let recorded = compliance::assess(app.ctx(), app.by(), content, supersedes).await?;
    Ok((StatusCode::CREATED, Json(recorded.into())))
}

//! `/api/v1/grades`: classes and grades of properties and traits.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::error_code::ErrorCode;
use zhike_engine::grades::{self, Change, Class, Seen};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::requests::word;
use super::who::Acting;

/// A property or trait that there is, with its grade.
#[derive(Serialize, ToSchema)]
pub(crate) struct PropertyGrade {
    /// Missing for traits.
    pub(crate) source: Option<String>,
    /// Event, or `$traits`.
    pub(crate) event: String,
    pub(crate) property: String,
    /// technical, behaviour, commerce, attribute, location, identity, sensitive, text, unknown.
    pub(crate) class: String,
    /// 1 to 4.
    pub(crate) grade: u8,
    /// declared, plan, known, nobody.
    pub(crate) origin: String,
    /// Values looked at.
    pub(crate) n_values: u64,
    /// By the looks of its values, where nobody has graded it.
    pub(crate) suggested_class: Option<String>,
    pub(crate) suggested_grade: Option<u8>,
}

impl From<Seen> for PropertyGrade {
    fn from(seen: Seen) -> Self {
        Self {
            source: Some(seen.source).filter(|source| !source.is_empty()),
            event: seen.event,
            property: seen.property,
            class: seen.graded.class.as_str().to_owned(),
            grade: seen.graded.grade,
            origin: seen.graded.origin.as_str().to_owned(),
            n_values: seen.n_values,
            suggested_class: seen.suggestion.map(|(class, _)| class.as_str().to_owned()),
            suggested_grade: seen.suggestion.map(|(_, grade)| grade),
        }
    }
}

/// A grade that was declared, or is to be.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeclaredGrade {
    /// Any when missing.
    pub(crate) source: Option<String>,
    /// Any when missing; `$traits` for traits.
    pub(crate) event: Option<String>,
    pub(crate) property: String,
    /// technical, behaviour, commerce, attribute, location, identity, sensitive, text, unknown.
    pub(crate) class: Option<String>,
    /// 1 to 4; missing takes the declaration away.
    pub(crate) grade: Option<u8>,
}

impl DeclaredGrade {
    /// As the engine takes it.
    pub(crate) fn change(self) -> Result<Change, (String, String)> {
        let class = match &self.class {
            Some(name) => word(Class::parse(name), &Class::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>())?,
            None => Class::Unknown,
        };
        let to = self.grade.map(|grade| (class, grade));
        Ok(Change { source: self.source, event: self.event, property: self.property, to })
    }
}

/// All grades.
#[derive(Serialize, ToSchema)]
pub(super) struct Grades {
    /// Properties of the newest events and traits of customers, those that nobody has graded first.
    items: Vec<PropertyGrade>,
    /// What was declared here.
    declared: Vec<DeclaredGrade>,
    /// Those that nobody has graded.
    n_ungraded: u64,
}

async fn shown(app: &Acting) -> ApiResult<Json<Grades>> {
    let items: Vec<PropertyGrade> = grades::list(app.ctx()).await?.into_iter().map(PropertyGrade::from).collect();
    let declared = grades::declared(app.ctx()).await?.into_iter().map(|one| DeclaredGrade {
        source: one.source,
        event: one.event,
        property: one.property,
        class: Some(one.class.as_str().to_owned()),
        grade: Some(one.grade),
    });
    let n_ungraded = items.iter().filter(|one| one.origin == "nobody").count() as u64;
    Ok(Json(Grades { items, declared: declared.collect(), n_ungraded }))
}

/// Classes and grades of the properties of events and of traits; values are not shown.
#[utoipa::path(get, path = "/api/v1/grades", responses((status = 200, body = Grades)))]
pub(super) async fn list(app: Acting) -> ApiResult<Json<Grades>> {
    shown(&app).await
}

/// Grades to be declared.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclareGrades {
    /// Each takes the place of the one of the same source, event and property.
    grades: Vec<DeclaredGrade>,
}

/// Declares grades, or takes declarations away: all of them or none.
#[utoipa::path(put, path = "/api/v1/grades", request_body = DeclareGrades,
    responses((status = 200, body = Grades), (status = 400, body = ErrorBody)))]
pub(super) async fn declare(app: Acting, body: Result<Json<DeclareGrades>, JsonRejection>) -> ApiResult<Json<Grades>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let changes = body.grades.into_iter().map(DeclaredGrade::change).collect::<Result<Vec<_>, _>>();
    let changes = changes.map_err(|(en, zh)| ApiError::new(ErrorCode::BadRequest, en, zh))?;
    grades::declare(app.ctx(), app.by(), &changes).await?;
    shown(&app).await
}

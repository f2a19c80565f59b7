//! Wire forms that the domain's own types do not describe: words, mappings, load reports.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{OpenApi, RefOr};
use zhike_domain::import::mapping::Mapping;
use zhike_domain::import::report;

/// Tier of a customer.
#[derive(ToSchema)]
#[schema(as = Tier, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes words on the wire")]
pub(super) enum TierWord {
    Core,
    Potential,
    General,
    AtRisk,
}

/// One of the eight RFM groups.
#[derive(ToSchema)]
#[schema(as = RfmSegment, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes words on the wire")]
pub(super) enum SegmentWord {
    Champions,
    PromisingValue,
    KeepValue,
    CantLose,
    LoyalLow,
    Promising,
    Slipping,
    Lost,
}

/// What the rows of a file are.
#[derive(ToSchema)]
#[schema(as = Entity, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes words on the wire")]
pub(super) enum EntityWord {
    Profiles,
    Orders,
    OrderItems,
    OrderLines,
    Products,
    Events,
    Interactions,
    Feedback,
    Campaigns,
    Touches,
}

/// How a file is read; further keys of the mapping file may stand beside these and are kept.
#[derive(ToSchema)]
#[schema(as = Mapping)]
#[expect(dead_code, reason = "describes the domain's mapping on the wire")]
pub(super) struct MappingSchema {
    version: u32,
    #[schema(value_type = EntityWord)]
    entity: String,
    source: Option<String>,
    zone: String,
    date_order: String,
    currency: String,
    columns: Vec<MappingColumnSchema>,
}

/// Where one column goes; no target: it is not loaded.
#[derive(ToSchema)]
#[schema(as = MappingColumn)]
#[expect(dead_code, reason = "describes the domain's mapping on the wire")]
pub(super) struct MappingColumnSchema {
    header: String,
    target: Option<String>,
    unit: Option<String>,
    /// 0 to 1; 1 when absent.
    confidence: Option<f32>,
}

/// The report of a load; `rows_read = rows_loaded + rows_duplicate + rows_quarantined`.
#[derive(Serialize, ToSchema)]
pub(super) struct LoadReport {
    rows_read: u64,
    rows_loaded: u64,
    rows_duplicate: u64,
    rows_quarantined: u64,
    /// Uses of cleaning rules, by code.
    rules: BTreeMap<String, u64>,
    /// Rows set aside, by reason.
    reasons: BTreeMap<String, u64>,
    columns: Vec<ColumnReport>,
    quality: Quality,
    n_skipped_lines: u64,
    /// The first lines that were no rows.
    skipped_lines: Vec<String>,
    notes_zh: Vec<String>,
    notes_en: Vec<String>,
    #[schema(value_type = MappingSchema)]
    mapping: Mapping,
}

/// What a loaded column looks like.
#[derive(Serialize, ToSchema)]
pub(super) struct ColumnReport {
    name: String,
    n: u64,
    n_missing: u64,
    /// Distinct values; an estimate when there are many.
    n_distinct: u64,
    min: Option<String>,
    max: Option<String>,
}

/// How good the data of a load are, each 0 to 100.
#[derive(Serialize, ToSchema)]
pub(super) struct Quality {
    score: f64,
    completeness: f64,
    validity: f64,
    uniqueness: f64,
    consistency: f64,
    /// Missing for entities whose rows have no time.
    timeliness: Option<f64>,
}

impl From<&report::LoadReport> for LoadReport {
    fn from(report: &report::LoadReport) -> Self {
        let columns = report.columns.iter().map(|column| ColumnReport {
            name: column.name.clone(),
            n: column.n,
            n_missing: column.n_missing,
            n_distinct: column.n_distinct_estimate,
            min: column.min.clone(),
            max: column.max.clone(),
        });
        let quality = &report.quality;
        Self {
            rows_read: report.rows_read,
            rows_loaded: report.rows_loaded,
            rows_duplicate: report.rows_duplicate,
            rows_quarantined: report.rows_quarantined,
            rules: report.rules.clone(),
            reasons: report.reasons.clone(),
            columns: columns.collect(),
            quality: Quality {
                score: quality.score,
                completeness: quality.completeness,
                validity: quality.validity,
                uniqueness: quality.uniqueness,
                consistency: quality.consistency,
                timeliness: quality.timeliness,
            },
            n_skipped_lines: report.n_skipped_lines,
            skipped_lines: report.skipped_lines.clone(),
            notes_zh: report.notes_zh.clone(),
            notes_en: report.notes_en.clone(),
            mapping: report.mapping.clone(),
        }
    }
}

/// Bodies that clients send: fields that may be absent stay optional.
const REQUESTS: [&str; 7] =
    ["GuessRequest", "ImportRequest", "MappingColumn", "ProfileSearch", "ReplayRequest", "ReplayRow", "RevealRequest"];

/// Answers always carry every field, `null` where there is no value; the document says so.
pub(super) fn all_required(document: &mut OpenApi) {
    let Some(components) = &mut document.components else { return };
    for (name, schema) in &mut components.schemas {
        if let (false, RefOr::T(Schema::Object(object))) = (REQUESTS.contains(&name.as_str()), schema) {
            object.required = object.properties.keys().cloned().collect();
        }
    }
}

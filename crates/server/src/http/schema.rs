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

/// The figures of the overview.
#[derive(ToSchema)]
#[schema(as = KpiKey, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes words on the wire")]
pub(super) enum KpiWord {
    NetSales,
    Orders,
    ActiveCustomers,
    NewCustomers,
    RepurchaseRate,
    RefundRate,
}

/// What a figure counts.
#[derive(ToSchema)]
#[schema(as = KpiUnit, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes words on the wire")]
pub(super) enum UnitWord {
    Money,
    Count,
    Ratio,
}

/// How far a load has come.
#[derive(ToSchema)]
#[schema(as = LoadStatus, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes words on the wire")]
pub(super) enum StatusWord {
    Running,
    Prepared,
    Loaded,
    Failed,
}

/// How a file is read; further keys of the mapping file may stand beside these and are kept.
#[derive(Serialize, ToSchema)]
#[schema(as = Mapping)]
pub(super) struct MappingSchema {
    version: u32,
    entity: String,
    source: Option<String>,
    zone: Option<String>,
    date_order: Option<String>,
    currency: Option<String>,
    columns: Vec<MappingColumnSchema>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

/// Where one column goes; no target: it is not loaded.
#[derive(Serialize, ToSchema)]
#[schema(as = MappingColumn)]
pub(super) struct MappingColumnSchema {
    header: String,
    target: Option<String>,
    unit: Option<String>,
    /// 0 to 1; 1 when absent.
    confidence: Option<f32>,
    /// What the column says when the target is `consent`.
    consent: Option<ConsentColumnSchema>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

/// What a column says about a purpose.
#[derive(Serialize, ToSchema)]
#[schema(as = ConsentColumn)]
pub(super) struct ConsentColumnSchema {
    /// Code of the purpose.
    purpose: String,
    /// Where it was stated; `file` when absent.
    channel: Option<String>,
    /// Further words that mean yes.
    yes: Option<Vec<String>>,
    /// Further words that mean no.
    no: Option<Vec<String>>,
    /// Whether the column says who opted out: yes takes the consent back, no says nothing.
    is_opt_out: Option<bool>,
    /// Header of the column that says when; the time of the load counts when absent.
    at: Option<String>,
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

impl From<&report::Quality> for Quality {
    fn from(quality: &report::Quality) -> Self {
        Self {
            score: quality.score,
            completeness: quality.completeness,
            validity: quality.validity,
            uniqueness: quality.uniqueness,
            consistency: quality.consistency,
            timeliness: quality.timeliness,
        }
    }
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
        Self {
            rows_read: report.rows_read,
            rows_loaded: report.rows_loaded,
            rows_duplicate: report.rows_duplicate,
            rows_quarantined: report.rows_quarantined,
            rules: report.rules.clone(),
            reasons: report.reasons.clone(),
            columns: columns.collect(),
            quality: (&report.quality).into(),
            n_skipped_lines: report.n_skipped_lines,
            skipped_lines: report.skipped_lines.clone(),
            notes_zh: report.notes_zh.clone(),
            notes_en: report.notes_en.clone(),
            mapping: report.mapping.clone(),
        }
    }
}

/// Bodies that clients send: fields that may be absent stay optional.
const REQUESTS: [&str; 21] = [
    "ConsentColumn",
    "CopyRequest",
    "CreateSource",
    "ExportRequest",
    "GuessRequest",
    "ImportRequest",
    "MappingColumn",
    "MatchingQuery",
    "NewSegment",
    "OverlapQuery",
    "PreviewQuery",
    "ProfileFilter",
    "ProfileQuery",
    "ProfileSearch",
    "ProfileSort",
    "PutView",
    "ReplayRequest",
    "ReplayRow",
    "RevealRequest",
    "UpdateSegment",
    "UpdateSource",
];

/// A file in a form.
#[derive(ToSchema)]
#[schema(as = UploadForm)]
#[expect(dead_code, reason = "describes a multipart form")]
pub(super) struct UploadForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Names every operation by its method and path: handlers of different resources share their names.
pub(super) fn name_operations(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let words: Vec<String> = path
            .trim_start_matches("/api/v1/")
            .split('/')
            .map(|word| word.trim_matches(['{', '}']).to_owned())
            .collect();
        let operations = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("patch", &mut item.patch),
            ("put", &mut item.put),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                operation.operation_id = Some(format!("{method}_{}", words.join("_")));
            }
        }
    }
}

/// Answers always carry every field, `null` where there is no value; the document says so.
pub(super) fn all_required(document: &mut OpenApi) {
    let Some(components) = &mut document.components else { return };
    for (name, schema) in &mut components.schemas {
        if let (false, RefOr::T(Schema::Object(object))) = (REQUESTS.contains(&name.as_str()), schema) {
            object.required = object.properties.keys().cloned().collect();
        }
    }
}

//! The people behind a number, and the segments they are kept as.

use std::io::Write;

use serde_json::json;
use zhike_engine::segments::Segment;

use super::{Failure, Format, Global, Lang};
use crate::http::analysis::AnalysisPeople;
use crate::output::{print_json, print_rows, told};

/// Says what list they were kept as, and how many they are.
pub(super) fn kept(global: &Global, (segment, n): &(Segment, u64)) -> Result<(), Failure> {
    if global.format == Format::Json {
        return print_json(&json!({ "segment_id": segment.id.to_string(), "name": segment.spec.name, "n": n }));
    }
    let line = match global.lang() {
        Lang::Zh => format!("分群“{}”（{}）：{n} 人", segment.spec.name, segment.id),
        Lang::En => format!("segment {:?} ({}): {n} people", segment.spec.name, segment.id),
    };
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Lists a page of them.
pub(super) fn listed(global: &Global, page: impl Into<AnalysisPeople>) -> Result<(), Failure> {
    let page = page.into();
    if global.format == Format::Json {
        return print_json(&page);
    }
    let rows = page.items.into_iter().map(|one| [one.profile_id, one.name.unwrap_or_default()]);
    print_rows(global.format, ["profile_id", "name"], rows)?;
    if global.format == Format::Table {
        let total = told(page.total);
        let line = match global.lang() {
            Lang::Zh => format!("共 {total} 人"),
            Lang::En => format!("{total} people"),
        };
        writeln!(std::io::stdout(), "{line}")?;
    }
    Ok(())
}

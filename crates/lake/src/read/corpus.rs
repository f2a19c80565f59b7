//! Files of tables and queries that came from outside, and neighbours of each: `fuzz/README.md`.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};

use super::ReadOptions;
use super::tests::read_with;
use super::zip::tests::archive;
use crate::{Lake, LakeOptions, QueryLimits, Seen};

#[path = "../../../../fuzz/replay.rs"]
mod replay;

#[test]
fn inputs_of_the_lake_do_no_harm() {
    replay::replay(&[
        ("delimited", |data| file("a.csv", data)),
        ("json-lines", |data| file("a.jsonl", data)),
        ("parquet", |data| file("a.parquet", data)),
        ("workbook", |data| file("a.xlsx", data)),
        ("sheet", sheet),
        ("sql", sql),
    ]);
}

/// What is read keeps the laws that `read_with` asserts; what is not says why in one line.
fn file(name: &str, data: &[u8]) {
    if let Err(error) = read_with(name, data, &ReadOptions::default(), 100) {
        assert!(!error.to_string().contains('\n') && error.help_zh().ends_with('。'), "{error}");
    }
}

/// A sheet of a workbook, whose checksums are right, so that what the cells say is reached.
fn sheet(data: &[u8]) {
    const NS: &str = "http://schemas.openxmlformats.org";
    let types = format!(
        r#"<Types xmlns="{NS}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>"#
    );
    let book = format!(
        r#"<workbook xmlns="{NS}/spreadsheetml/2006/main" xmlns:r="{NS}/officeDocument/2006/relationships"><sheets><sheet name="s" sheetId="1" r:id="rId1"/></sheets></workbook>"#
    );
    let rels = format!(
        r#"<Relationships xmlns="{NS}/package/2006/relationships"><Relationship Id="rId1" Type="{NS}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#
    );
    let root = format!(
        r#"<Relationships xmlns="{NS}/package/2006/relationships"><Relationship Id="rId1" Type="{NS}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
    );
    let files: [(&str, &[u8]); 5] = [
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", rels.as_bytes()),
        ("xl/worksheets/sheet1.xml", data),
    ];
    file("a.xlsx", &archive(&files, None));
}

/// A user's query over empty tables: it answers or says why not, and leaves nothing behind.
fn sql(data: &[u8]) {
    static PLACE: OnceLock<(tempfile::TempDir, Runtime, Lake)> = OnceLock::new();
    let (dir, runtime, lake) = PLACE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let lake = Lake::open(dir.path(), LakeOptions::default()).unwrap();
        (dir, Builder::new_current_thread().enable_all().build().unwrap(), lake)
    });
    let text = String::from_utf8_lossy(data);
    let limits = QueryLimits { max_rows: 100, ..QueryLimits::default() };
    let seen = Seen { mask: None, min_group: 10 };
    runtime.block_on(async {
        let Ok(mut rows) = lake.sql(&text, Vec::new(), seen, limits).await else { return };
        while let Ok(Some(_)) = rows.next().await {}
    });
    let left: Vec<_> = std::fs::read_dir(dir.path().join("lake")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

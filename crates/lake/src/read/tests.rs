//! Whole files of every kind, from bytes to rows.

use std::io::{Cursor, Write};
use std::path::Path;

use encoding_rs::{GB18030, WINDOWS_1252};
use flate2::Compression;
use flate2::write::GzEncoder;
use zhike_domain::clean::rule::Reason;

use super::zip::tests::archive;
use super::*;

/// All that a file gave.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) sniffed: Sniffed,
    pub(super) rows: Vec<(u64, Vec<Option<String>>)>,
    pub(super) bad: Vec<BadRow>,
    pub(super) skipped: SkippedLines,
    pub(super) notes: Notes,
}

impl Got {
    /// The rows as lines, missing cells as `∅`.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |cells: &Vec<Option<String>>| {
            cells.iter().map(|cell| cell.as_deref().unwrap_or("∅")).collect::<Vec<_>>().join("|")
        };
        self.rows.iter().map(|(row_no, cells)| format!("{row_no}: {}", line(cells))).collect()
    }
}

pub(super) fn input(name: &str, bytes: &[u8]) -> Input {
    Input::reader(name, bytes.len() as u64, Box::new(Cursor::new(bytes.to_vec())))
}

pub(super) fn read_with(name: &str, bytes: &[u8], options: &ReadOptions, max_rows: usize) -> Result<Got, Error> {
    read_input(input(name, bytes), options, max_rows)
}

pub(super) fn read_input(mut input: Input, options: &ReadOptions, max_rows: usize) -> Result<Got, Error> {
    let sniffed = sniff(&mut input, options)?;
    let mut reader = open(input, &sniffed, options)?;
    let (mut rows, mut bad) = (Vec::new(), Vec::new());
    loop {
        let batch = reader.next_batch(max_rows)?;
        bad.append(&mut reader.take_bad_rows());
        let Some(batch) = batch else { break };
        assert!(batch.n_rows() <= max_rows.max(table::MAX_HELD + 1) + table::MAX_HELD);
        assert_eq!(batch.columns.len(), sniffed.header.len());
        for at in 0..batch.n_rows() {
            let cells = batch.columns.iter().map(|column| column.get(at).map(str::to_owned)).collect();
            rows.push((batch.row_no[at], cells));
        }
    }
    let (done, total) = reader.progress();
    assert!(done <= total);
    Ok(Got { rows, bad, skipped: reader.skipped().clone(), notes: reader.notes().clone(), sniffed })
}

pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Got, Error> {
    read_with(name, bytes, &ReadOptions::default(), 1000)
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) const ORDERS: &str = "订单编号,会员手机号,下单时间,实付金额,备注\n\
    A1001,13800138000,2026-02-01 10:00:00,19.90,\n\
    A1002,13900139000,2026-02-02 10:00:00,100.00,\"要\"\"少冰\"\"，\n送到前台\"\n\
    A1003,,2026-02-03 10:00:00,0.50,无\n";

const ORDER_ROWS: [&str; 3] = [
    "2: A1001|13800138000|2026-02-01 10:00:00|19.90|",
    "3: A1002|13900139000|2026-02-02 10:00:00|100.00|要\"少冰\"，\n送到前台",
    "4: A1003||2026-02-03 10:00:00|0.50|无",
];

fn utf16(text: &str, is_big: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(|unit| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

#[test]
fn every_encoding_gives_the_same_rows() {
    let gbk = GB18030.encode(ORDERS).0.into_owned();
    let with_mark = format!("\u{feff}{ORDERS}").into_bytes();
    let files = [
        (ORDERS.as_bytes().to_vec(), Encoding::Utf8),
        (with_mark, Encoding::Utf8),
        (gbk, Encoding::Gb18030),
        (utf16(ORDERS, false), Encoding::Utf16Le),
        (utf16(ORDERS, true), Encoding::Utf16Be),
    ];
    for (bytes, encoding) in files {
        for bytes in [gzip(&bytes), bytes] {
            let got = read("orders.csv", &bytes).unwrap();
            assert_eq!(got.lines(), ORDER_ROWS, "{encoding:?}");
            assert_eq!(got.sniffed.encoding, Some(encoding));
            assert_eq!(got.sniffed.header, ["订单编号", "会员手机号", "下单时间", "实付金额", "备注"]);
            assert_eq!((got.sniffed.header_row, got.sniffed.n_header_rows), (0, 1));
            assert_eq!(got.sniffed.entity, Some(Entity::Orders));
            assert_eq!(got.sniffed.sample.len(), 3);
            assert!(got.bad.is_empty() && got.skipped.count == 0);
        }
    }
}

#[test]
fn a_forced_encoding_is_obeyed() {
    let text = "order id,customer,amount\n1,Müller,5\n2,Étoile,6\n";
    let bytes = WINDOWS_1252.encode(text).0.into_owned();
    let options = ReadOptions { encoding: Some(Encoding::Windows1252), ..ReadOptions::default() };
    let got = read_with("a.csv", &bytes, &options, 10).unwrap();
    assert_eq!(got.lines(), ["2: 1|Müller|5", "3: 2|Étoile|6"]);
}

#[test]
fn delimiters_and_line_ends_are_found() {
    for (delimiter, byte) in [(",", b','), ("\t", b'\t'), (";", b';'), ("|", b'|')] {
        for newline in ["\n", "\r\n", "\r\r\n", "\r"] {
            let text = format!("订单编号,下单时间,实付金额{newline}A1,2026-02-01,5{newline}A2,\"2026,\",6{newline}");
            let text = text.replace(',', delimiter);
            let got = read("a.txt", text.as_bytes()).unwrap();
            assert_eq!(got.sniffed.delimiter, Some(byte));
            let cell = format!("2026{delimiter}");
            assert_eq!(got.rows[1].1, ["A2", &cell, "6"].map(|cell| Some(cell.to_owned())), "{newline:?}");
            assert_eq!(got.rows.len(), 2);
        }
    }
    let got = read("a.csv", b"sep=;\norder id;amount\n1;2,5\n").unwrap();
    assert_eq!(got.lines(), ["3: 1|2,5"]);
}

#[test]
fn quotes_follow_the_rules_of_csv() {
    let text = "order id,status,note\n1,\"a\"\"b\",\"\"\n2,=\"0012\",5\" pipe\n3,\"x\"y,\"last\"";
    let got = read("a.csv", text.as_bytes()).unwrap();
    assert_eq!(got.lines(), ["2: 1|a\"b|", "3: 2|=\"0012\"|5\" pipe", "4: 3|xy|last"]);
}

#[test]
fn preamble_blank_lines_totals_and_footers_are_no_rows() {
    let text = "门店订单\n筛选：全部\n\n订单编号,下单时间,会员手机号,实付金额,备注\n\
        A1,2026-02-01,13800138000,5,\n,,,,\n   \nA2,2026-02-02,,6,\n\
        小计,,,11,\nA3,2026-02-03,,7,\n合计,,,18,\n总单数,总金额\n3,18\n导出时间：2026-03-01\n";
    let got = read("a.csv", text.as_bytes()).unwrap();
    assert_eq!(got.lines(), ["5: A1|2026-02-01|13800138000|5|", "8: A2|2026-02-02||6|", "10: A3|2026-02-03||7|"]);
    assert_eq!((got.sniffed.header_row, got.sniffed.n_header_rows), (3, 1));
    let skipped: Vec<_> = got.skipped.first.iter().map(|(row_no, text)| (*row_no, text.as_str())).collect();
    assert_eq!(got.skipped.count, 5);
    assert_eq!(skipped[0], (9, "小计,,,11,"));
    assert_eq!(skipped[1], (11, "合计,,,18,"));
    assert!(skipped.contains(&(13, "3,18")) && skipped.contains(&(14, "导出时间：2026-03-01")));
    assert!(got.bad.is_empty());
}

#[test]
fn a_bill_with_a_long_preamble_is_read() {
    let mut text = "\u{feff}微信支付账单明细,,,,\n微信昵称：[张三],,,,\n起始时间：[2026-02-01 00:00:00] 终止时间：[2026-02-28 23:59:59],,,,\n\
        ,,,,\n共2笔记录,,,,\n收入：1笔 5.00元,,,,\n"
        .to_owned();
    text += "----------------------微信支付账单明细列表--------------------,,,,\n\
        交易时间,交易类型,收/支,金额(元),交易单号\n\
        2026-02-01 10:00:00,商户消费,收入,¥5.00,1001\t\n2026-02-02 10:00:00,商户消费,/,¥6.00,1002\t\n";
    let got = read("bill.csv", text.as_bytes()).unwrap();
    assert_eq!(got.sniffed.header, ["交易时间", "交易类型", "收/支", "金额(元)", "交易单号"]);
    assert_eq!(got.sniffed.header_row, 7);
    assert_eq!(
        got.lines(),
        ["9: 2026-02-01 10:00:00|商户消费|收入|¥5.00|1001\t", "10: 2026-02-02 10:00:00|商户消费|/|¥6.00|1002\t"]
    );
}

#[test]
fn short_lines_amid_rows_are_rows() {
    let text = "order id,ordered at,customer,amount,note\nA1,2026-02-01,c,5,x\nA2\nA3,2026-02-03,c,7,y\n";
    let got = read("a.csv", text.as_bytes()).unwrap();
    assert_eq!(got.lines(), ["2: A1|2026-02-01|c|5|x", "3: A2|∅|∅|∅|∅", "4: A3|2026-02-03|c|7|y"]);
}

#[test]
fn rows_with_too_many_cells_are_bad_and_with_too_few_are_short() {
    let text = "order id,customer id,amount\n1,a,5,\n2,b\n3,Smith, John,7\n4,d,8\n";
    let got = read("a.csv", text.as_bytes()).unwrap();
    assert_eq!(got.lines(), ["2: 1|a|5", "3: 2|b|∅", "5: 4|d|8"]);
    assert_eq!(got.notes.n_short_rows, 1);
    let bad = &got.bad[0];
    assert_eq!((bad.row_no, bad.reason, bad.text.as_str()), (4, Reason::RaggedRow, "3,Smith, John,7"));
    assert_eq!(bad.detail, "4 cells, the header has 3");
}

#[test]
fn bills_with_backticks_are_not_cut_inside_a_value() {
    let text = "交易时间,商户订单号,商品名称,订单金额\n`2026-02-01 10:00:00,`A1,`茶,大杯,`5.00\n`2026-02-01 11:00:00,`A2,`水,`2.00\n";
    let got = read("bill.csv", text.as_bytes()).unwrap();
    assert_eq!(got.lines(), ["2: `2026-02-01 10:00:00|`A1|`茶,大杯|`5.00", "3: `2026-02-01 11:00:00|`A2|`水|`2.00"]);
}

#[test]
fn lines_in_another_encoding_are_reported_one_by_one() {
    let mut bytes = "订单编号,客户姓名,实付金额\nA1,张三,5\n".as_bytes().to_vec();
    bytes.extend_from_slice(&GB18030.encode("A2,欧阳先生,6\n").0);
    bytes.extend_from_slice("A3,王五,7\n".as_bytes());
    bytes.extend_from_slice(b"A4,\xff\xff,8\nA5,\xe4\xb8\x80,9\n");
    let options = ReadOptions { encoding: Some(Encoding::Utf8), ..ReadOptions::default() };
    let got = read_with("a.csv", &bytes, &options, 1000).unwrap();
    assert_eq!(got.lines(), ["2: A1|张三|5", "4: A3|王五|7", "6: A5|一|9"]);
    let bad: Vec<_> = got.bad.iter().map(|bad| (bad.row_no, bad.reason, bad.text.as_str())).collect();
    assert_eq!(bad[0], (3, Reason::UndecodableText, "A2,欧阳先生,6"));
    assert_eq!(bad[1], (5, Reason::UndecodableText, "A4,\u{fffd}\u{fffd},8"));
    assert!(got.bad[0].detail.contains("GB18030"));
}

#[test]
fn zero_bytes_in_cells_do_not_stop_reading() {
    let filler = "2,b,5\n".repeat(50);
    let text = format!("order id,customer,amount\n1,a\0b,5\n{filler}");
    let got = read("a.csv", text.as_bytes()).unwrap();
    assert_eq!(got.lines()[0], "2: 1|a\0b|5");
    assert_eq!(got.rows.len(), 51);
}

#[test]
fn batches_may_be_of_any_size() {
    let whole = read("a.csv", ORDERS.as_bytes()).unwrap().rows;
    for max_rows in [0, 1, 2, 3, 100] {
        assert_eq!(read_with("a.csv", ORDERS.as_bytes(), &ReadOptions::default(), max_rows).unwrap().rows, whole);
    }
}

#[test]
fn an_archive_of_csv_files_gives_the_one_with_a_table() {
    let details = GB18030.encode(ORDERS).0;
    let bytes = archive(&[("汇总.csv", b"x\n"), ("明细.csv", &details), ("readme.pdf", b"%PDF")], None);
    let got = read("bill.zip", &bytes).unwrap();
    assert_eq!(got.lines(), ORDER_ROWS);
    assert_eq!(got.sniffed.sheet.as_deref(), Some("明细.csv"));
    let error = read("bill.zip", &archive(&[("a.pdf", b"%PDF")], None)).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }));
}

#[test]
fn json_lines_become_columns() {
    let text = "{\"order_id\": \"A1\", \"buyer\": {\"phone\": \"13800138000\", \"city\": null}, \"amount\": 19.90}\n\n\
        {\"order_id\": \"A2\", \"amount\": 5, \"items\": [{\"sku\": \"a\"}]}\nnot json\n";
    let rows = ["1: A1|13800138000|∅|19.9|∅", "3: A2|∅|∅|5|[{\"sku\":\"a\"}]"];
    let got = read("orders.jsonl", text.as_bytes()).unwrap();
    assert_eq!(got.sniffed.header, ["order_id", "buyer.phone", "buyer.city", "amount", "items"]);
    assert_eq!(got.sniffed.format, Format::JsonLines);
    assert_eq!(got.lines(), rows);
    assert_eq!(
        (got.bad[0].row_no, got.bad[0].reason, got.bad[0].text.as_str()),
        (4, Reason::RaggedRow, "not json\n".trim())
    );
    assert_eq!(read("orders", &gzip(text.as_bytes())).unwrap().lines(), rows);
}

#[test]
fn json_arrays_and_spread_objects_are_read_too() {
    let rows = ["1: 1|a{\"}|∅", "2: 2|b|x\ny"];
    for text in [
        r#"[{"order id":1,"status":"a{\"}"},{"order id":2,"status":"b","note":"x\ny"}]"#,
        "[\n  {\n    \"order id\": 1,\n    \"status\": \"a{\\\"}\"\n  },\n  {\"order id\": 2, \"status\": \"b\", \"note\": \"x\\ny\"}\n]\n",
        "{\n  \"order id\": 1,\n  \"status\": \"a{\\\"}\"\n}\n{\n\"order id\": 2, \"status\": \"b\", \"note\": \"x\\ny\"}",
    ] {
        assert_eq!(read("a.json", text.as_bytes()).unwrap().lines(), rows, "{text}");
    }
    let got = read("a.json", b"[{\"a\":1}, 5, {\"a\":2}, {\"a\":").unwrap();
    assert_eq!(got.lines(), ["1: 1", "3: 2"]);
    assert_eq!(got.bad.len(), 2);
}

#[test]
fn keys_that_come_late_are_counted() {
    let mut text = "{\"a\":1}\n".repeat(1500);
    text.push_str("{\"a\":2,\"b\":3}\n{\"b\":4}\n");
    let got = read("a.jsonl", text.as_bytes()).unwrap();
    assert_eq!(got.sniffed.header, ["a"]);
    assert_eq!(got.notes.unknown_keys, [("b".to_owned(), 2)]);
    assert_eq!(got.rows.len(), 1502);
}

const XLSX: &[u8] = include_bytes!("../../../../fixtures/import/orders.xlsx");
const XLS: &[u8] = include_bytes!("../../../../fixtures/import/orders.xls");
const PARQUET: &[u8] = include_bytes!("../../../../fixtures/import/orders.parquet");

#[test]
fn workbooks_are_read_sheet_by_sheet() {
    for bytes in [XLSX.to_vec(), gzip(XLSX)] {
        let got = read("orders.xlsx", &bytes).unwrap();
        assert_eq!(got.sniffed.sheet.as_deref(), Some("订单"));
        assert_eq!(got.sniffed.other_sheets, ["三月"]);
        let skipped: Vec<_> = got.sniffed.skipped_sheets.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(skipped, ["说明", "缓存", "空"]);
        assert_eq!(got.sniffed.header_row, 3);
        assert_eq!(
            got.lines(),
            [
                "5: A20260201001|2026-02-01 20:04:33|13800138000|19.9|2|true|少冰",
                "6: 20260201002|2026-02-02 00:00:00|13900139000|100|1|false|∅",
                "7: A20260201003|2026-02-03 08:30:00|∅|0.3|1|true|∅",
                "8: A20260201004|2026-02-04 08:30:00|1.23456789012345E+18|-5|1|false|两行\n备注",
                "10: A20260201005|2026-02-05 09:00:00|13700137000|8.5|∅|∅|∅",
            ]
        );
        assert_eq!(got.skipped.count, 2);
        assert!(got.bad.is_empty());
    }
    let options = ReadOptions { sheet: Some("三月".to_owned()), ..ReadOptions::default() };
    assert_eq!(read_with("orders.xlsx", XLSX, &options, 10).unwrap().rows.len(), 1);
    let options = ReadOptions { sheet: Some("四月".to_owned()), ..ReadOptions::default() };
    assert!(matches!(read_with("orders.xlsx", XLSX, &options, 10), Err(Error::Unsupported { .. })));
}

#[test]
fn workbooks_of_the_old_form_are_read() {
    for bytes in [XLS.to_vec(), gzip(XLS)] {
        let got = read("orders.xls", &bytes).unwrap();
        assert_eq!(got.sniffed.format, Format::Workbook);
        assert_eq!(
            got.lines()[..2],
            [
                "2: A20260201001|2026-02-01 20:04:33|13800138000|19.9|2|true|少冰",
                "3: 20260201002|2026-02-02 00:00:00|13900139000|100|1|false|∅",
            ]
        );
        assert_eq!(got.rows.len(), 4);
    }
    assert_eq!(xls_size::measure(XLS).unwrap().n_cells, 5 * 7);
    let limits = Limits { max_xls_cells: 30, ..Limits::default() };
    let error = read_with("orders.xls", XLS, &ReadOptions { limits, ..ReadOptions::default() }, 10).unwrap_err();
    assert!(matches!(error, Error::TooLarge { unit: "cells", .. }), "{error}");
}

#[test]
fn parquet_columns_become_text() {
    for bytes in [PARQUET.to_vec(), gzip(PARQUET)] {
        for max_rows in [1, 1000] {
            let got = read_with("orders.parquet", &bytes, &ReadOptions::default(), max_rows).unwrap();
            assert_eq!(got.sniffed.format, Format::Parquet);
            assert_eq!(
                got.lines(),
                [
                    "1: 20260201001|2026-02-01T12:04:33Z|2026-02-01T12:04:33.250|2026-02-01|19.90|13800138000|0.1|交易成功|true|[{\"sku\":\"a\",\"n\":2}]|abc|",
                    "2: 20260201002|2026-02-02T00:00:00Z|∅|∅|-100.00|∅|2.5|∅|false|[]|ff00|两行\n备注",
                    "3: ∅|∅|∅|1970-01-01|∅|1E+18|∅|已关闭|∅|∅|∅|∅",
                ]
            );
        }
    }
}

#[test]
fn names_no_one_knows_still_make_a_header() {
    let got = read("a.csv", b"foo,bar\n1,2\n").unwrap();
    assert_eq!((got.sniffed.header.as_slice(), got.rows.len()), (["foo".to_owned(), "bar".to_owned()].as_slice(), 1));
    let error = read("a.csv", b"1,2\n3,4\n").unwrap_err();
    assert!(matches!(error, Error::NoTable { .. }), "{error}");
}

#[test]
fn a_path_is_read_like_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("订单.csv");
    std::fs::write(&path, ORDERS).unwrap();
    let input = Input::path(&path).unwrap();
    assert_eq!((input.name(), input.n_bytes()), ("订单.csv", ORDERS.len() as u64));
    assert_eq!(read_input(input, &ReadOptions::default(), 10).unwrap().lines(), ORDER_ROWS);
    assert!(matches!(Input::path(folder.path()), Err(Error::Directory { .. })));
    assert!(matches!(Input::path(Path::new("/nowhere/a.csv")), Err(Error::NotFound { .. })));
}

#[test]
fn readers_may_move_to_another_thread() {
    fn moves<T: Send>() {}
    moves::<RowReader>();
    moves::<Input>();
}

//! Files that are broken, hostile or no tables at all.

use std::io::{self, Read, Seek, SeekFrom};

use zhike_domain::clean::rule::Reason;

use super::tests::{Got, ORDERS, gzip, read, read_input, read_with};
use super::zip::tests::archive;
use super::*;

/// Every error says what to do in both languages, on one line.
fn failure(result: Result<Got, Error>) -> Error {
    let error = result.map(|got| got.lines()).unwrap_err();
    let text = error.to_string();
    assert!(text.len() > 20 && !text.contains('\n'), "{text}");
    assert!(error.help_zh().ends_with('。'));
    error
}

#[test]
fn files_without_a_table_are_refused_with_a_reason() {
    assert!(matches!(failure(read("a.csv", b"")), Error::Empty));
    assert!(matches!(failure(read("a.csv", b" \r\n\n\t\n")), Error::Empty));
    assert!(matches!(failure(read("a.csv", &gzip(b""))), Error::Empty));
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01";
    let error = failure(read("a.csv", png));
    assert!(matches!(&error, Error::NotText { looks_like } if looks_like == "PNG image"), "{error}");
    assert!(matches!(failure(read("a.csv", &[0, 1, 2, 3, 200, 7, 0, 0, 9])), Error::NotText { .. }));
    let html = "<html><table><tr><td>订单编号</td></tr></table></html>";
    assert!(matches!(failure(read("a.xls", html.as_bytes())), Error::Unsupported { .. }));
    assert!(matches!(failure(read("a.xls", b"<?xml version=\"1.0\"?><Workbook/>")), Error::Unsupported { .. }));
}

#[test]
fn a_header_without_rows_is_no_error() {
    for bytes in ["订单编号,下单时间,实付金额\n", "订单编号,下单时间,实付金额", "订单编号,下单时间,实付金额\n\n合计\n"]
    {
        let got = read("a.csv", bytes.as_bytes()).unwrap();
        assert!(got.rows.is_empty() && got.sniffed.is_header_only(), "{bytes}");
        assert_eq!(got.sniffed.header.len(), 3);
    }
    assert!(!read("a.csv", ORDERS.as_bytes()).unwrap().sniffed.is_header_only());
}

#[test]
fn a_header_that_is_too_wide_is_refused() {
    let names: Vec<String> = (0..10_000).map(|at| format!("name{at}")).collect();
    let text = format!("{}\n{}\n", names.join(","), vec!["1"; 10_000].join(","));
    assert!(matches!(failure(read("a.csv", text.as_bytes())), Error::TooManyColumns { n: 10_000, limit: 4096 }));
    let object = names.iter().map(|name| format!("\"{name}\":1")).collect::<Vec<_>>().join(",");
    assert!(matches!(failure(read("a.jsonl", format!("{{{object}}}\n").as_bytes())), Error::TooManyColumns { .. }));
}

/// A header, then `n` bytes of one line that never ends, then a good row.
struct LongLine {
    head: Vec<u8>,
    n: u64,
    tail: Vec<u8>,
    at: u64,
    fill: u8,
}

impl LongLine {
    fn input(head: &[u8], fill: u8, n: u64, tail: &[u8]) -> Input {
        let line = Self { head: head.to_vec(), n, tail: tail.to_vec(), at: 0, fill };
        Input::reader("a.csv", head.len() as u64 + n + tail.len() as u64, Box::new(line))
    }
}

impl Read for LongLine {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_head = self.head.len() as u64;
        let n = if self.at < n_head {
            (&self.head[self.at as usize..]).read(buffer)?
        } else if self.at < n_head + self.n {
            let n = buffer.len().min((n_head + self.n - self.at) as usize);
            buffer[..n].fill(self.fill);
            n
        } else {
            (&self.tail[(self.at - n_head - self.n) as usize..]).read(buffer)?
        };
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for LongLine {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        assert_eq!(to, SeekFrom::Start(0));
        self.at = 0;
        Ok(0)
    }
}

const GIB: u64 = 1 << 30;

#[test]
fn an_endless_line_is_one_bad_row_in_bounded_memory() {
    for (fill, n) in [(b'x', GIB), (b',', GIB / 16), (b'"', GIB / 16)] {
        let input = LongLine::input(b"order id,customer,amount\n1,a,5\n2,", fill, n, b"\n3,c,7\n");
        let got = read_input(input, &ReadOptions::default(), 1000).unwrap();
        assert_eq!(got.lines(), ["2: 1|a|5", "4: 3|c|7"], "{}", fill as char);
        assert_eq!(got.bad.len(), 1);
        assert_eq!((got.bad[0].row_no, got.bad[0].reason), (3, Reason::CellTooLong));
        assert!(got.bad[0].text.len() <= Limits::default().max_cell_bytes);
    }
    let error = failure(read_input(LongLine::input(b"", b'x', GIB, b""), &ReadOptions::default(), 10));
    assert!(matches!(error, Error::CellTooLong { row: 1, .. }), "{error}");
}

#[test]
fn an_endless_json_line_is_one_bad_row() {
    let input = LongLine::input(b"{\"a\":1}\n{\"a\":\"", b'x', GIB / 16, b"\"}\n{\"a\":3}\n");
    let got = read_input(input, &ReadOptions::default(), 1000).unwrap();
    assert_eq!(got.lines(), ["1: 1", "3: 3"]);
    assert_eq!((got.bad[0].row_no, got.bad[0].reason), (2, Reason::CellTooLong));
    let error =
        failure(read_input(LongLine::input(b"[{\"a\":\"", b'x', GIB / 16, b"\"}]"), &ReadOptions::default(), 10));
    assert!(matches!(error, Error::CellTooLong { row: 1, .. }), "{error}");
}

#[test]
fn an_unclosed_quote_costs_its_line_only() {
    let rows = "3,c,7\n".repeat(300_000);
    let text = format!("order id,customer,amount\n1,a,5\n2,\"b,6\n{rows}4,d,8\n");
    let limits = Limits { max_row_bytes: 1 << 20, ..Limits::default() };
    let got = read_with("a.csv", text.as_bytes(), &ReadOptions { limits, ..ReadOptions::default() }, 100_000).unwrap();
    assert_eq!(got.rows.len(), 300_002);
    assert_eq!(got.bad.len(), 1);
    assert_eq!((got.bad[0].row_no, got.bad[0].text.as_str()), (3, "2,\"b,6"));
    // A small file ends before the limit does.
    let got = read("a.csv", b"order id,customer,amount\n1,a,5\n2,\"b,6\n3,c,7\n").unwrap();
    assert_eq!(got.lines(), ["2: 1|a|5", "4: 3|c|7"]);
    assert_eq!(got.bad.len(), 1);
    // The next stray quote does not close the first.
    let got = read("a.csv", b"order id,customer,amount\n1,\"a,5\n2,b,6\n3,\"c,7\n4,d,8\n").unwrap();
    assert_eq!(got.lines(), ["3: 2|b|6", "5: 4|d|8"]);
    assert_eq!(got.bad.len(), 2);
}

#[test]
fn many_unclosed_quotes_do_not_make_reading_slow() {
    let line = "1,\"\"\"x\n";
    let text = format!("order id,customer\n1,a\n{}{}", "1,\"x\n", line.repeat(200_000));
    let limits = Limits { max_row_bytes: 64 << 10, ..Limits::default() };
    let got = read_with("a.csv", text.as_bytes(), &ReadOptions { limits, ..ReadOptions::default() }, 100_000).unwrap();
    assert_eq!(got.rows.len() + got.bad.len(), 200_002);
}

#[test]
fn cells_beyond_the_limit_make_a_bad_row() {
    let limits = Limits { max_cell_bytes: 10, ..Limits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    let got = read_with("a.csv", b"order id,status\n1,12345678901\n2,1234567890\n", &options, 10).unwrap();
    assert_eq!(got.lines(), ["3: 2|1234567890"]);
    assert_eq!(got.bad[0].reason, Reason::CellTooLong);
    assert_eq!(got.bad[0].text.len(), 10);
    let got = read_with("a.jsonl", b"{\"a\":\"12345678901\"}\n{\"a\":\"1\"}\n", &options, 10).unwrap();
    assert_eq!((got.rows.len(), got.bad.len()), (1, 1));
}

#[test]
fn truncated_files_give_an_error_after_their_whole_rows() {
    let text = format!(
        "order id,customer,amount\n{}",
        (0..200_000).map(|row| format!("{row},c{},5\n", row * 7919 % 10_007)).collect::<String>()
    );
    let bytes = gzip(text.as_bytes());
    let mut input = tests::input("a.csv.gz", &bytes[..bytes.len() * 3 / 4]);
    let options = ReadOptions::default();
    let sniffed = sniff(&mut input, &options).unwrap();
    let mut reader = open(input, &sniffed, &options).unwrap();
    let mut n_rows = 0;
    let error = loop {
        match reader.next_batch(10_000) {
            Ok(batch) => n_rows += batch.expect("an error comes first").n_rows() as u64,
            Err(error) => break error,
        }
    };
    assert!(n_rows > 100_000);
    assert!(matches!(error, Error::Corrupt { row: Some(row), .. } if row == n_rows + 1), "{error} {n_rows}");
    assert!(reader.next_batch(10).unwrap().is_none());
    assert!(matches!(failure(read("a.csv.gz", &bytes[..15])), Error::Corrupt { .. }));
}

const FIXTURES: [(&str, &[u8]); 3] = [
    ("orders.xlsx", include_bytes!("../../../../fixtures/import/orders.xlsx")),
    ("orders.xls", include_bytes!("../../../../fixtures/import/orders.xls")),
    ("orders.parquet", include_bytes!("../../../../fixtures/import/orders.parquet")),
];

#[test]
fn truncated_and_altered_binary_files_give_an_error_or_rows_but_never_a_panic() {
    for (name, bytes) in FIXTURES {
        for n in (8..bytes.len()).step_by(97) {
            let result = read(name, &bytes[..n]);
            assert!(name.ends_with(".xls") || result.is_err(), "{name} cut at {n}");
        }
        for at in (8..bytes.len()).step_by(53) {
            let mut altered = bytes.to_vec();
            altered[at] ^= 0xff;
            altered[at / 2] = 0;
            let _ = read(name, &altered);
        }
    }
}

#[test]
fn workbooks_that_inflate_beyond_the_limits_are_refused_before_they_are_read() {
    let sheet = vec![b' '; 60 << 20];
    for lie in [None, Some(100)] {
        let bytes = archive(&[("xl/workbook.xml", b"<workbook/>"), ("xl/worksheets/sheet1.xml", &sheet)], lie);
        assert!(bytes.len() < 200_000);
        let error = failure(read("bomb.xlsx", &bytes));
        assert!(matches!(error, Error::ZipBomb { .. }), "{error}");
    }
    let zeros = gzip(&[b"PK\x03\x04".as_slice(), &vec![0; 3 << 20]].concat());
    let limits = Limits { max_in_memory_bytes: 1 << 20, ..Limits::default() };
    let error = failure(read_with("a.xlsx.gz", &zeros, &ReadOptions { limits, ..ReadOptions::default() }, 10));
    assert!(matches!(error, Error::ZipBomb { .. }), "{error}");
}

#[test]
fn a_file_that_may_not_be_read_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, ORDERS).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser may read everything.
    if std::fs::File::open(&path).is_err() {
        assert!(matches!(Input::path(&path), Err(Error::Permission { .. })));
    }
}

#[test]
fn a_failing_disk_is_no_damage() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("gone"))
        }
    }
    impl Seek for Failing {
        fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
            Ok(0)
        }
    }
    let error = failure(read_input(Input::reader("a.csv", 5, Box::new(Failing)), &ReadOptions::default(), 10));
    assert!(matches!(error, Error::Io { .. }) && error.is_retryable());
}

/// A workbook of one sheet from the XML of its rows.
fn workbook(rows: &str, shared: &str) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let book = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"{relation}\"><sheets><sheet name=\"s\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    let relations = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
         <Relationship Id=\"r1\" Type=\"{relation}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
         <Relationship Id=\"r2\" Type=\"{relation}/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>"
    );
    let sheet = format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>");
    let shared = format!("<sst xmlns=\"{main}\">{shared}</sst>");
    let root = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
         <Relationship Id=\"r1\" Type=\"{relation}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let parts = [
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", relations.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ("xl/sharedStrings.xml", shared.as_bytes()),
    ];
    archive(&parts, None)
}

#[test]
fn a_text_shared_by_many_cells_and_a_cell_far_away_take_no_memory() {
    let long = format!("<si><t>{}</t></si>", "长".repeat(1 << 20));
    let shared = format!("<si><t>订单编号</t></si><si><t>备注</t></si>{long}");
    let mut rows = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c></row>".to_owned();
    for row in 2..3000 {
        rows += &format!("<row r=\"{row}\"><c r=\"A{row}\"><v>{row}</v></c><c r=\"B{row}\" t=\"s\"><v>2</v></c></row>");
    }
    rows += "<row r=\"1048576\"><c r=\"A1048576\"><v>7</v></c></row>";
    let got = read("a.xlsx", &workbook(&rows, &shared)).unwrap();
    assert_eq!(got.lines(), ["1048576: 7|∅"]);
    assert_eq!(got.bad.len(), 2998);
    assert_eq!((got.bad[0].row_no, got.bad[0].reason), (2, Reason::CellTooLong));
    assert!(got.bad.iter().all(|bad| bad.text.len() <= 64 << 10));
    let far = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"XFD1\" t=\"s\"><v>1</v></c></row>";
    let error = failure(read("a.xlsx", &workbook(far, &shared)));
    assert!(matches!(error, Error::NoTable { .. } | Error::TooManyColumns { .. }), "{error}");
}
